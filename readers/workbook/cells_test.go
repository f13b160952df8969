package workbook

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
)

const cellsOfAllKinds = `<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><r><t>b</t></r></is></c></row>` +
	`<row r="2"><c r="A2"><v>1.5</v></c><c r="B2" t="b"><v>1</v></c></row><row r="3"><c r="A3" t="e"><v>#N/A</v></c><c r="B3" t="str"><f>A1</f><v>x_x000D_y</v></c></row>` +
	`<row r="4" hidden="1"><c r="A4" t="d"><v>2026-03-05T10:00:00Z</v></c><c><f>1+1</f></c></row>`

// one reads a single cell formatted with code.
func one(t *testing.T, code, cell string, date1904 bool) batch.Cell {
	t.Helper()
	p := minimal()
	p["xl/styles.xml"] = xmlHead + `<styleSheet ` + mainNS + `><numFmts><numFmt numFmtId="200" formatCode="` +
		strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;").Replace(code) + `"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs></styleSheet>`
	p["xl/worksheets/sheet1.xml"] = xmlHead + `<worksheet ` + mainNS + `><sheetData><row r="1">` + cell + `</row></sheetData></worksheet>`
	if date1904 {
		p["xl/workbook.xml"] = strings.Replace(p["xl/workbook.xml"], "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)
	}
	f, err := all(zipped(t, p), readers.Settings{Header: "none"})
	if err != nil {
		t.Fatalf("%s %s: %v", code, cell, err)
	}
	if len(f.rows) == 0 {
		return batch.Cell{}
	}
	return f.rows[0].Cells[0]
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		format, stored, want string
		kind                 batch.Kind
	}{
		{"General", "12", "12", batch.Number},
		{"General", "-0", "0", batch.Number},
		{"General", "19.989999999999998", "19.99", batch.Number},
		{"General", "0.1", "0.1", batch.Number},
		{"General", "1.50", "1.5", batch.Number},
		{"General", "7.9161234567E10", "79161234567", batch.Number},
		{"General", "1E-7", "0.0000001", batch.Number},
		{"General", "-1.5E-3", "-0.0015", batch.Number},
		{"General", "123456789012345", "123456789012345", batch.Number},
		{"General", "1234567890123456", "1234567890123456", batch.Number},
		{"0", "1234567890123456789", "1234567890123456789", batch.Number},
		{"General", "1234567890123450", "1234567890123450", batch.Faulty},
		{"General", "1.2345678901234568E+17", "1.2345678901234568E+17", batch.Faulty},
		{"General", "12345678901234567000", "12345678901234567000", batch.Faulty},
		{"General", "abc", "abc", batch.Faulty},
		{"General", "0x10", "0x10", batch.Faulty},
		{"General", "NaN", "NaN", batch.Faulty},
		{"00000", "123", "00123", batch.Number},
		{"00000", "-123", "-00123", batch.Number},
		{"00000", "1234567", "1234567", batch.Number},
		{"000.00", "12.3", "012.3", batch.Number},
		{`000\-00\-0000`, "12345678", "012-34-5678", batch.Number},
		{"0%", "0.125", "0.125", batch.Number},
		{"#,##0.00", "1234.5678", "1234.5678", batch.Number},
		{`0.00" kg"`, "1.5", "1.5", batch.Number},
		{`0.00 USD`, "1.5", "1.5", batch.Number},
		{`000\-00\-0000`, "1234567890", "1234-56-7890", batch.Number},
		{`000\-00\-0000`, "-12345678", "-12345678", batch.Number},
		{`"MSKU"0000000`, "1234", "MSKU0001234", batch.String},
		{`"MSKU"0000000`, "12345678", "MSKU12345678", batch.String},
		{`"MSKU"0000000`, "1.5", "1.5", batch.String},
		{`"LB"0`, "20240001", "LB20240001", batch.String},
		{`\L\B0`, "44", "LB44", batch.String},
		{`"LB-"0`, "44", "LB-44", batch.String},
		{`"USD"0`, "44", "44", batch.Number},
		{`\+7\ \(000\)\ 000\-00\-00`, "9161234567", "+7 (916) 123-45-67", batch.String},
		{`+7 (000) 000-00-00`, "9161234567", "+7 (916) 123-45-67", batch.String},
		{`"2026-"0000`, "12", "2026-0012", batch.String},
		{`№\ 000`, "7", "№ 007", batch.String},
		{`\A00\-00`, "123", "A01-23", batch.String},
		{`"€ "00`, "5", "5", batch.Number},
		{`[$¥-804]00`, "5", "5", batch.Number},
		{`"Week "0`, "3", "3", batch.Number},
		{`00" kg"`, "5", "5", batch.Number},
		{`"ca. "00.00`, "5.5", "5.5", batch.Number},
		{"0.00E+00", "123456", "123456", batch.Number},
		{"G/通用格式", "45000", "45000", batch.Number},
		{`#,##0.00\ "₽"`, "45000.5", "45000.5", batch.Number},
		{"[Red]0;[Blue]-0", "45000", "45000", batch.Number},
		{"yyyy-mm-dd", "46086", "2026-03-05", batch.Date},
		{"YYYY/MM/DD", "46086", "2026-03-05", batch.Date},
		{"dd.mm.yyyy;@", "46086", "2026-03-05", batch.Date},
		{`[$-419]d\ mmm\ yyyy`, "46086", "2026-03-05", batch.Date},
		{`yyyy"年"m"月"d"日"`, "46086", "2026-03-05", batch.Date},
		{"yyyy-mm-dd hh:mm:ss.000", "46086.57303240741", "2026-03-05T13:45:10", batch.Moment},
		{"yyyy-mm-ddThh:mm:ss.000", "46086.57303240741", "2026-03-05T13:45:10", batch.Moment},
		{"m/d/yy h:mm", "46086.999999999993", "2026-03-06T00:00:00", batch.Moment},
		{"h:mm AM/PM", "0.57303240741", "13:45:10", batch.Clock},
		{"mm:ss", "0.01", "00:14:24", batch.Clock},
		{"[h]:mm", "1.5", "36:00:00", batch.Clock},
		{"上午/下午h\"时\"mm\"分\"", "0.5", "12:00:00", batch.Clock},
		{"yyyy-mm-dd", "1", "1900-01-01", batch.Date},
		{"yyyy-mm-dd", "59", "1900-02-28", batch.Date},
		{"yyyy-mm-dd", "60", "1900-02-29", batch.Date},
		{"yyyy-mm-dd", "61", "1900-03-01", batch.Date},
		{"yyyy-mm-dd", "2958465", "9999-12-31", batch.Date},
		{"yyyy-mm-dd", "2958466", "2958466", batch.Faulty},
		{"yyyy-mm-dd", "-1", "-1", batch.Faulty},
		{"[<1]h:mm;yyyy-mm-dd", "0.5", "12:00:00", batch.Clock},
		{"mmm", "46086", "2026-03-05", batch.Date},
	} {
		if got := one(t, c.format, `<c s="1"><v>`+c.stored+`</v></c>`, false); got.Text != c.want || got.Kind != c.kind {
			t.Errorf("%q %s: got %v %q, want %v %q", c.format, c.stored, got.Kind, got.Text, c.kind, c.want)
		}
	}
	if got := one(t, "yyyy-mm-dd", `<c s="1"><v>44624</v></c>`, true); got.Text != "2026-03-05" {
		t.Errorf("1904: %q", got.Text)
	}
}

