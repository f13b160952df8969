package mappers

import (
	"strings"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
)

// near is the likeness from which on a spelling is worth suggesting.
const near = 0.6

// trim takes off what shows as blank at both ends: Unicode white space (U+00A0, U+3000, …) and zero-width characters.
func trim(s string) string {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	for s != "" && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	if s == "" || s[0] > ' ' && s[0] < 0x80 && s[len(s)-1] > ' ' && s[len(s)-1] < 0x80 {
		return s
	}
	return strings.TrimFunc(s, blankRune)
}

func blankRune(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\u2060' || r == '\ufeff'
}

// shown is a heading as one line, for sentences.
func shown(heading string) string { return strings.Join(strings.Fields(heading), " ") }

// likeness of two normal forms: 1 for equal ones, 0 for such as have nothing in common.
func likeness(a, b string) float64 {
	if a == b {
		return 1
	}
	x, y := []rune(a), []rune(b)
	if len(x) == 0 || len(y) == 0 || len(x) > 200 || len(y) > 200 {
		return 0
	}
	if len(x) > len(y) {
		x, y = y, x
	}
	score := 1 - float64(edits(x, y))/float64(len(y))
	if len(x) >= 2 && strings.Contains(string(y), string(x)) { // "HBL" in "HBL No."
		score = max(score, 0.6+0.3*float64(len(x))/float64(len(y)))
	}
	return score
}

// edits is the number of insertions, deletions, changes and exchanges of neighbours that make a of b.
func edits(a, b []rune) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		now[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}

// table is the heading of one file.
type table struct {
	columns []batch.Column
	normal  []string // of Name
	plain   []string // of Name, without the marks of a form
	joined  []string // of Name, without what stands for blanks too
	paths   []string // XML: of Ref, as a field path; else ""
	sheet   bool     // Ref is a letter, so that a cell is letter and row
	sheets  batch.Sheets
}

func newTable(columns []batch.Column) *table {
	t := &table{columns: columns, normal: make([]string, len(columns)), plain: make([]string, len(columns)), joined: make([]string, len(columns)), paths: make([]string, len(columns)), sheet: true}
	last := ""
	for _, c := range columns {
		if !letters(c.Ref) || !(len(c.Ref) > len(last) || len(c.Ref) == len(last) && c.Ref > last) {
			t.sheet = false
		}
		last = c.Ref
	}
	for i, c := range columns {
		t.normal[i] = labels.Normal(c.Name)
		if i == 0 {
			c.Name = uncommented(c.Name)
		}
		t.plain[i], t.joined[i] = labels.Unmarked(c.Name), unjoined(c)
		if !t.sheet {
			t.paths[i] = labels.Normal(asPath(c.Ref))
		}
	}
	return t
}

func letters(ref string) bool {
	for _, r := range ref {
		if r < 'A' || r > 'Z' {
			return false
		}
	}
	return len(ref) >= 1 && len(ref) <= 3
}

// uncommented is the name of a file's first column without the sign that makes a comment of the heading, as many programs write it: # Order,Name.
func uncommented(name string) string {
	if rest := strings.TrimPrefix(name, "#"); trim(rest) != "" {
		return rest
	}
	return name
}

// unjoined is a column's name with blanks, dots and hyphens taken out; of an attribute without its sign.
func unjoined(c batch.Column) string { return labels.Unjoined(strings.TrimPrefix(c.Name, "@")) }

// asPath writes an XML path as a field path.
func asPath(ref string) string { return strings.ReplaceAll(strings.ReplaceAll(ref, "/", "."), "@", "") }

// find returns the columns that a heading written by a person means: those with exactly this text, else those that
// are equal in normal form, else (XML, or a column without heading) the one that Ref names, else those that have the
// heading with a mark of a form, or with other signs for its blanks.
func (t *table) find(heading string) []int {
	var exact, alike, byRef, marked, joined []int
	want, ref, loose := labels.Normal(heading), labels.Normal(asPath(heading)), labels.Unjoined(heading)
	for i, c := range t.columns {
		switch {
		case c.Name != "" && c.Name == heading:
			exact = append(exact, i)
		case t.normal[i] != "" && t.normal[i] == want:
			alike = append(alike, i)
		case t.paths[i] != "" && t.paths[i] == ref, c.Name == "" && c.Ref == heading:
			byRef = append(byRef, i)
		case t.plain[i] != "" && t.plain[i] == want:
			marked = append(marked, i)
		case t.joined[i] != "" && t.joined[i] == loose:
			joined = append(joined, i)
		}
	}
	for _, found := range [][]int{exact, alike, byRef, marked} {
		if len(found) > 0 {
			return found
		}
	}
	return joined
}

// like returns the columns' headings that come near one of the names, best first, three at most.
func (t *table) like(names ...string) []string {
	type hit struct {
		name  string
		score float64
	}
	var hits [3]hit
	for i, c := range t.columns {
		if t.normal[i] == "" {
			continue
		}
		best := 0.0
		for _, n := range names {
			best = max(best, likeness(labels.Normal(n), t.normal[i]))
		}
		if best < near {
			continue
		}
		h := hit{shown(c.Name), best}
		for k := range hits {
			if h.score > hits[k].score {
				h, hits[k] = hits[k], h
			}
		}
	}
	var out []string
	for _, h := range hits {
		if h.name != "" {
			out = append(out, h.name)
		}
	}
	return out
}
