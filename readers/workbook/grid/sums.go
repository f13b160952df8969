package grid

import (
	"bytes"
	"strconv"

	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/readers/table"
)

// Sums is what the formulas of a row tell of it: a total adds up, counts or averages the cells above its own, in the same column. No
// record does, in whatever language its label may be.
type Sums struct {
	Formulas int // cells with a formula
	From     int // the uppermost row that one of them adds up, 0: none does
}

// Formula hears of a cell's formula, as it is written in the file.
func (r *Row) Formula(column int, text []byte) {
	r.sums(summed(text, column, r.Number))
}

// Tokens hears of a cell's formula where it is stored taken apart, with rows in so many bytes.
func (r *Row) Tokens(column int, tokens []byte, wide int) {
	r.sums(summedTokens(tokens, column, r.Number, wide))
}

func (r *Row) sums(from int) {
	r.Sums.Formulas++
	if from > 0 && (r.Sums.From == 0 || from < r.Sums.From) {
		r.Sums.From = from
	}
}

// sum is a formula that does nothing but add up one range, perhaps rounded: SUM(F2:F6) as Excel keeps it, of:=SUM([.F2:.F6]), =SUM(R[-5]C:R[-1]C),
// or a column of a table by its name, as below a table: SUBTOTAL(109,[Weight]).
var sum = patterns.New(`^(?:of:|oooc:|msoxl:)?=?\s*(?:ROUND\()?(?:` +
	`(?:SUM|SUBTOTAL|(?:_xlfn\.|COM\.MICROSOFT\.)?AGGREGATE|COUNTA?|AVERAGE)\(\s*(?:\d+\s*[,;]\s*)*` +
	`(?:\[?\.?\$?([A-Z]{1,3})\$?(\d+):\.?\$?([A-Z]{1,3})\$?(\d+)\]?|R(?:\[-(\d+)\]|(\d+))C:R(?:\[-(\d+)\]|(\d+))C)` +
	`|SUBTOTAL\(\d+,[^()\[\]:]*\[[^\[\].:@]+\])\s*\)\s*(?:[,;]\s*\d+\s*\))?$`)

// summed is the uppermost row that a formula of the cell adds up, where it adds up cells of its own column above it; 0 for others.
func summed(text []byte, column, row int) int {
	if bytes.IndexByte(text, '(') < 0 || bytes.IndexByte(text, ':') < 0 && bytes.IndexByte(text, '[') < 0 {
		return 0
	}
	m := sum.FindSubmatch(text)
	if m == nil {
		return 0
	}
	at := func(i int) int {
		n, _ := strconv.Atoi(string(m[i]))
		return n
	}
	from, to := row-1, row-1 // the column of a table that ends here
	switch own := table.Letter(column); {
	case len(m[1]) > 0 && (string(m[1]) != own || string(m[3]) != own):
		return 0
	case len(m[1]) > 0:
		from, to = at(2), at(4)
	case len(m[5]) > 0:
		from = row - at(5)
	case len(m[6]) > 0:
		from = at(6)
	}
	switch {
	case len(m[7]) > 0:
		to = row - at(7)
	case len(m[8]) > 0:
		to = at(8)
	}
	return above(from, to, row)
}

// above is from, where the rows from and to are above row.
func above(from, to, row int) int {
	if from < 1 || to < from || to >= row {
		return 0
	}
	return from
}

// summedTokens is summed for a formula that is stored as tokens, in the order in which they are calculated.
func summedTokens(t []byte, column, row, wide int) int {
	if len(t) > 3 && t[0] == tokenInteger { // which of its sums SUBTOTAL shows
		t = t[3:]
	}
	area := 1 + 2*wide + 4
	if len(t) < area || t[0]&^0x60 != tokenArea&^0x60 {
		return 0
	}
	number := func(at, bytes int) (n int) {
		for i := range bytes {
			n |= int(t[at+i]) << (8 * i)
		}
		return n
	}
	const columns = 0x3fff // beside them stand flags
	if number(1+2*wide, 2)&columns != column || number(3+2*wide, 2)&columns != column {
		return 0
	}
	from, to := number(1, wide)+1, number(1+wide, wide)+1
	switch t = t[area:]; {
	case len(t) == 4 && t[0] == tokenAttribute && t[1] == 0x10: // SUM of one range
	case len(t) == 4 && t[0]&^0x60 == tokenFunction&^0x60 && adding[int(t[2])|int(t[3])<<8]:
	default:
		return 0
	}
	return above(from, to, row)
}

const (
	tokenInteger   = 0x1e
	tokenArea      = 0x25 // 0x45 and 0x65 by what becomes of it
	tokenFunction  = 0x22
	tokenAttribute = 0x19
)

// adding are COUNT, SUM, AVERAGE, COUNTA and SUBTOTAL by their numbers.
var adding = map[int]bool{0: true, 4: true, 5: true, 169: true, 344: true}
