package providers

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/words"
)

// converter is how one field's text becomes JSON: what the document says of it, compiled.
type converter struct {
	field    *Field
	blank    string
	reduce   bool              // what is sent is the part before - or | only; what is checked is the whole
	lookup   map[string]string // folded input → value
	enum     map[string]bool
	allowed  []string
	folded   map[string]string // folded spelling → the enum's
	pattern  *pattern
	minLen   int // 0: none
	maxLen   int // -1: none
	limits   limits
	scale    int // -1: any
	digits   int // most characters of a decimal, 0: any
	layouts  []string
	dateOut  string
	must     batch.Text
	fix      batch.Text
	unsigned bool // a weight or its like, which nobody has below zero
	put      func(c *converter, dst []byte, text string, kind batch.Kind) ([]byte, *Violation)
}

// limits are the numeric keywords, exact.
type limits struct {
	min, max           *big.Rat
	minText, maxText   string
	openMin, openMax   bool
	multiple           *big.Rat
	multipleText       string
	smallMin, smallMax int64 // the same as integers, when small
	small              bool
}

// formOf is how a value of a type is written; "" where a mapping has no say.
func formOf(kind string) string {
	switch kind {
	case "string":
		return "text"
	case "integer", "number":
		return "number"
	}
	return ""
}

func (f *Field) forms() []string {
	own, other := formOf(f.Schema.Type), formOf(f.Schema.Either)
	switch {
	case own == "":
		return nil
	case other == "":
		return []string{own}
	}
	return []string{own, other}
}

func (f *Field) as(form string) *Field {
	i := slices.Index(f.forms(), form)
	if i < 1 {
		if i < 0 {
			return nil
		}
		return f
	}
	c, put := *f.converter, f.converter.put
	c.put = func(c *converter, dst []byte, text string, kind batch.Kind) ([]byte, *Violation) {
		start := len(dst)
		out, bad := put(c, dst, text, kind)
		if bad != nil {
			return nil, bad
		}
		if form == "text" {
			return append(slices.Insert(out, start, '"'), '"'), nil
		}
		text = PlainNumber(strings.TrimSpace(text))
		if whole, fraction, point := strings.Cut(text, "."); !isInteger(whole) || point && (c.field.Schema.Either == "integer" || !isDigits(fraction)) {
			return nil, c.notNumber("value."+c.field.Schema.Either, text)
		}
		return append(out[:start], text...), nil
	}
	other := *f
	other.converter = &c
	return &other
}

func (c *converter) append(dst []byte, text string, kind batch.Kind) ([]byte, bool, *Violation) {
	if kind == batch.Blank || isBlank(text) {
		switch c.blank {
		case "null":
			return append(dst, "null"...), false, nil
		case "empty":
			return append(dst, `""`...), false, nil
		}
		return dst, true, nil
	}
	value := text
	if c.lookup != nil || c.folded != nil {
		value = c.known(value)
	}
	start := len(dst)
	out, bad := c.signed(dst, value, kind)
	if bad != nil {
		bad.Value = text
		if bad.Rule.Key == "" {
			bad.Rule.Args = []any{"value", text}
		}
		if bad.Fix.Key == "" {
			bad.Fix.Args = []any{"value", text}
		}
		return dst[:start], false, bad
	}
	return out, false, nil
}

// signed puts a value; one below zero only where there may be such.
func (c *converter) signed(dst []byte, value string, kind batch.Kind) ([]byte, *Violation) {
	out, bad := c.put(c, dst, value, kind)
	if bad == nil && c.unsigned && belowZero(value) {
		return nil, &Violation{Path: c.field.Path, Field: c.field.Path, Code: "range", Rule: words.Message("value.least", "min", 0), Fix: words.Message("value.range.fix")}
	}
	return out, bad
}

// known replaces a synonym or another spelling by the value the provider takes.
func (c *converter) known(text string) string {
	if c.enum[text] {
		return text
	}
	key := foldKey(text)
	if v, ok := c.lookup[key]; ok {
		return v
	}
	if v, ok := c.folded[key]; ok {
		return v
	}
	return text
}

func isBlank(s string) bool {
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == ' ' || b >= '\t' && b <= '\r':
		case b < utf8.RuneSelf:
			return false
		default:
			return strings.TrimFunc(s[i:], unicode.IsSpace) == ""
		}
	}
	return true
}

// violation builds one of this field; what the document says in `must` and `fix` goes before the general sentence.
func (c *converter) violation(code string, rule, fix batch.Message) *Violation {
	if c.must != (batch.Text{}) {
		rule = batch.Message{Text: c.must}
	}
	if c.fix != (batch.Text{}) {
		fix = batch.Message{Text: c.fix}
	}
	return &Violation{Path: c.field.Path, Field: c.field.Path, Code: code, Rule: rule, Fix: fix}
}

