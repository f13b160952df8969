package formats

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

// hole is a place in a sentence that nothing filled.
var hole = regexp.MustCompile(`\{[a-z_]+\}`)

// knows wants columns of these names.
type knows []string

func (k knows) Fit(columns []batch.Column) batch.Fit {
	fit := batch.Fit{Fields: make([]string, len(columns))}
	for i, c := range columns {
		if slices.Contains(k, c.Name) {
			fit.Fields[i] = c.Name
		}
	}
	fit.Enough = fit.Known() == len(k)
	return fit
}

// zipped is an archive of names and contents; method "" is Deflate.
func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: zip.Deflate, NonUTF8: true})
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
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

// An archive gives the table that the route wants, under whatever names systems put beside it, and leaves no file behind.
func TestUnzip(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	orders, others, pdf := "id,name\n1,a\n", "code,price\n7,9\n", "%PDF-1.7\n"
	book, err := os.ReadFile("../../cmd/rowferry/testdata/excel/orders.xls")
	if err != nil {
		t.Fatal(err)
	}
	bomb := zipped(t, "orders.csv", "id,name\n"+strings.Repeat("1,a\n", 5<<20))
	damaged := zipped(t, "orders.csv", strings.Repeat(orders, 100))
	damaged[60]++
	many := []string{}
	for range 101 {
		many = append(many, strings.Repeat("x", len(many)+1)+".csv", orders)
	}
	locked := zipped(t, "orders.csv", orders)
	for _, mark := range []string{"PK\x01\x02", "PK\x03\x04"} {
		at := bytes.Index(locked, []byte(mark)) + 6
		if mark == "PK\x01\x02" {
			at += 2
		}
		locked[at] |= 1
	}
	for what, c := range map[string]struct {
		archive []byte
		want    string // the member, or the key of why not
		left    int
	}{
		"one":                         {zipped(t, "orders.csv", orders), "orders.csv", 0},
		"in a folder, beside rubbish": {zipped(t, "out/", "", "out/orders.csv", orders, "__MACOSX/out/._orders.csv", "\x00\x05", ".DS_Store", "x", "out/Thumbs.db", "x"), "out/orders.csv", 0},
		"a name in GBK":               {zipped(t, "\xb6\xa9\xb5\xa5\xc3\xf7\xcf\xb8\xb1\xed.xls", string(book)), "订单明细表.xls", 0},
		"beside documents":            {zipped(t, "readme.txt", "Dear all,\nhere you are.\n", "orders.csv", orders, "invoice.pdf", pdf), "orders.csv", 2},
		"of several the one":          {zipped(t, "prices.csv", others, "orders.csv", orders), "orders.csv", 1},
		"two":                         {zipped(t, "a.csv", orders, "b.csv", orders), "archive.several", 0},
		"no table":                    {zipped(t, "a.pdf", pdf, "b.pdf", pdf), "archive.no_table", 0},
		"a document":                  {zipped(t, "invoice.pdf", pdf), "kind.pdf", 0},
		"an archive in it":            {zipped(t, "in.zip", string(zipped(t, "orders.csv", orders))), "archive.nested", 0},
		"bomb":                        {bomb, "archive.too_big", 0},
		"damaged":                     {damaged, "archive.damaged", 0},
		"locked":                      {locked, "archive.locked", 0},
		"many":                        {zipped(t, many...), "archive.members", 0},
	} {
		f := readers.File{Name: "orders.zip", Size: int64(len(c.archive)), ReaderAt: bytes.NewReader(c.archive)}
		u, err := Unzip(t.Context(), f, readers.Settings{Unzip: true, Wants: knows{"id", "name"}})
		refused, _ := errors.AsType[*batch.Unreadable](err)
		var got string
		switch {
		case refused != nil:
			got = refused.Message.Key
			for _, l := range batch.Languages() {
				if s := words.Say(l, refused.Message); hole.MatchString(s) {
					t.Errorf("%s: %q", what, s)
				}
			}
		case err != nil:
			t.Errorf("%s: %v", what, err)
			continue
		default:
			got = u.Member
			if _, err := Of(u.File); err != nil || (len(u.Notes) > 0) != (c.left > 0) || c.left > 0 && u.Notes[0].Count != c.left {
				t.Errorf("%s: %v %v", what, err, u.Notes)
			}
			if err := u.Close(); err != nil {
				t.Error(err)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s (%v)", what, got, c.want, err)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	two := zipped(t, "in/a-1.csv", orders, "in/b-2.csv", orders, "c.csv", others)
	for member, want := range map[string]string{"": "archive.several", "first": "in/a-1.csv", "B-*.csv": "in/b-2.csv", "in/?-2.csv": "in/b-2.csv", "c.csv": "c.csv", "in/b-2.csv": "in/b-2.csv", "d*": "archive.no_member", "*-?.csv": "archive.several"} {
		u, err := Unzip(t.Context(), readers.File{Size: int64(len(two)), ReaderAt: bytes.NewReader(two)}, readers.Settings{Unzip: true, Member: member, Wants: knows{"id", "name"}})
		if refused, ok := errors.AsType[*batch.Unreadable](err); ok {
			if refused.Message.Key != want {
				t.Errorf("member %q: %v, want %s", member, refused.Message, want)
			}
		} else if err != nil || u.Member != want {
			t.Errorf("member %q: %v, %v, want %s", member, u, err, want)
		} else if err := u.Close(); err != nil {
			t.Error(err)
		}
	}
	f := readers.File{Name: "orders.zip", Size: int64(len(bomb)), ReaderAt: bytes.NewReader(bomb)}
	if u, err := Unzip(t.Context(), f, readers.Settings{}); u != nil || err != nil {
		t.Errorf("unasked: %v %v", u, err)
	}
}

// Names in an archive are only shown: what would climb, begins at a root, or steers a terminal is not in them.
func TestNamesInAnArchive(t *testing.T) {
	for name, want := range map[string]string{
		"../../etc/cron.d/orders.csv": "etc/cron.d/orders.csv", "/etc/orders.csv": "etc/orders.csv", `..\..\orders.csv`: "orders.csv", `C:\in\orders.csv`: "in/orders.csv",
		"in/../../orders.csv": "orders.csv", "./a/./orders.csv": "a/orders.csv", "a\x1b[2Jb.csv": "a_[2Jb.csv", "a\u202evsc.csv": "a_vsc.csv", "订单/orders.csv": "订单/orders.csv", "//server/share/o.csv": "server/share/o.csv",
	} {
		content := zipped(t, name, "id,name\n1,a\n")
		u, err := Unzip(t.Context(), readers.File{Name: "a.zip", Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}, readers.Settings{Unzip: true})
		if err != nil || u == nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if u.Member != want || u.Name != want[strings.LastIndexByte(want, '/')+1:] {
			t.Errorf("%q is called %q and %q, want %q", name, u.Member, u.Name, want)
		}
		again, err := Unzip(t.Context(), readers.File{Name: "a.zip", Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}, readers.Settings{Unzip: true, Member: u.Member})
		if err != nil || again == nil {
			t.Errorf("%q is not found again: %v", name, err)
			continue
		}
		if err := errors.Join(u.Close(), again.Close()); err != nil {
			t.Error(err)
		}
	}
}
