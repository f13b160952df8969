package workbook

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/readerstest"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
)

// orders is a workbook of n rows, made by excelize.
func orders(t testing.TB, n int) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	w.SetRow("A1", []any{"id", "name", "qty"})
	for i := range n {
		w.SetRow(fmt.Sprintf("A%d", i+2), []any{fmt.Sprintf("ID-%07d", i*7919), "name " + fmt.Sprint(i*i), i})
	}
	w.Flush()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// edited is a workbook one of whose parts was rewritten.
func edited(t testing.TB, content []byte, part string, edit func([]byte) []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, _ := f.Open()
		var b bytes.Buffer
		b.ReadFrom(r)
		parts[f.Name] = b.String()
	}
	parts[part] = string(edit([]byte(parts[part])))
	return zipped(t, parts)
}

const sheet1 = "xl/worksheets/sheet1.xml"

func entry(t testing.TB, content []byte, name string) *zip.File {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if f.Name == name {
			return f
		}
	}
	t.Fatal(name)
	return nil
}

// Every damage that a lax reader takes for the end of the data refuses the file, with its real cause.
func TestDamage(t *testing.T) {
	whole := orders(t, 5000)
	if f, err := all(whole, readers.Settings{}); err != nil || len(f.rows) != 5000 {
		t.Fatalf("%d rows, %v", len(f.rows), err)
	}
	at, _ := entry(t, whole, sheet1).DataOffset()
	packed := int64(entry(t, whole, sheet1).CompressedSize64)
	directory := bytes.LastIndex(whole, []byte("PK\x01\x02"))
	cut := func(b []byte) []byte { return b[:len(b)/2] }
	insert := func(s string) func([]byte) []byte {
		return func(b []byte) []byte {
			i := len(b)/2 + bytes.Index(b[len(b)/2:], []byte("</t>"))
			return append(append(append([]byte{}, b[:i]...), s...), b[i:]...)
		}
	}
	replace := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(from), []byte(to), 1) }
	}
	patch := func(at int64, with ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], with)
		return b
	}
	for name, c := range map[string]struct {
		content []byte
		keys    string
	}{
		"flipped bytes":         {patch(at+packed/2, 1, 2, 3, 4, 5, 6, 7, 8), "workbook.corrupt workbook.checksum workbook.xml workbook.truncated_part workbook.size"},
		"sheet cut in half":     {edited(t, whole, sheet1, cut), "workbook.xml"},
		"control character":     {edited(t, whole, sheet1, insert("\x01")), "workbook.xml"},
		"unknown entity":        {edited(t, whole, sheet1, insert("&nbsp;")), "workbook.xml"},
		"entity between tags":   {edited(t, whole, sheet1, replace("<row r=\"3000\"", "&nbsp;<row r=\"3000\"")), "workbook.xml"},
		"bad UTF-8":             {edited(t, whole, sheet1, insert("\xff")), "workbook.xml"},
		"tags crossed":          {edited(t, whole, sheet1, replace("</c></row><row r=\"3000\"", "</row></c><row r=\"3000\"")), "workbook.xml"},
		"text after the root":   {edited(t, whole, sheet1, func(b []byte) []byte { return append(b, "x"...) }), "workbook.xml"},
		"second root":           {edited(t, whole, sheet1, func(b []byte) []byte { return append(b, "<a/>"...) }), "workbook.xml"},
		"doctype":               {edited(t, whole, sheet1, replace("<worksheet", "<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet")), "workbook.doctype"},
		"damage after the data": {edited(t, whole, sheet1, replace("</worksheet>", "<zz:y/></worksheet>")), "workbook.xml"},
		"attribute twice":       {edited(t, whole, sheet1, replace("<row r=\"3000\"", "<row r=\"3000\" r=\"3000\"")), "workbook.xml"},
		"row twice":             {edited(t, whole, sheet1, replace("<row r=\"3000\"", "<row r=\"2999\"")), "workbook.row_order workbook.reference"},
		"row number":            {edited(t, whole, sheet1, replace("<row r=\"3000\"", "<row r=\"2000000000\"")), "workbook.row_number"},
		"cell of another row":   {edited(t, whole, sheet1, replace("r=\"A3000\"", "r=\"A3001\"")), "workbook.reference"},
		"cell twice":            {edited(t, whole, sheet1, replace("r=\"B3000\"", "r=\"A3000\"")), "workbook.cell_twice"},
		"column ZZZZZZ":         {edited(t, whole, sheet1, replace("r=\"B3000\"", "r=\"ZZZZZZ3000\"")), "workbook.reference"},
		"missing text":          {edited(t, whole, sheet1, replace("<c r=\"C3000\"><v>", "<c r=\"C3000\" t=\"s\"><v>99")), "workbook.string_index"},
		"file cut":              {whole[:len(whole)*2/3], "kind.truncated"},
		"file cut at the end":   {whole[:len(whole)-3], "kind.truncated"},
		"zero bytes":            {make([]byte, 5000), "kind.zeros"},
		"directory damaged":     {patch(int64(directory), 'X', 'Y'), "workbook.corrupt kind.zip_damaged"},
		"no workbook":           {edited(t, whole, "xl/workbook.xml", func([]byte) []byte { return nil }), "workbook.xml"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := all(c.content, readers.Settings{})
			if err == nil {
				t.Fatalf("read without complaint: %d rows", len(f.rows))
			}
			if key := said(t, err); !strings.Contains(" "+c.keys+" ", " "+key+" ") {
				t.Errorf("%s (%v), want %s", key, err, c.keys)
			}
		})
	}
	if f, err := all(append(bytes.Clone(whole), make([]byte, 100)...), readers.Settings{}); err != nil || len(f.rows) != 5000 {
		t.Errorf("zeros after the end: %d rows, %v", len(f.rows), err)
	}
}

