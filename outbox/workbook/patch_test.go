package workbook_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/readers"
	reader "github.com/rowferry/rowferry/readers/workbook"
	"github.com/rowferry/rowferry/readers/workbook/officetest"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
	"github.com/rowferry/rowferry/resultmark"
)

const corpus = "../../../shared/corpus"

// table opens a workbook with our reader.
func table(t testing.TB, path string, s readers.Settings) (readers.Table, error) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return reader.New(xlsx.Container).Open(context.Background(), readers.File{Name: filepath.Base(path), Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}, s)
}

// all reads every row.
func all(t testing.TB, path string, s readers.Settings) (columns []batch.Column, rows []batch.Row, err error) {
	t.Helper()
	tb, err := table(t, path, s)
	if err != nil {
		return nil, nil, err
	}
	defer tb.Close()
	for r, err := range tb.Rows() {
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, batch.Row{Number: r.Number, Cells: slices.Clone(r.Cells)})
	}
	return tb.Columns(), rows, nil
}

// reportOf is the report of a workbook whose rows had every outcome in turn; every third row has a bad first cell and a
// warning at its last.
func reportOf(t testing.TB, path string) (outbox.Report, error) {
	t.Helper()
	tb, err := table(t, path, readers.Settings{})
	if err != nil {
		return outbox.Report{}, err
	}
	where, columns := tb.Layout(), tb.Columns()
	r := outbox.Report{
		File: batch.File{ID: "20261122-101502-7f3a", Name: filepath.Base(path), Route: "r"}, Revision: 2, Account: "a", Operation: "o", Language: batch.Chinese,
		Columns: columns, Source: outbox.Source{Open: from(path), Patchable: true, Sheet: where.Sheet, Header: where.Header},
	}
	n := 0
	for _, err := range tb.Rows() {
		if err != nil {
			return r, err
		}
		r.File.Counts.Read++
		r.File.Counts.Add(batch.Statuses()[n%6], 1)
		n++
	}
	tb.Close()
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			again, err := table(t, path, readers.Settings{})
			if err != nil {
				yield(nil, err)
				return
			}
			defer again.Close()
			n := 0
			for row, err := range again.Rows() {
				if err != nil {
					yield(nil, err)
					return
				}
				line := &outbox.Line{Row: row, Outcome: batch.Outcome{Status: batch.Statuses()[n%6], Code: "1000", Message: fmt.Sprint("row ", row.Number), Attempts: 1, SentAt: at}}
				if n%3 == 2 {
					line.Problems = []batch.Problem{
						{Row: row.Number, Column: columns[0].Name, Cell: fmt.Sprint(columns[0].Ref, row.Number), Text: "bad <value> & more", Fix: "a better one"},
						{Row: row.Number, Column: columns[len(columns)-1].Name, Cell: fmt.Sprint(columns[len(columns)-1].Ref, row.Number), Text: "look at it", Warning: true},
					}
				}
				n++
				if !yield(line, nil) {
					return
				}
			}
		}
	}
	return r, nil
}

// parts gives every part of a zip.
func parts(t testing.TB, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	found := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		found[f.Name] = b
	}
	return found
}

// patched reports whether the result is the sender's own file, and why not.
func patched(t testing.TB, path string) (bool, string) {
	content := parts(t, path)
	if !bytes.Contains(content["xl/workbook.xml"], []byte(`<workbookView xWindow="0" yWindow="0" windowWidth="28000" windowHeight="16000" activeTab="0"/></bookViews>`)) {
		return true, ""
	}
	for _, page := range content {
		if _, why, is := strings.Cut(string(page), "本工作簿是新建的，仅含原文件的值，并非原文件："); is {
			why, _, _ = strings.Cut(why, "<")
			return false, why
		}
	}
	return false, ""
}

