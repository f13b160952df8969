package workbook_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/readers/workbook/officetest"
)

// written is one workbook as other programs are asked to write it.
type written struct {
	Name  string   `json:"name"`
	Cells [][4]any `json:"cells"` // row, column, kind, value
	want  map[string]string
}

// How many workbooks other programs write for us; ROWFERRY_WORKBOOKS=1000 is what make workbooks asks for.
func howMany() int {
	n, _ := strconv.Atoi(os.Getenv("ROWFERRY_WORKBOOKS"))
	return cmp.Or(n, 4)
}

// invent makes workbooks of all kinds of values.
func invent(n int) []*written {
	rnd := rand.New(rand.NewPCG(3, 4))
	letters := []rune("abcXYZ 09-/.,;äéñßøабвгдежзийЯЩЪ上海港口订单編號ツ한글😀🚢'\"<&>")
	text := func() string {
		var b strings.Builder
		b.WriteRune(letters[rnd.IntN(6)])
		for range rnd.IntN([]int{8, 20, 400}[rnd.IntN(3)]) {
			b.WriteRune(letters[rnd.IntN(len(letters))])
		}
		if rnd.IntN(5) == 0 {
			b.WriteString("\nline")
		}
		return strings.Join(strings.Split(b.String(), "  "), " ") + "z"
	}
	var all []*written
	for i := range n {
		w := &written{Name: strconv.Itoa(i), want: map[string]string{}}
		for r := range 1 + rnd.IntN(40) {
			for c := range 2 + rnd.IntN(9) {
				kind, value, want := "", any(nil), ""
				day, second := 20000+rnd.IntN(40000), rnd.IntN(86400)
				when := time.Date(1899, 12, 30, 0, 0, second, 0, time.UTC).AddDate(0, 0, day)
				switch rnd.IntN(10) {
				case 0, 1:
					kind, want = "text", text()
					value = want
				case 2:
					kind, want = "text", fmt.Sprintf("%07d", rnd.IntN(1e6))
					value = want
				case 3:
					f := float64(rnd.IntN(1<<30)-1<<29) * []float64{1, 100, 1e4}[rnd.IntN(3)]
					kind, value, want = "number", f, strconv.FormatFloat(f, 'f', -1, 64)
				case 4:
					f := math.Round(rnd.Float64()*1e9) / []float64{100, 1000, 1e6}[rnd.IntN(3)]
					kind, value, want = "number", f, strconv.FormatFloat(f, 'f', -1, 64)
				case 5:
					n := rnd.IntN(200000)
					kind, value, want = "code", n, fmt.Sprintf("%05d", n)
				case 6:
					kind, value, want = "date", day, when.Format("2006-01-02")
				case 7:
					kind, value, want = "moment", float64(day)+float64(second)/86400, when.Format("2006-01-02T15:04:05")
				case 8:
					kind, value, want = "clock", float64(second)/86400, when.Format("15:04:05")
				default:
					kind, value, want = "bool", second%2 == 0, strings.ToUpper(strconv.FormatBool(second%2 == 0))
				}
				w.Cells = append(w.Cells, [4]any{r, c, kind, value})
				w.want[table.Letter(c)+strconv.Itoa(r+1)] = want
			}
		}
		all = append(all, w)
	}
	return all
}

func TestMain(m *testing.M) { os.Exit(officetest.Main(m)) }

// program runs another program and gives what it prints.
func program(t *testing.T, input []byte, name string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute+time.Duration(howMany())*5*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Stdin = bytes.NewReader(input)
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C.UTF-8")
	var complaints bytes.Buffer
	c.Stderr = &complaints
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s (make packages installs it): %v: %s", name, err, complaints.String())
	}
	return out
}

// cellsOf reads the first sheet with all its rows.
func cellsOf(t *testing.T, path string) map[string]batch.Cell {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := file(filepath.Base(path), content)
	r, err := formats.Of(f)
	if err != nil {
		t.Fatal(path, err)
	}
	tb, err := r.Open(t.Context(), f, readers.Settings{Header: "none"})
	if err != nil {
		t.Fatal(path, err)
	}
	defer tb.Close()
	cells := map[string]batch.Cell{}
	for row, err := range tb.Rows() {
		if err != nil {
			t.Fatal(path, err)
		}
		for i, c := range row.Cells {
			cells[tb.Columns()[i].Ref+strconv.Itoa(row.Number)] = c
		}
	}
	return cells
}

// LibreOffice takes long for what others do in a millisecond, and longest for XML 2003: it converts a tenth, and of that kind a hundredth.
func converted(all []*written, kind string) []*written {
	return all[:min(len(all), max(4, len(all)/cmp.Or(map[string]int{"xml": 100}[kind], 10)))]
}

// in is where a file lies once it is converted: in a folder of its kind, with that kind's extension.
func in(dir, folder, path, kind string) string {
	extension, _, _ := strings.Cut(kind, ":")
	return filepath.Join(dir, folder, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))+"."+extension)
}

