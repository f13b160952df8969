// Package xlsb opens binary workbooks (.xlsb) strictly and as streams: parts of records in a zip, with its checksums.
package xlsb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// Container is .xlsb.
var Container = grid.Container{
	Traits: readers.Traits{Name: "xlsb", Knows: func(c *readers.Content) bool { return c.Kind == readers.XLSB }, Grid: true, Typed: true},
	Open:   Open, Check: ooxml.Check, Facts: Facts, MergedLast: true,
}

// The records that are read.
const (
	recRow          = 0
	recBlank        = 1
	recRK           = 2
	recError        = 3
	recBool         = 4
	recReal         = 5
	recText         = 6
	recShared       = 7
	recFormulaText  = 8
	recFormulaReal  = 9
	recFormulaBool  = 10
	recFormulaError = 11
	recShortBlank   = 12 // from here to recShortShared: cells behind the one before them
	recShortRK      = 13
	recShortError   = 14
	recShortBool    = 15
	recShortReal    = 16
	recShortText    = 17
	recShortShared  = 18
	recString       = 19
	recFormat       = 44
	recStyle        = 47
	recRichText     = 62
	recBeginSheet   = 129
	recBeginData    = 145
	recEndData      = 146
	recProperties   = 153
	recSheet        = 156
	recMerged       = 176
	recBeginStyles  = 617
	recEndStyles    = 618
)

// longest is what no record that is read comes near.
const longest = 16 << 20

// records reads a part.
type records struct {
	part *ooxml.Part
	r    *bufio.Reader
	id   int
	data []byte // of the current record
	read int64
}

func scan(a *ooxml.Archive, name string) (*records, error) {
	p, err := a.PartAgain(name)
	if err != nil {
		return nil, err
	}
	return &records{part: p, r: bufio.NewReaderSize(p, 64<<10)}, nil
}

func (s *records) misfit(format string, args ...any) error {
	if _, err := io.Copy(io.Discard, s.r); err != nil {
		return err // damage explains nonsense
	}
	return &grid.Error{Part: s.part.Name, Reason: grid.Structure, Err: fmt.Errorf(format, args...)}
}

// next reads the next record. io.EOF comes after the part's clean end.
func (s *records) next() error {
	first, err := s.r.ReadByte()
	if err != nil {
		return err
	}
	s.id = int(first)
	s.read++
	if first >= 0x80 {
		second, err := s.byte()
		if err != nil {
			return err
		}
		s.id = int(first&0x7f) | int(second&0x7f)<<7
	}
	size := 0
	for i := range 4 {
		b, err := s.byte()
		if err != nil {
			return err
		}
		size |= int(b&0x7f) << (7 * i)
		if b < 0x80 {
			break
		}
	}
	if size > longest {
		return s.misfit("a record of %d bytes", size)
	}
	if cap(s.data) < size {
		s.data = make([]byte, max(size, 4<<10))
	}
	s.data = s.data[:size]
	n, err := io.ReadFull(s.r, s.data)
	s.read += int64(n)
	return s.early(err)
}

func (s *records) byte() (byte, error) {
	b, err := s.r.ReadByte()
	s.read++
	return b, s.early(err)
}

// early is for ends where there must be more.
func (s *records) early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &grid.Error{Part: s.part.Name, Reason: grid.Truncated}
	}
	return err
}

