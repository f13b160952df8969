package formats

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/readers"
)

// read gives everything that a table tells.
func read(t readers.Table) []string {
	lines := []string{fmt.Sprint(t.Columns(), t.Layout())}
	for row, err := range t.Rows() {
		if err != nil {
			return append(lines, err.Error())
		}
		line, err := json.Marshal(row)
		lines = append(lines, fmt.Sprint(string(line), err))
	}
	return append(lines, fmt.Sprint(t.Notes()))
}

// Whatever is read twice is the same twice, and so are the notes.
func TestRowsAreReadAgain(t *testing.T) {
	tried := map[string]int{}
	for _, pattern := range []string{"../*/testdata/*", "../workbook/*/testdata/*", "../../cmd/rowferry/demo/files/*", "../../cmd/rowferry/testdata/excel/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			file := readers.File{Name: filepath.Base(path), Size: info.Size(), ReaderAt: f}
			reader, err := Of(file)
			if err != nil {
				continue
			}
			table, err := reader.Open(t.Context(), file, readers.Settings{})
			if err != nil {
				continue
			}
			first, second := read(table), read(table)
			if diff := cmp.Diff(first, second); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
			tried[reader.Traits().Name]++
			if err := table.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	for _, r := range list {
		if name := r.Traits().Name; tried[name] == 0 {
			t.Errorf("no file of the format %s was read", name)
		}
	}
}

// Names and traits of a format are one thing, and names that the ledger does not know have no traits.
func TestNamed(t *testing.T) {
	for _, r := range list {
		if got := Named(r.Traits().Name); got.Name != r.Traits().Name || got.Grid != r.Traits().Grid || got.Knows == nil {
			t.Errorf("%+v", got)
		}
	}
	if got := Named("parquet"); got.Grid || got.Knows != nil || got.Patchable {
		t.Errorf("%+v", got)
	}
}
