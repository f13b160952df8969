// Package rowferry_test checks the house: which way imports point and what must not be written.
package rowferry_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/rowferry/rowferry/"

// floor is how high a top-level folder lies; imports point down only. Folders of one floor do not know each other,
// but for those that foundations names.
var floor = map[string]int{
	"batch": 0, "labels": 0, "packaging": 0, "patience": 0, "words": 1, "resultmark": 2, "providers": 2, "configs": 3, "places": 4,
	"inbox": 5, "readers": 5, "mappers": 5, "senders": 5, "outbox": 5, "ledger": 5, "simulator": 5, "templates": 5,
	"pipeline": 6, "console": 7, "cmd": 8, "bench": 9,
}

type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// Imports point one way: cmd → pipeline → stages → providers, configs → words → batch. Stages do not know each other.
func TestImportsPointOneWay(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		from := top(p.ImportPath)
		if from == "" {
			continue
		}
		height, known := floor[from]
		if !known {
			t.Errorf("%s: give the folder %q a floor in this test and in docs/architecture.md", p.ImportPath, from)
			continue
		}
		seen++
		for _, path := range p.Imports {
			to := top(path)
			if to == "" || to == from {
				continue
			}
			if floor[to] >= height {
				t.Errorf("%s imports %s: the arrow turns back", p.ImportPath, path)
			}
		}
	}
	if seen < 10 {
		t.Fatalf("only %d packages were looked at", seen)
	}
}

// batch imports nothing of ours, and no package is named for nothing.
func TestNames(t *testing.T) {
	for _, p := range packages(t) {
		for _, word := range []string{"util", "utils", "common", "helpers", "misc"} {
			if strings.HasSuffix(p.ImportPath, "/"+word) {
				t.Errorf("%s: name it for what it holds", p.ImportPath)
			}
		}
	}
}

func top(path string) string {
	rest, ours := strings.CutPrefix(path, module)
	if !ours {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
