package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// postedFor is how long a receipt is posted again that nobody takes.
const postedFor = 10 * time.Minute

// announce has receipts posted of what was executed, where they are asked for.
func (v *visit) announce(classes []providers.Class) {
	if v.faults.Receipts == "" || v.op.Receipts == nil || v.op.Receipts.Webhook == "" {
		return
	}
	hook, _ := v.op.Provider.Webhook(v.op.Receipts.Webhook)
	to := strings.ReplaceAll(v.faults.Receipts, "{webhook}", hook.Name)
	for i, item := range v.items {
		keys := v.op.Receipts.Keys(item, v.op, "")
		if classes[i] != providers.OK || len(keys) == 0 {
			continue
		}
		class := batch.Accepted
		if slices.ContainsFunc(v.keys[i], func(k string) bool { return strings.Contains(strings.ToUpper(k), "CUSTOMS") }) {
			class = batch.Refused
		}
		times := 1
		if v.faults.ReceiptsTwice {
			times = 2
		}
		body := hook.Example(class, keys[0], time.Now())
		for range times {
			v.s.going.Go(func() { v.s.post(to, body, time.Duration(v.faults.ReceiptsAfter)) })
		}
	}
}

// post posts one receipt until it is taken, as providers do.
func (s *Simulator) post(to, body string, after time.Duration) {
	client := http.Client{Timeout: 10 * time.Second}
	for end := time.Now().Add(after + postedFor); time.Now().Before(end); after = time.Second {
		select {
		case <-s.closing:
			return
		case <-time.After(after):
		}
		r, err := client.Post(to, "application/json", strings.NewReader(body))
		if err != nil {
			continue
		}
		_ = r.Body.Close()
		if r.StatusCode < 500 {
			s.note(func(st *Stats) { st.Receipts++ }, "")
			return
		}
	}
	s.note(func(*Stats) {}, "nobody took the receipt at "+to)
}

// Close ends what is still to be posted and waits for it.
func (s *Simulator) Close() {
	s.ending.Do(func() { close(s.closing) })
	s.going.Wait()
}
