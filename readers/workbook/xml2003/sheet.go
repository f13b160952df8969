package xml2003

import (
	"bytes"
	"io"
	"time"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/markup"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// sheet reads the rows of one worksheet.
type sheet struct {
	grid.Base
	book   *book
	scan   *markup.Scanner
	from   int64
	text   []byte
	number int
	styles []columnStyle // of columns
	style  int           // of the row
	ended  bool
}

// columnStyle is the style of the columns from first to last.
type columnStyle struct{ first, last, style int }

func (b *book) Sheet(i int) (grid.Sheet, error) {
	at := b.Listed[i].At
	return &sheet{book: b, from: at, Base: grid.BaseFor(b.rules), scan: markup.ScanFrom(b.text, b.root, at, part, b.limits)}, nil
}

// Merged are the cells that have MergeAcross or MergeDown.
func (b *book) Merged(i, through int) ([]grid.Area, error) {
	return grid.Spans(b.Sheet, i, through)
}

func (s *sheet) Read() int64 { return max(0, s.scan.End()-s.from) }

// Next reads the next row.
func (s *sheet) Next() error {
	for !s.ended {
		t, err := s.scan.Next()
		if err != nil {
			return s.scan.Wrap(err)
		}
		switch {
		case t == ooxml.End:
			s.ended = s.scan.Depth() == 1
		case t != ooxml.Start || s.scan.Depth() < 3:
		case s.scan.Depth() == 3 && string(s.scan.Name) != "Table":
			if err := s.scan.Skip(); err != nil {
				return s.scan.Wrap(err)
			}
		case s.scan.Depth() == 4 && string(s.scan.Name) == "Column":
			if err := s.column(); err != nil {
				return err
			}
		case s.scan.Depth() == 4 && string(s.scan.Name) == "Row":
			return s.readRow()
		}
	}
	return io.EOF
}

// column takes the style that a column gives to cells without one.
func (s *sheet) column() error {
	before := -1
	if n := len(s.styles); n > 0 {
		before = s.styles[n-1].last
	}
	first, ok := whole(attr(s.scan, "Index"), before+2)
	span, ok2 := whole(attr(s.scan, "Span"), 0)
	if !ok || !ok2 || len(s.styles) > grid.MaxColumn {
		return s.scan.Misfit("a column of a strange place")
	}
	s.styles = append(s.styles, columnStyle{first - 1, first - 1 + span, s.book.styles[string(attr(s.scan, "StyleID"))]})
	return nil
}

func (s *sheet) readRow() error {
	number, ok := whole(attr(s.scan, "Index"), s.number+1)
	span, ok2 := whole(attr(s.scan, "Span"), 0)
	if !ok || !ok2 {
		return readers.Refuse("workbook.row_number", "number", grid.Shorten(string(attr(s.scan, "Index"))))
	}
	s.style = s.book.styles[string(attr(s.scan, "StyleID"))]
	if err := s.Cells.Begin(number, string(attr(s.scan, "Hidden")) == "1"); err != nil {
		return err
	}
	s.number = number
	next := 0
	for {
		t, err := s.scan.Next()
		if err != nil {
			return s.scan.Wrap(err)
		}
		switch {
		case t == ooxml.End && s.scan.Depth() == 3:
			if span > 0 { // so many rows like this one, which are empty
				s.number += span
			}
			return s.Cells.Finish()
		case t == ooxml.Start && string(s.scan.Name) == "Cell":
			if next, err = s.readCell(next); err != nil {
				return err
			}
		case t == ooxml.Start:
			if err := s.scan.Skip(); err != nil {
				return s.scan.Wrap(err)
			}
		}
	}
}

// readCell reads the cell that has just started and returns the column behind it.
func (s *sheet) readCell(next int) (int, error) {
	index, ok := whole(attr(s.scan, "Index"), next+1)
	across, ok2 := whole(attr(s.scan, "MergeAcross"), 0)
	down, ok3 := whole(attr(s.scan, "MergeDown"), 0)
	if !ok || !ok2 || !ok3 || index == 0 {
		return 0, s.scan.Misfit("a cell of a strange place in row %d", s.number)
	}
	column := index - 1
	formula := string(attr(s.scan, "Formula"))
	style := s.styleOf(column, string(attr(s.scan, "StyleID")))
	if across > 0 || down > 0 {
		s.Merge(grid.Area{Top: s.number, Left: column, Bottom: min(s.number+down, grid.MaxRow), Right: min(column+across, grid.MaxColumn-1)})
	}
	valued, before := false, len(s.Cells.Cells)
	for {
		t, err := s.scan.Next()
		if err != nil {
			return 0, s.scan.Wrap(err)
		}
		switch {
		case t == ooxml.End && s.scan.Depth() == 4:
			if formula != "" && !valued {
				err = s.Cells.Uncalculated(column)
			}
			if formula != "" && len(s.Cells.Cells) > before {
				s.Cells.Formula(column, []byte(formula))
			}
			return column + across + 1, err
		case t == ooxml.Start && string(s.scan.Name) == "Data" && !valued:
			valued = true
			kind := string(attr(s.scan, "Type"))
			if s.text, err = s.scan.AllText(s.text[:0], s.Cells.Value); err != nil {
				return 0, err
			}
			if err := s.value(column, style, kind); err != nil {
				return 0, err
			}
		case t == ooxml.Start:
			if err := s.scan.Skip(); err != nil {
				return 0, s.scan.Wrap(err)
			}
		}
	}
}

// styleOf is the cell's style, or its row's, or its column's.
func (s *sheet) styleOf(column int, id string) int {
	if id != "" {
		return s.book.styles[id]
	}
	if s.style != 0 {
		return s.style
	}
	for _, c := range s.styles {
		if c.first <= column && column <= c.last {
			return c.style
		}
	}
	return s.book.styles["Default"]
}

// value decodes what the cell holds.
func (s *sheet) value(column, style int, kind string) error {
	raw := bytes.TrimSpace(s.text)
	if len(raw) == 0 {
		return nil
	}
	switch kind {
	case "Number":
		return s.Cells.Decimal(column, raw, style)
	case "DateTime":
		if serial, ok := serialOf(string(raw)); ok && s.isDate(serial, style) {
			return s.Cells.Float(column, serial, style)
		}
		day, _, midnight := bytes.Cut(raw, []byte("T00:00:00"))
		if midnight {
			raw = day
		}
		return s.Cells.ISO(column, raw, 0)
	case "Boolean":
		return s.Cells.Bool(column, string(raw) == "1")
	case "Error":
		return s.Cells.Fault(column, string(raw))
	case "String", "":
		return s.Cells.Text(column, s.text)
	}
	return s.scan.Misfit("a cell of the type %q", grid.Shorten(kind))
}

// isDate reports whether a style shows a date or time of the number.
func (s *sheet) isDate(serial float64, style int) bool {
	format, _ := s.Cells.Styles.Of(style)
	look := format.For(serial).Look
	return look != grid.Plain && look != grid.Unseen && look != grid.Padded && look != grid.Masked
}

// serialOf turns a date into the number that a spreadsheet keeps for it: days since 1899-12-31, with a 29 February 1900.
func serialOf(text string) (float64, bool) {
	t, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		return 0, false
	}
	days := t.Sub(time.Date(1899, 12, 31, 0, 0, 0, 0, time.UTC)).Hours() / 24
	if !t.Before(time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)) {
		days++
	}
	return days, days >= 0
}