func TestOtherCells(t *testing.T) {
	for _, c := range []struct {
		cell, want string
		kind       batch.Kind
	}{
		{`<c t="b"><v>1</v></c>`, "TRUE", batch.Bool},
		{`<c t="b"><v>false</v></c>`, "FALSE", batch.Bool},
		{`<c t="e"><v>#DIV/0!</v></c>`, "#DIV/0!", batch.Faulty},
		{`<c><f>A1+1</f><v>5</v></c>`, "5", batch.Number},
		{`<c><f>A1+1</f></c>`, "", batch.Faulty},
		{`<c><f>A1+1</f><v></v></c>`, "", batch.Faulty},
		{`<c t="str"><f>""</f><v></v></c>`, "", batch.Blank},
		{`<c t="str"><f>A1</f><v>x</v></c>`, "x", batch.String},
		{`<c t="d"><v>2026-03-05</v></c>`, "2026-03-05", batch.Date},
		{`<c t="d"><v>2026-03-05T13:45:00.600</v></c>`, "2026-03-05T13:45:01", batch.Moment},
		{`<c t="d" s="1"><v>2026-03-05T00:00:00</v></c>`, "2026-03-05", batch.Date},
		{`<c t="d"><v>13:45:00</v></c>`, "13:45:00", batch.Clock},
		{`<c t="inlineStr"><is><r><t>a</t></r><r><t xml:space="preserve"> b</t></r><rPh><t>no</t></rPh></is></c>`, "a b", batch.String},
		{`<c t="inlineStr"><is><t>00123</t></is></c>`, "00123", batch.String},
		{`<c t="inlineStr"><is><t>a_x000D_b_x005F_x000D__xD83D__xDE00__xDC88_</t></is></c>`, "a\rb_x000D_😀_xDC88_", batch.String},
		{`<c t="inlineStr"><is><t><![CDATA[<&>]]>&lt;&#x4e2d;</t></is></c>`, "<&><中", batch.String},
		{`<c t="inlineStr"><is><t>1.23457E+15</t></is></c>`, "1.23457E+15", batch.Faulty},
		{`<c t="inlineStr"><is><t>MÃ¼ller, KÃ¶ln</t></is></c>`, "MÃ¼ller, KÃ¶ln", batch.Faulty},
		{`<c t="str"><f>A1</f><v>涓婃捣</v></c>`, "涓婃捣", batch.Faulty},
		{`<c t="inlineStr"><is><t>M�ller</t></is></c>`, "M�ller", batch.Faulty},
		{`<c t="inlineStr"><is><t>Müller, 上海</t></is></c>`, "Müller, 上海", batch.String},
		{`<c t="inlineStr"><is><t>1E05</t></is></c>`, "1E05", batch.String},
		{`<c t="inlineStr"><is><t>#N/A</t></is></c>`, "#N/A", batch.Faulty},
		{`<c t="inlineStr"><is><t>#WERT!</t></is></c>`, "#WERT!", batch.Faulty},
		{`<c t="inlineStr"><is><t>Err:502</t></is></c>`, "Err:502", batch.Faulty},
		{`<c t="inlineStr"><is><t>#1 Error Street</t></is></c>`, "#1 Error Street", batch.String},
		{`<c s="77"><v>45000</v></c>`, "45000", batch.Faulty},
		{`<c><v/></c>`, "", batch.Blank},
	} {
		if got := one(t, "yyyy-mm-dd", c.cell, false); got.Text != c.want || got.Kind != c.kind {
			t.Errorf("%s: got %v %q, want %v %q", c.cell, got.Kind, got.Text, c.kind, c.want)
		}
	}
}

