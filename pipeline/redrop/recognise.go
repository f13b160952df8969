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
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/resultmark"
)

// Books are what is known of earlier files.
type Books struct {
	Ledger ledger.Books // nil: nothing is known
}

// For gives what is known to a file that is being taken under the id self, "" for none.
func (b Books) For(self string) opening.Families { return known{b, self} }

type known struct {
	Books
	self string
}

// Recognise implements opening.Families. An error says that the file of the result is not known here, or that it belongs to another
// route.
func (k known) Recognise(ctx context.Context, f *opening.File, s *opening.Signs) (*opening.Table, opening.Plan, error) {
	r := &recognition{Books: k.Books, ctx: ctx, file: f, route: f.Route, self: k.self, signs: s}
	t, err := r.table()
	if err != nil || t == nil || t.Reading.Again == nil {
		return t, nil, err
	}
	p, err := r.plan(t)
	if err != nil {
		return nil, nil, err
	}
	p.examples, err = t.Examples()
	return t, p, err
}

// recognition is the work on one file.
type recognition struct {
	Books
	ctx   context.Context
	file  *opening.File
	route *route.Route
	self  string
	signs *opening.Signs

	base   *ledger.File // whose result it is
	family *family
}

// table finds out how the file is to be read; nil as the route says.
func (o *recognition) table() (*opening.Table, error) {
	if err := o.findBase(); err != nil {
		return nil, err
	}
	ordinary, ours, err := o.tries()
	if len(ours) == 0 && err != nil && o.base != nil {
		if ours, err = o.spelt(err); err != nil {
			return nil, err
		}
	}
	switch {
	case len(ours) > 0:
	case err != nil:
		return nil, err
	case o.base != nil && o.strange() == nil:
		return ordinary, o.bind(ordinary) // our columns were taken out of what its marks or its name still call a result
	default:
		return ordinary, nil
	}
	if o.base == nil {
		if fresh, err := o.preview(ours[0]); fresh || err != nil {
			return ours[0], err
		}
	}
	if o.base == nil && o.signs.ID == "" {
		if err := o.compare(ours[0]); err != nil {
			return nil, err
		}
	}
	t, err := o.best(ours)
	if err == nil {
		err = o.bind(t)
	}
	return t, err
}

// tries opens the file in all the ways it may have been written. ordinary is the route's own way unless our columns showed in
// it, and err why that did not go; ours are those in which they did.
func (o *recognition) tries() (ordinary *opening.Table, ours []*opening.Table, err error) {
	for _, m := range o.file.Manners(o.signs) {
		t, wrong := o.file.Table(o.ctx, m)
		if m == nil {
			err = wrong
		}
		if wrong != nil {
			if _, told := errors.AsType[*batch.Unreadable](wrong); told {
				continue
			}
			return ordinary, ours, wrong
		}
		t.Marked = o.signs.Marked
		found := resultmark.Find(t.Headings())
		if len(found.Columns) > 0 && !found.Sure && o.base == nil {
			if err := o.resembles(t, found.Columns); err != nil {
				return ordinary, ours, err
			}
		}
		switch {
		case found.Sure || len(found.Columns) > 0 && o.base != nil:
			t.Hide(found.Columns)
			ours = append(ours, t)
			if o.fits(t) && (!o.file.Format.Text || o.route.Read.Encoding == "") {
				return ordinary, ours, nil
			}
		case m == nil:
			ordinary = t
		}
	}
	return ordinary, ours, err
}

// spelt finds the encoding of a short text that alone does not tell it, as a program saved it: the one in which it says what the base says.
// wrong is why it could not be read, and the error where no encoding is better than all others.
func (o *recognition) spelt(wrong error) (ours []*opening.Table, err error) {
	u, told := errors.AsType[*batch.Unreadable](wrong)
	if !told {
		return nil, wrong
	}
	most, several := 0, false
	for _, name := range u.Encodings {
		t, err := o.file.Table(o.ctx, &ledger.Manner{Header: o.route.Read.Header, Encoding: name})
		if _, told := errors.AsType[*batch.Unreadable](err); told {
			continue
		}
		if err != nil {
			return nil, err
		}
		t.Hide(resultmark.Find(t.Headings()).Columns)
		n, err := o.letters(t)
		if _, told := errors.AsType[*batch.Unreadable](err); err != nil && !told {
			return nil, err
		}
		switch {
		case n > most:
			most, several, ours = n, false, []*opening.Table{t}
		case n == most:
			several = true
		}
	}
	if most == 0 || several || len(ours[0].Reading.Ours) == 0 {
		return nil, wrong
	}
	return ours, nil
}

