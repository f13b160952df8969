package workbook_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/workbook"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/resultmark"
)

// report has lines of text cells; the columns are called by letters.
func report(columns []string, lines ...outbox.Line) outbox.Report {
	r := outbox.Report{
		File: batch.File{ID: "20261122-101502-7f3a", Name: "orders.csv", Route: "ship-points"}, Revision: 1, Account: "otms", Operation: "shipPointRemove",
		Language: batch.English,
		Lines: func() iter.Seq2[*outbox.Line, error] {
			return func(yield func(*outbox.Line, error) bool) {
				for i := range lines {
					if !yield(&lines[i], nil) {
						return
					}
				}
			}
		},
	}
	for i, c := range columns {
		name, _ := excelize.ColumnNumberToName(i + 1)
		r.Columns = append(r.Columns, batch.Column{Name: c, Ref: name})
	}
	for _, l := range lines {
		r.File.Counts.Read++
		r.File.Counts.Add(l.Outcome.Status, 1)
	}
	return r
}

func row(number int, cells ...string) *batch.Row {
	r := &batch.Row{Number: number}
	for _, c := range cells {
		r.Cells = append(r.Cells, batch.Cell{Text: c, Kind: batch.String})
	}
	return r
}

// from opens the file at a path, as often as a result asks for it.
func from(path string) func() (batch.Original, error) {
	return func() (batch.Original, error) { return local.Original(path) }
}

// write gives the path of the result, in which Excel finds nothing to repair.
func write(t testing.TB, r outbox.Report) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "result.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := workbook.New().Write(t.Context(), f, r); err != nil {
		t.Fatal(err)
	}
	repairs(t, r.Source, path)
	return path
}

var at = time.Date(2026, 11, 22, 18, 15, 2, 999, time.FixedZone("CST", 8*3600))

const odd = " lead & <tag> \"q\" _x000D_ tab\tbell\x07 cr\r\nend \ufffe "

func everyOutcome() outbox.Report {
	r := report([]string{"单号", "Номер, заказа", "", "=note", "status"},
		outbox.Line{Row: row(2, "007", "12345678901234567890", "x", "=1+1", "ok"), Outcome: batch.Outcome{Status: batch.Delivered, Code: "1000", Message: "Accepted.", Reference: "0009", Attempts: 1, SentAt: at}},
		outbox.Line{Row: row(3, "-5", "2026-01-02", "@home", "a\nb", "say \"hi\""), Outcome: batch.Outcome{Status: batch.Rejected, Code: "1045", Message: "=cmd|' /C calc'!A0", Attempts: 2, SentAt: at}},
		outbox.Line{Row: row(4, "", "1e5", odd, "TRUE", "long"), Outcome: batch.Outcome{Status: batch.Invalid, Code: "required"},
			Problems: []batch.Problem{
				{Row: 4, Column: "单号", Cell: "A4", Code: "required", Text: "A4: 单号 is empty. Write the number of the order.", Fix: "the number of the order"},
				{Row: 4, Column: "status", Cell: "E4", Text: "E4: \"long\" is none of the known words.", Fix: "ok"},
				{Row: 4, Column: "status", Cell: "E4", Text: "E4: too long."},
			}},
		outbox.Line{Row: row(5, "1", "2", "3", "4", "5"), Outcome: batch.Outcome{Status: batch.Failed, Message: "No answer for 24h."},
			Problems: []batch.Problem{{Row: 5, Column: "Номер, заказа", Text: "Unusual.", Warning: true}}},
		outbox.Line{Row: row(6, "1", "2", "3", "4", "5"), Outcome: batch.Outcome{Status: batch.Unknown, Message: "The connection broke.", Attempts: 1, SentAt: at}},
		outbox.Line{Row: row(8, "1", "2", "3", "4", "5"), Outcome: batch.Outcome{Status: batch.Skipped, Message: "Its group has an invalid row."}},
	)
	r.Codes = map[string]batch.Text{"1000": {EN: "Success"}, "1045": {EN: "No such ship point"}}
	r.Notes = []batch.Note{{Row: 7, Count: 1, Message: batch.Message{Text: batch.Text{EN: "Blank rows were passed over: 1."}}}}
	r.Unused = []string{"=note"}
	r.File.TakenAt, r.Started, r.Finished = at, at, at.Add(time.Minute)
	return r
}

