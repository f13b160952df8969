package workbook_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
)

// Sheets that a result or a template of ours has besides its data are not told of; a sender's own of such a name are.
func TestSheetsOfOursAreNotOtherSheets(t *testing.T) {
	for _, c := range []struct {
		sheets string // of the workbook, the hidden ones with a dot before them
		told   string
	}{
		{"Orders Summary", "Summary"},
		{"Orders 汇总 ._rowferry", ""},
		{"Orders Summary Summary_(2) ._rowferry ._rowferry_2", ""},
		{"Orders Итоги Prices ._rowferry", "Prices"},
		{"Orders _rowferry", "_rowferry"},
		{"Orders .Codes ._rowferry", "Codes"},
		{"Data Guide", ""},
		{"数据 填写说明", ""},
		{"Orders Guide", "Guide"},
	} {
		f := excelize.NewFile()
		for i, name := range strings.Fields(c.sheets) {
			name, hidden := strings.CutPrefix(name, ".")
			if name = strings.ReplaceAll(name, "_(", " ("); name == "_rowferry_2" {
				name = "_rowferry 2"
			}
			_, err := f.NewSheet(name)
			if err == nil && i == 0 {
				err = f.DeleteSheet("Sheet1")
			}
			if err == nil {
				err = f.SetSheetCol(name, "A1", &[]any{"No", "1", "2"})
			}
			if err == nil && hidden {
				err = f.SetSheetVisible(name, false, true)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		content, err := f.WriteToBuffer()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		table, err := workbook.New(xlsx.Container).Open(t.Context(), readers.File{Name: "x.xlsx", Size: int64(content.Len()), ReaderAt: bytes.NewReader(content.Bytes())}, readers.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for range table.Rows() {
		}
		for _, n := range table.Notes() {
			if at := slices.Index(n.Message.Args, any("sheet")); at >= 0 && strings.HasSuffix(n.Message.Key, "_sheet") {
				told = append(told, n.Message.Args[at+1].(string))
			}
		}
		table.Close()
		if got := strings.Join(told, " "); got != c.told {
			t.Errorf("%s: told of %q, want %q", c.sheets, got, c.told)
		}
	}
}
