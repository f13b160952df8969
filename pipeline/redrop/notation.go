package redrop

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
)

// Spreadsheet programs write dates and numbers in their own way when they save as CSV. likewise tells whether text is what a
// program may have made of a cell: the same value in another notation.

// order is what stands first in a date's notation, where that is not plain from the notation itself.
type order uint8

const (
	undecided order = iota
	dayFirst
	monthFirst
	rounded   // of a number with more digits than a program can hold: nobody writes that by hand
	bared     // of digits without the zeros that they began with
	marred    // of letters that became question marks, or a house number that became a day of a month: nobody writes that by hand either
	joined    // of 1.234 or 1,234 as 1234, a thousand times as much
	spoilt    // no notation: as it was, and a reader found something wrong with it that does not show any more
	notations // how many there are
)

// renotedAs compares a cell with what it became, which is text where the program saved text, and where it took a text for what it looks
// like, a number, a date or a truth.
func renotedAs(was, is *batch.Cell) (bool, order) {
	switch is.Kind {
	case batch.String:
		return likewise(was, is.Text)
	case batch.Number:
		same, o := likewise(was, is.Text)
		return same && (was.Kind == batch.String || o == rounded || o == joined), o
	case batch.Faulty:
		same, o := likewise(was, is.Text)
		return same && o == rounded, o
	case batch.Date, batch.Moment, batch.Clock:
		if own := strings.TrimSpace(was.Text); (was.Kind == batch.String || was.Kind == batch.Number) && shortDay.MatchString(own) {
			return sameShortDay(is.Text, own)
		} else if was.Kind == batch.String {
			return sameTime(is.Text, own)
		}
	case batch.Bool:
		return was.Kind == batch.String && sameTruth(is.Text, strings.TrimSpace(was.Text)), undecided
	}
	return false, undecided
}

// likewise compares a cell with a text that differs from it.
func likewise(cell *batch.Cell, text string) (bool, order) {
	own, text := strings.TrimSpace(cell.Text), strings.TrimSpace(text)
	switch cell.Kind {
	case batch.Number:
		return asNumber(own, text)
	case batch.Bool:
		return sameTruth(own, text), undecided
	case batch.Date, batch.Moment, batch.Clock:
		return sameTime(own, text)
	case batch.String:
		switch {
		case plainNumber.MatchString(strings.TrimPrefix(own, "+")):
			return asNumber(strings.TrimPrefix(own, "+"), text)
		case codeLike.MatchString(own):
			plain, small := unfolded(own)
			return small && sameNumber(plain, text), undecided
		case inBrackets.MatchString(own):
			return sameNumber("-"+strings.NewReplacer(",", "").Replace(strings.Trim(own, "()")), text), undecided
		case isoTime.MatchString(own):
			return sameTime(strings.Replace(own, " ", "T", 1), text)
		case isTruth(own):
			return sameTruth(own, text), undecided
		case sameGroups(own, text):
			return true, undecided
		case sameJoined(own, text):
			return true, joined
		}
		for _, same := range []func(own, text string) (bool, order){sameShortDayText, sameNamedDay, sameLetters} {
			if is, o := same(own, text); is {
				return true, o
			}
		}
	}
	return false, undecided
}

var (
	plainNumber = patterns.New(`^-?\d+(\.\d+)?$`)
	isoTime     = patterns.New(`^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?$|^\d\d?:\d\d(:\d\d)?$`)
	exponential = patterns.New(`^-?\d([.,]\d+)?[eE][+-]?\d+$`)
	codeLike    = patterns.New(`^-?\d+([.,]\d+)?[eE][+-]?\d+$`) // 12E5, which is a code to its sender
	inBrackets  = patterns.New(`^\(\d+(,\d{3})*(\.\d+)?\)$`)    // which is a negative number to a program
	threes      = patterns.New(`^-?[1-9]\d{0,2}((\.\d{3})+|(,\d{3})+)$`)
	digits      = patterns.New(`\d+`)
	dateText    = patterns.New(`^\d{1,4}([./-]|\. )\d{1,2}([./-]|\. )\d{1,4}\.?$|^\d{4}年\d{1,2}月\d{1,2}日$`)
	shortDay    = patterns.New(`^\d{1,2}[./-]\d{1,2}$`) // the house 12/3, which is a day to a program
	clockText   = patterns.New(`^(\d{1,4}):(\d\d)(?::(\d\d))?(?: ?([AaPp])\.?[Mm]\.?)?$`)
)

// sameZeros reports whether text are the same digits without the zeros, or the plus, that they began with.
func sameZeros(own, text string) bool {
	return len(own) > len(text) && text != "" && strings.Trim(text, "0123456789") == "" && strings.TrimLeft(own, "+0") == text
}

