package redrop

import (
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// zeros gives lines that are no row of the family's first file, as copies and new rows, also those that an earlier result brought, the zeros that a
// program took off all lines: a value of digits is what that file has in that column, where it has it with zeros only, and always with as many.
type zeros struct {
	rows  map[int]bool // of the dropped file
	texts map[stripped]*lead
}

// stripped is a value of digits without its zeros, and where it stands.
type stripped struct {
	column int
	digits string
}

// lead is what such a value was.
type lead struct {
	text    string // "" as long as it was not seen
	several bool
	count   int // in the dropped file
}

// findZeros looks for the values of lines of which nothing else is known.
func (m *matching) findZeros() error {
	root := slices.IndexFunc(m.family.members, func(f ledger.File) bool { return f.ID == m.family.base.Root() })
	if !m.written || !m.file.Format.Text || root < 0 {
		return nil
	}
	z, strange := &zeros{rows: map[int]bool{}, texts: map[stripped]*lead{}}, map[int]bool{} // those that are not as they were either
	for i := range m.lines {
		if l := &m.lines[i]; (!m.placed[i] || m.brought(i)) && m.guests[i] == nil {
			z.rows[l.row] = true
			if len(m.bySum.all(l.sum)) == 0 {
				strange[l.row] = true
			}
		}
	}
	if len(z.rows) == 0 {
		return nil
	}
	if kept, err := m.keepsZeros(); kept || err != nil { // no program took any off
		return err
	}
	if err := z.ask(m); err != nil {
		return err
	}
	if err := z.answer(m, &m.family.members[root]); err != nil {
		return err
	}
	count := 0
	for key, l := range z.texts {
		if l.several || !zeroed(l.text) {
			delete(z.texts, key)
			continue
		}
		count += l.count
	}
	if count == 0 {
		return nil
	}
	m.t.Restore = append(m.t.Restore, z)
	m.t.More = append(m.t.More, batch.Note{Message: words.Message("redrop.note.renoted", "count", count, "id", m.family.base.Root()), Count: count})
	return m.sumAgain(strange)
}

// brought reports whether a line is supposed to be a row that an earlier result brought, which has it as the program wrote it.
func (m *matching) brought(i int) bool {
	at, known := m.supposed(i)
	return known && m.originals[at].place.origin > originRow
}

// ask collects the values that may have begun with zeros.
func (z *zeros) ask(m *matching) error {
	for row, err := range m.t.Written() {
		if err != nil {
			return err
		}
		if !z.rows[row.Number] {
			continue
		}
		for c := range row.Cells {
			text := row.Cells[c].Text
			if text == "" || text[0] == '0' || strings.Trim(text, "0123456789") != "" {
				continue
			}
			key := stripped{c, text}
			if z.texts[key] == nil {
				z.texts[key] = &lead{}
			}
			z.texts[key].count++
		}
	}
	return nil
}

// answer looks for them in an earlier file.
func (z *zeros) answer(m *matching, f *ledger.File) error {
	if len(z.texts) == 0 {
		return nil
	}
	earlier, err := m.again(m.ctx, m.route, f)
	if err != nil {
		return err
	}
	defer earlier.Close()
	a := align(earlier.Columns(), m.t.Columns())
	columns := len(m.t.Columns())
	for row, err := range earlier.Rows() {
		if err != nil {
			return err
		}
		for c, text := range a.cells(row)[:columns] {
			if l := z.texts[stripped{c, strings.TrimLeft(text, "0")}]; l != nil {
				l.several = l.several || l.text != "" && l.text != text
				l.text = text
			}
		}
	}
	return nil
}

// Begin implements opening.Restorer.
func (z *zeros) Begin([]batch.Column) (restore func(row *batch.Row) error, end func(), err error) {
	return func(row *batch.Row) error {
		if !z.rows[row.Number] {
			return nil
		}
		for c := range row.Cells {
			if l := z.texts[stripped{c, row.Cells[c].Text}]; l != nil {
				row.Cells[c].Text = l.text
			}
		}
		return nil
	}, func() {}, nil
}