// Files that other people wrote come back as they were, with ours added.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("two hundred files and two other programs: make test runs it once more without -short and the race detector")
	}
	manifest, err := os.Open(filepath.Join(corpus, "MANIFEST.tsv"))
	if err != nil {
		t.Fatalf("the corpus must lie beside the repository, at ../shared/corpus: %v", err)
	}
	defer manifest.Close()
	results := map[string]string{} // source → result
	var both []string
	own, fresh := 0, map[string]string{}
	for lines := bufio.NewScanner(manifest); lines.Scan(); {
		f := strings.Split(lines.Text(), "\t")
		if len(f) < 4 || !strings.HasPrefix(f[0], "xlsx/") || f[2] != "must-read" {
			continue
		}
		source := filepath.Join(corpus, f[0])
		t.Run(f[0], func(t *testing.T) {
			r, err := reportOf(t, source)
			if err != nil {
				t.Fatal(err)
			}
			if r.File.Counts.Read == 0 {
				return
			}
			path := write(t, r)
			is, why := patched(t, path)
			if !is {
				fresh[f[0]] = why
				return
			}
			own++
			unchanged(t, source, path, r)
			readAgain(t, source, path, r)
			copied := filepath.Join(shared(t), filepath.Base(source))
			b, _ := os.ReadFile(path)
			if err := os.WriteFile(copied, b, 0o600); err != nil {
				t.Fatal(err)
			}
			results[source] = copied
			both = append(both, source, copied)
		})
	}
	for name, why := range fresh {
		t.Logf("a new workbook for %s: %s", name, why)
	}
	if own < 80 {
		t.Errorf("only %d files were patched", own)
	}
	seen := openpyxl(t, both...)
	for source, result := range results {
		t.Run(filepath.Base(source)+"/openpyxl", func(t *testing.T) { alike(t, seen[source], seen[result]) })
	}
	shown := sheets(t, some(both, seen)...)
	for source, result := range results {
		if shown[source] == nil {
			continue
		}
		t.Run(filepath.Base(source)+"/LibreOffice", func(t *testing.T) { contained(t, shown[source], shown[result]) })
	}
}

// some chooses pairs for LibreOffice, which is slow: what openpyxl cannot read, and every fourth.
func some(pairs []string, known map[string]seen) []string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		if i%8 == 0 || known[pairs[i]].Error != "" {
			out = append(out, pairs[i], pairs[i+1])
		}
	}
	return out
}

// contained checks that every row that LibreOffice shows of the original begins the same row of the result.
func contained(t *testing.T, was, is [][]string) {
	t.Helper()
	if was == nil {
		return
	}
	if is == nil {
		t.Fatal("LibreOffice opened the original but not the result")
	}
	width := 0
	for _, r := range was {
		width = max(width, len(r))
	}
	is = slices.DeleteFunc(is, func(r []string) bool { return strings.Join(r[:min(width, len(r))], "") == "" })
	if len(is) < len(was) {
		t.Fatalf("%d rows became %d", len(was), len(is))
	}
	for i := range was {
		for c, v := range was[i] {
			if v != "" && (c >= len(is[i]) || is[i][c] != v) {
				t.Fatalf("row %d: %q became %q", i+1, was[i], is[i])
			}
		}
	}
}

var sharedDir string

