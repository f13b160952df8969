package workbook_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/resultmark"
)

// sender builds a workbook with all that people put into one.
func sender(t testing.TB, change ...func(*excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const s = "Orders & more"
	must(f.SetSheetName("Sheet1", s))
	must(f.SetSheetRow(s, "A1", &[]any{"Our company's orders"}))
	must(f.MergeCell(s, "A1", "D1"))
	must(f.SetSheetRow(s, "A3", &[]any{"No", "Date", "Amount", "City"}))
	style := func(st *excelize.Style) int {
		id, err := f.NewStyle(st)
		must(err)
		return id
	}
	format := `dd"/"mm"/"yyyy`
	date := style(&excelize.Style{CustomNumFmt: &format, Font: &excelize.Font{Italic: true}, Border: []excelize.Border{{Type: "left", Color: "FF0000", Style: 1}}})
	text := style(&excelize.Style{NumFmt: 49})
	for r := 4; r <= 12; r++ {
		must(f.SetCellStr(s, fmt.Sprint("A", r), fmt.Sprintf("%05d", r)))
		must(f.SetCellStyle(s, fmt.Sprint("A", r), fmt.Sprint("A", r), text))
		must(f.SetCellValue(s, fmt.Sprint("B", r), 45000+r))
		must(f.SetCellStyle(s, fmt.Sprint("B", r), fmt.Sprint("B", r), date))
		must(f.SetCellFloat(s, fmt.Sprint("C", r), float64(r)*1.5, 2, 64))
		if r != 6 {
			must(f.SetCellStr(s, fmt.Sprint("D", r), "上海"))
		}
	}
	must(f.SetColWidth(s, "A", "A", 30))
	must(f.SetColVisible(s, "C", false))
	must(f.SetPanes(s, &excelize.Panes{Freeze: true, YSplit: 3, TopLeftCell: "A4", ActivePane: "bottomLeft"}))
	must(f.AddTable(s, &excelize.Table{Range: "A3:D12", Name: "orders"}))
	must(f.AddComment(s, excelize.Comment{Cell: "A6", Author: "Li", Text: "the sender's own note"}))
	must(f.AddComment(s, excelize.Comment{Cell: "D9", Author: "Li", Text: "another"}))
	must(f.SetConditionalFormat(s, "C4:C12", []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: ">", Value: "10", Format: func() *int {
		id, _ := f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
		return &id
	}()}}))
	dv := excelize.NewDataValidation(true)
	dv.SetSqref("D4:D12")
	must(dv.SetDropList([]string{"上海", "北京"}))
	must(f.AddDataValidation(s, dv))
	var picture bytes.Buffer
	must(png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 8, 8))))
	must(f.AddPictureFromBytes(s, "B14", &excelize.Picture{Extension: ".png", File: picture.Bytes()}))
	_, err := f.NewSheet("Summary")
	must(err)
	must(f.SetCellFormula("Summary", "A1", "SUM('Orders & more'!C4:C12)"))
	must(f.SetDefinedName(&excelize.DefinedName{Name: "cities", RefersTo: "'Orders & more'!$D$4:$D$12"}))
	must(f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: "'Orders & more'!$A$1:$D$12", Scope: s}))
	must(f.SetHeaderFooter(s, &excelize.HeaderFooterOptions{OddHeader: "&CPage &P"}))
	for _, c := range change {
		c(f)
	}
	path := filepath.Join(t.TempDir(), "orders.xlsx")
	must(f.SaveAs(path))
	return path
}

// resultOf writes the result of a sender's workbook.
func resultOf(t testing.TB, path string) (string, outbox.Report) {
	t.Helper()
	r, err := reportOf(t, path)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, r), r
}

