package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/take"
)

// beside takes files into a ledger that remembers nothing else and into one that remembers so many requests, in turn: read, map, check,
// look for repeats, accept.
func (b *bench) beside(rows, remembered, runs int) error {
	ctx := context.Background()
	var takers []*take.Taker
	used, n := make([]time.Duration, 2), 0
	for _, before := range []int{0, remembered} {
		t, end, err := b.taker(ctx)
		if err != nil {
			return err
		}
		defer end()
		if err := remember(ctx, t.Ledger, before); err != nil {
			return err
		}
		takers = append(takers, t)
	}
	in := filepath.Join(b.dir, "another.csv")
	defer os.Remove(in)
	for run := range runs + 1 {
		if err := writeOther(in, rows, random(1000+run)); err != nil {
			return err
		}
		for i, t := range takers {
			start := cpu()
			f, err := t.Hand(ctx, in)
			if err == nil && (f.Counts.Read != rows || f.Open != rows) {
				err = fmt.Errorf("of %d rows %d are to be sent", rows, f.Open)
			}
			if err != nil {
				return err
			}
			if run > 0 { // the first one reads what is remembered
				used[i] += cpu() - start
			}
		}
		n += rows
	}
	fmt.Printf("%-46s ratio %.3f of CPU: %.1f µs a row, and %.1f beside none (wanted: 1.1 or less)\n", fmt.Sprintf("taking beside %d remembered", remembered),
		float64(used[1])/float64(used[0]), micros(used[1], n-rows), micros(used[0], n-rows))
	return nil
}

func micros(d time.Duration, rows int) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(rows) }

// taker takes into a fresh ledger.
func (b *bench) taker(ctx context.Context) (t *take.Taker, end func(), err error) {
	config, err := b.workplace()
	if err != nil {
		return nil, nil, err
	}
	cfg, err := pipeline.Load(config)
	if err != nil {
		return nil, nil, err
	}
	routes, err := pipeline.Routes(cfg, "")
	if err != nil {
		return nil, nil, err
	}
	l, err := drivers.Open(ctx, drivers.Of(cfg))
	if err != nil {
		return nil, nil, err
	}
	t = &take.Taker{Route: routes["pay"], Ledger: l, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	return t, func() { _ = errors.Join(l.Close(), os.RemoveAll(filepath.Dir(config))) }, nil
}

// remember accepts files whose requests are only their prints' worth.
func remember(ctx context.Context, l take.Ledger, prints int) error {
	const most, size = 500_000, 250
	for n := 0; prints > 0; n++ {
		rows := min(prints, most)
		prints -= rows
		f := ledger.File{File: batch.File{ID: fmt.Sprintf("before-%d", n), Route: "pay", Name: "before.csv", TakenAt: time.Now()}, Account: "sink", Operation: "pay", State: ledger.Claiming}
		if err := l.Begin(ctx, f); err != nil {
			return err
		}
		if _, err := l.Take(ctx, f.ID, f.ID, 1); err != nil {
			return err
		}
		for first := 0; first < rows; first += size {
			c := ledger.Chunk{File: f.ID, Seq: first / size}
			for i := first; i < min(rows, first+size); i++ {
				body := fmt.Appendf(nil, `{"n":"%d/%d"}`, n, i)
				c.Items = append(c.Items, ledger.Staged{Item: batch.Item{Seq: i, Rows: []int{i + 2}, Body: body}, Print: ledger.PrintOf(f.Account, f.Operation, body)})
			}
			l.Stage(c)
		}
		if err := l.Accept(ctx, f.ID, ledger.Reading{}, batch.Counts{Read: rows}, rows, rows); err != nil {
			return err
		}
	}
	return nil
}

// cpu is what this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
