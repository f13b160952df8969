// Package xmlfile reads XML: the repeated element is a row, its attributes and nested elements are the columns.
package xmlfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/words"
)

// New returns the reader of XML files. Memory does not grow with the number of records.
func New() readers.Reader { return reader{} }

type reader struct{}

func (reader) Traits() readers.Traits {
	return readers.Traits{Name: "xml", Knows: func(c *readers.Content) bool { return c.Kind == readers.XML }}
}

// Facts are none: a document says nothing of itself that is not a row.
func (reader) Facts(context.Context, readers.File, readers.Settings) (readers.Facts, error) {
	return readers.Facts{}, nil
}

// Open reads the file to its end: once to know the records (their element is found when it is not configured) and that
// the document is whole, once more to know their columns. Rows reads it again.
func (reader) Open(ctx context.Context, f readers.File, s readers.Settings) (readers.Table, error) {
	t := &opened{ctx: ctx, file: f, settings: s, limits: s.Limits.Filled()}
	found, err := t.survey()
	if err != nil {
		return nil, err
	}
	if s.Wants != nil {
		found = t.byLabels(found)
	}
	if t.record, err = found.choose(s.Record, s.Wants); err != nil {
		return nil, err
	}
	t.notes = append(t.notes, found.notes...)
	if t.record == nil {
		return t, nil
	}
	if s.Record == "" {
		t.notes = append(t.notes, batch.Note{Message: words.Message("xml.found", "path", t.record.String()), Count: t.record.total})
	}
	for _, o := range found.leftOut(t.record) {
		t.notes = append(t.notes, batch.Note{Message: words.Message("xml.note.other", "path", short(o.String()), "count", o.total), Count: o.total})
	}
	if t.record.total > t.limits.Rows {
		return nil, readers.Refuse("xml.rows", "path", t.record.String(), "limit", t.limits.Rows)
	}
	t.shape = newShape(t.limits.Columns)
	if err := t.collect(); err != nil {
		return nil, err
	}
	var habits []table.Habit
	t.columns, habits = t.shape.layOut(t.record.name)
	if s.Wants != nil {
		t.expect(s.Wants, habits)
	}
	return t, nil
}

// expect prepares the columns for words that stand for no value, and for decimals. NA is no such word here: it may be a country.
func (t *opened) expect(w readers.Wants, habits []table.Habit) {
	t.habits = habits
	for i := range t.habits {
		t.habits[i].Codes = true
	}
	fit := w.Fit(t.columns)
	table.Expect(t.habits, fit)
	t.first = firsts(t.columns, fit)
}

var repeated = patterns.New(`\[\d+\]`)

// firsts finds for each column that nothing takes whether it holds what another one of that name holds already, of which something is
// taken: "item[2]" beside "item". -1: none.
func firsts(columns []batch.Column, fit batch.Fit) []int {
	var out []int
	for i, c := range columns {
		if fit.Fields[i] != "" || !strings.Contains(c.Ref, "[") {
			continue
		}
		first := repeated.ReplaceAllString(c.Ref, "")
		at := slices.IndexFunc(columns, func(o batch.Column) bool { return o.Ref == first })
		if at < 0 || fit.Fields[at] == "" {
			continue
		}
		if out == nil {
			out = slices.Repeat([]int{-1}, len(columns))
		}
		out[i] = at
	}
	return out
}

// twice is what is wrong with a record that has another value where the route takes one; nil when it has not.
func (t *opened) twice(values []string) *batch.Message {
	for i, at := range t.first {
		if at >= 0 && values[i] != "" && values[i] != values[at] {
			m := words.Message("xml.row.twice", "element", t.columns[at].Name, "value", short(values[at]), "other", short(values[i]), "second", t.columns[i].Name)
			return &m
		}
	}
	return nil
}

// Complete reads the document to its end without keeping anything. One that ends too early is a *batch.Unreadable
// with Incomplete set; what Open cannot read is refused here with the same error.
func (reader) Complete(ctx context.Context, f readers.File, s readers.Settings) error {
	t := &opened{ctx: ctx, file: f, settings: s, limits: s.Limits.Filled()}
	d, err := t.document()
	if err != nil {
		return err
	}
	for {
		if _, err := d.next(); err != nil {
			return ended(err)
		}
	}
}

// opened is one XML file whose records and columns are known.
type opened struct {
	ctx      context.Context // of Open; Rows obeys it
	file     readers.File
	settings readers.Settings
	limits   readers.Limits
	verdict  *verdict // on the encoding
	record   *trail   // nil: the document has none
	labels   []*trail // elements in which all others are called by their attribute
	shape    *shape
	columns  []batch.Column
	habits   []table.Habit // nil: what stands there is read as it is
	first    []int         // see firsts
	notes    []batch.Note
	none     tally        // cells that hold only a word for no value
	escaped  tally        // and those in which characters were escaped twice
	veiled   tally        // and those with marks that nobody sees
	left     []batch.Note // what was left out, by the words that say so
}

func (t *opened) Columns() []batch.Column { return t.columns }

// Notes tells of cells that hold only a word for no value, and of those with characters that were escaped twice, besides what was seen when the document was opened.
func (t *opened) Notes() []batch.Note {
	notes := slices.Clip(t.notes)
	for _, n := range t.left {
		n.Message.Args = []any{"count", n.Count}
		notes = append(notes, n)
	}
	notes = t.none.note(notes, "table.note.no_value")
	notes = t.escaped.note(notes, "table.note.escaped")
	return t.veiled.note(notes, "table.note.veiled")
}

