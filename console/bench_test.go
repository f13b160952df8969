//go:build unix

package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
)

// BenchmarkAMillionRows asks the service for pages of a file of 1,000,000 rows with rows of every outcome, through the real handlers over
// HTTP. Wanted: below 300 ms each (ms/page is the slowest of the run; cpu-ms/page is what one costs however busy the machine is).
func BenchmarkAMillionRows(b *testing.B) {
	const rows = 1_000_000
	o := open(b, "  big: {account: les, operation: shipmentFailed, inbox: {dir: inbox/big}, outbox: {dir: outbox/big, formats: [csv]}, limits: {max_rows: 2000000}}\n")
	id := o.million(rows)
	for _, c := range []struct{ name, path string }{
		{"file", "/files/ID"}, {"delivered", "/files/ID?status=delivered"}, {"rejected", "/files/ID?status=rejected"}, {"invalid", "/files/ID?status=invalid"}, {"failed", "/files/ID?status=failed"},
		{"unknown", "/files/ID?status=unknown"}, {"skipped", "/files/ID?status=skipped"}, {"waiting", "/files/ID?status=waiting"}, {"a reason", "/files/ID?status=rejected&code=1045"}, {"middle", "/files/ID?from=500000"}, {"last page", "/files/ID?before=end"},
		{"last page of delivered", "/files/ID?before=end&status=delivered"}, {"last page of rejected", "/files/ID?before=end&status=rejected"}, {"text near the end", "/files/ID?search=LBM0999990"}, {"text that is nowhere", "/files/ID?search=nowhere"}, {"text of a cell", "/files/ID?search=their+999990"}, {"text of a cell, nowhere", "/files/ID?search=нигде"},
		{"a row", "/files/ID/rows/987654"}, {"mend", "/files/ID/mend"}, {"today", "/"}, {"files", "/files"},
		{"API: file", "/api/v1/files/ID"}, {"API: rows", "/api/v1/files/ID/rows?from=700000&status=invalid"},
	} {
		path := strings.ReplaceAll(c.path, "ID", id)
		o.answers(path) // the first one begins to read the cells
		b.Run(c.name, func(b *testing.B) { o.timed(b, path) })
	}
}

// timed asks again and again, and tells the slowest answer.
func (o *office) timed(b *testing.B, path string) {
	b.Helper()
	slowest, used, pages := time.Duration(0), cpu(b), 0
	for b.Loop() {
		begun := time.Now()
		o.answers(path)
		slowest = max(slowest, time.Since(begun))
		pages++
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "ms/page")
	b.ReportMetric(float64((cpu(b)-used).Microseconds())/1000/float64(pages), "cpu-ms/page")
}

// cpu is what this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// answers asks for a page as ann; it must be there.
func (o *office) answers(path string) {
	o.t.Helper()
	if status, body := o.ask("ann", http.MethodGet, path, ""); status != http.StatusOK {
		o.t.Fatalf("%s: %d %.300s", path, status, body)
	}
}

// BenchmarkPages asks for each page as the demo has it: some files, one of 3,000 rows. Wanted: below 100 ms of the server's time each.
func BenchmarkPages(b *testing.B) {
	o := open(b)
	for i := range 5 {
		o.ended(o.drop("ann", "failures", fmt.Sprintf("small%d.csv", i), fmt.Sprintf("accountNumber,lesBookingId,failReason\n3000372,LBS%d,Hold\n3000372,LBT%d,\n3000372,LBU%d-REFUSE,Hold\n", i, i, i)))
	}
	id := o.dropBig("other", "november.csv", 3000)
	o.ended(id)
	for _, page := range []string{"/", "/files", "/files/" + id, "/files/" + id + "?status=invalid", "/files/" + id + "?search=LBM0002990", "/files/" + id + "/rows/2900", "/files/" + id + "/mend", "/drop", "/accounts", "/partners", "/routes", "/new", "/audit", "/people"} {
		b.Run(strings.ReplaceAll(page, id, "ID"), func(b *testing.B) { o.timed(b, page) })
	}
}

