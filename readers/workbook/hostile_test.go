package workbook_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/readerstest"
	. "github.com/rowferry/rowferry/readers/workbook/workbooktest"
)

// label is a cell with a text of its own.
func label(row, column int, text string) []byte {
	return Record(0x204, U16(row, column, 0), Wide(text))
}

// numbers are so many cells in a row.
func numbers(row, columns int) (b []byte) {
	for c := range columns {
		b = append(b, Record(0x203, U16(row, c, 0), F64(float64(row)))...)
	}
	return b
}

func ods(t testing.TB, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range [][2]string{{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}, {"content.xml", odsContent(content)}} {
		w, err := z.Create(part[0])
		if err == nil {
			_, err = w.Write([]byte(part[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func odsContent(tables string) string {
	return `<office:document-content xmlns:office="urn:o" xmlns:table="urn:t" xmlns:text="urn:x" xmlns:style="urn:s" xmlns:number="urn:n" xmlns:calcext="urn:c"><office:body><office:spreadsheet>` +
		tables + `</office:spreadsheet></office:body></office:document-content>`
}

func xml2003(tables string) []byte {
	return []byte(`<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">` + tables + `</Workbook>`)
}

// A .xls has no checksum. A sector of zeros in it, as a copy that was cut off leaves where the place was reserved, is never passed over with the
// rows that stood there.
func TestLostSectors(t *testing.T) {
	var cells []byte
	for r := range 300 {
		cells = append(cells, label(r, 0, fmt.Sprint("A-", r))...)
		cells = append(cells, Record(0x203, U16(r, 1, 0), F64(float64(r)))...)
	}
	whole := XLS(nil, cells)
	if lines, err := rowsOf("orders.xls", whole, readers.Settings{}); err != nil || len(lines) != 300 {
		t.Fatal(len(lines), err)
	}
	for at := 1024; at+512 < len(cells); at += 331 {
		b := bytes.Clone(whole)
		clear(b[at : at+512])
		if lines, err := rowsOf("orders.xls", b, readers.Settings{}); err == nil {
			t.Errorf("zeros at byte %d: %d rows of 300 are read", at, len(lines))
		} else {
			sound(t, err)
		}
	}
	begin := bytes.Index(whole, cells[:64])
	for at, n := begin, 0; at < begin+len(cells); n++ { // each record says a length that is not its own
		b := bytes.Clone(whole)
		b[at+2] ^= 1 << (n % 8)
		if lines, err := rowsOf("orders.xls", b, readers.Settings{}); err == nil && len(lines) != 300 {
			t.Errorf("the length of the record at byte %d: %d rows of 300 are read", at, len(lines))
		}
		at += 4 + int(binary.LittleEndian.Uint16(whole[at+2:]))
	}
}

// Files that lie, loop or want too much end in a clear error, soon and in little memory.
func TestHostile(t *testing.T) {
	honest := XLS(nil, append(label(0, 0, "id"), numbers(1, 3)...))
	patched := func(at int, with ...byte) []byte {
		b := bytes.Clone(honest)
		copy(b[at:], with)
		return b
	}
	table := func(at int) int { // where the sector of the allocation table lies
		return (int(binary.LittleEndian.Uint32(honest[76:]))+1)*512 + 4*at
	}
	directory := (int(binary.LittleEndian.Uint32(honest[48:])) + 1) * 512
	guide := append(U16(3, 0), 4, 'a', 'b', 'c')
	guide = append(guide[:2], append([]byte{4}, append(U32(0x7fffffff), 'a', 'b', 'c')...)...)
	same := func(n int) []byte { // a list that names one sheet over and over
		var list []byte
		name := append([]byte{0, 0, 1, 0}, 'x')
		at := len(BeginGlobals) + n*(8+len(name)) + len(End)
		for range n {
			list = append(list, Record(0x85, U32(at), name)...)
		}
		blank := Record(0x201, U16(1, 1, 0))
		return Compound("Workbook", bytes.Join([][]byte{BeginGlobals, list, End, BeginSheet, bytes.Repeat(blank, 500_000), End}, nil))
	}
	cell := `<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>`
	for name, c := range map[string]struct {
		content []byte
		keys    string
	}{
		"a chain of sectors that loops":      {patched(table(1), 0, 0, 0, 0), "kind.ole_damaged"},
		"a chain that leaves the file":       {patched(table(1), 0, 0, 1, 0), "kind.truncated kind.ole_damaged"},
		"a chain that ends too early":        {patched(table(1), 0xfe, 0xff, 0xff, 0xff), "kind.ole_damaged"},
		"a stream of four gigabytes":         {patched(directory+128+120, 0xff, 0xff, 0xff, 0xff), "kind.truncated"},
		"a directory that loops":             {patched(table(int(binary.LittleEndian.Uint32(honest[48:]))), honest[48:52]...), "kind.ole_damaged"},
		"a shared string that never ends":    {XLS(Record(0xfc, U32(1, 1), U16(65535), []byte{0}, []byte("abc")), label(0, 0, "x")), "workbook.structure"},
		"a phonetic guide that never ends":   {XLS(Record(0xfc, U32(1, 1), guide), label(0, 0, "x")), "workbook.structure"},
		"runs of formats that never end":     {XLS(Record(0xfc, U32(1, 1), U16(1), []byte{8}, U16(65535), []byte("a")), label(0, 0, "x")), "workbook.structure"},
		"a text that is not there":           {XLS(Record(0xfc, U32(0, 0)), Record(0xfd, U16(0, 0, 0), U32(7))), "workbook.string_index"},
		"a text in a far column":             {XLS(nil, label(0, 60000, "x")), "workbook.limit_columns"},
		"a number of two bytes":              {XLS(nil, Record(0x203, U16(0, 0, 0), U16(1))), "workbook.structure"},
		"a record that is longer than all":   {XLS(nil, append(label(0, 0, "x"), 0x04, 0x02, 0xff, 0xff)), "workbook.truncated_part workbook.structure"},
		"a sheet without an end":             {Compound("Workbook", bytes.Join([][]byte{BeginGlobals, Record(0x85, U32(len(BeginGlobals)+16), []byte{0, 0, 4, 0}, []byte("Data")), End}, nil)), "workbook.truncated_part workbook.structure"},
		"one sheet over and over":            {same(9_000), "workbook.limit_parts"},
		"too many sheets":                    {same(10_001), "workbook.limit_parts"},
		"a locked one":                       {XLS(Record(0x2f, U16(0, 1, 2)), label(0, 0, "x")), "kind.xls_encrypted"},
		"a million repeated rows":            {ods(t, `<table:table table:name="a"><table:table-row table:number-rows-repeated="1000000">`+cell+`</table:table-row></table:table>`), "workbook.limit_repeated"},
		"a billion repeated cells":           {ods(t, `<table:table table:name="a"><table:table-row>`+strings.Replace(cell, "<table:table-cell", `<table:table-cell table:number-columns-repeated="1000000000"`, 1)+`</table:table-row></table:table>`), "workbook.limit_columns"},
		"a billion blanks":                   {ods(t, `<table:table table:name="a"><table:table-row><table:table-cell office:value-type="string"><text:p><text:s text:c="1000000000"/></text:p></table:table-cell></table:table-row></table:table>`), "workbook.limit_value"},
		"repetitions that are no number":     {ods(t, `<table:table table:name="a"><table:table-row table:number-rows-repeated="-1">`+cell+`</table:table-row></table:table>`), "workbook.structure"},
		"too many OpenDocument sheets":       {ods(t, strings.Repeat(`<table:table table:name="a"/>`, 10_001)), "workbook.limit_parts"},
		"an OpenDocument bomb":               {ods(t, strings.Repeat(" ", 64<<20)), "workbook.limit_ratio workbook.limit_value"},
		"nested tables":                      {[]byte(strings.Repeat("<table><tr><td>", 100_000)), "workbook.limit_depth"},
		"a table without an end":             {[]byte("<table><tr><td>id</td></tr><tr><td>1</td></tr>"), "workbook.html_open"},
		"cells over all columns":             {[]byte("<table>" + strings.Repeat(`<tr><td colspan=99999999 rowspan=99999999>x`, 60_000) + "</table>"), "workbook.limit_columns"},
		"a page with lost sectors":           {[]byte("<table><tr><td>id</td></tr><tr><td>1</td><td>" + string(make([]byte, 512)) + "</td></tr></table>"), "workbook.html_nul"},
		"a page with a flipped bit":          {[]byte("<meta charset=utf-8><table><tr><td>编号</td></tr><tr><td>订单一二三四五六七</td></tr><tr><td>\xe8\xae\x22</td></tr></table>"), "csv.utf8_damaged"},
		"a page of empty tables":             {[]byte(strings.Repeat("<table></table>", 20_000)), "workbook.limit_parts"},
		"pages without end in one file":      {[]byte("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/html\n\nx\n", 100_000) + "--b--\n"), "workbook.limit_parts"},
		"messages in messages":               {[]byte("MIME-Version: 1.0\n" + strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 100_000)), "workbook.limit_parts workbook.html_open kind.web_archive"},
		"one file of pages without a page":   {[]byte("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/css\n\nx\n--b--\n"), "kind.web_archive"},
		"a header without end":               {[]byte("MIME-Version: 1.0\n" + strings.Repeat("X: y\n", 8<<20)), "kind.web_archive workbook.html_open"},
		"a page without a table":             {[]byte("<html><body>Error 500</body></html>"), "kind.html_no_table"},
		"a cell that never ends":             {[]byte("<table><tr><td>" + strings.Repeat("a ", 8<<20) + "</table>"), "workbook.limit_value"},
		"an XML workbook with a doctype":     {[]byte(strings.Replace(string(xml2003("")), "<Workbook", `<!DOCTYPE a [<!ENTITY b "c">]><Workbook`, 1)), "workbook.doctype"},
		"an XML workbook without a sheet":    {xml2003(""), "workbook.structure"},
		"an XML workbook that is cut off":    {xml2003(`<Worksheet ss:Name="a"><Table><Row><Cell><Data ss:Type="String">id`)[:200], "kind.truncated"},
		"a row far below":                    {xml2003(`<Worksheet ss:Name="a"><Table><Row ss:Index="99999999"><Cell><Data ss:Type="String">id</Data></Cell></Row></Table></Worksheet>`), "workbook.row_number"},
		"rows that turn back":                {xml2003(`<Worksheet ss:Name="a"><Table><Row ss:Index="5"><Cell><Data ss:Type="String">id</Data></Cell></Row><Row ss:Index="4"/></Table></Worksheet>`), "workbook.row_order"},
		"an XML workbook of nested elements": {xml2003(strings.Repeat("<a>", 100_000)), "workbook.limit_depth"},
	} {
		t.Run(name, func(t *testing.T) {
			clock, scale := readerstest.Start(), readerstest.Weigh()
			got, err := rowsOf("x.xls", c.content, readers.Settings{})
			clock.Check(t)
			scale.Check(t)
			if err == nil {
				t.Fatalf("read: %d rows", len(got))
			}
			sound(t, err)
			if u, ok := errors.AsType[*batch.Unreadable](err); !ok || !strings.Contains(" "+c.keys+" ", " "+u.Message.Key+" ") {
				t.Errorf("%v (%v), want %s", u.Message.Key, u.Err, c.keys)
			}
		})
	}
}

// Rows that are written in no order come in order; a cell that is written twice has what was written last.
func TestRowsInNoOrder(t *testing.T) {
	var cells []byte
	for _, r := range []int{3, 0, 2, 1} {
		cells = append(cells, label(r, 1, fmt.Sprint("b", r))...)
	}
	for _, r := range []int{1, 3, 2, 0} {
		cells = append(cells, label(r, 0, fmt.Sprint("a", r))...)
	}
	cells = append(cells, label(2, 1, "last")...)
	got, err := rowsOf("x.xls", XLS(nil, cells), readers.Settings{Header: "none"})
	if want := "1|a0|b0 2|a1|b1 3|a2|last 4|a3|b3"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v: %q, want %s", err, got, want)
	}
}

// What formulas show is what was calculated; what nobody calculated is no value.
func TestFormulas(t *testing.T) {
	formula := func(column int, result []byte, flags int) []byte {
		return Record(0x06, U16(0, column, 0), result, U16(flags, 0, 0, 0, 0))
	}
	text := append(U16(0, 0, 0), 0xff, 0xff)
	cells := bytes.Join([][]byte{
		formula(0, F64(1.5), 0), formula(1, text, 0), Record(0x4bc, U16(0, 0)), Record(0x207, Wide("from afar")),
		formula(2, append(U16(1, 1, 0), 0xff, 0xff), 0), formula(3, append(U16(2, 0x2a, 0), 0xff, 0xff), 0),
		formula(4, F64(0), 2), formula(5, F64(7), 2), formula(6, append(U16(3, 0, 0), 0xff, 0xff), 0), label(0, 7, "end"),
	}, nil)
	got, err := rowsOf("x.xls", XLS(nil, cells), readers.Settings{Header: "none"})
	if want := "1|1.5|from afar|TRUE|#N/A||7||end"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v: %q, want %s", err, got, want)
	}
	stale := append(Record(0x5e, U16(0)), cells...)
	got, err = rowsOf("x.xls", XLS(nil, stale), readers.Settings{Header: "none"})
	if want := "1|1.5|||#N/A|0|7||end"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("saved without calculating: %v: %q, want %s", err, got, want)
	}
}

// Rows that add up others in their own columns are totals, in whatever language they say so. A record that counts something together is none.
func TestTotalsByFormula(t *testing.T) {
	number := func(row int, f float64) []byte { return Record(0x203, U16(row, 2, 0), F64(f)) }
	formula := func(row, column int, f float64, tokens ...byte) []byte {
		return Record(0x06, U16(row, column, 0), F64(f), U16(0, 0, 0, len(tokens)), tokens)
	}
	old := bytes.Join([][]byte{
		label(0, 0, "Order"), label(0, 1, "City"), label(0, 2, "Weight"), label(1, 0, "A-1"), label(1, 1, "Bonn"), number(1, 1.5), label(2, 0, "A-2"), label(2, 1, "Bonn"), number(2, 2),
		label(3, 0, "Bonn Ergebnis"), formula(3, 2, 3.5, 0x1e, 9, 0, 0x25, 1, 0, 2, 0, 2, 0xc0, 2, 0xc0, 0x42, 2, 0x58, 1), // SUBTOTAL(9,C2:C3)
		label(4, 0, "A-3"), label(4, 1, "Köln"), formula(4, 2, 3.5, 0x25, 1, 0, 2, 0, 2, 0xc0, 2, 0xc0, 0x19, 0x10, 0, 0), // SUM(C2:C3)
		formula(5, 0, 4, 0x25, 1, 0, 4, 0, 0, 0xc0, 0, 0xc0, 0x42, 1, 169, 0), formula(5, 2, 7, 0x25, 1, 0, 4, 0, 2, 0xc0, 2, 0xc0, 0x19, 0x10, 0, 0),
	}, nil)
	for name, content := range map[string][]byte{"totals.fods": nil, "totals.xml": nil, "totals.xls": XLS(nil, old)} {
		if content == nil {
			var err error
			if content, err = os.ReadFile(filepath.Join("testdata", name)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := rowsOf(name, content, readers.Settings{})
		if want := []string{"2|A-1|Bonn|1.5", "3|A-2|Bonn|2", "5|A-3|Köln|3.5"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %q", name, err, got)
		}
	}
}

// Shared strings go on in other records in the middle of a letter's run, with other widths; runs and guides are passed over.
func TestSharedStrings(t *testing.T) {
	sst := bytes.Join([][]byte{
		Record(0xfc, U32(3, 3), U16(6), []byte{0}, []byte("abc")), Record(0x3c, []byte{1}, []byte{0x2d, 0x4e, 0x3d, 0xd8}), Record(0x3c, []byte{1}, []byte{0x00, 0xde}),
		Record(0x3c, U16(2), []byte{8}, U16(1), []byte("de"), U16(0)), Record(0x3c, U16(0)),
		Record(0x3c, U16(1), []byte{4}, U32(3), []byte("f"), []byte("gui")),
	}, nil)
	var cells []byte
	for i := range 3 {
		cells = append(cells, Record(0xfd, U16(0, i, 0), U32(i))...)
	}
	got, err := rowsOf("x.xls", XLS(sst, cells), readers.Settings{Header: "none"})
	if want := "1|abc中😀|de|f"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v: %q, want %s", err, got, want)
	}
}

// The versions before 5 have no container: number formats, texts in a code page and cells in records of their own numbers.
func TestBareVersions(t *testing.T) {
	narrow := func(s string) []byte { return append([]byte{byte(len(s))}, s...) }
	long := func(s string) []byte { return append(U16(len(s)), s...) }
	russian := "\xcc\xee\xf1\xea\xe2\xe0"
	two := bytes.Join([][]byte{
		Record(0x09, U16(2, 0x10)), Record(0x42, U16(1251)), Record(0x1e, narrow("General")), Record(0x1e, narrow("dd/mm/yyyy")),
		Record(0x04, U16(0, 0), []byte{0, 0, 0}, narrow(russian)), Record(0x03, U16(0, 1), []byte{0, 1, 0}, F64(46086)),
		Record(0x02, U16(0, 2), []byte{0, 0, 0}, U16(7)), Record(0x05, U16(0, 3), []byte{0, 0, 0}, []byte{1, 0}),
		Record(0x06, U16(0, 4), []byte{0, 0, 0}, U16(0, 0, 0), []byte{0xff, 0xff}, []byte{0, 0}), Record(0x07, narrow("text")), End,
	}, nil)
	later := func(bof, xf, formula int, size int) []byte {
		style := func(format byte) []byte { return Record(xf, append([]byte{0, format}, make([]byte, size-2)...)) }
		code := func(s string) []byte {
			if bof == 0x409 {
				return Record(0x41e, U16(0), narrow(s))
			}
			return Record(0x1e, narrow(s))
		}
		return bytes.Join([][]byte{
			Record(bof, U16(0, 0x10, 0)), Record(0x42, U16(1251)), code("General"), code("dd/mm/yyyy"), style(0), style(1),
			Record(0x204, U16(0, 0, 0), long(russian)), Record(0x203, U16(0, 1, 1), F64(46086)), Record(0x27e, U16(0, 2, 0), U32(7<<2|2)),
			Record(0x205, U16(0, 3, 0), []byte{1, 0}), Record(formula, U16(0, 4, 0), U16(0, 0, 0), []byte{0xff, 0xff}, U16(0)), Record(0x207, long("text")), End,
		}, nil)
	}
	for version, content := range map[string][]byte{"2": two, "3": later(0x209, 0x243, 0x206, 12), "4": later(0x409, 0x443, 0x406, 12)} {
		got, err := rowsOf("x.xls", content, readers.Settings{Header: "none"})
		if want := "1|Москва|2026-03-05|7|TRUE|text"; err != nil || strings.Join(got, " ") != want {
			t.Errorf("BIFF %s: %v: %q, want %s", version, err, got, want)
		}
		for n := range content {
			if _, err := rowsOf("x.xls", content[:n], readers.Settings{Header: "none"}); err == nil {
				t.Errorf("BIFF %s: %d of %d bytes were read", version, n, len(content))
			}
		}
	}
}
