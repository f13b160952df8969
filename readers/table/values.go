package table

import (
	"html"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/words"
)

// noValue reports whether a text is what databases, programs and people write for "no value". It counts as blank where a cell holds nothing else.
func noValue(s string) bool {
	switch s {
	case "NULL", "null", "(null)", "(NULL)", "<null>", "<NULL>", "[NULL]", "[null]", `\N`, "N/A", "n/a", "None", "nan", "NaN", "NAN", "-nan", "NaT", "<NA>", "undefined", "NA",
		"Null", "nil", "Nil", "NIL", "(none)", "<none>", "none", "NONE", "n.a.", "N.A.", "n. a.", "-", "--", "---", "----", "–", "––", "—", "——", "———":
		return true
	}
	return false
}

// noDay reports whether a text is what a program writes into a date that nobody filled in: MySQL and SAP zeros, 1C, .NET and Go the first day
// of the first year, Access, Delphi and LibreOffice the 30th of December 1899, Excel the day before 1900.
func noDay(s string) bool {
	return s[0] <= '3' && (strings.Contains(s, "00") || s == "0" || strings.Contains(s, "1899")) && unfilled.MatchString(s)
}

var unfilled = patterns.New(`^ *(?:0+|0000[-/.]00[-/.]00|00[-/.]00[-/.]0000|0001[-/.]0?1[-/.]0?1|0?1[-/.]0?1[-/.]0001|1899-12-30|30[-/.]12[-/.]1899|12/30/1899|1900-01-00|00[-/.]0?1[-/.]1900|0?1/0?0/1900)` +
	`(?:[ T]+(?:0?0:00(?::00(?:[.,]0+)?)?|12:00(?::00)? ?AM)(?: ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))*)? *$`)

// Void is the blank cell that stands for such a word. Its problem is for whoever tells people that a value is missing.
func Void(word string) batch.Cell {
	m := words.Message("table.cell.no_value", "value", word)
	return batch.Cell{Problem: &m}
}

// mayOpen are the bytes that such words, and exponents and apostrophes, begin with.
func mayOpen(b byte) bool {
	switch b {
	case 'N', 'n', '(', '<', '[', '\\', '-', 'u', 0xE2, ' ':
		return true
	}
	return false
}

// NoValue reports whether a text of the column stands for no value: a word, or a dash, with blanks around it or none; where dates stand, the
// first day of a program's calendar. What the column's field lists among its values is one, and so is NA among codes of two letters.
func (h *Habit) NoValue(s string) bool {
	if h.Days && noDay(s) {
		return true
	}
	if len(s) > 12 || !mayOpen(s[0]) {
		return false
	}
	s = strings.Trim(s, " ")
	return noValue(s) && !(h.Codes && s == "NA") && !(h.Takes != nil && h.Takes(s))
}

// Ditto is the cell that holds only a mark for "as above": which value that is, people see and a program would guess. No mark: false.
func Ditto(s string) (batch.Cell, bool) {
	if len(s) > 12 || !mayRepeat(s) || !dittos[strings.ToLower(strings.Trim(s, " .:"))] {
		return batch.Cell{}, false
	}
	m := words.Message("table.cell.ditto", "value", s)
	return batch.Cell{Text: s, Kind: batch.Faulty, Problem: &m}, true
}

// mayRepeat is a quick look at how such a mark begins.
func mayRepeat(s string) bool {
	switch s[0] {
	case '"', '-', 'd', 'D', ' ', 0xE2:
		return true
	}
	return strings.HasPrefix(s, "〃") || strings.HasPrefix(s, "同") || strings.HasPrefix(s, "т") || strings.HasPrefix(s, "Т")
}

var dittos = map[string]bool{
	`"`: true, `""`: true, "〃": true, "″": true, "“": true, "”": true, "„": true, `-"-`: true, "-''-": true, "-„-": true, "-“-": true, "-”-": true,
	"-//-": true, "--//--": true, "-||-": true, "—//—": true, "–//–": true, "—“—": true, "—”—": true, "—„—": true, `—"—`: true,
	"ditto": true, "dito": true, "同上": true, "同前": true, "то же": true,
}

