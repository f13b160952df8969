package providers

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// converter is how one field's text becomes JSON: what the document says of it, compiled.
type converter struct {
	field    *Field
	blank    string
	nullable bool
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
		text = strings.TrimSpace(text)
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
	out, bad := c.put(c, dst, value, kind)
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

func (c *converter) notAllowed() *Violation {
	shown := c.allowed
	if len(shown) > 20 {
		shown = append(slices.Clone(shown[:20]), "…")
	}
	list := strings.Join(shown, ", ")
	return c.violation("enum", words.Message("value.enum", "allowed", list), words.Message("value.enum.fix", "allowed", list))
}

// mismatch explains a broken pattern; the first character that can never be right is named.
func (c *converter) mismatch(text string) *Violation {
	fix := words.Message("value.pattern.fix")
	if c.field.Example != "" {
		fix = words.Message("value.example.fix", "example", c.field.Example)
	}
	bad := c.violation("pattern", words.Message("value.pattern", "pattern", c.pattern.text), fix)
	if plain, number := c.asNumber(text); number {
		if plain != "" {
			bad.Fix = join(words.Message("value.instead.fix", "instead", plain), c.fix)
		}
		return bad // a point or a comma taken out of a number makes it another one
	}
	if char, place, found := c.pattern.stranger(text); found {
		bad.Fix = join(c.strange(text, char, place), c.fix)
	}
	return bad
}

// asNumber reports whether text is a number as people and spreadsheets write them, and how the pattern would take the same
// number, if that is plain. Leading zeros are taken off only where the pattern has no place for them.
func (c *converter) asNumber(text string) (plain string, number bool) {
	s := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\'' {
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	if digits := strings.TrimLeft(s, "+-"); strings.Trim(digits, "0123456789.,") != "" || strings.Trim(digits, ".,") == "" {
		return "", false
	}
	if thousands(s) {
		s = strings.ReplaceAll(s, ",", "")
	}
	if whole, zeros, point := strings.Cut(s, "."); point && strings.Trim(zeros, "0") == "" {
		s = whole
	}
	bare := strings.TrimLeft(s, "0")
	switch {
	case c.pattern.match(s):
	case bare != "" && c.pattern.match(bare) && !c.pattern.match("0"+bare) && !c.pattern.match("0"+bare[1:]):
		s = bare
	}
	if s == text || !c.pattern.match(s) {
		return "", true
	}
	return s, true
}

func (c *converter) strange(text string, char rune, place int) batch.Message {
	if char == '\n' || char == '\r' {
		return words.Message("value.break.fix", "place", place)
	}
	if up := unicode.ToUpper(char); up != char && c.pattern.match(strings.ToUpper(text)) {
		return words.Message("value.capital.fix", "instead", strings.ToUpper(text))
	}
	args := []any{"char", printable(char), "point", fmt.Sprintf("U+%04X", char), "place", place}
	half := instead(char)
	if r, size := utf8.DecodeRuneInString(half); size == len(half) && size > 0 && c.pattern.allows(r) {
		return words.Message("value.replace.fix", append(args, "instead", half)...)
	}
	return words.Message("value.character.fix", args...)
}

// instead is the plain form of a character that keyboards and word processors vary: full width, typographic quotes and dashes.
func instead(c rune) string {
	switch c {
	case '‘', '’', '‚', '′':
		return "'"
	case '“', '”', '„', '″', '«', '»':
		return `"`
	case '‐', '‑', '‒', '–', '—', '−':
		return "-"
	case '、':
		return ","
	case '。':
		return "."
	}
	if n := norm.NFKC.String(string(c)); n != string(c) {
		return n
	}
	return ""
}

func printable(c rune) string {
	if unicode.IsGraphic(c) && !unicode.IsSpace(c) {
		return string(c)
	}
	return strconv.QuoteRune(c)
}

// join puts the document's own advice behind ours, language by language.
func join(m batch.Message, more batch.Text) batch.Message {
	if more == (batch.Text{}) {
		return m
	}
	said := func(l batch.Language) string { return words.Chain(l, words.Say(l, m), more.In(l)) }
	return batch.Message{Text: batch.Text{EN: said(batch.English), ZH: said(batch.Chinese), RU: said(batch.Russian)}}
}

func (c *converter) unreadable(text string) *Violation {
	place := 0
	for _, r := range text {
		place++
		if r == utf8.RuneError || forbidden(r) {
			return c.violation("type", words.Message("value.text"),
				words.Message("value.character.fix", "char", printable(r), "point", fmt.Sprintf("U+%04X", r), "place", place))
		}
	}
	return c.violation("type", words.Message("value.text"), words.Message("value.pattern.fix"))
}

// forbidden are control characters that XML cannot carry and nobody means.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// appendString writes s as a JSON string, with nothing escaped that need not be. It refuses broken UTF-8, U+FFFD and control characters.
func appendString(dst []byte, s string) ([]byte, bool) {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
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

func putInteger(c *converter, dst []byte, text string, kind batch.Kind) ([]byte, *Violation) {
	text = strings.TrimSpace(text)
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
	text = strings.TrimSpace(text)
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

// notNumber explains what is wrong with a number and, where the meaning is plain, how it would be right.
func (c *converter) notNumber(rule, text string) *Violation {
	fix := words.Message(rule + ".fix")
	s := norm.NFKC.String(text)
	clean := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\'' || r == '_' {
			return -1
		}
		return r
	}, s)
	clean = strings.TrimPrefix(clean, "+")
	switch {
	case strings.Count(clean, ",") == 1 && !strings.Contains(clean, "."):
		thousand, decimal := strings.ReplaceAll(clean, ",", ""), strings.ReplaceAll(clean, ",", ".")
		_, after, _ := strings.Cut(clean, ",")
		switch {
		case !c.accepts(thousand) && !c.accepts(decimal):
		case len(after) == 3 && c.accepts(decimal) && c.accepts(thousand):
			fix = words.Message("value.comma.fix", "thousand", thousand, "decimal", decimal)
		case len(after) == 3 && c.accepts(thousand):
			fix = words.Message("value.instead.fix", "instead", thousand)
		case c.accepts(decimal):
			fix = words.Message("value.instead.fix", "instead", decimal)
		}
	case thousands(clean) && c.accepts(strings.ReplaceAll(clean, ",", "")):
		fix = words.Message("value.instead.fix", "instead", strings.ReplaceAll(clean, ",", ""))
	default:
		plain := unpad(clean)
		if !c.accepts(plain) {
			break
		}
		if bad := c.number(plain); bad != nil { // nobody is told to write what is refused next
			return bad
		}
		fix = words.Message("value.instead.fix", "instead", plain)
	}
	bad := c.violation("type", words.Message(rule), fix)
	if fix.Key != rule+".fix" {
		bad.Fix = join(fix, c.fix)
	}
	return bad
}

// thousands reports whether s is grouped by commas: 1,234,567.5.
func thousands(s string) bool {
	whole, _, _ := strings.Cut(s, ".")
	groups := strings.Split(whole, ",")
	if len(groups) < 2 || len(groups[0]) > 3 {
		return false
	}
	return !slices.ContainsFunc(groups[1:], func(g string) bool { return len(g) != 3 || !isDigits(g) })
}

// unpad takes leading zeros off, adds the one before a bare point, and removes decimals that are nothing.
func unpad(s string) string {
	if whole, zeros, ok := strings.Cut(s, "."); ok && strings.Trim(zeros, "0") == "" {
		s = whole
	}
	s = strings.TrimLeft(s, "0")
	if s == "" || s[0] == '.' {
		s = "0" + s
	}
	return s
}

// accepts reports whether text would be taken, looking at its form only.
func (c *converter) accepts(text string) bool {
	whole, fraction, point := strings.Cut(text, ".")
	if !isInteger(whole) || point && !isDigits(fraction) {
		return false
	}
	return c.field.Schema.Type == "number" || !point
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

func (c *converter) outOfRange() *Violation {
	return c.violation("range", c.limits.sentence(), words.Message("value.range.fix"))
}

func (l *limits) sentence() batch.Message {
	switch {
	case l.min != nil && l.max != nil && !l.openMin && !l.openMax:
		return words.Message("value.between", "min", l.minText, "max", l.maxText)
	case l.min != nil && l.openMin:
		return words.Message("value.above", "min", l.minText)
	case l.max != nil && l.openMax && l.min == nil:
		return words.Message("value.below", "max", l.maxText)
	case l.min != nil:
		return words.Message("value.least", "min", l.minText)
	}
	return words.Message("value.most", "max", l.maxText)
}

var booleans = map[string]string{
	"true": "true", "1": "true", "yes": "true", "是": "true", "да": "true",
	"false": "false", "0": "false", "no": "false", "否": "false", "нет": "false",
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
	day, ok := parseDay(text)
	for _, layout := range c.layouts {
		if ok {
			break
		}
		t, err := time.Parse(layout, text)
		day, ok = t, err == nil
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

func parseDay(s string) (time.Time, bool) {
	if len(s) != len(time.DateOnly) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}

func putMoment(c *converter, dst []byte, text string, _ batch.Kind) ([]byte, *Violation) {
	text = strings.TrimSpace(text)
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return nil, c.violation("date", words.Message("value.moment"), words.Message("value.example.fix", "example", "2026-12-31T15:04:05+08:00"))
	}
	return append(append(append(dst, '"'), text...), '"'), nil
}