func TestWhatPeoplePutIntoAWorkbookStays(t *testing.T) {
	source := sender(t)
	result, r := resultOf(t, source)
	if is, why := patched(t, result); !is {
		t.Fatal(why)
	}
	unchanged(t, source, result, r)
	readAgain(t, source, result, r)
	seen := openpyxl(t, source, result)
	alike(t, seen[source], seen[result])
	contained(t, libreoffice(t, source), libreoffice(t, result))

	s := seen[result].Sheets["Orders & more"]
	const end = "\u200b" // no width: a note of ours is known by it
	note := "bad <value> & more\n请填写：a better one" + end
	if got := s.Cells["A6"]; got.Note != "the sender's own note\n\nrowferry:\n"+note || got.Fill == "" || got.Format != "@" {
		t.Errorf("A6: %+v", got)
	}
	if got := s.Cells["D6"]; got.Note != "look at it"+end || got.Fill == "" || got.text() != "" {
		t.Errorf("D6, which the sheet does not have: %+v", got)
	}
	if got := s.Cells["D9"]; got.Note != "another\n\nrowferry:\nlook at it"+end {
		t.Errorf("D9: %+v", got)
	}
	if got := s.Cells["A9"]; got.Note != note {
		t.Errorf("A9: %+v", got)
	}
	if got := s.Cells["E3"]; got.text() != resultmark.Row.Heading(batch.Chinese) || !got.Bold {
		t.Errorf("E3: %+v", got)
	}
	if want := []string{"Orders & more", "Summary", "汇总", "_rowferry"}; fmt.Sprint(seen[result].Order) != fmt.Sprint(want) || seen[result].Sheets["_rowferry"].State != "veryHidden" {
		t.Errorf("sheets %q", seen[result].Order)
	}
	boxes := 0
	for name, content := range parts(t, result) {
		if strings.HasSuffix(name, ".vml") {
			boxes += strings.Count(string(content), "<x:ClientData")
			if bytes.Count(content, []byte("<v:shapetype")) != 1 {
				t.Error("more than one kind of box")
			}
		}
	}
	if boxes != 6 { // two of the sender's, ours at A9, A12, D6 and D12
		t.Errorf("%d boxes", boxes)
	}
	f, err := excelize.OpenFile(result)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if comments, err := f.GetComments("Orders & more"); err != nil || len(comments) != 6 {
		t.Errorf("excelize sees %d notes, %v", len(comments), err)
	}
	if pictures, err := f.GetPictures("Orders & more", "B14"); err != nil || len(pictures) != 1 {
		t.Errorf("excelize sees %d pictures, %v", len(pictures), err)
	}
}

// edit changes a part of a workbook; a part that is not there is added.
func edit(t testing.TB, path, name string, change func(string) string) {
	t.Helper()
	all := parts(t, path)
	if _, there := all[name]; !there {
		all[name] = nil
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for part, content := range all {
		if part == name {
			content = []byte(change(string(content)))
		}
		w, err := z.Create(part)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

const sheet1 = "xl/worksheets/sheet1.xml"

// plainSender is a small workbook of shared strings and formats.
func plainSender(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "orders.xlsx")
	shipments(t, path, 8, 5)
	return path
}

func TestUnusualSheetsThatStillWork(t *testing.T) {
	tags := regexp.MustCompile(`<(/?)([a-zA-Z])`)
	var pairs []string
	defer func() {
		shown := sheets(t, pairs...)
		for i := 0; i < len(pairs); i += 2 {
			contained(t, shown[pairs[i]], shown[pairs[i+1]])
		}
	}()
	for name, change := range map[string]func(string) string{
		"prefixed names": func(s string) string {
			s = tags.ReplaceAllString(s, "<${1}x:${2}")
			return strings.Replace(s, `xmlns="`, `xmlns:x="`, 1)
		},
		"no cell says where it is": func(s string) string { return regexp.MustCompile(` r="[A-Z]*\d+"`).ReplaceAllString(s, "") },
		"all further columns are hidden": func(s string) string {
			return strings.Replace(s, "<sheetData>", `<cols><col min="2" max="3" width="20" customWidth="1"/><col min="4" max="16384" width="9" style="2" hidden="1"/></cols><sheetData>`, 1)
		},
		"formatted cells at the right": func(s string) string {
			return strings.ReplaceAll(s, "</row>", `<c s="2"/><c s="2"/><c s="2"></c></row>`)
		},
		"comments and blanks": func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(s, "<row ", "\n  <!-- a <row> --><row "), "</row>", " \n</row >")
		},
		"single quotes": func(s string) string {
			head, rest, _ := strings.Cut(s, "?>")
			return head + "?>" + strings.ReplaceAll(rest, `"`, `'`)
		},
		"an extension list": func(s string) string {
			return strings.Replace(s, "</sheetData>", `</sheetData><pageMargins left="1" right="1" top="1" bottom="1" header="0" footer="0"/><ignoredErrors><ignoredError sqref="A1" evalError="1"/></ignoredErrors><extLst><ext uri="{00000000-0000-0000-0000-000000000000}"/></extLst>`, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := plainSender(t)
			edit(t, source, sheet1, change)
			result, r := resultOf(t, source)
			if is, why := patched(t, result); !is {
				t.Fatal(why)
			}
			readAgain(t, source, result, r)
			seen := openpyxl(t, source, result)
			alike(t, seen[source], seen[result])
			for _, path := range []string{source, result} {
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				kept := filepath.Join(shared(t), fmt.Sprint("unusual", len(pairs), ".xlsx"))
				if err := os.WriteFile(kept, content, 0o600); err != nil {
					t.Fatal(err)
				}
				pairs = append(pairs, kept)
			}
			s := seen[result].Sheets["Orders"]
			if s.Widths["G"] < 10 || s.Cells["A4"].Note == "" || s.Cells["A4"].Fill == "" {
				t.Errorf("widths %v, A4 %+v", s.Widths, s.Cells["A4"])
			}
		})
	}
}