// raw writes a zip whose sheet may lie about its size and sum.
func raw(t testing.TB, sheet string, lie func(*zip.FileHeader), again bool) []byte {
	t.Helper()
	var b, packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestSpeed)
	w.Write([]byte(sheet))
	w.Close()
	z := zip.NewWriter(&b)
	for name, text := range minimal() {
		p, _ := z.Create(name)
		p.Write([]byte(text))
	}
	h := &zip.FileHeader{Name: sheet1, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(sheet)),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(sheet))}
	lie(h)
	for range 1 + len(map[bool][]int{true: {1}}[again]) {
		same := *h
		p, err := z.CreateRaw(&same)
		if err != nil {
			t.Fatal(err)
		}
		p.Write(packed.Bytes())
	}
	z.Close()
	return b.Bytes()
}

func TestLyingZips(t *testing.T) {
	sheet := xmlHead + `<worksheet ` + mainNS + `><sheetData><row><c t="inlineStr"><is><t>id</t></is></c></row><row><c><v>1</v></c></row></sheetData></worksheet>`
	for name, c := range map[string]struct {
		content []byte
		key     string
	}{
		"sum":          {raw(t, sheet, func(h *zip.FileHeader) { h.CRC32++ }, false), "workbook.checksum"},
		"sum zero":     {raw(t, sheet, func(h *zip.FileHeader) { h.CRC32 = 0 }, false), "workbook.checksum"},
		"too short":    {raw(t, sheet, func(h *zip.FileHeader) { h.UncompressedSize64 -= 20 }, false), "workbook.size"},
		"too long":     {raw(t, sheet, func(h *zip.FileHeader) { h.UncompressedSize64 += 20 }, false), "workbook.truncated_part"},
		"packed short": {raw(t, sheet, func(h *zip.FileHeader) { h.CompressedSize64 -= 20 }, false), "workbook.truncated_part"},
		"method":       {raw(t, sheet, func(h *zip.FileHeader) { h.Method = 12 }, false), "workbook.method"},
		"password":     {raw(t, sheet, func(h *zip.FileHeader) { h.Flags |= 1 }, false), "workbook.zip_encrypted"},
		"twice":        {raw(t, sheet, func(h *zip.FileHeader) {}, true), "workbook.duplicate"},
	} {
		_, err := all(c.content, readers.Settings{})
		if err == nil {
			t.Errorf("%s: read", name)
		} else if key := said(t, err); key != c.key {
			t.Errorf("%s: %s, want %s (%v)", name, key, c.key, err)
		}
	}
	if f, err := all(raw(t, sheet, func(*zip.FileHeader) {}, false), readers.Settings{}); err != nil || len(f.rows) != 1 {
		t.Errorf("the honest one: %v", err)
	}
	// two entries of the directory that share their bytes
	b := raw(t, sheet, func(*zip.FileHeader) {}, false)
	first := bytes.Index(b, []byte("PK\x01\x02"))
	second := first + 4 + bytes.Index(b[first+4:], []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[second+42:], binary.LittleEndian.Uint32(b[first+42:]))
	if _, err := all(b, readers.Settings{}); err == nil || said(t, err) != "workbook.overlap" {
		t.Errorf("overlap: %v", err)
	}
}