// Failed reports whether a text is what a formula shows that could not be calculated, as a spreadsheet calls it in the languages of its users.
func Failed[T string | []byte](text T) bool {
	if n := len(text); n < 3 || n > 40 || text[0] != '#' && text[0] != 'E' && text[0] != "О"[0] {
		return false
	}
	s := strings.TrimSpace(string(text))
	if s[0] == '#' {
		return failures[s]
	}
	code, is := strings.CutPrefix(s, "Err:") // of LibreOffice: Err:502
	if !is {
		code, is = strings.CutPrefix(s, "Ошибка:")
	}
	return is && len(code) == 3 && code[0] == '5' && strings.Trim(code, "0123456789") == ""
}

var failures = map[string]bool{
	"#N/A": true, "#REF!": true, "#VALUE!": true, "#DIV/0!": true, "#NUM!": true, "#NAME?": true, "#NULL!": true,
	"#SPILL!": true, "#CALC!": true, "#GETTING_DATA": true, "#FIELD!": true, "#BLOCKED!": true, "#UNKNOWN!": true, "#CONNECT!": true, "#EXTERNAL!": true, "#BUSY!": true, "#PYTHON!": true, "#ERROR!": true,
	"#Н/Д": true, "#ССЫЛКА!": true, "#ЗНАЧ!": true, "#ДЕЛ/0!": true, "#ЧИСЛО!": true, "#ИМЯ?": true, "#ПУСТО!": true, "#ПЕРЕНОС!": true, // ru
	"#NV": true, "#BEZUG!": true, "#WERT!": true, "#ZAHL!": true, "#ÜBERLAUF!": true, // de
	"#VALEUR!": true, "#NOMBRE!": true, "#NOM?": true, "#NUL!": true, // fr
	"#N/D": true, "#¡REF!": true, "#¡VALOR!": true, "#¡DIV/0!": true, "#¿NOMBRE?": true, "#¡NUM!": true, "#¡NULO!": true, // es
	"#RIF!": true, "#VALORE!": true, "#NOME?": true, "#NULLO!": true, "#VALOR!": true, "#NULO!": true, // it, pt
	"#N/D!": true, "#ADR!": true, "#ARG!": true, "#LICZBA!": true, "#NAZWA?": true, "#ZERO!": true, // pl
	"#ODKAZ!": true, "#HODNOTA!": true, "#NÁZEV?": true, "#ČÍSLO!": true, "#YOK": true, "#BAŞV!": true, "#DEĞER!": true, "#SAYI!": true, "#AD?": true, "#BOŞ!": true, "#SAYI/0!": true, // cs, tr
	"#VERW!": true, "#WAARDE!": true, "#GETAL!": true, "#NAAM?": true, "#LEEG!": true, "#DEEL/0!": true, "#N/B": true, // nl
}

// Apostrophe takes off the mark by which people make a spreadsheet keep a number as text, where it has become a part of the value:
// '00123, '+49 30 1234. A word that begins with one ('s-Hertogenbosch) keeps it. WeChat writes a grave accent before every value, words too.
func Apostrophe(s string) (string, bool) {
	if len(s) > 1 && s[0] == '`' {
		if strings.IndexByte(s[1:], '`') >= 0 {
			return s, false
		}
		return s[1:], true
	}
	if len(s) < 2 || s[0] != '\'' {
		return s, false
	}
	rest := s[1:]
	digits := 0
	for i := range len(rest) {
		switch c := rest[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '\'', c >= 'a' && c <= 'z', c >= 0x80:
			return s, false
		}
	}
	return rest, digits > 0
}

// Unveiled is a text without the marks that nobody sees and that come along when it is copied: from Windows' and telephones' lists of contacts
// (U+202A before a number, U+202C behind it), from web pages and mails. first is the first such mark, 0 where there is none. A text in a script
// that needs them to be shown as it should be keeps them.
func Unveiled(s string) (text string, first rune) {
	if strings.IndexByte(s, 0xE2) < 0 && strings.IndexByte(s, 0xC2) < 0 && strings.IndexByte(s, 0xEF) < 0 {
		return s, 0
	}
	at := strings.IndexFunc(s, veil)
	if at < 0 || strings.ContainsFunc(s, guided) {
		return s, 0
	}
	first, _ = utf8.DecodeRuneInString(s[at:])
	return strings.Map(func(r rune) rune {
		if veil(r) {
			return -1
		}
		return r
	}, s), first
}

