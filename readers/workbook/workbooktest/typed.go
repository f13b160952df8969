package workbooktest

import (
	"testing"

	"github.com/xuri/excelize/v2"
)

// Typed takes out of a template what tells of its example, and gives it a column that templates do not have, as if somebody had typed the
// row into a table of their own: else it is no data.
func Typed(t testing.TB, path string) {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Pkg.Delete("docProps/custom.xml")
	sheet := f.GetSheetName(f.GetActiveSheetIndex())
	headings, err := f.GetCols(sheet)
	if err != nil {
		t.Fatal(err)
	}
	cell, err := excelize.CoordinatesToCellName(len(headings)+1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellStr(sheet, cell, "Our own note"); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
}
