package ooxml

import (
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// What the part of styles may hold; a spreadsheet program keeps a sixteenth of it.
const (
	maxStyles      = 1 << 20
	maxFormatBytes = 8 << 20 // of all codes of formats
)

// Styles reads the number formats of the cell styles.
func (a *Archive) Styles(part string) (*grid.Styles, error) {
	s, err := a.Scan(part)
	if err != nil {
		return nil, err
	}
	if err := s.Root("styleSheet"); err != nil {
		return nil, err
	}
	codes := map[int]string{}
	size := 0 // of the codes
	var ids, fonts []int
	var struck []bool // of each font
	for t, err := range s.All() {
		if err != nil {
			return nil, s.Wrap(err)
		}
		if t != Start || !s.Main || s.Depth() != 2 {
			continue
		}
		switch string(s.Name) {
		case "numFmts":
			err = s.each("numFmt", func() error {
				id, ok := s.number("numFmtId")
				code, _ := s.Attr("formatCode")
				if size += len(code) + 16; size > maxFormatBytes {
					return &grid.Error{Part: part, Reason: grid.OverFormats, Limit: maxFormatBytes}
				}
				if ok {
					codes[id] = string(code)
				}
				return nil
			})
		case "fonts":
			struck, err = s.struckFonts(part)
		case "cellXfs":
			err = s.each("xf", func() error {
				id, _ := s.number("numFmtId")
				font, _ := s.number("fontId")
				fonts = append(fonts, font)
				if ids = append(ids, id); len(ids) > maxStyles {
					return &grid.Error{Part: part, Reason: grid.OverFormats, Limit: maxStyles}
				}
				return nil
			})
		}
		if err != nil {
			return nil, err
		}
	}
	out := &grid.Styles{}
	for i, id := range ids {
		out.Add(id, codes)
		if f := fonts[i]; f >= 0 && f < len(struck) && struck[f] {
			out.Strike(i)
		}
	}
	return out, nil
}

// struckFonts says of each font whether its letters are struck through.
func (s *PartScanner) struckFonts(part string) (struck []bool, err error) {
	font := s.Depth() + 1
	for t, err := range s.Within() {
		switch {
		case err != nil:
			return nil, s.Wrap(err)
		case t != Start:
		case s.Depth() == font && s.Is("font"):
			if struck = append(struck, false); len(struck) > maxStyles {
				return nil, &grid.Error{Part: part, Reason: grid.OverFormats, Limit: maxStyles}
			}
		case s.Depth() == font+1 && s.Is("strike") && len(struck) > 0:
			struck[len(struck)-1] = s.isSet()
		}
	}
	return struck, nil
}

func (s *PartScanner) number(name string) (int, bool) {
	v, ok := s.Attr(name)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(v)))
	return n, err == nil
}

// each calls f at the start of every child called name of the element that has just started, until f gives an error.
func (s *PartScanner) each(name string, f func() error) error {
	child := s.Depth() + 1
	for t, err := range s.Within() {
		if err != nil {
			return s.Wrap(err)
		}
		if t == Start && s.Depth() == child && s.Is(name) {
			if err := f(); err != nil {
				return err
			}
		}
	}
	return nil
}
