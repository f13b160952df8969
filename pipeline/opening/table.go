package opening

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// Table is a file opened in one way. Where the file is a result, our columns are hidden: they are no data, and the next result
// brings its own. Rows in which only they have values are no rows.
type Table struct {
	*File
	Reading ledger.Reading // Ours, Manner and Again; see Told
	Restore []Restorer
	More    []batch.Note // what is known of the file beside what its reader saw
	Marked  bool         // it is a workbook of ours

	inner   readers.Table
	hidden  []bool
	at      map[resultmark.Column]int
	columns []batch.Column
	emptied int // rows whose own cells were cleared
	first   int // the first of them
}

// Source is a sender's file as results are made of it: how it was read, and what opens it again.
func Source(how ledger.Reading, open func() (batch.Original, error)) outbox.Source {
	return outbox.Source{Open: open, Patchable: how.Member == "" && formats.Named(how.Format).Patchable,
		Sheet: how.Sheet, Header: how.Header, Delimiter: how.Divided}
}

// Told is how the file is read, as the ledger keeps it; notes and unused columns are known when all rows were read.
func (t *Table) Told() ledger.Reading {
	r, layout := t.Reading, t.Layout()
	r.Format, r.Columns = t.Format.Name, slices.Clone(t.Columns())
	r.Sheet, r.Header, r.Sheets, r.Divided = layout.Sheet, layout.Header, layout.Sheets, layout.Delimiter
	return r
}

// A Restorer gives rows the values that they had in earlier files, where a program only wrote them in its own way.
type Restorer interface {
	// Begin is called before the rows of a table with these columns are read, and end behind the last one.
	Begin(columns []batch.Column) (restore func(row *batch.Row) error, end func(), err error)
}

// Again opens a file that was taken before, as it was read then. It takes o over.
func Again(ctx context.Context, r *route.Route, o batch.Original, name string, how ledger.Reading) (*Table, error) {
	r, err := then(r, how)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	f, err := New(ctx, r, o, name)
	if err != nil {
		return nil, err
	}
	t, err := f.Table(ctx, how.Manner)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	t.Reading = ledger.Reading{Ours: how.Ours, Manner: how.Manner, Member: how.Member, Again: how.Again}
	if len(how.Ours) > 0 {
		t.Hide(resultmark.Find(t.Headings()).Columns)
	}
	return t, nil
}

// then is the route with the reader settings that it had when a file was read.
func then(r *route.Route, how ledger.Reading) (*route.Route, error) {
	if how.Read == nil {
		return r, nil
	}
	was := *r
	was.Read = readers.Settings{}
	if err := json.Unmarshal(how.Read, &was.Read); err != nil {
		return nil, err
	}
	was.Read.Member = how.Member
	was.Read.Wants = &before{slices.Concat(how.Ours, how.Columns), how.Sheets}
	var tabs []string
	for _, s := range how.Sheets {
		tabs = append(tabs, strconv.Quote(s.Name))
	}
	was.Read.Tabs = strings.Join(tabs, "\n")
	return &was, nil
}

// before wants a file to be read as it was: whatever the route wants by now, its rows stand where they stood.
type before struct {
	columns []batch.Column
	sheets  batch.Sheets
}

// Fit implements readers.Wants.
func (b *before) Fit(columns []batch.Column) (best batch.Fit) {
	best = fits(columns, b.columns)
	for i := range b.sheets {
		s := &b.sheets[i]
		if fit := fits(columns, slices.Concat(s.Ours, s.Columns)); i == 0 || fit.Enough && !best.Enough || fit.Enough == best.Enough && fit.Known() > best.Known() {
			best = fit
		}
	}
	return best
}

// fits tells which of the columns that a table had are there. Each fills a field called after its place among them.
func fits(columns, had []batch.Column) batch.Fit {
	fit, most := batch.Fit{Fields: make([]string, len(columns))}, 0
	for at, c := range had {
		if c == (batch.Column{}) {
			continue
		}
		most++
		if i := slices.Index(columns, c); i >= 0 {
			fit.Fields[i] = strconv.Itoa(at)
		}
	}
	fit.Enough = most > 0 && fit.Known() == most
	return fit
}

// Hide takes our columns out.
func (t *Table) Hide(ours map[int]resultmark.Column) {
	all := t.inner.Columns()
	t.hidden, t.at = make([]bool, len(all)), map[resultmark.Column]int{}
	t.columns, t.Reading.Ours = nil, nil
	for i, c := range all {
		if column, hide := ours[i]; hide {
			t.hidden[i], t.at[column] = true, i
			t.Reading.Ours = append(t.Reading.Ours, c)
			continue
		}
		t.columns = append(t.columns, c)
	}
}