// veil: a soft hyphen, blanks of no width, and marks for the direction of letters. U+202E turns letters round, and is seen.
func veil(r rune) bool {
	switch r {
	case '\u00ad', '\u200b', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u2060', '\u2066', '\u2067', '\u2068', '\u2069', '\ufeff':
		return true
	}
	return false
}

// guided are letters that run from right to left, or stand without blanks between words and are cut into lines at such marks; and U+202E.
func guided(r rune) bool {
	return r == '\u202e' || r >= 0x0590 && r <= 0x08ff || r >= 0x0e00 && r <= 0x0fff || r >= 0x1000 && r <= 0x109f || r >= 0x1780 && r <= 0x17ff || r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfefe
}

// Unescaped is a text without the marks that web shops leave in what they export: O&#39;Neil is O'Neil, Ann &amp;amp; Co is Ann & Co. A text with
// tags is HTML and stays as it is. first is the first such mark, "" where there is none.
func Unescaped(s string) (text, first string) {
	if strings.IndexByte(s, '&') < 0 || strings.IndexByte(s, ';') < 0 || tag.MatchString(s) {
		return s, ""
	}
	for range 3 { // escaped by several programs, one after the other
		next := reference.ReplaceAllStringFunc(s, func(mark string) string {
			text := unescape(mark)
			if first == "" && text != mark {
				first = mark
			}
			return text
		})
		if next == s {
			break
		}
		s = next
	}
	return s, first
}

