package providers

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// PlainNumber gives a number as JSON writes it, where its commas, points and blanks leave one reading: 12,5 and 1.234,56 and 1,234.56 and
// 1 234,5. What has two (1,234) and what is none stays as it is; 1.234 is the number that it looks like.
func PlainNumber(s string) string {
	if strings.IndexFunc(s, setsApart) < 0 && strings.Count(s, ".") < 2 {
		return s
	}
	digits, minus := strings.CutPrefix(s, "-")
	blanks := strings.IndexFunc(digits, isGap) >= 0
	comma, point := strings.Count(digits, ","), strings.Count(digits, ".")
	decimal := ""
	switch {
	case comma > 0 && point > 0 && strings.LastIndexByte(digits, ',') > strings.LastIndexByte(digits, '.'):
		decimal = ","
	case comma > 0 && point > 0, comma == 0 && point == 1:
		decimal = "."
	case comma == 1 && (blanks || clearly(digits)):
		decimal = ","
	case comma == 1:
		return s
	}
	whole, fraction, pointed := digits, "", false
	if decimal != "" {
		whole, fraction, pointed = strings.Cut(digits, decimal)
	}
	whole, ok := ungrouped(whole)
	if !ok || pointed && !isDigits(fraction) {
		return s
	}
	if pointed {
		whole += "." + fraction
	}
	if minus {
		whole = "-" + whole
	}
	return whole
}

func setsApart(r rune) bool { return r == ',' || isGap(r) }

func isGap(r rune) bool { return r == '\'' || r == '\u2019' || unicode.IsSpace(r) }

// clearly reports whether the one comma can only stand before decimals.
func clearly(digits string) bool {
	whole, fraction, _ := strings.Cut(digits, ",")
	return len(fraction) != 3 || len(whole) > 3 || whole == "0"
}

// ungrouped takes out of a number's whole part what stands between its groups of three digits; one sign sets all of them apart.
func ungrouped(whole string) (string, bool) {
	at := strings.IndexFunc(whole, func(r rune) bool { return r < '0' || r > '9' })
	if at < 0 {
		return whole, whole != ""
	}
	between, size := utf8.DecodeRuneInString(whole[at:])
	if between != ',' && between != '.' && !isGap(between) {
		return "", false
	}
	groups := strings.Split(whole, whole[at:at+size])
	if len(groups[0]) < 1 || len(groups[0]) > 3 || groups[0][0] == '0' || slices.ContainsFunc(groups[1:], func(g string) bool { return len(g) != 3 }) {
		return "", false
	}
	joined := strings.Join(groups, "")
	return joined, isDigits(joined)
}

// belowZero reports whether a text is a number with a minus.
func belowZero(s string) bool {
	s = strings.TrimSpace(s)
	rest, minus := strings.CutPrefix(strings.Replace(s, "\u2212", "-", 1), "-")
	return minus && strings.ContainsAny(rest, "123456789") && strings.Trim(rest, "0123456789., ") == ""
}

// unsigned are the words of a field's name that tell of what nobody has below zero; signedWords those beside which it may be.
var (
	unsignedWords = []string{"weight", "volume", "cbm", "mass", "kgs", "gewicht", "volumen", "poids", "peso", "pieces", "packages", "cartons", "pallets", "length", "width", "height"}
	signedWords   = []string{"difference", "delta", "adjustment", "correction", "discount", "deviation", "change", "variance", "tolerance", "offset"}
)

// measures reports whether a field, by the last two names of its path, is a weight, a volume or their like.
func measures(path string) bool {
	names := strings.Split(path, ".")
	var all []string
	for _, name := range names[max(0, len(names)-2):] {
		all = append(all, nameWords(name)...)
	}
	has := func(list []string) bool {
		return slices.ContainsFunc(all, func(w string) bool { return slices.Contains(list, w) })
	}
	return has(unsignedWords) && !has(signedWords)
}

// nameWords are the words of grossWeight, gross_weight or GROSS-WEIGHT, in small letters.
func nameWords(name string) []string {
	var b strings.Builder
	small := false
	for _, r := range name {
		switch {
		case unicode.IsUpper(r) && small:
			b.WriteByte(' ')
		case !unicode.IsLetter(r):
			r = ' '
		}
		small = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}
