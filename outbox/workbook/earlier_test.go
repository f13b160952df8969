package workbook_test

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/officetest"
	"github.com/rowferry/rowferry/resultmark"
)

// again is the report of a result that was dropped again: without our columns, and without rows in which only those have
// values. bad says which rows still have a bad first cell and a warning at the last.
func again(t testing.TB, path string, s readers.Settings, l batch.Language, bad func(row int) bool) outbox.Report {
	t.Helper()
	tb, err := table(t, path, s)
	if err != nil {
		t.Fatal(err)
	}
	defer tb.Close()
	var names []string
	for _, c := range tb.Columns() {
		names = append(names, c.Name)
	}
	ours := resultmark.Find(names).Columns
	var columns []batch.Column
	for i, c := range tb.Columns() {
		if _, is := ours[i]; !is {
			columns = append(columns, c)
		}
	}
	where := tb.Layout()
	r := outbox.Report{
		File: batch.File{ID: "20261122-101502-7f3a", Name: filepath.Base(path), Route: "r"}, Revision: 2, Language: l,
		Columns: columns, Source: outbox.Source{Open: from(path), Patchable: true, Sheet: where.Sheet, Header: where.Header},
	}
	var lines []*outbox.Line
	for row, err := range tb.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		own := &batch.Row{Number: row.Number}
		some := false
		for i, c := range row.Cells {
			if _, is := ours[i]; !is {
				own.Cells = append(own.Cells, c)
				some = some || c.Kind != batch.Blank
			}
		}
		if !some {
			continue
		}
		line := &outbox.Line{Row: own, Outcome: batch.Outcome{Status: batch.Delivered, Code: "1000", SentAt: at}}
		if bad(row.Number) {
			line.Outcome = batch.Outcome{Status: batch.Invalid, Code: "format"}
			for i, c := range []batch.Column{columns[0], columns[len(columns)-1]} {
				line.Problems = append(line.Problems, batch.Problem{Row: row.Number, Column: c.Name, Cell: fmt.Sprint(c.Ref, row.Number), Text: fmt.Sprint("wrong: ", c.Name, " & ", string(l)), Warning: i > 0})
			}
		}
		r.File.Counts.Read++
		r.File.Counts.Add(line.Outcome.Status, 1)
		lines = append(lines, line)
	}
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			for _, l := range lines {
				if !yield(l, nil) {
					return
				}
			}
		}
	}
	return r
}

// resaved is the workbook as LibreOffice saves it.
func resaved(t testing.TB, path string) string {
	t.Helper()
	saved := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := officetest.Save(t, path, saved, "xlsx"); err != nil {
		t.Fatal(err)
	}
	return saved
}

// thirds are rows that stay bad.
func thirds(row int) bool { return row%3 == 0 }

