package redrop

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/templates"
	"github.com/rowferry/rowferry/words"
)

// Books are what is known of earlier files.
type Books struct {
	Ledger ledger.Books // nil: nothing is known
	Spool  string       // folder of private copies, one a file, named by its id
}

// Open opens the content at path under the name its sender gave it, and decides what it is. An ordinary file has no plan. A result
// of an earlier file has one, and its table shows the sender's columns only; self is the id it is being taken under, "" for none.
//
// *batch.Unreadable when it cannot be read, and when it is a result that nothing can be done with now: its file is not
// known here, belongs to another route, or a file of its family is still being sent.
func (b Books) Open(ctx context.Context, r *route.Route, path, name, self string) (*Table, *Plan, error) {
	o := &opening{Books: b, ctx: ctx, route: r, path: path, name: name, self: self}
	t, err := o.open()
	if err != nil {
		return nil, nil, err
	}
	var p *Plan
	if t.Reading.Again != nil {
		p, err = o.plan(t)
	}
	if err == nil {
		p, err = o.examples(t, p)
	}
	if err != nil {
		return nil, nil, errors.Join(err, t.Close())
	}
	return t, p, nil
}

// examples finds the rows that a template brought as its example and that are as they were. Where there are no others, somebody
// tries the template out: then they are data.
func (o *opening) examples(t *Table, p *Plan) (*Plan, error) {
	e := templates.ExamplesOf(o.properties, o.route.Operation)
	if e == nil {
		return p, nil
	}
	again, err := Reopen(o.ctx, o.route, o.path, o.name, t.Reading)
	if err != nil {
		return nil, err
	}
	defer again.Close()
	is, found, others := e.In(again.Columns()), map[int]bool{}, 0
	for row, err := range again.Rows() {
		if err != nil {
			return nil, err
		}
		if is(row) {
			found[row.Number] = true
		} else {
			others++
		}
	}
	if len(found) == 0 || others == 0 {
		return p, nil
	}
	if p == nil {
		p = &Plan{}
	}
	p.examples = found
	return p, nil
}

// opening is the work on one file.
type opening struct {
	Books
	ctx              context.Context
	route            *route.Route
	path, name, self string

	properties map[string]string // of a workbook

	marks  marks
	base   *ledger.File // whose result it is
	family *family
}

// marks is what a file carries beside our columns.
type marks struct {
	id     string // of the file it is the result of; "" when nothing says so
	sheet  string // where in the workbook the rows are; "" when nothing says so
	header string
	any    bool // it is a workbook of ours, whatever is left of it
}

// open finds out what the file is and opens it accordingly.
func (o *opening) open() (*Table, error) {
	format, facts, err := o.route.Look(o.ctx, o.path, o.name)
	if err != nil {
		return nil, err
	}
	o.properties = facts.Properties
	o.readMarks(facts)
	if format.Grid {
		if err := o.findBase(); err != nil {
			return nil, err
		}
	}
	ordinary, ours, err := o.tries(format)
	defer func() {
		for _, t := range ours {
			t.Close()
		}
	}()
	switch {
	case len(ours) > 0:
		if ordinary != nil {
			ordinary.Close()
		}
	case err != nil:
		return nil, err
	case o.base != nil && o.strange() == nil:
		return ordinary, o.bind(ordinary) // our columns were taken out of what its marks or its name still call a result
	default:
		return ordinary, nil
	}
	if o.base == nil {
		if fresh, err := o.preview(ours[0]); fresh || err != nil {
			return o.reopened(ours[0], err)
		}
	}
	if o.base == nil && o.marks.id == "" {
		if err := o.compare(ours[0]); err != nil {
			return nil, err
		}
	}
	t, err := o.best(ours)
	if err == nil {
		err = o.bind(t)
	}
	return o.reopened(t, err)
}

