package grid

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Number is what AppendNumber found.
type Number uint8

const (
	Exact   Number = iota // the decimal as the sender saw it
	Rounded               // 15 digits and more, of which the spreadsheet has already replaced some: do not use
	NoValue               // not a number at all
)

// AppendNumber appends the stored number raw as a plain decimal: no exponent, no more than the 15 digits that a
// spreadsheet keeps, without the noise of binary fractions. A whole number written out with more digits by another
// program is kept digit by digit.
func AppendNumber(dst, raw []byte) ([]byte, Number) {
	from := len(dst)
	digits, point, simple := shapeOf(raw)
	if !simple {
		return appendFloat(dst, raw)
	}
	neg := raw[0] == '-'
	abs := raw
	if neg {
		abs = raw[1:]
	}
	for len(abs) > 1 && abs[0] == '0' && abs[1] != '.' {
		abs = abs[1:]
		digits--
	}
	if point {
		if digits > 15 {
			return appendFloat(dst, raw)
		}
		for abs[len(abs)-1] == '0' {
			abs = abs[:len(abs)-1]
		}
		if abs[len(abs)-1] == '.' {
			abs = abs[:len(abs)-1]
		}
	} else if digits > 15 && lostDigits(abs) {
		return append(dst, raw...), Rounded
	}
	if neg && !(len(abs) == 1 && abs[0] == '0') {
		dst = append(dst, '-')
	}
	dst = append(dst, abs...)
	if len(dst) == from {
		return dst, NoValue
	}
	return dst, Exact
}

// shapeOf recognises -?digits(.digits)? and counts the digits.
func shapeOf(raw []byte) (digits int, point, simple bool) {
	i := 0
	if len(raw) > 0 && raw[0] == '-' {
		i++
	}
	if i == len(raw) || raw[i] < '0' || raw[i] > '9' {
		return 0, false, false
	}
	for ; i < len(raw); i++ {
		switch c := raw[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && !point && i+1 < len(raw):
			point = true
		default:
			return digits, point, false
		}
	}
	return digits, point, true
}

// lostDigits reports whether a whole number of more than 15 digits shows the marks of rounding: Excel fills up with
// zeros after 15 digits, other programs after the 17 that a binary number has.
func lostDigits(abs []byte) bool {
	n := len(abs)
	for n > 0 && abs[n-1] == '0' {
		n--
	}
	return n <= 15 || len(abs) > 17 && n <= 17
}

// Float reads a stored number strictly: digits, point, exponent, sign; no names, no hexadecimal.
func Float(raw []byte) (float64, bool) {
	if len(raw) == 0 || len(raw) > 400 {
		return 0, false
	}
	for _, c := range raw {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return f, err == nil && !math.IsInf(f, 0)
}

func appendFloat(dst, raw []byte) ([]byte, Number) {
	f, ok := Float(raw)
	if !ok {
		return dst, NoValue
	}
	if math.Abs(f) >= 1e15 {
		return append(dst, raw...), Rounded
	}
	return AppendDecimal(dst, f), Exact
}

// AppendDecimal appends f with up to 15 digits and no exponent.
func AppendDecimal(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0')
	}
	var tmp [32]byte
	e := strconv.AppendFloat(tmp[:0], f, 'e', 14, 64)
	if e[0] == '-' {
		dst = append(dst, '-')
		e = e[1:]
	}
	// d.dddddddddddddde±xx
	var digits [15]byte
	digits[0] = e[0]
	copy(digits[1:], e[2:16])
	exp := 0
	for _, c := range e[18:] {
		exp = exp*10 + int(c-'0')
	}
	if e[17] == '-' {
		exp = -exp
	}
	n := 15
	for n > 1 && digits[n-1] == '0' {
		n--
	}
	switch {
	case exp < 0:
		dst = append(dst, '0', '.')
		for range -exp - 1 {
			dst = append(dst, '0')
		}
		return append(dst, digits[:n]...)
	case n <= exp+1:
		dst = append(dst, digits[:n]...)
		for range exp + 1 - n {
			dst = append(dst, '0')
		}
		return dst
	}
	dst = append(dst, digits[:exp+1]...)
	dst = append(dst, '.')
	return append(dst, digits[exp+1:n]...)
}

