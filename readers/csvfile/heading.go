package csvfile

import (
	"bytes"
	"strings"
	"unicode"

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

func blank(b []byte) bool { return len(bytes.TrimFunc(b, invisible)) == 0 }

func invisible(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u2060'
}
