package providers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// What the sender is told of a value that cannot be sent: why, and, where its meaning is plain, how it would be right.

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
		if gap(r) || r == '\'' {
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
	up := unicode.ToUpper(char)
	if up != char && c.pattern.match(strings.ToUpper(text)) {
		return words.Message("value.capital.fix", "instead", strings.ToUpper(text))
	}
	args := []any{"char", printable(char), "point", fmt.Sprintf("U+%04X", char), "place", place}
	half := instead(char)
	if up != char && c.pattern.allows(up) {
		half = string(up)
	}
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
	return batch.Message{Text: batch.InEach(func(l batch.Language) string { return words.Chain(l, words.Say(l, m), more.In(l)) })}
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

// notNumber explains what is wrong with a number and, where the meaning is plain, how it would be right.
func (c *converter) notNumber(rule, text string) *Violation {
	fix := words.Message(rule + ".fix")
	s := norm.NFKC.String(text)
	clean := strings.Map(func(r rune) rune {
		if gap(r) || r == '\'' || r == '_' {
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

// gap reports whether r is a blank that people leave within a number. What stands in lines of its own is several numbers.
func gap(r rune) bool { return unicode.IsSpace(r) && !strings.ContainsRune("\t\r\n", r) }

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