// reopened gives a table whose rows were looked at already afresh.
func (o *opening) reopened(t *Table, err error) (*Table, error) {
	if err != nil {
		return nil, err
	}
	again, err := Reopen(o.ctx, o.route, o.path, o.name, t.Reading)
	if err == nil {
		again.more, again.marked = t.more, t.marked
	}
	return again, err
}

// tries opens the file in all the ways it may have been written. ordinary is the route's own way unless our columns showed in
// it, and err why that did not go; ours are those in which they did.
func (o *opening) tries(format readers.Traits) (ordinary *Table, ours []*Table, err error) {
	for _, m := range o.manners(format) {
		t, wrong := o.try(m)
		if m == nil {
			err = wrong
		}
		if wrong != nil {
			if _, told := errors.AsType[*batch.Unreadable](wrong); told {
				continue
			}
			return ordinary, ours, wrong
		}
		found := resultmark.Find(route.Headings(t.inner.Columns()))
		if len(found.Columns) > 0 && !found.Sure && o.base == nil {
			if err := o.resembles(t, found.Columns); err != nil {
				t.Close()
				return ordinary, ours, err
			}
		}
		switch {
		case found.Sure || len(found.Columns) > 0 && o.base != nil:
			t.hide(found.Columns)
			ours = append(ours, t)
			if o.fits(t) && (!format.Text || o.route.Read.Encoding == "") {
				return ordinary, ours, nil
			}
		case m == nil:
			ordinary = t
		default:
			t.Close()
		}
	}
	return ordinary, ours, err
}

// resembles takes a table with few columns like ours for a result where they call rows sent and an earlier file has these rows.
func (o *opening) resembles(t *Table, columns map[int]resultmark.Column) error {
	t.hide(columns)
	defer t.hide(nil)
	lines, err := o.lines(t, t.Columns())
	if _, told := errors.AsType[*batch.Unreadable](err); told {
		return nil // whoever reads it as an ordinary file says so
	}
	if err != nil || !slices.ContainsFunc(lines, func(l line) bool { return l.told() }) {
		return err
	}
	return o.compare(t)
}

// fits reports whether a table has the columns of the base: a heading of two rows may have been read as one.
func (o *opening) fits(t *Table) bool {
	return o.base == nil || covers(t.Columns(), o.base.Reading.Columns)
}

func (o *opening) try(m *ledger.Manner) (*Table, error) {
	inner, err := o.route.OpenAs(o.ctx, o.path, o.name, settings(o.route, m))
	if err != nil {
		return nil, err
	}
	t := &Table{inner: inner, Format: inner.Format, Reading: ledger.Reading{Manner: m}, marked: o.marks.any}
	t.hide(nil)
	return t, nil
}

// manners lists how the file may have been written, the likeliest first; nil is the route's own way.
func (o *opening) manners(format readers.Traits) []*ledger.Manner {
	var list []*ledger.Manner
	if o.marks.sheet != "" {
		list = append(list, &ledger.Manner{Plain: true, Sheet: o.marks.sheet, Header: o.marks.header}, &ledger.Manner{Plain: true, Sheet: o.marks.sheet})
	}
	list = append(list, nil)
	if format.Grid && o.route.Read != o.route.Plain() && (format.Text || o.marks.any) {
		list = append(list, &ledger.Manner{Plain: true})
	}
	return list
}

// readMarks takes what a workbook says of itself.
func (o *opening) readMarks(facts readers.Facts) {
	o.marks.id = strings.TrimSpace(facts.Properties[resultmark.PropertyFile])
	hidden := slices.Contains(facts.Sheets, resultmark.Sheet)
	o.marks.any = hidden || o.marks.id != ""
	if !hidden {
		return
	}
	t, err := o.try(&ledger.Manner{Plain: true, Sheet: resultmark.Sheet, Header: "none"})
	if err != nil {
		return // what it would have told is told by the rest too
	}
	defer t.Close()
	for row, err := range t.Rows() {
		if err != nil || len(row.Cells) < 5 || row.Cells[0].Text != resultmark.Layout {
			return
		}
		o.marks.id = cmp.Or(o.marks.id, row.Cells[1].Text)
		if name := row.Cells[3].Text; slices.Contains(facts.Sheets, name) {
			o.marks.sheet, o.marks.header = name, row.Cells[4].Text
		}
		if o.marks.header == "0" {
			o.marks.header = ""
		}
		return
	}
}