// resembles takes a table with few columns like ours for a result where they call rows sent, or give each its number and what became of it, and an
// earlier file has these rows: people leave in only what is to be mended.
func (o *recognition) resembles(t *opening.Table, columns map[int]resultmark.Column) error {
	t.Hide(columns)
	defer t.Hide(nil)
	lines, err := o.lines(t, &ledger.Reading{Columns: t.Columns()})
	if _, told := errors.AsType[*batch.Unreadable](err); told {
		return nil // whoever reads it as an ordinary file says so
	}
	if err != nil {
		return err
	}
	told := slices.ContainsFunc(lines, func(l dropped) bool { return l.told() })
	if silent := slices.ContainsFunc(lines, func(l dropped) bool { return l.status == "" || l.number == 0 }); silent && !told {
		return nil
	}
	return o.compare(t)
}

// fits reports whether a table has the columns of the base: a heading of two rows may have been read as one.
func (o *recognition) fits(t *opening.Table) bool {
	return o.base == nil || covers(t.Columns(), o.base.Reading.Columns)
}

// findBase looks up the file that the marks, or else the name, speak of. It stays nil when nothing does or the ledger
// does not know it.
func (o *recognition) findBase() error {
	ids := o.signs.Names
	if o.signs.ID != "" {
		ids = []string{o.signs.ID}
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
func (o *recognition) bind(t *opening.Table) error {
	if o.base == nil {
		return opening.Refuse("redrop.lost", "id", cmp.Or(o.signs.ID, "?"))
	}
	if err := o.strange(); err != nil {
		return err
	}
	var err error
	if o.family, err = o.load(); err != nil {
		return err
	}
	t.Reading.Again = &ledger.Again{Root: o.base.Root(), Base: o.base.ID, Known: o.family.known(), Sending: o.family.sending()}
	return nil
}

// strange says why what is known of the base tells nothing about this route. A route that is not there any more was renamed: what it sent with
// the same account and operation counts for the one that a person drops its result into.
func (o *recognition) strange() error {
	switch f := o.base; {
	case f.Route != o.route.Name && slices.Contains(o.route.Others, f.Route):
		return opening.Refuse("redrop.route", "id", f.ID, "name", f.Name, "route", f.Route, "this", o.route.Name)
	case f.Account != o.route.Account || f.Operation != o.route.Operation.ID:
		return opening.Refuse("redrop.operation", "id", f.ID, "name", f.Name, "account", f.Account, "operation", f.Operation)
	}
	return nil
}

// preview reports whether the file is no result but tells what would happen: nothing of it was sent, so it is an ordinary
// file that happens to have our columns.
func (o *recognition) preview(t *opening.Table) (fresh bool, err error) {
	would, other := strings.Contains(o.file.Name, ".preview"), false
	t.Both(func(_, whole *batch.Row, wrong error) bool {
		if err = wrong; err != nil {
			return false
		}
		word := t.Cell(whole, resultmark.Status)
		if t.Cell(whole, resultmark.SentAt) != "" {
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

// again opens an earlier file as it was read; where its copy is not kept any longer, that is why the dropped file is refused.
func (b Books) again(ctx context.Context, r *route.Route, f *ledger.File) (*opening.Table, error) {
	o, err := ledger.Whole(ctx, b.Ledger.Copies(), *f)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, opening.Refuse("redrop.gone", "id", f.ID, "name", f.Name)
	}
	if err != nil {
		return nil, err
	}
	return opening.Again(ctx, r, o, f.Name, f.Reading)
}
