package workbook

import (
	"iter"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/table"
)

// every is the setting that has all sheets read that fit the route.
const every = "all"

// several is the table of several sheets, one after the other. Columns that fill the same field, or have the same name, are one;
// rows are numbered by batch.Sheets.
type several struct {
	book   *book
	tables []*rows
	sheets batch.Sheets
	cols   []batch.Column
	places [][]int // of each table's columns among cols
	notes  []batch.Note
	row    batch.Row
}

func (b *book) several(tables []*rows) *several {
	t := &several{book: b, tables: tables}
	known := map[string]int{}
	for _, one := range tables {
		t.places = append(t.places, t.join(one, known))
	}
	for i, one := range tables {
		sheet := batch.Sheet{Name: one.name, Header: one.header, Columns: make([]batch.Column, len(t.cols))}
		for k, at := range t.places[i] {
			sheet.Columns[at] = one.cols[k]
		}
		t.sheets = append(t.sheets, sheet)
	}
	t.row.Cells = make([]batch.Cell, len(t.cols))
	return t
}

// join finds the columns of one more sheet among those of the sheets before it, and adds those that none has.
func (t *several) join(one *rows, known map[string]int) []int {
	var fields []string
	if w := t.book.settings.Wants; w != nil {
		fields = w.Fit(one.cols).Fields
	}
	taken, places := map[int]bool{}, make([]int, len(one.cols))
	var keys []string
	for i, c := range one.cols {
		keys = keysOf(c, fields, i)
		at, found := -1, false
		for _, key := range keys {
			if at, found = known[key]; found && !taken[at] {
				break
			}
			found = false
		}
		if !found {
			at = len(t.cols)
			t.cols = append(t.cols, batch.Column{Name: c.Name, Ref: table.Letter(at)})
		}
		for _, key := range keys {
			if _, there := known[key]; !there {
				known[key] = at
			}
		}
		places[i], taken[at] = at, true
	}
	return places
}

// keysOf are the words by which a column is known again in another sheet, the surest first.
func keysOf(c batch.Column, fields []string, i int) (keys []string) {
	if i < len(fields) && fields[i] != "" {
		keys = append(keys, "field "+fields[i])
	}
	if name := labels.Normal(c.Name); name != "" {
		return append(keys, "name "+name)
	}
	return append(keys, "letter "+c.Ref)
}

func (t *several) Columns() []batch.Column { return t.cols }

func (t *several) Layout() readers.Layout {
	return readers.Layout{Sheet: t.sheets[0].Name, Header: t.sheets[0].Header, Sheets: t.sheets}
}

// Rows gives the rows of one sheet after the other.
func (t *several) Rows() iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		count := 0
		for i, one := range t.tables {
			for row, err := range one.Rows() {
				if count++; err == nil && count > t.book.settings.Limits.Rows {
					err = readers.Refuse("workbook.limit_rows", "limit", t.book.settings.Limits.Rows)
				}
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(t.placed(i, row), nil) {
					return
				}
			}
		}
	}
}

// placed is a row of sheet i with its cells where the file has their columns.
func (t *several) placed(i int, row *batch.Row) *batch.Row {
	clear(t.row.Cells)
	t.row.Number, t.row.Problem = t.sheets.Number(i, row.Number), row.Problem
	for k, at := range t.places[i] {
		t.row.Cells[at] = row.Cells[k]
	}
	return &t.row
}

// Notes are those of each sheet, and what is said of the workbook.
func (t *several) Notes() []batch.Note {
	var all []batch.Note
	for i, one := range t.tables {
		for _, n := range one.Notes() {
			if n.Row > 0 {
				n.Row = t.sheets.Number(i, n.Row)
			}
			all = append(all, n)
		}
	}
	return append(all, t.notes...)
}

func (t *several) Close() error {
	for _, one := range t.tables[1:] {
		one.closed, one.sheet, one.sample = true, nil, nil // they are of one book
	}
	return t.tables[0].Close()
}

// pinned reports whether a sheet may be read: in a file that was read before, only those that were.
func (b *book) pinned(name string) bool {
	for tab := range strings.SplitSeq(b.settings.Tabs, "\n") {
		if tab == strconv.Quote(name) {
			return true
		}
	}
	return b.settings.Tabs == ""
}
