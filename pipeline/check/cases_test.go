package check_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
)

var update = flag.Bool("update", false, "write what is said now as what is expected")

// What people really drop: each file of testdata/cases/ROUTE is checked on its route, and beside it stands what would be sent, what
// would not, and why.
func TestCases(t *testing.T) {
	cfg, err := pipeline.Load("testdata/rowferry.yaml")
	if err != nil {
		t.Fatal(err)
	}
	routes, err := pipeline.Routes(cfg, "")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/cases/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, ".txt") {
			continue
		}
		r := routes[filepath.Base(filepath.Dir(path))]
		t.Run(r.Name+"/"+filepath.Base(path), func(t *testing.T) {
			var b strings.Builder
			f, err := check.File(t.Context(), r, path, filepath.Base(path), func(it *batch.Item) {
				if it.Sendable() {
					fmt.Fprintf(&b, "%v %s\n", it.Rows, it.Body)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range f.Problems {
				fmt.Fprintf(&b, "%d is wrong: %s\n", p.Row, p.Text)
			}
			for _, n := range f.Notes {
				fmt.Fprintf(&b, "note: %s\n", n)
			}
			if f.Quarantine != "" {
				fmt.Fprintf(&b, "held: %s\n", f.Quarantine)
			} else {
				fmt.Fprintf(&b, "rows: %d, to be sent: %d\n", f.Rows, f.Sendable)
			}
			want, err := os.ReadFile(path + ".txt")
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" && *update {
				if err := os.WriteFile(path+".txt", []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
