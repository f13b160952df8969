package csvfile

import (
	"strings"
	"unicode/utf8"
)

// Typographic quotation marks of many languages, as word processors and phones put them in the place of straight ones.
const (
	openers = "“„‟”‘‚’«»‹›＂"
	closers = "”“„’‘»«›‹＂"
)

// typographic gives the marks in which the values of most rows stand; "" when they do not. Names in guillemets are usual where Russian
// or French is written: those count only where no word stands without them.
func typographic(rows [][]string) string {
	marks, wrapped, filled := "", 0, 0
	for _, row := range rows {
		cells, marked, bare, of := 0, 0, 0, ""
		for _, c := range row {
			if c = strings.TrimFunc(c, invisible); c == "" {
				continue
			}
			cells++
			first, _ := utf8.DecodeRuneInString(c)
			last, _ := utf8.DecodeLastRuneInString(c)
			switch {
			case first < utf8.RuneSelf && last < utf8.RuneSelf:
				if !figures(c) {
					bare++
				}
			case strings.ContainsRune(openers, first) || strings.ContainsRune(closers, last):
				if marked++; of == "" && marked == cells && first >= utf8.RuneSelf {
					of = string(first)
				}
			default:
				bare++
			}
		}
		if cells == 0 {
			continue
		}
		filled++
		if of != "" && marked > 1 && marked*2 >= cells && (bare == 0 || !strings.Contains("«»‹›", of)) {
			wrapped++
			marks = of
		}
	}
	if wrapped*2 < filled {
		return ""
	}
	return marks
}

// figures reports whether a text is a number, a date or a time: digits and what parts them.
func figures(c string) bool {
	for i := range len(c) {
		if c[i] < '-' && c[i] != ',' && c[i] != ' ' || c[i] > ':' {
			return false
		}
	}
	return true
}
