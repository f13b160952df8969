package xmlfile

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/readerstest"
	"github.com/rowferry/rowferry/words"
)

var update = flag.Bool("update", false, "write the expected tables")

// settings of the files in testdata that are not read by detection alone.
var settings = map[string]readers.Settings{
	"nested":      {Record: "order"},
	"ship-points": {Record: "shipPoints/shipPoint"},
}

// Each NAME.xml in testdata gives exactly the table in NAME.txt.
func TestTables(t *testing.T) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".xml")
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			table, rows, err := readAll(t, string(content), settings[name])
			if err != nil {
				t.Fatal(err)
			}
			got := show(table, rows)
			golden := "testdata/" + name + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if err := New().Complete(context.Background(), file(string(content)), settings[name]); err != nil {
				t.Errorf("Complete: %v", err)
			}
		})
	}
}

func show(table readers.Table, rows []batch.Row) string {
	var b strings.Builder
	kinds := map[batch.Kind]string{batch.Blank: "blank", batch.String: "text", batch.Faulty: "faulty"}
	for _, n := range table.Notes() {
		fmt.Fprintf(&b, "note: %s (%d)\n", words.Say(batch.English, n.Message), n.Count)
	}
	for _, c := range table.Columns() {
		fmt.Fprintf(&b, "column: %s = %s\n", c.Ref, c.Name)
	}
	for _, r := range rows {
		fmt.Fprintf(&b, "row %d\n", r.Number)
		for i, c := range r.Cells {
			fmt.Fprintf(&b, "  %s: %s %q\n", table.Columns()[i].Ref, kinds[c.Kind], c.Text)
		}
	}
	return b.String()
}

// The record that is found is the outermost element that repeats, however often something repeats inside of it.
func TestFoundRecord(t *testing.T) {
	for text, want := range map[string]int{
		"<t><r><f/><f/><f/></r><r><f/><f/><f/></r></t>":                                       2, // fields of rows
		"<o><order><no/><items><item/><item/><item/></items></order><order><no/></order></o>": 2,
		"<o><order><no/><items><item/><item/><item/></items></order></o>":                     3, // one order: its items
		"<o><party/><party/><rows><row/><row/><row/></rows></o>":                              3,
		"<o><order/></o>": 1,
	} {
		if _, rows, err := readAll(t, text, readers.Settings{}); err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, %v; want %d", text, len(rows), err, want)
		}
	}
}

// The record may be written with the root's name first, without it, or with a prefix.
func TestRecordPaths(t *testing.T) {
	const text = `<x:a xmlns:x="u"><x:b><x:c>1</x:c></x:b><x:b><x:c>2</x:c><x:c>3</x:c></x:b></x:a>`
	for record, want := range map[string]int{"a/b": 2, "b": 2, "x:b": 2, "/a/b": 2, "b/c": 3, "a/b/c": 3, "a": 1, "": 2} {
		_, rows, err := readAll(t, text, readers.Settings{Record: record})
		if err != nil || len(rows) != want {
			t.Errorf("record %q: %d rows, %v; want %d", record, len(rows), err, want)
		}
	}
	_, _, err := readAll(t, text, readers.Settings{Record: "b/d"})
	if keyOf(err) != "xml.no_records" || !strings.Contains(words.Say(batch.English, unread(err).Message), "a/b") {
		t.Errorf("a record that is not there: %v", err)
	}
}

