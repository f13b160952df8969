package opening

import (
	"iter"
	"sync"

	"github.com/rowferry/rowferry/batch"
)

// worthAhead is how large a file is whose rows are worth another goroutine, in bytes.
const worthAhead = 128 << 10

// RowsFor is Rows for whoever maps them and asks the plan what becomes of each. Those of a large file are read a little ahead where plan and
// rows know nothing of each other.
func (t *Table) RowsFor(plan Plan) iter.Seq2[*batch.Row, error] {
	if _, plain := plan.(Ordinary); plain && t.content.Size > worthAhead {
		return readAhead(t.Rows())
	}
	return t.Rows()
}

// readAhead reads rows in a goroutine of its own, a little ahead of whoever maps them, and waits for it. Each row is valid until the next one.
// What is done with rows must share nothing with their reading.
func readAhead(rows iter.Seq2[*batch.Row, error]) iter.Seq2[*batch.Row, error] {
	const blocks = 4
	return func(yield func(*batch.Row, error) bool) {
		full, spare, end := make(chan *block, blocks), make(chan *block, blocks), make(chan struct{})
		for range blocks {
			spare <- &block{}
		}
		var reading sync.WaitGroup
		defer reading.Wait()
		defer close(end)
		reading.Go(func() {
			defer close(full)
			fill(rows, full, spare, end)
		})
		for b := range full {
			for i := range b.rows {
				if !yield(&b.rows[i], nil) {
					return
				}
			}
			if b.err != nil {
				yield(nil, b.err)
				return
			}
			spare <- b
		}
	}
}

// fill puts rows into spare blocks until there are no more, or until end is closed.
func fill(rows iter.Seq2[*batch.Row, error], full chan<- *block, spare <-chan *block, end <-chan struct{}) {
	b := <-spare
	for row, err := range rows {
		if err != nil {
			b.err = err
			break
		}
		if b.add(row); b.bytes < blockBytes {
			continue
		}
		full <- b
		select {
		case b = <-spare:
			b.rows, b.bytes = b.rows[:0], 0
		case <-end:
			return
		}
	}
	full <- b
}

// block is some rows on their way, and what ended them.
type block struct {
	rows  []batch.Row
	bytes int // about what they take
	err   error
}

// blockBytes is about how large a block is; a row that is longer has one for itself.
const blockBytes = 64 << 10

// add copies a row into the room of one that was there before.
func (b *block) add(row *batch.Row) {
	n := len(b.rows)
	if n == cap(b.rows) {
		b.rows = append(b.rows, batch.Row{})
	}
	b.rows = b.rows[:n+1]
	to := &b.rows[n]
	to.Number, to.Problem, to.Cells = row.Number, row.Problem, append(to.Cells[:0], row.Cells...)
	for i := range row.Cells {
		b.bytes += len(row.Cells[i].Text) + 40
	}
}