// Pad gives a plain decimal the leading zeros, or the fixed signs between its digits, that section s shows. Text that
// does not fit the section stays as it is.
func (s *Section) Pad(dst, text []byte) []byte {
	neg := len(text) > 0 && text[0] == '-'
	abs := text
	if neg {
		abs = text[1:]
	}
	whole := 0
	for whole < len(abs) && abs[whole] != '.' {
		whole++
	}
	if s.Look == Masked && (whole < len(abs) || neg) {
		return append(dst, text...)
	}
	if neg {
		dst = append(dst, '-')
	}
	if s.Look == Padded {
		for range s.Zeros - whole {
			dst = append(dst, '0')
		}
		return append(dst, abs...)
	}
	spare := max(0, whole-s.Zeros) // digits that have no slot of their own stand in the first
	missing := max(0, s.Zeros-whole)
	for i := range len(s.Mask) {
		switch {
		case s.Mask[i] != slot:
			dst = append(dst, s.Mask[i])
		case missing > 0:
			dst = append(dst, '0')
			missing--
		default:
			dst = append(dst, abs[:spare+1]...)
			abs, spare = abs[spare+1:], 0
		}
	}
	return dst
}

// MaxSerial is the last day a spreadsheet knows, 9999-12-31, in the 1900 system.
const MaxSerial = 2958465

// AppendDate appends serial as the look says: 2006-01-02, 2006-01-02T15:04:05 or 15:04:05, to the nearest second.
// shown is the look that it got: a moment of day zero is only a time. ok is false for what a spreadsheet shows as #####.
func AppendDate(dst []byte, serial float64, look Look, date1904 bool) (out []byte, shown Look, ok bool) {
	if serial < 0 || serial >= MaxSerial+1 {
		return dst, look, false
	}
	total := int64(math.Round(serial * 86400))
	if look == Elapsed {
		return appendClock(dst, total), look, true
	}
	day, second := total/86400, total%86400
	if look == Either {
		switch {
		case day == 0:
			look = TimeOfDay
		case second == 0:
			look = Day
		default:
			look = DayTime
		}
	}
	if look == TimeOfDay {
		return appendClock(dst, second), look, true
	}
	if date1904 {
		day += 1462
	}
	if day > MaxSerial {
		return dst, look, false
	}
	if day == 0 {
		if look == DayTime {
			return appendClock(dst, second), TimeOfDay, true
		}
		return dst, look, false
	}
	dst = appendDay(dst, day)
	if look == DayTime {
		dst = append(dst, 'T')
		dst = appendClock(dst, second)
	}
	return dst, look, true
}

// appendDay writes a day of the 1900 system, which has a 29 February 1900.
func appendDay(dst []byte, day int64) []byte {
	if day == 60 {
		return append(dst, "1900-02-29"...)
	}
	if day < 60 {
		day++
	}
	// days since 0000-03-01; 1899-12-30 is day 693899 of that count
	z := day + 693899
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d := doy - (153*mp+2)/5 + 1
	m := mp + 3
	if m > 12 {
		m -= 12
	}
	y := yoe + era*400
	if m <= 2 {
		y++
	}
	dst = appendInt(dst, y, 4)
	dst = append(dst, '-')
	dst = appendInt(dst, m, 2)
	dst = append(dst, '-')
	return appendInt(dst, d, 2)
}

func appendClock(dst []byte, seconds int64) []byte {
	dst = appendInt(dst, seconds/3600, 2)
	dst = append(dst, ':')
	dst = appendInt(dst, seconds/60%60, 2)
	dst = append(dst, ':')
	return appendInt(dst, seconds%60, 2)
}

func appendInt(dst []byte, n int64, width int) []byte {
	var tmp [20]byte
	at := len(tmp)
	for n > 0 || len(tmp)-at < width {
		at--
		tmp[at] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, tmp[at:]...)
}

// ISODate reads a date as t="d" stores it. look is what the cell's format shows of it. Parts of a second are rounded.
func ISODate(raw []byte, look Look) (text string, shown Look, ok bool) {
	s := string(raw)
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02", "15:04:05", "15:04"} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		t = t.Round(time.Second)
		switch {
		case len(layout) <= len("15:04:05"):
			return t.Format("15:04:05"), TimeOfDay, true
		case layout == "2006-01-02", look == Day:
			return t.Format("2006-01-02"), Day, true
		case look == TimeOfDay:
			return t.Format("15:04:05"), TimeOfDay, true
		}
		return t.Format("2006-01-02T15:04:05"), DayTime, true
	}
	if d, ok := isoDuration(s); ok {
		if look == TimeOfDay { // the days in it do not show: it is a moment of which only the time is wanted, or a sum beyond midnight
			d -= d.Truncate(24 * time.Hour)
		}
		return string(appendClock(nil, int64(d.Round(time.Second)/time.Second))), Elapsed, true
	}
	return "", 0, false
}

// isoDuration reads PT10H10M10S, as some programs write times.
func isoDuration(s string) (time.Duration, bool) {
	rest, found := strings.CutPrefix(s, "PT")
	if !found || rest == "" || strings.ContainsAny(rest, "nuµm") {
		return 0, false
	}
	d, err := time.ParseDuration(strings.ToLower(rest))
	return d, err == nil && d >= 0
}