func TestChildrenOfTheSheetKeepTheirOrder(t *testing.T) {
	source := sender(t)
	result, _ := resultOf(t, source)
	order := []string{"sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetProtection", "autoFilter", "mergeCells", "conditionalFormatting", "dataValidations",
		"hyperlinks", "printOptions", "pageMargins", "pageSetup", "headerFooter", "ignoredErrors", "drawing", "legacyDrawing", "tableParts", "extLst"}
	content := string(part(t, result, sheet1))
	last := -1
	for _, name := range order {
		at := strings.Index(content, "<"+name)
		if at < 0 {
			continue
		}
		if at < last {
			t.Errorf("%s stands too early", name)
		}
		last = at
	}
	for _, name := range []string{"<ignoredErrors", "<legacyDrawing", "<cols"} {
		if strings.Count(content, name) != 1 {
			t.Errorf("%d times %s", strings.Count(content, name), name)
		}
	}
}

// What must not be changed gets a new workbook, which says why, in the language of the route.
func TestWhatMustNotBeChanged(t *testing.T) {
	for name, c := range map[string]struct {
		part   string
		change func(string) string
		why    string
	}{
		"a protected sheet": {sheet1, func(s string) string {
			return strings.Replace(s, "</sheetData>", `</sheetData><sheetProtection sheet="1" objects="1"/>`, 1)
		}, "工作表“Orders”受保护"},
		"a protected structure": {"xl/workbook.xml", func(s string) string {
			return strings.Replace(s, "<sheets>", `<workbookProtection lockStructure="1"/><sheets>`, 1)
		}, "工作簿结构受保护"},
		"a signature": {"_xmlsignatures/sig1.xml", func(string) string { return "<Signature/>" }, "数字签名"},
		"macros": {"[Content_Types].xml", func(s string) string {
			return strings.Replace(s, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", "application/vnd.ms-excel.sheet.macroEnabled.main+xml", 1)
		}, "宏"},
		"no room": {sheet1, func(s string) string {
			return strings.Replace(s, "</sheetData>", `</sheetData><mergeCells count="1"><mergeCell ref="A9:XFD9"/></mergeCells>`, 1)
		}, "右侧没有空间"},
		"revisions":        {"xl/revisions/log1.xml", func(string) string { return "<log/>" }, "结构特殊"},
		"a missing format": {"xl/styles.xml", func(s string) string { return regexp.MustCompile(`<xf numFmtId="14"[^>]*>`).ReplaceAllString(s, "") }, "结构特殊"},
	} {
		t.Run(name, func(t *testing.T) {
			source := plainSender(t)
			edit(t, source, c.part, c.change)
			result, r := resultOf(t, source)
			is, why := patched(t, result)
			if is || !strings.Contains(why, c.why) {
				t.Fatalf("patched: %v; %q, want %q", is, why, c.why)
			}
			got := openpyxl(t, result)[result].Sheets["结果"]
			if got.Cells["A2"].text() != "MSKU0000000-0" || got.Cells["A4"].Note == "" || r.File.Counts.Read != 8 {
				t.Errorf("%+v", got.Cells["A2"])
			}
		})
	}
	// A protection that is switched off is none.
	source := plainSender(t)
	edit(t, source, sheet1, func(s string) string {
		return strings.Replace(s, "</sheetData>", `</sheetData><sheetProtection objects="1"/>`, 1)
	})
	result, _ := resultOf(t, source)
	if is, why := patched(t, result); !is {
		t.Error(why)
	}
}

// A conversation stays one: its placeholder text is left alone.
func TestConversationsStay(t *testing.T) {
	source := sender(t, func(f *excelize.File) {
		if err := f.AddComment("Orders & more", excelize.Comment{Cell: "A9", Author: "tc={6F2C5A0E-0000-4000-8000-000000000001}", Text: "[Threaded comment]"}); err != nil {
			t.Fatal(err)
		}
	})
	result, _ := resultOf(t, source)
	s := openpyxl(t, result)[result].Sheets["Orders & more"]
	if got := s.Cells["A9"]; got.Note != "[Threaded comment]" || got.Fill == "" {
		t.Errorf("A9: %+v", got)
	}
}

// The properties of the sender's stay beside ours, and a second result does not have ours twice.
func TestProperties(t *testing.T) {
	source := sender(t, func(f *excelize.File) {
		if err := f.SetCustomProps(excelize.CustomProperty{Name: "owner", Value: "Li"}); err != nil {
			t.Fatal(err)
		}
	})
	first, _ := resultOf(t, source)
	second, _ := resultOf(t, first)
	for _, path := range []string{first, second} {
		f, err := excelize.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		props, err := f.GetCustomProps()
		f.Close()
		seen := map[string]any{}
		for _, p := range props {
			seen[p.Name] = p.Value
		}
		if err != nil || len(props) != 3 || seen["owner"] != "Li" || seen[resultmark.PropertyFile] != "20261122-101502-7f3a" || seen[resultmark.PropertyRevision] != "2" {
			t.Errorf("%v, %v", props, err)
		}
	}
}

// Some programs (exceljs is one) go by the names of parts: what has another name is not there for them, and a sheet that refers to it
// is no sheet that they can read.
func TestPartsAreNamedAsExcelNamesThem(t *testing.T) {
	known := regexp.MustCompile(`^(\[Content_Types\]\.xml|_rels/\.rels|docProps/(app|core|custom)\.xml|xl/(workbook|styles|sharedStrings|theme/theme\d+|worksheets/sheet\d+|comments\d+)\.xml|xl/drawings/vmlDrawing\d+\.vml|xl/_rels/workbook\.xml\.rels|xl/worksheets/_rels/sheet\d+\.xml\.rels)$`)
	first, _ := resultOf(t, plainSender(t))
	second, _ := resultOf(t, first)
	for _, path := range []string{first, second, write(t, everyOutcome())} {
		notes := 0
		for name := range parts(t, path) {
			if !known.MatchString(name) {
				t.Errorf("%s: %s", filepath.Base(path), name)
			}
			if strings.HasPrefix(name, "xl/comments") {
				notes++
			}
		}
		if notes == 0 {
			t.Errorf("%s has no notes", filepath.Base(path))
		}
	}
}

// The heading of a sender's own sheet stays in view and has a filter, where they have not split or filtered the sheet themselves.
func TestHeadingsStayInView(t *testing.T) {
	for name, c := range map[string]struct {
		views, frozen, filter string
	}{
		"no view":   {"", "A2", "A1:L9"},
		"a view":    {`<sheetViews><sheetView workbookViewId="0"/></sheetViews>`, "A2", "A1:L9"},
		"scrolled":  {`<sheetViews><sheetView topLeftCell="C40" workbookViewId="0"><selection activeCell="C44" sqref="C44"/></sheetView></sheetViews>`, "A2", "A1:L9"},
		"split":     {`<sheetViews><sheetView workbookViewId="0"><pane xSplit="1" topLeftCell="B1" activePane="topRight" state="frozen"/></sheetView></sheetViews>`, "B1", "A1:L9"},
		"no splits": {`<sheetViews/>`, "", "A1:L9"},
	} {
		t.Run(name, func(t *testing.T) {
			source := plainSender(t)
			edit(t, source, sheet1, func(s string) string {
				s = regexp.MustCompile(`(?s)<sheetViews.*</sheetViews>`).ReplaceAllString(s, "")
				at := strings.Index(s, "<sheetFormatPr")
				if cols := strings.Index(s, "<cols"); at < 0 || cols >= 0 && cols < at {
					at = cols
				}
				if data := strings.Index(s, "<sheetData"); at < 0 {
					at = data
				}
				return s[:at] + c.views + s[at:]
			})
			result, _ := resultOf(t, source)
			if is, why := patched(t, result); !is {
				t.Fatal(why)
			}
			for name, s := range openpyxl(t, result)[result].Sheets {
				if strings.HasPrefix(name, "_") || s.Cells["F1"].text() == "" {
					continue
				}
				if s.Frozen != c.frozen || s.Filter != c.filter {
					t.Errorf("%s: frozen at %q, filter %q", name, s.Frozen, s.Filter)
				}
			}
		})
	}
}
