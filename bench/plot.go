package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// plotted is what a row costs in files of one size: microseconds of processor time without the program's start, and the peak of memory.
type plotted struct {
	rows               int
	send, take, memory float64
}

// plot measures files of a thousand rows to so many, ten times as many each, and draws what a row of them costs. Every request must arrive once,
// and the result have every row, in the file's order, with its outcome.
func plot(to string, most, runs int) error {
	return withBench(1, func(b *bench, in string) error {
		b.most = "20000000"
		var starts plotted
		var all []plotted
		for rows := 1; rows <= most; rows *= 10 {
			if rows > 1 && rows < 1000 {
				continue
			}
			if err := writeCSV(in, rows); err != nil {
				return err
			}
			p := plotted{rows: rows}
			times := runs
			if rows >= 1_000_000 {
				times = 1
			}
			var send, take, memory []float64
			for range times {
				config, err := b.workplace()
				if err != nil {
					return err
				}
				f, _, err := b.sent(config, in, "", rows)
				if err != nil {
					return err
				}
				if err := os.RemoveAll(filepath.Dir(config)); err != nil {
					return err
				}
				if config, err = b.workplace(); err != nil {
					return err
				}
				t, err := timed(b.self, "take", config, in)
				if err != nil {
					return err
				}
				if err := os.RemoveAll(filepath.Dir(config)); err != nil {
					return err
				}
				send, take, memory = append(send, f.cpu), append(take, t.cpu), append(memory, f.rss)
			}
			p.send, p.take, p.memory = median(send), median(take), median(memory)
			if rows == 1 {
				starts = p
				continue
			}
			p.send, p.take = 1e6*(p.send-starts.send)/float64(rows), 1e6*(p.take-starts.take)/float64(rows)
			fmt.Printf("%9d rows  send %5.1f µs of CPU a row  taking %5.1f µs  peak of send %4.0f MiB\n", rows, p.send, p.take, p.memory)
			all = append(all, p)
		}
		return os.WriteFile(to, []byte(drawn(all)), 0o644)
	})
}

// drawn is the plot: rows from left to right, each ten times as many; what a row costs from below.
func drawn(all []plotted) string {
	const width, height, left, low = 640, 300, 60, 250
	top := 0.0
	for _, p := range all {
		top = max(top, p.send)
	}
	top = 10 * math.Ceil(1.2*top/10)
	x := func(i int) int { return left + 60 + i*(width-left-120)/max(1, len(all)-1) }
	y := func(v float64) int { return low - int(v/top*(low-30)) }
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/><text x="%d" y="18">µs of CPU a row, without the start of the program</text>`+"\n", width, height, left)
	for i := range 6 {
		v := top * float64(i) / 5
		fmt.Fprintf(&s, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%.0f</text>`+"\n", left, width-20, y(v), y(v), left-8, y(v)+4, v)
	}
	for i, p := range all {
		fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="middle">%d rows</text><text x="%d" y="%d" text-anchor="middle" fill="#777">%.0f MiB</text>`+"\n", x(i), low+18, p.rows, x(i), low+36, p.memory)
	}
	line := func(colour, name string, of func(plotted) float64) {
		var points []string
		for i, p := range all {
			points = append(points, fmt.Sprintf("%d,%d", x(i), y(of(p))))
			fmt.Fprintf(&s, `<circle cx="%d" cy="%d" r="3" fill="%s"/><text x="%d" y="%d" text-anchor="middle">%.1f</text>`+"\n", x(i), y(of(p)), colour, x(i), y(of(p))-8, of(p))
		}
		fmt.Fprintf(&s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/><text x="%d" y="%d" fill="%s">%s</text>`+"\n",
			strings.Join(points, " "), colour, x(0)-50, y(of(all[0]))+18, colour, name)
	}
	line("#1565c0", "send", func(p plotted) float64 { return p.send })
	line("#2e7d32", "taking", func(p plotted) float64 { return p.take })
	return s.String() + "</svg>\n"
}
