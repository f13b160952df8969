package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// version is one build of the program and of this measuring one.
type version struct{ rowferry, bench string }

// against compares this build with that of another revision in every figure: pairs of runs, in turn, each time the other one first. Of
// every pair the ratio counts, so that other work on the machine touches both sides.
func against(revision string, rows, big, runs int) error {
	return withBench(rows, func(b *bench, in string) error {
		before, err := b.of(revision)
		if err != nil {
			return err
		}
		both := []version{{b.binary, b.self}, before}
		fmt.Printf("this build : %s, medians of %d pairs; 1 or less is no worse\n\n", revision, 3*runs)
		err = b.pairs(fmt.Sprintf("send, %d rows", rows), both, 3*runs, func(v version) (figure, error) { return b.ferryWith(v.rowferry, in, rows) })
		if err != nil {
			return err
		}
		err = b.pairs("taking alone: read, map, check, ledger", both, 3*runs, func(v version) (figure, error) {
			config, err := b.workplace()
			if err != nil {
				return figure{}, err
			}
			defer os.RemoveAll(filepath.Dir(config))
			return timed(v.bench, "take", config, in)
		})
		if err != nil {
			return err
		}
		book := filepath.Join(b.dir, "in.xlsx")
		if _, err := timed(b.self, "xlsx", book, "100000"); err != nil {
			return err
		}
		err = b.pairs("reading a workbook of 100000 × 30", both, 3*runs, func(v version) (figure, error) { return timed(v.bench, "read", book) })
		if err != nil {
			return err
		}
		if err := b.checking(both, 3*runs); err != nil || big == 0 {
			return err
		}
		large := filepath.Join(b.dir, "big.csv")
		if err := writeCSV(large, big); err != nil {
			return err
		}
		return b.pairs(fmt.Sprintf("send, %d rows", big), both, 1, func(v version) (figure, error) { return b.ferryWith(v.rowferry, large, big) })
	})
}

// checking compares what small files cost, of which most inboxes are full: one with the start of the program, and many more of them
// beside it, as text and as a workbook; and one that is not small.
func (b *bench) checking(both []version, runs int) error {
	config, err := b.workplace()
	if err != nil {
		return err
	}
	for _, rows := range []int{30, 20_000} {
		text, book := filepath.Join(b.dir, "checked.csv"), filepath.Join(b.dir, "checked.xlsx")
		if err := errors.Join(writeCSV(text, rows), writeXLSX(book, rows)); err != nil {
			return err
		}
		times := []int{1, 1000}
		if rows > 30 {
			times = []int{5}
		}
		for _, path := range []string{text, book} {
			for _, n := range times {
				args := append([]string{"check", "-c", config, "pay"}, slices.Repeat([]string{path}, n)...)
				what := fmt.Sprintf("check, %d × %d rows, %s", n, rows, filepath.Ext(path))
				if err := b.pairs(what, both, runs, func(v version) (figure, error) { return timed(v.rowferry, args...) }); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// of builds what another revision had.
func (b *bench) of(revision string) (v version, err error) {
	tree := filepath.Join(b.dir, "before")
	v = version{filepath.Join(b.dir, "rowferry-before"), filepath.Join(b.dir, "bench-before")}
	script := `mkdir "$2" && git archive "$1" | tar -x -C "$2" && cd "$2" && go build -trimpath -o "$3" ./cmd/rowferry && go build -trimpath -o "$4" ./bench`
	if out, err := exec.Command("sh", "-ec", script, "sh", revision, tree, v.rowferry, v.bench).CombinedOutput(); err != nil {
		return v, fmt.Errorf("build %s: %w\n%s", revision, err, out)
	}
	return v, nil
}

// pairs runs both builds in turn, each time the other one first, and prints the medians of the ratios: so other work on the machine touches
// both sides.
func (b *bench) pairs(what string, both []version, runs int, run func(version) (figure, error)) error {
	var cpu, wall, memory []float64
	for n := range runs {
		var used [2]figure
		order := []int{0, 1}
		if n%2 == 1 {
			slices.Reverse(order)
		}
		for _, i := range order {
			var err error
			if used[i], err = run(both[i]); err != nil {
				return err
			}
		}
		cpu, wall, memory = append(cpu, used[0].cpu/used[1].cpu), append(wall, used[0].wall/used[1].wall), append(memory, used[0].rss/used[1].rss)
	}
	fmt.Printf("%-46s ratio %.3f of CPU, %.2f of time, %.2f of peak memory\n", what, median(cpu), median(wall), median(memory))
	return nil
}
