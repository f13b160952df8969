//go:build unix

package desk_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// BenchmarkPages asks the desk for pages of a file of 1,000,000 rows, by any cursor, outcome, reason and text. Wanted: below 100 ms each
// (ms/page is the slowest of the run; cpu-ms/page is what one costs however busy the machine is).
func BenchmarkPages(b *testing.B) {
	const rows, size = 1_000_000, 256
	l, err := drivers.Open(b.Context(), drivers.SQLite(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	ledgertest.Filled(b, l, rows, size)
	d := &desk.Desk{Books: l, Orders: l, Config: &configs.Config{}}
	f, err := l.File(b.Context(), "f1")
	if err != nil {
		b.Fatal(err)
	}
	rejected, middle := []batch.Status{batch.Rejected}, fmt.Sprintf("%d.0.0", rows/size/2)
	timed := func(name string, ask func() error) {
		b.Run(name, func(b *testing.B) {
			slowest, used, pages := time.Duration(0), cpu(b), 0
			for b.Loop() {
				begun := time.Now()
				if err := ask(); err != nil {
					b.Fatal(err)
				}
				slowest = max(slowest, time.Since(begun))
				pages++
			}
			b.ReportMetric(float64(slowest.Microseconds())/1000, "ms/page")
			b.ReportMetric(float64((cpu(b)-used).Microseconds())/1000/float64(pages), "cpu-ms/page")
		})
	}
	for name, q := range map[string]ledger.RowQuery{
		"first": {}, "middle": {After: middle}, "before the middle": {Before: middle}, "last": {Before: ledger.End}, "from a row": {From: 700_000},
		"outcome": {Outcomes: rejected}, "outcome, middle": {Outcomes: rejected, After: middle}, "outcome, last": {Outcomes: rejected, Before: ledger.End},
		"outcome that nothing has": {Outcomes: []batch.Status{batch.Unknown}}, "code": {Code: "1045"}, "code that nothing has": {Code: "9"},
		"text near the end": {Text: "no 987654 "}, "text of all": {Text: "petersburg"}, "text that is nowhere": {Text: "nowhere"}, "text, backwards": {Text: "no 12345 ", Before: ledger.End},
		"one row": {Row: 987_654},
	} {
		q.File = "f1"
		timed(name, func() error { _, _, err := d.Page(b.Context(), q); return err })
	}
	timed("reasons", func() error { _, err := d.Reasons(b.Context(), f); return err })
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
