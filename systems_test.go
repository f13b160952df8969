package rowferry_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// What is built here is right by its types on the systems that nobody tests on, with all that it imports. Compiling would say
// little more and takes thirty times as long; make cross and make release do it.
func TestOtherSystems(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while: make plain runs it")
	}
	for _, system := range []string{"windows/amd64", "darwin/arm64"} {
		for _, m := range mistypes(t, system, "./cmd/rowferry") {
			t.Errorf("%s: %s", system, m)
		}
	}
	if m := mistypes(t, "windows/amd64", "./testdata/systems"); len(m) != 1 {
		t.Errorf("a constant that is a word on Windows alone and an int elsewhere: %q", m)
	}
	if m := mistypes(t, "darwin/arm64", "./testdata/systems"); len(m) != 0 {
		t.Errorf("a package that is wrong on Windows only, on macOS: %q", m)
	}
}

// source is one package as go list tells it.
type source struct {
	ImportPath, Dir string
	GoFiles         []string
	ImportMap       map[string]string // as imported: as listed, where the two differ
}

// mistypes says what a compiler for the system (GOOS/GOARCH) finds wrong with the types of a package and of all that it imports;
// of what is not ours it reads no function's body.
func mistypes(t *testing.T, system, pattern string) []string {
	t.Helper()
	goos, goarch, _ := strings.Cut(system, "/")
	var found []string
	known := map[string]*types.Package{"unsafe": types.Unsafe}
	env := []string{"GOOS=" + goos, "GOARCH=" + goarch, "CGO_ENABLED=0"}
	for _, s := range listed[source](t, env, "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap", pattern) {
		if s.ImportPath == "unsafe" {
			continue
		}
		checker := types.Config{
			Importer:         imports{s.ImportMap, known},
			Sizes:            types.SizesFor("gc", goarch),
			IgnoreFuncBodies: !strings.HasPrefix(s.ImportPath, module),
			Error:            func(err error) { found = append(found, err.Error()) },
		}
		files := token.NewFileSet()
		known[s.ImportPath], _ = checker.Check(s.ImportPath, files, parsed(t, files, s), nil)
	}
	return found
}

// parsed is what a package's files hold.
func parsed(t *testing.T, files *token.FileSet, s source) []*ast.File {
	t.Helper()
	var all []*ast.File
	for _, name := range s.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(s.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file)
	}
	return all
}

// imports finds what one package imports among what was checked before it.
type imports struct {
	renamed map[string]string
	known   map[string]*types.Package
}

func (i imports) Import(path string) (*types.Package, error) {
	if as, ok := i.renamed[path]; ok {
		path = as
	}
	if p := i.known[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%s was not listed before what imports it", path)
}
