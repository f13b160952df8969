// Package ods opens OpenDocument spreadsheets, packed (.ods) and flat (.fods), strictly: the XML is well-formed to its end, the
// checksums of the zip are right.
package ods

import (
	"bytes"
	"io"
	"strconv"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/markup"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// part is where the sheets lie.
const part = "content.xml"

// Container is OpenDocument, packed or flat.
var Container = grid.Container{
	Traits: readers.Traits{Name: "ods", Knows: func(c *readers.Content) bool { return c.Kind == readers.ODS }, Grid: true, Typed: true},
	Open:   Open, Check: Check,
}

// Check looks whether the zip is closed and its parts lie within it, or whether the XML is well-formed to its end.
func Check(f readers.File, s readers.Settings) error {
	b := &book{limits: ooxml.LimitsFor(s.Limits)}
	if err := b.open(f, s.Encoding); err != nil || b.archive != nil {
		return err
	}
	all, err := b.scan()
	if err != nil {
		return err
	}
	if err := all.Rest(); err != nil {
		return all.Wrap(err)
	}
	return nil
}

type book struct {
	archive *ooxml.Archive
	text    *markup.Text // of a flat one, and of one that is small
	root    []byte       // its tag, which declares the namespaces
	at      []int64      // where in the text each sheet begins
	limits  ooxml.Limits
	rules   grid.Rules
	styles  *styles
	grid.Contents
	length int64 // of the content
	spent  int64 // on the way to sheets
}

const (
	maxSheets = 10_000

	// small is what is kept in memory, so that a sheet can be read without what stands before it.
	small = 32 << 20

	// cheap is how much of a larger one may be read again on the way to sheets, whatever its size.
	cheap = 512 << 20
)

// Open reads everything once, but for the values.
func Open(f readers.File, s readers.Settings) (grid.Book, error) {
	b := &book{limits: ooxml.LimitsFor(s.Limits), rules: grid.RulesFor(s.Limits), styles: newStyles()}
	if err := b.open(f, s.Encoding); err != nil {
		return nil, err
	}
	if b.archive != nil {
		if err := b.encrypted(); err != nil {
			return nil, err
		}
		if b.archive.Has("styles.xml") {
			s, err := b.archive.Scan("styles.xml")
			if err != nil {
				return nil, err
			}
			if err := b.survey(scan{s.Scanner, s}); err != nil {
				return nil, err
			}
		}
	}
	if err := b.keep(); err != nil {
		return nil, err
	}
	all, err := b.scan()
	if err != nil {
		return nil, err
	}
	if err := b.survey(all); err != nil {
		return nil, err
	}
	b.length = all.TokenEnd
	if len(b.Listed) == 0 {
		return nil, &grid.Error{Part: part, Reason: grid.Structure}
	}
	b.rules.Styles = b.styles.resolve()
	return b, nil
}

func (b *book) open(f readers.File, encoding string) (err error) {
	var magic [2]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil {
		return err
	}
	if string(magic[:]) == "PK" {
		b.archive, err = ooxml.OpenArchive(f, f.Size, b.limits)
		return err
	}
	b.limits.Token = max(b.limits.Token, 64<<20) // pictures stand in it as texts
	b.text, err = markup.Open(f, encoding)
	return err
}

// keep unpacks a small content.
func (b *book) keep() error {
	if b.archive == nil || b.archive.Size(part) > small {
		return nil
	}
	p, err := b.archive.Part(part)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(p)
	if err != nil || len(content) == 0 {
		return err
	}
	b.text, err = markup.Open(readers.File{Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}, "")
	return err
}

// encrypted looks into the list of parts, which says how each is encrypted.
func (b *book) encrypted() error {
	const list = "META-INF/manifest.xml"
	if !b.archive.Has(list) {
		return nil
	}
	s, err := b.archive.Scan(list)
	if err != nil {
		return err
	}
	for t, err := range s.All() {
		if err != nil {
			return s.Wrap(err)
		}
		if t == ooxml.Start && string(s.Name) == "encryption-data" {
			return readers.Refuse("kind.encrypted")
		}
	}
	return nil
}

// scan is a scanner of the content that can say what its errors mean.
type scan struct {
	*ooxml.Scanner
	judge
}

type judge interface {
	Wrap(error) error
	Misfit(format string, args ...any) error
}

func (b *book) scan() (scan, error) {
	if b.text != nil {
		s, err := markup.Scan(b.text, part, b.limits)
		if err != nil {
			return scan{}, err
		}
		return scan{s.Scanner, s}, nil
	}
	s, err := b.archive.Scan(part)
	if err != nil {
		return scan{}, err
	}
	return scan{s.Scanner, s}, nil
}

// survey reads a part for its styles and sheets.
func (b *book) survey(s scan) error {
	for t, err := range s.All() {
		if err != nil {
			return s.Wrap(err)
		}
		if t != ooxml.Start {
			continue
		}
		if m, flat := s.judge.(*markup.Scanner); flat && s.Depth() == 1 {
			if b.root, err = b.text.Tag(m); err != nil {
				return err
			}
		}
		switch name := string(s.Name); name {
		case "tracked-changes":
			err = s.Wrap(s.Skip())
		case "style":
			err = b.styles.addStyle(s)
		case "number-style", "currency-style", "percentage-style", "date-style", "time-style":
			err = b.styles.addFormat(s, name)
		case "table":
			err = b.table(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// table takes a sheet and goes to its end.
func (b *book) table(s scan) error {
	if len(b.Listed) == maxSheets {
		return &grid.Error{Part: part, Reason: grid.TooMany, Limit: maxSheets}
	}
	name, _ := s.Attr("table:name")
	style, _ := s.Attr("table:style-name")
	if m, flat := s.judge.(*markup.Scanner); flat {
		b.at = append(b.at, m.Start())
	}
	b.Listed = append(b.Listed, grid.Listed{Tab: grid.Tab{Name: string(name), Hidden: b.styles.hidden[string(style)], Grid: true}})
	return s.Wrap(s.Skip())
}

// Sheet goes to sheet i.
func (b *book) Sheet(i int) (grid.Sheet, error) {
	sc, err := b.find(i)
	if err != nil {
		return nil, err
	}
	return &sheet{book: b, scan: sc, depth: sc.Depth(), Base: grid.BaseFor(b.rules)}, nil
}

// find gives a scanner that has just read the tag of sheet i.
func (b *book) find(i int) (scan, error) {
	if b.text == nil {
		return b.search(i)
	}
	m := markup.ScanFrom(b.text, b.root, b.at[i], part, b.limits)
	for {
		t, err := m.Next()
		if err != nil {
			return scan{}, m.Wrap(err)
		}
		if t == ooxml.Start && m.Depth() == 2 {
			return scan{m.Scanner, m}, nil
		}
	}
}

// search goes there from the beginning.
func (b *book) search(i int) (scan, error) {
	sc, err := b.scan()
	if err != nil {
		return scan{}, err
	}
	for n := 0; ; {
		t, err := sc.Next()
		if err != nil {
			return scan{}, sc.Wrap(err)
		}
		name := string(sc.Name)
		if t != ooxml.Start || name != "table" && name != "tracked-changes" {
			continue
		}
		if n == i && name == "table" {
			break
		}
		if name == "table" {
			n++
		}
		if err := sc.Skip(); err != nil {
			return scan{}, sc.Wrap(err)
		}
	}
	if b.spent += sc.TokenStart; b.spent > max(cheap, 16*b.length) {
		return scan{}, &grid.Error{Part: part, Reason: grid.TooMany, Limit: len(b.Listed)}
	}
	return sc, nil
}

// Merged are the cells that span others.
func (b *book) Merged(i, through int) ([]grid.Area, error) {
	return grid.Spans(b.Sheet, i, through)
}

// count reads a number of repetitions, which is 1 where it is not said.
func count(s scan, name string) (int, error) {
	v, ok := s.Attr(name)
	if !ok {
		return 1, nil
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(v)))
	if err != nil || n < 1 || n > 1<<30 {
		return 0, s.Misfit("%s=%q", name, grid.Shorten(string(v)))
	}
	return n, nil
}
