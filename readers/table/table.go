// Package table recognises what people put around their rows: titles above the heading, blank rows, totals rows.
// Its functions are pure and look at texts only, so that every reader decides alike.
package table

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sample is how many of the first rows (blank ones included) FindHeading wants to see.
const Sample = 100

// SampleBytes ends the sample sooner: rows that hold so much are no headings.
const SampleBytes = 8 << 20

// None is FindHeading's answer when no row is a heading: all rows are data.
const None = -1

// Blank reports whether the row shows nothing: every cell is empty or white space.
func Blank(cells []string) bool { return Filled(cells) == 0 }

// Filled counts the cells that show something.
func Filled(cells []string) int {
	n := 0
	for _, c := range cells {
		if !blank(c) {
			n++
		}
	}
	return n
}

// Letter is a spreadsheet's name of the 0-based column i: 0 is A, 26 is AA.
func Letter(i int) string {
	var b [8]byte
	at := len(b)
	for i++; i > 0 && at > 0; i = (i - 1) / 26 {
		at--
		b[at] = byte('A' + (i-1)%26)
	}
	return string(b[at:])
}

// FindHeading returns the index of the row that names the columns, or None when the rows are data from the first one
// on. Rows above the heading are preamble (titles, addresses, "key: value" lines). Give it the first Sample rows of the
// file, the blank ones too.
//
// A heading is the first row that fills most of the table's width with labels. Whatever could be a data row (numbers,
// dates, codes in the shape of those below) is not taken for a heading: a heading sent as data is noticed, a data
// row taken for a heading is lost.
func FindHeading(rows [][]string) int {
	width := usualWidth(rows)
	if width == 0 {
		return None
	}
	need := (width*3 + 4) / 5
	if width > 1 {
		need = max(2, need)
	}
	doubtful := None
	for i, row := range rows {
		n := Filled(row)
		if n < need {
			continue
		}
		what, sure := weigh(row, rows[i+1:min(len(rows), i+41)])
		full := n >= width
		switch {
		case what == heading && (sure || full && doubtful == None):
			return i
		case what == heading && doubtful == None:
			doubtful = i // it has gaps, like a "key: value" line: a later row may be the better one
		case what == record && full:
			return doubtful // the table has begun, and nothing further down can name its columns
		}
	}
	return doubtful
}

// usualWidth is the largest number of filled cells that two rows reach, so that one ragged row does not decide.
func usualWidth(rows [][]string) int {
	first, second := 0, 0
	for _, row := range rows {
		n := Filled(row)
		switch {
		case n > first:
			first, second = n, first
		case n > second:
			second = n
		}
	}
	if second == 0 {
		return first
	}
	return second
}

type verdict int

const (
	neither verdict = iota
	heading
	record
)

// weigh decides whether row names the columns of the rows below it, or is a record like them. It is sure of a heading
// when a label stands above values.
func weigh(row []string, below [][]string) (what verdict, sure bool) {
	labels, years, others := 0, 0, 0
	for _, c := range row {
		switch Look(c) {
		case Nothing:
		case Label, Long:
			labels++
		case Year:
			years++
		default:
			others++
		}
	}
	differs, same := 0, 0
	for i, c := range row {
		switch contrast(c, i, below) {
		case 1:
			differs++
		case -1:
			same++
		}
	}
	switch {
	case others > 0 && (others*4 > labels || differs == 0):
		return record, false
	case years > 0 && (labels == 0 || differs == 0):
		return record, false
	case same > 0 && differs <= same:
		return record, false
	case labels == 0:
		return neither, false
	}
	return heading, differs > 0
}

// contrast compares a cell with the values below it: 1 when they are of another kind (a label above numbers), -1 when it
// has the very shape of those values and digits in it, 0 when nothing can be said.
func contrast(cell string, column int, below [][]string) int {
	if blank(cell) {
		return 0
	}
	var seen, alike, valued, year int
	own, coded, mine := Look(cell), code(cell), ""
	if coded {
		mine = shape(cell)
	}
	for _, row := range below {
		if column >= len(row) || blank(row[column]) {
			continue
		}
		seen++
		if coded && shape(row[column]) == mine {
			alike++
		}
		k := Look(row[column])
		if k.value() {
			valued++
		}
		if k == Year {
			year++
		}
	}
	switch {
	case seen == 0:
		return 0
	case !own.value() && valued*5 >= seen*4:
		return 1
	case own == Year && valued*5 >= seen*4 && year*2 < seen:
		return 1
	case own.value() && valued*5 >= seen*4:
		return -1
	case seen >= 3 && coded && alike*5 >= seen*4:
		return -1
	}
	return 0
}

// code reports whether a text may be an identifier: three digits and more, no blanks.
func code(s string) bool {
	digits := 0
	for _, r := range strings.TrimFunc(s, invisible) {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsSpace(r):
			return false
		}
	}
	return digits >= 3
}

// Kind is what a cell's text looks like.
type Kind uint8

const (
	Nothing Kind = iota // empty or white space
	Label               // words
	Long                // a sentence: more than 120 letters
	Amount              // a number, with or without thousands marks, sign, percent or currency
	Year                // a whole number from 1900 to 2100: the one number that columns are named after
	When                // a date or a time
	Flag                // TRUE, FALSE
	Fault               // #N/A, #REF!, …
)

func (k Kind) value() bool { return k >= Amount }