// What is wrong with a document is named, and only what may still be growing is called incomplete.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		content, key string
		incomplete   bool
	}{
		{"", "xml.empty", true},
		{"  \n", "xml.empty", true},
		{"<!-- a -->", "xml.empty", true},
		{"<a>", "xml.cut", true},
		{"<a><b>x</b>", "xml.cut", true},
		{"<a><b x='1", "xml.cut_inside", true},
		{"<a><b", "xml.cut_inside", true},
		{"<a><![CDATA[x", "xml.cut_inside", true},
		{"<a>Ж"[:4], "xml.cut_character", true},
		{"\xff\xfe<\x00a\x00/\x00>", "xml.odd", true},
		{"<a/><b/>", "xml.two_roots", false},
		{"<a/>b", "xml.after_root", false},
		{"b<a/>", "xml.before_root", false},
		{"id;name\n1;2\n", "xml.before_root", false},
		{"<a></b>", "xml.mismatch", false},
		{"<a></A>", "xml.mismatch", false},
		{"<x:a xmlns:x='u' xmlns:y='u'></y:a>", "xml.mismatch", false},
		{"<a/></a>", "xml.end_alone", false},
		{"<a b='1' b='2'/>", "xml.attribute_twice", false},
		{"<a b=1/>", "xml.malformed", false},
		{"<a b='<'/>", "xml.bracket", false},
		{"<a>&nbsp;</a>", "xml.entity", false},
		{"<a>&#0;</a>", "xml.malformed", false},
		{"<a>]]></a>", "xml.malformed", false},
		{"<a>\x01</a>", "xml.control", false},
		{"<a>\uffff</a>", "xml.control", false},
		{"<a>\x00</a>", "xml.nul", false},
		{"<a/>\x00", "xml.nul", false},
		{"<a>\xff</a>", "xml.bytes", false},
		{"<a>\xed\xa0\x80</a>", "xml.bytes", false}, // a surrogate
		{"<?xml version='1.0' encoding='gb2312'?><a>\xff\xff</a>", "xml.bytes", false},
		{"<?xml version='1.0' encoding='windows-1251'?><a>\x98</a>", "xml.bytes", false},
		{"\xff\xfe<\x00a\x00>\x00\x00\xd8<\x00/\x00a\x00>\x00", "xml.bytes", false}, // half a pair
		{"<?xml version='1.0' encoding='ISO-8859-1'?><a><b>\xcc\xee\xf1\xea\xe2\xe0, \xf3\xeb\xe8\xf6\xe0 \xd2\xe2\xe5\xf0\xf1\xea\xe0\xff</b></a>", "xml.encoding_wrong", false}, // it is windows-1251
		{"<?xml version='1.0' encoding='klingon'?><a/>", "xml.encoding", false},
		{"<?xml version='1.0' encoding='iso-2022-kr'?><a/>", "xml.encoding", false},
		{"<?xml version='1.1'?><a/>", "xml.version", false},
		{"\n<?xml version='1.0'?><a/>", "xml.declaration", false},
		{"<a><?xml version='1.0'?></a>", "xml.declaration", false},
		{"<!DOCTYPE a [<!ELEMENT a EMPTY>]><a/>", "xml.doctype", false},
		{"<!DOCTYPE a SYSTEM 'a.dtd'><a>&b;</a>", "xml.entity", false},
		{"<a><!DOCTYPE a></a>", "xml.doctype", false},
		{"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xml.entities", false},
		{"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "xml.entities", false},
	} {
		_, rows, err := readAll(t, c.content, readers.Settings{})
		if keyOf(err) != c.key || len(rows) != 0 {
			t.Errorf("%q: %v, %d rows; want %s", c.content, err, len(rows), c.key)
			continue
		}
		if unread(err).Incomplete != c.incomplete {
			t.Errorf("%q: incomplete %v", c.content, !c.incomplete)
		}
		whole := New().Complete(context.Background(), file(c.content), readers.Settings{})
		if keyOf(whole) != c.key || unread(whole).Incomplete != c.incomplete {
			t.Errorf("%q: Complete says %v, Open says %v", c.content, whole, err)
		}
	}
}

func unread(err error) *batch.Unreadable {
	u, _ := errors.AsType[*batch.Unreadable](err)
	return u
}

func keyOf(err error) string {
	if u := unread(err); u != nil {
		return u.Message.Key
	}
	return ""
}

