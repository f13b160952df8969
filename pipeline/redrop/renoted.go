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
	kept    bool                       // some value of the dropped file begins with a zero
	mended  bool                       // of a row that lost zeros, other values were changed
	written bool                       // a program took the zeros off other rows of the dropped file
}

// tallied counts the values that stand in another notation.
type tallied struct{ all, sent int }

// renotations finds the values that a program wrote in its own way when it saved the file, and takes them for what they were. A
// person writes values anew in the rows that are to be mended; a program does so in every row. So a column counts only where a row
// shows it that was sent, in which nobody has anything to mend; but for numbers that lost their last digits and texts that lost their letters, which are no
// person's doing, and zeros before numbers, which are lost in all columns together: where people leave in a text only what is to be mended, that no value has any left shows it.
func (m *matching) renotations() error {
	base := &m.family.base
	count, err := m.renoted(base)
	if err != nil {
		return err
	}
	if count > 0 {
		if err := m.sumAgain(nil); err != nil {
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
	r := m.renotation(from)
	r.written = m.written
	if err := m.tally(r, m.supposed, false); err != nil {
		return 0, err
	}
	bare := false
	if len(r.columns) == 0 {
		if bare, err = m.bareOf(from); err != nil {
			return 0, err
		}
	}
	if bare || len(r.columns) > 0 {
		guess, err := m.nameless()
		if err == nil && guess != nil {
			err = m.tally(r, guess, true)
		}
		if err != nil {
			return 0, err
		}
	}
	count = r.count()
	if wrong := r.spoilt(); count+wrong > 0 {
		m.t.Restore = append(m.t.Restore, r)
	}
	m.written = m.written || r.bared()
	return count, nil
}

// bareOf reports whether the dropped file is a text in which no value begins with a zero, and the earlier file has such values.
func (m *matching) bareOf(from *ledger.File) (bool, error) {
	if !m.file.Format.Text {
		return false, nil
	}
	if kept, err := m.keepsZeros(); kept || err != nil {
		return false, err
	}
	earlier, err := m.again(m.ctx, m.route, from)
	if err != nil {
		return false, err
	}
	defer earlier.Close()
	return withZeros(earlier.Rows())
}

// keepsZeros reports whether some value of digits in the dropped file begins with a zero. It is read for that once.
func (m *matching) keepsZeros() (bool, error) {
	if m.kept == nil {
		kept, err := withZeros(m.t.Written())
		if err != nil {
			return false, err
		}
		m.kept = &kept
	}
	return *m.kept, nil
}

// hasZeros reports whether a value of digits in a row begins with a zero.
func hasZeros(row *batch.Row) bool {
	return slices.ContainsFunc(row.Cells, func(c batch.Cell) bool { return zeroed(c.Text) })
}

// withZeros reports whether some value of digits begins with a zero.
func withZeros(rows iter.Seq2[*batch.Row, error]) (bool, error) {
	for row, err := range rows {
		if err != nil {
			return false, err
		}
		if hasZeros(row) {
			return true, nil
		}
	}
	return false, nil
}

// renotation has nothing in it yet.
func (m *matching) renotation(from *ledger.File) *renotation {
	return &renotation{recognition: m.recognition, from: from, rows: map[int]int{}, columns: map[int][notations]tallied{}, shown: m.shows(from), zeros: map[int]origin{}}
}

// count is how many values are to be taken for what they were.
func (r *renotation) count() (n int) {
	for column, c := range r.columns {
		for o := range notations {
			if o != spoilt && r.agreed(column, o) {
				n += c[o].all
			}
		}
	}
	return n
}

// spoilt counts the values with which a reader found something wrong that does not show any more.
func (r *renotation) spoilt() (n int) {
	for _, c := range r.columns {
		n += c[spoilt].all
	}
	return n
}

// tally counts in which notations the lines stand whose rows of the base are supposed. guessed: a row that was sent shows the notations only
// where it has no other value.
func (m *matching) tally(r *renotation, supposed func(i int) (at int, known bool), guessed bool) error {
	some, sent := *r, map[int]bool{}
	some.rows = map[int]int{}
	for i := range m.lines {
		l := &m.lines[i]
		at, known := supposed(i)
		if !known {
			continue
		}
		if row := m.rowIn(r.from, i, at); row > 0 {
			some.rows[l.row], r.rows[l.row], m.placed[i] = row, row, true
			o := &m.originals[at]
			sent[l.row] = o.before.sent()
			if m.family.zeros[o.place.origin] != nil {
				r.zeros[l.row] = o.place.origin
			}
		}
	}
	if len(some.rows) == 0 {
		return nil
	}
	compare, end, err := some.begin(m.t.Columns())
	if err != nil {
		return err
	}
	defer end()
	type written struct {
		column int
		as     order
	}
	var shown []written
	for row, err := range m.t.Written() {
		if err != nil {
			return err
		}
		r.kept = r.kept || hasZeros(row)
		shown = shown[:0]
		other, err := compare(row, func(column int, _ *batch.Cell, o order) { shown = append(shown, written{column, o}) })
		if err != nil {
			return err
		}
		for _, w := range shown {
			c := r.columns[w.column]
			if c[w.as].all++; sent[row.Number] && !(guessed && other) {
				c[w.as].sent++
			}
			r.columns[w.column] = c
			r.mended = r.mended || w.as == bared && other
		}
	}
	return nil
}

// nameless gives for each line without a number of the base the row that it resembles most, and nil where there is no such line. People clear
// the number of a row that is to go as a new one.
func (m *matching) nameless() (func(i int) (at int, known bool), error) {
	var lines []int
	for i, l := range m.lines {
		if _, known := m.byNumber.last(l.number); !known && len(m.bySum.all(l.sum)) == 0 {
			lines = append(lines, i)
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	like := map[int]int{}
	err := m.resembling(lines, func(i int, shared map[int]int) {
		if best := likest(shared, func(int) bool { return true }); best >= 0 {
			like[i] = best
		}
	})
	return func(i int) (int, bool) { at, known := like[i]; return at, known }, err
}

// blamed reports whether a value that begins with a zero was found wrong: a person who takes the zero off mends it.
func (r *renotation) blamed(row int, heading string) bool {
	of, some := r.zeros[row]
	return some && slices.Contains(r.family.zeros[of], plain(heading))
}

// agreed reports whether a column's values in this notation are a program's: rows that were sent have it, and none the opposite one.
func (r *renotation) agreed(column int, o order) bool {
	c := r.columns[column]
	switch o {
	case rounded, marred, spoilt:
		return c[o].all > 0
	case bared:
		return r.bared()
	case joined:
		return c[o].sent > 0
	case undecided:
		return c[undecided].sent+c[dayFirst].sent+c[monthFirst].sent > 0
	}
	return c[o].sent > 0 && c[dayFirst].sent+c[monthFirst].sent == c[o].sent
}

// bared reports whether a program took the zeros off: one that opens a CSV does so in all columns.
func (r *renotation) bared() bool {
	lost := 0
	for _, c := range r.columns {
		if c[bared].sent+c[undecided].sent > 0 {
			return true
		}
		lost += c[bared].all
	}
	return lost > 0 && r.written || r.file.Format.Text && !r.kept && (lost > 1 || r.mended)
}

// begin opens the earlier file beside a table of the dropped one. compare gives the cells of a row that stand there in another
// notation, as the earlier file has them, which are valid until the next row, and says whether the row has other values too. end closes
// the file.
func (r *renotation) begin(columns []batch.Column) (compare func(row *batch.Row, each func(column int, cell *batch.Cell, o order)) (other bool, err error), end func(), err error) {
	earlier, err := r.again(r.ctx, r.route, r.from)
	if err != nil {
		return nil, nil, err
	}
	wanted := map[int]int{}
	for _, row := range r.rows {
		wanted[row]++
	}
	fetch, stop := fetching(earlier, wanted)
	a := align(earlier.Columns(), columns)
	return func(row *batch.Row, each func(int, *batch.Cell, order)) (other bool, err error) {
		was, known := r.rows[row.Number]
		if !known {
			return false, nil
		}
		cells, err := fetch(was)
		if err != nil {
			return false, err
		}
		for c := range row.Cells {
			at := a.order[c]
			switch {
			case at < 0 || at >= len(cells):
				continue
			case row.Cells[c].Text == cells[at].Text:
				if cells[at].Kind == batch.Faulty && row.Cells[c].Kind != batch.Faulty && !r.shown {
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
			if other = other || !same; same {
				each(c, &cells[at], o)
			}
		}
		return other, nil
	}, func() { stop(); earlier.Close() }, nil
}

// Begin implements opening.Restorer.
func (r *renotation) Begin(columns []batch.Column) (restore func(row *batch.Row) error, end func(), err error) {
	compare, end, err := r.begin(columns)
	if err != nil {
		return nil, nil, err
	}
	return func(row *batch.Row) error {
		_, err := compare(row, func(column int, cell *batch.Cell, o order) {
			if r.agreed(column, o) {
				row.Cells[column] = *cell
			}
		})
		return err
	}, end, nil
}

// supposed is the index of the row that a line is by its number or, where numbers say nothing, by its values.
func (m *matching) supposed(i int) (at int, known bool) {
	if m.like != nil {
		return int(m.like[i]) - 1, m.like[i] > 0
	}
	return m.byNumber.last(m.lines[i].number)
}

// rowIn is the row of an earlier file that a line was which is supposed to be the base's row at; 0 for none or one that is as it was.
func (m *matching) rowIn(from *ledger.File, i, at int) int {
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

// fetching gives the cells of rows that are asked for so many times each, mostly once and in their order; those that come too early, or are
// asked for again, are kept in a scratch file: of one that was sorted, nearly all. What it gives is valid until the next call.
func fetching(t *opening.Table, wanted map[int]int) (fetch func(row int) ([]batch.Cell, error), stop func()) {
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
				}
				if n := wanted[r.Number]; n > 1 || n > 0 && r.Number != row {
					if err := kept.put(r.Number, r.Cells); err != nil {
						return nil, err
					}
				}
				if r.Number == row {
					return r.Cells, nil
				}
			}
		}, func() {
			stopRows()
			kept.close()
		}
}

// sumAgain gives the lines the checksums of what they were: those of some rows of the dropped file, or (nil) all.
func (m *matching) sumAgain(rows map[int]bool) error {
	a := align(m.t.Columns(), m.family.base.Reading.Columns)
	i := -1
	for row, err := range m.t.Rows() {
		if err != nil {
			return err
		}
		if i++; rows == nil || rows[row.Number] {
			m.lines[i].sum = a.sum(row)
		}
	}
	return nil
}