func putString(c *converter, dst []byte, text string, _ batch.Kind) ([]byte, *Violation) {
	if c.enum != nil {
		trimmed := strings.TrimSpace(text)
		if !c.enum[trimmed] {
			return nil, c.notAllowed()
		}
		text = trimmed
	}
	if bad := c.length(text); bad != nil {
		return nil, bad
	}
	if c.pattern != nil && !c.pattern.match(text) {
		return nil, c.mismatch(text)
	}
	sent := text
	if c.reduce {
		sent = codeOf(text)
	}
	out, ok := appendString(dst, sent)
	if !ok {
		return nil, c.unreadable(text)
	}
	return out, nil
}

func (c *converter) length(text string) *Violation {
	if c.maxLen < 0 && c.minLen == 0 || len(text) <= c.maxLen && c.minLen <= 1 {
		return nil
	}
	n := utf8.RuneCountInString(text)
	if n < c.minLen {
		return c.violation("length", words.Message("value.shortest", "min", c.minLen, "length", n), words.Message("value.shortest.fix", "min", c.minLen))
	}
	if c.maxLen >= 0 && n > c.maxLen {
		return c.violation("length", words.Message("value.longest", "max", c.maxLen, "length", n), words.Message("value.longest.fix", "over", n-c.maxLen))
	}
	return nil
}

// forbidden are control characters that XML cannot carry or that nobody means: from U+0080 on they are what a program left that took bytes for letters.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x80 && r < 0xa0 || r == 0xFFFE || r == 0xFFFF
}

// appendString writes s as a JSON string, with nothing escaped that need not be. It refuses broken UTF-8, U+FFFD and control characters.
func appendString(dst []byte, s string) ([]byte, bool) {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		if i+8 <= len(s) && plainEight(s[i:i+8]) {
			i += 8
			continue
		}
		b := s[i]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError || forbidden(r) {
				return nil, false
			}
			i += size
			continue
		}
		if b >= ' ' && b != '"' && b != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			return nil, false
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"'), true
}

// plainEight reports whether eight bytes stand in a JSON string as they are: ASCII, no control character, no quotation mark, no backslash.
func plainEight(s string) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	quote, slash := w^'"'*ones, w^'\\'*ones
	return (w|(w-' '*ones)|(quote-ones)|(slash-ones))&tops == 0
}

func putInteger(c *converter, dst []byte, text string, kind batch.Kind) ([]byte, *Violation) {
	text = whole(PlainNumber(strings.TrimSpace(text)), kind)
	if kind == batch.Date || kind == batch.Moment || kind == batch.Clock || kind == batch.Bool || !isInteger(text) {
		return nil, c.notNumber("value.integer", text)
	}
	if c.enum != nil && !c.enum[text] {
		return nil, c.notAllowed()
	}
	if bad := c.number(text); bad != nil {
		return nil, bad
	}
	return append(dst, text...), nil
}

func putNumber(c *converter, dst []byte, text string, kind batch.Kind) ([]byte, *Violation) {
	text = unfilled(PlainNumber(strings.TrimSpace(text)), kind)
	whole, fraction, point := strings.Cut(text, ".")
	if kind == batch.Date || kind == batch.Moment || kind == batch.Clock || kind == batch.Bool ||
		!isInteger(whole) || point && !isDigits(fraction) {
		return nil, c.notNumber("value.number", text)
	}
	if c.scale >= 0 && len(fraction) > c.scale {
		return nil, c.violation("decimal", words.Message("value.scale", "scale", c.scale), words.Message("value.scale.fix", "scale", c.scale))
	}
	if c.digits > 0 && len(text) > c.digits {
		return nil, c.violation("decimal", words.Message("value.digits", "max", c.digits), words.Message("value.range.fix"))
	}
	if bad := c.number(text); bad != nil {
		return nil, bad
	}
	return append(dst, text...), nil
}

// whole gives a whole number without decimals that are nothing: 3.0 is 3. Three zeros may be thousands.
func whole(s string, kind batch.Kind) string {
	if digits, zeros, point := strings.Cut(s, "."); point && (zeros == "0" || zeros == "00") {
		s = digits
	}
	return unfilled(s, kind)
}

// unfilled takes off the zeros with which a workbook shows a number (007 by the format 000), where a number is wanted.
func unfilled(s string, kind batch.Kind) string {
	if kind != batch.Number || len(s) < 2 || s[0] != '0' || s[1] == '.' {
		return s
	}
	if s = strings.TrimLeft(s, "0"); s == "" || s[0] == '.' {
		s = "0" + s
	}
	return s
}

