package batch_test

import (
	"testing"

	"github.com/rowferry/rowferry/batch"
)

func TestRowsOfSeveralSheets(t *testing.T) {
	sheets := batch.Sheets{
		{Name: "November", Columns: []batch.Column{{Name: "Order", Ref: "A"}, {Name: "Weight", Ref: "B"}}},
		{Name: "Dec!ember", Columns: []batch.Column{{Name: "Order", Ref: "C"}, {}}},
	}
	for _, c := range []struct {
		sheet, row int
		name, cell string
	}{{0, 5, "November!5", "November!A5"}, {1, 5, "Dec!ember!5", "Dec!ember!C5"}, {1, 1048576, "Dec!ember!1048576", "Dec!ember!C1048576"}} {
		n := sheets.Number(c.sheet, c.row)
		if got := sheets.Row(n); got != c.name {
			t.Errorf("row %d is called %q, want %q", n, got, c.name)
		}
		if got := sheets.Cell(n, 0, "A"); got != c.cell {
			t.Errorf("its cell is called %q, want %q", got, c.cell)
		}
		if got, found := sheets.Find(c.name); got != n || !found {
			t.Errorf("%q is %d, want %d", c.name, got, n)
		}
	}
	for _, none := range []string{"", "5", "October!5", "November!0", "November!x", "!5"} {
		if n, found := sheets.Find(none); found {
			t.Errorf("%q is taken for row %d", none, n)
		}
	}
	var one batch.Sheets
	if one.Row(5) != "5" || one.Cell(5, 0, "C") != "C5" || one.Rows([]int{3, 4}) != "3, 4" {
		t.Errorf("a file of one sheet: %q, %q, %q", one.Row(5), one.Cell(5, 0, "C"), one.Rows([]int{3, 4}))
	}
}
