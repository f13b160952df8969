package csvfile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
	"github.com/rowferry/rowferry/readers/readerstest"
	"github.com/rowferry/rowferry/words"
)

var update = flag.Bool("update", false, "write what is read now as what is expected")

// show is a file as its reader gives it, in the words that people read.
func show(content []byte, s readers.Settings) string {
	var b strings.Builder
	say := func(m batch.Message) string { return words.Say(batch.English, m) }
	refused := func(what string, err error) {
		u, ok := errors.AsType[*batch.Unreadable](err)
		if !ok {
			fmt.Fprintf(&b, "%s: unexpected error %v\n", what, err)
			return
		}
		fmt.Fprintf(&b, "%s: %s", what, say(u.Message))
		if u.Incomplete {
			b.WriteString(" [incomplete]")
		}
		b.WriteString("\n")
	}
	if err := New().Complete(context.Background(), file(content), s); err != nil {
		refused("complete", err)
	}
	t, err := New().Open(context.Background(), file(content), s)
	if err != nil {
		refused("open", err)
		return b.String()
	}
	defer t.Close()
	for _, c := range t.Columns() {
		fmt.Fprintf(&b, "column %s %q\n", c.Ref, c.Name)
	}
	rows := 0
	for row, err := range t.Rows() {
		if err != nil {
			refused("rows", err)
			break
		}
		if rows++; rows > 20 {
			continue
		}
		fmt.Fprintf(&b, "%d:", row.Number)
		for _, c := range row.Cells {
			switch c.Kind {
			case batch.Blank:
				b.WriteString(" -")
			case batch.Faulty:
				fmt.Fprintf(&b, " !%q", c.Text)
			default:
				fmt.Fprintf(&b, " %q", c.Text)
			}
		}
		b.WriteString("\n")
		if row.Problem != nil {
			fmt.Fprintf(&b, "   problem: %s\n", say(*row.Problem))
		}
		for _, c := range row.Cells {
			if c.Problem != nil {
				fmt.Fprintf(&b, "   faulty: %s\n", say(*c.Problem))
			}
		}
	}
	fmt.Fprintf(&b, "%d rows\n", rows)
	for _, n := range t.Notes() {
		fmt.Fprintf(&b, "note, row %d, %d times: %s\n", n.Row, n.Count, say(n.Message))
	}
	return b.String()
}

