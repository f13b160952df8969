// Package redrop recognises a result that is dropped again and decides which of its rows go: what was delivered never does, what
// was mended does, what is not known goes only where a person wrote the word for it.
//
// A result and the file it came from are a family, and so are results of results. Each row of a family is known by the row of
// the file that brought it (its origin), however often it was mended, moved or dropped since; what was delivered in
// any member is delivered.
//
// All is decided while the file is taken and stands in the ledger with its rows. Sending, and going on after a kill,
// know nothing of it.
package redrop

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// Table is an opened file. Where the file is a result, our columns are hidden: they are no data, and the next result brings
// its own. Rows in which only they have values are no rows.
type Table struct {
	inner   *route.Opened
	Format  readers.Traits
	Reading ledger.Reading // Ours, Manner and Again; the rest is the taker's to fill

	hidden  []bool
	at      map[resultmark.Column]int
	columns []batch.Column
	emptied int  // rows whose own cells were cleared
	first   int  // the first of them
	marked  bool // it is a workbook of ours
	more    []batch.Note
	renoted []*renotation // whose values are given as they were in earlier files
}

// Reopen opens a file that was taken before, as it was read then.
func Reopen(ctx context.Context, r *route.Route, path, name string, how ledger.Reading) (*Table, error) {
	r, err := then(r, how)
	if err != nil {
		return nil, err
	}
	inner, err := r.OpenAs(ctx, path, name, settings(r, how.Manner))
	if err != nil {
		return nil, err
	}
	t := &Table{inner: inner, Format: inner.Format, Reading: ledger.Reading{Ours: how.Ours, Manner: how.Manner, Again: how.Again}}
	headings := route.Headings(inner.Columns())
	columns := map[int]resultmark.Column{}
	if len(how.Ours) > 0 {
		columns = resultmark.Find(headings).Columns
	}
	t.hide(columns)
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
	if len(how.Columns) > 0 {
		was.Read.Wants = &before{slices.Concat(how.Ours, how.Columns)}
	}
	return &was, nil
}

// before wants a file to be read as it was: whatever the route wants by now, its rows stand where they stood.
type before struct{ columns []batch.Column }

// Fit implements readers.Wants.
func (b *before) Fit(columns []batch.Column) batch.Fit {
	fit := batch.Fit{Fields: make([]string, len(columns))}
	for i, c := range columns {
		if slices.Contains(b.columns, c) {
			fit.Fields[i] = c.Ref
		}
	}
	fit.Enough = fit.Known() == len(b.columns)
	return fit
}

func settings(r *route.Route, m *ledger.Manner) readers.Settings {
	if m == nil {
		return r.Read
	}
	s := r.Read
	if m.Plain {
		s = r.Plain()
	}
	s.Sheet, s.Header = m.Sheet, m.Header
	return s
}

// hide takes our columns out.
func (t *Table) hide(ours map[int]resultmark.Column) {
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

// Close ends reading.
func (t *Table) Close() error { return t.inner.Close() }

// Where is the sheet and the heading's row in a workbook.
func (t *Table) Where() (sheet string, header int) {
	l := t.inner.Layout()
	return l.Sheet, l.Header
}

// Rows gives the sender's cells of each row. Valid until the next one.
func (t *Table) Rows() iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		t.both(func(row, _ *batch.Row, err error) bool { return yield(row, err) })
	}
}

// both gives each row without our cells, and with them as it was read.
func (t *Table) both(yield func(row, whole *batch.Row, err error) bool) {
	restore, end, err := t.restoring()
	if err != nil {
		yield(nil, nil, err)
		return
	}
	defer end()
	var bare batch.Row
	for row, err := range t.inner.Rows() {
		if err != nil {
			yield(nil, nil, err)
			return
		}
		own := row
		if len(t.Reading.Ours) > 0 {
			bare = batch.Row{Number: row.Number, Problem: row.Problem, Cells: bare.Cells[:0]}
			some := row.Problem != nil
			for i := range row.Cells {
				if !t.hidden[i] {
					bare.Cells = append(bare.Cells, row.Cells[i])
					some = some || row.Cells[i].Kind != batch.Blank
				}
			}
			if own = &bare; !some {
				if t.emptied++; t.emptied == 1 {
					t.first = row.Number
				}
				continue
			}
		}
		if err := restore(own); err != nil {
			yield(nil, nil, err)
			return
		}
		if !yield(own, row, nil) {
			return
		}
	}
}

// restoring gives rows the values that they had in earlier files, where a program only wrote them in its own way.
func (t *Table) restoring() (restore func(row *batch.Row) error, end func(), err error) {
	var steps []func(row *batch.Row) error
	var ends []func()
	end = func() {
		for _, f := range ends {
			f()
		}
	}
	for _, r := range t.renoted {
		compare, stop, err := r.begin(t.columns)
		if err != nil {
			end()
			return nil, nil, err
		}
		ends = append(ends, stop)
		steps = append(steps, func(row *batch.Row) error {
			return compare(row, func(column int, cell *batch.Cell, o order) {
				if r.agreed(column, o) {
					row.Cells[column] = *cell
				}
			})
		})
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

// cell is one of ours in a row as it was read.
func (t *Table) cell(row *batch.Row, c resultmark.Column) string {
	if i, there := t.at[c]; there && i < len(row.Cells) {
		return strings.TrimSpace(row.Cells[i].Text)
	}
	return ""
}

// Notes is what was recognised and not handed on, without what is ours; complete after Rows ended.
func (t *Table) Notes() []batch.Note {
	notes := t.inner.Notes()
	if t.marked || len(t.Reading.Ours) > 0 || t.Reading.Again != nil {
		notes = slices.DeleteFunc(notes, ofOurSheets)
	}
	notes = append(notes, t.more...)
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
			return strings.HasPrefix(name, resultmark.Sheet) || summary(name)
		}
	}
	return false
}

func summary(name string) bool {
	stem, number, _ := strings.Cut(name, " (")
	if _, err := strconv.Atoi(strings.TrimSuffix(number, ")")); number != "" && err != nil {
		return false
	}
	return slices.ContainsFunc(batch.Languages(), func(l batch.Language) bool { return words.Of(l, "workbookresult.sheet.summary") == stem })
}