// text reads a text at b: its length in letters, and these in two bytes each. rest is what stands behind it.
func (s *records) text(dst, b []byte) (text, rest []byte, err error) {
	if len(b) < 4 {
		return dst, nil, s.misfit("a text without a length")
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0xffffffff { // none
		return dst, b[4:], nil
	}
	b = b[4:]
	if int64(n)*2 > int64(len(b)) {
		return dst, nil, s.misfit("a text of %d letters in %d bytes", n, len(b))
	}
	return appendWide(dst, b[:2*n]), b[2*n:], nil
}

// appendWide appends UTF-16; half a letter becomes U+FFFD.
func appendWide(dst, b []byte) []byte {
	for ; len(b) >= 2; b = b[2:] {
		r := rune(binary.LittleEndian.Uint16(b))
		if r < utf8.RuneSelf {
			dst = append(dst, byte(r))
			continue
		}
		if utf16.IsSurrogate(r) && len(b) >= 4 {
			if whole := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b[2:]))); whole != utf8.RuneError {
				r, b = whole, b[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// Facts are the names of the sheets and the custom properties; ones that cannot be read count as absent.
func Facts(f readers.File, s readers.Settings) (readers.Facts, error) {
	a, err := ooxml.OpenWithin(f, s)
	if err != nil {
		return readers.Facts{}, err
	}
	b := &book{archive: a}
	if _, err := b.readWorkbook(); err != nil {
		return readers.Facts{}, err
	}
	facts := b.Facts()
	facts.Properties, _ = a.CustomProperties()
	return facts, nil
}

type book struct {
	archive *ooxml.Archive
	grid.Contents
	strings *grid.Strings
	rules   grid.Rules
}

// Open reads everything but the sheets.
func Open(f readers.File, s readers.Settings) (grid.Book, error) {
	b := &book{rules: grid.RulesFor(s.Limits)}
	var err error
	if b.archive, err = ooxml.OpenWithin(f, s); err != nil {
		return nil, err
	}
	rels, err := b.readWorkbook()
	if err != nil {
		return nil, err
	}
	for _, r := range rels {
		switch {
		case r.Kind == "styles" && b.archive.Has(r.Target):
			err = b.readStyles(r.Target)
		case r.Kind == "sharedStrings" && b.archive.Has(r.Target):
			err = b.readStrings(r.Target, s.Limits.Strings)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

const maxSheets = 10_000

// readWorkbook reads the list of sheets.
func (b *book) readWorkbook() (map[string]ooxml.Relation, error) {
	main, err := b.archive.Main("xl/workbook.bin")
	if err != nil {
		return nil, err
	}
	rels, err := b.archive.Relations(main)
	if err != nil {
		return nil, err
	}
	s, err := scan(b.archive, main)
	if err != nil {
		return nil, err
	}
	for {
		err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch s.id {
		case recProperties:
			b.rules.Date1904 = len(s.data) > 0 && s.data[0]&1 != 0
		case recSheet:
			if err := b.sheet(s, rels); err != nil {
				return nil, err
			}
		}
	}
	if len(b.Listed) == 0 {
		return nil, &grid.Error{Part: main, Reason: grid.Structure}
	}
	return rels, nil
}

func (b *book) sheet(s *records, rels map[string]ooxml.Relation) error {
	if len(s.data) < 8 {
		return s.misfit("a sheet of %d bytes", len(s.data))
	}
	if len(b.Listed) == maxSheets {
		return &grid.Error{Part: s.part.Name, Reason: grid.TooMany, Limit: maxSheets}
	}
	hidden := binary.LittleEndian.Uint32(s.data) != 0
	id, rest, err := s.text(nil, s.data[8:])
	if err != nil {
		return err
	}
	name, _, err := s.text(nil, rest)
	if err != nil {
		return err
	}
	r := rels[string(id)]
	b.Listed = append(b.Listed, grid.Listed{Tab: grid.Tab{Name: string(name), Hidden: hidden, Grid: r.Kind == "worksheet"}, Part: r.Target})
	return nil
}

// What the part of styles may hold; a spreadsheet program keeps a sixteenth of it.
const (
	maxStyles      = 1 << 20
	maxFormatBytes = 8 << 20
)

func (b *book) readStyles(part string) error {
	s, err := scan(b.archive, part)
	if err != nil {
		return err
	}
	codes := map[int]string{}
	var ids []int
	size, inside := 0, false
	for {
		err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch s.id {
		case recFormat:
			if len(s.data) < 2 {
				return s.misfit("a format of %d bytes", len(s.data))
			}
			code, _, err := s.text(nil, s.data[2:])
			if err != nil {
				return err
			}
			if size += len(code) + 16; size > maxFormatBytes {
				return &grid.Error{Part: part, Reason: grid.OverFormats, Limit: maxFormatBytes}
			}
			codes[int(binary.LittleEndian.Uint16(s.data))] = string(code)
		case recBeginStyles, recEndStyles:
			inside = s.id == recBeginStyles
		case recStyle:
			if !inside {
				continue
			}
			if len(s.data) < 4 {
				return s.misfit("a style of %d bytes", len(s.data))
			}
			if ids = append(ids, int(binary.LittleEndian.Uint16(s.data[2:]))); len(ids) > maxStyles {
				return &grid.Error{Part: part, Reason: grid.OverFormats, Limit: maxStyles}
			}
		}
	}
	b.rules.Styles = &grid.Styles{}
	for _, id := range ids {
		b.rules.Styles.Add(id, codes)
	}
	return nil
}

func (b *book) readStrings(part string, limit int) error {
	s, err := scan(b.archive, part)
	if err != nil {
		return err
	}
	b.strings = &grid.Strings{}
	var value []byte
	for {
		err := s.next()
		if err == io.EOF {
			b.strings.Done()
			return nil
		}
		if err != nil {
			return err
		}
		if s.id != recString {
			continue
		}
		if len(s.data) < 1 {
			return s.misfit("an empty string")
		}
		if value, _, err = s.text(value[:0], s.data[1:]); err != nil {
			return err
		}
		if len(value) > b.rules.Value {
			return &grid.Error{Part: part, Reason: grid.TooLong, Limit: b.rules.Value}
		}
		if err := b.strings.Add(value, limit); err != nil {
			return err.In(part)
		}
	}
}
