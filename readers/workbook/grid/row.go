package grid

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
	"github.com/rowferry/rowferry/readers/table"
)

// Cell is one cell that shows something.
type Cell struct {
	Column int // from 0
	batch.Cell
	from, to int // the text lies in Row.text until the row is complete; to == 0: Cell.Text is set
}

// Row is one row of a sheet while it is read: Begin, then its cells in any order, then Finish. Only cells that show
// something are kept. A cell beyond what the rules allow refuses the file.
type Row struct {
	Rules
	Number int // from 1; 0 before the first
	Hidden bool
	Cells  []Cell // by column, once the row is settled
	text   []byte // of the row's cells that are not shared strings
	size   int    // bytes of the row's texts
	struck int    // how many of its cells are struck through
	Sums   Sums
}

// Struck reports whether all that the row shows is struck through.
func (r *Row) Struck() bool { return r.struck > 0 && r.struck == len(r.Cells) }

// Strike counts the cell that was taken last, if it shows something (there were before others), as struck through where its style says so.
func (r *Row) Strike(before, style int) {
	if len(r.Cells) > before && r.Styles != nil && r.Styles.struck[style] {
		r.struck++
	}
}

// Size is how many bytes of text the row holds.
func (r *Row) Size() int { return r.size }

// Begin empties the row and makes it number, which must follow the one before.
func (r *Row) Begin(number int, hidden bool) error {
	switch {
	case number < 1 || number > MaxRow:
		return readers.Refuse("workbook.row_number", "number", number)
	case number <= r.Number:
		return readers.Refuse("workbook.row_order", "row", number)
	}
	r.Number, r.Hidden = number, hidden
	r.Cells, r.text, r.size, r.struck, r.Sums = r.Cells[:0], r.text[:0], 0, 0, Sums{}
	return nil
}

// Finish turns the row's texts into strings, all with one allocation, and brings cells into their order.
func (r *Row) Finish() error {
	text := string(r.text)
	sorted := true
	for i := range r.Cells {
		c := &r.Cells[i]
		if c.to > 0 {
			c.Text = text[c.from:c.to]
		}
		if c.Kind == batch.String && c.Text[0] >= 0x80 || c.Text != "" && c.Text[0] <= ' ' {
			if table.Blank([]string{c.Text}) {
				c.Kind = batch.Blank
			}
		}
		sorted = sorted && (i == 0 || r.Cells[i-1].Column < c.Column)
	}
	if sorted {
		return nil
	}
	slices.SortStableFunc(r.Cells, func(a, b Cell) int { return cmp.Compare(a.Column, b.Column) })
	for i := 1; i < len(r.Cells); i++ {
		if r.Cells[i].Column == r.Cells[i-1].Column && !r.LastWins {
			return readers.Refuse("workbook.cell_twice", "cell", r.Name(r.Cells[i].Column))
		}
	}
	if r.LastWins {
		r.Cells = lastOfEach(r.Cells)
	}
	return nil
}

// lastOfEach keeps the last of the cells that have the same column.
func lastOfEach(cells []Cell) []Cell {
	out := cells[:0]
	for i, c := range cells {
		if i+1 == len(cells) || cells[i+1].Column != c.Column {
			out = append(out, c)
		}
	}
	return out
}

// Blank reports whether the row shows nothing.
func (r *Row) Blank() bool {
	return !slices.ContainsFunc(r.Cells, func(c Cell) bool { return c.Kind != batch.Blank })
}

// Name is how the sender calls a cell of the row.
func (r *Row) Name(column int) string { return table.Letter(column) + strconv.Itoa(r.Number) }

// Misplaced refuses a cell that shows something in a column that no row may have.
func (r *Row) Misplaced(column int) error {
	limit := r.Columns
	if column >= MaxColumn {
		limit = MaxColumn
	}
	return readers.Refuse("workbook.limit_columns", "cell", r.Name(column), "limit", limit)
}

// add keeps a cell that shows something.
func (r *Row) add(c Cell) error {
	if c.Kind == batch.Blank {
		return nil
	}
	if c.Column < 0 || c.Column >= r.Columns {
		return r.Misplaced(c.Column)
	}
	r.Cells = append(r.Cells, c)
	if r.size += len(c.Text) + c.to - c.from; r.size > r.Most {
		return readers.Refuse("workbook.limit_row", "row", r.Number, "limit", r.Most)
	}
	return nil
}

