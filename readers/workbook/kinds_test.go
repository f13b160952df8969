package workbook_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/readers/readerstest"
	wt "github.com/rowferry/rowferry/readers/workbook/workbooktest"
	"github.com/rowferry/rowferry/words"
)

// samples is where the same three rows lie as every kind of file that people call Excel.
const samples = "../../cmd/rowferry/testdata/excel"

// kinds are the samples by name, with the format that each is.
var kinds = map[string]string{
	"orders.xls": "xls", "orders.xlsb": "xlsb", "orders.ods": "ods", "orders.fods": "ods", "orders-html.xls": "html", "orders-mht.xls": "mht",
	"orders-xml.xls": "xml2003", "orders-text.xls": "csv",
}

func file(name string, content []byte) readers.File {
	return readers.File{Name: name, Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}
}

// rowsOf reads a whole file: a line for each row, with its cells.
func rowsOf(name string, content []byte, s readers.Settings) ([]string, error) {
	f := file(name, content)
	r, err := formats.Of(f)
	if err != nil {
		return nil, err
	}
	t, err := r.Open(context.Background(), f, s)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	var lines []string
	last := 0
	for row, err := range t.Rows() {
		if err != nil {
			return lines, err
		}
		if row.Number <= last || len(row.Cells) != len(t.Columns()) {
			return lines, fmt.Errorf("row %d after %d, %d of %d cells", row.Number, last, len(row.Cells), len(t.Columns()))
		}
		last = row.Number
		line := fmt.Sprint(row.Number)
		for _, c := range row.Cells {
			if (c.Problem != nil) != (c.Kind == batch.Faulty) {
				return lines, fmt.Errorf("row %d: %+v", row.Number, c)
			}
			line += "|" + c.Text
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// hole is a place in a sentence that nothing filled.
var hole = regexp.MustCompile(`\{[a-z_]+\}`)

// sound fails unless err is one for people, complete in every language.
func sound(t *testing.T, err error) {
	t.Helper()
	u, ok := errors.AsType[*batch.Unreadable](err)
	if !ok {
		t.Fatalf("%T %v", err, err)
	}
	for _, l := range batch.Languages() {
		if s := words.Say(l, u.Message); hole.MatchString(s) || strings.HasPrefix(s, "workbook.") || strings.HasPrefix(s, "kind.") {
			t.Errorf("%s: %q", l, s)
		}
	}
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(samples, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// What holds for every kind: it is known by content under any name, gives the same rows, stops when told to, and is either read
// whole or refused, wherever it is cut off or damaged.
func TestEveryKind(t *testing.T) {
	want := []string{"2|3000372|LB0001|客户取消了这票货物", "3|3000373|LB0002|", "4|3000374|00123|Машина сломалась в пути"}
	for name, format := range kinds {
		t.Run(name, func(t *testing.T) {
			content := sample(t, name)
			under := "orders.dat"
			if format == "csv" {
				under = name
			}
			r, err := formats.Of(file(under, content))
			if err != nil || r.Traits().Name != format {
				t.Fatalf("%v %v", r, err)
			}
			got, err := rowsOf(under, content, readers.Settings{})
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%v: %q", err, got)
			}
			if err := r.Complete(t.Context(), file(under, content), readers.Settings{}); err != nil {
				t.Error(err)
			}
			stops(t, r, file(under, content))
			cuts(t, under, format, content, want)
			damages(t, under, content)
		})
	}
}

// stops: a consumer may stop, close, or cancel.
func stops(t *testing.T, r readers.Reader, f readers.File) {
	tb, err := r.Open(t.Context(), f, readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for range tb.Rows() {
		break
	}
	if err := errors.Join(tb.Close(), tb.Close()); err != nil {
		t.Error(err)
	}
	for _, err := range tb.Rows() {
		if err == nil && r.Traits().Name != "csv" {
			t.Error("rows after Close")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Open(ctx, f, readers.Settings{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// cuts: what is cut off is never read in part. Text may end anywhere between two lines.
func cuts(t *testing.T, name, format string, content []byte, want []string) {
	for i := range 60 {
		n := len(content) * i / 60
		got, err := rowsOf(name, content[:n], readers.Settings{})
		switch {
		case err != nil:
			sound(t, err)
		case format != "csv" && !slices.Equal(got, want):
			t.Errorf("of %d bytes %d were read as %q", len(content), n, got)
		}
	}
}

// damages: small injuries anywhere end in rows or in a refusal, soon.
func damages(t *testing.T, name string, content []byte) {
	defer readerstest.Start().Check(t)
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 400 {
		b := bytes.Clone(content)
		for range 1 + rnd.IntN(4) {
			i := rnd.IntN(len(b) - 8)
			switch rnd.IntN(4) {
			case 0:
				b[i] = byte(rnd.IntN(256))
			case 1:
				b = slices.Delete(b, i, i+1+rnd.IntN(7))
			case 2:
				copy(b[i:], []byte{0xff, 0xff, 0xff, 0xff}[:1+rnd.IntN(4)])
			default:
				j := rnd.IntN(len(b) - 8)
				copy(b[i:], b[j:j+8])
			}
		}
		if _, err := rowsOf(name, b, readers.Settings{}); err != nil {
			sound(t, err)
		}
	}
}

// zipped are the kinds whose parts are fuzzed inside a sound zip too, which bytes that vary at random never are.
var zipped = []string{"orders.xlsb", "orders.ods"}

// FuzzKinds reads whatever the bytes are said to be by their content. What begins with the name of a sample and of a part of it, each
// with a NUL behind, is that part of it.
func FuzzKinds(f *testing.F) {
	for name := range kinds {
		f.Add(sample(f, name))
	}
	for _, name := range zipped {
		for part, content := range partsOf(f, sample(f, name)) {
			if strings.HasSuffix(part, ".bin") || part == "content.xml" || part == "styles.xml" {
				f.Add([]byte(name + "\x00" + part + "\x00" + content))
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if name, rest, found := bytes.Cut(content, []byte{0}); found && slices.Contains(zipped, string(name)) {
			part, varied, _ := bytes.Cut(rest, []byte{0})
			content = withPart(t, sample(t, string(name)), string(part), varied)
		}
		_, err := rowsOf("x.xls", content, readers.Settings{Limits: readers.Limits{Bytes: 8 << 20, Cell: 1 << 16}})
		if err != nil {
			sound(t, err)
		}
	})
}

// What a page says beside its cells is no part of them: comments as LibreOffice and as Excel write them, scripts. A page whose letters
// nobody decodes is refused.
func TestPages(t *testing.T) {
	for what, cell := range map[string]string{
		"a comment of LibreOffice": "<a class=\"comment-indicator\"></a>\n\t\t<comment>Column Weight, cell F9:<br>\"abc\" must be a number</comment>\n<font>2.5</font>",
		"a comment of Excel":       `2.5<![if !supportAnnotations]><span class=msocomspan1><span class=msocomspan2><a class=msocomhyperlink href="#_msocom_1">[1]</a></span></span><![endif]>`,
		"a script":                 "<script>x = 1</script>2.5",
	} {
		got, err := rowsOf("orders.xls", []byte("<html><table><tr><th>id</th><th>weight</th></tr><tr><td>A-1</td><td>"+cell+"</td></tr><tr><td>A-2</td><td>3</td></tr></table></html>"), readers.Settings{})
		if err != nil || !slices.Equal(got, []string{"2|A-1|2.5", "3|A-2|3"}) {
			t.Errorf("%s: %v %q", what, err, got)
		}
	}
	_, err := rowsOf("orders.xls", []byte("<html><meta charset=iso-2022-jp><table><tr><th>id</th></tr><tr><td>\x1b$BItIJ\x1b(B</td></tr></table>"), readers.Settings{})
	sound(t, err)
}

// A page that is written down to the midst of a character is incomplete, and not refused for its letters.
func TestCutPages(t *testing.T) {
	const rows = "<html><table><tr><th>编号</th><th>城市</th></tr><tr><td>订单一</td><td>北京市朝阳区</td></tr><tr><td>订单二</td><td>上海市浦东新区</td></tr></table></html>"
	for name, sheet := range map[string]string{
		"utf-8": rows, "gb18030": rows, "utf-16le": rows,
		"utf-8, xml": `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table><Row><Cell><Data>编号</Data></Cell></Row><Row><Cell><Data>订单一</Data></Cell></Row></Table></Worksheet></Workbook>`,
	} {
		whole := []byte(sheet)
		switch name {
		case "gb18030":
			whole, _ = simplifiedchinese.GBK.NewEncoder().Bytes(whole)
		case "utf-16le":
			whole, _ = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(whole)
		}
		for n := len(whole) * 2 / 3; n < len(whole)*8/9; n++ {
			f := file("orders.xls", whole[:n])
			r, err := formats.Of(f)
			if err == nil {
				err = r.Complete(t.Context(), f, readers.Settings{})
			}
			if u, ok := errors.AsType[*batch.Unreadable](err); !ok || !u.Incomplete {
				t.Errorf("%s, %d of %d bytes: %v", name, n, len(whole), err)
			}
		}
		if _, err := rowsOf("orders.xls", whole, readers.Settings{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the route says of the encoding goes before what the file says wrongly or not at all, and never garbles text that is plainly
// another one.
func TestEncodingSetting(t *testing.T) {
	const id, name = "\xea\xee\xe4", "\xdf\xd8\xd9" // "код" and "ЯШЩ" in windows-1251: too few letters to tell by
	narrow := func(row, column int, text string) []byte {
		return wt.Record(0x04, wt.U16(row, column), []byte{0, 0, 0, byte(len(text))}, []byte(text))
	}
	bare := func(codePage int) []byte {
		return slices.Concat(wt.Record(0x09, wt.U16(2, 0x10)), wt.Record(0x42, wt.U16(codePage)),
			narrow(0, 0, id), narrow(0, 1, "n"), narrow(1, 0, name), narrow(1, 1, "x"), wt.End)
	}
	markup := func(head, cells string) []byte { return []byte(head + cells) }
	table := "<table><tr><th>%s</th><th>n</th></tr><tr><td>%s</td><td>x</td></tr></table>"
	sheet := `<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="A"><Table>` +
		`<Row><Cell><Data ss:Type="String">%s</Data></Cell><Cell><Data ss:Type="String">n</Data></Cell></Row><Row><Cell><Data ss:Type="String">%s</Data></Cell><Cell><Data ss:Type="String">x</Data></Cell></Row></Table></Worksheet></Workbook>`
	for what, c := range map[string]struct {
		content  []byte
		encoding string
	}{
		"html that says nothing":       {markup("", fmt.Sprintf(table, id, name)), "windows-1251"},
		"html that says it wrongly":    {markup("<meta charset=iso-8859-1>", fmt.Sprintf(table, id, name)), "cp1251"},
		"html in UTF-8":                {markup("", fmt.Sprintf(table, "код", "ЯШЩ")), "windows-1251"},
		"html with its right encoding": {markup("<meta charset=windows-1251>", fmt.Sprintf(table, id, name)), "utf-8"},
		"xml 2003":                     {markup("<?xml version='1.0'?>", fmt.Sprintf(sheet, id, name)), "windows-1251"},
		"xls with another code page":   {bare(1252), "windows-1251"},
		"xls in a page nobody knows":   {bare(4711), "CP1251"},
		"xls with its right code page": {bare(1251), "utf-8"},
	} {
		got, err := rowsOf("orders.xls", c.content, readers.Settings{Encoding: c.encoding, Header: "1"})
		if err != nil || !slices.Equal(got, []string{"2|ЯШЩ|x"}) {
			t.Errorf("%s: %v %q", what, err, got)
		}
	}
	_, err := rowsOf("orders.xls", bare(4711), readers.Settings{})
	sound(t, err)
}

// partsOf are the files of a zip.
func partsOf(t testing.TB, content []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, e := range z.File {
		r, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		parts[e.Name] = string(b)
	}
	return parts
}

// withPart is a zip with other content in one of its files.
func withPart(t testing.TB, content []byte, part string, varied []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, is := range partsOf(t, content) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name})
		if name == part {
			is = string(varied)
		}
		if err == nil {
			_, err = io.WriteString(w, is)
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
