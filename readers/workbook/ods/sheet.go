package ods

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// sheet reads the rows of one table.
type sheet struct {
	grid.Base
	book  *book
	scan  scan
	depth int // of the table's element
	text  []byte

	number  int           // of the last row, repetitions included
	again   int           // how often the current row is still to be given
	columns []columnStyle // styles that columns give to cells without one
	style   string        // the one that the row gives
	column  int           // the next one of the row
	ended   bool
}

type columnStyle struct {
	first, last int
	style       string
}

func (s *sheet) Read() int64 { return s.scan.TokenEnd }

// maxRepeated is how often a row with content may be repeated: more are a column that was filled to its end by mistake.
const maxRepeated = 10_000

// Next reads the next row that shows something. Rows that are written once and repeated are given as often.
func (s *sheet) Next() error {
	if s.again > 0 {
		s.again--
		s.Cells.Number++
		return nil
	}
	for !s.ended {
		t, err := s.scan.Next()
		if err != nil {
			return s.scan.Wrap(err)
		}
		if t == ooxml.End {
			s.ended = s.scan.Depth() < s.depth
			continue
		}
		if t != ooxml.Start {
			continue
		}
		switch string(s.scan.Name) {
		case "table-row":
			filled, err := s.readRow()
			if err != nil || filled {
				return err
			}
		case "table-column":
			err = s.addColumn()
		case "table-columns", "table-header-columns", "table-column-group", "table-rows", "table-header-rows", "table-row-group":
		default:
			err = s.scan.Wrap(s.scan.Skip())
		}
		if err != nil {
			return err
		}
	}
	return io.EOF
}

func (s *sheet) addColumn() error {
	n, err := count(s.scan, "table:number-columns-repeated")
	if err != nil {
		return err
	}
	style, _ := s.scan.Attr("table:default-cell-style-name")
	first := 0
	if last := len(s.columns) - 1; last >= 0 {
		first = s.columns[last].last + 1
	}
	if len(s.columns) < grid.MaxColumn {
		s.columns = append(s.columns, columnStyle{first, first + n - 1, string(style)})
	}
	return nil
}

// readRow reads the row that has just started; filled when it shows something.
func (s *sheet) readRow() (filled bool, err error) {
	times, err := count(s.scan, "table:number-rows-repeated")
	if err != nil {
		return false, err
	}
	visible, _ := s.scan.Attr("table:visibility")
	style, _ := s.scan.Attr("table:default-cell-style-name")
	s.style, s.column = string(style), 0
	if err := s.Cells.Begin(s.number+1, string(visible) == "collapse" || string(visible) == "filter"); err != nil {
		return false, err
	}
	for t, err := range s.scan.Within() {
		if err != nil {
			return false, s.scan.Wrap(err)
		}
		if t != ooxml.Start {
			continue
		}
		switch string(s.scan.Name) {
		case "table-cell":
			err = s.readCell()
		case "covered-table-cell":
			err = s.passCell()
		default:
			err = s.scan.Wrap(s.scan.Skip())
		}
		if err != nil {
			return false, err
		}
	}
	s.number += times
	if len(s.Cells.Cells) == 0 {
		return false, nil
	}
	if times > maxRepeated {
		return false, readers.Refuse("workbook.limit_repeated", "row", s.Cells.Number, "count", times, "limit", maxRepeated)
	}
	s.again = times - 1
	return true, s.Cells.Finish()
}

// passCell passes over cells that a merged one covers; what they hold is not shown.
func (s *sheet) passCell() error {
	n, err := count(s.scan, "table:number-columns-repeated")
	if err != nil {
		return err
	}
	s.column += n
	return s.scan.Wrap(s.scan.Skip())
}

// content is what the attributes of a cell say, and its text.
type content struct {
	kind, value, style string
	formula            string
	fault              bool
	named              bool // value holds a text
}

