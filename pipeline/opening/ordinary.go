package opening

import (
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/templates"
	"github.com/rowferry/rowferry/words"
)

// CodeGroup is the code of rows that are skipped because another row of their document is at fault.
const CodeGroup = "group"

const codeExample = "example" // the example of a template, left in

// Preset is the verdict on an item that is not to be sent: rows with problems are invalid, the others of its group skipped.
func Preset(item *batch.Item, sheets batch.Sheets, l batch.Language) *ledger.Verdict {
	bad := map[int]batch.Outcome{}
	var numbers []int
	for _, p := range item.Problems {
		if _, known := bad[p.Row]; !known && !p.Warning {
			bad[p.Row] = batch.Outcome{Status: batch.Invalid, Code: p.Code}
			numbers = append(numbers, p.Row)
		}
	}
	if len(bad) == len(item.Rows) && len(bad) == 1 {
		return &ledger.Verdict{Outcome: bad[item.Rows[0]]}
	}
	rest := batch.Outcome{Status: batch.Skipped, Code: CodeGroup, Message: words.Of(l, "skip.group", "rows", sheets.Rows(numbers))}
	return &ledger.Verdict{Outcome: rest, Rows: bad}
}

// Ordinary is the plan of a file that is nobody's result: what is valid goes, but for a template's example.
type Ordinary struct {
	Examples
	Sheets batch.Sheets
}

// Stage implements Plan.
func (o Ordinary) Stage(item *batch.Item, l batch.Language) ledger.Staged {
	s := ledger.Staged{Item: *item}
	switch {
	case o.All(item):
		o.Skip(&s, l)
	case !item.Sendable():
		s.Body, s.Preset = nil, Preset(item, o.Sheets, l)
	}
	return s
}

// Examples are the rows that a template brought as its example and that are as they were.
type Examples map[int]bool

// Examples finds them, beside other rows or alone.
func (t *Table) Examples() (Examples, error) {
	e := templates.ExamplesOf(t.facts.Properties, t.Route.Operation)
	if e == nil {
		e = templates.ExamplesIn(t.Columns(), t.Route.Operation)
	}
	if e == nil {
		return nil, nil
	}
	is, found, n := e.In(t.Columns()), Examples{}, 0
	for row, err := range t.Written() {
		if err != nil {
			return nil, err
		}
		if n++; e.Most() > 0 && n > e.Most() {
			break
		}
		if is(row) {
			found[row.Number] = true
		}
	}
	return found, nil
}

// All reports whether an item is nothing but examples.
func (e Examples) All(item *batch.Item) bool {
	return len(e) > 0 && !slices.ContainsFunc(item.Rows, func(row int) bool { return !e[row] })
}

// Skip says of an item that it is an example.
func (e Examples) Skip(s *ledger.Staged, l batch.Language) {
	s.Body, s.Problems = nil, nil
	s.Preset = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped, Code: codeExample, Message: words.Of(l, "skip.example")}}
}