// Look tells what a cell's text looks like.
func Look(s string) Kind {
	s = strings.TrimFunc(s, invisible)
	if s == "" {
		return Nothing
	}
	if len(s) > 120 && utf8.RuneCountInString(s) > 120 {
		return Long
	}
	switch s {
	case "TRUE", "FALSE", "true", "false", "True", "False":
		return Flag
	}
	if Failed(s) {
		return Fault
	}
	digits, letters, separators, currency, other := 0, 0, 0, 0, 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			letters++
		case strings.ContainsRune(".,:/- +'()%\u00a0\u202f", r):
			separators++
		case strings.ContainsRune("¥￥$€£₽", r):
			currency++
		case unicode.IsLetter(r):
			letters++
		default:
			other++
		}
	}
	if digits == 0 || other > 0 {
		return Label
	}
	if letters == 0 {
		if len(s) == 4 && digits == 4 && s >= "1900" && s <= "2100" {
			return Year
		}
		if datelike(s) {
			return When
		}
		return Amount
	}
	if datelike(s) {
		return When
	}
	if exponent(s) {
		return Amount
	}
	return Label
}

// datelike accepts the usual ways to write dates and times: groups of digits joined by - / . : T Z 年 月 日.
func datelike(s string) bool {
	groups, joins, run := 0, 0, 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			if run == 0 {
				groups++
			}
			run++
			if run > 9 {
				return false
			}
			continue
		case strings.ContainsRune("-/.:年月日时分秒", r):
			if run > 0 {
				joins++
			}
		case r == ' ' || r == 'T' || r == 'Z' || r == '+':
		case r == 'A' || r == 'P' || r == 'M':
		default:
			return false
		}
		run = 0
	}
	if groups < 2 || groups > 9 || joins < 1 {
		return false
	}
	if groups == 2 {
		return strings.ContainsAny(s, ":年月") || strings.Count(s, "/")+strings.Count(s, "-") == 1 && len(s) >= 5 && s[0] != '-'
	}
	return strings.ContainsAny(s, "-/:年月") || strings.Count(s, ".") == 2
}

func exponent(s string) bool {
	mantissa, power, found := strings.Cut(strings.ToUpper(s), "E")
	if !found {
		return false
	}
	return plain(mantissa) && plain(strings.TrimPrefix(power, "+"))
}

func plain(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if s == "" {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && r != '.' && r != ',' {
			return false
		}
	}
	return true
}

// shape writes letters as A, digits as 9 (runs as one each) and keeps the rest: "MSKU-1234567" is "A-9".
func shape(s string) string {
	var b strings.Builder
	last := rune(0)
	for _, r := range strings.TrimFunc(s, invisible) {
		switch {
		case unicode.IsDigit(r):
			r = '9'
		case unicode.IsLetter(r):
			r = 'A'
		}
		if r != last {
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

func blank(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] > ' ' && s[i] < utf8.RuneSelf {
			return false
		}
	}
	return strings.TrimFunc(s, invisible) == ""
}

func invisible(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u2060'
}

// unsigned reports whether a text is a number like 1.38E10: one digit, decimals, and an exponent from 7 on without a sign.
func unsigned[T string | []byte](s T) bool {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '-') {
		s = s[1:]
	}
	at := len(s) - 2 // of the E
	if at > 0 && s[at] >= '0' && s[at] <= '9' {
		at--
	}
	if at < 3 || s[at] != 'E' && s[at] != 'e' || s[0] < '1' || s[0] > '9' || s[1] != '.' {
		return false
	}
	if power := s[at+1]; len(s)-at == 2 && power < '7' || power < '1' || power > '9' {
		return false
	}
	for i := 2; i < at; i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Destroyed reports whether a text is what a spreadsheet leaves of a number that it showed as "1.23457E+15", or in a narrow
// column as "1.38E+10", when the cell was saved as text: the digits are gone. Codes like 1E05 are none: a spreadsheet
// always writes the sign, and two digits; 1.38E+5 is what other programs leave, and 1.3800138E10 is how programs in Java write
// numbers from ten millions on.
func Destroyed[T string | []byte](s T) bool {
	n := len(s)
	for n > 0 && s[n-1] == ' ' {
		n--
	}
	if n < 5 || n > 24 || s[n-1] < '0' || s[n-1] > '9' {
		return false
	}
	if tail := s[n-5 : n-1]; tail[0]|0x20 != 'e' && tail[1]|0x20 != 'e' && tail[2]|0x20 != 'e' && tail[3]|0x20 != 'e' {
		return false
	}
	at := n - 3 // of the E before + and one to three digits
	for at > 0 && s[at+1] != '+' && n-at < 5 {
		at--
	}
	if at < 1 || s[at+1] != '+' {
		return unsigned(s[:n])
	}
	if s[at] != 'E' && s[at] != 'e' {
		return false
	}
	for i := at + 2; i < n; i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	from := 0
	for from < at && (s[from] == ' ' || s[from] == '-' || s[from] == '+') {
		from++
	}
	digits := at - from
	if digits < 1 || n-at == 3 && digits < 3 || s[from] < '1' || s[from] > '9' || digits == 2 {
		return false
	}
	for i := from + 1; i < at; i++ {
		if c := s[i]; i == from+1 && c != '.' && c != ',' || i > from+1 && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Full reports whether a table's last row is one behind which a sheet has no place: of .xls, or of what came after it. Programs that save a
// longer table so, or open it, leave the rest out, and some without a word.
func Full(row int) bool { return row == 65_536 || row == 1_048_576 }
