//go:build unix

package console_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

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
		{"last page of delivered", "/files/ID?before=end&status=delivered"}, {"last page of rejected", "/files/ID?before=end&status=rejected"}, {"text near the end", "/files/ID?search=LBM0999990"}, {"text that is nowhere", "/files/ID?search=nowhere"},
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
	l, err := drivers.Open(context.Background(), "sqlite", filepath.Join(o.dir, "data"))
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
		_, _ = io.WriteString(out, "accountNumber,lesBookingId,failReason,remarks\n")
		for i := range n {
			reason, booking := "Hold", fmt.Sprintf("LBM%07d", i)
			switch i % 40 {
			case 3:
				reason = ""
			case 5:
				booking = ""
			}
			fmt.Fprintf(out, "3000372,%s,%s,row %d\n", booking, reason, i)
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
