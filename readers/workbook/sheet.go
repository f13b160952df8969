package workbook

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers/charset"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// What a sheet can have at most, by the format itself.
const (
	maxRow    = 1_048_576
	maxColumn = 16_384
)

// cell is one cell that shows something.
type cell struct {
	column int // from 0
	batch.Cell
	from, to int // the text lies in sheet.text until the row is complete; to == 0: Cell.Text is set
}

// sheet reads the rows of one sheet part, one after the other. Only cells that show something are kept.
type sheet struct {
	scan     *ooxml.PartScanner
	strings  *ooxml.Table
	styles   *ooxml.Styles
	date1904 bool
	columns  int // the most a row may have
	value    int // the longest value
	most     int // the most bytes of text in a row

	row    int // number of the current row
	hidden bool
	cells  []cell
	text   []byte // of the row's cells that are not shared strings
	size   int    // bytes of the row's texts
	raw    []byte // the value of the current cell
	state  state
	merged []area // over several rows, at most maxMerged; known when the part ended
}

const maxMerged = 100_000

type state uint8

const (
	before state = iota // of the sheet's data
	inside
	after
)

// area is a merged range, from 0, inclusive.
type area struct{ top, left, bottom, right int }

// next reads the next row that is written in the part, however empty. io.EOF comes after the part's clean end.
func (s *sheet) next() error {
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

// merge takes the merged range that has just started, if it is one over several rows.
func (s *sheet) merge() {
	if !s.scan.Is("mergeCell") || s.scan.Depth() != 3 {
		return
	}
	ref, _ := s.scan.Attr("ref")
	if a, ok := parseArea(ref); ok && a.bottom > a.top && len(s.merged) < maxMerged {
		s.merged = append(s.merged, a)
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

func parseArea(ref []byte) (a area, ok bool) {
	first, last, found := bytes.Cut(ref, []byte(":"))
	if !found {
		last = first
	}
	var ok1, ok2 bool
	a.left, a.top, ok1 = reference(first)
	a.right, a.bottom, ok2 = reference(last)
	return a, ok1 && ok2
}

// readRow reads the row that has just started, to its end.
func (s *sheet) readRow() error {
	number := s.row + 1
	hidden := false
	for _, a := range s.scan.Attrs {
		switch string(a.Name) {
		case "r":
			n, ok := parseRow(a.Value)
			if !ok {
				return refuse("workbook.row_number", "number", shorten(string(a.Value)))
			}
			number = n
		case "hidden":
			hidden = string(a.Value) == "1" || string(a.Value) == "true"
		}
	}
	switch {
	case number > maxRow:
		return refuse("workbook.row_number", "number", number)
	case number <= s.row:
		return refuse("workbook.row_order", "row", number)
	}
	s.row, s.hidden = number, hidden
	s.cells, s.text, s.size = s.cells[:0], s.text[:0], 0
	column := -1
	for {
		t, err := s.scan.Next()
		if err != nil {
			return s.scan.Wrap(err)
		}
		switch {
		case t == ooxml.End && s.scan.Depth() == 2:
			return s.settle()
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

// settle turns the row's texts into strings, all with one allocation, and brings cells into their order.
func (s *sheet) settle() error {
	text := string(s.text)
	sorted := true
	for i := range s.cells {
		c := &s.cells[i]
		if c.to > 0 {
			c.Text = text[c.from:c.to]
		}
		if c.Kind == batch.String && c.Text[0] >= 0x80 || c.Text != "" && c.Text[0] <= ' ' {
			if table.Blank([]string{c.Text}) {
				c.Kind = batch.Blank
			}
		}
		sorted = sorted && (i == 0 || s.cells[i-1].column < c.column)
	}
	if sorted {
		return nil
	}
	sortCells(s.cells)
	for i := 1; i < len(s.cells); i++ {
		if s.cells[i].column == s.cells[i-1].column {
			return refuse("workbook.cell_twice", "cell", s.name(s.cells[i].column))
		}
	}
	return nil
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
	return column - 1, row, ok && n > 0 && column <= maxColumn
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
				return 0, refuse("workbook.reference", "reference", shorten(string(a.Value)), "row", s.row)
			}
			if row != s.row {
				misplaced = string(a.Value)
			}
			column = c
		case 's':
			n, err := strconv.Atoi(string(a.Value))
			if err != nil {
				return 0, s.scan.Misfit("the style %q", shorten(string(a.Value)))
			}
			style = n
		case 't':
			kindLen = copy(kind[:], a.Value)
		}
	}
	if column >= maxColumn {
		return 0, refuse("workbook.limit_columns", "cell", s.name(column), "limit", maxColumn)
	}
	formula, valued, err := s.content(string(kind[:kindLen]) == "inlineStr")
	if err != nil {
		return 0, err
	}
	if !formula && !valued {
		return column, nil
	}
	if misplaced != "" && (formula || len(s.raw) > 0) {
		return 0, refuse("workbook.reference", "reference", shorten(misplaced), "row", s.row)
	}
	if column >= s.columns {
		if len(bytes.TrimSpace(s.raw)) == 0 {
			return column, nil
		}
		return 0, refuse("workbook.limit_columns", "cell", s.name(column), "limit", s.columns)
	}
	return column, s.decode(column, style, string(kind[:kindLen]), formula, valued)
}

// content reads what is inside the cell into s.raw.
func (s *sheet) content(inline bool) (formula, valued bool, err error) {
	s.raw = s.raw[:0]
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
			if s.raw, err = s.scan.RichText(s.raw, s.value); err != nil {
				return false, false, err
			}
		default:
			formula = formula || s.scan.Is("f")
			if err := s.scan.Skip(); err != nil {
				return false, false, s.scan.Wrap(err)
			}
		}
	}
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
			if len(s.raw) > s.value {
				return refuse("workbook.limit_value", "part", s.scan.Part, "limit", s.value)
			}
		}
	}
}

