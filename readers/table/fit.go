package table

import (
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/words"
)

// Judge says what a row would fill if it were the heading; nil knows nothing.
type Judge func(names []string) batch.Fit

// FindFitting is FindHeading for a route: the heading is the uppermost row whose names it knows. Of names that stand right below
// each other (a group above its columns, a second language) those that fill most count, the lower ones where both
// fill the same. counted is what counting found, and is the answer where the route knows no row better.
func FindFitting(rows [][]string, counted int, fit Judge) int {
	if fit == nil {
		return counted
	}
	best, most := None, 0      // of the rows that are enough
	nearest, nearly := None, 0 // of those that are not
	for i, row := range rows {
		if Blank(row) || i != counted && !MayName(row) {
			continue
		}
		f := fit(row)
		known := f.Known()
		switch {
		case known == 0:
		case !f.Enough:
			if known > nearly && MayName(row) {
				nearest, nearly = i, known
			}
		case !plausible(row, known, i == counted):
		case best == None, known > most && !records(rows[best+1:i], Filled(row)) && !another(rows, best, i), known == most && i == best+1:
			best, most = i, known
		}
	}
	switch {
	case best != None:
		return best
	case nearly > 1 && nearest != counted && (counted == None || fit(rows[counted]).Known() < nearly):
		return nearest
	}
	return counted
}

// plausible reports whether a row of which the route knows some names may be a heading, and not a record that has such words in it.
func plausible(row []string, known int, counted bool) bool {
	return counted || MayName(row) && (known > 1 || Filled(row) <= 2)
}

// MayName reports whether all that a row shows may be the names of columns.
func MayName(row []string) bool {
	for _, c := range row {
		switch Look(c) {
		case Nothing, Label, Year, Long:
		default:
			return false
		}
	}
	return true
}

// records reports whether rows that stand between two lines of names hold a table's records.
func records(rows [][]string, width int) bool {
	for _, row := range rows {
		if Filled(row)*2 >= width && Filled(row) > 1 && !MayName(row) {
			return true
		}
	}
	return false
}

// another reports whether the lower one of two rows of names, with rows between them, is the heading of another table, as where files are joined
// of which the second has a column more: it has all names of the upper one.
func another(rows [][]string, upper, lower int) bool {
	return Filled(rows[upper]) > 1 && slices.ContainsFunc(rows[upper+1:lower], func(row []string) bool { return Filled(row) > 1 }) &&
		!slices.ContainsFunc(rows[upper], func(name string) bool {
			return !blank(name) && !slices.ContainsFunc(rows[lower], func(other string) bool { return strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(other)) })
		})
}

// Again says what a row below the heading is when it is one itself.
type Again int

// What Repeats tells.
const (
	NoHeading   Again = iota // a record like others
	SameHeading              // the heading once more, as at a page break, or in another language
	NewHeading               // the heading of another table
)

// Repeats judges a row that may be a heading: all it shows are names, and the route knows most of them. columns are the
// table's own, named what they fill.
func Repeats(row []string, columns []batch.Column, fit Judge) Again {
	if fit == nil || !MayName(row) {
		return NoHeading
	}
	own := make([]string, len(columns))
	for i, c := range columns {
		own[i] = c.Name
	}
	known := fit(row)
	n, filled := known.Known(), Filled(row)
	switch {
	case n == 0 || n == 1 && filled > 2 || n*2 < filled:
		return NoHeading
	case slices.Equal(trimmedNormal(row), trimmedNormal(own)):
		return SameHeading
	case n < 2:
		return NoHeading
	}
	mine := fit(own)
	for i, field := range known.Fields {
		if field != "" && (i >= len(mine.Fields) || mine.Fields[i] != field) {
			return NewHeading
		}
	}
	if filled > len(columns) {
		return NewHeading
	}
	return SameHeading
}

