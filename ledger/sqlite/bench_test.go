//go:build unix

package sqlite_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
)

// BenchmarkPages asks for pages of a file of 1,000,000 rows, of which one in 10,000 was rejected. Wanted: below 100 ms each.
func BenchmarkPages(b *testing.B) {
	const rows, size = 1_000_000, 256
	l, err := at(b.TempDir()).Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	filled(b, l, rows, size)
	middle := fmt.Sprintf("%d.0.0", rows/size/2)
	for _, c := range []struct {
		name string
		q    ledger.RowQuery
	}{
		{"first", ledger.RowQuery{}},
		{"middle", ledger.RowQuery{After: middle}},
		{"last, backwards", ledger.RowQuery{Before: fmt.Sprintf("%d.0.0", rows/size)}},
		{"rejected", ledger.RowQuery{Outcomes: []batch.Status{batch.Rejected}}},
		{"rejected, from the middle", ledger.RowQuery{Outcomes: []batch.Status{batch.Rejected}, After: middle}},
		{"a code", ledger.RowQuery{Code: "1045", Limit: 20}},
		{"an outcome nothing has", ledger.RowQuery{Outcomes: []batch.Status{batch.Unknown}}},
		{"one row", ledger.RowQuery{Row: 987_654}},
		{"text, near the end", ledger.RowQuery{Text: "no 987654 "}},
	} {
		c.q.File = "f1"
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := ledger.Rows(b.Context(), l, c.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("reasons", func(b *testing.B) {
		for b.Loop() {
			if _, err := ledger.Reasons(b.Context(), l, "f1"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// filled accepts a file f1 of so many rows and settles them.
func filled(b *testing.B, l ledger.Owner, rows, size int) {
	b.Helper()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	check(l.Begin(b.Context(), ledgertest.File("f1")))
	_, err := l.Take(b.Context(), "f1", "h", 1)
	check(err)
	for first := 0; first < rows; first += size {
		c := ledger.Chunk{File: "f1", Seq: first / size}
		for i := first; i < min(rows, first+size); i++ {
			body := fmt.Appendf(nil, `{"no":"no %d ","name":"Somebody in a street","street":"Long street in a town 17","city":"Sankt Petersburg","weight":12.5}`, i)
			c.Items = append(c.Items, ledger.Staged{Item: batch.Item{Seq: i, Rows: []int{i + 2}, Body: body}})
		}
		l.Stage(c)
	}
	check(l.Accept(b.Context(), "f1", ledger.Reading{Format: "csv"}, batch.Counts{Read: rows}, rows, rows))
	now := time.Now()
	var last ledger.Receipt
	for i := range rows {
		o := batch.Outcome{Status: batch.Delivered, Code: "1", Message: "success", Attempts: 1, SentAt: now}
		if i%10_000 == 77 {
			o = batch.Outcome{Status: batch.Rejected, Code: "1045", Message: "no such point", Attempts: 1, SentAt: now}
		}
		last = l.Record(ledger.Event{File: "f1", Chunk: i / size, Item: i % size, Kind: ledger.EventSettled, At: now, Rows: []int{i + 2}, Verdict: &ledger.Verdict{Outcome: o}})
	}
	check(last.Wait(b.Context()))
}

// BenchmarkPrints takes files of 50,000 rows in turn into three ledgers: one that is not asked about requests and remembers none, one
// that remembers what it took, and one that remembers 10,000,000 requests besides. Wanted: at most 3 µs and 60 bytes a row for
// remembering, and beside the ten million at most a tenth more. Run it with -benchtime 21x: every fifth or sixth file, prints are put in order.
func BenchmarkPrints(b *testing.B) {
	const rows, remembered = 50_000, 10_000_000
	type place struct {
		name   string
		dir    string
		l      ledger.Owner
		n      int
		prints bool
		cpu    time.Duration
		size   int64
	}
	places := []*place{{name: "plain"}, {name: "asked", prints: true}, {name: "beside", prints: true}}
	for _, p := range places {
		p.dir = b.TempDir()
		l, err := at(p.dir).Open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		p.l = l
		for p.name == "beside" && p.n < remembered/500_000 {
			taken(b, l, p.n, 500_000, false, true)
			p.n++
		}
		p.size = sizeOf(b, p.dir)
	}
	n := 0
	for b.Loop() {
		for _, p := range places {
			used := cpu(b)
			taken(b, p.l, p.n, rows, true, p.prints)
			p.cpu += cpu(b) - used
			p.n++
		}
		n += rows
	}
	row := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(n) }
	plain, asked, beside := places[0], places[1], places[2]
	b.ReportMetric(row(plain.cpu), "plain-cpu-ns/row")
	b.ReportMetric(row(asked.cpu), "asked-cpu-ns/row")
	b.ReportMetric(row(beside.cpu), "beside-cpu-ns/row")
	b.ReportMetric(float64(beside.cpu)/float64(asked.cpu), "beside/asked")
	b.ReportMetric(float64(sizeOf(b, asked.dir)-asked.size-(sizeOf(b, plain.dir)-plain.size))/float64(n), "B/row")
}

// taken takes the nth file; with bodies as a route's are, or none to speak of.
func taken(b *testing.B, l ledger.Owner, n, rows int, bodies, prints bool) {
	b.Helper()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	id := fmt.Sprint("f", n)
	check(l.Begin(b.Context(), ledgertest.File(id)))
	_, err := l.Take(b.Context(), id, id, 1)
	check(err)
	const size = 250
	for first := 0; first < rows; first += size {
		c := ledger.Chunk{File: id, Seq: first / size, Items: make([]ledger.Staged, size)}
		list := make([]ledger.Print, size)
		for i := range c.Items {
			body := fmt.Appendf(nil, `{"no":"%d/%d"}`, n, first+i)
			if bodies {
				body = fmt.Appendf(nil, `{"no":"%d/%d","name":"Somebody in a street","street":"Long street in a town 17","city":"Sankt Petersburg","weight":12.5}`, n, first+i)
			}
			c.Items[i] = ledger.Staged{Item: batch.Item{Seq: first + i, Rows: []int{first + i + 2}, Body: body}}
			if prints {
				list[i] = ledger.PrintOf("otms", "remove", body)
				c.Items[i].Print = list[i]
			}
		}
		if prints && bodies {
			_, err := l.Earlier(b.Context(), id, list, time.Time{})
			check(err)
		}
		l.Stage(c)
	}
	check(l.Accept(b.Context(), id, ledger.Reading{}, batch.Counts{Read: rows}, rows, rows))
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

func sizeOf(b *testing.B, dir string) (n int64) {
	b.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range list {
		if info, err := e.Info(); err == nil && e.Name() == "ledger.db" {
			n += info.Size()
		}
	}
	return n
}
