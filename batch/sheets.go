package batch

import (
	"slices"
	"strconv"
	"strings"
)

// Sheets are the sheets of a workbook of which several are read as one file, in the order in which they are read. There are none
// where one sheet is the whole file, and for what is no workbook.
type Sheets []Sheet

// Sheet is one of them.
type Sheet struct {
	Name    string   `json:"name"`             // on its tab
	Header  int      `json:"header,omitempty"` // its heading's last row; 0 when it has no heading
	Columns []Column `json:"columns"`          // for each column of the table the one in this sheet; the zero Column where it has none
	Ours    []Column `json:"ours,omitempty"`   // our columns in it, where the file is a result
}

// rowsOfSheet is more than any sheet has: row 5 of the second sheet has the number 10000005 in its file.
const rowsOfSheet = 10_000_000

// Number is the number that a row of a sheet, which counts from 0, has in the file.
func (s Sheets) Number(sheet, row int) int { return sheet*rowsOfSheet + row }

// At is the sheet that a row of the file stands in, from 0, and its number there.
func (s Sheets) At(number int) (sheet, row int) { return number / rowsOfSheet, number % rowsOfSheet }

// Row is how people call a row: "5", and where there are several sheets, "December!5".
func (s Sheets) Row(number int) string {
	at, row := s.At(number)
	switch {
	case at < len(s):
		return s[at].Name + "!" + strconv.Itoa(row)
	case at > 0: // of a file whose sheets are not at hand
		return strconv.Itoa(at+1) + "!" + strconv.Itoa(row)
	}
	return strconv.Itoa(number)
}

// Rows is Row of several, with commas.
func (s Sheets) Rows(numbers []int) string {
	names := make([]string, len(numbers))
	for i, n := range numbers {
		names[i] = s.Row(n)
	}
	return strings.Join(names, ", ")
}

// Find understands what Row says.
func (s Sheets) Find(text string) (number int, found bool) {
	at := strings.LastIndexByte(text, '!')
	if at < 0 || len(s) == 0 {
		return 0, false
	}
	sheet := slices.IndexFunc(s, func(o Sheet) bool { return strings.EqualFold(strings.TrimSpace(o.Name), strings.TrimSpace(text[:at])) })
	row, err := strconv.Atoi(strings.TrimSpace(text[at+1:]))
	if sheet < 0 || err != nil || row < 1 || row >= rowsOfSheet {
		return 0, false
	}
	return s.Number(sheet, row), true
}

// Cell is how people call the cell of a row in a column of the table, which is called ref where there is one sheet: "C5",
// "December!C5"; where its sheet has no such column, the row.
func (s Sheets) Cell(number, column int, ref string) string {
	at, row := s.At(number)
	if at >= len(s) {
		return ref + strconv.Itoa(number)
	}
	if column < len(s[at].Columns) {
		ref = s[at].Columns[column].Ref
	}
	return s[at].Name + "!" + ref + strconv.Itoa(row)
}
