// Package rowferry_test checks the house: which way imports point and what must not be written.
package rowferry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/places"
)

const module = "github.com/rowferry/rowferry/"

// floor is how high a top-level folder lies; imports point down only. Folders of one floor do not know each other.
var floor = map[string]int{
	"batch": 0, "packaging": 0, "patterns": 0, "spelling": 0, "strictyaml": 0, "patience": 0, "labels": 1, "masks": 1, "words": 1, "resultmark": 2, "trust": 2, "providers": 2, "configs": 3, "places": 4,
	"inbox": 5, "readers": 5, "mappers": 5, "senders": 5, "outbox": 5, "ledger": 5, "simulator": 5, "templates": 5, "notices": 5,
	"pipeline": 6, "console": 7, "cmd": 8, "bench": 9,
}

// River is known by one package: what is handed out to machines is a ledger.Job everywhere else.
func TestOnePackageKnowsRiver(t *testing.T) {
	const knows = module + "ledger/postgres/jobs"
	seen := false
	for _, p := range packages(t) {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if !strings.HasPrefix(path, "github.com/riverqueue/") {
				continue
			}
			if seen = true; p.ImportPath != knows {
				t.Errorf("%s imports %s", p.ImportPath, path)
			}
		}
	}
	if !seen {
		t.Errorf("%s does not", knows)
	}
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

// shared are the folders that others beside them may know; whoever else needs something of a sibling moves it up.
var shared = map[string]string{
	"ledger/spool":            "copies in a folder, beside any ledger",
	"ledger/commits":          "how writes share transactions",
	"ledger/sieve":            "which requests surely are new",
	"ledger/filter":           "what queries ask in SQL",
	"ledger/slab":             "memory that the collector does not count",
	"outbox/csvfile":          "a workbook says of a row what a CSV says",
	"outbox/workbook/ours":    "what a result of either kind has of ours",
	"outbox/summary":          "a workbook sums up what the summary does",
	"pipeline/route":          "what the loops know of a route",
	"pipeline/opening":        "the front door of every file",
	"pipeline/receipts":       "what providers said later, for who reports or shows it",
	"pipeline/redrop":         "families, for who takes or checks",
	"pipeline/repeats":        "what was sent before, for who takes or checks",
	"pipeline/send":           "what a lane says of itself",
	"readers/charset":         "encodings",
	"readers/table":           "what people put around their rows",
	"readers/ole":             "the container of old workbooks",
	"readers/workbook/grid":   "typed cells",
	"readers/workbook/ooxml":  "a zip and its XML",
	"readers/workbook/markup": "XML and HTML from anywhere",
	"senders/auth":            "what a scheme is",
	"senders/header":          "a fixed header, which basic is too",
}

// lists know all folders beside them: that is what they are for.
var lists = []string{"ledger/drivers", "readers/formats"}

// Ways to do one thing do not know each other.
func TestSiblingsDoNotKnowEachOther(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		from, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours || !strings.Contains(from, "/") || slices.Contains(lists, from) || strings.Contains(from+"/", "test/") {
			continue
		}
		for _, path := range p.Imports {
			to, ours := strings.CutPrefix(path, module)
			if !ours || top(path) != top(p.ImportPath) || !strings.Contains(to, "/") || strings.HasPrefix(from+"/", to+"/") || strings.HasPrefix(to+"/", from+"/") {
				continue
			}
			if used[to] = true; shared[to] == "" {
				t.Errorf("%s imports its sibling %s", from, to)
			}
		}
	}
	for to := range shared {
		if !used[to] {
			t.Errorf("no sibling imports %s any more: take it out of the list", to)
		}
	}
}

// reach are the arrows that only tests may draw: what is written is read back by what reads it, calls are really made,
// and servers are tried with what files go through on them.
var reach = map[string][]string{"outbox": {"readers"}, "simulator": {"senders"}, "places": {"inbox", "outbox"}}

// Tests, too, look down only, but for what reach names.
func TestTestsPointOneWay(t *testing.T) {
	for _, p := range packages(t) {
		from := top(p.ImportPath)
		for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
			if to := top(path); from != "" && to != "" && to != from && floor[to] >= floor[from] && !slices.Contains(reach[from], to) {
				t.Errorf("a test of %s imports %s: the arrow turns back", p.ImportPath, path)
			}
		}
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

// What the life of a file is, inbox and outbox say once over places: two places have no method in common but those that package places, or
// io, asks of them. It was written twice once, in 29 methods.
func TestPlacesSayNothingTwice(t *testing.T) {
	asked := map[string]bool{"Read": true, "Write": true, "Close": true}
	for i, folder := 0, reflect.TypeFor[places.Folder](); i < folder.NumMethod(); i++ {
		asked[folder.Method(i).Name] = true
	}
	by := map[string]string{}
	for _, place := range []string{"places/local", "places/sftp"} {
		had := methods(t, place)
		if len(had) < 20 {
			t.Fatalf("%s: only %d methods were found", place, len(had))
		}
		for name := range had {
			if other := by[name]; other != "" && !asked[name] {
				t.Errorf("%s and %s both have a method %s: what it does is said once, or each has its own name", other, place, name)
			}
			by[name] = place
		}
	}
}

// No ledger, place or driver is asked what else it can do: what all have is in the interface, what only some have in a list. What a context
// carries is no ledger.
func TestNobodyAsksALedgerWhatElseItIs(t *testing.T) {
	asks := regexp.MustCompile(`(?i)\.\((ledger|desk|places)\.[A-Z]\w*\)|(owner|books|ledger|visitor|driver|folder)\.\(interface ?\{`)
	for _, path := range ourFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if asks.MatchString(line) && !strings.Contains(line, ".Value(") {
				t.Errorf("%s:%d: %s", path, i+1, strings.TrimSpace(line))
			}
		}
	}
}