func (s *sheet) readCell() error {
	times, err := count(s.scan, "table:number-columns-repeated")
	if err != nil {
		return err
	}
	var c content
	for _, a := range s.scan.Attrs {
		switch string(a.Name) {
		case "office:value-type":
			c.kind = string(a.Value)
		case "office:value", "office:date-value", "office:time-value", "office:boolean-value":
			c.value = string(a.Value)
		case "office:string-value":
			c.value, c.named = string(a.Value), true
		case "table:style-name":
			c.style = string(a.Value)
		case "table:formula":
			c.formula = string(a.Value)
		case "calcext:value-type":
			c.fault = string(a.Value) == "error"
		}
	}
	across, err := count(s.scan, "table:number-columns-spanned")
	if err != nil {
		return err
	}
	down, err := count(s.scan, "table:number-rows-spanned")
	if err != nil {
		return err
	}
	if across > 1 || down > 1 {
		s.Merge(grid.Area{Top: s.Cells.Number, Left: s.column, Bottom: min(s.Cells.Number+down-1, grid.MaxRow), Right: min(s.column+across-1, grid.MaxColumn-1)})
	}
	if err := s.readText(); err != nil {
		return err
	}
	first := s.column
	s.column += times
	for i := range times {
		before := len(s.Cells.Cells)
		if err := s.keep(first+i, c); err != nil {
			return err
		}
		if len(s.Cells.Cells) == before {
			break // it shows nothing, however often
		}
		if c.formula != "" {
			s.Cells.Formula(first+i, []byte(c.formula))
		}
	}
	return nil
}

// readText reads the paragraphs of the cell that has just started into s.text, and goes to its end. Notes and drawings are
// passed over.
func (s *sheet) readText() error {
	s.text = s.text[:0]
	paragraphs, inside := 0, 0
	for depth := s.scan.Depth(); ; {
		t, err := s.scan.Next()
		if err != nil {
			return s.scan.Wrap(err)
		}
		switch {
		case t == ooxml.Text:
			if inside > 0 {
				s.text = appendText(s.text, s.scan.Text)
			}
		case t == ooxml.End:
			if s.scan.Depth() < depth {
				return nil
			}
			if inside > 0 && s.scan.Depth() < inside {
				inside = 0
			}
		default:
			switch string(s.scan.Name) {
			case "p":
				if inside == 0 {
					if paragraphs++; paragraphs > 1 {
						s.text = append(s.text, '\n')
					}
					inside = s.scan.Depth()
				}
			case "s":
				n, err := count(s.scan, "text:c")
				if err != nil {
					return err
				}
				s.text = append(s.text, strings.Repeat(" ", min(n, s.Cells.Value+1))...)
			case "tab":
				s.text = append(s.text, '\t')
			case "line-break":
				s.text = append(s.text, '\n')
			case "span", "a":
			default:
				if err := s.scan.Skip(); err != nil {
					return s.scan.Wrap(err)
				}
			}
		}
		if len(s.text) > s.Cells.Value {
			return &grid.Error{Part: part, Reason: grid.TooLong, Limit: s.Cells.Value}
		}
	}
}

// appendText appends text as LibreOffice reads it: every blank counts, line breaks of the XML are blanks.
func appendText(dst, text []byte) []byte {
	for _, c := range text {
		if c == '\n' || c == '\t' || c == '\r' {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// keep takes the value of a cell.
func (s *sheet) keep(column int, c content) error {
	value := []byte(c.value)
	switch {
	case c.fault, c.formula != "" && isFault(s.text):
		return s.Cells.Fault(column, string(s.text))
	case c.formula != "" && c.kind == "":
		return s.Cells.Uncalculated(column)
	}
	switch c.kind {
	case "":
		return s.Cells.Text(column, s.text)
	case "string":
		if c.named {
			return s.Cells.Text(column, value)
		}
		return s.Cells.Text(column, s.text)
	case "float", "currency", "percentage":
		if shown := string(s.text); shown == "TRUE" || shown == "FALSE" { // LibreOffice keeps truth values so, from other formats
			return s.Cells.Bool(column, shown == "TRUE")
		}
		return s.Cells.Decimal(column, bytes.TrimSpace(value), s.styleOf(column, c.style))
	case "date", "time":
		return s.Cells.ISO(column, bytes.TrimSpace(value), s.styleOf(column, c.style))
	case "boolean":
		v, err := strconv.ParseBool(c.value)
		if err != nil {
			return s.Cells.Faulty(column, c.value, "workbook.cell_damaged")
		}
		return s.Cells.Bool(column, v)
	case "void":
		return nil
	}
	return s.scan.Misfit("a cell of the type %q", grid.Shorten(c.kind))
}

// isFault recognises what formulas show that could not be calculated.
func isFault(text []byte) bool {
	return bytes.HasPrefix(text, []byte("Err:")) || table.Look(string(text)) == table.Fault
}

// styleOf is the number of the cell's style, or its row's, or its column's.
func (s *sheet) styleOf(column int, name string) int {
	if name == "" {
		name = s.style
	}
	for i := 0; i < len(s.columns) && name == ""; i++ {
		if c := s.columns[i]; c.first <= column && column <= c.last {
			name = c.style
		}
	}
	return s.book.styles.index[name]
}