// Every testdata/X.csv is read as testdata/X.csv.txt says.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.csv")
	if err != nil || len(files) < 30 {
		t.Fatal("testdata is missing", err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := show(content, readers.Settings{})
		if *update {
			if err := os.WriteFile(name+".txt", []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if refused := strings.Contains(got, "open: ") || strings.Contains(got, "rows: "); refused != strings.Contains(name, "refused-") {
			t.Errorf("%s: refused = %v", name, refused)
		}
	}
}

// Settings decide where the content leaves room.
func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		s       readers.Settings
		want    string
	}{
		"header row": {"x,y\na,b\n1,2\n", readers.Settings{Header: "2"},
			"column A \"a\"\ncolumn B \"b\"\n3: \"1\" \"2\"\n1 rows\nnote, row 1, 1 times: Rows above the heading were left out: 1.\n"},
		"no header": {"a,b\n1,2\n", readers.Settings{Header: "none"}, "column A \"column 1\"\ncolumn B \"column 2\"\n1: \"a\" \"b\"\n2: \"1\" \"2\"\n2 rows\n"},
		"delimiter": {"a^b\n1,5^2\n", readers.Settings{Delimiter: "^"}, "column A \"a\"\ncolumn B \"b\"\n2: \"1,5\" \"2\"\n1 rows\n"},
		"wide delimiter": {"a；b\n1；\"2；3\"\n", readers.Settings{Delimiter: "；"},
			"column A \"a\"\ncolumn B \"b\"\n2: \"1\" \"2；3\"\n1 rows\n"},
		"no quote": {"a,b\n\"1,2\n", readers.Settings{Quote: "none"}, "column A \"a\"\ncolumn B \"b\"\n2: \"\\\"1\" \"2\"\n1 rows\n"},
		"escape":   {"a,b\n\"x\\\"y\",2\\,3\n", readers.Settings{Escape: `\`}, "column A \"a\"\ncolumn B \"b\"\n2: \"x\\\"y\" \"2,3\"\n1 rows\n"},
		"encoding": {"price\n\xa35\n", readers.Settings{Encoding: "windows-1252"}, "column A \"price\"\n2: \"£5\"\n1 rows\n"},
		"not the encoding": {"id;город\n1;Москва\n", readers.Settings{Encoding: "windows-1251"},
			"column A \"id\"\ncolumn B \"город\"\n2: \"1\" \"Москва\"\n1 rows\nnote, row 0, 0 times: The route's setting says windows-1251, but the text is plainly UTF-8 and was read so.\n"},
		"dos":    {"Stra\xe1e\nK\x94ln\n", readers.Settings{Encoding: "cp850"}, "column A \"Straße\"\n2: \"Köln\"\n1 rows\n"},
		"gb2312": {"a\n\xd6\xd0\n", readers.Settings{Encoding: "GB2312"}, "column A \"a\"\n2: \"中\"\n1 rows\n"},
	} {
		if diff := cmp.Diff(c.want, show([]byte(c.content), c.s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A wrong setting is refused in words, never obeyed.
// A file of as many lines as a sheet has may have been longer where it comes from, and a note says so.
func TestFullSheets(t *testing.T) {
	for lines, want := range map[int]bool{65_535: false, 65_536: true, 65_537: false} {
		said := show([]byte("No,Name\n"+strings.Repeat("E2,x\n", lines-1)), readers.Settings{})
		if told := strings.Contains(said, "the last that a sheet has room for"); told != want {
			t.Errorf("%d lines: told %t", lines, told)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	for key, s := range map[string]readers.Settings{
		"csv.encoding_unknown": {Encoding: "klingon"},
		"csv.encoding_unfit":   {Encoding: "shift_jis"},
		"csv.delimiter_bad":    {Delimiter: "::"},
		"csv.quote_bad":        {Quote: "<<"},
		"csv.escape_bad":       {Escape: "xx"},
		"csv.header_bad":       {Header: "first"},
		"csv.header_absent":    {Header: "9"},
	} {
		_, err := New().Open(context.Background(), file([]byte("a,b\n1,\xff\xff\n")), s)
		if key == "csv.header_absent" || key == "csv.header_bad" {
			_, err = New().Open(context.Background(), file([]byte("a,b\n1,2\n")), s)
		}
		if u, ok := errors.AsType[*batch.Unreadable](err); !ok || u.Message.Key != key {
			t.Errorf("%s: got %v", key, err)
		}
	}
}

// endless is a file without memory: head, then body again and again up to size.
type endless struct {
	head, body string
	size       int64
}

func (f endless) ReadAt(p []byte, at int64) (int, error) {
	if at >= f.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), f.size-at))
	block := strings.Repeat(f.body, 1+4096/len(f.body))
	for i := 0; i < n; {
		k := at + int64(i)
		if head := int64(len(f.head)); k < head {
			i += copy(p[i:n], f.head[k:])
		} else {
			i += copy(p[i:n], block[(k-head)%int64(len(f.body)):])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Hostile files end soon, in words, whatever they hold.
func TestHostile(t *testing.T) {
	const big = 100 << 20
	for name, c := range map[string]struct {
		f    endless
		l    readers.Limits
		want string
	}{
		"a field of 100 MB":        {endless{"a,b\n1,", "x", big}, readers.Limits{}, "csv.cell_too_big"},
		"a quoted field of 100 MB": {endless{"a,b\n1,\"", "x\n", big}, readers.Limits{}, "csv.cell_too_big"},
		"a million columns":        {endless{"", "a,", 2 << 20}, readers.Limits{}, "csv.columns"},
		"no line end":              {endless{"a;b", "xyz", big}, readers.Limits{}, "csv.cell_too_big"},
		"only quotes":              {endless{"", `"`, big}, readers.Limits{}, "csv.cell_too_big"},
		"a row of 20 MB":           {endless{"", strings.Repeat("x", 1_000_000) + ",", 20_000_000}, readers.Limits{}, "csv.row_too_big"},
		"first rows of 7 MB":       {endless{"", strings.Repeat(strings.Repeat("x", 1_000_000)+",", 7) + "\n", 14 * 7_000_008}, readers.Limits{}, ""},
		"a row of 9 MB":            {endless{"", strings.Repeat(strings.Repeat("x", 1_000_000)+",", 9) + "\n", 14 * 9_000_010}, readers.Limits{}, "csv.row_too_big"},
		"only escapes":             {endless{"a,b\n\"", `\a`, 1 << 20}, readers.Limits{}, "csv.unclosed"},
		"too many bytes":           {endless{"a,b\n", "1,2\n", big}, readers.Limits{Bytes: 1 << 20}, "csv.too_big"},
		"too many rows":            {endless{"a,b\n", "1,2\n", 1 << 20}, readers.Limits{Rows: 1000}, "csv.rows"},
		"zeros":                    {endless{"", "\x00", 10 << 20}, readers.Limits{}, "csv.empty"},
	} {
		clock, scale := readerstest.Start(), readerstest.Weigh()
		f := readers.File{Name: "hostile.csv", Size: c.f.size, ReaderAt: c.f}
		_, err := drain(f, readers.Settings{Limits: c.l, Escape: escape(name)})
		key := ""
		if u, ok := errors.AsType[*batch.Unreadable](err); ok {
			key = u.Message.Key
		}
		if key != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%s: %v", name, err)
		}
		clock.Check(named{t, name})
		scale.Check(named{t, name})
	}
}

// escape is the setting for a file of TestHostile.
func escape(name string) string {
	if name == "only escapes" {
		return `\`
	}
	return ""
}

// named says which file a complaint is of.
type named struct {
	*testing.T
	name string
}

func (n named) Errorf(format string, args ...any) {
	n.Helper()
	n.T.Errorf(n.name+": "+format, args...)
}

func drain(f readers.File, s readers.Settings) (rows int, err error) {
	t, err := New().Open(context.Background(), f, s)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	for row, err := range t.Rows() {
		if err != nil {
			return rows, err
		}
		if len(row.Cells) != len(t.Columns()) {
			return rows, fmt.Errorf("row %d has %d cells for %d columns", row.Number, len(row.Cells), len(t.Columns()))
		}
		rows++
	}
	return rows, nil
}

// A quoted field may cross any place where the buffer ends.
func TestBufferEdges(t *testing.T) {
	var content bytes.Buffer
	content.WriteString("id,text\r\n")
	for i := range 6000 {
		fmt.Fprintf(&content, "%d,\"%s\"\"é\r\n\"\r\n", i, strings.Repeat("y", i%97))
	}
	for _, encoding := range []string{"", "gb18030"} {
		raw := content.Bytes()
		if encoding != "" {
			raw = bytes.ReplaceAll(raw, []byte("é"), []byte("\xd6\xd0"))
		}
		tab, err := New().Open(context.Background(), file(raw), readers.Settings{Encoding: encoding})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for row, err := range tab.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			letter := "é"
			if encoding != "" {
				letter = "中"
			}
			want := strings.Repeat("y", n%97) + `"` + letter + "\r\n"
			if row.Number != n+2 || row.Problem != nil || row.Cells[1].Text != want {
				t.Fatalf("row %d: %q", row.Number, row.Cells[1].Text)
			}
			n++
		}
		if n != 6000 {
			t.Error(n)
		}
	}
}

