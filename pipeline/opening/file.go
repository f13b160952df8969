// Package opening is the front door of every file: what it is, is found out once; the rows that a template brought as its
// example are known; and only what shows a sign of being a result of ours is handed to who knows its family.
package opening

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
)

// File is one file of a route, whose format is known. It is used by one goroutine.
type File struct {
	Route  *route.Route
	Name   string // as its sender named it
	Format readers.Traits
	Member string // of a zip archive: the file in it that is read

	facts   readers.Facts
	content readers.File
	notes   []batch.Note // of the archive
	closer  io.Closer
	reader  readers.Reader
	own     *attempt                   // the route's own way
	tries   map[ledger.Manner]*attempt // other ways
}

// attempt is what came of opening the file in one way.
type attempt struct {
	table *Table
	err   error
}

// New finds out what format the content has, by the content and the name it carries. It takes o over, and closes it with an error:
// *batch.Unreadable when nobody reads such a file.
func New(ctx context.Context, r *route.Route, o batch.Original, name string) (*File, error) {
	f := readers.File{Name: name, Size: o.Size(), ReaderAt: o}
	inside, err := formats.Unzip(ctx, f, r.Read)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	opened := &File{Route: r, Name: name, content: f, closer: o, tries: map[ledger.Manner]*attempt{}}
	if inside != nil {
		opened.content, opened.Member, opened.notes, opened.closer = inside.File, inside.Member, inside.Notes, both{inside, o}
	}
	if opened.reader, err = formats.Of(opened.content); err != nil {
		return nil, errors.Join(err, opened.closer.Close())
	}
	opened.Format = opened.reader.Traits()
	return opened, nil
}

// both closes two.
type both [2]io.Closer

func (b both) Close() error { return errors.Join(b[0].Close(), b[1].Close()) }

// At is New for the content at a path of this machine.
func At(ctx context.Context, r *route.Route, path, name string) (*File, error) {
	o, err := local.Original(path)
	if err != nil {
		return nil, err
	}
	return New(ctx, r, o, name)
}

// Table opens the file as it may have been written; nil is the route's own way. The same way gives the same table again, which
// lasts as long as the file.
func (f *File) Table(ctx context.Context, m *ledger.Manner) (*Table, error) {
	a := f.own
	if m != nil {
		a = f.tries[*m]
	}
	if a != nil {
		return a.table, a.err
	}
	a = &attempt{}
	if m == nil {
		f.own = a
	} else {
		f.tries[*m] = a
	}
	inner, err := f.reader.Open(ctx, f.content, settings(f.Route, m))
	if err != nil {
		a.err = err
		return nil, err
	}
	a.table = &Table{File: f, inner: inner, Reading: ledger.Reading{Manner: m, Member: f.Member}, More: slices.Clone(f.notes)}
	a.table.Hide(nil)
	return a.table, nil
}

// Opened is how often a reader opened the file.
func (f *File) Opened() int {
	if f.own != nil {
		return len(f.tries) + 1
	}
	return len(f.tries)
}

// Close ends reading of all tables.
func (f *File) Close() error {
	var errs []error
	for _, a := range append(slices.Collect(maps.Values(f.tries)), f.own) {
		if a != nil && a.table != nil {
			errs = append(errs, a.table.inner.Close())
		}
	}
	return errors.Join(append(errs, f.closer.Close())...)
}

func settings(r *route.Route, m *ledger.Manner) readers.Settings {
	if m == nil {
		return r.Read
	}
	s := r.Read
	if m.Plain {
		s = r.Plain()
	}
	s.Sheet, s.Header, s.Encoding = m.Sheet, m.Header, cmp.Or(m.Encoding, s.Encoding)
	return s
}
