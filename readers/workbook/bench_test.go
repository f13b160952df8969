package workbook

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/readerstest"
	"github.com/rowferry/rowferry/readers/workbook/biff"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/workbooktest"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
)

// benchSize is rows × columns; ROWFERRY_BENCH=100000x30 is the size that docs/performance.md speaks of.
func benchSize() (rows, columns int) {
	rows, columns = 5000, 30
	if s := os.Getenv("ROWFERRY_BENCH"); s != "" {
		fmt.Sscanf(s, "%dx%d", &rows, &columns)
	}
	return rows, columns
}

// shipments writes a workbook of shared strings, numbers and dates, as Excel would: a sixth of the cells are unique texts.
// It is written as a stream, so that the memory measured afterwards is the reader's.
func shipments(t testing.TB, rows, columns int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shipments.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	part := func(name string, write func(*bufio.Writer)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		b := bufio.NewWriter(w)
		b.WriteString(xmlHead)
		write(b)
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range minimal() {
		part(name, func(w *bufio.Writer) { w.WriteString(strings.TrimPrefix(text, xmlHead)) })
	}
	part("xl/styles.xml", func(w *bufio.Writer) {
		w.WriteString(`<styleSheet ` + mainNS + `><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`)
	})
	const common = 4000
	part("xl/sharedStrings.xml", func(w *bufio.Writer) {
		w.WriteString(`<sst ` + mainNS + `>`)
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
	rnd := rand.New(rand.NewPCG(1, 2))
	part("xl/worksheets/sheet1.xml", func(w *bufio.Writer) {
		w.WriteString(`<worksheet ` + mainNS + ` xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"><sheetData>`)
		next := common + columns
		for r := 1; r <= rows+1; r++ {
			fmt.Fprintf(w, `<row r="%d" spans="1:%d" x14ac:dyDescent="0.25">`, r, columns)
			for c := range columns {
				ref := letters(c) + strconv.Itoa(r)
				switch {
				case r == 1:
					fmt.Fprintf(w, `<c r="%s" s="1" t="s"><v>%d</v></c>`, ref, common+c)
				case c%6 == 0:
					fmt.Fprintf(w, `<c r="%s" t="s"><v>%d</v></c>`, ref, next)
					next++
				case c%6 == 1:
					fmt.Fprintf(w, `<c r="%s"><v>%d</v></c>`, ref, rnd.IntN(100000))
				case c%6 == 2:
					fmt.Fprintf(w, `<c r="%s"><v>%v</v></c>`, ref, float64(rnd.IntN(10000000))/100)
				case c%6 == 3:
					fmt.Fprintf(w, `<c r="%s" s="2"><v>%d</v></c>`, ref, 45000+rnd.IntN(1000))
				default:
					fmt.Fprintf(w, `<c r="%s" t="s"><v>%d</v></c>`, ref, rnd.IntN(common))
				}
			}
			w.WriteString("</row>")
		}
		w.WriteString(`</sheetData></worksheet>`)
	})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// shipmentsXLS is the same sheet as a workbook of BIFF 8, with as many rows as that can have.
func shipmentsXLS(t testing.TB, rows, columns int) string {
	t.Helper()
	const common = 4000
	var texts []string
	for i := range common {
		texts = append(texts, fmt.Sprintf("Город %d 上海", i))
	}
	for c := range columns {
		texts = append(texts, fmt.Sprintf("heading %d", c))
	}
	for r := range rows {
		for c := 0; c < columns; c += 6 {
			texts = append(texts, fmt.Sprintf("MSKU%07d-%d", r, c))
		}
	}
	style := func(format int) []byte {
		return workbooktest.Record(0xe0, workbooktest.U16(0, format), make([]byte, 16))
	}
	globals := slices.Concat(style(0), style(0), style(14), workbooktest.Strings(texts))
	texts = nil
	var cells []byte
	cell := func(id, r, c, style int, value []byte) {
		cells = append(cells, byte(id), byte(id>>8), byte(6+len(value)), 0, byte(r), byte(r>>8), byte(c), 0, byte(style), 0)
		cells = append(cells, value...)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	next := common + columns
	for r := 0; r <= rows; r++ {
		for c := range columns {
			switch {
			case r == 0:
				cell(0xfd, r, c, 1, workbooktest.U32(common+c))
			case c%6 == 0:
				cell(0xfd, r, c, 0, workbooktest.U32(next))
				next++
			case c%6 == 1:
				cell(0x27e, r, c, 0, workbooktest.U32(rnd.IntN(100000)<<2|2))
			case c%6 == 2:
				cell(0x203, r, c, 0, workbooktest.F64(float64(rnd.IntN(10000000))/100))
			case c%6 == 3:
				cell(0x27e, r, c, 2, workbooktest.U32((45000+rnd.IntN(1000))<<2|2))
			default:
				cell(0xfd, r, c, 0, workbooktest.U32(rnd.IntN(common)))
			}
		}
	}
	path := filepath.Join(t.TempDir(), "shipments.xls")
	if err := os.WriteFile(path, workbooktest.XLS(globals, cells), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The old format is read in no more of the processor's time than the new one, of which it is the same sheet, and in no more memory.
func TestOldFormatCostsNoMore(t *testing.T) {
	const rows, columns = 4000, 30
	cost := func(kind grid.Container, path string) float64 {
		best := math.Inf(1)
		for range 3 {
			var before, after syscall.Rusage
			scale := readerstest.Weigh()
			errs := syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			n := readOurs(t, kind, path)
			if err := errors.Join(errs, syscall.Getrusage(syscall.RUSAGE_SELF, &after)); err != nil || n != rows {
				t.Fatal(n, err)
			}
			scale.Check(t)
			best = min(best, time.Duration(after.Utime.Nano()-before.Utime.Nano()).Seconds())
		}
		return best
	}
	modern, old := cost(xlsx.Container, shipments(t, rows, columns)), cost(biff.Container, shipmentsXLS(t, rows, columns))
	if t.Logf("xlsx %.3f s, xls %.3f s", modern, old); old > modern {
		t.Errorf(".xls takes %.3f s, .xlsx %.3f s", old, modern)
	}
}

// BenchmarkOldFormat reads a .xls, the same sheet as .xlsx, and has LibreOffice convert the .xls to CSV, in turn, and gives medians of the ratios of
// the processor's time: ROWFERRY_BENCH=65535x30 go test ./readers/workbook -run '^$' -bench OldFormat -benchtime 3x.
func BenchmarkOldFormat(b *testing.B) {
	rows, columns := benchSize()
	old, modern, dir := shipmentsXLS(b, rows, columns), shipments(b, rows, columns), b.TempDir()
	spent := func(who int, work func()) float64 {
		var before, after syscall.Rusage
		errs := syscall.Getrusage(who, &before)
		work()
		if err := errors.Join(errs, syscall.Getrusage(who, &after)); err != nil {
			b.Fatal(err)
		}
		return time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()).Seconds()
	}
	read := func(kind grid.Container, path string) float64 {
		return spent(syscall.RUSAGE_SELF, func() {
			if n := readOurs(b, kind, path); n != rows {
				b.Fatal(n)
			}
		})
	}
	var toModern, toOffice []float64
	for b.Loop() {
		ours := read(biff.Container, old)
		toModern = append(toModern, ours/read(xlsx.Container, modern))
		toOffice = append(toOffice, spent(syscall.RUSAGE_CHILDREN, func() {
			out, err := exec.Command("soffice", "-env:UserInstallation=file://"+dir, "--headless", "--convert-to", "csv", "--outdir", dir, old).CombinedOutput()
			if err != nil {
				b.Fatalf("soffice: %v: %s", err, out)
			}
		})/ours)
	}
	slices.Sort(toModern)
	slices.Sort(toOffice)
	b.ReportMetric(toModern[len(toModern)/2], "xls/xlsx")
	b.ReportMetric(toOffice[len(toOffice)/2], "soffice/xls")
}

// BenchmarkRead reads the whole file with this package and with excelize's raw row iterator.
func BenchmarkRead(b *testing.B) {
	rows, columns := benchSize()
	path := shipments(b, rows, columns)
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			if n := readOurs(b, xlsx.Container, path); n != rows {
				b.Fatal(n)
			}
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		b.ReportMetric(peakMemory(), "MiB-peak")
	})
	b.Run("xls", func(b *testing.B) {
		rows := min(rows, 65535)
		path := shipmentsXLS(b, rows, columns)
		for b.Loop() {
			if n := readOurs(b, biff.Container, path); n != rows {
				b.Fatal(n)
			}
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("excelize", func(b *testing.B) {
		for b.Loop() {
			if n := readExcelize(b, path); n != rows+1 {
				b.Fatal(n)
			}
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

func readOurs(t testing.TB, kind grid.Container, path string) int {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, _ := f.Stat()
	tb, err := New(kind).Open(context.Background(), readers.File{Name: path, Size: st.Size(), ReaderAt: f}, readers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer tb.Close()
	n := 0
	for _, err := range tb.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func readExcelize(t testing.TB, path string) int {
	f, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.Rows(f.GetSheetName(0))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		if _, err := rows.Columns(); err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// peakMemory is the process's largest resident size, in MiB.
func peakMemory() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Maxrss) / 1024
}

func letters(c int) string {
	if c < 26 {
		return string(rune('A' + c))
	}
	return string(rune('A'+c/26-1)) + string(rune('A'+c%26))
}
