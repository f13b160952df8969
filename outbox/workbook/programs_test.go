package workbook_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
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
	cmd.Stderr = os.Stderr
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
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "soffice", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless",
		"--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1", "--outdir", dir, path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("LibreOffice (the Debian package libreoffice-calc-nogui, see make packages): %v\n%s", err, out)
	}
	content, err := os.ReadFile(filepath.Join(dir, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))+".csv"))
	if err != nil {
		t.Fatalf("LibreOffice did not open the workbook: %v", err)
	}
	r := csv.NewReader(strings.NewReader(string(content)))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