// Bombs end quickly and in little memory.
func TestBombs(t *testing.T) {
	head := xmlHead + `<worksheet ` + mainNS + `><sheetData>`
	strings20 := func() map[string]string {
		p := minimal()
		p["xl/sharedStrings.xml"] = xmlHead + `<sst ` + mainNS + `>` + strings.Repeat("<si><t/></si>", 1_200_000) + `</sst>`
		p[sheet1] = head + `</sheetData></worksheet>`
		return p
	}
	many := func(sheet string) []byte { p := minimal(); p[sheet1] = sheet; return zipped(t, p) }
	wide := func(cells, rows int) string {
		cell := `<c t="inlineStr"><is><t>` + strings.Repeat("a", 1_000_000) + `</t></is></c>`
		return head + strings.Repeat(`<row>`+strings.Repeat(cell, cells)+`</row>`, rows) + `</sheetData></worksheet>`
	}
	shared := func(cells int) []byte {
		p := minimal()
		p["xl/sharedStrings.xml"] = xmlHead + `<sst ` + mainNS + `><si><t>` + strings.Repeat("a", 1_000_000) + `</t></si></sst>`
		p[sheet1] = head + `<row>` + strings.Repeat(`<c t="s"><v>0</v></c>`, cells) + `</row></sheetData></worksheet>`
		return zipped(t, p)
	}
	styles := func(formats int) []byte {
		p := minimal()
		var b strings.Builder
		b.WriteString(xmlHead + `<styleSheet ` + mainNS + `><numFmts>`)
		for i := range formats {
			fmt.Fprintf(&b, `<numFmt numFmtId="%d" formatCode="0000-00&quot;%d%0300d&quot;"/>`, 200+i, i, 0)
		}
		p["xl/styles.xml"] = b.String() + `</numFmts><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>`
		p[sheet1] = head + `<row><c><v>1</v></c></row></sheetData></worksheet>`
		return zipped(t, p)
	}
	relations := func() []byte {
		p := minimal()
		p["xl/_rels/workbook.xml.rels"] = strings.Replace(p["xl/_rels/workbook.xml.rels"], "</Relationships>", strings.Repeat(`<Relationship Id="`+strings.Repeat("a", 1_000_000)+`"/>`, 40)+"</Relationships>", 1)
		return zipped(t, p)
	}
	deep := func(tag string) []byte {
		var b strings.Builder
		for i := range 50 {
			fmt.Fprintf(&b, tag, i, strings.Repeat("n", 700_000))
		}
		return many(head + "<row><c><v>1</v></c></row></sheetData>" + b.String())
	}
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	tag := "<a " + numbered(`a%d="" `, 990) + "/>"
	spaces := strings.Replace(head, "<worksheet ", "<worksheet "+numbered(`xmlns:n%d="u" `, 100), 1) + "</sheetData><b " + numbered(`xmlns:m%d="u" `, 100) + ">"
	dense := readers.Settings{Limits: readers.Limits{Ratio: 5000}}
	for name, c := range map[string]struct {
		content []byte
		s       readers.Settings
		keys    string
	}{
		"blanks":        {many(head + strings.Repeat(" ", 16<<20) + `</sheetData></worksheet>`), readers.Settings{}, "workbook.limit_value workbook.limit_ratio"},
		"comment":       {many(head + "<!--" + strings.Repeat(" ", 16<<20) + `--></sheetData></worksheet>`), readers.Settings{}, "workbook.limit_ratio"},
		"strings ratio": {zipped(t, strings20()), readers.Settings{}, "workbook.limit_ratio"},
		"strings":       {zipped(t, strings20()), readers.Settings{Limits: readers.Limits{Strings: 1_000_000, Ratio: 5000}}, "workbook.limit_strings"},
		"one cell":      {many(head + `<row><c t="inlineStr"><is><t>` + strings.Repeat("a", 16<<20) + `</t></is></c></row></sheetData></worksheet>`), readers.Settings{}, "workbook.limit_value workbook.limit_ratio"},
		"far column":    {many(head + `<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="XFD2"><v>1</v></c></row></sheetData></worksheet>`), readers.Settings{}, "workbook.limit_columns"},
		"columns":       {many(head + `<row>` + strings.Repeat(`<c><v>1</v></c>`, 1_000_000) + `</row></sheetData></worksheet>`), readers.Settings{}, "workbook.limit_columns workbook.limit_ratio"},
		"depth":         {many(head + strings.Repeat("<a>", 100_000)), readers.Settings{}, "workbook.limit_depth workbook.structure"},
		"bytes":         {orders(t, 2000), readers.Settings{Limits: readers.Limits{Bytes: 100_000}}, "workbook.limit_bytes"},
		"row":           {many(wide(20, 1)), dense, "workbook.limit_row"},
		"row of shared": {shared(20), dense, "workbook.limit_row"},
		"first rows":    {many(wide(7, 14)), dense, ""},
		"formats":       {styles(100_000), dense, "workbook.limit_formats"},
		"relations":     {relations(), dense, "workbook.limit_bytes"},
		"long names":    {deep("<n%d%s>"), dense, "workbook.limit_value"},
		"namespaces":    {deep("<n xmlns='n%d%s'>"), dense, "workbook.limit_value"},
		"attributes":    {many(head + "</sheetData>" + strings.Repeat(tag, 2000) + "</worksheet>"), dense, "workbook.xml"},
		"prefixes":      {many(spaces + strings.Repeat(`<a xmlns="x"/>`, 100_000) + "</b></worksheet>"), dense, "workbook.limit_value"},
		"rows":          {orders(t, 200), readers.Settings{Limits: readers.Limits{Rows: 150}}, "workbook.limit_rows"},
	} {
		t.Run(name, func(t *testing.T) {
			clock, scale := readerstest.Start(), readerstest.Weigh()
			err := drain(c.content, c.s)
			clock.Check(t)
			scale.Check(t)
			switch {
			case c.keys == "" && err != nil:
				t.Error(err)
			case c.keys != "" && err == nil:
				t.Error("read")
			case c.keys != "":
				if key := said(t, err); !strings.Contains(" "+c.keys+" ", " "+key+" ") {
					t.Errorf("%s, want %s (%v)", key, c.keys, err)
				}
			}
		})
	}
}

