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
}

// Wrong is the error of edits that speak of what is not there, or of rows that are not to be sent again.
type Wrong struct {
	Row    int
	Column string
	Reason string // "no-row", "no-column", "delivered"
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

// Write writes the mended result. *Wrong when an edit fits nothing; then what was written is of no use.
func Write(ctx context.Context, w io.Writer, r outbox.Report, e Edits) error {
	m := &mending{Edits: e, keys: map[string]int{}, left: map[int]bool{}}
	for i, k := range Keys(r.Columns) {
		m.keys[k] = i
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
		return err
	}
	if len(m.left) > 0 {
		return &Wrong{Row: slices.Min(slices.Collect(maps.Keys(m.left))), Reason: "no-row"}
	}
	return nil
}

type mending struct {
	Edits
	keys map[string]int
	left map[int]bool // rows of edits that were not met yet
}

func (m *mending) lines(all iter.Seq2[*outbox.Line, error]) iter.Seq2[*outbox.Line, error] {
	return func(yield func(*outbox.Line, error) bool) {
		for line, err := range all {
			if err == nil && m.left[line.Row.Number] {
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
	row := line.Row.Number
	delete(m.left, row)
	if line.Outcome.Status == batch.Delivered {
		return &Wrong{Row: row, Reason: "delivered"}
	}
	for key, text := range m.Rows[row] {
		i, known := m.keys[key]
		if !known || i >= len(line.Row.Cells) {
			return &Wrong{Row: row, Column: key, Reason: "no-column"}
		}
		line.Row.Cells[i] = batch.Cell{Text: text, Kind: batch.String}
	}
	if slices.Contains(m.Resend, row) {
		line.Outcome.Status = resultmark.Resend
	}
	return nil
}
