package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// Filled accepts a file f1 of so many rows, size of them a chunk, and settles them: one in 10,000 is rejected.
func Filled(b *testing.B, l ledger.Owner, rows, size int) {
	b.Helper()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	check(l.Begin(b.Context(), File("f1")))
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
