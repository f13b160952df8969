// Package mend writes the result of a file as a person would who mended its cells in a spreadsheet: dropped again, it goes the
// way of any result, and only what was not delivered is sent.
package mend

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/resultmark"
)

// Edits is what a person changes.
type Edits struct {
	Rows   map[int]map[string]string `json:"rows"`   // row number → column's key → new text
	Resend []int                     `json:"resend"` // rows to be sent again as they are: of unknown ones, they were looked up at the provider

	ResendAll []batch.Status `json:"resend_all"` // the same for all rows with one of these outcomes
	Columns   []Column       `json:"columns"`    // changes of whole columns, one after the other; what is in Rows counts more

	Only map[int]batch.Status `json:"-"` // the rows that the result has; nil for all
}

// without reports whether the result does not have a row.
func (e *Edits) without(row int) bool {
	_, has := e.Only[row]
	return e.Only != nil && !has
}

// Wrong is the error of edits that speak of what is not there, or of rows that are not to be sent again.
type Wrong struct {
	Row    int
	Column string
	Reason string // "no-row", "no-column", "delivered", "elsewhere"
}

func (w *Wrong) Error() string { return fmt.Sprintf("%s: row %d %s", w.Reason, w.Row, w.Column) }

// Keys name a file's columns, each by one word: its heading, or where it has none or shares it, how the sender calls it.
func Keys(columns []batch.Column) []string {
	times := map[string]int{}
	for _, c := range columns {
		times[strings.TrimSpace(c.Name)]++
	}
	keys := make([]string, len(columns))
	for i, c := range columns {
		name := strings.TrimSpace(c.Name)
		if keys[i] = name; name == "" || times[name] > 1 {
			keys[i] = strings.TrimSpace(name + " (" + c.Ref + ")")
		}
	}
	return keys
}

// Written is the order in which a mended result has the rows of its file: the number of each.
type Written []int

// heading is the line of a mended result that has its headings.
const heading = 1

// Row is the number in the file of a row of the result; 0 where it has none.
func (w Written) Row(inResult int) int {
	if i := inResult - heading - 1; i >= 0 && i < len(w) {
		return w[i]
	}
	return 0
}

// InResult gives the numbers in the result of rows of the file.
func (w Written) InResult(rows []int) []int {
	if rows == nil {
		return nil
	}
	wanted := map[int]bool{}
	for _, row := range rows {
		wanted[row] = true
	}
	found := []int{}
	for i, row := range w {
		if wanted[row] {
			found = append(found, i+heading+1)
		}
	}
	return found
}

// Write writes the mended result. *Wrong when an edit fits nothing; then what was written is of no use.
func Write(ctx context.Context, w io.Writer, r outbox.Report, e Edits) (Written, error) {
	keys, err := keyed(r.Columns, e.Columns)
	if err != nil {
		return nil, err
	}
	m := &mending{Edits: e, keys: keys, left: map[int]bool{}, again: map[int]bool{}}
	for _, row := range e.Resend {
		m.again[row] = true
	}
	for row := range e.Rows {
		m.left[row] = true
	}
	for _, row := range e.Resend {
		m.left[row] = true
	}
	lines := r.Lines
	r.Lines = func() iter.Seq2[*outbox.Line, error] { return m.lines(lines()) }
	if err := csvfile.New().Write(ctx, w, r); err != nil {
		return nil, err
	}
	if len(m.left) > 0 {
		return nil, &Wrong{Row: slices.Min(slices.Collect(maps.Keys(m.left))), Reason: "no-row"}
	}
	return m.written, nil
}

type mending struct {
	Edits
	keys  map[string]int
	left  map[int]bool // rows of edits that were not met yet
	again map[int]bool // rows that are to be sent again

	written Written
}

func (m *mending) lines(all iter.Seq2[*outbox.Line, error]) iter.Seq2[*outbox.Line, error] {
	return func(yield func(*outbox.Line, error) bool) {
		for line, err := range all {
			if err == nil && m.without(line.Row.Number) && !m.left[line.Row.Number] {
				continue
			}
			if err == nil {
				m.written = append(m.written, line.Row.Number)
				err = m.mend(line)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// mend changes the cells of one line, and writes the word where it is to be sent again.
func (m *mending) mend(line *outbox.Line) error {
	row, named := line.Row.Number, m.left[line.Row.Number]
	delete(m.left, row)
	if named && line.Outcome.Status != batch.Delivered && m.without(row) {
		return &Wrong{Row: row, Reason: "elsewhere"}
	}
	if line.Outcome.Status == batch.Delivered {
		if named {
			return &Wrong{Row: row, Reason: "delivered"}
		}
		return nil
	}
	for i := range m.Columns {
		m.column(line, &m.Columns[i])
	}
	for key, text := range m.Rows[row] {
		i, known := m.keys[key]
		if !known || i >= len(line.Row.Cells) {
			return &Wrong{Row: row, Column: key, Reason: "no-column"}
		}
		line.Row.Cells[i] = batch.Cell{Text: text, Kind: batch.String}
	}
	if m.again[row] || slices.Contains(m.ResendAll, line.Outcome.Status) {
		line.Outcome.Status = resultmark.Resend
	}
	return nil
}

// column changes the cell of one column where the change makes it another.
func (m *mending) column(line *outbox.Line, c *Column) {
	at, before := m.keys[c.Column], ""
	if at < len(line.Row.Cells) {
		before = line.Row.Cells[at].Text
	}
	after := c.becomes(line.Row.Number, before)
	if after == before {
		return
	}
	for len(line.Row.Cells) <= at {
		line.Row.Cells = append(line.Row.Cells, batch.Cell{})
	}
	line.Row.Cells[at] = batch.Cell{Text: after, Kind: batch.String}
}