// A DOS code page may be declared, or set.
func TestCodePage(t *testing.T) {
	for text, s := range map[string]readers.Settings{
		"<?xml version='1.0' encoding='IBM850'?><l><r>K\x94ln, Stra\xe1e</r><r/></l>": {},
		"<l><r>K\x94ln, Stra\xe1e</r><r/></l>":                                        {Encoding: "cp850"},
	} {
		_, rows, err := readAll(t, text, s)
		if err != nil || len(rows) != 2 || rows[0].Cells[0].Text != "Köln, Straße" {
			t.Errorf("%q: %v, %v", text, rows, err)
		}
	}
}

// Whatever encoding a CSV may have, an XML document may declare: names that the index of the web lacks, and rare characters of GB 18030.
func TestDeclaredEncodings(t *testing.T) {
	for declared, value := range map[string][2]string{
		"KZ-1048": {"\x8d\xe0\xba\xe0\xf0", "Қағар"}, "GB18030": {"\xd6\xd0\xfe\x59", "中\u9fb4"}, "cp936": {"\xd6\xd0", "中"}, "windows-31j": {"\x89\xd7", "荷"},
	} {
		_, rows, err := readAll(t, "<?xml version='1.0' encoding='"+declared+"'?><l><r><v>"+value[0]+"</v></r><r><v>x</v></r></l>", readers.Settings{})
		if err != nil || len(rows) != 2 || rows[0].Cells[0].Text != value[1] {
			t.Errorf("%s: %v, %v", declared, rows, err)
		}
	}
}

