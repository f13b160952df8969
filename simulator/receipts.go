package simulator

import (
	"cmp"
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
		class := v.verdict(i)
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

// remember keeps what will be said of what was executed when somebody asks, under the keys that the answer gives it.
func (v *visit) remember(classes []providers.Class, a response) {
	if v.op.Receipts == nil || v.op.Receipts.Poll == nil {
		return
	}
	header := http.Header{"Content-Type": {a.contentType}}
	reading := v.op.Interpret(providers.Response{Status: a.status, Header: header, Body: a.body}, providers.Sent{Items: v.items, Encoding: v.encoding})
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	for i, item := range v.items {
		reference := reading.Reference
		if i < len(reading.Items) {
			reference = reading.Items[i].Reference
		}
		for _, key := range v.op.Receipts.Keys(item, v.op, reference) {
			if classes[i] == providers.OK {
				v.s.fates[v.op.ID+" "+providers.FoldKey(key)] = fate{v.verdict(i), time.Now().Add(time.Duration(v.faults.ReceiptsAfter))}
			}
		}
	}
}

// fate is what became of an item, and from when on that is told.
type fate struct {
	class batch.ReceiptClass
	from  time.Time
}

// verdict is the class of an item's receipt.
func (v *visit) verdict(item int) batch.ReceiptClass {
	if slices.ContainsFunc(v.keys[item], func(k string) bool { return strings.Contains(strings.ToUpper(k), "CUSTOMS") }) {
		return batch.Refused
	}
	return batch.Accepted
}

// asked answers a question about what became of an item, as the document's examples under receipts.poll do; false where it is none.
func (v *visit) asked() bool {
	for _, op := range v.s.provider.Operations {
		if v.r.Method != http.MethodGet || op.Receipts == nil || op.Receipts.Poll == nil {
			continue
		}
		path, _, _ := strings.Cut(op.Receipts.Poll.Path, "?")
		values, fits := filledPath(path, v.r.URL.EscapedPath())
		if !fits {
			continue
		}
		if v.op = op; !v.authenticated(nil) {
			return true
		}
		v.s.mu.Lock()
		known, found := v.s.fates[op.ID+" "+providers.FoldKey(values["key"])]
		v.s.mu.Unlock()
		if !found {
			http.Error(v.w, "nothing is known of "+values["key"], http.StatusNotFound)
			return true
		}
		class := known.class
		if time.Now().Before(known.from) {
			class = batch.Told
		}
		v.s.note(func(st *Stats) { st.Receipts++ }, "")
		v.respond(response{http.StatusOK, "application/json", []byte(cmp.Or(op.Receipts.Poll.Example(class), "{}"))})
		return true
	}
	return false
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
