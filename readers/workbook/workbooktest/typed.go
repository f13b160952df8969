package workbooktest

import (
	"testing"

	"github.com/xuri/excelize/v2"
)

// Typed takes out of a template what tells of its example, as if somebody had typed the row: else it is no data.
func Typed(t testing.TB, path string) {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Pkg.Delete("docProps/custom.xml")
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
}
