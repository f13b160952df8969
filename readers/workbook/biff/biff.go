// Package biff opens .xls workbooks of all versions, BIFF 2 to 8: records in a compound file or, before version 5, bare. It is
// strict: records that contradict each other, end too early or are encrypted refuse the file.
package biff

import (
	"encoding/binary"
	"errors"
	"io"

	"golang.org/x/text/encoding"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/ole"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// Check looks whether the file holds all of the workbook that it says it holds.
func Check(f readers.File, _ readers.Settings) error {
	r, size, err := open(f)
	if err != nil {
		return err
	}
	var last [1]byte
	if _, err := r.ReadAt(last[:], size-1); err != nil {
		return ole.Refusal(err)
	}
	return nil
}

// open finds the stream of the workbook's records.
func open(f readers.File) (io.ReaderAt, int64, error) {
	var magic [len(ole.Magic)]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if string(magic[:]) != ole.Magic {
		return f, f.Size, nil
	}
	c, err := ole.Open(f, f.Size)
	if err != nil {
		return nil, 0, ole.Refusal(err)
	}
	for _, name := range []string{"Workbook", "Book"} {
		s, err := c.Stream(name)
		if err == io.EOF {
			continue
		}
		if err != nil {
			return nil, 0, ole.Refusal(err)
		}
		if s.Size() > 0 {
			return s, s.Size(), nil
		}
	}
	return nil, 0, readers.Refuse("kind.ole")
}

// Container is .xls of all versions.
var Container = grid.Container{
	Traits: readers.Traits{Name: "xls", Knows: func(c *readers.Content) bool { return c.Kind == readers.XLS }, Grid: true, Typed: true},
	Open:   Open, Check: Check, Facts: Facts,
}

// Facts reads what the sheets share, but for the texts.
func Facts(f readers.File, s readers.Settings) (readers.Facts, error) {
	b, err := opened(f, s, false)
	if err != nil {
		return readers.Facts{}, err
	}
	return b.Facts(), nil
}

// Open reads everything but the sheets.
func Open(f readers.File, s readers.Settings) (grid.Book, error) {
	b, err := opened(f, s, true)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func opened(f readers.File, s readers.Settings, texts bool) (*book, error) {
	r, size, err := open(f)
	if err != nil {
		return nil, err
	}
	b := &book{stream: r, size: size, rules: grid.RulesFor(s.Limits), encoding: s.Encoding}
	b.rules.LastWins = true // as in the programs that read such files: a cell written twice shows what was written last
	if err := b.readGlobals(s.Limits.Strings, texts); err != nil {
		return nil, err
	}
	return b, nil
}

type book struct {
	stream   io.ReaderAt
	size     int64
	version  int // 2, 3, 4, 5 (also called 7) or 8
	codePage int
	encoding string            // that the route says its texts are in; else the code page tells
	sample   []byte            // texts beyond ASCII, before a code page is named
	decoder  *encoding.Decoder // made when it is needed
	grid.Contents
	strings  *grid.Strings
	rules    grid.Rules
	looked   int64 // bytes that were looked through before cells were read
	unstyled bool  // version 2 without styles: cells name their formats
	calc     bool  // LibreOffice or OpenOffice wrote it
	never    bool  // a program wrote it that calculates nothing
}

func (b *book) records(at int64, span int) *records {
	return &records{r: b.stream, size: b.size, span: span, at: at}
}

// Kinds of substreams, by their BOF.
const (
	ofGlobals   = 0x05
	ofSheet     = 0x10
	ofWorkspace = 0x100
)

// versionOf reads a BOF.
func versionOf(id int, data []byte) (version, kind int, err error) {
	if !begins(id) || len(data) < 4 {
		return 0, 0, misfit("the record %#x where a workbook begins", id)
	}
	kind = int(binary.LittleEndian.Uint16(data[2:]))
	switch id {
	case recBOF2:
		return 2, kind, nil
	case recBOF3:
		return 3, kind, nil
	case recBOF4:
		return 4, kind, nil
	}
	switch v := binary.LittleEndian.Uint16(data); v {
	case 0x0500:
		return 5, kind, nil
	case 0x0600:
		return 8, kind, nil
	case 0x0200, 0x0002, 0x0007:
		return 2, kind, nil
	case 0: // of programs that write a few records by hand, and no list of sheets
		if kind != ofSheet {
			return 0, 0, misfit("version %#x", v)
		}
		return 2, kind, nil
	case 0x0300:
		return 3, kind, nil
	case 0x0400:
		return 4, kind, nil
	default:
		return 0, 0, misfit("version %#x", v)
	}
}

// readGlobals reads what the sheets share. Before version 5, and in workbooks of one sheet alone, it stands within the sheet.
func (b *book) readGlobals(strings int, texts bool) error {
	rec := b.records(0, spanLong)
	if err := rec.next(); err != nil {
		return lost(err)
	}
	var kind int
	var err error
	if b.version, kind, err = versionOf(rec.id, rec.data); err != nil {
		return err
	}
	alone := kind != ofGlobals && kind != ofWorkspace
	if alone {
		b.Listed = []grid.Listed{{Tab: grid.Tab{Name: "Sheet 1", Grid: kind == ofSheet}}}
	}
	formats := formats{book: b, codes: map[int]string{}}
	for depth := 1; depth > 0; {
		if err := rec.next(); err != nil {
			return lost(err)
		}
		switch {
		case begins(rec.id):
			depth++
		case rec.id == recEOF:
			depth--
		case depth > 1, rec.id == recSST && !texts:
		default:
			err = b.global(rec, &formats, strings)
		}
		if err != nil {
			return err
		}
	}
	b.decoder = nil // formats may have texts, and come before those that tell the encoding
	b.rules.Styles = formats.styles()
	if len(b.Listed) == 0 {
		return misfit("the workbook lists no sheets")
	}
	return nil
}

// global takes one record of what the sheets share.
func (b *book) global(rec *records, f *formats, strings int) error {
	switch rec.id {
	case recFilePass:
		return readers.Refuse("kind.xls_encrypted")
	case recCodePage:
		if len(rec.data) >= 2 {
			b.codePage = int(binary.LittleEndian.Uint16(rec.data))
		}
	case recUser:
		b.calc, b.never = b.version == 8 && ofCalc(rec.data), ofXlwt(rec.data)
	case recDate1904:
		b.rules.Date1904 = len(rec.data) >= 2 && binary.LittleEndian.Uint16(rec.data) == 1
	case recBoundSheet:
		return b.bound(rec)
	case recSheetHeader:
		return b.bundled(rec)
	case recSST:
		if b.strings == nil {
			return b.readStrings(rec, strings)
		}
	case recLabel, recLabel2: // in a workbook of one sheet
		b.hear(rec.data)
	case recFormat, recFormat2:
		return f.addCode(rec)
	case recXF, recXF4, recXF3, recXF2:
		return f.addStyle(rec)
	}
	return nil
}

const maxSheets = 10_000

// bound takes a sheet of the list.
func (b *book) bound(rec *records) error {
	d := rec.data
	if len(d) < 7 {
		return misfit("a sheet of %d bytes", len(d))
	}
	if len(b.Listed) == maxSheets {
		return &grid.Error{Part: streamPart, Reason: grid.TooMany, Limit: maxSheets}
	}
	name, err := b.shortText(rec, d[6:], 1)
	if err != nil {
		return err
	}
	b.Listed = append(b.Listed, grid.Listed{
		Tab: grid.Tab{Name: string(name), Hidden: d[4]&3 != 0, Grid: d[5] == 0},
		At:  int64(binary.LittleEndian.Uint32(d)),
	})
	return nil
}

// bundled takes a sheet of a workspace of version 4, which follows its header.
func (b *book) bundled(rec *records) error {
	if len(rec.data) < 5 {
		return misfit("a sheet's header of %d bytes", len(rec.data))
	}
	if len(b.Listed) == maxSheets {
		return &grid.Error{Part: streamPart, Reason: grid.TooMany, Limit: maxSheets}
	}
	name, err := b.shortText(rec, rec.data[4:], 1)
	if err != nil {
		return err
	}
	b.Listed = append(b.Listed, grid.Listed{Tab: grid.Tab{Name: string(name), Grid: true}, At: rec.at})
	return nil
}

// shortText reads a text behind its length, which has so many bytes.
func (b *book) shortText(rec *records, d []byte, length int) ([]byte, error) {
	p := &pieces{rec: rec, data: d}
	n, err := p.number(length)
	if err != nil {
		return nil, err
	}
	if b.version == 8 {
		return p.wideText(nil, n)
	}
	if n > len(p.data) {
		return nil, misfit("a text of %d letters in %d bytes", n, len(p.data))
	}
	return b.narrowText(nil, p.data[:n])
}

// formats collects the number formats of the cells.
type formats struct {
	book  *book
	codes map[int]string
	count int   // of the codes
	size  int   // of them all
	ids   []int // of the styles' formats
}

// What a workbook may hold; a spreadsheet program keeps a sixteenth of it.
const (
	maxStyles      = 1 << 20
	maxFormatBytes = 8 << 20
)

func (f *formats) addCode(rec *records) error {
	d, id, length := rec.data, f.count, 1
	f.count++
	if f.book.version >= 4 {
		if len(d) < 2 {
			return misfit("a format of %d bytes", len(d))
		}
		if f.book.version > 4 {
			id = int(binary.LittleEndian.Uint16(d))
		}
		d = d[2:]
	}
	if f.book.version == 8 {
		length = 2
	}
	code, err := f.book.shortText(rec, d, length)
	if err != nil {
		return err
	}
	if f.size += len(code) + 16; f.size > maxFormatBytes {
		return &grid.Error{Part: streamPart, Reason: grid.OverFormats, Limit: maxFormatBytes}
	}
	f.codes[id] = string(code)
	return nil
}

func (f *formats) addStyle(rec *records) error {
	d := rec.data
	if len(d) < 4 {
		return misfit("a style of %d bytes", len(d))
	}
	id := int(binary.LittleEndian.Uint16(d[2:]))
	switch f.book.version {
	case 2:
		id = int(d[2] & 0x3f)
	case 3, 4:
		id = int(d[1])
	}
	if len(f.ids) == maxStyles {
		return &grid.Error{Part: streamPart, Reason: grid.OverFormats, Limit: maxStyles}
	}
	f.ids = append(f.ids, id)
	return nil
}

// styles are the number formats of the cells; nil when the workbook says nothing of them.
func (f *formats) styles() *grid.Styles {
	if f.book.version == 2 && len(f.ids) == 0 {
		f.book.unstyled = true
		for id := range f.count {
			f.ids = append(f.ids, id)
		}
	}
	if len(f.ids) == 0 {
		return nil
	}
	s := &grid.Styles{}
	for _, id := range f.ids {
		s.Add(id, f.codes)
	}
	return s
}
