package redrop

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// renoted is a value of the dropped file that an earlier file has in another notation.
type renoted struct {
	line   int        // index
	column int        // among those of the dropped file
	cell   batch.Cell // as the earlier file has it
	order  order
}

// renotations finds the values that a program wrote in its own way when it saved the file, and takes them for what they were. A
// person writes values anew in the rows that are to be mended; a program does so in every row. So a column counts only where a row
// shows it that was sent, in which nobody has anything to mend.
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
		if root.ID != base.Root() || root.ID == base.ID || root.Reading.Format != "xlsx" {
			continue
		}
		more, err := m.renoted(root)
		if err != nil {
			return err
		}
		count += more
	}
	if count > 0 {
		m.t.more = append(m.t.more, batch.Note{Message: words.Message("redrop.note.renoted", "count", count, "id", base.Root()), Count: count})
	}
	return nil
}

// renoted compares the lines with the rows of an earlier file: the base, or the root of the family.
func (m *matching) renoted(from *ledger.File) (count int, err error) {
	wanted := map[int]bool{} // rows of the earlier file
	rows := make([]int, len(m.lines))
	for i := range m.lines {
		if rows[i] = m.rowIn(from, i); rows[i] > 0 {
			wanted[rows[i]] = true
		}
	}
	if len(wanted) == 0 {
		return 0, nil
	}
	earlier, err := Reopen(m.ctx, m.route, m.copyOf(from), from.Name, from.Reading)
	if err != nil {
		return 0, err
	}
	defer earlier.Close()
	again, err := Reopen(m.ctx, m.route, m.path, m.name, m.t.Reading)
	if err != nil {
		return 0, err
	}
	defer again.Close()
	fetch, stop := fetching(earlier, wanted)
	defer stop()
	a := align(earlier.Columns(), again.Columns())
	witnesses := map[int][monthFirst + 1]int{} // column → notations of the rows that were sent
	var found []renoted
	i := -1
	for row, err := range again.Rows() {
		if err != nil {
			return 0, err
		}
		if i++; rows[i] == 0 {
			continue
		}
		cells, err := fetch(rows[i])
		if err != nil {
			return 0, err
		}
		sent := m.originals[m.byNumber[m.lines[i].number]].before.sent()
		for c := range row.Cells {
			at := a.order[c]
			if at < 0 || at >= len(cells) || row.Cells[c].Kind != batch.String || row.Cells[c].Text == cells[at].Text {
				continue
			}
			same, o := likewise(&cells[at], row.Cells[c].Text)
			if !same {
				continue
			}
			if sent {
				w := witnesses[c]
				w[o]++
				witnesses[c] = w
			}
			cell := cells[at]
			cell.Text = strings.Clone(cell.Text)
			found = append(found, renoted{i, c, cell, o})
		}
	}
	if m.t.renoted == nil {
		m.t.renoted = map[int][]renoted{}
	}
	for _, r := range found {
		w, row := witnesses[r.column], m.lines[r.line].row
		seen := w[undecided] + w[dayFirst] + w[monthFirst]
		agreed := r.order == undecided || w[r.order] > 0 && w[dayFirst]+w[monthFirst] == w[r.order]
		if seen > 0 && agreed && !slices.ContainsFunc(m.t.renoted[row], func(have renoted) bool { return have.column == r.column }) {
			m.t.renoted[row] = append(m.t.renoted[row], r)
			count++
		}
	}
	return count, nil
}

// rowIn is the row of an earlier file that a line was by its number, 0 for none or one that is as it was.
func (m *matching) rowIn(from *ledger.File, i int) int {
	at, known := m.byNumber[m.lines[i].number]
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
	row, err := strconv.Atoi(o.place.origin)
	if err != nil {
		return 0 // it is not from that file
	}
	return row
}

// fetching gives the cells of rows that are asked for once each, mostly in their order; those that come too early are kept.
func fetching(t *Table, wanted map[int]bool) (fetch func(row int) ([]batch.Cell, error), stop func()) {
	next, stop := iter.Pull2(t.Rows())
	kept := map[int][]batch.Cell{}
	return func(row int) ([]batch.Cell, error) {
		for {
			if cells, is := kept[row]; is {
				return cells, nil
			}
			r, err, more := next()
			switch {
			case err != nil:
				return nil, err
			case !more:
				return nil, nil
			case r.Number == row:
				return r.Cells, nil
			case !wanted[r.Number]:
				continue
			}
			cells := slices.Clone(r.Cells)
			for i := range cells {
				cells[i].Text = strings.Clone(cells[i].Text)
			}
			kept[r.Number] = cells
		}
	}, stop
}

// sumAgain gives the lines the checksums of what they were.
func (m *matching) sumAgain() error {
	again, err := Reopen(m.ctx, m.route, m.path, m.name, m.t.Reading)
	if err != nil {
		return err
	}
	defer again.Close()
	again.renoted = m.t.renoted
	a := align(again.Columns(), m.family.base.Reading.Columns)
	i := -1
	for row, err := range again.Rows() {
		if err != nil {
			return err
		}
		if i++; len(again.renoted[row.Number]) > 0 {
			m.lines[i].sum = a.sum(row)
		}
	}
	return nil
}