// Shared takes shared string i, which must be below Len. Each is looked at once, however many cells show it.
func (r *Row) Shared(column int, all *Strings, i int) error {
	text, plain := all.at(i)
	if plain {
		return r.add(Cell{Column: column, Cell: batch.Cell{Kind: batch.String, Text: text}})
	}
	c := Cell{Column: column}
	if all.crossed[i] {
		return r.Crossed(column, text)
	}
	if c.words(text); c.Kind == batch.String {
		all.found(i)
	}
	return r.add(c)
}

// Crossed takes a text of which a part is struck through: what is meant, its writer knows.
func (r *Row) Crossed(column int, text string) error {
	return r.Faulty(column, text, "workbook.cell_crossed", "value", Shorten(text))
}

// Text takes a text, which is copied.
func (r *Row) Text(column int, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	c := Cell{Column: column}
	if _, garbled := charset.Garbled(text); garbled || table.Destroyed(string(text)) || table.Failed(text) || bytes.Contains(text, lostLetter) {
		c.words(string(text))
		return r.add(c)
	}
	c.Kind = batch.String
	r.keep(&c, text)
	return r.add(c)
}

// Bool takes a truth value.
func (r *Row) Bool(column int, v bool) error {
	text := "FALSE"
	if v {
		text = "TRUE"
	}
	return r.add(Cell{Column: column, Cell: batch.Cell{Kind: batch.Bool, Text: text}})
}

// Fault takes an error value as the spreadsheet shows it: #N/A.
func (r *Row) Fault(column int, text string) error {
	if text == "" {
		text = "#VALUE!"
	}
	return r.Faulty(column, text, "workbook.cell_error", "value", Shorten(text))
}

// Uncalculated takes a formula that has no value yet.
func (r *Row) Uncalculated(column int) error {
	return r.Faulty(column, "", "workbook.cell_uncalculated")
}

// Faulty takes a cell whose value cannot be used; key and args say why.
func (r *Row) Faulty(column int, text, key string, args ...any) error {
	c := Cell{Column: column}
	c.faulty(text, key, args...)
	return r.add(c)
}

// Decimal takes a number as it is written down, by the format of its style.
func (r *Row) Decimal(column int, raw []byte, style int) error {
	c := Cell{Column: column}
	format, known := r.Styles.Of(style)
	if !known { // a number or a date: nobody can tell
		return r.Faulty(column, string(raw), "workbook.cell_style", "value", Shorten(string(raw)))
	}
	if format != nil {
		if f, ok := Float(raw); ok {
			section := format.For(f)
			switch section.Look {
			case Plain:
			case Unseen:
				if f == 0 {
					return nil
				}
			case Padded, Masked:
				return r.padded(c, raw, section)
			default:
				r.date(&c, f, section.Look)
				return r.add(c)
			}
		}
	}
	c.from = len(r.text)
	var what Number
	r.text, what = AppendNumber(r.text, raw)
	c.to = len(r.text)
	c.judge(raw, what)
	return r.add(c)
}

// Float takes a number that is stored in binary, by the format of its style.
func (r *Row) Float(column int, f float64, style int) error {
	c := Cell{Column: column}
	format, known := r.Styles.Of(style)
	section := &general
	if known && format != nil {
		section = format.For(f)
	}
	switch {
	case !known || math.IsNaN(f) || math.IsInf(f, 0) || section.Look == Padded || section.Look == Masked:
		var tmp [400]byte
		raw := appendFloatText(tmp[:0], f)
		if !known {
			return r.Faulty(column, string(raw), "workbook.cell_style", "value", Shorten(string(raw)))
		}
		return r.padded(c, raw, section)
	case section.Look == Unseen && f == 0:
		return nil
	case section.Look != Plain && section.Look != Unseen:
		r.date(&c, f, section.Look)
		return r.add(c)
	}
	c.from = len(r.text)
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		r.text = strconv.AppendInt(r.text, int64(f), 10)
	} else if math.Abs(f) < 1e15 {
		r.text = AppendDecimal(r.text, f)
	} else {
		var tmp [400]byte
		raw := appendFloatText(tmp[:0], f)
		var what Number
		if r.text, what = AppendNumber(r.text, raw); math.Abs(f) >= 1<<53 {
			what = Rounded
		}
		c.to = len(r.text)
		c.judge(raw, what)
		return r.add(c)
	}
	c.to = len(r.text)
	c.Kind = batch.Number
	return r.add(c)
}