func TestNewWorkbook(t *testing.T) {
	path := write(t, everyOutcome())
	got := openpyxl(t, path)[path]
	if got.Error != "" {
		t.Fatal(got.Error)
	}
	if want := []string{"Result", "Summary", "_rowferry"}; fmt.Sprint(got.Order) != fmt.Sprint(want) {
		t.Errorf("sheets %q, want %q", got.Order, want)
	}
	s := got.Sheets["Result"]
	if s.Frozen != "A2" || s.Filter != "A1:L7" {
		t.Errorf("frozen at %q, filter %q", s.Frozen, s.Filter)
	}
	for ref, want := range map[string]string{
		"A1": "单号", "D1": "=note", "F1": "Result: row", "G1": "Result: status", "L1": "Result: sent at (UTC)",
		"A2": "007", "B2": "12345678901234567890", "D2": "=1+1", "F2": "2", "G2": "delivered", "H2": "1000", "J2": "0009", "K2": "1", "L2": "2026-11-22 10:15:02",
		"I3": "=cmd|' /C calc'!A0", "D3": "a\nb", "G4": "invalid", "F7": "8", "G7": "skipped",
	} {
		if c := s.Cells[ref]; c.text() != want || c.Kind == "f" {
			t.Errorf("%s is %q (%s), want the text %q", ref, c.text(), c.Kind, want)
		}
	}
	fills := map[string]bool{}
	for r := 2; r <= 7; r++ {
		fills[s.Cells[fmt.Sprint("G", r)].Fill] = true
	}
	if len(fills) != 6 || fills[""] {
		t.Errorf("colours of the outcomes: %v", fills)
	}
	for ref, want := range map[string]string{
		"A4": "A4: 单号 is empty. Write the number of the order.", "E4": "E4: \"long\" is none of the known words.\nWrite: ok\n\nE4: too long.", "B5": "Unusual.",
	} {
		if c := s.Cells[ref]; c.Note != want+"\u200b" || c.Fill == "" {
			t.Errorf("%s has the note %q and the fill %q", ref, c.Note, c.Fill)
		}
	}
	if s.Cells["A4"].Fill == s.Cells["B5"].Fill {
		t.Error("a warning looks like a mistake")
	}
	summary := map[string]seenCell{}
	for _, c := range got.Sheets["Summary"].Cells {
		summary[c.text()] = c
	}
	for _, want := range []string{"Row 3", "Row 4", "Row 5", "Row 6", "Success", "No such ship point", "A value that must be there is missing."} {
		if _, is := summary[want]; !is {
			t.Errorf("the summary does not say %q", want)
		}
	}
	if _, is := summary["Row 2"]; is {
		t.Error("a delivered row is listed with those that need a person")
	}
	links := string(part(t, path, "xl/worksheets/sheet2.xml"))
	for _, want := range []string{`location="'Result'!F3"`, `location="'Result'!F6"`} {
		if !strings.Contains(links, want) {
			t.Errorf("no link %s", want)
		}
	}
	if state := got.Sheets[resultmark.Sheet].State; state != "veryHidden" {
		t.Errorf("the sheet of marks is %q", state)
	}
}

// excelize resolves the escapes of control characters, as Excel does.
func TestTextsComeBackAsTheyWere(t *testing.T) {
	long := strings.Repeat("я", 40_000)
	r := everyOutcome()
	cell := batch.Cell{Text: long}
	lines := r.Lines
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			for l, err := range lines() {
				if l.Row.Number == 8 {
					copied := *l
					copied.Row = &batch.Row{Number: 8, Cells: append(append([]batch.Cell{}, l.Row.Cells[:4]...), cell)}
					l = &copied
				}
				if !yield(l, err) {
					return
				}
			}
		}
	}
	f, err := excelize.OpenFile(write(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Result")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rows[3][2], odd; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := []rune(rows[6][4]); len(got) != 32_767 || string(got[32_765:]) != "я…" {
		t.Errorf("a long text has %d characters", len(got))
	}
	comments, err := f.GetComments("Result")
	if err != nil || len(comments) != 4 {
		t.Fatalf("%d notes, %v", len(comments), err)
	}
	if c := comments[3]; c.Cell != "E7" || len(c.Paragraph) != 1 || !strings.Contains(c.Paragraph[0].Text, "40000") || c.Author != resultmark.Author {
		t.Errorf("the note of a cut text: %+v", c)
	}
	summary := text(t, f, "Summary")
	for _, want := range []string{
		"What became of orders.csv", "rows read 6 = 1 delivered + 1 rejected + 1 invalid + 1 failed + 1 unknown + 1 skipped", "20261122-101502-7f3a",
		"1045|rejected|1|No such ship point", "Row 7: Blank rows were passed over: 1.", "=note", "Texts longer than a cell can hold were cut: 1",
	} {
		if !strings.Contains(summary, want) {
			t.Errorf("%q is missing in\n%s", want, summary)
		}
	}
}