var idPattern = regexp.MustCompile(`\d{8}-\d{6}-[0-9a-f]{4,12}`)

// findBase looks up the file that the marks, or else the name, speak of. It stays nil when nothing does or the ledger
// does not know it.
func (o *opening) findBase() error {
	ids := []string{o.marks.id}
	if o.marks.id == "" {
		ids = idPattern.FindAllString(o.name, -1)
		slices.Reverse(ids) // a result of a result ends with the newest
	}
	for _, id := range ids {
		if o.Ledger == nil || id == "" || id == o.self {
			continue
		}
		f, err := o.Ledger.File(o.ctx, id)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		switch f.State {
		case ledger.Sending, ledger.Settled, ledger.Reported:
			o.base = &f
			return nil
		}
	}
	return nil
}

// bind makes a table the result of the base, or says why nothing can be done with it.
func (o *opening) bind(t *Table) error {
	if o.base == nil {
		return refuse("redrop.lost", "id", cmp.Or(o.marks.id, "?"))
	}
	if err := o.strange(); err != nil {
		return err
	}
	var err error
	if o.family, err = o.load(); err != nil {
		return err
	}
	t.Reading.Again = &ledger.Again{Root: o.base.Root(), Base: o.base.ID, Known: o.family.known()}
	return nil
}

// strange says why what is known of the base tells nothing about this route.
func (o *opening) strange() error {
	switch f := o.base; {
	case f.Route != o.route.Name:
		return refuse("redrop.route", "id", f.ID, "name", f.Name, "route", f.Route, "this", o.route.Name)
	case f.Account != o.route.Account || f.Operation != o.route.Operation.ID:
		return refuse("redrop.operation", "id", f.ID, "name", f.Name, "account", f.Account, "operation", f.Operation)
	}
	return nil
}

func refuse(key string, args ...any) error {
	return &batch.Unreadable{Message: words.Message(key, args...)}
}

// preview reports whether the file is no result but tells what would happen: nothing of it was sent, so it is an ordinary
// file that happens to have our columns.
func (o *opening) preview(t *Table) (bool, error) {
	again, err := Reopen(o.ctx, o.route, o.path, o.name, t.Reading)
	if err != nil {
		return false, err
	}
	defer again.Close()
	would, other := strings.Contains(o.name, ".preview"), false
	again.both(func(_, whole *batch.Row, wrong error) bool {
		if err = wrong; err != nil {
			return false
		}
		word := again.cell(whole, resultmark.Status)
		if again.cell(whole, resultmark.SentAt) != "" {
			other = true // the preview of a result: some of it was sent
		}
		switch s, _ := resultmark.StatusOf(word); {
		case s == resultmark.WouldBeSent:
			would = true
		case word != "" && s != batch.Invalid && s != batch.Skipped:
			other = true
		}
		return !other
	})
	return would && !other, err
}

// Stem is the name that results of a file are called after: results of results keep the first file's name instead of collecting ids.
func Stem(f *ledger.File) string {
	if f.Reading.Again == nil {
		return f.Name
	}
	stem := resultPattern.ReplaceAllString(strings.TrimSuffix(f.Name, filepath.Ext(f.Name)), "")
	if stem == "" {
		return f.Name
	}
	return stem + filepath.Ext(f.Name)
}

// resultPattern is what a result's name adds to its file's, with what mail programs and browsers put behind it.
var resultPattern = regexp.MustCompile(`\.\d{8}-\d{6}-[0-9a-f]{4,12}(\.r\d+)?(\.(result|preview))?( ?\(\d+\))?$`)

// copyOf is where the private copy of a file lies.
func (b Books) copyOf(f *ledger.File) string { return filepath.Join(b.Spool, f.ID) }
