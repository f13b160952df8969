package ours

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// XMLHead begins every part.
const XMLHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// What the format itself allows.
const (
	MaxRow    = 1_048_576
	MaxColumn = 16_384
	maxText   = 32_767 // UTF-16 units in a cell
)

// SheetRows is how many rows a sheet of ours holds; a test makes it small.
var SheetRows = MaxRow

// AppendText appends s as the text of a cell: characters that XML forbids become the _xHHHH_ that spreadsheet programs
// know, and what merely looks like one is protected.
func AppendText(b []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		width, instead := 1, ""
		var code rune = -1
		switch {
		case c == '&':
			instead = "&amp;"
		case c == '<':
			instead = "&lt;"
		case c == '>':
			instead = "&gt;"
		case c == '_':
			if !escaped(s[i:]) {
				i++
				continue
			}
			code = '_'
		case c < ' ':
			code = rune(c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			width = n
			switch {
			case r == utf8.RuneError && n == 1:
				instead = "\ufffd"
			case r == 0xfffe || r == 0xffff:
				code = r
			default:
				i += n
				continue
			}
		}
		b = append(b, s[from:i]...)
		if code >= 0 {
			b = appendEscape(b, code)
		} else {
			b = append(b, instead...)
		}
		i += width
		from = i
	}
	return append(b, s[from:]...)
}

// plain are the bytes that stand for themselves.
var plain = func() (set [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		set[c] = c != '&' && c != '<' && c != '>' && c != '_'
	}
	set['\n'], set['\t'] = true, true
	return set
}()

func appendEscape(b []byte, code rune) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, '_', 'x', digits[code>>12&15], digits[code>>8&15], digits[code>>4&15], digits[code&15], '_')
}

// escaped reports whether s begins like _x000D_.
func escaped(s string) bool {
	if len(s) < 7 || s[1] != 'x' && s[1] != 'X' || s[6] != '_' {
		return false
	}
	for _, c := range []byte(s[2:6]) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}

// AppendAttr appends s as the value of an attribute in double quotes.
func AppendAttr(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r < ' ' || r == 0xfffe || r == 0xffff:
			b = append(b, ' ')
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// fit cuts s to what a cell can hold.
func fit(s string) (cut string, whole bool) {
	if len(s) <= maxText {
		return s, true
	}
	units, at := 0, 0
	for i, r := range s {
		if units <= maxText-1 {
			at = i
		}
		if units += max(1, utf16.RuneLen(r)); units > maxText {
			return s[:at] + "…", false
		}
	}
	return s, true
}

// spaced reports whether the blanks of s need protection.
func spaced(s string) bool {
	if s == "" {
		return false
	}
	return s[0] <= ' ' || s[len(s)-1] <= ' '
}

// AppendRef appends "C5"; column from 0.
func AppendRef(b []byte, column, row int) []byte {
	return strconv.AppendInt(appendLetters(b, column), int64(row), 10)
}

func appendLetters(b []byte, column int) []byte {
	if column >= 26 {
		b = appendLetters(b, column/26-1)
	}
	return append(b, byte('A'+column%26))
}

// Letters name a column: 1 is A.
func Letters(column int) string { return string(appendLetters(nil, column)) }

// Reference reads "C5" (or "C") as column 2, row 5 (row 0 where there is none).
func Reference(s string) (column, row int, ok bool) {
	i := 0
	for ; i < len(s) && i < 4; i++ {
		c := s[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		column = column*26 + int(c-'A') + 1
	}
	if i == 0 || column > MaxColumn {
		return 0, 0, false
	}
	if i == len(s) {
		return column - 1, 0, true
	}
	row, err := strconv.Atoi(s[i:])
	return column - 1, row, err == nil && row > 0 && row <= MaxRow
}

// Cells writes the cells of rows; p is the prefix of the sheet's elements ("" or "x:").
type Cells struct {
	B []byte
	P string
}

func (c *Cells) open(column, row, style int) {
	c.B = append(append(append(c.B, '<'), c.P...), `c r="`...)
	c.B = append(AppendRef(c.B, column, row), '"')
	if style > 0 {
		c.B = strconv.AppendInt(append(c.B, ` s="`...), int64(style), 10)
		c.B = append(c.B, '"')
	}
}

// Blank writes a cell that only has a style.
func (c *Cells) Blank(column, row, style int) {
	c.open(column, row, style)
	c.B = append(c.B, "/>"...)
}

// Text writes a cell of text, whatever it looks like. It reports whether the text fitted.
func (c *Cells) Text(column, row, style int, s string) bool {
	if s == "" {
		c.Blank(column, row, style)
		return true
	}
	s, whole := fit(s)
	c.open(column, row, style)
	c.B = append(c.B, ` t="inlineStr">`...)
	c.tag("<", "is>")
	c.tag("<", "t")
	if spaced(s) {
		c.B = append(c.B, ` xml:space="preserve"`...)
	}
	c.B = AppendText(append(c.B, '>'), s)
	c.tag("</", "t>")
	c.tag("</", "is>")
	c.tag("</", "c>")
	return whole
}

// number writes a numeric cell.
func (c *Cells) number(column, row, style int, v float64) {
	c.open(column, row, style)
	c.B = append(c.B, '>')
	c.tag("<", "v>")
	c.B = strconv.AppendFloat(c.B, v, 'f', -1, 64)
	c.tag("</", "v>")
	c.tag("</", "c>")
}

func (c *Cells) tag(open, name string) {
	c.B = append(append(append(c.B, open...), c.P...), name...)
}

// Row begins a row of usual height.
func (c *Cells) Row(row int) { c.High(row, 1) }

// High opens a row that shows so many lines of text.
func (c *Cells) High(row, lines int) {
	c.tag("<", `row r="`)
	c.B = append(strconv.AppendInt(c.B, int64(row), 10), '"')
	if lines > 1 {
		c.B = append(strconv.AppendInt(append(c.B, ` ht="`...), int64(15*min(lines, 12)), 10), `" customHeight="1"`...)
	}
	c.B = append(c.B, '>')
}

// EndRow ends it.
func (c *Cells) EndRow() { c.tag("</", "row>") }
