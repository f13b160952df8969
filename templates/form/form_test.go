package form_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/templates/form"
)

// Another library reads what was written: texts and names of whatever letters, numbers, days, looks, notes, checks and far columns.
func TestWrite(t *testing.T) {
	odd := "O'Neil & \"sons\" <1>\n 二 "
	b := &form.Book{Title: odd, Creator: "rowferry", Language: "en", Properties: [][2]string{{"kept", odd}}}
	s := b.Sheet("O'Neil & sons")
	s.Headed = true
	look := form.Look{Bold: true, Fill: "FFD966", Line: "BFBFBF", Below: "C55A11", Format: "yyyy-mm-dd", Wrap: true, Vertical: "top"}
	s.Column(703, 12.5, form.Look{Number: 49})
	s.Set(1, 1, odd, look)
	s.Set(2, 1, 0.25, form.Look{})
	s.Set(3, 1, int64(-12345678901), form.Look{})
	s.Set(4, 1, time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), look)
	s.Set(703, 1, "far", form.Look{})
	s.Note(703, 1, odd, []string{"remark"}, 380, 100)
	s.Check(form.Check{Column: 703, Kind: "custom", First: `AND(AAA2<>"",AAA2>1)`, Title: odd, Error: odd})
	b.Sheet("empty")
	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if different := cmp.Diff([]string{"O'Neil & sons", "empty"}, f.GetSheetList()); different != "" {
		t.Error(different)
	}
	for cell, want := range map[string]string{"A1": odd, "B1": "0.25", "C1": "-12345678901", "D1": "2026-02-28", "AAA1": "far", "AAB1": ""} {
		if got, err := f.GetCellValue(s.Name(), cell); got != want || err != nil {
			t.Errorf("%s: %q, %v", cell, got, err)
		}
	}
	id, err := f.GetCellStyle(s.Name(), "A1")
	if err != nil {
		t.Fatal(err)
	}
	style, err := f.GetStyle(id)
	if err != nil || !style.Font.Bold || style.Fill.Pattern != 1 || style.Border[3].Style != 5 || len(style.Border) != 4 || *style.CustomNumFmt != "yyyy-mm-dd" || !style.Alignment.WrapText {
		t.Errorf("%+v, %v", style, err)
	}
	notes, err := f.GetComments(s.Name())
	if err != nil || len(notes) != 1 || notes[0].Cell != "AAA1" || notes[0].Author != "rowferry" || len(notes[0].Paragraph) != 2 || notes[0].Paragraph[0].Text != odd || notes[0].Paragraph[1].Text != "\nremark" {
		t.Errorf("%+v, %v", notes, err)
	}
	checks, err := f.GetDataValidations(s.Name())
	if err != nil || len(checks) != 1 || checks[0].Sqref != "AAA2:AAA1048576" || *checks[0].Error != odd {
		t.Errorf("%+v, %v", checks, err)
	}
	if width, err := f.GetColWidth(s.Name(), "AAA"); width != 12.5 || err != nil {
		t.Errorf("%v, %v", width, err)
	}
	if names := f.GetDefinedName(); len(names) != 1 || names[0].RefersTo != "'O''Neil & sons'!$1:$1" {
		t.Errorf("%+v", names)
	}
	if properties, err := f.GetCustomProps(); err != nil || len(properties) != 1 || properties[0].Value != odd {
		t.Errorf("%+v, %v", properties, err)
	}
}