// What is looked at for the dialect, and any buffer, may end within a character: files of letters that take several bytes, longer
// than that, moved by a byte each.
func TestCharactersAtBufferEdges(t *testing.T) {
	for encoding, letter := range map[string]string{
		"gb18030": "货", "big5": "貨", "shift_jis": "荷", "euc-kr": "하", "windows-1251": "Ж", "windows-1252": "€", "utf-16le": "货", "utf-32be": "货", "utf-8": "货",
	} {
		for shift := range 4 {
			heading := strings.Repeat("x", shift+1) + ",b\n"
			line := "1," + strings.Repeat(letter, 30) + "\n"
			lines := 2*sampled/len(line) + 1
			decoded := heading + strings.Repeat(line, lines)
			tab, err := New().Open(context.Background(), file(encoded(t, encoding, decoded)), readers.Settings{Encoding: encoding})
			if err != nil {
				t.Fatalf("%s, moved by %d: %v", encoding, shift, err)
			}
			n := 0
			for row, err := range tab.Rows() {
				if err != nil || row.Problem != nil || row.Cells[1].Text != strings.Repeat(letter, 30) {
					t.Fatalf("%s, moved by %d, row %d: %v %+v", encoding, shift, n, err, row)
				}
				n++
			}
			if n != lines {
				t.Errorf("%s, moved by %d: %d rows of %d", encoding, shift, n, lines)
			}
		}
	}
}