// drain reads all rows and keeps none.
func drain(content []byte, s readers.Settings) error {
	tb, err := open(content, s)
	if err != nil {
		return err
	}
	defer tb.Close()
	for _, err := range tb.Rows() {
		if err != nil {
			return err
		}
	}
	return nil
}

// A consumer may stop, close, or cancel.
func TestStopping(t *testing.T) {
	content := orders(t, 5000)
	tb, err := open(content, readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for row := range tb.Rows() {
		if row.Number == 3000 {
			break
		}
	}
	tb.Close()
	for _, err := range tb.Rows() {
		if err == nil {
			t.Error("rows after Close")
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tb, err = New(xlsx.Container).Open(ctx, file(content), readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer tb.Close()
	n := 0
	for _, err = range tb.Rows() {
		if n++; n == 200 {
			cancel()
		}
	}
	if !errors.Is(err, context.Canceled) || n > 1000 {
		t.Errorf("after %d rows: %v", n, err)
	}
}

func TestComplete(t *testing.T) {
	content := orders(t, 100)
	complete := func(b []byte) error {
		r, err := known(b)
		if err != nil {
			return err
		}
		return r.Complete(context.Background(), file(b), readers.Settings{})
	}
	if err := complete(content); err != nil {
		t.Error(err)
	}
	for _, b := range [][]byte{nil, content[:10], content[:len(content)/2], content[:len(content)-1]} {
		u, ok := errors.AsType[*batch.Unreadable](complete(b))
		if !ok || !u.Incomplete {
			t.Errorf("%d bytes: %v", len(b), u)
		}
	}
	u, ok := errors.AsType[*batch.Unreadable](complete([]byte("%PDF-1.4 …")))
	if !ok || u.Incomplete {
		t.Errorf("a PDF: %v", u)
	}
}

// A thousand small injuries to a sheet: it is read soundly or refused, never worse.
func TestMutations(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 1000 {
		b := []byte(cellsOfAllKinds)
		for range 1 + rnd.IntN(4) {
			i := rnd.IntN(len(b) - 20)
			switch rnd.IntN(3) {
			case 0:
				b[i] = byte(rnd.IntN(256))
			case 1:
				b = slices.Delete(b, i, i+1+rnd.IntN(8))
			default:
				j := rnd.IntN(len(b) - 20)
				b = slices.Insert(b, i, bytes.Clone(b[j:j+rnd.IntN(20)])...)
			}
		}
		got, err := all(withRows(t, string(b)), readers.Settings{})
		if err == nil {
			check(t, got)
		} else if _, ok := errors.AsType[*batch.Unreadable](err); !ok {
			t.Fatalf("%T %v: %s", err, err, b)
		}
	}
}

func FuzzWorkbook(f *testing.F) {
	f.Add(orders(f, 3))
	f.Add(withRows(f, cellsOfAllKinds))
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := all(content, readers.Settings{Limits: readers.Limits{Bytes: 8 << 20, Cell: 1 << 16}})
		if err != nil {
			if _, ok := errors.AsType[*batch.Unreadable](err); !ok {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		check(t, got)
	})
}

// FuzzSheet varies the sheet's XML inside a sound zip, which FuzzWorkbook rarely gets through.
func FuzzSheet(f *testing.F) {
	f.Add(cellsOfAllKinds)
	f.Fuzz(func(t *testing.T, data string) {
		if got, err := all(withRows(t, data), readers.Settings{}); err == nil {
			check(t, got)
		} else if _, ok := errors.AsType[*batch.Unreadable](err); !ok {
			t.Fatalf("%T %v", err, err)
		}
	})
}

// check is what holds for every table.
func check(t *testing.T, f found) {
	last := f.header
	for _, r := range f.rows {
		if r.Number <= last || len(r.Cells) != len(f.columns) {
			t.Fatalf("row %d after %d with %d of %d cells", r.Number, last, len(r.Cells), len(f.columns))
		}
		last = r.Number
		for _, c := range r.Cells {
			if (c.Problem != nil) != (c.Kind == batch.Faulty) {
				t.Fatalf("row %d: %+v", r.Number, c)
			}
		}
	}
}
