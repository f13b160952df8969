package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
)

// The custom document properties by which a template is known again, and its example with it. Programs keep them when they save
// a workbook; a CSV has none.
const (
	propertyOperation = "rowferry.template"
	propertyLanguage  = "rowferry.template.language"
	propertyGroup     = "rowferry.template.group"
	propertyWritten   = "rowferry.template.written" // the day from which the example's dates are counted
)

// Examples are the rows that a template shows as its example.
type Examples struct {
	columns []*column
	rows    []map[string]string
	l       batch.Language
	later   time.Duration // from the day the template was written to today
	loose   bool          // it was saved as what has no properties: dates and decimals may be written in another way
}

// ExamplesOf gives the examples of a workbook that was made from a template of the operation; nil for any other.
func ExamplesOf(properties map[string]string, op *providers.Operation) *Examples {
	l := batch.Language(properties[propertyLanguage])
	written, err := time.Parse(time.DateOnly, properties[propertyWritten])
	if properties[propertyOperation] != op.ID || !slices.Contains(batch.Languages(), l) || err != nil {
		return nil
	}
	today, _ := time.Parse(time.DateOnly, time.Now().Format(time.DateOnly))
	return &Examples{columns(op, Settings{Language: l, Group: properties[propertyGroup]}), shown(op), l, today.Sub(written), false}
}

// ExamplesIn gives the examples of a table that is a template of the operation by its headings: all of them, in their order and in one
// language, as where it was saved as CSV; nil for any other.
func ExamplesIn(table []batch.Column, op *providers.Operation) *Examples {
	for len(table) > 0 && table[len(table)-1].Name == "" {
		table = table[:len(table)-1]
	}
	if n := len(op.Fields); len(table) != n && len(table) != n+1 || n == 0 {
		return nil
	}
	for _, l := range batch.Languages() {
		own := columns(op, Settings{Language: l, Group: table[0].Name})
		same := func(c *column, o batch.Column) bool { return key(c.heading) == key(o.Name) }
		if slices.EqualFunc(own, table, same) {
			return &Examples{own, shown(op), l, 0, true}
		}
	}
	return nil
}

// In reports for rows of a table with these columns whether one is an example just as it was: nothing in it was changed,
// nothing added. Optional columns may be gone.
func (e *Examples) In(table []batch.Column) func(row *batch.Row) bool {
	at := map[string]int{}
	for i, c := range table {
		at[key(c.Name)] = i
	}
	for _, c := range e.columns {
		if _, there := at[key(c.heading)]; c.required && !there {
			return func(*batch.Row) bool { return false }
		}
	}
	var wanted []map[int][]string // place → texts
	for _, row := range e.rows {
		texts := map[int][]string{}
		for _, c := range e.columns {
			if i, there := at[key(c.heading)]; there {
				texts[i] = e.texts(c, row)
			}
		}
		wanted = append(wanted, texts)
	}
	return func(row *batch.Row) bool {
		return slices.ContainsFunc(wanted, func(texts map[int][]string) bool {
			for i := range row.Cells {
				text := strings.TrimSpace(row.Cells[i].Text)
				if want := texts[i]; text == "" && len(want) > 0 || text != "" && !e.says(want, text) {
					return false
				}
			}
			return true
		})
	}
}

// Most is how many of the first rows may be examples: what is known by its headings alone is not read whole for them; 0 is all.
func (e *Examples) Most() int {
	if e.loose {
		return 2 * len(e.rows)
	}
	return 0
}

// says reports whether a text is what a cell of the example says.
func (e *Examples) says(want []string, text string) bool {
	return slices.ContainsFunc(want, func(w string) bool {
		if w == text || !e.loose {
			return w == text
		}
		if _, err := time.Parse(time.DateOnly, w); err == nil {
			return dated.MatchString(text)
		}
		return strings.EqualFold(w, text) || w == strings.Replace(text, ",", ".", 1)
	})
}

// dated is a day as programs write one: the example's own is counted from the day on which the template was made.
var dated = patterns.New(`^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$`)

// texts are how a reader gives a cell of the example: as it is today, or as it was when the template was written.
func (e *Examples) texts(c *column, row map[string]string) []string {
	if c.field == nil {
		return []string{groupExample}
	}
	text := row[c.field.Path]
	if text == "" {
		return nil
	}
	if c.kind == choice {
		return []string{c.chosen(text, e.l)}
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return []string{text, t.Add(-e.later).Format(time.DateOnly)}
	}
	return []string{text}
}

// shown are the rows of an example: all of a group, one of everything else.
func shown(op *providers.Operation) []map[string]string {
	rows := op.Example()
	if op.Rows.Kind != providers.Group && len(rows) > 1 {
		rows = rows[:1]
	}
	return rows
}
