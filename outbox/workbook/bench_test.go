package workbook_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/workbook"
)

// benchSize is rows × columns; ROWFERRY_BENCH=100000x30 is the size that docs/performance.md speaks of.
func benchSize() (rows, columns int) {
	rows, columns = 2000, 30
	if s := os.Getenv("ROWFERRY_BENCH"); s != "" {
		fmt.Sscanf(s, "%dx%d", &rows, &columns)
	}
	return rows, columns
}

// shipments writes a sender's workbook: shared strings, numbers and dates with formats, as Excel would write it.
func shipments(t testing.TB, path string, rows, columns int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	part := func(name string, write func(*bufio.Writer)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		b := bufio.NewWriter(w)
		b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n")
		write(b)
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	text := func(name, content string) { part(name, func(w *bufio.Writer) { w.WriteString(content) }) }
	const main, office = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`, `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	const types, rels = `http://schemas.openxmlformats.org/package/2006/content-types`, `http://schemas.openxmlformats.org/package/2006/relationships`
	const kind = `application/vnd.openxmlformats-officedocument.spreadsheetml.`
	text("[Content_Types].xml", `<Types xmlns="`+types+`"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>`+
		`<Override PartName="/xl/workbook.xml" ContentType="`+kind+`sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="`+kind+`worksheet+xml"/>`+
		`<Override PartName="/xl/styles.xml" ContentType="`+kind+`styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="`+kind+`sharedStrings+xml"/></Types>`)
	text("_rels/.rels", `<Relationships xmlns="`+rels+`"><Relationship Id="rId1" Type="`+office+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	text("xl/workbook.xml", `<workbook xmlns="`+main+`" xmlns:r="`+office+`"><sheets><sheet name="Orders" sheetId="1" r:id="rId1"/></sheets></workbook>`)
	text("xl/_rels/workbook.xml.rels", `<Relationships xmlns="`+rels+`"><Relationship Id="rId1" Type="`+office+`/worksheet" Target="worksheets/sheet1.xml"/>`+
		`<Relationship Id="rId2" Type="`+office+`/styles" Target="styles.xml"/><Relationship Id="rId3" Type="`+office+`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`)
	text("xl/styles.xml", `<styleSheet xmlns="`+main+`"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>`+
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>`+
		`<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" xfId="0"/><xf numFmtId="0" xfId="0"/><xf numFmtId="14" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`)
	const common = 4000
	part("xl/sharedStrings.xml", func(w *bufio.Writer) {
		w.WriteString(`<sst xmlns="` + main + `">`)
		for i := range common {
			fmt.Fprintf(w, "<si><t>Город %d 上海</t></si>", i)
		}
		for c := range columns {
			fmt.Fprintf(w, "<si><t>heading %d</t></si>", c)
		}
		for r := range rows {
			for c := 0; c < columns; c += 6 {
				fmt.Fprintf(w, "<si><t>MSKU%07d-%d</t></si>", r, c)
			}
		}
		w.WriteString("</sst>")
	})
	part("xl/worksheets/sheet1.xml", func(w *bufio.Writer) {
		w.WriteString(`<worksheet xmlns="` + main + `"><sheetData>`)
		next := common + columns
		for r := 1; r <= rows+1; r++ {
			fmt.Fprintf(w, `<row r="%d" spans="1:%d">`, r, columns)
			for c := range columns {
				name, _ := excelize.ColumnNumberToName(c + 1)
				ref := name + strconv.Itoa(r)
				switch {
				case r == 1:
					fmt.Fprintf(w, `<c r="%s" s="1" t="s"><v>%d</v></c>`, ref, common+c)
				case c%6 == 0:
					fmt.Fprintf(w, `<c r="%s" t="s"><v>%d</v></c>`, ref, next)
					next++
				case c%6 == 1:
					fmt.Fprintf(w, `<c r="%s"><v>%d</v></c>`, ref, (r*7919+c*104729)%100000)
				case c%6 == 2:
					fmt.Fprintf(w, `<c r="%s"><v>%v</v></c>`, ref, float64((r*7919+c*104729)%10000000)/100)
				case c%6 == 3:
					fmt.Fprintf(w, `<c r="%s" s="2"><v>%d</v></c>`, ref, 45000+(r*31+c)%1000)
				default:
					fmt.Fprintf(w, `<c r="%s" t="s"><v>%d</v></c>`, ref, (r*7919+c*104729)%common)
				}
			}
			w.WriteString("</row>")
		}
		w.WriteString(`</sheetData></worksheet>`)
	})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// marked is the report of that workbook with 5 % of its cells marked; the lines cost nothing.
func marked(path string, rows, columns int) outbox.Report {
	r := outbox.Report{File: batch.File{ID: "20261122-101502-7f3a", Name: "orders.xlsx", Route: "r", Counts: batch.Counts{Read: rows}}, Revision: 1, Language: batch.English,
		Source: outbox.Source{Open: from(path), Patchable: true, Sheet: "Orders", Header: 1}}
	cells := make([]batch.Cell, columns)
	var refs []string
	for c := range columns {
		name, _ := excelize.ColumnNumberToName(c + 1)
		refs = append(refs, name)
		r.Columns = append(r.Columns, batch.Column{Name: fmt.Sprint("heading ", c), Ref: name})
		cells[c] = batch.Cell{Text: fmt.Sprint("value ", c), Kind: batch.String}
	}
	// Every second row is invalid, with a tenth of its cells.
	r.File.Counts.Invalid = rows / 2
	r.File.Counts.Delivered = rows - rows/2
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			row := batch.Row{Cells: cells}
			for i := range rows {
				row.Number = i + 2
				line := &outbox.Line{Row: &row, Outcome: batch.Outcome{Status: batch.Delivered, Code: "1000", Message: "Accepted.", Reference: strconv.Itoa(i), Attempts: 1, SentAt: at}}
				if i%2 == 1 {
					line.Outcome = batch.Outcome{Status: batch.Invalid, Code: "required"}
					for c := range columns / 10 {
						at := (i + c*7) % columns
						ref := refs[at] + strconv.Itoa(i+2)
						line.Problems = append(line.Problems, batch.Problem{Row: i + 2, Column: r.Columns[at].Name, Cell: ref, Text: ref + ": the value is none of the known ones. Write one of A, B, C.", Fix: "A"})
					}
				}
				if !yield(line, nil) {
					return
				}
			}
		}
	}
	return r
}

// The measured work runs in a process of its own, so that its memory is its own.
func TestMeasured(t *testing.T) {
	what := os.Getenv("ROWFERRY_MEASURED")
	if what == "" {
		return
	}
	rows, columns := benchSize()
	path := os.Getenv("ROWFERRY_FILE")
	switch what {
	case "result":
		if err := workbook.New().Write(t.Context(), io.Discard, marked(path, rows, columns)); err != nil {
			t.Fatal(err)
		}
	case "held":
		var m held
		if err := workbook.New().Write(t.Context(), &m, m.watched(marked(path, rows, columns))); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("held %d\n", m.most)
	case "excelize":
		f, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		seen, err := f.Rows("Orders")
		if err != nil {
			t.Fatal(err)
		}
		for seen.Next() {
			if _, err := seen.Columns(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// held is where a result goes whose writer is asked every now and then what it holds. What a process needs besides, and for how
// long garbage lies about, is the machine's affair.
type held struct {
	most    uint64 // bytes
	written int
}

func (h *held) look() {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	h.most = max(h.most, m.HeapAlloc)
}

func (h *held) Write(b []byte) (int, error) {
	if before := h.written; before>>18 != (before+len(b))>>18 {
		h.look()
	}
	h.written += len(b)
	return len(b), nil
}

func (h *held) watched(r outbox.Report) outbox.Report {
	lines := r.Lines
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			n := 0
			for l, err := range lines() {
				if n++; n%250 == 0 {
					h.look()
				}
				if !yield(l, err) {
					return
				}
			}
		}
	}
	return r
}

type cost struct{ seconds, mib float64 }

func measure(t testing.TB, what, path string, size string) (c cost, out []byte) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMeasured$")
	cmd.Env = append(os.Environ(), "ROWFERRY_MEASURED="+what, "ROWFERRY_FILE="+path, "ROWFERRY_BENCH="+size)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return cost{cmd.ProcessState.UserTime().Seconds() + cmd.ProcessState.SystemTime().Seconds(), peak(cmd.ProcessState)}, out
}

// BenchmarkResult compares the time of a result with the time in which excelize reads the workbook raw.
func BenchmarkResult(b *testing.B) {
	rows, columns := benchSize()
	size := fmt.Sprintf("%dx%d", rows, columns)
	path := filepath.Join(b.TempDir(), "orders.xlsx")
	shipments(b, path, rows, columns)
	for b.Loop() {
		ours, _ := measure(b, "result", path, size)
		theirs, _ := measure(b, "excelize", path, size)
		b.ReportMetric(ours.seconds, "cpu-s")
		b.ReportMetric(theirs.seconds, "excelize-cpu-s")
		b.ReportMetric(ours.seconds/theirs.seconds, "ratio")
		b.ReportMetric(ours.mib, "MiB")
	}
}

// Memory does not grow with the rows: 17,500 more must not be held in more than a hundred bytes or so each.
func TestMemoryStaysSmall(t *testing.T) {
	dir := t.TempDir()
	var held []float64
	for _, rows := range []int{2500, 20_000} {
		path := filepath.Join(dir, fmt.Sprint(rows, ".xlsx"))
		shipments(t, path, rows, 30)
		_, out := measure(t, "held", path, fmt.Sprintf("%dx30", rows))
		_, out, _ = bytes.Cut(out, []byte("held "))
		var n float64
		if _, err := fmt.Fscan(bytes.NewReader(out), &n); err != nil {
			t.Fatalf("%v in %q", err, out)
		}
		held = append(held, n/(1<<20))
	}
	t.Logf("MiB held: %.1f for 2,500 rows, %.1f for 20,000", held[0], held[1])
	if held[1] > held[0]+2 {
		t.Errorf("2,500 rows are held in %.1f MiB, 20,000 rows in %.1f MiB", held[0], held[1])
	}
}

func TestBenchmarkFileIsPatched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.xlsx")
	shipments(t, path, 50, 30)
	result := write(t, marked(path, 50, 30))
	if _, is := parts(t, result)["xl/sharedStrings.xml"]; !is {
		t.Fatal("it is a new workbook")
	}
	got := openpyxl(t, result)[result].Sheets["Orders"]
	notes := 0
	for _, c := range got.Cells {
		if strings.Contains(c.Note, "Write one of A, B, C.") {
			notes++
		}
	}
	if notes != 75 || got.Cells["D33"].Format != "mm-dd-yy" {
		t.Errorf("%d notes, %+v", notes, got.Cells["D33"])
	}
}