// Every beginning of a document is incomplete, never read and never called broken.
func TestEveryCut(t *testing.T) {
	whole := "<?xml version='1.0' encoding='UTF-8'?>\n<l a='1'><!-- c --><r k=\"v\">Ж&amp;</r><r><![CDATA[x]]></r></l>"
	for n := range len(whole) {
		_, _, err := readAll(t, whole[:n], readers.Settings{})
		if u := unread(err); u == nil || !u.Incomplete {
			t.Errorf("%q: %v", whole[:n], err)
		}
	}
	if _, rows, err := readAll(t, whole, readers.Settings{}); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// In every encoding half a character at the end means that more is to come.
func TestEveryCutOfWideCharacters(t *testing.T) {
	for _, name := range []string{"gb18030", "big5", "shift_jis", "euc-kr", "utf-16le"} {
		e, err := decoderOf(name)
		if err != nil {
			t.Fatal(err)
		}
		text := "<?xml version='1.0' encoding='" + name + "'?>\n<l><r k='中'>中文中文</r><r>中</r></l>"
		if name == "gb18030" {
			text = strings.ReplaceAll(text, "文", "🚚") // of four bytes
		}
		whole, err := e.NewEncoder().String(text)
		if err != nil {
			whole, err = e.NewEncoder().String(strings.Map(func(r rune) rune {
				if r == '文' || r == '中' {
					return '한'
				}
				return r
			}, text))
		}
		if err != nil {
			t.Fatal(name, err)
		}
		for n := len(text) / 2; n < len(whole); n++ {
			_, _, err := readAll(t, whole[:n], readers.Settings{})
			if u := unread(err); u == nil || !u.Incomplete {
				t.Errorf("%s, %d of %d bytes: %v", name, n, len(whole), err)
			}
		}
		if _, rows, err := readAll(t, whole, readers.Settings{}); err != nil || len(rows) != 2 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}

// endless is a document that goes on as long as one likes, made as it is read.
type endless struct {
	head, body, tail string
	times            int64
}

func (e endless) size() int64 {
	return int64(len(e.head)) + int64(len(e.body))*e.times + int64(len(e.tail))
}

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) && off < e.size() {
		var c int
		body := off - int64(len(e.head))
		switch {
		case body < 0:
			c = copy(p[n:], e.head[off:])
		case body < int64(len(e.body))*e.times:
			c = copy(p[n:], e.body[body%int64(len(e.body)):])
		default:
			c = copy(p[n:], e.tail[body-int64(len(e.body))*e.times:])
		}
		n, off = n+c, off+int64(c)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Hostile documents end in a clear error, soon and in little memory.
func TestHostile(t *testing.T) {
	const big = 1 << 28
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		content endless
		key     string
	}{
		"one text":        {endless{"<a>", "xxxxxxxx", "</a>", big / 8}, "xml.cell_too_big"},
		"one attribute":   {endless{"<a b='", "xxxxxxxx", "'/>", big / 8}, "xml.cell_too_big"},
		"one name":        {endless{"<", "xxxxxxxx", "/>", big / 8}, "xml.cell_too_big"},
		"one comment":     {endless{"<!--", "xxxxxxxx", "--><a/>", big / 8}, "xml.cell_too_big"},
		"one CDATA":       {endless{"<a><![CDATA[", "xxxxxxxx", "]]></a>", big / 8}, "xml.cell_too_big"},
		"one instruction": {endless{"<?pi ", "xxxxxxxx", "?><a/>", big / 8}, "xml.cell_too_big"},
		"blanks":          {endless{"<a/>", "        ", "", big / 8}, "xml.cell_too_big"},
		"attributes":      {endless{"<a ", "x='' ", "/>", big / 8}, "xml.cell_too_big"},
		"text in pieces":  {endless{"<a>", "<![CDATA[xxxxxxxxxxxxxxxx]]>", "</a>", big / 32}, "xml.cell_too_big"},
		"depth":           {endless{"", "<a>", "", big}, "xml.depth"},
		"doctype":         {endless{"<!DOCTYPE a [", "<!ENTITY b 'c'>", "]><a/>", big / 8}, "xml.cell_too_big"},
		"a huge record":   {endless{"<l><r><v>", strings.Repeat("x", 1000), "</v></r></l>", 1100}, "xml.cell_too_big"},
		"deep long names": {endless{"<l>" + many("<n%d"+strings.Repeat("x", 500_000)+">", 50), "", "</l>", 0}, "xml.name"},
		"namespaces":      {endless{"<l>" + many("<n xmlns='n%d"+strings.Repeat("x", 500_000)+"'>", 50), "", "</l>", 0}, "xml.name"},
		"attribute names": {endless{"<l>" + many("<r n%d"+strings.Repeat("x", 500_000)+"=''/>", 50), "", "</l>", 0}, "xml.name"},
		"wide records":    {endless{"<l>", "<r " + many("a%d='' ", 1990) + "/>", "</l>", 700}, ""},
		"prefixes":        {endless{"<l " + many("xmlns:n%d='u' ", 1990) + ">", "<n0:r/>", "</l>", 1 << 18}, "xml.spaces"},
		"names":           {endless{"<l>" + many("<n%d/>", 100_000), "", "</l>", 0}, "xml.paths"},
		"columns":         {endless{"<l><r/><r>" + many("<n%d>x</n%[1]d>", 6000), "", "</r><r/></l>", 0}, "xml.columns"},
		"items":           {endless{"<l><r/><r>", "<i>x</i>", "</r><r/></l>", 1 << 20}, ""},
		"bytes":           {endless{"<l>", "<r>x</r>", "</l>", 1 << 30}, "xml.too_big"},
	} {
		t.Run(name, func(t *testing.T) {
			clock, scale := readerstest.Start(), readerstest.Weigh()
			s := readers.Settings{}
			if name == "columns" || name == "items" {
				s.Record = "r"
			}
			table, err := New().Open(context.Background(), readers.File{Name: "x.xml", Size: c.content.size(), ReaderAt: c.content}, s)
			want := c.key
			if name == "items" {
				want = "xml.columns"
			}
			if keyOf(err) != want {
				t.Errorf("%v, %v; want %s", table, err, want)
			}
			clock.Check(t)
			scale.Check(t)
		})
	}
}

// The configured limits hold.
func TestLimits(t *testing.T) {
	rows := "<l>" + strings.Repeat("<r>x</r>", 11) + "</l>"
	_, _, err := readAll(t, rows, readers.Settings{Limits: readers.Limits{Rows: 10}})
	if keyOf(err) != "xml.rows" {
		t.Errorf("rows: %v", err)
	}
	_, _, err = readAll(t, rows, readers.Settings{Limits: readers.Limits{Rows: 11}})
	if err != nil {
		t.Errorf("rows: %v", err)
	}
	long := "<l><r>" + strings.Repeat("x", 101) + "</r></l>"
	if _, _, err = readAll(t, long, readers.Settings{Limits: readers.Limits{Cell: 100}}); keyOf(err) != "xml.cell_too_big" {
		t.Errorf("cell: %v", err)
	}
	if _, _, err = readAll(t, long, readers.Settings{Limits: readers.Limits{Cell: 101}}); err != nil {
		t.Errorf("cell: %v", err)
	}
}

// The encoding that the route names is used where the file has no mark.
func TestConfiguredEncoding(t *testing.T) {
	_, rows, err := readAll(t, "<l><r>\xcc\xee\xf1\xea\xe2\xe0</r><r/></l>", readers.Settings{Encoding: "windows-1251"})
	if err != nil || rows[0].Cells[0].Text != "Москва" {
		t.Errorf("%v %v", rows, err)
	}
	_, _, err = readAll(t, "<l/>", readers.Settings{Encoding: "nonsense"})
	if keyOf(err) != "xml.encoding" {
		t.Error(err)
	}
}

// A cancelled context ends reading with its error; stopping early ends it without one.
func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	e := endless{"<l>", "<r>x</r>", "</l>", 100_000}
	table, err := New().Open(ctx, readers.File{Size: e.size(), ReaderAt: e}, readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range table.Rows() {
		if n++; err != nil || n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d rows", n)
	}
	cancel()
	var last error
	for _, err := range table.Rows() {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("%v", last)
	}
}

// A failing disk is not a broken file.
func TestReadError(t *testing.T) {
	failed := errors.New("input/output error")
	_, err := New().Open(context.Background(), readers.File{Size: 1000, ReaderAt: faulty{failed}}, readers.Settings{})
	if !errors.Is(err, failed) || unread(err) != nil {
		t.Error(err)
	}
}

type faulty struct{ err error }

func (f faulty) ReadAt(p []byte, off int64) (int, error) {
	if off >= 500 {
		return 0, f.err
	}
	n := copy(p, strings.Repeat("<a>", 334)[off:500])
	if n < len(p) {
		return n, f.err
	}
	return n, nil
}

// FuzzXML: no input may crash the reader, and what it reads it reads the same twice, with no more than it was given.
func FuzzXML(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.xml")
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content), "")
	}
	f.Add("<a><b c='1'>x</b><b/></a>", "b")
	f.Fuzz(func(t *testing.T, content, record string) {
		s := readers.Settings{Record: record, Limits: readers.Limits{Cell: 1 << 12, Columns: 50, Depth: 20}}
		table, rows, err := readAll(t, content, s)
		whole := New().Complete(context.Background(), file(content), s)
		if err == nil && whole != nil {
			t.Fatalf("read, but not complete: %v", whole)
		}
		if err != nil {
			if unread(err) == nil {
				t.Fatalf("%T: %v", err, err)
			}
			if table != nil {
				t.Fatalf("refused by Rows after Open was content: %v", err)
			}
			return
		}
		_, again, err := readAll(t, content, s)
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d rows, then %d, %v", len(rows), len(again), err)
		}
		seen := map[string]bool{}
		for _, c := range table.Columns() {
			if seen[c.Ref] {
				t.Fatalf("two columns %q", c.Ref)
			}
			seen[c.Ref] = true
		}
	})
}
