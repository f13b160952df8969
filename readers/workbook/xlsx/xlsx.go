// Package xlsx opens .xlsx and .xlsm workbooks strictly and as streams: damage anywhere in a part that is needed refuses the
// whole file.
package xlsx

import (
	"bytes"
	"io"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// Container is .xlsx and .xlsm.
var Container = grid.Container{
	Traits: readers.Traits{Name: "xlsx", Knows: func(c *readers.Content) bool { return c.Kind == readers.XLSX }, Grid: true, Typed: true, Patchable: true},
	Open:   Open, Check: ooxml.Check, Facts: Facts, MergedLast: true,
}

// Facts opens the workbook's table of contents and its custom properties; ones that cannot be read count as absent, because no
// value of the sender's depends on them.
func Facts(f readers.File, s readers.Settings) (readers.Facts, error) {
	a, err := ooxml.OpenWithin(f, s)
	if err != nil {
		return readers.Facts{}, err
	}
	contents, err := a.OpenWorkbook()
	if err != nil {
		return readers.Facts{}, err
	}
	var facts readers.Facts
	for _, s := range contents.Sheets {
		facts.Sheets = append(facts.Sheets, s.Name)
	}
	facts.Properties, _ = a.CustomProperties()
	return facts, nil
}

// Open reads everything but the sheets.
func Open(f readers.File, s readers.Settings) (grid.Book, error) {
	b := &book{rules: grid.RulesFor(s.Limits)}
	var err error
	if b.archive, err = ooxml.OpenWithin(f, s); err != nil {
		return nil, err
	}
	if b.contents, err = b.archive.OpenWorkbook(); err != nil {
		return nil, err
	}
	if part := b.contents.Styles; part != "" {
		if b.rules.Styles, err = b.archive.Styles(part); err != nil {
			return nil, err
		}
	}
	if part := b.contents.Strings; part != "" {
		if b.strings, err = b.archive.Strings(part, s.Limits.Strings); err != nil {
			return nil, err
		}
	}
	b.rules.Date1904, b.rules.Pending = b.contents.Date1904, b.contents.Pending
	return b, nil
}

type book struct {
	archive  *ooxml.Archive
	contents *ooxml.Workbook
	strings  *grid.Strings
	rules    grid.Rules
}

func (b *book) Close() error { return b.archive.Close() }

func (b *book) Tabs() []grid.Tab {
	tabs := make([]grid.Tab, len(b.contents.Sheets))
	for i, s := range b.contents.Sheets {
		tabs[i] = grid.Tab{Name: s.Name, Hidden: s.Hidden, Grid: s.Grid}
	}
	return tabs
}

func (b *book) Sheet(i int) (grid.Sheet, error) {
	scan, err := b.archive.ScanAgain(b.contents.Sheets[i].Part)
	if err != nil {
		return nil, err
	}
	s := &sheet{scan: scan, strings: b.strings, Base: grid.BaseFor(b.rules)}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// Merged reads the merged ranges, which stand behind the rows, without reading the rows; the part itself is checked when its
// rows are read.
func (b *book) Merged(i, through int) ([]grid.Area, error) {
	name := b.contents.Sheets[i].Part
	m := &merges{through: through}
	whole, err := b.archive.Whole(name)
	if whole != nil || err != nil {
		m.find(whole, true)
		return m.found, err
	}
	p, err := b.archive.Part(name)
	if err != nil {
		return nil, err
	}
	buf, kept := make([]byte, 64<<10), 0
	for {
		n, err := p.Read(buf[kept:])
		rest := m.find(buf[:kept+n], err != nil)
		if err == io.EOF || len(m.found) > mostMerges {
			return m.found, nil
		}
		if err != nil {
			return nil, err
		}
		kept = copy(buf, rest[max(0, len(rest)-longestMerge):])
	}
}

const (
	longestMerge = 256    // bytes of an element that names a range
	mostMerges   = 10_000 // more are not looked at
)

// merges looks for merged ranges that begin at row through or above it.
type merges struct {
	through int
	found   []grid.Area
}

// find gives what is left of w, in which another one may begin. last: nothing follows.
func (m *merges) find(w []byte, last bool) (rest []byte) {
	mark := []byte("mergeCell ")
	for len(m.found) <= mostMerges {
		i := bytes.Index(w, mark)
		if i < 0 || len(w)-i < longestMerge && !last {
			break
		}
		w = w[i+len(mark):]
		_, ref, ok := bytes.Cut(w[:min(len(w), longestMerge)], []byte("ref="))
		if !ok || len(ref) < 2 {
			continue
		}
		if end := bytes.IndexByte(ref[1:], ref[0]); end > 0 {
			if a, ok := parseArea(ref[1 : 1+end]); ok && a.Top <= m.through {
				m.found = append(m.found, a)
			}
		}
	}
	return w
}
