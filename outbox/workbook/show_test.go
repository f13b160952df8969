package workbook_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/xuri/excelize/v2"
)

// With ROWFERRY_SHOW=folder results are written there, to be looked at: a new workbook and a sender's own.
func TestShow(t *testing.T) {
	dir := os.Getenv("ROWFERRY_SHOW")
	if dir == "" {
		return
	}
	own, _ := resultOf(t, sender(t, func(f *excelize.File) {
		if err := f.DeleteDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", Scope: "Orders & more"}); err != nil {
			t.Fatal(err)
		}
		fit, landscape := 1, "landscape"
		if err := f.SetPageLayout("Orders & more", &excelize.PageLayoutOptions{FitToWidth: &fit, Orientation: &landscape}); err != nil {
			t.Fatal(err)
		}
		on := true
		if err := f.SetSheetProps("Orders & more", &excelize.SheetPropsOptions{FitToPage: &on}); err != nil {
			t.Fatal(err)
		}
	}))
	for name, path := range map[string]string{"new.xlsx": write(t, everyOutcome()), "own.xlsx": own} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