// zeroed reports whether a text is digits that begin with a zero.
func zeroed(text string) bool {
	return len(text) > 1 && text[0] == '0' && strings.Trim(text, "0123456789") == ""
}

// unfolded is the plain number that a program makes of one like 12E5; small says that it keeps all its digits.
func unfolded(own string) (plain string, small bool) {
	f, err := strconv.ParseFloat(strings.Replace(own, ",", ".", 1), 64)
	return strconv.FormatFloat(f, 'f', -1, 64), err == nil && math.Abs(f) < 1e15
}

func asNumber(own, text string) (bool, order) {
	switch {
	case sameHead(own, text):
		return true, rounded
	case sameNumber(own, text):
		return true, undecided
	case sameJoined(own, text):
		return true, joined
	}
	return sameShortDayText(own, text)
}

// sameJoined reports whether text is a number like 1.234 or 1,234 to a program for which that is more than a thousand.
func sameJoined(own, text string) bool {
	return threes.MatchString(own) && strings.NewReplacer(".", "", ",", "").Replace(own) == text
}

// sameHead reports whether text is what a program leaves of a number with more than 15 digits: LibreOffice rounds the others
// away, Excel writes zeros for them, and both store what a float holds.
func sameHead(plain, text string) bool {
	whole := strings.TrimLeft(strings.TrimPrefix(plain, "-"), "0")
	if len(whole) < 16 || strings.Contains(whole, ".") {
		return false
	}
	is, ok := new(big.Rat).SetString(strings.Replace(text, ",", ".", 1))
	if !ok || !exponential.MatchString(text) && !plainNumber.MatchString(text) {
		return false
	}
	want, _ := new(big.Float).SetPrec(1024).SetString(plain)
	f, _ := want.Float64()
	cut := plain[:len(plain)-len(whole)+15] + strings.Repeat("0", len(whole)-15)
	for _, left := range []string{strconv.FormatFloat(f, 'f', -1, 64), want.Text('e', 14), cut} {
		if v, ok := new(big.Rat).SetString(left); ok && v.Cmp(is) == 0 {
			return true
		}
	}
	return false
}

// sameNumber compares a plain decimal with what a program shows of it: thousands set apart, a decimal comma, a currency, per
// cent, an exponent, or fewer decimals.
func sameNumber(plain, text string) bool {
	want, ok := new(big.Rat).SetString(plain)
	if !ok {
		return false
	}
	if exponential.MatchString(text) {
		return sameExponential(want, text)
	}
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.Is(unicode.Sc, r) || unicode.IsSpace(r) })
	if inner, is := strings.CutSuffix(text, "%"); is {
		text, want = strings.TrimSpace(inner), new(big.Rat).Mul(want, big.NewRat(100, 1))
	}
	if inner, is := strings.CutPrefix(text, "("); is && strings.HasSuffix(inner, ")") {
		text = "-" + strings.TrimSuffix(inner, ")")
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\'' || r == '’' {
			return -1
		}
		return r
	}, text)
	for _, signs := range [][2]string{{",", "."}, {".", ","}} {
		thousands, point := signs[0], signs[1]
		whole, part, pointed := strings.Cut(text, point)
		if !apart(whole, thousands) || pointed && part == "" {
			continue
		}
		shown := strings.ReplaceAll(whole, thousands, "")
		if pointed {
			shown += "." + part
		}
		if plainNumber.MatchString(shown) && sameShown(want, shown, len(part)) {
			return true
		}
	}
	return false
}

// apart reports whether the digits stand in threes where they are set apart.
func apart(whole, by string) bool {
	groups := strings.Split(strings.TrimPrefix(whole, "-"), by)
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return false
		}
	}
	return groups[0] != "" && (len(groups) == 1 || len(groups[0]) <= 3)
}

// sameShown compares a number with its digits as shown, which may be fewer.
func sameShown(want *big.Rat, shown string, decimals int) bool {
	is, ok := new(big.Rat).SetString(shown)
	if !ok {
		return false
	}
	rounded, _ := new(big.Rat).SetString(want.FloatString(decimals))
	return is.Cmp(want) == 0 || is.Cmp(rounded) == 0
}

func sameExponential(want *big.Rat, text string) bool {
	text = strings.ToLower(strings.Replace(text, ",", ".", 1))
	is, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	mantissa, _, _ := strings.Cut(text, "e")
	_, part, _ := strings.Cut(mantissa, ".")
	f, _ := want.Float64()
	return strconv.FormatFloat(f, 'e', len(part), 64) == strconv.FormatFloat(is, 'e', len(part), 64)
}