func trimmedNormal(row []string) []string {
	out := make([]string, 0, len(row))
	for _, c := range row {
		out = append(out, labels.Normal(c))
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// Watch finds the rows below a heading that may be headings themselves, at the cost of a glance each: in a column whose values
// have digits, such a row has a word.
type Watch struct {
	column int
	full   []bool // the columns that all the first rows fill, but for one perhaps
}

// NewWatch learns from the first rows below the heading.
func NewWatch(columns int, below [][]string) Watch {
	below = block(below)
	if more := slices.DeleteFunc(slices.Clone(below), func(row []string) bool { return Filled(row) < 2 }); len(more) > 0 {
		below = more // titles between the rows are none
	}
	w := Watch{column: -1, full: make([]bool, columns)}
	for column := range columns {
		seen, numbered := 0, 0
		for _, row := range below {
			if column < len(row) && !blank(row[column]) {
				seen++
				if HasDigit(row[column]) {
					numbered++
				}
			}
		}
		w.full[column] = seen > 0 && seen >= len(below)-max(1, len(below)/20)
		if w.column < 0 && seen > 0 && (numbered*5 >= seen*4 || seen > 2 && numbered == seen-1) && seen*5 >= len(below)*3 {
			w.column = column
		}
	}
	return w
}

// block is the rows down to the first blank one: what follows it may be no table's, or another's.
func block(rows [][]string) [][]string {
	for len(rows) > 0 && Blank(rows[0]) {
		rows = rows[1:]
	}
	if i := slices.IndexFunc(rows, Blank); i > 0 {
		return rows[:i]
	}
	return rows
}

// Another reports whether a row that stands below a blank one, and has a word where others have digits, may be the heading of a table
// of which the route knows nothing: it has nothing but words, and as many as a heading has.
func Another(cells []string, columns int) bool {
	words := 0
	for _, c := range cells {
		switch Look(c) {
		case Nothing:
		case Label:
			if HasDigit(c) {
				return false
			}
			words++
		default:
			return false
		}
	}
	return words > 1 && words*2 >= columns
}

// Odd reports whether a row that has a word where others have digits also has a gap where they have none, as a total has.
func (w Watch) Odd(cells []string) bool {
	for i, full := range w.full {
		if full && (i >= len(cells) || blank(cells[i])) {
			return w.column >= 0
		}
	}
	return false
}

// Column is where a word is worth a closer look; -1: everywhere, for no column has digits.
func (w Watch) Column() int { return w.column }

// HasDigit reports whether a text has a digit of ASCII in it.
func HasDigit[T string | []byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c >= '0' && c <= '9' {
			return true
		}
	}
	return false
}

// Names is a line of names for a sentence, the first few of them.
func Names(row []string) string {
	var out []string
	for _, c := range row {
		if blank(c) {
			continue
		}
		if len(out) == 12 {
			out = append(out, "…")
			break
		}
		c = strings.Join(strings.Fields(c), " ")
		if r := []rune(c); len(r) > 40 {
			c = string(r[:39]) + "…"
		}
		out = append(out, c)
	}
	return strings.Join(out, ", ")
}

// Misread is why the rows are no table under the heading of row at, nil where they may be: records stand above it, it is on its side, or another
// one stands beside it. number is what people call a row by.
func Misread(rows [][]string, at int, fit Judge, number func(i int) int) *batch.Unreadable {
	if fit == nil || at < 0 {
		return nil
	}
	across := fit(rows[at])
	if !across.Enough {
		return nil
	}
	because := func(key string, args ...any) *batch.Unreadable {
		return &batch.Unreadable{Message: words.Message(key, append(args, "row", number(at))...)}
	}
	if first, count := sunken(rows, at); count > 0 {
		return because("table.sunken", "first", number(first), "count", count)
	}
	if names, column, again := sideways(rows, at, across, fit); again {
		return because("table.blocks", "names", Names(names), "column", Letter(column))
	} else if names != nil {
		return because("table.sideways", "names", Names(names), "column", Letter(column))
	}
	if own, other := beside(rows, at, fit); other != (part{}) {
		return because("table.beside", "names", Names(own.of(rows[at])), "left", Letter(own.from), "others", Names(other.of(rows[at])), "right", Letter(other.from))
	}
	return nil
}

// sunken finds records above the heading of row at, as they get there when somebody sorts a sheet with its heading: they must
// not be taken for titles. first is the index of the first one.
func sunken(rows [][]string, at int) (first, count int) {
	need, below := max(2, Filled(rows[at])-1), rows[at+1:]
	for i, row := range rows[:at] {
		if Filled(row) < need {
			continue
		}
		alike, other := 0, 0
		for column, c := range row {
			switch contrast(c, column, below) {
			case -1:
				alike++
			case 1:
				other++
			}
		}
		if alike > 0 && other == 0 {
			if count++; count == 1 {
				first = i
			}
		}
	}
	return first, count
}

// Twofold is why a heading that no merged cells join with the row above or below it cannot be read alone: names stand in both. nil: they do not.
func Twofold(rows [][]string, at int, fit Judge, number func(i int) int) *batch.Unreadable {
	if fit == nil || at < 0 {
		return nil
	}
	heading := fit(rows[at])
	if !heading.Enough {
		return nil
	}
	above, names := twofold(rows, at, heading, fit)
	if names == nil {
		return nil
	}
	return &batch.Unreadable{Message: words.Message("table.twofold", "names", Names(names), "first", number(above), "second", number(above+1))}
}

// twofold finds names that stand in the row above the heading of row at, or below it, over columns with values of which the heading says
// nothing: "Order, Consignee, , Weight" over " , Name, City, ". above is the index of the upper row. No names: one row has them all.
func twofold(rows [][]string, at int, heading batch.Fit, fit Judge) (above int, names []string) {
	own := func(column int) bool { return column < len(heading.Fields) && heading.Fields[column] != "" }
	if at > 0 && MayName(rows[at-1]) {
		if names = adding(rows[at-1], rows[at+1:], heading, fit, func(column int) bool { return column >= len(rows[at]) || blank(rows[at][column]) }); names != nil {
			return at - 1, names
		}
	}
	if at+1 == len(rows) || !MayName(rows[at+1]) {
		return 0, nil
	}
	for column, c := range rows[at+1] {
		if own(column) && !blank(c) {
			return 0, nil // a record
		}
	}
	return at, adding(rows[at+1], rows[at+2:], heading, fit, func(column int) bool { return !own(column) })
}

// adding are the names of a row that fill fields which the heading does not, where they stand in columns that are free and have values below.
func adding(row []string, below [][]string, heading batch.Fit, fit Judge, free func(column int) bool) (names []string) {
	for column, field := range fit(row).Fields {
		valued := func(r []string) bool { return column < len(r) && !blank(r[column]) }
		if field != "" && free(column) && !slices.Contains(heading.Fields, field) && slices.ContainsFunc(below, valued) {
			names = append(names, row[column])
		}
	}
	return names
}

// sideways finds the headings of a table that was turned: below the name that row at begins with stand more of those that the route
// knows than in the row. column is the index of theirs; again: they begin anew with each record. No names: it stands as it should.
func sideways(rows [][]string, at int, across batch.Fit, fit Judge) (names []string, column int, again bool) {
	column = slices.IndexFunc(rows[at], func(c string) bool { return !blank(c) })
	if column < 0 {
		return nil, 0, false
	}
	var down []string
	texts := 0
	for _, row := range rows[at:min(len(rows), at+most)] {
		if column >= len(row) {
			continue
		}
		if slices.Contains(down, row[column]) {
			again = again || row[column] == rows[at][column]
			continue
		}
		down = append(down, row[column])
		if !blank(row[column]) && !Look(row[column]).value() {
			texts++
		}
	}
	if texts <= max(1, across.Known()) { // numbers: the route need not be asked
		return nil, 0, false
	}
	found := fit(down)
	for i, field := range found.Fields {
		if field != "" {
			names = append(names, down[i])
		}
	}
	if len(names) <= max(1, across.Known()) {
		return nil, 0, false
	}
	return names, column, again
}

// most bounds the rows that are looked at as headings of a turned table.
const most = 200

// beside finds a table that stands beside the route's own, behind an empty column, and would fill fields of it: it has rows where that one
// has none, or ends long before it with no value twice, as a list of codes does. No other: there is none.
func beside(rows [][]string, at int, fit Judge) (own, other part) {
	parts := parted(rows[at:])
	if len(parts) < 2 {
		return part{}, part{}
	}
	mine := slices.IndexFunc(parts, func(p part) bool { return fit(p.of(rows[at])).Enough })
	if mine < 0 {
		return part{}, part{}
	}
	for i, p := range parts {
		if i == mine || fit(p.of(rows[at])).Known() == 0 {
			continue
		}
		if below := rows[at+1:]; p.outlasts(parts[mine], below) || p.listed(parts[mine], below) {
			return parts[mine], p
		}
	}
	return part{}, part{}
}

// part is the columns [from, to) of a table.
type part struct{ from, to int }

// parted cuts rows, the heading being the first, at columns that show nothing.
func parted(rows [][]string) []part {
	var filled []bool
	for _, row := range rows {
		for i, c := range row {
			if i == len(filled) {
				filled = append(filled, false)
			}
			filled[i] = filled[i] || !blank(c)
		}
	}
	var out []part
	for i, full := range filled {
		switch {
		case !full:
		case i > 0 && filled[i-1]:
			out[len(out)-1].to = i + 1
		default:
			out = append(out, part{i, i + 1})
		}
	}
	return out
}

func (p part) of(row []string) []string { return row[min(p.from, len(row)):min(p.to, len(row))] }

// outlasts reports whether p goes on, row by row, with records below the last of another part.
func (p part) outlasts(other part, below [][]string) bool {
	for _, row := range below {
		switch cells := p.of(row); {
		case Blank(cells):
			return false
		case Blank(other.of(row)):
			what, doubt := Remarked(cells, p.to-p.from, Near+1, false)
			return what == Record && !doubt
		}
	}
	return false
}

// listed reports whether p has, of several rows, only the first few, each with another value in its first column.
func (p part) listed(other part, below [][]string) bool {
	seen, rest := map[string]bool{}, 0
	for _, row := range below {
		if Blank(row) {
			break
		}
		switch cells := p.of(row); {
		case Blank(other.of(row)):
		case Blank(cells):
			rest++
		case rest > 0 || seen[cells[0]] || blank(cells[0]):
			return false
		default:
			seen[cells[0]] = true
		}
	}
	return len(seen) > 1 && rest > 1
}