// isInteger reports whether s is what JSON calls an integer: no plus sign, no leading zeros.
func isInteger(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return isDigits(s) && (s[0] != '0' || len(s) == 1)
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// number checks the numeric keywords; text is a JSON number without exponent.
func (c *converter) number(text string) *Violation {
	l := &c.limits
	if l.small && len(text) <= 18 {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			if i >= l.smallMin && i <= l.smallMax {
				return nil
			}
			return c.outOfRange()
		}
	}
	if l.min == nil && l.max == nil && l.multiple == nil {
		return nil
	}
	v, ok := new(big.Rat).SetString(text)
	if !ok {
		return c.outOfRange()
	}
	if l.min != nil && (v.Cmp(l.min) < 0 || l.openMin && v.Cmp(l.min) == 0) || l.max != nil && (v.Cmp(l.max) > 0 || l.openMax && v.Cmp(l.max) == 0) {
		return c.outOfRange()
	}
	if l.multiple != nil && !new(big.Rat).Quo(v, l.multiple).IsInt() {
		return c.violation("range", words.Message("value.multiple", "of", l.multipleText), words.Message("value.range.fix"))
	}
	return nil
}

var booleans = map[string]string{
	"true": "true", "1": "true", "yes": "true", "y": "true", "是": "true", "да": "true", "истина": "true", "wahr": "true", "vrai": "true", "verdadero": "true", "ja": "true", "oui": "true", "sí": "true", "si": "true",
	"false": "false", "0": "false", "no": "false", "n": "false", "否": "false", "нет": "false", "ложь": "false", "falsch": "false", "faux": "false", "falso": "false", "nein": "false", "non": "false",
}

func putBoolean(c *converter, dst []byte, text string, _ batch.Kind) ([]byte, *Violation) {
	switch text {
	case "TRUE", "true", "1":
		return append(dst, "true"...), nil
	case "FALSE", "false", "0":
		return append(dst, "false"...), nil
	}
	if b, ok := booleans[foldKey(text)]; ok {
		return append(dst, b...), nil
	}
	return nil, c.violation("type", words.Message("value.boolean"), words.Message("value.boolean.fix"))
}

func putDate(c *converter, dst []byte, text string, kind batch.Kind) ([]byte, *Violation) {
	text = strings.TrimSpace(text)
	if kind == batch.Moment {
		day, clock, _ := strings.Cut(text, "T")
		if clock != "00:00:00" {
			return nil, c.violation("date", words.Message("value.date.time"), words.Message("value.instead.fix", "instead", day))
		}
		text = day
	}
	if c.dateOut == time.DateOnly && plainDay(text) {
		return append(append(append(dst, '"'), text...), '"'), nil
	}
	day, ok := c.day(text)
	if !ok {
		if date, is := Midnight(text); is {
			day, ok = c.day(date)
		} else if date, _, timed := cutClock(text); timed {
			if _, is := c.day(date); is {
				return nil, c.violation("date", words.Message("value.date.time"), words.Message("value.instead.fix", "instead", date))
			}
		}
	}
	if !ok {
		shown := append([]string{"2026-12-31"}, c.layouts...)
		for i, layout := range c.layouts {
			shown[i+1] = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC).Format(layout)
		}
		return nil, c.violation("date", words.Message("value.date"), words.Message("value.date.fix", "layouts", strings.Join(slices.Compact(shown), " / ")))
	}
	dst = append(dst, '"')
	dst = day.AppendFormat(dst, c.dateOut)
	return append(dst, '"'), nil
}

// day reads a date as the field takes it.
func (c *converter) day(text string) (time.Time, bool) {
	if day, ok := parseDay(text); ok {
		return day, true
	}
	for _, layout := range c.layouts {
		if day, err := time.Parse(layout, text); err == nil {
			return day, true
		}
	}
	return sureDay(text)
}

// Midnight cuts the time off a date that databases and programs write with one where they mean the day: 31.01.2030 0:00:00. Where they name
// a zone, it is midnight there, as in 2030-01-31T00:00:00.000Z: a time of day that happens to be so is one in 86,400. XML has days with a
// zone, as Java writes them: 2030-01-31+03:00.
func Midnight(text string) (day string, ok bool) {
	if zoned := zonedDay.FindStringSubmatch(text); zoned != nil {
		return zoned[1], true
	}
	if part := worded.FindStringSubmatch(text); part != nil {
		return part[1] + " " + part[2] + part[3], part[2] != "" || part[3] != ""
	}
	day, clock, timed := cutClock(withoutZone(text))
	return day, timed && midnight(clock)
}