func TestResultsOfResultsDoNotGrow(t *testing.T) {
	const sheet = "Orders & more"
	yellow := func(f *excelize.File) {
		style, err := f.NewStyle(&excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFFF00"}}})
		if err == nil {
			err = f.SetCellStyle(sheet, "D7", "D9", style)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, between := range map[string]func(testing.TB, string) string{
		"as it is":             func(_ testing.TB, path string) string { return path },
		"saved by LibreOffice": resaved,
		"saved by excelize": func(t testing.TB, path string) string {
			f, err := excelize.OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			saved := filepath.Join(t.TempDir(), "saved.xlsx")
			if err := f.SaveAs(saved); err != nil {
				t.Fatal(err)
			}
			return saved
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := sender(t, yellow)
			was := openpyxl(t, source)[source].Sheets[sheet]
			path, languages := source, []batch.Language{batch.English, batch.Chinese, batch.English, batch.Russian}
			var partsWere []string
			var sheetsWere []string
			for round, l := range languages {
				if round > 0 {
					path = between(t, path)
				}
				everyThird := thirds
				if round == 3 {
					everyThird = func(row int) bool { return row == 12 } // the others were mended
				}
				path = write(t, again(t, path, readers.Settings{Sheet: sheet}, l, everyThird))
				if is, why := patched(t, path); !is {
					t.Fatalf("round %d: %s", round, why)
				}
				seen := openpyxl(t, path)[path]
				if seen.Error != "" {
					t.Fatalf("round %d: %s", round, seen.Error)
				}
				s := seen.Sheets[sheet]
				for i, c := range resultmark.Columns() {
					if got := s.Cells[string(rune('E'+i))+"3"]; got.text() != c.Heading(l) {
						t.Errorf("round %d: heading %q, want %q", round, got.text(), c.Heading(l))
					}
				}
				for ref, c := range s.Cells {
					if ref[0] > 'K' && c.text() != "" {
						t.Errorf("round %d: %s is %q", round, ref, c.text())
					}
				}
				if got := s.Cells["F12"]; got.text() != resultmark.Word(l, batch.Invalid) {
					t.Errorf("round %d: status %q", round, got.text())
				}
				for _, ref := range []string{"A4", "A6", "A9", "A12", "B5", "C6", "D6", "D7", "D8", "D9", "D12"} {
					var row int
					fmt.Sscan(ref[1:], &row)
					before, now := was.Cells[ref], s.Cells[ref]
					marked := (ref[0] == 'A' || ref[0] == 'D') && everyThird(row)
					if round == 3 && !marked && (now.Fill != before.Fill || strings.TrimSpace(now.Note) != strings.TrimSpace(before.Note)) {
						t.Errorf("%s has fill %q and note %q, had %q and %q", ref, now.Fill, now.Note, before.Fill, before.Note)
					}
					if marked && (now.Fill == before.Fill || strings.Count(now.Note, "wrong:") != 1 || !strings.Contains(now.Note, "& "+string(l)) || !strings.HasPrefix(now.Note, strings.TrimSpace(before.Note))) {
						t.Errorf("round %d: %s has fill %q and note %q", round, ref, now.Fill, now.Note)
					}
					if strings.TrimSuffix(now.text(), ".0") != strings.TrimSuffix(before.text(), ".0") || before.text() != "" && now.Format != before.Format && name != "saved by LibreOffice" {
						t.Errorf("round %d: %s is %q (%s), was %q (%s)", round, ref, now.text(), now.Format, before.text(), before.Format)
					}
				}
				notes := 0
				for _, c := range s.Cells {
					if c.Note != "" {
						notes++
					}
				}
				if want := []int{6, 6, 6, 4}[round]; notes != want {
					t.Errorf("round %d: %d notes, want %d", round, notes, want)
				}
				content := parts(t, path)
				boxes := 0
				for name, b := range content {
					if strings.HasSuffix(name, ".vml") {
						boxes += bytes.Count(b, []byte("<x:ClientData"))
					}
				}
				if boxes != notes {
					t.Errorf("round %d: %d boxes for %d notes", round, boxes, notes)
				}
				// A program names the parts anew when it saves for the first time; after that nothing may be added.
				if names := slices.Sorted(maps.Keys(content)); round > 1 && len(names) != len(partsWere) {
					t.Errorf("round %d: parts were\n%q and are\n%q", round, partsWere, names)
				} else {
					partsWere = names
				}
				if round > 0 && !slices.Equal(seen.Order, sheetsWere) {
					t.Errorf("round %d: sheets were %q and are %q", round, sheetsWere, seen.Order)
				}
				if sheetsWere = seen.Order; seen.Sheets["_rowferry"].State != "veryHidden" || len(sheetsWere) != 4 {
					t.Errorf("round %d: sheets %q, _rowferry is %q", round, sheetsWere, seen.Sheets["_rowferry"].State)
				}
				if c := seen.Sheets["Summary"].Cells["A1"]; !strings.Contains(c.text(), "SUM(") {
					t.Errorf("round %d: the sender's own summary says %q", round, c.text())
				}
			}
			if rows := libreoffice(t, path); len(rows) < 10 {
				t.Errorf("LibreOffice shows %d rows", len(rows))
			}
		})
	}
}

// Between two rounds that nobody saved between, even formats and strings stay as many.
func TestFormatsAreUsedAgain(t *testing.T) {
	first := write(t, again(t, plainSender(t), readers.Settings{}, batch.Russian, thirds))
	second := write(t, again(t, first, readers.Settings{}, batch.Russian, thirds))
	third := write(t, again(t, second, readers.Settings{}, batch.Russian, thirds))
	first, second = second, third // the first has names that it could choose
	before, after := parts(t, first), parts(t, second)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if !bytes.Equal(before[name], after[name]) && !strings.Contains(name, "summary") {
			t.Errorf("%s has changed:\n%.3000s\n\n%.3000s", name, before[name], after[name])
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d parts became %d", len(before), len(after))
	}
}

// A new workbook that was dropped again is taken for what it is.
func TestResultOfANewWorkbook(t *testing.T) {
	for name, between := range map[string]func(testing.TB, string) string{"as it is": func(_ testing.TB, path string) string { return path }, "saved by LibreOffice": resaved} {
		t.Run(name, func(t *testing.T) {
			r := again(t, plainSender(t), readers.Settings{}, batch.English, thirds)
			r.Source = outbox.Source{}
			path := between(t, write(t, r))
			path = write(t, again(t, path, readers.Settings{}, batch.English, func(row int) bool { return row == 6 }))
			s := openpyxl(t, path)[path]
			if want := []string{"Result", "Summary", "_rowferry"}; !slices.Equal(s.Order, want) {
				t.Errorf("sheets %q, want %q", s.Order, want)
			}
			cells := s.Sheets["Result"].Cells
			if c := cells["A6"]; c.Fill == "" || strings.Count(c.Note, "wrong") != 1 {
				t.Errorf("A6: %+v", c)
			}
			if c := cells["A3"]; c.Fill != "" || c.Note != "" || c.Format != "@" {
				t.Errorf("A3: %+v", c)
			}
			if a, b := cells["F1"].text(), cells["M1"].text(); a != resultmark.Row.Heading(batch.English) || b != "" {
				t.Errorf("headings %q and %q", a, b)
			}
		})
	}
}

// People take columns out, put some in, and write beside ours.
func TestColumnsOfAnEarlierResultWherePeopleWorked(t *testing.T) {
	const sheet = "Orders"
	for name, c := range map[string]struct {
		change   func(f *excelize.File) error
		ours     string // our first column
		sender   string // a column of the sender's that must be there
		heading  string
		leftover string // a column that must be empty
	}{
		"a column of ours deleted": {func(f *excelize.File) error { return f.RemoveCol(sheet, "H") }, "F", "E", "", "M"},
		"a column behind ours":     {func(f *excelize.File) error { return f.SetSheetCol(sheet, "M1", &[]any{"Remark", "x", "y"}) }, "F", "M", "Remark", "N"},
		"behind ours, of which one gone": {func(f *excelize.File) error {
			if err := f.RemoveCol(sheet, "H"); err != nil {
				return err
			}
			return f.SetSheetCol(sheet, "L1", &[]any{"Remark", "x", "y"})
		}, "M", "L", "Remark", "F"},
		"a column before ours": {func(f *excelize.File) error {
			if err := f.InsertCols(sheet, "C", 1); err != nil {
				return err
			}
			return f.SetSheetCol(sheet, "C1", &[]any{"New", "x", "y"})
		}, "G", "C", "New", "N"},
		"a row of the sender's cleared": {func(f *excelize.File) error {
			for _, c := range "ABCDE" {
				if err := f.SetCellValue(sheet, string(c)+"5", nil); err != nil {
					return err
				}
			}
			return nil
		}, "F", "E", "", "M"},
		"the summary deleted": {func(f *excelize.File) error { return f.DeleteSheet("Summary") }, "F", "E", "", "M"},
	} {
		t.Run(name, func(t *testing.T) {
			source := plainSender(t)
			edit(t, source, sheet1, func(s string) string { // excelize loses a namespace that is declared where it is used
				return strings.Replace(s, "<worksheet ", `<worksheet xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" `, 1)
			})
			first := write(t, again(t, source, readers.Settings{}, batch.English, thirds))
			f, err := excelize.OpenFile(first)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := c.change(f); err != nil {
				t.Fatal(err)
			}
			changed := filepath.Join(t.TempDir(), "changed.xlsx")
			if err := f.SaveAs(changed); err != nil {
				t.Fatal(err)
			}
			r := again(t, changed, readers.Settings{}, batch.English, thirds)
			path := write(t, r)
			if is, why := patched(t, path); !is {
				t.Fatal(why)
			}
			seen := openpyxl(t, path)[path]
			cells := seen.Sheets[sheet].Cells
			if got := cells[c.ours+"1"].text(); got != resultmark.Row.Heading(batch.English) {
				t.Errorf("%s1 is %q", c.ours, got)
			}
			if got := cells[c.sender+"1"].text(); c.heading != "" && got != c.heading || c.heading != "" && cells[c.sender+"3"].text() != "y" {
				t.Errorf("%s1 is %q", c.sender, got)
			}
			headings := map[string]int{}
			for ref, cell := range cells {
				if strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "1" {
					headings[cell.text()]++
				}
				if strings.HasPrefix(ref, c.leftover) && cell.text() != "" {
					t.Errorf("%s is %q", ref, cell.text())
				}
			}
			for _, column := range resultmark.Columns() {
				if n := headings[column.Heading(batch.English)]; n != 1 {
					t.Errorf("%d times %q", n, column.Heading(batch.English))
				}
			}
			if want := []string{sheet, "Summary", "_rowferry"}; !slices.Equal(slices.Sorted(slices.Values(seen.Order)), slices.Sorted(slices.Values(want))) {
				t.Errorf("sheets %q", seen.Order)
			}
			if strings.Contains(name, "cleared") {
				for _, column := range "FGHIJKL" {
					if got := cells[string(column)+"5"].text(); got != "" {
						t.Errorf("%c5 speaks of a row that is none: %q", column, got)
					}
				}
			}
		})
	}
}

// A table of Excel's that has taken our columns in keeps its headings, or the sheet stays as it is.
func TestTablesAroundOurColumns(t *testing.T) {
	for l, same := range map[batch.Language]bool{batch.English: true, batch.Russian: false} {
		first := write(t, again(t, plainSender(t), readers.Settings{}, batch.English, thirds))
		f, err := excelize.OpenFile(first)
		if err != nil {
			t.Fatal(err)
		}
		changed := filepath.Join(t.TempDir(), "changed.xlsx")
		if err := f.AddTable("Orders", &excelize.Table{Range: "A1:L9", Name: "orders"}); err != nil {
			t.Fatal(err)
		}
		if err := f.SaveAs(changed); err != nil {
			t.Fatal(err)
		}
		f.Close()
		path := write(t, again(t, changed, readers.Settings{}, l, thirds))
		if is, _ := patched(t, path); is != same {
			t.Errorf("%s: patched is %v", l, is)
		}
	}
}

// Files that other people wrote: our columns are found again in each that the reader understands, and the second result has
// the first's parts.
func TestCorpusTwice(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(corpus, "xlsx", "*", "*.xlsx"))
	if err != nil || len(found) == 0 {
		found, err = filepath.Glob(filepath.Join(corpus, "xlsx", "*.xlsx"))
	}
	if err != nil || len(found) == 0 {
		t.Fatalf("the corpus must lie beside the repository, at ../shared/corpus: %v", err)
	}
	if testing.Short() {
		found = found[:min(len(found), 120)]
	}
	twice := 0
	always := func(int) bool { return true }
	heading := regexp.MustCompile(regexp.QuoteMeta(resultmark.Row.Heading(batch.English)))
	for _, source := range found {
		r, err := reportOf(t, source)
		if err != nil || r.File.Counts.Read == 0 || r.Source.Header == 0 {
			continue
		}
		where := readers.Settings{Sheet: r.Source.Sheet, Header: fmt.Sprint(r.Source.Header)}
		once := again(t, source, where, batch.English, always)
		if once.File.Counts.Read == 0 {
			continue
		}
		first := write(t, once)
		if is, _ := patched(t, first); !is {
			continue
		}
		next := again(t, first, where, batch.English, always)
		if next.Source.Header != r.Source.Header || len(next.Columns) < len(r.Columns) {
			t.Errorf("%s: read otherwise the second time: %v, were %v", source, next.Columns, r.Columns)
			continue
		}
		second := write(t, next)
		if is, why := patched(t, second); !is {
			t.Errorf("%s: %s", source, why)
			continue
		}
		before, after := parts(t, first), parts(t, second)
		if len(before) != len(after) {
			t.Errorf("%s: %d parts became %d", source, len(before), len(after))
		}
		for name, content := range after {
			if n := len(heading.FindAll(content, -1)); n > len(heading.FindAll(before[name], -1)) {
				t.Errorf("%s: %s has our headings %d times", source, name, n)
			}
		}
		twice++
	}
	if twice < 20 {
		t.Errorf("only %d workbooks of %d were tried", twice, len(found))
	}
}

// Excel keeps a list of the cells with formulas and minds one that has none: where a person wrote one into a column of ours,
// the list goes with it, and Excel makes a new one.
func TestFormulasInOurColumns(t *testing.T) {
	source := plainSender(t)
	edit(t, source, sheet1, func(s string) string { // excelize loses a namespace that is declared where it is used
		return strings.Replace(s, "<worksheet ", `<worksheet xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" `, 1)
	})
	first := write(t, again(t, source, readers.Settings{}, batch.English, thirds))
	f, err := excelize.OpenFile(first)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.SetCellFormula("Orders", "I3", `"re"&"send"`); err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "changed.xlsx")
	if err := f.SaveAs(changed); err != nil {
		t.Fatal(err)
	}
	edit(t, changed, "xl/calcChain.xml", func(string) string {
		return `<?xml version="1.0"?><calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="I3" i="1"/></calcChain>`
	})
	edit(t, changed, "xl/_rels/workbook.xml.rels", func(s string) string {
		return strings.Replace(s, "</Relationships>", `<Relationship Id="rIdChain" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain" Target="calcChain.xml"/></Relationships>`, 1)
	})
	edit(t, changed, "[Content_Types].xml", func(s string) string {
		return strings.Replace(s, "</Types>", `<Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"/></Types>`, 1)
	})
	if found := strict(t, changed); len(found) > 0 {
		t.Fatalf("the test's own file is not sound: %v", found)
	}
	second := write(t, again(t, changed, readers.Settings{}, batch.English, thirds))
	if is, why := patched(t, second); !is {
		t.Fatal(why)
	}
	if _, there := parts(t, second)["xl/calcChain.xml"]; there {
		t.Error("the list of formulas is there still")
	}
}