// ourFiles are the program's: neither tests nor what only tests import.
func ourFiles(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "test/") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 200 {
		t.Errorf("%d files: %v", len(paths), err)
	}
	return paths
}

// A pattern is compiled when it is first used (patterns.New), and none at every start; here all are, so that none waits for a user with a
// mistake in it.
func TestPatterns(t *testing.T) {
	seen := 0
	for _, file := range ourFiles(t) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if g, is := d.(*ast.GenDecl); !is || g.Tok != token.VAR {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is {
					_, inside := n.(*ast.FuncLit)
					return !inside
				}
				switch fun, _ := call.Fun.(*ast.SelectorExpr); {
				case fun == nil:
				case fun.Sel.Name == "MustCompile" && !strings.Contains(file, "generate"):
					t.Errorf("%s: write patterns.New", file)
				case fun.Sel.Name == "New" && named(fun.X) == "patterns":
					seen++
					if _, err := regexp.Compile(literal(call.Args[0])); err != nil {
						t.Errorf("%s: %v", file, err)
					}
				}
				return true
			})
		}
	}
	if seen < 80 {
		t.Errorf("only %d patterns", seen)
	}
}

// literal is a text as it stands in the program; what else a text is put together from is taken for an x.
func literal(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BinaryExpr:
		return literal(x.X) + literal(x.Y)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(x.Value); err == nil {
			return text
		}
	}
	return "x"
}

func named(x ast.Expr) string {
	if id, is := x.(*ast.Ident); is {
		return id.Name
	}
	return ""
}

// methods are the names of a package's methods, on whatever system and of whatever type.
func methods(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv != nil {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}

func top(path string) string {
	rest, ours := strings.CutPrefix(path, module)
	if !ours {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// all is what packages found; go list takes a second.
var all []pkg

func packages(t *testing.T) []pkg {
	t.Helper()
	if all == nil {
		all = listed[pkg](t, nil, "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	}
	return all
}

// listed is what go list says of each package, under these variables besides our own.
func listed[T any](t *testing.T, env []string, args ...string) (all []T) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	list.Env = append(os.Environ(), env...)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p T
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

// What the Makefile runs by its name is a test that is there: go test is content with a name that nobody has.
func TestNamesOfTheMakefile(t *testing.T) {
	for list, dir := range map[string]string{"WHOLE": "pipeline", "INBOX": "inbox", "KILLS": "cmd/rowferry"} {
		tests := testsIn(t, dir)
		for name := range strings.SplitSeq(variable(t, list), "|") {
			if !strings.Contains(tests, "\nfunc "+name+"(t *testing.T)") {
				t.Errorf("%s has no %s", dir, name)
			}
		}
	}
}

// testsIn is the text of a folder's tests.
func testsIn(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return all.String()
}

// A package that starts goroutines has its tests watched for races (RACED in the Makefile); of the command they are the kills. Other
// people's servers and the odd ones among ours are not: it is the client that is watched, by its own tests, inboxes and outboxes.
func TestGoroutinesAreWatched(t *testing.T) {
	watched, seen := strings.Fields(strings.ReplaceAll(variable(t, "RACED"), "\\\n", " ")), 0
	for _, p := range packages(t) {
		dir := strings.TrimPrefix(p.ImportPath, module)
		if len(p.TestImports)+len(p.XTestImports) == 0 || dir == "cmd/rowferry" || dir == "places/placestest/servers" || !startsGoroutines(t, dir) {
			continue
		}
		if seen++; !slices.Contains(watched, dir) {
			t.Errorf("%s starts goroutines: RACED in the Makefile must name it", dir)
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages start goroutines", seen)
	}
}

// startsGoroutines is about the files of the program: a go statement, or a group's Go.
func startsGoroutines(t *testing.T, dir string) bool {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	starts := false
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			_, statement := n.(*ast.GoStmt)
			called, isCall := n.(*ast.SelectorExpr)
			starts = starts || statement || isCall && called.Sel.Name == "Go"
			return !starts
		})
	}
	return starts
}

// variable is what the Makefile has under a name.
func variable(t *testing.T, name string) string {
	t.Helper()
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(makefile), "\n"+name+" := ")
	if !found {
		t.Fatalf("the Makefile has no line %s", name)
	}
	lines := strings.SplitAfter(rest, "\n")
	last := slices.IndexFunc(lines, func(line string) bool { return !strings.HasSuffix(line, "\\\n") })
	return strings.TrimSpace(strings.Join(lines[:last+1], ""))
}