// The encoding of a long file is found by lines from all over it, wherever the pieces begin that it is looked at in.
func TestEncodingOfLongFiles(t *testing.T) {
	for name, line := range map[string]string{
		"gb18030": "北京市朝阳区建国路欧阳靖易碎品请轻放", "big5": "臺北市信義區市府路陳怡君易碎品請輕放", "euc-kr": "서울특별시 강남구 테헤란로 홍길동 연필",
		"shift_jis": "東京都千代田区丸の内山田様りんごジュース", "euc-jp": "東京都千代田区丸の内山田様りんごジュース", "windows-1251": "Санкт-Петербург улица Садовая Гвозди",
	} {
		for shift := range 2 {
			text := strings.Repeat("x", shift+1) + ",b\n" + strings.Repeat("17,"+line+"\n", 5*chunk/(2*len([]rune(line))))
			raw := encoded(t, name, text)
			c, err := decide(context.Background(), file(raw), readers.Settings{})
			if err != nil || c.name != name {
				t.Errorf("%s of %d bytes, moved by %d: found %q, %v", name, len(raw), shift, c.name, err)
			}
		}
	}
}

// A file that an upload has written down to the midst of a character is incomplete, in whatever encoding: it is waited for, and not refused
// for an encoding that nobody knows.
func TestCutWithinACharacter(t *testing.T) {
	for name, line := range map[string]string{
		"gb18030": "1,北京市朝阳区建国路,欧阳靖", "big5": "1,臺北市信義區市府路,陳怡君", "euc-kr": "1,서울특별시 강남구 테헤란로,홍길동", "shift_jis": "1,東京都千代田区丸の内,りんごジュース",
		"euc-jp": "1,東京都千代田区丸の内,りんごジュース", "iso-2022-jp": "1,東京都千代田区丸の内,りんごジュース", "utf-8": "1,北京市朝阳区建国路,欧阳靖", "utf-16le": "1,北京市朝阳区建国路,欧阳靖",
	} {
		whole := encoded(t, name, "id,address,name\r\n"+strings.Repeat(line+"\r\n", 20))
		for at := len(whole) - len(encoded(t, name, line)) - 1; at < len(whole)-1; at++ {
			err := New().Complete(context.Background(), file(whole[:at]), readers.Settings{})
			if u, ok := errors.AsType[*batch.Unreadable](err); err != nil && (!ok || !u.Incomplete) {
				t.Errorf("%s, %d of %d bytes: %v", name, at, len(whole), err)
			}
		}
	}
}

// encoded is text in an encoding, UTF-16 and UTF-32 without a mark.
func encoded(t *testing.T, name, text string) []byte {
	t.Helper()
	switch name {
	case "utf-8":
		return []byte(text)
	case "utf-16le":
		units := utf16.Encode([]rune(text))
		raw := make([]byte, 0, 2*len(units))
		for _, u := range units {
			raw = binary.LittleEndian.AppendUint16(raw, u)
		}
		return raw
	case "utf-32be":
		raw := make([]byte, 0, 4*len(text))
		for _, r := range text {
			raw = binary.BigEndian.AppendUint32(raw, uint32(r))
		}
		return raw
	}
	e, err := charset.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A cancelled context ends the rows.
func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	tab, err := New().Open(ctx, file(plainRows(50_000, false)), readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for _, err := range tab.Rows() {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("read to the end")
}

// FuzzCSV: whatever the bytes are, no panic, each row has its columns' cells, and Complete agrees with reading.
func FuzzCSV(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.csv")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 4096 {
			f.Add(b, "", "", "")
		}
	}
	f.Add([]byte("a^b\n'1'^2\\^"), "^", "'", `\`)
	f.Fuzz(func(t *testing.T, content []byte, delimiter, quote, escape string) {
		s := readers.Settings{Delimiter: delimiter, Quote: quote, Escape: escape, Limits: readers.Limits{Cell: 4096, Columns: 64}}
		_, err := drain(file(content), s)
		if err != nil {
			if u, ok := errors.AsType[*batch.Unreadable](err); !ok || strings.HasPrefix(words.Say(batch.English, u.Message), "csv.") {
				t.Errorf("no refusal in words: %v", err)
			}
		}
		complete := New().Complete(context.Background(), file(content), s)
		if err == nil && complete != nil {
			t.Errorf("read, but called incomplete: %v", complete)
		}
	})
}