var (
	reference = patterns.New(`&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)
	tag       = patterns.New(`</?[A-Za-z][^<>]*>`)
)

// unescape is the character that a reference stands for; one that shows nothing, or none, is left alone.
func unescape(reference string) string {
	text := html.UnescapeString(reference)
	r, _ := utf8.DecodeRuneInString(text)
	switch {
	case text == reference || strings.HasSuffix(text, ";") && len(text) > 1 || r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' && r != '\r':
		return reference
	case r == '\u00a0':
		return " "
	}
	return text
}

// Formula reports whether a text is a formula that a program wrote out, or somebody typed into a cell for text, instead of what it shows.
func Formula(s string) bool { return len(s) > 1 && s[0] == '=' && formula.MatchString(s) }

// formula has after its sign a cell, a call, a sheet, a number that stands alone or is reckoned with, or a text that something is put to.
var formula = patterns.New(`^=\s*[-+@({]*(\$?[A-Za-z]{1,3}\$?\d{1,7}([^\pL\d_.]|$)|[\pL_][\pL\d_.]*\(|'[^']+'!|[\pL_][\pL\d_.]*!\$?[A-Za-z]|\d[\d.,]*\s*([-+*/^&]|$)|"[^"]*"\s*&)`)

// UnderFormula is the cell that holds a formula.
func UnderFormula(text string) batch.Cell {
	m := words.Message("table.cell.formula", "value", text)
	return batch.Cell{Text: text, Kind: batch.Faulty, Problem: &m}
}

// Habit is what the first values of a column tell about the others.
type Habit struct {
	Codes  bool // most are codes of two capital letters
	Comma  bool // some are decimals with a comma
	Floats bool // all are whole numbers with .0 behind them, some of them long: a program took numbers of things for measures

	dotted int // the first row with 1.234, 0: none so far

	Takes func(text string) bool // whether its field lists this text among its values; nil: it lists none
	Days  bool                   // its field takes dates

	grouped bool // some have points between thousands: 1.000.000
	numeric bool // its field takes numbers
	points  bool // and so points are between thousands
}

// Learn looks at a value of the column.
func (h *Habit) Learn(value string) {
	h.Comma = h.Comma || DecimalComma(value)
	h.grouped = h.grouped || grouped(value)
}

// Expect says what the fields of the columns list.
func Expect(habits []Habit, fit batch.Fit) {
	for i := range habits {
		if i < len(fit.Lists) {
			habits[i].Takes = fit.Lists[i]
		}
		if i < len(fit.Days) {
			habits[i].Days = fit.Days[i]
		}
		if i < len(fit.Numbers) && fit.Numbers[i] {
			habits[i].numeric = true
			habits[i].points = habits[i].grouped
		}
	}
}

// Habits learns them from the first rows below the heading.
func Habits(rows [][]string, columns int) []Habit {
	out := make([]Habit, columns)
	for i := range out {
		codes, all, floats, longest := 0, 0, 0, 0
		for _, row := range rows {
			if i >= len(row) || row[i] == "NA" || blank(row[i]) {
				continue
			}
			all++
			if s := row[i]; len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' {
				codes++
			}
			if whole, is := whole(row[i]); is {
				floats, longest = floats+1, max(longest, len(whole))
			}
			out[i].Learn(row[i])
		}
		out[i].Codes = codes > 0 && codes*2 >= all
		out[i].Floats = longest > 3 && floats == all
	}
	return out
}

// whole is what stands before the .0 of a text like 13800138000.0, as programs write the numbers of a column in which some are missing; before
// the ,0 where they were told to write decimals with a comma.
func whole(s string) (string, bool) {
	if len(s) < 3 || s[len(s)-1] != '0' || s[len(s)-2] != '.' && s[len(s)-2] != ',' {
		return "", false
	}
	digits := s[:len(s)-2]
	return digits, strings.Trim(digits, "0123456789") == ""
}

// Whole takes the .0 off where the column's values have it by habit.
func (h *Habit) Whole(s string) (string, bool) {
	if h.Floats {
		if digits, is := whole(s); is {
			return digits, true
		}
	}
	return s, false
}

// Restart forgets what was seen of the rows of columns: they are read from the first one again.
func Restart(habits []Habit) {
	for i := range habits {
		habits[i].dotted = 0
	}
}

// Decimals judges a number with its column: where decimals are written with a comma, or thousands with points, 1.234 is asked about (doubtful).
// late is the first row with 1.234, 0 for none, when the column's first such number comes below it: nobody can tell what was handed on, and the
// file is held.
func (h *Habit) Decimals(c *batch.Cell, row int) (doubtful bool, late int) {
	one := Thousands(c.Text) && !grouped(c.Text)
	switch comma := DecimalComma(c.Text); {
	case one && (h.Comma || h.points):
		*c = h.ambiguous(c.Text)
		return true, 0
	case one:
		if h.dotted == 0 {
			h.dotted = row
		}
	case !h.Comma && !h.points && (comma || h.numeric && grouped(c.Text)):
		h.Comma, h.points = comma, !comma
		return false, h.dotted
	}
	return false, 0
}

// Ambiguous is the cell of a number with a point where the column's other numbers leave open what it means.
func (h *Habit) Ambiguous(number string) (c batch.Cell, is bool) {
	if !h.Comma && !h.points || !Thousands(number) || grouped(number) {
		return batch.Cell{}, false
	}
	return h.ambiguous(number), true
}

func (h *Habit) ambiguous(number string) batch.Cell {
	key := "table.cell.decimals"
	if !h.Comma {
		key = "table.cell.grouped"
	}
	m := words.Message(key, "value", number, "other", strings.ReplaceAll(number, ".", ""))
	return batch.Cell{Text: number, Kind: batch.Faulty, Problem: &m}
}

// DecimalComma reports whether a text can only be a number whose decimals stand behind a comma: 12,5 and 1.234,56, but not 1,234.
func DecimalComma(s string) bool {
	at := strings.IndexByte(s, ',')
	if at < 1 || at+1 == len(s) || len(s) > 24 {
		return false
	}
	whole, decimals := strings.TrimPrefix(s[:at], "-"), s[at+1:]
	if whole == "" || strings.Trim(decimals, "0123456789") != "" || strings.Trim(whole, "0123456789.") != "" {
		return false
	}
	if strings.Contains(whole, ".") {
		return thousands(whole)
	}
	return len(decimals) != 3 || len(whole) > 3 || whole[0] == '0'
}

// grouped reports whether a text is 12.345.678, which can only have points between thousands.
func grouped(s string) bool { return strings.IndexByte(s, '.') < len(s)-4 && Thousands(s) }

// Thousands reports whether a text is 1.234 or 12.345.678: a number with grouping points, or one with three decimals.
func Thousands(s string) bool {
	n := len(s)
	if n < 5 || s[n-4] != '.' || n > 20 {
		return false
	}
	return thousands(strings.TrimPrefix(s, "-"))
}

func thousands(s string) bool {
	first, rest, more := strings.Cut(s, ".")
	if !more || len(first) < 1 || len(first) > 3 || first[0] == '0' || strings.Trim(first, "0123456789") != "" {
		return false
	}
	for group := range strings.SplitSeq(rest, ".") {
		if len(group) != 3 || strings.Trim(group, "0123456789") != "" {
			return false
		}
	}
	return true
}
