package mend

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
)

// Outcomes are those of rows that may be mended: all but delivered.
func Outcomes() []batch.Status {
	return []batch.Status{batch.Rejected, batch.Invalid, batch.Failed, batch.Unknown, batch.Skipped}
}

// Column is a change of one column in all rows that were not delivered: a text is replaced by another, or values are filled in from
// a row on, one a row.
type Column struct {
	Column  string   `json:"column"`            // its key
	Find    string   `json:"find,omitempty"`    // wherever it stands in a cell; "": in cells that are empty
	Replace string   `json:"replace,omitempty"` // what stands there instead
	From    int      `json:"from,omitempty"`    // the row that gets the first of Values
	Values  []string `json:"values,omitempty"`
	Rows    []int    `json:"rows,omitempty"` // those that get Values, in ascending order; see Place
}

// Fills reports whether values are filled in.
func (c *Column) Fills() bool { return len(c.Values) > 0 }

// Place gives each value its row: those that may be mended, from the first one on, in the order in which they are shown. Values
// without a row are dropped; how many is returned.
func (c *Column) Place(rows []int) (left int) {
	n := min(len(rows), len(c.Values))
	left = len(c.Values) - n
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return rows[a] - rows[b] })
	c.Rows = make([]int, n)
	values := make([]string, n)
	for i, at := range order {
		c.Rows[i], values[i] = rows[at], c.Values[at]
	}
	c.Values = values
	return left
}

// becomes is what a row's cell becomes.
func (c *Column) becomes(row int, text string) string {
	switch {
	case c.Fills():
		if i, found := slices.BinarySearch(c.Rows, row); found {
			return c.Values[i]
		}
		return text
	case c.Find == "" && text == "":
		return c.Replace
	case c.Find == "":
		return text
	}
	return strings.ReplaceAll(text, c.Find, c.Replace)
}

// keyed finds columns by their keys; *Wrong for one that is not there.
func keyed(columns []batch.Column, changes ...[]Column) (map[string]int, error) {
	keys := map[string]int{}
	for i, k := range Keys(columns) {
		keys[k] = i
	}
	for _, c := range slices.Concat(changes...) {
		if _, known := keys[c.Column]; !known {
			return nil, &Wrong{Column: c.Column, Reason: "no-column"}
		}
	}
	return keys, nil
}

// Changed gives a row's cells as changes of columns leave them, for as many rows as it is asked. A row that is too short gets the cells that are filled in.
func Changed(columns []batch.Column, changes []Column) func(row int, cells []string) []string {
	keys, err := keyed(columns, changes)
	if err != nil { // of a file that was read anew, otherwise
		return func(_ int, cells []string) []string { return cells }
	}
	return func(row int, cells []string) []string {
		out := slices.Clone(cells)
		for i := range changes {
			at := keys[changes[i].Column]
			before := ""
			if at < len(out) {
				before = out[at]
			}
			after := changes[i].becomes(row, before)
			if after == before {
				continue
			}
			for len(out) <= at {
				out = append(out, "")
			}
			out[at] = after
		}
		return out
	}
}

// After is what was typed into single cells once columns are changed: the change holds for them too.
func (e *Edits) After(changes []Column) map[int]map[string]string {
	typed := map[int]map[string]string{}
	for row, cells := range e.Rows {
		typed[row] = maps.Clone(cells)
		for _, c := range changes {
			text, is := typed[row][c.Column]
			if !is {
				continue
			}
			if _, filled := slices.BinarySearch(c.Rows, row); c.Fills() && filled {
				delete(typed[row], c.Column)
				continue
			}
			typed[row][c.Column] = c.becomes(row, text)
		}
		if len(typed[row]) == 0 {
			delete(typed, row)
		}
	}
	return typed
}

// Change is what changes of columns would do.
type Change struct {
	Rows     int       `json:"rows"`           // that were not delivered
	Cells    int       `json:"cells"`          // that would be others
	Left     int       `json:"left,omitempty"` // values that have no row
	Examples []Example `json:"examples"`       // the first of these cells

	Of map[string]int `json:"-"` // of these cells: how many each column has
}

// Example is a cell that would be another.
type Example struct {
	Row    int    `json:"row"`
	Place  string `json:"place"` // how people call the row
	Column string `json:"column"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// mostExamples is how many of them a change has.
const mostExamples = 5

// Preview says what changes would do to a file of which this was edited before. *Wrong when one speaks of a column that is not there.
func Preview(ctx context.Context, r outbox.Report, e Edits, changes []Column) (Change, error) {
	change := Change{Examples: []Example{}, Of: map[string]int{}}
	keys, err := keyed(r.Columns, e.Columns, changes)
	if err != nil {
		return change, err
	}
	var changed []string // the columns, each once
	for _, c := range changes {
		if !slices.Contains(changed, c.Column) {
			changed = append(changed, c.Column)
		}
	}
	for line, err := range r.Lines() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return change, err
		}
		if line.Outcome.Status == batch.Delivered || e.without(line.Row.Number) {
			continue
		}
		change.Rows++
		row := line.Row.Number
		for _, column := range changed {
			before := e.text(line, column, keys[column])
			after := before
			for i := range changes {
				if changes[i].Column == column {
					after = changes[i].becomes(row, after)
				}
			}
			if after == before {
				continue
			}
			change.Of[column]++
			if change.Cells++; len(change.Examples) < mostExamples {
				change.Examples = append(change.Examples, Example{row, r.Sheets.Row(row), column, before, after})
			}
		}
	}
	return change, nil
}

// text is what a cell holds once it was edited.
func (e *Edits) text(line *outbox.Line, key string, at int) string {
	if typed, is := e.Rows[line.Row.Number][key]; is {
		return typed
	}
	text := ""
	if at < len(line.Row.Cells) {
		text = line.Row.Cells[at].Text
	}
	for i := range e.Columns {
		if e.Columns[i].Column == key {
			text = e.Columns[i].becomes(line.Row.Number, text)
		}
	}
	return text
}
