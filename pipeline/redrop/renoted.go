package redrop

import (
	"iter"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/words"
)

// renotation knows in which columns a program has written an earlier file's values in its own way.
type renotation struct {
	*recognition
	from    *ledger.File
	rows    map[int]int                // row of the dropped file → the row it was in the earlier one
	columns map[int][notations]tallied // of the dropped file
	shown   bool                       // the dropped file shows what is wrong with the earlier one's values
	zeros   map[int]origin             // rows of the dropped file of which a value was found wrong that begins with a zero
}

// tallied counts the values that stand in another notation.
type tallied struct{ all, sent int }

// renotations finds the values that a program wrote in its own way when it saved the file, and takes them for what they were. A
// person writes values anew in the rows that are to be mended; a program does so in every row. So a column counts only where a row
// shows it that was sent, in which nobody has anything to mend; but for numbers that lost their last digits, which are no person's doing, and zeros before
// numbers, which are lost in all columns together.
func (m *matching) renotations() error {
	base := &m.family.base
	count, err := m.renoted(base)
	if err != nil {
		return err
	}
	if count > 0 {
		if err := m.sumAgain(); err != nil {
			return err
		}
	}
	for i := range m.family.members {
		root := &m.family.members[i]
		if root.ID != base.Root() || root.ID == base.ID {
			continue
		}
		more, err := m.renoted(root)
		if err != nil {
			return err
		}
		count += more
	}
	if count > 0 {
		m.t.More = append(m.t.More, batch.Note{Message: words.Message("redrop.note.renoted", "count", count, "id", base.Root()), Count: count})
	}
	return nil
}

// renoted compares the lines with the rows of an earlier file, the base or the root of the family, and counts what is to be restored.
func (m *matching) renoted(from *ledger.File) (count int, err error) {
	r := &renotation{m.recognition, from, map[int]int{}, map[int][notations]tallied{}, m.shows(from), map[int]origin{}}
	sent := map[int]bool{}
	for i := range m.lines {
		l := &m.lines[i]
		if row := m.rowIn(from, i); row > 0 {
			r.rows[l.row] = row
			at, _ := m.supposed(i)
			o := &m.originals[at]
			sent[l.row] = o.before.sent()
			if m.family.zeros[o.place.origin] != nil {
				r.zeros[l.row] = o.place.origin
			}
		}
	}
	if len(r.rows) == 0 {
		return 0, nil
	}
	compare, end, err := r.begin(m.t.Columns())
	if err != nil {
		return 0, err
	}
	defer end()
	for row, err := range m.t.Written() {
		if err != nil {
			return 0, err
		}
		err := compare(row, func(column int, _ *batch.Cell, o order) {
			c := r.columns[column]
			if c[o].all++; sent[row.Number] {
				c[o].sent++
			}
			r.columns[column] = c
		})
		if err != nil {
			return 0, err
		}
	}
	wrong := 0
	for column, c := range r.columns {
		for o := range notations {
			if o == spoilt {
				wrong += c[o].all
			} else if r.agreed(column, o) {
				count += c[o].all
			}
		}
	}
	if count+wrong > 0 {
		m.t.Restore = append(m.t.Restore, r)
	}
	return count, nil
}

// blamed reports whether a value that begins with a zero was found wrong: a person who takes the zero off mends it.
func (r *renotation) blamed(row int, heading string) bool {
	of, some := r.zeros[row]
	return some && slices.Contains(r.family.zeros[of], plain(heading))
}

// agreed reports whether a column's values in this notation are a program's: rows that were sent have it, and none the opposite one.
func (r *renotation) agreed(column int, o order) bool {
	c := r.columns[column]
	if o == rounded || o == spoilt {
		return c[o].all > 0
	}
	if o == bared { // a program that opens a CSV takes the zeros off in all columns
		for _, of := range r.columns {
			if of[bared].sent+of[undecided].sent > 0 {
				return true
			}
		}
		return false
	}
	if o == undecided {
		return c[undecided].sent+c[dayFirst].sent+c[monthFirst].sent > 0
	}
	return c[o].sent > 0 && c[dayFirst].sent+c[monthFirst].sent == c[o].sent
}