// million drops a file of so many rows while its account is stopped, gives every row an outcome behind the service's back, and waits for its result.
func (o *office) million(rows int) (id string) {
	o.t.Helper()
	if status, body := o.ask("ann", "POST", "/api/v1/accounts/les/pause", ""); status/100 != 2 {
		o.t.Fatalf("%d %s", status, body)
	}
	id = o.dropBig("big", "million.csv", rows)
	for f := (told{}); f.State != "sending"; time.Sleep(100 * time.Millisecond) {
		if o.get("ann", "/api/v1/files/"+id, &f); f.State == "quarantined" {
			o.t.Fatalf("%+v", f)
		}
	}
	o.stop()
	l, err := drivers.Open(context.Background(), drivers.SQLite(filepath.Join(o.dir, "data")))
	if err != nil {
		o.t.Fatal(err)
	}
	now, last := time.Now(), ledger.Receipt(nil)
	for c, err := range l.Chunks(context.Background(), id) {
		if err != nil {
			o.t.Fatal(err)
		}
		for i := range c.Items {
			if row := c.Items[i].Rows[0]; c.States[i].Verdict == nil {
				last = l.Record(ledger.Event{File: id, Chunk: c.Seq, Item: i, Kind: ledger.EventSettled, At: now, Rows: c.Items[i].Rows, Verdict: &ledger.Verdict{Outcome: outcomeOf(row, now)}})
			}
		}
	}
	if err := last.Wait(context.Background()); err != nil {
		o.t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		o.t.Fatal(err)
	}
	o.start()
	o.ended(id)
	return id
}

// outcomeOf gives rows outcomes: most are delivered, some thousands rejected, a few of each other.
func outcomeOf(row int, at time.Time) batch.Outcome {
	o := batch.Outcome{Status: batch.Delivered, Code: "1", Message: "success", Attempts: 1, SentAt: at}
	switch {
	case row%100 == 7:
		o.Status, o.Code, o.Message = batch.Rejected, "1045", "no such point"
	case row%10_000 == 11:
		o.Status, o.Code, o.Message = batch.Failed, "", "the server did not answer"
	case row%50_000 == 13:
		o.Status, o.Code, o.Message = batch.Unknown, "", "the answer was lost"
	case row%100_000 == 17:
		o.Status, o.Code, o.Message = batch.Skipped, "cancelled", "cancelled"
	}
	return o
}

// dropBig drops a file of n rows, a twentieth of them invalid for one of two reasons, as a stream.
func (o *office) dropBig(route, name string, n int) string {
	o.t.Helper()
	in, out := io.Pipe()
	go func() {
		_, _ = io.WriteString(out, "accountNumber,lesBookingId,failReason,remarks,what they note\n")
		for i := range n {
			reason, booking := "Hold", fmt.Sprintf("LBM%07d", i)
			switch i % 40 {
			case 3:
				reason = ""
			case 5:
				booking = ""
			}
			fmt.Fprintf(out, "3000372,%s,%s,row %d,their %d\n", booking, reason, i, i)
		}
		out.Close()
	}()
	r, err := http.NewRequestWithContext(o.t.Context(), "POST", "http://"+o.address+"/api/v1/routes/"+route+"/files?name="+name, in)
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+o.tokens["ann"])
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusAccepted {
		o.t.Fatalf("%d %s %v", answer.StatusCode, body, err)
	}
	return strings.Split(strings.Split(string(body), `"id":"`)[1], `"`)[0]
}

