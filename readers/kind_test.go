package readers_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/words"
)

func kind(name string, content []byte) (string, error) {
	r, err := formats.Of(readers.File{Name: name, Size: int64(len(content)), ReaderAt: bytes.NewReader(content)})
	if err != nil {
		return "", err
	}
	return r.Traits().Name, nil
}

func archive(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(parts[i+1]))
	}
	z.Close()
	return b.Bytes()
}

func wide(s string, big bool) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

// hole is a place in a sentence that nothing filled.
var hole = regexp.MustCompile(`\{[a-z_]+\}`)

func TestKindOf(t *testing.T) {
	book := archive(t, "[Content_Types].xml", "<Types/>", "xl/workbook.xml", "<workbook/>")
	for name, c := range map[string]struct {
		content []byte
		want    string // a kind, or the key of the refusal
	}{
		"csv":                    {[]byte("id;name\n1;a\n"), "csv"},
		"csv in GB18030":         {[]byte("\xb1\xe0\xba\xc5,\xc3\xfb\xb3\xc6\n1,2\n"), "csv"},
		"csv in UTF-16":          {append([]byte{0xff, 0xfe}, wide("id,name\n", false)...), "csv"},
		"csv in UTF-16, no mark": {wide("id,name\n1,abc\n", true), "csv"},
		"csv with brackets":      {[]byte("<TICKER>,<DATE>\nA,1\n"), "csv"},
		"csv like SYLK":          {[]byte("ID;Price;Phone\r\n1;5;7\r\n"), "csv"},
		"csv like SYLK, one row": {[]byte("ID;PLZ\n"), "csv"},
		"SYLK":                   {[]byte("ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K\"id\"\r\nE\r\n"), "kind.document"},
		"csv that begins with <": {[]byte("<5 kg;yes\n"), "csv"},
		"xml":                    {[]byte("\xef\xbb\xbf\n <?xml version=\"1.0\"?><orders/>"), "xml"},
		"xml without head":       {[]byte("<orders><order/></orders>"), "xml"},
		"xml in UTF-16":          {append([]byte{0xfe, 0xff}, wide("<?xml version=\"1.0\"?><a/>", true)...), "xml"},
		"xml in UTF-16, no mark": {wide("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", false), "xml"},
		"xml with a doctype":     {[]byte("<!DOCTYPE a><a/>"), "xml"},
		"xlsx":                   {book, "xlsx"},
		"xlsx cut":               {book[:len(book)-5], "kind.truncated"},
		"empty":                  {nil, "kind.empty"},
		"zeros":                  {make([]byte, 100), "kind.zeros"},
		"ods":                    {archive(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", ""), "ods"},
		"odt":                    {archive(t, "mimetype", "application/vnd.oasis.opendocument.text"), "kind.document"},
		"docx":                   {archive(t, "[Content_Types].xml", "<Types/>", "word/document.xml", ""), "kind.document"},
		"numbers":                {archive(t, "Index/Document.iwa", ""), "kind.numbers"},
		"xlsb":                   {archive(t, "xl/workbook.bin", ""), "xlsb"},
		"zip":                    {archive(t, "orders.csv", "a,b"), "kind.zip"},
		"empty zip":              {archive(t), "kind.zip_empty"},
		"html":                   {[]byte("\n<HTML><table><tr><td>1"), "html"},
		"html with xml head":     {[]byte("<?xml version=\"1.0\"?><!DOCTYPE html><html>"), "html"},
		"html table":             {[]byte("<table border=1>"), "html"},
		"web archive":            {[]byte("MIME-Version: 1.0\nContent-Type: multipart/related"), "mht"},
		"saved by a browser":     {[]byte("From: <Saved by Blink>\r\nSubject: =?utf-8?Q?a?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\tboundary=\"b\"\r\n\r\n"), "mht"},
		"a column with a colon":  {[]byte("to: x,from: y\n1,2\n"), "csv"},
		"excel 2003":             {[]byte("<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?><Workbook>"), "xml2003"},
		"pdf":                    {[]byte("%PDF-1.7\n"), "kind.pdf"},
		"rtf":                    {[]byte("{\\rtf1\\ansi"), "kind.document"},
		"png":                    {[]byte("\x89PNG\r\n\x1a\n\x00\x00"), "kind.image"},
		"gzip":                   {[]byte("\x1f\x8b\x08\x00\x00"), "kind.archive"},
		"rar":                    {[]byte("Rar!\x1a\x07\x01\x00"), "kind.archive"},
		"7z":                     {[]byte("7z\xbc\xaf\x27\x1c\x00\x04"), "kind.archive"},
		"noise":                  {bytes.Repeat([]byte{1, 2, 3, 4, 'a', 5, 200, 6}, 50), "kind.binary"},
		"biff":                   {[]byte("\x09\x04\x06\x00\x00\x00\x10\x00"), "xls"},
		"broken ole":             {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), bytes.Repeat([]byte{0xff}, 600)...), "kind.ole_damaged"},
	} {
		got, err := kind("orders.dat", c.content)
		if u, ok := errors.AsType[*batch.Unreadable](err); ok {
			got = u.Message.Key
			for _, l := range batch.Languages() {
				if s := words.Say(l, u.Message); hole.MatchString(s) || strings.HasPrefix(s, "kind.") {
					t.Errorf("%s: %q", name, s)
				}
			}
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	for text, want := range map[string]string{
		"a,b\n1,2\n": "csv", "id\tname\r\n1\tx\r\n": "csv", "<orders><order/></orders>": "xml", "Attachment orders.xls not found!": "", "id\n1\n2\n": "",
		"Dear all,\nplease find the list below.\nRegards\n": "",
	} {
		if got, err := kind("orders.xls", []byte(text)); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %s %v", text, got, err)
		}
		if _, err := kind("orders.xlsx", []byte(text)); err == nil {
			t.Errorf("%q under the name of a workbook", text)
		}
	}
	if got, err := kind("orders.csv", book); got != "xlsx" || err != nil {
		t.Errorf("a workbook under the name of a csv: %s %v", got, err)
	}
}

// Every CSV and XML file of the corpus goes to its reader, whatever else may be wrong with it.
func TestKindOfCorpus(t *testing.T) {
	for _, folder := range []string{"csv", "xml"} {
		files, err := filepath.Glob("../../shared/corpus/" + folder + "/*." + folder)
		if err != nil || len(files) == 0 {
			t.Fatalf("the corpus must lie beside the repository, at ../shared/corpus: %v", err)
		}
		for _, path := range files {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := kind(filepath.Base(path), content)
			if got != folder {
				t.Errorf("%s: %q %v", filepath.Base(path), got, err)
			}
		}
	}
}
