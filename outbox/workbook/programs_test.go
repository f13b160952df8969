package workbook_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/readers/workbook/officetest"
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

// sheets gives the first sheets of workbooks as LibreOffice shows them; nil for one that it does not open.
func sheets(t *testing.T, paths ...string) map[string][][]string {
	t.Helper()
	found := map[string][][]string{}
	for _, path := range paths {
		shown := filepath.Join(t.TempDir(), "shown.csv")
		if officetest.Save(t, path, shown, officetest.Shown) != nil {
			continue
		}
		content, err := os.ReadFile(shown)
		if err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(bytes.NewReader(content))
		r.FieldsPerRecord, r.LazyQuotes = -1, true
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		found[path] = slices.DeleteFunc(append([][]string{}, rows...), func(r []string) bool { return strings.Join(r, "") == "" })
	}
	return found
}