// appendFloatText writes f out in full, with the fewest digits that tell it from others.
func appendFloatText(dst []byte, f float64) []byte { return strconv.AppendFloat(dst, f, 'f', -1, 64) }

func (r *Row) padded(c Cell, raw []byte, section *Section) error {
	var tmp [64]byte
	text, what := AppendNumber(tmp[:0], raw)
	c.from = len(r.text)
	if what == Exact {
		r.text = section.Pad(r.text, text)
	}
	c.to = len(r.text)
	c.judge(raw, what)
	if section.Words && c.Kind == batch.Number {
		c.Kind = batch.String
	}
	return r.add(c)
}

func (r *Row) date(c *Cell, serial float64, look Look) {
	c.from = len(r.text)
	out, shown, ok := AppendDate(r.text, serial, look, r.Date1904)
	if !ok {
		text := string(AppendDecimal(nil, serial))
		c.from = 0
		c.faulty(text, "workbook.cell_date", "value", Shorten(text))
		return
	}
	r.text = out
	c.to = len(r.text)
	c.Kind = kindOf(shown)
}

func kindOf(l Look) batch.Kind {
	switch l {
	case Day:
		return batch.Date
	case DayTime:
		return batch.Moment
	}
	return batch.Clock
}

// ISO takes a date stored as text: 2026-03-05, 2026-03-05T13:45:00, 13:45:00. The format of its style says what of it shows.
func (r *Row) ISO(column int, raw []byte, style int) error {
	format, _ := r.Styles.Of(style)
	look := DayTime
	if format != nil {
		look = format.For(1).Look
	}
	text, shown, ok := ISODate(raw, look)
	if !ok {
		return r.Faulty(column, string(raw), "workbook.cell_date", "value", Shorten(string(raw)))
	}
	return r.add(Cell{Column: column, Cell: batch.Cell{Kind: kindOf(shown), Text: text}})
}

// keep stores the text of c until the row is complete.
func (r *Row) keep(c *Cell, text []byte) {
	c.from = len(r.text)
	r.text = append(r.text, text...)
	c.to = len(r.text)
}

// judge marks a number that is none, or of which the spreadsheet has already lost digits.
func (c *Cell) judge(raw []byte, what Number) {
	c.Kind = batch.Number
	switch what {
	case Rounded:
		c.from, c.to = 0, 0
		c.faulty(string(raw), "workbook.cell_rounded", "value", Shorten(string(raw)))
	case NoValue:
		c.from, c.to = 0, 0
		c.faulty(string(raw), "workbook.cell_damaged")
	}
}

// lostLetter stands where a program could not write a letter.
var lostLetter = []byte("\uFFFD")

// words takes a text, unless it is what is left of a long number, or of letters that were misread.
func (c *Cell) words(text string) {
	if text == "" {
		return
	}
	if table.Destroyed(text) {
		c.faulty(text, "workbook.cell_scientific", "value", Shorten(text))
		return
	}
	if table.Failed(text) {
		c.faulty(text, "csv.cell.failure", "value", Shorten(text))
		return
	}
	if !charset.ASCII(text) && strings.Contains(text, string(lostLetter)) {
		c.faulty(text, "csv.cell.lost_character", "value", Shorten(text))
		return
	}
	if meant, garbled := charset.Garbled(text); garbled {
		c.faulty(text, "csv.cell.garbled", "value", Shorten(text), "meant", Shorten(meant))
		return
	}
	c.Cell = batch.Cell{Kind: batch.String, Text: text}
}

func (c *Cell) faulty(text, key string, args ...any) {
	m := batch.Message{Key: key, Args: args}
	c.Cell = batch.Cell{Kind: batch.Faulty, Text: text, Problem: &m}
}
