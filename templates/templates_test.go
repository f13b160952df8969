package templates_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/templates"
)

// each calls f for every built-in operation in every language.
func each(t *testing.T, f func(t *testing.T, op *providers.Operation, l batch.Language, path string)) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			for _, l := range batch.Languages() {
				seen++
				t.Run(name+"/"+op.ID+"/"+string(l), func(t *testing.T) {
					var out bytes.Buffer
					if err := templates.Write(&out, op, templates.Settings{Language: l}); err != nil {
						t.Fatal(err)
					}
					path := filepath.Join(t.TempDir(), "t.xlsx")
					if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
					f(t, op, l, path)
				})
			}
		}
	}
	if seen < 15 {
		t.Fatalf("only %d templates were looked at", seen)
	}
}

// The headings are the provider's labels in the document's order, each with a note and a format for the whole column.
func TestHeadings(t *testing.T) {
	each(t, func(t *testing.T, op *providers.Operation, l batch.Language, path string) {
		f, err := excelize.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data := f.GetSheetList()[0]
		rows, err := f.GetRows(data)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if templates.NeedsGroup(op) {
			want = append(want, templates.GroupHeading(l))
		}
		for _, field := range op.Fields {
			want = append(want, field.Label.In(l))
		}
		if !slices.Equal(rows[0], want) {
			t.Errorf("headings %q, want %q", rows[0], want)
		}
		if len(rows) < 2 || op.Rows.Kind == providers.Group && len(rows) < 1+op.Rows.Min {
			t.Errorf("%d rows", len(rows))
		}
		comments, err := f.GetComments(data)
		if err != nil || len(comments) != len(want)+1 {
			t.Errorf("%d notes on %d headings and the example, %v", len(comments), len(want), err)
		}
		for i, field := range op.Fields {
			cell, _ := excelize.CoordinatesToCellName(i+1+len(want)-len(op.Fields), 500)
			id, err := f.GetCellStyle(data, cell)
			if err != nil {
				t.Fatal(err)
			}
			style, err := f.GetStyle(id)
			if err != nil {
				t.Fatal(err)
			}
			free := field.Schema.Type == "integer" || field.Schema.Type == "number" || field.Schema.Raw["format"] == "date"
			if free == (style.NumFmt == 49) {
				t.Errorf("%s: number format %d", field.Path, style.NumFmt)
			}
		}
	})
}

// seen is what openpyxl sees of a workbook.
type seen struct {
	Sheets      []string
	Headings    []string
	Notes       []string
	Formats     []string // of the columns in the example row
	Frozen      string
	Validations map[string]struct{ Type, Style, First, Second, Sqref, Error string }
	Choices     map[string]string
}

const look = `
import json, sys, openpyxl
out = []
for path in sys.argv[1:]:
    b = openpyxl.load_workbook(path)
    s = b.worksheets[0]
    out.append({
        "Sheets": b.sheetnames, "Headings": [c.value for c in s[1]], "Notes": [c.comment.text if c.comment else "" for c in s[1]],
        "Formats": [c.number_format for c in s[2]], "Frozen": s.freeze_panes,
        "Validations": {str(v.sqref).split("2:")[0]: {"Type": v.type, "Style": v.errorStyle or "stop", "First": v.formula1, "Second": v.formula2 or "", "Sqref": str(v.sqref), "Error": v.error or ""} for v in s.data_validations.dataValidation},
    })
json.dump(out, sys.stdout)
`

func openpyxl(t *testing.T, paths ...string) []seen {
	t.Helper()
	var said strings.Builder // warnings, which depend on the version, must not stand in the JSON
	python := exec.CommandContext(context.Background(), "/usr/bin/python3", append([]string{"-c", look}, paths...)...)
	python.Stderr = &said
	out, err := python.Output()
	if err != nil {
		t.Fatalf("openpyxl (Debian: python3-openpyxl) cannot read it: %v\n%s", err, said.String())
	}
	var all []seen
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return all
}

// Another program reads every template: headings, a note on each, a frozen heading, checks that keep within its limits.
func TestOpenpyxl(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	each(t, func(t *testing.T, _ *providers.Operation, _ batch.Language, path string) {
		kept := filepath.Join(dir, fmt.Sprint(len(paths), ".xlsx"))
		if err := os.Rename(path, kept); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, kept)
	})
	all := openpyxl(t, paths...) // one start for all
	each(t, func(t *testing.T, _ *providers.Operation, _ batch.Language, _ string) {
		s := all[0]
		all = all[1:]
		if len(s.Sheets) != 2 || s.Frozen != "A2" {
			t.Errorf("sheets %q, frozen %q", s.Sheets, s.Frozen)
		}
		for i, h := range s.Headings {
			if !strings.HasPrefix(s.Notes[i], h+"\n") {
				t.Errorf("the note of %q: %q", h, s.Notes[i])
			}
		}
		for _, v := range s.Validations {
			if len([]rune(v.First)) > 255 || len([]rune(v.Error)) > 225 {
				t.Errorf("%+v is too long for a spreadsheet program", v)
			}
		}
	})
}

// What the spreadsheet program can check, it checks.
func TestChecksWhileTyping(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	write := func(provider, operation string, l batch.Language) (path string) {
		op, _ := all[provider].Operation(operation)
		path = filepath.Join(t.TempDir(), operation+".xlsx")
		var out bytes.Buffer
		if err := templates.Write(&out, op, templates.Settings{Language: l}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	shown := openpyxl(t, write("otms", "shipPointRemove", "ru"), write("hgj", "amsUpdate", "zh"), write("hgj", "aciUpdate", "en"))
	otms, ams, aci := shown[0], shown[1], shown[2]
	for _, c := range []struct {
		in                         seen
		heading, kind, style, rule string
	}{
		{otms, "Тип", "list", "warning", `"пункт забора,пункт доставки,распределительный центр"`},
		{ams, "运输方式", "list", "stop", `"Import,FROB"`},
		{ams, "预计到达", "date", "stop", "36526 73415"},
		{ams, "毛重", "custom", "stop", "ROUND("},
		{ams, "航次", "textLength", "stop", "1 5"},
		{aci, "Not containerised", "list", "warning", `"yes,no"`},
		{aci, "Shipper name", "textLength", "stop", "1 60"},
		{aci, "Gross weight", "whole", "stop", ""},
	} {
		i := slices.Index(c.in.Headings, c.heading)
		if i < 0 {
			t.Errorf("no heading %s in %q", c.heading, c.in.Headings)
			continue
		}
		name, _ := excelize.ColumnNumberToName(i + 1)
		v := c.in.Validations[name]
		if v.Type != c.kind || v.Style != c.style || !strings.Contains(v.First+" "+v.Second, c.rule) || v.Sqref != name+"2:"+name+"1048576" {
			t.Errorf("%s: %+v, want %s", c.heading, v, c.rule)
		}
	}
}