// A result that an older rowferry wrote, with a line per row in two hidden sheets, is known, and its colours and columns give way.
func TestResultOfAnOlderRowferry(t *testing.T) {
	path := filepath.Join("testdata", "older-result.xlsx")
	was := openpyxl(t, path)[path]
	if was.Sheets["Orders"].Cells["A4"].Fill == "" || was.Sheets["_rowferry 2"].State != "veryHidden" {
		t.Fatalf("not the file that is meant: %q", was.Order)
	}
	r := again(t, path, readers.Settings{}, batch.English, func(row int) bool { return row == 6 })
	result := write(t, r)
	s := openpyxl(t, result)[result]
	if !slices.Equal(s.Order, was.Order) || s.Sheets["_rowferry 2"].State != "veryHidden" || len(s.Sheets["_rowferry 2"].Cells) > 0 {
		t.Errorf("sheets %q, of the second %d cells", s.Order, len(s.Sheets["_rowferry 2"].Cells))
	}
	cells := s.Sheets["Orders"].Cells
	if c := cells["A4"]; c.Fill != "" || c.Note != "" {
		t.Errorf("A4: %+v", c)
	}
	if c := cells["A6"]; c.Fill == "" || c.Note == "" {
		t.Errorf("A6: %+v", c)
	}
	if a, b := cells["F1"].text(), cells["M1"].text(); a != resultmark.Row.Heading(batch.English) || b != "" {
		t.Errorf("headings %q and %q", a, b)
	}
}