// BenchmarkManyFiles asks for pages of a ledger of 100,000 files, through the real handlers over HTTP. Wanted: as fast as with few, below 300 ms.
func BenchmarkManyFiles(b *testing.B) {
	o := open(b)
	o.stop()
	o.many(100_000)
	o.start()
	var found struct{ Files []struct{ ID string } }
	o.get("ann", "/api/v1/files?q=file-050000", &found)
	if len(found.Files) != 1 {
		b.Fatalf("%+v", found)
	}
	middle := found.Files[0].ID
	for _, c := range []struct{ name, path string }{
		{"today", "/"}, {"newest", "/files"}, {"from the middle", "/files?cursor=" + middle}, {"a route", "/files?route=other"}, {"an outcome of few", "/files?outcome=unknown"}, {"an outcome of none", "/files?outcome=failed"},
		{"quarantined", "/files?state=quarantined"}, {"a name", "/files?q=FILE-000017"}, {"a name in Chinese", "/files?q=订单"}, {"a name that is nowhere", "/files?q=nowhere"}, {"an id", "/files?q=" + middle}, {"since", "/files?since=2026-11-20"},
		{"a file", "/files/" + middle}, {"accounts", "/accounts"}, {"audit", "/audit"}, {"API: files", "/api/v1/files?route=failures&limit=500"},
	} {
		b.Run(c.name, func(b *testing.B) { o.timed(b, c.path) })
	}
}

// many fills the ledger with files of three rows that were reported; one in 10,000 has a row that nobody knows about, and one in 10,000 was refused.
func (o *office) many(files int) {
	o.t.Helper()
	l, err := drivers.Open(context.Background(), drivers.SQLite(filepath.Join(o.dir, "data")))
	if err != nil {
		o.t.Fatal(err)
	}
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(256)
	begun := time.Date(2026, 11, 1, 0, 0, 0, 0, time.Local)
	for i := range files {
		group.Go(func() error {
			at := begun.Add(time.Duration(i) * 20 * time.Second)
			name := fmt.Sprintf("file-%06d.csv", i)
			if i%5000 == 3 {
				name = fmt.Sprintf("订单-%06d.csv", i)
			}
			f := ledger.File{File: batch.File{ID: fmt.Sprintf("%s-%04x", at.Format("20060102-150405"), i%65536), Route: []string{"failures", "failures", "other"}[i%3], Name: name, TakenAt: at}, Account: "les", Operation: "shipmentFailed", Language: batch.English, Source: "inbox", Revision: 1}
			if err := l.Begin(ctx, f); err != nil {
				return err
			}
			if _, err := l.Take(ctx, f.ID, f.ID, 100); err != nil {
				return err
			}
			if i%10_000 == 9 {
				return errors.Join(l.Refuse(ctx, f.ID, "no heading fits"), l.Rest(ctx, f.ID))
			}
			c := ledger.Chunk{File: f.ID}
			for k := range 3 {
				c.Items = append(c.Items, ledger.Staged{Item: batch.Item{Seq: k, Rows: []int{k + 2}, Body: fmt.Appendf(nil, `{"lesBookingId":"LB%d-%d"}`, i, k)}})
			}
			l.Stage(c)
			if err := l.Accept(ctx, f.ID, ledger.Reading{Format: "csv", Columns: []batch.Column{{Name: "lesBookingId", Ref: "A"}}}, batch.Counts{Read: 3}, 3, 3); err != nil {
				return err
			}
			var events []ledger.Event
			for k := range 3 {
				out := batch.Outcome{Status: batch.Delivered, Code: "1", Attempts: 1, SentAt: at}
				if k == 0 && i%10_000 == 5 {
					out.Status = batch.Unknown
				}
				events = append(events, ledger.Event{File: f.ID, Item: k, Kind: ledger.EventSettled, At: at, Rows: []int{k + 2}, Verdict: &ledger.Verdict{Outcome: out}})
			}
			return errors.Join(l.Record(events...).Wait(ctx), l.Report(ctx, f.ID, []string{name + ".result.csv"}), l.Rest(ctx, f.ID))
		})
	}
	if err := errors.Join(group.Wait(), l.Close()); err != nil {
		o.t.Fatal(err)
	}
}

