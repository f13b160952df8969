package redrop_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
	"github.com/rowferry/rowferry/templates"
)

// template writes one, changed by a person.
func template(t *testing.T, op *providers.Operation, l batch.Language, change func(f *excelize.File, sheet string)) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := templates.Write(&b, op, templates.Settings{Language: l}); err != nil {
		t.Fatal(err)
	}
	if change == nil {
		return b.Bytes()
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	change(f, f.GetSheetName(0))
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// examples counts the rows that are a template's example as our reader gives them, and all.
func examples(t *testing.T, op *providers.Operation, content []byte) (found, all int) {
	t.Helper()
	f := readers.File{Name: "t.xlsx", Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}
	facts, err := workbook.New(xlsx.Container).Facts(context.Background(), f, readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	e := templates.ExamplesOf(facts.Properties, op)
	if e == nil {
		t.Fatalf("it is not known as a template: %v", facts.Properties)
	}
	table, err := workbook.New(xlsx.Container).Open(context.Background(), f, readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	is := e.In(table.Columns())
	for row, err := range table.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if all++; is(row) {
			found++
		}
	}
	return found, all
}

func TestExamplesAreRecognised(t *testing.T) {
	builtin, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	seen, dated := 0, 0
	for _, p := range builtin {
		for _, op := range p.Operations {
			for _, l := range batch.Languages() {
				t.Run(fmt.Sprint(op.ID, "/", l), func(t *testing.T) {
					seen++
					if found, all := examples(t, op, template(t, op, l, nil)); found != all || all == 0 {
						t.Errorf("%d of %d rows", found, all)
					}
					old := template(t, op, l, func(f *excelize.File, sheet string) {
						_ = f.SetCustomProps(excelize.CustomProperty{Name: "rowferry.template.written", Value: time.Now().AddDate(0, 0, -9).Format(time.DateOnly)})
						for i, row := range op.Example() {
							for c, field := range op.Fields {
								if day, err := time.Parse(time.DateOnly, row[field.Path]); err == nil {
									cell, _ := excelize.CoordinatesToCellName(c+1, i+2)
									_ = f.SetCellStr(sheet, cell, day.AddDate(0, 0, -9).Format(time.DateOnly))
									dated++
								}
							}
						}
					})
					if found, all := examples(t, op, old); found != all {
						t.Errorf("of an older one %d of %d rows", found, all)
					}
					for c := range op.Fields {
						changed := template(t, op, l, func(f *excelize.File, sheet string) {
							cell, _ := excelize.CoordinatesToCellName(c+1, 2)
							_ = f.SetCellStr(sheet, cell, "7-7")
						})
						if found, all := examples(t, op, changed); found != all-1 {
							t.Errorf("column %d was changed and %d of %d rows are taken for the example", c+1, found, all)
						}
						if c > 3 {
							break
						}
					}
				})
			}
		}
	}
	if seen < 15 || dated == 0 {
		t.Errorf("only %d templates, %d dates", seen, dated)
	}
}

// The example that people leave in is not sent, beside their own rows or alone.
func TestExampleLeftIn(t *testing.T) {
	builtin, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	op, _ := builtin["les"].Operation("shipmentFailed")
	for name, save := range map[string]func(t *testing.T, content []byte) []byte{
		"as it was written":    func(_ *testing.T, content []byte) []byte { return content },
		"saved by LibreOffice": func(t *testing.T, content []byte) []byte { return office(t, content, "xlsx") },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.Russian, "")
			h.provider.heal()
			content := template(t, op, batch.Russian, func(f *excelize.File, sheet string) {
				_ = f.SetSheetRow(sheet, "A3", &[]string{"3000372", "A3", "late"})
				_ = f.SetSheetRow(sheet, "A4", &[]string{"3000372", "REFUSE4", "late"})
			})
			one := h.file(h.put("failures", "filled.xlsx", save(t, content)), "reported")
			if one.Counts != (batch.Counts{Read: 3, Delivered: 1, Rejected: 1, Skipped: 1}) || h.provider.requests("LB20240001") != 0 {
				t.Errorf("%+v, the example was sent %d times", one.Counts, h.provider.requests("LB20240001"))
			}
			result := one.Results[slices.IndexFunc(one.Results, func(s string) bool { return strings.HasSuffix(s, ".xlsx") })]
			b, err := os.ReadFile(filepath.Join(h.dir, "out", result))
			if err != nil {
				t.Fatal(err)
			}
			s := openSheet(t, b)
			s.set(s.row("REFUSE4"), "Номер бронирования LES", "A4")
			two := h.file(h.put("failures", result, s.bytes()), "reported")
			if two.Counts != (batch.Counts{Read: 3, Delivered: 2, Skipped: 1}) || h.provider.requests("LB20240001") != 0 || h.provider.executed("A3") != 1 {
				t.Errorf("dropped again: %+v", two.Counts)
			}
			alone := h.file(h.put("failures", "alone.xlsx", template(t, op, batch.Russian, nil)), "reported")
			if alone.Counts != (batch.Counts{Read: 1, Skipped: 1}) {
				t.Errorf("alone: %+v", alone.Counts)
			}
		})
	}
}
