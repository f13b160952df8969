package workbook_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
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

// eyes is openpyxl, which is started once for all tests.
type eyes struct {
	run *exec.Cmd
	ask io.WriteCloser
	see *json.Decoder
}

var python eyes

func (e *eyes) start() (err error) {
	e.run = exec.Command("/usr/bin/python3", filepath.Join("testdata", "read.py"))
	e.run.Stderr, e.run.Env = os.Stderr, append(os.Environ(), "PYTHONUTF8=1")
	out, err := e.run.StdoutPipe()
	if err == nil {
		e.ask, err = e.run.StdinPipe()
	}
	if err != nil {
		return err
	}
	e.see = json.NewDecoder(out)
	return e.run.Start()
}

// end ends it, if it was started.
func (e *eyes) end() error {
	if e.run == nil {
		return nil
	}
	return errors.Join(e.ask.Close(), e.run.Wait())
}

// openpyxl opens workbooks with Debian's python3-openpyxl.
func openpyxl(t *testing.T, paths ...string) (found map[string]seen) {
	t.Helper()
	var err error
	if python.run == nil {
		err = python.start()
	}
	if err == nil {
		err = json.NewEncoder(python.ask).Encode(paths)
	}
	if err == nil {
		err = python.see.Decode(&found)
	}
	if err != nil {
		t.Fatalf("openpyxl (the Debian package python3-openpyxl, see make packages): %v", err)
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
