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
	ledgertest.Filled(b, l, rows, size)
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

// BenchmarkPrints: see ledgertest.Prints. Run it with -benchtime 21x: every fifth or sixth file, prints are put in order.
func BenchmarkPrints(b *testing.B) {
	ledgertest.Prints(b, 10_000_000, func(b *testing.B) (ledger.Owner, func() int64) {
		dir := b.TempDir()
		l, err := at(dir).Open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		return l, func() int64 { return sizeOf(b, dir) }
	}, func() time.Duration { return cpu(b) })
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