// decode turns the value of a cell into what the sender sees.
func (s *sheet) decode(column, style int, kind string, formula, valued bool) error {
	c := cell{column: column}
	switch kind {
	case "s":
		raw := trim(s.raw)
		if len(raw) == 0 {
			if formula {
				c.uncalculated()
				break
			}
			return nil
		}
		i, err := strconv.Atoi(string(raw))
		if err != nil || i < 0 || s.strings == nil || i >= s.strings.Len() {
			return refuse("workbook.string_index", "cell", s.name(column))
		}
		c.words(s.strings.At(i))
	case "str", "inlineStr":
		if formula && !valued {
			c.uncalculated()
			break
		}
		if kind == "str" {
			s.raw = ooxml.Unescape(s.raw, 0)
		}
		if len(s.raw) == 0 {
			return nil
		}
		if _, garbled := charset.Garbled(s.raw); garbled || table.Destroyed(string(s.raw)) || bytes.Contains(s.raw, lostLetter) {
			c.words(string(s.raw))
			break
		}
		c.Kind = batch.String
		s.keep(&c, s.raw)
	case "b":
		switch string(trim(s.raw)) {
		case "1", "true":
			c.Cell = batch.Cell{Kind: batch.Bool, Text: "TRUE"}
		case "0", "false":
			c.Cell = batch.Cell{Kind: batch.Bool, Text: "FALSE"}
		case "":
			if !formula {
				return nil
			}
			c.uncalculated()
		default:
			c.faulty(string(s.raw), "workbook.cell_damaged")
		}
	case "e":
		text := string(trim(s.raw))
		if text == "" {
			text = "#VALUE!"
		}
		c.faulty(text, "workbook.cell_error", "value", shorten(text))
	case "d":
		if err := s.isoDate(&c, style, formula); err != nil {
			return err
		}
	case "", "n":
		if err := s.number(&c, style, formula); err != nil {
			return err
		}
	default:
		return s.scan.Misfit("a cell of the type %q", shorten(kind))
	}
	if c.Kind != batch.Blank {
		s.cells = append(s.cells, c)
	}
	if s.size += len(c.Text) + c.to - c.from; s.size > s.most {
		return refuse("workbook.limit_row", "row", s.row, "limit", s.most)
	}
	return nil
}

// keep stores the text of c until the row is complete.
func (s *sheet) keep(c *cell, text []byte) {
	c.from = len(s.text)
	s.text = append(s.text, text...)
	c.to = len(s.text)
}

// number decodes a number by its format.
func (s *sheet) number(c *cell, style int, formula bool) error {
	raw := trim(s.raw)
	if len(raw) == 0 {
		if formula {
			c.uncalculated()
		}
		return nil
	}
	format, known := s.styles.Of(style)
	if !known { // a number or a date: nobody can tell
		c.faulty(string(raw), "workbook.cell_style", "value", shorten(string(raw)))
		return nil
	}
	if format != nil {
		if f, ok := ooxml.Float(raw); ok {
			section := format.For(f)
			switch section.Look {
			case ooxml.Plain:
			case ooxml.Padded, ooxml.Masked:
				return s.padded(c, raw, section)
			default:
				s.date(c, f, section.Look)
				return nil
			}
		}
	}
	c.from = len(s.text)
	var what ooxml.Number
	s.text, what = ooxml.AppendNumber(s.text, raw)
	c.to = len(s.text)
	s.judge(c, raw, what)
	return nil
}