// truths are how programs show a truth, by what it is.
var truths = map[string][]string{"TRUE": {"TRUE", "ИСТИНА", "WAHR", "VRAI", "VERO", "VERDADERO"}, "FALSE": {"FALSE", "ЛОЖЬ", "FALSCH", "FAUX", "FALSO"}}

func isTruth(own string) bool { return truths[strings.ToUpper(own)] != nil }

func sameTruth(own, text string) bool {
	return slices.Contains(truths[strings.ToUpper(own)], strings.ToUpper(text))
}

// sameTime compares 2006-01-02, 2006-01-02T15:04:05 or 15:04:05 with what a program shows of it.
func sameTime(iso, text string) (bool, order) {
	day, clock, both := strings.Cut(iso, "T")
	if !both && strings.Contains(day, ":") {
		return sameClock(day, text), undecided
	}
	shown := text
	if both {
		at := strings.IndexByte(text, ':')
		if at < 0 {
			if strings.Trim(clock, "0:") != "" {
				return false, undecided
			}
		} else {
			at = strings.LastIndexAny(text[:at], " T")
			if at < 0 || !sameClock(clock, strings.TrimSpace(text[at+1:])) {
				return false, undecided
			}
			shown = strings.TrimRight(strings.TrimSpace(text[:at]), ",")
		}
	}
	return sameDay(day, shown)
}

// sameClock: programs leave out the seconds, or count to twelve.
func sameClock(clock, text string) bool {
	f := clockText.FindStringSubmatch(text)
	if f == nil {
		return false
	}
	hour, _ := strconv.Atoi(f[1])
	if half := strings.ToUpper(f[4]); half != "" {
		if hour < 1 || hour > 12 {
			return false
		}
		if hour %= 12; half == "P" {
			hour += 12
		}
	}
	own := strings.Split(clock, ":")
	h, _ := strconv.Atoi(own[0])
	return h == hour && own[1] == f[2] && (f[3] == "" || len(own) < 3 && f[3] == "00" || len(own) == 3 && own[2] == f[3])
}

// sameDay compares 2006-01-02 with a date as shown. It says whether day or month stands first where the notation leaves that open.
func sameDay(iso, text string) (bool, order) {
	want, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return false, undecided
	}
	if n, month := named(text); month > 0 {
		return month == want.Month() && ofDay(n, want), undecided
	}
	if !dateText.MatchString(text) {
		return false, undecided
	}
	g := digits.FindAllString(text, -1)
	year, month, day := want.Year(), int(want.Month()), want.Day()
	is := func(s string, n int) bool { v, _ := strconv.Atoi(s); return v == n }
	dotted := strings.Contains(text, ".")
	switch {
	case len(g[0]) == 4:
		return is(g[0], year) && is(g[1], month) && is(g[2], day), undecided
	case !(len(g[2]) == 4 && is(g[2], year) || len(g[2]) == 2 && is(g[2], year%100)):
		return false, undecided
	case is(g[0], day) && is(g[1], month) && (dotted || day == month):
		return true, undecided
	case is(g[0], day) && is(g[1], month):
		return true, dayFirst
	case is(g[0], month) && is(g[1], day) && !dotted:
		return true, monthFirst
	}
	return false, undecided
}

// sameShortDay compares 2006-01-02 with a text that a program took for day and month, in either order, of the year that it was, or for month and
// year.
func sameShortDay(iso, text string) (bool, order) {
	day, _, _ := strings.Cut(iso, "T")
	is, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return false, undecided
	}
	g := digits.FindAllString(text, -1)
	first, _ := strconv.Atoi(g[0])
	second, _ := strconv.Atoi(g[1])
	switch m, d := int(is.Month()), is.Day(); {
	case first == m && second == d && m == d:
		return true, undecided
	case first == m && second == d:
		return true, monthFirst
	case first == d && second == m:
		return true, dayFirst
	case first == m && second == is.Year()%100 && d == 1:
		return true, undecided
	}
	return false, undecided
}

// sameGroups compares two dates that a person and a program have written: the same numbers in the same order.
func sameGroups(own, text string) bool {
	if !dateText.MatchString(own) || !dateText.MatchString(text) {
		return false
	}
	a, b := digits.FindAllString(own, -1), digits.FindAllString(text, -1)
	for i := range a {
		x, y := strings.TrimLeft(a[i], "0"), strings.TrimLeft(b[i], "0")
		if x != y && !(len(x) == 4 && len(y) == 2 && strings.HasSuffix(x, y)) && !(len(y) == 4 && len(x) == 2 && strings.HasSuffix(y, x)) {
			return false
		}
	}
	return true
}