// remark judges record n, as rows of tables are: left, it is a total or the like and was noted; or what is wrong with it.
func (t *opened) remark(n int, values []string) (left bool, wrong *batch.Message) {
	first := slices.IndexFunc(values, func(v string) bool { return strings.TrimSpace(v) != "" })
	if t.habits == nil || first < 0 || n > table.Near && !table.MayRemark([]byte(strings.TrimSpace(values[first]))) {
		return false, nil
	}
	what, doubt := table.Remarked(values, len(values), n, false)
	switch {
	case doubt:
		m := words.Message("table.row.doubtful")
		return false, &m
	case what == table.Record:
		return false, nil
	}
	key := what.Note()
	i := slices.IndexFunc(t.left, func(o batch.Note) bool { return o.Message.Key == key })
	if i < 0 {
		i, t.left = len(t.left), append(t.left, batch.Note{Message: words.Message(key), Row: n})
	}
	t.left[i].Count++
	return true, nil
}

// tally counts cells of one kind; value is the first one's.
type tally struct {
	first, count int
	value        string
}

func (n *tally) note(notes []batch.Note, key string) []batch.Note {
	if n.count == 0 {
		return notes
	}
	return append(notes, batch.Note{Message: words.Message(key, "value", n.value, "count", n.count), Row: n.first, Count: n.count})
}

func (n *tally) add(record int, value string) {
	if n.count++; n.count == 1 {
		n.first, n.value = record, value
	}
}
func (t *opened) Close() error { return nil }

// Layout is the path of the records.
func (t *opened) Layout() readers.Layout {
	if t.record == nil {
		return readers.Layout{}
	}
	return readers.Layout{Record: t.record.String()}
}

// Rows gives one row for each record.
func (t *opened) Rows() iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		if t.record == nil {
			return
		}
		d, err := t.document()
		if err != nil {
			yield(nil, err)
			return
		}
		row := &batch.Row{Cells: make([]batch.Cell, len(t.columns))}
		t.none, t.escaped, t.veiled, t.left = tally{}, tally{}, tally{}, nil
		values := make([]string, len(t.columns))
		err = t.records(d, func(n int) error {
			row.Number = n
			clear(values)
			if err := t.shape.read(d, func(column int, text string) { values[column] = text }); err != nil {
				return err
			}
			left, wrong := t.remark(n, values)
			if left {
				return nil
			}
			for i, v := range values {
				if t.habits != nil {
					v = t.unveil(n, v)
				}
				if t.habits != nil && v != "" && t.habits[i].NoValue(v) {
					t.none.add(n, v)
					row.Cells[i] = table.Void(v)
					continue
				}
				if t.habits != nil && v != "" {
					if d, is := table.Ditto(v); is {
						row.Cells[i] = d
						continue
					}
					if text, mark := table.Unescaped(v); mark != "" {
						t.escaped.add(n, mark)
						v = text
					}
				}
				row.Cells[i] = cell(v)
				if t.habits != nil {
					if c, is := t.habits[i].Ambiguous(v); is {
						row.Cells[i] = c
					}
				}
			}
			if t.habits != nil {
				for _, i := range t.shape.mixed {
					m := words.Message("xml.cell.mixed", "value", short(values[i]))
					row.Cells[i] = batch.Cell{Text: values[i], Kind: batch.Faulty, Problem: &m}
				}
			}
			if row.Problem = wrong; wrong == nil {
				row.Problem = t.twice(values)
			}
			if !yield(row, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// unveil is a value without marks that nobody sees.
func (t *opened) unveil(record int, value string) string {
	text, mark := table.Unveiled(value)
	if mark == 0 || strings.TrimSpace(text) == "" {
		return value
	}
	t.veiled.add(record, fmt.Sprintf("%U", mark))
	return text
}

var errStop = errors.New("nobody wants more rows")

// collect makes the columns of all records known.
func (t *opened) collect() error {
	d, err := t.document()
	if err != nil {
		return err
	}
	return t.records(d, func(int) error { return t.shape.learn(d) })
}

// records calls take at the start of each record; take must read to its end.
func (t *opened) records(d *document, take func(n int) error) error {
	n := 0
	for {
		tok, err := d.next()
		if err != nil {
			return ended(err)
		}
		if tok.kind != start || len(d.open) != t.record.depth || !t.record.matches(d.open) {
			continue
		}
		n++
		if err := take(n); err != nil {
			return err
		}
	}
}

// ended turns the regular end of the document into nil.
func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// cell is a value as text; one that Excel destroyed before it got here is Faulty.
func cell(text string) batch.Cell {
	switch {
	case text == "":
		return batch.Cell{}
	case strings.TrimSpace(text) == "":
		return batch.Cell{Text: text}
	case strings.ContainsRune(text, utf8.RuneError):
		m := words.Message("csv.cell.lost_character", "value", text)
		return batch.Cell{Text: text, Kind: batch.Faulty, Problem: &m}
	case table.Failed(text):
		m := words.Message("csv.cell.failure", "value", text)
		return batch.Cell{Text: text, Kind: batch.Faulty, Problem: &m}
	case table.Destroyed(text):
		m := words.Message("xml.cell.exponent", "value", text)
		return batch.Cell{Text: text, Kind: batch.Faulty, Problem: &m}
	}
	if meant, garbled := charset.Garbled(text); garbled {
		m := words.Message("csv.cell.garbled", "value", text, "meant", meant)
		return batch.Cell{Text: text, Kind: batch.Faulty, Problem: &m}
	}
	return batch.Cell{Text: text, Kind: batch.String}
}