func (s *sheet) padded(c *cell, raw []byte, section *ooxml.Section) error {
	var tmp [64]byte
	text, what := ooxml.AppendNumber(tmp[:0], raw)
	c.from = len(s.text)
	if what == ooxml.Exact {
		s.text = section.Pad(s.text, text)
	}
	c.to = len(s.text)
	s.judge(c, raw, what)
	if section.Words && c.Kind == batch.Number {
		c.Kind = batch.String
	}
	return nil
}

// judge marks a number that is none, or of which the spreadsheet has already lost digits.
func (s *sheet) judge(c *cell, raw []byte, what ooxml.Number) {
	c.Kind = batch.Number
	switch what {
	case ooxml.Rounded:
		c.from, c.to = 0, 0
		c.faulty(string(raw), "workbook.cell_rounded", "value", shorten(string(raw)))
	case ooxml.NoValue:
		c.from, c.to = 0, 0
		c.faulty(string(raw), "workbook.cell_damaged")
	}
}

func (s *sheet) date(c *cell, serial float64, look ooxml.Look) {
	c.from = len(s.text)
	out, shown, ok := ooxml.AppendDate(s.text, serial, look, s.date1904)
	if !ok {
		text := string(ooxml.AppendDecimal(nil, serial))
		c.from = 0
		c.faulty(text, "workbook.cell_date", "value", shorten(text))
		return
	}
	s.text = out
	c.to = len(s.text)
	c.Kind = kindOf(shown)
}

func kindOf(l ooxml.Look) batch.Kind {
	switch l {
	case ooxml.Day:
		return batch.Date
	case ooxml.DayTime:
		return batch.Moment
	}
	return batch.Clock
}

// isoDate decodes a date stored as text: 2026-03-05, 2026-03-05T13:45:00, 13:45:00.
func (s *sheet) isoDate(c *cell, style int, formula bool) error {
	raw := trim(s.raw)
	if len(raw) == 0 {
		if formula {
			c.uncalculated()
		}
		return nil
	}
	format, _ := s.styles.Of(style)
	look := ooxml.DayTime
	if format != nil {
		look = format.For(1).Look
	}
	text, shown, ok := ooxml.ISODate(raw, look)
	if !ok {
		c.faulty(string(raw), "workbook.cell_date", "value", shorten(string(raw)))
		return nil
	}
	c.Cell = batch.Cell{Kind: kindOf(shown), Text: text}
	return nil
}

// lostLetter stands where a program could not write a letter.
var lostLetter = []byte("\uFFFD")

// words takes a text, unless it is what is left of a long number, or of letters that were misread.
func (c *cell) words(text string) {
	if text == "" {
		return
	}
	if table.Destroyed(text) {
		c.faulty(text, "workbook.cell_scientific", "value", shorten(text))
		return
	}
	if !charset.ASCII(text) && strings.Contains(text, string(lostLetter)) {
		c.faulty(text, "csv.cell.lost_character", "value", shorten(text))
		return
	}
	if meant, garbled := charset.Garbled(text); garbled {
		c.faulty(text, "csv.cell.garbled", "value", shorten(text), "meant", shorten(meant))
		return
	}
	c.Cell = batch.Cell{Kind: batch.String, Text: text}
}

func (c *cell) uncalculated() { c.faulty("", "workbook.cell_uncalculated") }

func (c *cell) faulty(text, key string, args ...any) {
	m := batch.Message{Key: key, Args: args}
	c.Cell = batch.Cell{Kind: batch.Faulty, Text: text, Problem: &m}
}

// name is how the sender calls a cell of the current row.
func (s *sheet) name(column int) string { return table.Letter(column) + strconv.Itoa(s.row) }

func trim(b []byte) []byte {
	if len(b) > 0 && b[0] > ' ' && b[len(b)-1] > ' ' {
		return b
	}
	return bytes.TrimSpace(b)
}

// shorten keeps messages readable.
func shorten(s string) string {
	r := []rune(s)
	if len(r) <= 60 {
		return s
	}
	return string(r[:60]) + "…"
}
