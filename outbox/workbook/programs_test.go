package workbook_test

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// seen is what openpyxl sees in a workbook.
type seen struct {
	Error  string
	Sheets map[string]seenSheet
	Order  []string
	Active string
	Names  []string
}

type seenSheet struct {
	State, Frozen, Filter string
	Cells                 map[string]seenCell
	Widths                map[string]float64
	Merged, Tables        []string
	Images, Validations   int
}

type seenCell struct {
	Value        *string
	Kind         string
	Fill, Format string
	Bold         bool
	Note         string
}

func (c seenCell) text() string {
	if c.Value == nil {
		return ""
	}
	return *c.Value
}

// openpyxl opens workbooks with Debian's python3-openpyxl.
func openpyxl(t *testing.T, paths ...string) map[string]seen {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", append([]string{filepath.Join("testdata", "read.py")}, paths...)...)
	cmd.Stderr, cmd.Env = os.Stderr, append(os.Environ(), "PYTHONUTF8=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openpyxl (the Debian package python3-openpyxl, see make packages): %v", err)
	}
	var found map[string]seen
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// libreoffice gives the first sheet of a workbook as LibreOffice shows it.
func libreoffice(t *testing.T, path string) [][]string {
	t.Helper()
	rows := sheets(t, path)[path]
	if rows == nil {
		t.Fatal("LibreOffice did not open the workbook")
	}
	return rows
}

// sheets gives the first sheets of workbooks as LibreOffice shows them; nil for one that it does not open. What it passes
// over among many it is asked for once more, alone.
func sheets(t *testing.T, paths ...string) map[string][][]string {
	t.Helper()
	found := map[string][][]string{}
	for some := range slices.Chunk(paths, 40) {
		maps.Copy(found, convert(t, some...))
	}
	for _, path := range paths {
		if found[path] == nil && len(paths) > 1 {
			maps.Copy(found, convert(t, path))
		}
	}
	return found
}

// profile makes LibreOffice keep its settings in a folder of the test's: it starts once per settings.
func profile(dir string) string {
	return "-env:UserInstallation=" + (&url.URL{Scheme: "file", Path: filepath.Join(dir, "profile")}).String()
}

func convert(t *testing.T, paths ...string) map[string][][]string {
	t.Helper()
	dir := t.TempDir()
	args := []string{profile(dir), "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1", "--outdir", dir}
	names := map[string]string{}
	for i, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		names[path] = filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(names[path]+".xlsx", content, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, names[path]+".xlsx")
	}
	if out, err := exec.CommandContext(t.Context(), "soffice", args...).CombinedOutput(); err != nil {
		t.Fatalf("LibreOffice (the Debian package libreoffice-calc-nogui, see make packages): %v\n%s", err, out)
	}
	found := map[string][][]string{}
	for path, name := range names {
		content, err := os.ReadFile(name + ".csv")
		if err != nil {
			continue
		}
		r := csv.NewReader(strings.NewReader(string(content)))
		r.FieldsPerRecord, r.LazyQuotes = -1, true
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		found[path] = slices.DeleteFunc(append([][]string{}, rows...), func(r []string) bool { return strings.Join(r, "") == "" })
	}
	return found
}