// Columns are the sender's.
func (t *Table) Columns() []batch.Column { return t.columns }

// Headings are the names of all columns, ours too.
func (t *Table) Headings() []string { return route.Headings(t.inner.Columns()) }

// Layout is where in the file the table lies, and how that is written; its sheets have the columns that the table has.
func (t *Table) Layout() readers.Layout {
	layout := t.inner.Layout()
	all := layout.Sheets
	layout.Sheets = slices.Clone(all)
	for i := range all {
		s := &layout.Sheets[i]
		s.Columns = nil
		for k, c := range all[i].Columns {
			switch {
			case !t.hidden[k]:
				s.Columns = append(s.Columns, c)
			case c != (batch.Column{}):
				s.Ours = append(s.Ours, c)
			}
		}
	}
	return layout
}

// Rows gives the sender's cells of each row, restored. Valid until the next one.
func (t *Table) Rows() iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		restore, end, err := t.restoring()
		if err != nil {
			yield(nil, err)
			return
		}
		defer end()
		for row, err := range t.Written() {
			if err == nil {
				err = restore(row)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// Written gives the sender's cells of each row as they stand in this file. Valid until the next one.
func (t *Table) Written() iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		t.Both(func(row, _ *batch.Row, err error) bool { return yield(row, err) })
	}
}

// Both gives each row without our cells, and with them as it was read.
func (t *Table) Both(yield func(row, whole *batch.Row, err error) bool) {
	t.emptied = 0
	var bare batch.Row
	for row, err := range t.inner.Rows() {
		if err != nil {
			yield(nil, nil, err)
			return
		}
		own := row
		if len(t.Reading.Ours) > 0 {
			if own = t.without(&bare, row); own == nil {
				continue
			}
		}
		if !yield(own, row, nil) {
			return
		}
	}
}

// without takes our cells out of a row; nil when nothing is left.
func (t *Table) without(bare, row *batch.Row) *batch.Row {
	*bare = batch.Row{Number: row.Number, Problem: row.Problem, Cells: bare.Cells[:0]}
	some := row.Problem != nil
	for i := range row.Cells {
		if !t.hidden[i] {
			bare.Cells = append(bare.Cells, row.Cells[i])
			some = some || row.Cells[i].Kind != batch.Blank
		}
	}
	if some {
		return bare
	}
	if t.emptied++; t.emptied == 1 {
		t.first = row.Number
	}
	return nil
}

func (t *Table) restoring() (restore func(row *batch.Row) error, end func(), err error) {
	var steps []func(row *batch.Row) error
	var ends []func()
	end = func() {
		for _, f := range ends {
			f()
		}
	}
	for _, r := range t.Restore {
		step, stop, err := r.Begin(t.columns)
		if err != nil {
			end()
			return nil, nil, err
		}
		steps, ends = append(steps, step), append(ends, stop)
	}
	return func(row *batch.Row) error {
		for _, step := range steps {
			if err := step(row); err != nil {
				return err
			}
		}
		return nil
	}, end, nil
}

// Cell is one of ours in a row as it was read.
func (t *Table) Cell(row *batch.Row, c resultmark.Column) string {
	if i, there := t.at[c]; there && i < len(row.Cells) {
		return strings.TrimSpace(row.Cells[i].Text)
	}
	return ""
}

// Notes is what was recognised and not handed on, without what is ours; complete after Rows ended.
func (t *Table) Notes() []batch.Note {
	notes := t.inner.Notes()
	if t.Marked || len(t.Reading.Ours) > 0 || t.Reading.Again != nil {
		notes = slices.DeleteFunc(notes, ofOurSheets)
	}
	notes = append(notes, t.More...)
	if t.emptied > 0 {
		notes = append(notes, batch.Note{Message: words.Message("redrop.note.emptied", "count", t.emptied), Row: t.first, Count: t.emptied})
	}
	return notes
}

// ofOurSheets recognises the readers' notes about sheets that a result has of its own.
func ofOurSheets(n batch.Note) bool {
	if n.Message.Key != "workbook.note_hidden_sheet" && n.Message.Key != "workbook.note_other_sheet" {
		return false
	}
	for i := 0; i+1 < len(n.Message.Args); i += 2 {
		name, _ := n.Message.Args[i+1].(string)
		if n.Message.Args[i] == "sheet" {
			return strings.HasPrefix(name, resultmark.Sheet) || resultmark.IsSummary(name)
		}
	}
	return false
}