// An OpenDocument time may have days in it that its format does not show.
func TestTimesOfOpenDocument(t *testing.T) {
	content, err := os.ReadFile("testdata/times.fods")
	if err != nil {
		t.Fatal(err)
	}
	f, err := all(content, readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range f.rows {
		got = append(got, row.Cells[1].Text)
	}
	if want := []string{"09:30:00", "09:30:00", "01:30:00", "25:30:00"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func text(ref, s string) string {
	return `<c r="` + ref + `" t="inlineStr"><is><t>` + s + `</t></is></c>`
}

func names(f found) string {
	var out []string
	for _, c := range f.columns {
		out = append(out, c.Ref+"="+c.Name)
	}
	return strings.Join(out, "|")
}

func keys(f found) string {
	var out []string
	for _, n := range f.notes {
		out = append(out, strings.TrimPrefix(n.Message.Key, "workbook.note_"))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// A table that begins at C5, with a title, a blank row, a totals row, a hidden row and something beside it.
func TestLayout(t *testing.T) {
	f, err := all(withRows(t, `<row r="3">`+text("C3", "Orders of May")+`</row>`+
		`<row r="5">`+text("C5", "id")+text("D5", "name")+text("E5", "qty")+`<c r="G5" s="0"/></row>`+
		`<row r="6"><c r="C6"><v>1</v></c>`+text("D6", "a")+`<c r="E6"><v>2</v></c></row>`+
		`<row r="8" hidden="1"><c r="C8"><v>2</v></c>`+text("D8", "b")+`<c r="E8"><v>3</v></c></row>`+
		`<row r="9"><c r="C9"><v>3</v></c>`+text("D9", "c")+`<c r="E9"><v>3</v></c>`+text("H9", "see above")+`</row>`+
		`<row r="10">`+text("C10", "合计")+`<c r="E10"><v>8</v></c></row><row r="11"><c r="C11" s="0"/></row>`), readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(f); got != "C=id|D=name|E=qty" {
		t.Error(got)
	}
	if f.header != 5 || len(f.rows) != 3 || f.rows[1].Number != 8 || f.rows[2].Problem == nil || f.rows[1].Problem != nil {
		t.Errorf("header %d, rows %+v", f.header, f.rows)
	}
	if got := keys(f); got != "blank hidden_rows preamble totals" {
		t.Error(got)
	}
}

// A total is known by its formulas: those of Excel's subtotals and below its tables too. What is numbered by formulas, and a record that
// adds some others up, is none.
func TestTotalsOfFormulas(t *testing.T) {
	number := func(ref, formula, v string) string {
		return `<c r="` + ref + `"><f>` + formula + `</f><v>` + v + `</v></c>`
	}
	f, err := all(withRows(t, `<row r="1">`+text("A1", "No")+text("B1", "Order")+text("C1", "Weight")+`</row>`+
		`<row r="2">`+number("A2", "COUNTA(A$1:A1)", "1")+text("B2", "A-1")+`<c r="C2"><v>2</v></c></row>`+
		`<row r="3">`+number("A3", "COUNTA(A$1:A2)", "2")+text("B3", "A-2")+`<c r="C3"><v>3</v></c></row>`+
		`<row r="4">`+text("B4", "Riga 集計")+number("C4", "SUBTOTAL(9,C2:C3)", "5")+`</row>`+
		`<row r="5">`+number("A5", "COUNTA(A$1:A4)", "4")+text("B5", "A-3")+number("C5", "SUM(C2:C3)", "5")+`</row>`+
		`<row r="6">`+number("B6", "SUBTOTAL(103,Orders[Order])", "4")+`<c r="C6"><f>SUBTOTAL(109,Orders[Weight])</f></c></row>`), readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, row := range f.rows {
		got = append(got, row.Number)
	}
	if want := []int{2, 3, 5}; !slices.Equal(got, want) || keys(f) != "totals" {
		t.Errorf("rows %d, want %d; notes %s", got, want, keys(f))
	}
}

func TestMergedHeading(t *testing.T) {
	p := minimal()
	rows := `<row r="1">` + text("A1", "Consignees 2026") + `</row><row r="2">` + text("A2", "No") + text("B2", "Address") + text("D2", "Phone") + `</row>` +
		`<row r="3">` + text("B3", "City") + text("C3", "Street") + `</row>` +
		`<row r="4"><c r="A4"><v>1</v></c>` + text("B4", "Riga") + text("C4", "Main") + text("D4", "12345") + `</row>`
	p["xl/worksheets/sheet1.xml"] = xmlHead + `<worksheet ` + mainNS + `><sheetData>` + rows + `</sheetData><mergeCells><mergeCell ref="A1:D1"/><mergeCell ref="A2:A3"/><mergeCell ref="B2:C2"/><mergeCell ref="D2:D3"/></mergeCells></worksheet>`
	f, err := all(zipped(t, p), readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(f); got != "A=No|B=Address City|C=Address Street|D=Phone" || f.header != 3 || len(f.rows) != 1 {
		t.Errorf("%s, header %d, %d rows", got, f.header, len(f.rows))
	}
}

// A heading of three rows: the lowest names the columns, the one above its groups, and what is merged down to it counts.
func TestTallHeading(t *testing.T) {
	p := minimal()
	rows := `<row r="1">` + text("B1", "Id") + text("C1", "Party") + `</row><row r="2">` + text("C2", "From") + text("E2", "To") + `</row>` +
		`<row r="3">` + text("C3", "Name") + text("D3", "City") + text("E3", "Name") + text("F3", "City") + `</row>` +
		`<row r="4"><c r="B4"><v>1</v></c>` + text("C4", "a") + text("D4", "b") + text("E4", "c") + text("F4", "d") + `</row>` +
		`<row r="5"><c r="B5"><v>2</v></c>` + text("C5", "a") + text("D5", "b") + text("E5", "c") + text("F5", "d") + `</row>`
	p["xl/worksheets/sheet1.xml"] = xmlHead + `<worksheet ` + mainNS + `><sheetData>` + rows + `</sheetData><mergeCells><mergeCell ref="B1:B3"/><mergeCell ref="C1:F1"/><mergeCell ref="C2:D2"/><mergeCell ref="E2:F2"/></mergeCells></worksheet>`
	f, err := all(zipped(t, p), readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(f); got != "B=Id|C=From Name|D=From City|E=To Name|F=To City" || f.header != 3 || len(f.rows) != 2 {
		t.Errorf("%s, header %d, %d rows", got, f.header, len(f.rows))
	}
}

// What is merged over rows of the data is told: only the uppermost row has the value. Merged headings and titles are not.
func TestMergedData(t *testing.T) {
	rows := `<row r="1">` + text("A1", "Orders") + `</row><row r="2">` + text("A2", "No") + text("B2", "Type") + `</row>`
	for r := 3; r <= 150; r++ {
		n := strconv.Itoa(r)
		rows += `<row r="` + n + `">` + text("A"+n, "E"+n) + text("B"+n, "x") + `</row>`
	}
	for merges, want := range map[string]string{
		`<mergeCell ref="A1:B1"/><mergeCell ref="A5:B5"/>`:                          "",
		`<mergeCell ref="D3:D9"/><mergeCell ref="A200:A201"/>`:                      "",
		`<mergeCell ref="A1:B1"/><mergeCell ref="B3:B5"/><mergeCell ref="A7:B8"/>`:  "B3:B5 2",
		`<mergeCell ref="B140:B150"/><mergeCell ref="A1:B1"/>`:                      "B140:B150 1",
		strings.Repeat(`<mergeCell ref="B3:B5"/>`, 20_000) + `<mergeCell ref="x"/>`: "B3:B5 20000",
	} {
		p := minimal()
		p["xl/worksheets/sheet1.xml"] = xmlHead + `<worksheet ` + mainNS + `><sheetData>` + rows + `</sheetData><mergeCells>` + merges + `</mergeCells></worksheet>`
		f, err := all(zipped(t, p), readers.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		told := ""
		for _, n := range f.notes {
			if n.Message.Key == "workbook.note_merged" {
				told = fmt.Sprint(n.Message.Args[1], " ", n.Count)
			}
		}
		if told != want || len(f.rows) != 148 {
			t.Errorf("%.90s: told of %q, want %q; %d rows", merges, told, want, len(f.rows))
		}
	}
}

// A table whose last row is the last of a sheet in an .xls, or in the newer formats, may go on where it comes from, and a note says so.
func TestFullSheets(t *testing.T) {
	for last, want := range map[int]bool{65_535: false, 65_536: true, 65_537: false, 1_048_576: true} {
		n := strconv.Itoa(last)
		p := minimal()
		p["xl/worksheets/sheet1.xml"] = xmlHead + `<worksheet ` + mainNS + `><sheetData><row r="1">` + text("A1", "No") + text("B1", "Name") + `</row><row r="2">` + text("A2", "E2") + text("B2", "x") +
			`</row><row r="` + n + `">` + text("A"+n, "E9") + text("B"+n, "x") + `</row></sheetData></worksheet>`
		f, err := all(zipped(t, p), readers.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if told := slices.ContainsFunc(f.notes, func(n batch.Note) bool { return n.Message.Key == "table.note.full" }); told != want || len(f.rows) != 2 {
			t.Errorf("last row %d: told %t, %d rows", last, told, len(f.rows))
		}
	}
}

// A cell that a merge covers has the merged value, wherever in the sheet, and however often the rows are read; an HTML table tells
// of its merges with the rows.
func TestMergedValues(t *testing.T) {
	const last = 2500
	var sheet, page strings.Builder
	sheet.WriteString(`<row r="1">` + text("A1", "No") + text("B1", "Name") + `</row>`)
	page.WriteString("<html><table><tr><td>No<td>Name")
	for r := 2; r <= last; r++ {
		n := strconv.Itoa(r)
		sheet.WriteString(`<row r="` + n + `">` + text("A"+n, "order "+n))
		page.WriteString("<tr><td>order " + n)
		if r != 4 && r != 5 && r != last {
			sheet.WriteString(text("B"+n, "name "+n))
			page.WriteString(map[bool]string{true: "<td rowspan=3>", false: "<td>"}[r == 3 || r == last-1] + "name " + n)
		}
		sheet.WriteString(`</row>`)
	}
	p := minimal()
	p["xl/worksheets/sheet1.xml"] = xmlHead + `<worksheet ` + mainNS + `><sheetData>` + sheet.String() + `</sheetData><mergeCells><mergeCell ref="B3:B5"/><mergeCell ref="B2499:B2500"/></mergeCells></worksheet>`
	for name, content := range map[string][]byte{"x.xlsx": zipped(t, p), "x.xls": []byte(page.String() + "</table></html>")} {
		tb, err := open(content, readers.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for row, err := range tb.Rows() {
				want := "name " + strconv.Itoa(row.Number)
				switch row.Number {
				case 4, 5:
					want = "name 3"
				case last:
					want = "name 2499"
				}
				if got := row.Cells[1].Text; err != nil || got != want {
					t.Fatalf("%s, row %d: %v, %q, want %q", name, row.Number, err, got, want)
				}
			}
		}
		if err := tb.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSheetChoice(t *testing.T) {
	p := minimal()
	p["xl/workbook.xml"] = xmlHead + `<x:workbook xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:q="http://purl.oclc.org/ooxml/officeDocument/relationships"><x:bookViews><x:workbookView activeTab="3"/></x:bookViews><x:sheets>` +
		`<x:sheet name="Old" sheetId="1" state="veryHidden" q:id="h"/><x:sheet name="Blank" sheetId="2" q:id="e"/><x:sheet name="Orders" sheetId="3" q:id="o"/><x:sheet name="More" sheetId="4" q:id="m"/></x:sheets></x:workbook>`
	rel := func(id, target string) string {
		return `<Relationship Id="` + id + `" Type="` + relType + `worksheet" Target="` + target + `"/>`
	}
	p["xl/_rels/workbook.xml.rels"] = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		rel("h", "worksheets/Sheet4.xml") + rel("e", "/xl/worksheets/sheet3.xml") + rel("o", "worksheets/sheet2.xml") + rel("m", "worksheets/sheet1.xml") + `</Relationships>`
	sheet := func(rows string) string {
		return xmlHead + `<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>` + strings.NewReplacer("</", "</x:", "<", "<x:").Replace(rows) + `</x:sheetData></x:worksheet>`
	}
	p["xl/worksheets/sheet4.xml"] = sheet(`<row><c><v>4</v></c></row>`)
	p["xl/worksheets/sheet3.xml"] = sheet(`<row><c s="0"/></row>`)
	p["xl/worksheets/sheet2.xml"] = sheet(`<row><c t="inlineStr"><is><t>id</t></is></c></row><row><c><v>2</v></c></row>`)
	p["xl/worksheets/sheet1.xml"] = sheet(`<row><c t="inlineStr"><is><t>id</t></is></c></row><row><c><v>1</v></c></row>`)
	b := zipped(t, p)
	for setting, want := range map[string]string{"": "2", "Orders": "2", "2": "2", "3": "1", "more": "1"} {
		f, err := all(b, readers.Settings{Sheet: setting})
		if err != nil || len(f.rows) != 1 || f.rows[0].Cells[0].Text != want {
			t.Errorf("%q: %v %+v", setting, err, f.rows)
			continue
		}
		if setting == "" && keys(f) != "hidden_sheet other_sheet" {
			t.Error(keys(f))
		}
	}
	if _, err := all(b, readers.Settings{Sheet: "Mai"}); err == nil || said(t, err) != "workbook.no_sheet" {
		t.Error(err)
	}
	if _, err := all(b, readers.Settings{Header: "first"}); err == nil || said(t, err) != "workbook.header_setting" {
		t.Error(err)
	}
}

// A part in UTF-16 is read like one in UTF-8.
func TestWideParts(t *testing.T) {
	p := minimal()
	sheet := `<?xml version="1.0" encoding="UTF-16"?><worksheet ` + mainNS + `><sheetData><row><c t="inlineStr"><is><t>名称</t></is></c></row><row><c t="inlineStr"><is><t>😀</t></is></c></row></sheetData></worksheet>`
	wide := []byte{0xff, 0xfe}
	for _, r := range sheet {
		if r > 0xffff {
			r -= 0x10000
			hi, lo := 0xd800+r>>10, 0xdc00+r&0x3ff
			wide = append(wide, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8))
			continue
		}
		wide = append(wide, byte(r), byte(r>>8))
	}
	p["xl/worksheets/sheet1.xml"] = string(wide)
	f, err := all(zipped(t, p), readers.Settings{})
	if err != nil || names(f) != "A=名称" || f.rows[0].Cells[0].Text != "😀" {
		t.Errorf("%v %+v", err, f)
	}
	p["xl/worksheets/sheet1.xml"] = string(wide[:len(wide)-1])
	if _, err := all(zipped(t, p), readers.Settings{}); err == nil {
		t.Error("half a letter was read")
	}
}