func TestMain(m *testing.M) {
	var err error
	if sharedDir, err = os.MkdirTemp("", "rowferry-results-*"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := officetest.Main(m)
	if err := python.end(); err != nil {
		fmt.Fprintln(os.Stderr, "openpyxl:", err)
		code = max(code, 1)
	}
	os.RemoveAll(sharedDir)
	os.Exit(code)
}

func shared(t testing.TB) string { return sharedDir }

// unchanged compares the parts byte for byte: only those that must change do.
func unchanged(t *testing.T, source, result string, r outbox.Report) {
	t.Helper()
	before, after := parts(t, source), parts(t, result)
	changes := 0
	for name, content := range before {
		got, there := after[name]
		if !there {
			t.Errorf("%s is gone", name)
			continue
		}
		if bytes.Equal(content, got) {
			continue
		}
		changes++
		low := strings.ToLower(name)
		switch {
		case low == "[content_types].xml", strings.HasSuffix(low, ".rels"), strings.HasSuffix(low, "workbook.xml"), strings.HasSuffix(low, "styles.xml"),
			strings.HasPrefix(low, "docprops/"), strings.Contains(low, "comments"), strings.HasSuffix(low, ".vml"), strings.Contains(low, "sheet"):
			last, _ := excelize.ColumnNameToNumber(r.Columns[len(r.Columns)-1].Ref)
			inserted(t, name, content, got, last)
		default:
			t.Errorf("%s has changed", name)
		}
	}
	sheets := 0
	for name := range before {
		if strings.Contains(strings.ToLower(name), "sheet") && !strings.HasSuffix(name, ".rels") && !bytes.Equal(before[name], after[name]) {
			sheets++
		}
	}
	if sheets != 1 {
		t.Errorf("%d sheets have changed", sheets)
	}
}

var (
	pieces  = regexp.MustCompile(`<[^>]*>|[^<]+`)
	changes = regexp.MustCompile(` (s|count|ref|spans|size|data|min|max|xmlns:r)="[^"]*"`)                   // what a box is tied with is bound in the root
	views   = regexp.MustCompile(`(<(?:\w+:)?(?:sheetView|selection)\b[^>]*?) (?:topLeftCell|pane)="[^"]*"`) // the heading is frozen
)

// inserted checks that what was there is still there, in its order: ours were put between, and only numbers that count and
// places that widen are others.
func inserted(t *testing.T, name string, before, after []byte, last int) {
	t.Helper()
	now := pieces.FindAllString(string(after), -1)
	app := strings.HasSuffix(name, "app.xml")
	for _, was := range pieces.FindAllString(string(before), -1) {
		if strings.TrimSpace(was) == "" || app && strings.Trim(was, "0123456789") == "" || emptyCell.MatchString(was) || beyond(was, last) {
			continue
		}
		was = alikeTag(was)
		at := slices.IndexFunc(now, func(s string) bool { return alikeTag(s) == was })
		if at < 0 {
			t.Errorf("%s: %s is gone or has moved", name, was)
			return
		}
		now = now[at+1:]
	}
}

// alikeTag leaves out what may change.
func alikeTag(s string) string {
	s = views.ReplaceAllString(changes.ReplaceAllString(s, ""), "$1")
	if strings.HasSuffix(s, "/>") {
		s = strings.TrimRight(strings.TrimSuffix(s, "/>"), " ") + ">"
	}
	return s
}

var columnsTo = regexp.MustCompile(`^<(?:\w+:)?col .*max="(\d+)"`)

// beyond reports whether a tag sets the width of a column to the right of the sender's table, where ours stand.
func beyond(tag string, last int) bool {
	m := columnsTo.FindStringSubmatch(tag)
	if m == nil {
		return false
	}
	n, _ := strconv.Atoi(m[1])
	return n > last
}

// Cells that are empty and merely formatted make room for ours.
var emptyCell = regexp.MustCompile(`^<c( [rs]="[^"]*")*\s*/>$`)

// readAgain reads the result with our reader: the sender's rows are the same, ours are beside them.
func readAgain(t *testing.T, source, result string, r outbox.Report) {
	t.Helper()
	columns, rows, err := all(t, source, readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	header := fmt.Sprint(r.Source.Header)
	if r.Source.Header == 0 {
		header = "none"
	}
	again, found, err := all(t, result, readers.Settings{Sheet: r.Source.Sheet, Header: header})
	if err != nil {
		t.Fatalf("the result cannot be read: %v", err)
	}
	at := slices.IndexFunc(again, func(c batch.Column) bool { return c.Ref == columns[0].Ref })
	if at < 0 || len(again) < len(columns)+7 {
		t.Fatalf("%d columns became %d", len(columns), len(again))
	}
	if r.Source.Header == 0 && len(found) > len(rows) {
		found = found[1:] // our headings stand over them
	}
	if len(found) != len(rows) {
		t.Fatalf("%d rows became %d", len(rows), len(found))
	}
	for i := range rows {
		if rows[i].Number != found[i].Number {
			t.Fatalf("row %d became %d", rows[i].Number, found[i].Number)
		}
		for c := range rows[i].Cells {
			was, is := rows[i].Cells[c], found[i].Cells[at+c]
			if was.Text != is.Text || was.Kind != is.Kind {
				t.Errorf("%s%d was %q (%d) and is %q (%d)", columns[c].Ref, rows[i].Number, was.Text, was.Kind, is.Text, is.Kind)
			}
		}
		ours := found[i].Cells[len(again)-7:]
		if ours[0].Text != fmt.Sprint(rows[i].Number) || ours[1].Text != resultmark.Word(batch.Chinese, batch.Statuses()[i%6]) || ours[2].Text != "1000" || ours[6].Text != "2026-11-22T10:15:02" {
			t.Errorf("row %d has %v", rows[i].Number, ours)
		}
	}
	if r.Source.Header > 0 {
		for i, c := range resultmark.Columns() {
			if h := again[len(again)-7+i].Name; !strings.HasSuffix(h, c.Heading(batch.Chinese)) {
				t.Errorf("heading %q, want %q", h, c.Heading(batch.Chinese))
			}
		}
	}
}

// alike compares what openpyxl sees: nothing of the sender's is lost or another.
func alike(t *testing.T, was, is seen) {
	t.Helper()
	if was.Error != "" {
		return
	}
	if is.Error != "" {
		t.Fatalf("openpyxl opened the original but not the result: %s", is.Error)
	}
	if !slices.Equal(is.Order[:len(was.Order)], was.Order) || is.Active != was.Active || !slices.Equal(was.Names, is.Names) {
		t.Errorf("sheets %q (%s) became %q (%s)", was.Order, was.Active, is.Order, is.Active)
	}
	marked := 0
	for name, s := range was.Sheets {
		now := is.Sheets[name]
		if read := now.Filter != "" && s.Filter == ""; read { // the sheet that was read is filtered
			s.Filter, now.Frozen = now.Filter, cmp.Or(s.Frozen, now.Frozen)
		}
		s.Frozen = cmp.Or(s.Frozen, now.Frozen)
		if s.State != now.State || s.Frozen != now.Frozen || s.Filter != now.Filter || !slices.Equal(s.Merged, now.Merged) || !slices.Equal(s.Tables, now.Tables) || s.Images != now.Images || s.Validations != now.Validations {
			t.Errorf("%s: %+v became %+v", name, s, now)
		}
		for _, ref := range slices.Sorted(maps.Keys(s.Cells)) {
			c, n := s.Cells[ref], now.Cells[ref]
			if n.Fill != c.Fill || n.Note != c.Note {
				if marked++; !strings.HasPrefix(n.Note, c.Note) || !strings.Contains(n.Note, "bad <value> & more\n") && !strings.Contains(n.Note, "look at it") && c.text() != "" {
					t.Errorf("%s!%s: note %q, fill %q", name, ref, n.Note, n.Fill)
				}
			}
			if c.text() != n.text() && c.text() != "" || c.text() != "" && (c.Format != n.Format || c.Kind != n.Kind || c.Bold != n.Bold) {
				t.Errorf("%s!%s: %q %+v became %q %+v", name, ref, c.text(), c, n.text(), n)
			}
		}
	}
}

// What would lie elsewhere, for whoever unpacks the result, is not copied on from the sender's workbook: neither the part nor its name.
func TestNamesThatClimbAreNotCopiedOn(t *testing.T) {
	for _, name := range []string{"../../etc/cron.d/orders", `..\..\orders.bat`, "xl/../../orders", "C:/orders", "/xl/extra.bin"} {
		source := plainSender(t)
		content, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		was, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range was.File {
			err = errors.Join(err, z.Copy(f))
		}
		w, werr := z.Create(name)
		if err = errors.Join(err, werr); err == nil {
			_, err = w.Write([]byte("x"))
		}
		if err = errors.Join(err, z.Close(), os.WriteFile(source, b.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		result, _ := resultOf(t, source)
		for part, content := range parts(t, result) {
			if !filepath.IsLocal(part) || strings.ContainsAny(part, `\:`) || bytes.Contains(content, []byte("..")) && bytes.Contains(content, []byte("cron.d")) && bytes.Contains(content, []byte("../etc")) {
				t.Errorf("%s: the result has %s", name, part)
			}
		}
	}
}
