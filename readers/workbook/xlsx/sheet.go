package xlsx

import (
	"bytes"
	"io"
	"strconv"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// sheet reads the rows of one sheet part, one after the other. Only cells that show something are kept.
type sheet struct {
	grid.Base
	scan    *ooxml.PartScanner
	strings *grid.Strings
	raw     []byte // the value of the current cell
	formula []byte // what calculates it
	state   state
}

func (s *sheet) Read() int64 { return s.scan.TokenEnd }

type state uint8

const (
	before state = iota // of the sheet's data
	inside
	after
)

// Next reads the next row that is written in the part, however empty. io.EOF comes after the part's clean end.
func (s *sheet) Next() error {
	for {
		t, err := s.scan.Next()
		if err == io.EOF {
			return io.EOF
		}
		if err != nil {
			return s.scan.Wrap(err)
		}
		switch {
		case t == ooxml.End && s.state == inside && s.scan.Depth() == 1:
			s.state = after
		case t != ooxml.Start:
		case s.state == after:
			s.merge()
		case s.state == inside && s.scan.Is("row") && s.scan.Depth() == 3:
			return s.blame(s.readRow())
		case s.scan.Depth() == 2 && s.scan.Is("sheetData"):
			if s.state != before {
				return s.scan.Misfit("a second sheetData")
			}
			s.state = inside
		case s.state == inside && s.scan.Main:
			return s.scan.Misfit("<%s> where a row belongs", s.scan.Name)
		}
	}
}

// merge takes the merged range that has just started.
func (s *sheet) merge() {
	if !s.scan.Is("mergeCell") || s.scan.Depth() != 3 {
		return
	}
	ref, _ := s.scan.Attr("ref")
	if a, ok := parseArea(ref); ok {
		s.Merge(a)
	}
}

// blame prefers the deeper reason: nonsense in a part whose checksum is wrong is damage.
func (s *sheet) blame(err error) error {
	if _, ours := err.(*batch.Unreadable); ours {
		if cause := s.scan.Cause(); cause != nil {
			return cause
		}
	}
	return err
}

// open reads the root element.
func (s *sheet) open() error {
	for {
		t, err := s.scan.Next()
		if err != nil {
			return s.scan.Wrap(err)
		}
		if t != ooxml.Start {
			continue
		}
		if string(s.scan.Name) != "worksheet" {
			return s.scan.Misfit("the root is <%s>, not <worksheet>", s.scan.Name)
		}
		return nil
	}
}

func parseArea(ref []byte) (a grid.Area, ok bool) {
	first, last, found := bytes.Cut(ref, []byte(":"))
	if !found {
		last = first
	}
	var ok1, ok2 bool
	a.Left, a.Top, ok1 = reference(first)
	a.Right, a.Bottom, ok2 = reference(last)
	return a, ok1 && ok2
}

// readRow reads the row that has just started, to its end.
func (s *sheet) readRow() error {
	number := s.Cells.Number + 1
	hidden := false
	for _, a := range s.scan.Attrs {
		switch string(a.Name) {
		case "r":
			n, ok := parseRow(a.Value)
			if !ok {
				return readers.Refuse("workbook.row_number", "number", grid.Shorten(string(a.Value)))
			}
			number = n
		case "hidden":
			hidden = string(a.Value) == "1" || string(a.Value) == "true"
		}
	}
	if err := s.Cells.Begin(number, hidden); err != nil {
		return err
	}
	column := -1
	for {
		t, err := s.scan.Next()
		if err != nil {
			return s.scan.Wrap(err)
		}
		switch {
		case t == ooxml.End && s.scan.Depth() == 2:
			return s.Cells.Finish()
		case t != ooxml.Start:
		case s.scan.Is("c"):
			if column, err = s.readCell(column); err != nil {
				return err
			}
		default:
			if err := s.scan.Skip(); err != nil {
				return s.scan.Wrap(err)
			}
		}
	}
}

// parseRow reads a row number.
func parseRow(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n > 0
}

// reference reads "C5" as column 2, row 5 (dollar signs are allowed).
func reference(b []byte) (column, row int, ok bool) {
	i := 0
	if i < len(b) && b[i] == '$' {
		i++
	}
	n := 0
	for ; i < len(b); i++ {
		c := b[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		column = column*26 + int(c-'A') + 1
		if n++; n > 3 {
			return 0, 0, false
		}
	}
	if i < len(b) && b[i] == '$' {
		i++
	}
	row, ok = parseRow(b[i:])
	return column - 1, row, ok && n > 0 && column <= grid.MaxColumn
}

// readCell reads the cell that has just started. previous is the column before it; its own is returned.
func (s *sheet) readCell(previous int) (int, error) {
	column, style := previous+1, 0
	misplaced := "" // a cell that names another row; nothing is lost when it is empty
	var kind [12]byte
	kindLen := 0
	for i := range s.scan.Attrs {
		a := &s.scan.Attrs[i]
		if len(a.Name) != 1 {
			continue
		}
		switch a.Name[0] {
		case 'r':
			c, row, ok := reference(a.Value)
			if !ok {
				return 0, readers.Refuse("workbook.reference", "reference", grid.Shorten(string(a.Value)), "row", s.Cells.Number)
			}
			if row != s.Cells.Number {
				misplaced = string(a.Value)
			}
			column = c
		case 's':
			n, err := strconv.Atoi(string(a.Value))
			if err != nil {
				return 0, s.scan.Misfit("the style %q", grid.Shorten(string(a.Value)))
			}
			style = n
		case 't':
			kindLen = copy(kind[:], a.Value)
		}
	}
	if column >= grid.MaxColumn {
		return 0, s.Cells.Misplaced(column)
	}
	formula, valued, err := s.content(string(kind[:kindLen]) == "inlineStr")
	if err != nil {
		return 0, err
	}
	if !formula && !valued {
		return column, nil
	}
	if misplaced != "" && (formula || len(s.raw) > 0) {
		return 0, readers.Refuse("workbook.reference", "reference", grid.Shorten(misplaced), "row", s.Cells.Number)
	}
	if column >= s.Cells.Columns && len(bytes.TrimSpace(s.raw)) == 0 {
		return column, nil
	}
	if column >= s.Cells.Columns {
		return 0, s.Cells.Misplaced(column)
	}
	before := len(s.Cells.Cells)
	if err := s.decode(column, style, string(kind[:kindLen]), formula, valued); err != nil {
		return 0, err
	}
	s.Cells.Strike(before, style)
	if formula && len(s.Cells.Cells) > before {
		s.Cells.Formula(column, s.formula)
	}
	return column, nil
}

// content reads what is inside the cell into s.raw, and its formula into s.formula.
func (s *sheet) content(inline bool) (formula, valued bool, err error) {
	s.raw, s.formula, s.scan.Crossed = s.raw[:0], s.formula[:0], false
	depth := s.scan.Depth()
	for {
		t, err := s.scan.Next()
		if err != nil {
			return false, false, s.scan.Wrap(err)
		}
		switch {
		case t == ooxml.End:
			if s.scan.Depth() < depth {
				return formula, valued, nil
			}
		case t != ooxml.Start:
		case s.scan.Is("v"):
			if valued && !inline {
				return false, false, s.scan.Misfit("two values in a cell")
			}
			valued = true
			if err := s.plain(inline); err != nil {
				return false, false, err
			}
		case s.scan.Is("is") && inline:
			valued = true
			if s.raw, err = s.scan.RichText(s.raw, s.Cells.Value); err != nil {
				return false, false, err
			}
		case s.scan.Is("f"):
			formula = true
			if err := s.calculation(); err != nil {
				return false, false, err
			}
		default:
			if err := s.scan.Skip(); err != nil {
				return false, false, s.scan.Wrap(err)
			}
		}
	}
}

// calculation reads the beginning of a formula.
func (s *sheet) calculation() error {
	for t, err := range s.scan.Within() {
		if err != nil {
			return s.scan.Wrap(err)
		}
		if t == ooxml.Text && len(s.formula) < 200 {
			s.formula = append(s.formula, s.scan.Text[:min(len(s.scan.Text), 200)]...)
		}
	}
	return nil
}

// plain reads the text of v.
func (s *sheet) plain(drop bool) error {
	for {
		t, err := s.scan.Next()
		if err != nil {
			return s.scan.Wrap(err)
		}
		switch t {
		case ooxml.End:
			return nil
		case ooxml.Start:
			return s.scan.Misfit("<%s> inside a value", s.scan.Name)
		}
		if !drop {
			s.raw = append(s.raw, s.scan.Text...)
			if len(s.raw) > s.Cells.Value {
				return readers.Refuse("workbook.limit_value", "part", s.scan.Part, "limit", s.Cells.Value)
			}
		}
	}
}

// decode turns the value of a cell into what the sender sees.
func (s *sheet) decode(column, style int, kind string, formula, valued bool) error {
	if formula && s.Cells.Pending {
		return s.Cells.Uncalculated(column)
	}
	if kind == "str" || kind == "inlineStr" {
		return s.text(column, kind, formula, valued)
	}
	raw := trim(s.raw)
	if len(raw) == 0 && kind != "e" {
		if formula {
			return s.Cells.Uncalculated(column)
		}
		return nil
	}
	switch kind {
	case "", "n":
		return s.Cells.Decimal(column, raw, style)
	case "s":
		i, err := strconv.Atoi(string(raw))
		if err != nil || i < 0 || s.strings == nil || i >= s.strings.Len() {
			return readers.Refuse("workbook.string_index", "cell", s.Cells.Name(column))
		}
		return s.Cells.Shared(column, s.strings, i)
	case "b":
		switch string(raw) {
		case "1", "true":
			return s.Cells.Bool(column, true)
		case "0", "false":
			return s.Cells.Bool(column, false)
		}
		return s.Cells.Faulty(column, string(s.raw), "workbook.cell_damaged")
	case "e":
		return s.Cells.Fault(column, string(raw))
	case "d":
		return s.Cells.ISO(column, raw, style)
	}
	return s.scan.Misfit("a cell of the type %q", grid.Shorten(kind))
}

// text decodes a text that the cell itself holds.
func (s *sheet) text(column int, kind string, formula, valued bool) error {
	if formula && !valued {
		return s.Cells.Uncalculated(column)
	}
	switch {
	case kind == "str":
		s.raw = ooxml.Unescape(s.raw, 0)
	case s.scan.Crossed:
		return s.Cells.Crossed(column, string(s.raw))
	}
	return s.Cells.Text(column, s.raw)
}

func trim(b []byte) []byte {
	if len(b) > 0 && b[0] > ' ' && b[len(b)-1] > ' ' {
		return b
	}
	return bytes.TrimSpace(b)
}
