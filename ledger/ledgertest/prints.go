package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// Prints takes files of 50,000 rows in turn into three ledgers: one that is not asked about requests and remembers none, one
// that remembers what it took, and one that remembers so many requests besides. Wanted: at most 3 µs and 60 bytes a row for
// remembering, and beside ten million at most a tenth more. open gives a fresh ledger and how large it is on disk, clock what has been
// used of what is measured.
func Prints(b *testing.B, remembered int, open func(*testing.B) (l ledger.Owner, size func() int64), clock func() time.Duration) {
	const rows, before = 50_000, 500_000
	type place struct {
		l      ledger.Owner
		size   func() int64
		n      int
		prints bool
		used   time.Duration
		first  time.Duration
		empty  int64
	}
	places := []*place{{}, {prints: true}, {prints: true}}
	plain, asked, beside := places[0], places[1], places[2]
	for _, p := range places {
		p.l, p.size = open(b)
		defer p.l.Close()
	}
	for ; beside.n < remembered/before; beside.n++ {
		take(b, beside.l, beside.n, before, false, true)
	}
	for _, p := range places { // the first time, what is remembered is read
		start := clock()
		take(b, p.l, p.n, 1000, true, p.prints)
		p.n++
		p.first = clock() - start
		p.empty = p.size()
	}
	n := 0
	for b.Loop() {
		for _, p := range places {
			start := clock()
			take(b, p.l, p.n, rows, true, p.prints)
			p.used += clock() - start
			p.n++
		}
		n += rows
	}
	row := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(n) }
	b.ReportMetric(row(plain.used), "plain-ns/row")
	b.ReportMetric(row(asked.used), "asked-ns/row")
	b.ReportMetric(row(beside.used), "beside-ns/row")
	b.ReportMetric(float64((beside.first - asked.first).Milliseconds()), "first-ms")
	b.ReportMetric(float64(beside.used)/float64(asked.used), "beside/asked")
	b.ReportMetric(float64(asked.size()-asked.empty-(plain.size()-plain.empty))/float64(n), "B/row")
}

// take takes the nth file; with bodies as a route's are, or none to speak of.
func take(b *testing.B, l ledger.Owner, n, rows int, bodies, prints bool) {
	b.Helper()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	id := fmt.Sprint("f", n)
	check(l.Begin(b.Context(), File(id)))
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