// begin opens the earlier file beside a table of the dropped one. compare gives the cells of a row that stand there in another
// notation, as the earlier file has them; they are valid until the next row. end closes the file.
func (r *renotation) begin(columns []batch.Column) (compare func(row *batch.Row, each func(column int, cell *batch.Cell, o order)) error, end func(), err error) {
	earlier, err := r.again(r.ctx, r.route, r.from)
	if err != nil {
		return nil, nil, err
	}
	wanted := map[int]bool{}
	for _, row := range r.rows {
		wanted[row] = true
	}
	fetch, stop := fetching(earlier, wanted)
	a := align(earlier.Columns(), columns)
	return func(row *batch.Row, each func(int, *batch.Cell, order)) error {
		was, known := r.rows[row.Number]
		if !known {
			return nil
		}
		cells, err := fetch(was)
		if err != nil {
			return err
		}
		for c := range row.Cells {
			at := a.order[c]
			switch {
			case at < 0 || at >= len(cells):
				continue
			case row.Cells[c].Text == cells[at].Text:
				if cells[at].Problem != nil && row.Cells[c].Problem == nil && !r.shown {
					each(c, &cells[at], spoilt)
				}
				continue
			}
			same, o := renotedAs(&cells[at], &row.Cells[c])
			if o == undecided && sameZeros(cells[at].Text, row.Cells[c].Text) {
				if o = bared; r.blamed(row.Number, earlier.Columns()[at].Name) {
					continue
				}
			}
			if same {
				each(c, &cells[at], o)
			}
		}
		return nil
	}, func() { stop(); earlier.Close() }, nil
}

// Begin implements opening.Restorer.
func (r *renotation) Begin(columns []batch.Column) (restore func(row *batch.Row) error, end func(), err error) {
	compare, end, err := r.begin(columns)
	if err != nil {
		return nil, nil, err
	}
	return func(row *batch.Row) error {
		return compare(row, func(column int, cell *batch.Cell, o order) {
			if r.agreed(column, o) {
				row.Cells[column] = *cell
			}
		})
	}, end, nil
}

// supposed is the index of the row that a line is by its number or, where numbers say nothing, by its values.
func (m *matching) supposed(i int) (at int, known bool) {
	if m.like != nil {
		return int(m.like[i]) - 1, m.like[i] > 0
	}
	return m.byNumber.last(m.lines[i].number)
}

// rowIn is the row of an earlier file that a line was, as is supposed; 0 for none or one that is as it was.
func (m *matching) rowIn(from *ledger.File, i int) int {
	at, known := m.supposed(i)
	if !known {
		return 0
	}
	o := &m.originals[at]
	if from.ID == m.family.base.ID {
		if o.sum == m.lines[i].sum {
			return 0
		}
		return o.number
	}
	if o.place.origin > originRow {
		return 0 // it is not from that file
	}
	return int(o.place.origin)
}

// fetching gives the cells of rows that are asked for mostly once each and in their order; those that come too early are kept in a scratch
// file: of one that was sorted, nearly all. What it gives is valid until the next call.
func fetching(t *opening.Table, wanted map[int]bool) (fetch func(row int) ([]batch.Cell, error), stop func()) {
	next, stopRows := iter.Pull2(t.Rows())
	var kept shelf
	var cells []batch.Cell
	return func(row int) (_ []batch.Cell, err error) {
			for {
				if kept.has(row) {
					cells, err = kept.appendTo(cells[:0], row)
					return cells, err
				}
				r, err, more := next()
				switch {
				case err != nil:
					return nil, err
				case !more:
					return nil, nil
				case r.Number == row:
					return r.Cells, nil
				case wanted[r.Number]:
					if err := kept.put(r.Number, r.Cells); err != nil {
						return nil, err
					}
				}
			}
		}, func() {
			stopRows()
			kept.close()
		}
}

// sumAgain gives the lines the checksums of what they were.
func (m *matching) sumAgain() error {
	a := align(m.t.Columns(), m.family.base.Reading.Columns)
	i := -1
	for row, err := range m.t.Rows() {
		if err != nil {
			return err
		}
		i++
		m.lines[i].sum = a.sum(row)
	}
	return nil
}