// Workbooks that other programs wrote are read cell by cell as they were meant; and what other programs read in them is what we read.
func TestOpinions(t *testing.T) {
	dir := t.TempDir()
	all := invent(howMany())
	spec, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	program(t, spec, "/usr/bin/python3", "testdata/write.py", dir)
	program(t, spec, "/usr/bin/perl", "testdata/write.pl", dir)
	var xls, others []string
	for _, name := range []string{"orders.xlsb", "orders-xml.xls"} { // LibreOffice reads what few programs write
		path, err := filepath.Abs(filepath.Join(samples, name))
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, path)
	}
	for _, w := range all {
		xls = append(xls, filepath.Join(dir, "xlwt-"+w.Name+".xls"))
	}
	conversions := map[string]string{"ods": "ods", "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"}
	if howMany() > 4 {
		conversions["fods"], conversions["again"], conversions["xml"] = "fods", "xls:MS Excel 97", "xml:MS Excel 2003 XML"
	}
	for folder, kind := range conversions {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, path := range append(others[:len(others):len(others)], xls[:len(converted(all, folder))]...) {
			if err := officetest.Save(t, path, in(dir, folder, path, kind), kind); err != nil {
				t.Fatal(err)
			}
		}
	}
	failed := 0
	for i, line := range strings.Split(strings.TrimSpace(string(program(t, nil, "/usr/bin/python3", append([]string{"testdata/read.py"}, xls...)...))), "\n") {
		if line == "null" {
			failed++
		} else {
			agree(t, xls[i], line)
		}
	}
	if failed > len(xls)/20 {
		t.Errorf("xlrd reads all but %d of %d", failed, len(xls))
	}
	for _, path := range others {
		asShown(t, path, in(dir, "csv", path, "csv"))
	}
	compared := 0
	for _, w := range all {
		for _, path := range []string{"xlwt-" + w.Name + ".xls", "odfpy-" + w.Name + ".ods", "perl-" + w.Name + ".xls"} {
			compared += asWritten(t, w, filepath.Join(dir, path))
		}
	}
	for folder, kind := range conversions {
		for _, w := range converted(all, folder) {
			source := filepath.Join(dir, "xlwt-"+w.Name+".xls")
			path := in(dir, folder, source, kind)
			if folder == "csv" {
				asShown(t, source, path)
			} else {
				compared += asWritten(t, w, path)
			}
		}
	}
	csv := filepath.Join(dir, "gnumeric.csv") // one is enough of what takes a second each
	program(t, nil, "ssconvert", filepath.Join(dir, "xlwt-0.xls"), csv)
	asShown(t, filepath.Join(dir, "xlwt-0.xls"), csv)
	for name, format := range map[string]string{"biff7.xls": "Gnumeric_Excel:excel_biff7", "biff8.xls": "Gnumeric_Excel:excel_biff8", "gnumeric.ods": "Gnumeric_OpenCalc:odf"} {
		path := filepath.Join(dir, name)
		program(t, nil, "ssconvert", "-T", format, filepath.Join(dir, "xlwt-0.xls"), path)
		compared += asWritten(t, all[0], path)
	}
	t.Logf("%d workbooks, %d cells; xlrd cannot read %d", len(all), compared, failed)
	if compared < 100*len(all) {
		t.Errorf("only %d cells were compared", compared)
	}
}

// asWritten compares every cell with what was meant, and returns how many there were.
func asWritten(t *testing.T, w *written, path string) int {
	t.Helper()
	cells := cellsOf(t, path)
	n := 0
	for ref, want := range w.want {
		truth := want == "TRUE" || want == "FALSE"
		switch {
		case truth && strings.HasPrefix(filepath.Base(path), "perl-"): // has none
			continue
		case truth && (strings.Contains(path, "ods/") || strings.Contains(path, "/xml/")): // LibreOffice made a formula or a number of it, which shows 1 or 0
			continue
		case strings.Contains(path, "/xml/") && cells[ref].Kind == batch.Number && strings.HasPrefix(want, "0"): // LibreOffice lost the format that shows the zeros
			continue
		case strings.HasSuffix(path, "biff7.xls") && strings.Trim(want, ascii) != "": // letters that the format has not
			continue
		}
		n++
		got := cells[ref].Text
		if got != want && cells[ref].Kind != batch.Faulty {
			t.Errorf("%s %s: %q, written was %q", filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), ref, got, want)
		}
		if cells[ref].Kind == batch.Faulty {
			t.Errorf("%s %s: faulty: %v, written was %q", filepath.Base(path), ref, cells[ref].Problem, want)
		}
	}
	return n
}

// ascii are the letters and signs that every code page has, of those that invent uses.
const ascii = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -/.,;:'\"<&>\n"

// agree compares with the values that xlrd reads.
func agree(t *testing.T, path, line string) {
	t.Helper()
	var theirs map[string]any
	if err := json.Unmarshal([]byte(line), &theirs); err != nil {
		t.Fatal(err)
	}
	ours := cellsOf(t, path)
	for ref, value := range theirs {
		c := ours[ref]
		if s, ok := value.(string); ok && c.Text != s {
			t.Errorf("%s %s: %q, xlrd %q", filepath.Base(path), ref, c.Text, s)
		}
		if f, ok := value.(float64); ok && c.Kind == batch.Number {
			if got, err := strconv.ParseFloat(c.Text, 64); err != nil || math.Abs(got-f) > math.Abs(f)*1e-14 {
				t.Errorf("%s %s: %q, xlrd %v", filepath.Base(path), ref, c.Text, f)
			}
		}
	}
	if len(theirs) < 2 {
		t.Errorf("%s: xlrd reads %d cells", path, len(theirs))
	}
}

// asShown compares texts with the CSV that another program makes of the same file.
func asShown(t *testing.T, path, other string) {
	t.Helper()
	content, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(content))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for i, record := range records {
		for c, text := range record {
			seen[table.Letter(c)+strconv.Itoa(i+1)] = text
		}
	}
	for ref, c := range cellsOf(t, path) {
		if c.Kind == batch.String && seen[ref] != c.Text {
			t.Errorf("%s %s: %q, %s shows %q", filepath.Base(path), ref, c.Text, filepath.Base(other), seen[ref])
		}
	}
}
