package csvfile

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/readers/table"
)

// findHeading is table.FindHeading for text files, where comments and drawn lines may stand above the heading.
func findHeading(rows [][]string) int {
	seen := make([][]string, len(rows))
	above := true
	for i, row := range rows {
		seen[i] = row[:trimmed(row)]
		if ruled(row) || above && comment(rows, i) {
			seen[i] = nil
			continue
		}
		above = above && table.Filled(row) < 2
	}
	if at := table.FindHeading(seen); at != table.None {
		return at
	}
	return belowGap(seen)
}

// belowGap finds a heading with holes, as merged cells leave them: above are lines of one or two fields, then blank
// rows, then labels (or years) over a wide table.
func belowGap(rows [][]string) int {
	gap := 0
	for i, row := range rows {
		switch n := table.Filled(row); {
		case n == 0:
			gap++
			continue
		case gap > 0 && i > gap && n > 1 && usual(rows) > 3:
			for _, cell := range row {
				switch table.Look(cell) {
				case table.Nothing, table.Label, table.Year:
				default:
					return table.None
				}
			}
			if table.Look(row[0]) == table.Label && trimmed(row) == usual(rows) {
				return i
			}
			return table.None
		case n > 2:
			return table.None
		}
		gap = 0
	}
	return table.None
}

// above counts the comments and blank rows on top of a file without a heading.
func above(rows [][]string) int {
	for i, row := range rows {
		if !table.Blank(row) && !comment(rows, i) {
			return i
		}
	}
	return 0
}

// comment reports whether row i is a remark: it begins with # and has not the width of the next row that does not.
func comment(rows [][]string, i int) bool {
	if len(rows[i]) == 0 || !strings.HasPrefix(rows[i][0], "#") {
		return false
	}
	for _, next := range rows[i+1:] {
		if table.Blank(next) || strings.HasPrefix(next[0], "#") {
			continue
		}
		return trimmed(next) != trimmed(rows[i]) || len(next) == 1 && strings.HasPrefix(rows[i][0], "# ")
	}
	return true
}

// trimmed is the number of fields without the empty ones at the end.
func trimmed(row []string) int {
	n := len(row)
	for n > 0 && strings.TrimFunc(row[n-1], invisible) == "" {
		n--
	}
	return n
}

// usual is the width of a table without a heading: the most frequent number of fields, empty ones at the end left out.
func usual(rows [][]string) int {
	count := map[int]int{}
	for _, row := range rows {
		if !table.Blank(row) {
			count[len(row)]++
		}
	}
	best := 1
	for n, c := range count {
		if c > count[best] || c == count[best] && n > best {
			best = n
		}
	}
	width := 1
	for _, row := range rows {
		if len(row) == best {
			width = max(width, trimmed(row))
		}
	}
	return width
}

const rules = "-=_*~+"

// ruled reports whether the row is a drawn line: every filled cell is a run of dashes and the like.
func ruled(row []string) bool {
	filled, length := 0, 0
	for _, cell := range row {
		cell = strings.TrimFunc(cell, invisible)
		if cell == "" {
			continue
		}
		if len(cell) < 3 || strings.Trim(cell, rules) != "" {
			return false
		}
		filled++
		length += len(cell)
	}
	return filled > 0 && length >= 5
}

// mayTotal is a quick look at a row's first word: false when totals would say no for certain.
func mayTotal(word []byte) bool {
	if len(word) > 64 {
		return false
	}
	switch c := word[0]; {
	case c < utf8.RuneSelf:
		for _, w := range []string{"tot", "sum", "sub", "gra", "pag", "ges", "zwi", "raz", "top", "gen"} {
			if len(word) >= 3 && word[0]|0x20 == w[0] && word[1]|0x20 == w[1] && word[2]|0x20 == w[2] {
				return true
			}
		}
		return false
	case c == 0xd0 || c == 0xd1: // Cyrillic
		r, _ := utf8.DecodeRune(word)
		return strings.ContainsRune("иИвВпПсСоО", r)
	case c >= 0xe4 && c <= 0xe9: // Chinese
		return bytes.Contains(word, []byte("计")) || bytes.Contains(word, []byte("計")) ||
			bytes.Contains(word, []byte("总")) || bytes.Contains(word, []byte("總"))
	}
	return true
}

// totals adds to table.Totals the words that are part of a longer one: 人民币合计, Итого по складу.
func totals(row []string, columns int) bool {
	if table.Totals(row, columns) {
		return true
	}
	word, filled := "", 0
	for _, cell := range row {
		if strings.TrimFunc(cell, invisible) == "" {
			continue
		}
		if filled++; filled == 1 {
			word = cell
			continue
		}
		if k := table.Look(cell); k != table.Amount && k != table.Year {
			return false
		}
	}
	if filled < 2 || filled >= columns || len(word) > 64 {
		return false
	}
	word = strings.ToLower(strings.TrimFunc(norm.NFKC.String(word), func(r rune) bool { return invisible(r) || r == ':' }))
	for _, sum := range []string{"合计", "总计", "小计", "合計", "總計", "小計"} {
		if strings.HasSuffix(word, sum) && utf8.RuneCountInString(word) <= 8 {
			return true
		}
	}
	return strings.HasPrefix(word, "итого ") || strings.HasPrefix(word, "всего ")
}

func blank(b []byte) bool { return len(bytes.TrimFunc(b, invisible)) == 0 }

func invisible(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u2060'
}