// BenchmarkOpenConsole sends files as fast as the machine can, in turn with nobody looking (the control) and with a browser that has the file's page
// open: it hears of each change and fetches the page anew, once a second at most. cost-% is what the open console takes from the rows a second,
// the median of all pairs; cpu-% what it adds to the processor's time. Wanted: below 5.
func BenchmarkOpenConsole(b *testing.B) {
	const rows = 20_000
	o := open(b)
	o.stop()
	o.write(strings.Replace(o.settings, "rate: 500/s", "rate: none, concurrency: 16", 1))
	o.start()
	var slower, dearer []float64
	n := 0
	send := func(looking bool) (time.Duration, time.Duration) {
		n++
		begun, used := time.Now(), cpu(b)
		id := o.drop("ann", "failures", fmt.Sprintf("f%d.csv", n), sheet(rows, fmt.Sprintf("LBO%03dx", n)))
		leave := func() {}
		if looking {
			leave = o.looks(id)
		}
		o.ended(id)
		leave()
		return time.Since(begun), cpu(b) - used
	}
	send(false)
	for b.Loop() {
		first := n%4 < 2 // now this one first, now that one
		var wall, work [2]time.Duration
		for _, looking := range []bool{first, !first} {
			i := 0
			if looking {
				i = 1
			}
			wall[i], work[i] = send(looking)
		}
		slower, dearer = append(slower, 100*(1-float64(wall[0])/float64(wall[1]))), append(dearer, 100*(float64(work[1])/float64(work[0])-1))
	}
	b.ReportMetric(median(slower), "cost-%")
	b.ReportMetric(median(dearer), "cpu-%")
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// looks has a page of a file open, as a browser has it, until leave is called.
func (o *office) looks(id string) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ask := func(path string) *http.Response {
		r, err := http.NewRequestWithContext(ctx, "GET", "http://"+o.address+path, nil)
		if err != nil {
			o.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+o.tokens["ann"])
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil
		}
		return answer
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		events := ask("/api/v1/events")
		if events == nil {
			return
		}
		defer events.Body.Close()
		var fetched time.Time
		for lines := bufio.NewScanner(events.Body); lines.Scan(); {
			if !strings.Contains(lines.Text(), id) || time.Since(fetched) < time.Second {
				continue
			}
			fetched = time.Now()
			if page := ask("/files/" + id); page != nil {
				_, _ = io.Copy(io.Discard, page.Body)
				page.Body.Close()
			}
		}
	}()
	return func() { cancel(); <-done }
}

// BenchmarkColumns changes a column of a file of which 99,000 rows were not delivered: a replacement and a pasted column of that length are
// previewed, saved and checked. MB is the largest heap while that goes on, less what there was before.
func BenchmarkColumns(b *testing.B) {
	const rows = 99_000 // a file may have 100,000 unless its route says otherwise
	o := open(b)
	id := o.toMend(rows)
	at := "/api/v1/files/" + id + "/mend"
	values, err := json.Marshal(slices.Repeat([]string{"Delayed by the weather"}, rows))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, path, body string }{
		{"replace, preview", at + "/columns", `{"columns": [{"column": "failReason", "replace": "Hold"}], "check": true}`},
		{"replace", at + "/columns", `{"columns": [{"column": "failReason", "replace": "Hold"}]}`},
		{"paste, preview", at + "/columns", fmt.Sprintf(`{"columns": [{"column": "failReason", "from": 7, "values": %s}], "check": true}`, values)},
		{"paste", at + "/columns", fmt.Sprintf(`{"columns": [{"column": "failReason", "from": 7, "values": %s}]}`, values)},
		{"check", at, `{"draft": true, "check": true, "shown": [7, 8, 9], "rows": {"8": {"failReason": "typed"}}}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			runtime.GC()
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			before, most, over := now.HeapInuse, now.HeapInuse, make(chan struct{})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for {
					select {
					case <-over:
						return
					case <-time.After(20 * time.Millisecond):
						var now runtime.MemStats
						runtime.ReadMemStats(&now)
						most = max(most, now.HeapInuse)
					}
				}
			}()
			for b.Loop() {
				o.post("ann", c.path, c.body, 200, nil)
			}
			close(over)
			<-ended
			b.ReportMetric(float64(most-before)/1e6, "MB")
			if status, body := o.ask("ann", "DELETE", at+"/columns", ""); c.name != "paste" && status != 204 {
				b.Fatalf("%d %s", status, body)
			}
		})
	}
}
