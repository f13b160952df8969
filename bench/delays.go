package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// delays compares sending with the bare loop, and with the build of a revision if one is given, at a provider that answers at once, after
// 5 ms and after 50 ms; and where requests may not be repeated. Of each round the ratios count.
func delays(revision string, rows, runs int) error {
	return withBench(1, func(b *bench, in string) error {
		versions := []version{{b.binary, b.self}}
		if revision != "" {
			before, err := b.of(revision)
			if err != nil {
				return err
			}
			versions = append(versions, before)
		}
		fmt.Printf("rows per second : control's, CPU : control's, and from the start to the first request + from the last answer to the end; medians of %d rounds in turn; the second pair of figures is of %q\n\n", runs, revision)
		for _, l := range []struct {
			wait time.Duration
			most int
		}{{0, rows}, {5 * time.Millisecond, 6400}, {5 * time.Millisecond, 32_000}, {5 * time.Millisecond, rows}, {50 * time.Millisecond, 6400}} {
			n := min(rows, l.most)
			if err := writeCSV(in, n); err != nil {
				return err
			}
			for _, repeatable := range []bool{true, false} {
				if err := b.delayed(in, n, runs, l.wait, repeatable, versions); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// delayed is one line of it.
func (b *bench) delayed(in string, rows, runs int, wait time.Duration, repeatable bool, versions []version) error {
	there := *b
	there.url = b.url + "/" + wait.String()
	if !repeatable {
		document, err := os.ReadFile("bench/testdata/sink.yaml")
		if err != nil {
			return err
		}
		there.document = filepath.Join(b.dir, "once.yaml")
		once := strings.Replace(string(document), "repeatable: true", "repeatable: false", 1)
		if err := os.WriteFile(there.document, []byte(once), 0o644); err != nil {
			return err
		}
	}
	speed, cpu := make([][]float64, len(versions)), make([][]float64, len(versions))
	before, after := make([][]float64, len(versions)), make([][]float64, len(versions))
	for range runs {
		c, err := timed(b.self, "control", in, filepath.Join(b.dir, "control.csv"), there.url+"/pay")
		if err != nil {
			return err
		}
		for i, v := range versions {
			b.asked.begin()
			began := time.Now()
			f, err := there.ferryWith(v.rowferry, in, rows)
			if err != nil {
				return err
			}
			first, last := b.asked.first.Load()-began.UnixNano(), time.Duration(b.asked.last.Load()-began.UnixNano())
			speed[i], cpu[i] = append(speed[i], c.wall/f.wall), append(cpu[i], f.cpu/c.cpu)
			before[i], after[i] = append(before[i], float64(first)/1e6), append(after[i], 1e3*(f.wall-last.Seconds()))
		}
	}
	fmt.Printf("%-8s %6d rows, %-15s", wait, rows, map[bool]string{true: "repeatable", false: "not repeatable"}[repeatable])
	for i := range versions {
		fmt.Printf("   %5.2f %5.2f   %4.0f + %3.0f ms", median(speed[i]), median(cpu[i]), median(before[i]), median(after[i]))
	}
	fmt.Println()
	return nil
}

// span is the time between two moments, in nanoseconds since 1970.
type span struct{ first, last atomic.Int64 }

// note stretches it to now.
func (s *span) note() {
	now := time.Now().UnixNano()
	s.first.CompareAndSwap(0, now)
	s.last.Store(now)
}

// begin empties it.
func (s *span) begin() { s.first.Store(0); s.last.Store(0) }