// worded are days as languages of programs write a moment where nobody says how: Thu Jan 31 2030 00:00:00 GMT+0000 (Coordinated Universal Time) in
// JavaScript, Thu Jan 31 00:00:00 CET 2030 in Java, Thu, 31 Jan 2030 00:00:00 +0000 in PHP and mails.
var worded = patterns.New(`^((?:[A-Z][a-z]{2},? )?(?:[A-Z][a-z]{2} \d\d?|\d\d? [A-Z][a-z]{2})) (?:(\d{4}) )?00:00:00(?: (?:(?:GMT|UTC)[+-]\d{2}:?\d{2}|[A-Z]{1,5}|[+-]\d{4}))?(?: \([^)]*\))?(?: (\d{4}))?$`)

var zonedDay = patterns.New(`^(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)$`)

// withoutZone cuts a zone off a time: Z, UTC, +01:00, +0100, +01.
func withoutZone(text string) string {
	if bare, is := strings.CutSuffix(text, "Z"); is {
		return bare
	}
	text = strings.TrimSuffix(text, " UTC") // Go writes it behind the zone
	at := strings.LastIndexAny(text, "+-")
	if colon := strings.IndexByte(text, ':'); colon < 0 || at < colon {
		return text
	}
	switch digits := strings.Replace(text[at+1:], ":", "", 1); {
	case !isDigits(digits), len(digits) != 2 && len(digits) != 4:
		return text
	}
	return text[:at]
}

// LocalMoment reads a date with a time of day that names no zone, where the date has one reading only: 2006-01-02T15:04:05. A cell of the
// kind Moment is written so.
func LocalMoment(text string, kind batch.Kind) (iso string, ok bool) {
	text = strings.TrimSpace(text)
	if kind == batch.Moment {
		return text, true
	}
	date, clock, ok := cutClock(text)
	if !ok {
		return "", false
	}
	day, ok := parseDay(date)
	if !ok {
		day, ok = sureDay(date)
	}
	clock, _, _ = strings.Cut(clock, ".")
	for _, layout := range clockLayouts {
		if at, err := time.Parse(layout, clock); ok && err == nil {
			return day.Format(time.DateOnly) + at.Format("T15:04:05"), true
		}
	}
	return "", false
}

var clockLayouts = [...]string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM"}

// cutClock parts a text into what may be a date and a time of day behind it. A time with its zone is none: it may be another day elsewhere.
func cutClock(text string) (date, clock string, ok bool) {
	at := strings.LastIndexAny(text[:max(0, strings.IndexByte(text, ':'))], " T")
	if at < 6 {
		return "", "", false
	}
	date, clock = text[:at], strings.TrimSpace(text[at+1:])
	whole, fraction, _ := strings.Cut(clock, ".")
	if strings.Trim(fraction, "0123456789") != "" {
		return "", "", false
	}
	for _, layout := range clockLayouts {
		if _, err := time.Parse(layout, whole); err == nil {
			return date, clock, true
		}
	}
	return "", "", false
}

// midnight reports whether a time of day is the day's beginning.
func midnight(clock string) bool {
	if twelve, is := strings.CutPrefix(clock, "12:"); is {
		clock, is = strings.CutSuffix(twelve, " AM")
		return is && strings.Trim(clock, "0:") == ""
	}
	return strings.Trim(clock, "0:.") == ""
}

// plainDay reports whether a text is 2026-12-28 or another day that every month has, which needs no calendar.
func plainDay(s string) bool {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' {
		return false
	}
	month, day := s[5:7], s[8:]
	return isDigits(s[:4]) && isDigits(month) && isDigits(day) && month >= "01" && month <= "12" && day >= "01" && day <= "28"
}

func parseDay(s string) (time.Time, bool) {
	if len(s) != len(time.DateOnly) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}

// putDayOrMoment takes a date, or a date with a time and its zone.
func putDayOrMoment(c *converter, dst []byte, text string, kind batch.Kind) ([]byte, *Violation) {
	if out, bad := putMoment(c, dst, text, kind); bad == nil {
		return out, nil
	}
	out, bad := putDate(c, dst, text, kind)
	if bad != nil && bad.Rule.Key == "value.date.time" {
		return putMoment(c, dst, text, kind)
	}
	return out, bad
}

func putMoment(c *converter, dst []byte, text string, kind batch.Kind) ([]byte, *Violation) {
	text = strings.TrimSpace(text)
	if _, err := time.Parse(time.RFC3339, text); err == nil {
		return append(append(append(dst, '"'), text...), '"'), nil
	}
	if local, is := LocalMoment(text, kind); is { // a cell of a workbook cannot name a zone
		return nil, c.violation("date", words.Message("value.moment"), words.Message("value.moment.fix", "example", local+"+08:00"))
	}
	return nil, c.violation("date", words.Message("value.moment"), words.Message("value.example.fix", "example", "2026-12-31T15:04:05+08:00"))
}