// text is a sheet as text.
func text(t *testing.T, f *excelize.File, sheet string) string {
	t.Helper()
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(strings.Join(r, "|") + "\n")
	}
	return b.String()
}

func TestMarks(t *testing.T) {
	r := everyOutcome()
	r.Revision = 3
	path := write(t, r)
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(resultmark.Sheet)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(rows[0]); got != "[rowferry 1 20261122-101502-7f3a 3 Result 1 F Summary texts]" {
		t.Errorf("%s", got)
	}
	if rows[1][1] != "Номер, заказа" || len(rows) != 2 {
		t.Errorf("%q, %d rows", rows[1], len(rows))
	}
	custom := string(part(t, path, "docProps/custom.xml"))
	for _, want := range []string{`name="rowferry.file"><vt:lpwstr`, `>20261122-101502-7f3a</vt:lpwstr>`, `name="rowferry.revision"><vt:lpwstr`, `>3</vt:lpwstr>`} {
		if !strings.Contains(custom, want) {
			t.Errorf("%s is missing in %s", want, custom)
		}
	}
}

func part(t testing.TB, path, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLibreOfficeShowsTheNewWorkbook(t *testing.T) {
	paths := map[batch.Language]string{}
	for _, l := range batch.Languages() {
		r := everyOutcome()
		r.Language = l
		paths[l] = write(t, r)
	}
	shown := sheets(t, slices.Collect(maps.Values(paths))...)
	for l, path := range paths {
		rows := shown[path]
		if len(rows) != 7 || rows[1][0] != "007" || rows[1][1] != "12345678901234567890" || rows[1][6] != resultmark.Word(l, batch.Delivered) || rows[1][11] != "2026-11-22 10:15:02" {
			t.Fatalf("%s: %q", l, rows)
		}
		if rows[0][6] != resultmark.Status.Heading(l) {
			t.Errorf("%s: %q", l, rows[0])
		}
	}
}

func TestTheSameReportGivesTheSameBytes(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := workbook.New().Write(t.Context(), w, everyOutcome()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("they differ")
	}
}

func TestNothingIsWrittenWhereSomethingIsWrong(t *testing.T) {
	boom := errors.New("boom")
	broken := everyOutcome()
	broken.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) { yield(nil, boom) }
	}
	lost := everyOutcome()
	lost.File.Counts.Read++
	open := report([]string{"a"}, outbox.Line{Row: row(2, "x")})
	for name, r := range map[string]outbox.Report{"the lines break off": broken, "a row is lost": lost, "a row has no outcome": open} {
		var out bytes.Buffer
		if err := workbook.New().Write(t.Context(), &out, r); err == nil || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := workbook.New().Write(ctx, io.Discard, many(3000, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPreviewSaysWhatWouldHappen(t *testing.T) {
	r := report([]string{"a"}, outbox.Line{Row: row(2, "x"), Outcome: batch.Outcome{Status: batch.Delivered}}, outbox.Line{Row: row(3, ""), Outcome: batch.Outcome{Status: batch.Invalid}})
	r.Preview = true
	f, err := excelize.OpenFile(write(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := text(t, f, "Result"); !strings.Contains(got, "x|2|would be sent") || !strings.Contains(got, "|3|invalid") {
		t.Error(got)
	}
	if got := text(t, f, "Summary"); !strings.Contains(got, "rows read 2 = 1 would be sent + 1 invalid + 0 skipped; nothing was sent") || !strings.Contains(got, "would be sent|1|") {
		t.Error(got)
	}
}

// many is a report of n rows.
func many(n, columns int) outbox.Report {
	var names, values []string
	for i := range columns {
		names, values = append(names, fmt.Sprintf("heading %d", i)), append(values, fmt.Sprintf("value %d 上海", i))
	}
	r := report(names)
	r.File.Counts = batch.Counts{Read: n, Delivered: n}
	line := outbox.Line{Row: row(2, values...), Outcome: batch.Outcome{Status: batch.Delivered, Code: "1", Message: "Accepted.", Attempts: 1, SentAt: at}}
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			for i := range n {
				line.Row.Number = i + 2
				if !yield(&line, nil) {
					return
				}
			}
		}
	}
	return r
}

// What is more than a sheet holds goes on in further sheets, with its marks and notes.
func TestMoreRowsThanASheetHolds(t *testing.T) {
	workbook.HoldRows(t, 100)
	r := everyOutcome()
	more, few := many(248, 5), r.Lines
	r.File.Counts.Read, r.File.Counts.Delivered = r.File.Counts.Read+248, r.File.Counts.Delivered+248
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			for l, err := range more.Lines() {
				if !yield(l, err) {
					return
				}
			}
			for l, err := range few() {
				if !yield(l, err) {
					return
				}
			}
		}
	}
	path := write(t, r)
	got := openpyxl(t, path)[path]
	if want := "[Result Result 2 Result 3 Summary _rowferry]"; fmt.Sprint(got.Order) != want {
		t.Errorf("%q, want %s", got.Order, want)
	}
	last := got.Sheets["Result 3"]
	if last.Cells["A1"].text() != "单号" || last.Cells["A52"].text() != "007" || last.Cells["A54"].Note == "" || last.Filter != "A1:L57" || last.Frozen != "A2" {
		t.Errorf("%+v", last.Cells["A54"])
	}
	if got.Sheets["Result"].Filter != "A1:L100" || got.Sheets["_rowferry"].State != "veryHidden" {
		t.Errorf("%q", got.Sheets["Result"].Filter)
	}
}

func TestMoreColumnsThanASheetHolds(t *testing.T) {
	r := many(2, 16_384)
	path := write(t, r)
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, _ := f.GetCellValue("Result", "XEY2"); got != "delivered" {
		t.Errorf("%q", got)
	}
	if got := text(t, f, "Summary"); !strings.Contains(got, "no room for were left out: 7") {
		t.Error(got)
	}
}

// Our columns come first where the route asks for it; cells, notes and links follow.
func TestColumnsAtTheLeft(t *testing.T) {
	r := everyOutcome()
	r.Left = true
	path := write(t, r)
	s := openpyxl(t, path)[path].Sheets["Result"]
	for ref, want := range map[string]string{"A1": "Result: row", "B1": "Result: status", "H1": "单号", "L1": "status", "A4": "4", "B4": "invalid", "H2": "007", "L4": "long"} {
		if got := s.Cells[ref].text(); got != want {
			t.Errorf("%s is %q, want %q", ref, got, want)
		}
	}
	if c := s.Cells["H4"]; c.Fill == "" || !strings.HasPrefix(c.Note, "A4: 单号 is empty.") {
		t.Errorf("H4: %+v", c)
	}
	if s.Filter != "A1:L7" || s.Frozen != "A2" {
		t.Errorf("filter %q, frozen at %q", s.Filter, s.Frozen)
	}
	if links := string(part(t, path, "xl/worksheets/sheet2.xml")); !strings.Contains(links, `location="'Result'!A4"`) {
		t.Error("no link to row 4")
	}
	source := plainSender(t)
	mine := again(t, source, readers.Settings{}, batch.English, thirds)
	mine.Left = true
	path = write(t, mine)
	seen := openpyxl(t, path)[path]
	if seen.Sheets["Result"].Cells["A1"].text() != "Result: row" {
		t.Errorf("%+v", seen.Sheets["Result"].Cells["A1"])
	}
	back := again(t, path, readers.Settings{}, batch.English, thirds) // dropped again, and at the right from now on: it is patched where ours stand
	path = write(t, back)
	if s := openpyxl(t, path)[path].Sheets["Result"]; s.Cells["A1"].text() != "Result: row" || s.Cells["M1"].text() != "" {
		t.Errorf("%q, %q", s.Cells["A1"].text(), s.Cells["M1"].text())
	}
}
