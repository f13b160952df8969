package opening

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

// sheet gives rows of one cell, each time in the same room, and err behind them. It counts how many it gave.
func sheet(n, size int, err error, given *int) iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		row := &batch.Row{Cells: make([]batch.Cell, 1)}
		for i := range n {
			*given++
			row.Number, row.Cells[0].Text = i+1, fmt.Sprint(i+1, strings.Repeat("x", size))
			if !yield(row, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Rows come in their order, each as it was read, however they fall into blocks; what ends them comes behind the last one.
func TestRowsAreReadAhead(t *testing.T) {
	broken := errors.New("the file is cut off")
	for _, c := range []struct{ rows, size int }{{0, 0}, {1, 0}, {5000, 0}, {5000, 100}, {20, 100_000}} {
		for _, want := range []error{nil, broken} {
			given, next := 0, 1
			var ended error
			for row, err := range readAhead(sheet(c.rows, c.size, want, &given)) {
				if err != nil {
					ended = err
					continue
				}
				if text := fmt.Sprint(next, strings.Repeat("x", c.size)); row.Number != next || row.Cells[0].Text != text || ended != nil {
					t.Fatalf("%d rows of %d bytes: row %d where %d was to come, %.20q", c.rows, c.size, row.Number, next, row.Cells[0].Text)
				}
				next++
			}
			if next != c.rows+1 || ended != want {
				t.Errorf("%d rows of %d bytes: got %d, and %v", c.rows, c.size, next-1, ended)
			}
		}
	}
}

// Whoever stops has nothing read behind their back any more: reading has ended, a little further on.
func TestReadingAheadEndsWithWhoeverMaps(t *testing.T) {
	for _, stop := range []int{1, 64, 1000} {
		given := 0
		for row, err := range readAhead(sheet(1_000_000, 100, nil, &given)) {
			if err != nil || row.Number == stop {
				break
			}
		}
		if given < stop || given > stop+10_000 {
			t.Errorf("stopped at row %d: %d were read", stop, given)
		}
	}
}
