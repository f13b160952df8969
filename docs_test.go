package rowferry_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/dependencies.md says of every module that our packages import why it is this one, and of no other.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var required []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+`).FindAllStringSubmatch(string(mod), -1) {
		required = append(required, m[1])
	}
	slices.SortFunc(required, func(a, b string) int { return len(b) - len(a) }) // the longest path that fits is the module
	var used []string
	for _, p := range packages(t) {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			i := slices.IndexFunc(required, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
			if i >= 0 {
				used = append(used, required[i])
			}
		}
	}
	slices.Sort(used)
	used = slices.Compact(used)
	page, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+\.\S+/\S+) \|`).FindAllStringSubmatch(string(page), -1) {
		explained = append(explained, m[1])
	}
	for _, m := range used {
		if !slices.Contains(explained, m) {
			t.Errorf("docs/dependencies.md does not say why %s is used", m)
		}
	}
	for _, m := range explained {
		if !slices.Contains(used, m) {
			t.Errorf("docs/dependencies.md explains %s, which nothing imports", m)
		}
	}
	if len(used) < 10 {
		t.Fatalf("only %d modules were found", len(used))
	}
}

// Links between our pages lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	pages := []string{"README.md", "CHANGELOG.md"}
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Error(err)
			continue
		}
		folder := filepath.Dir(page)
		for _, m := range link.FindAllStringSubmatch(string(content), -1) {
			if _, err := os.Stat(filepath.Join(folder, m[1])); err != nil {
				t.Errorf("%s: %s leads nowhere", page, m[1])
			}
		}
	}
}

// The packages carry README.md and every page and picture that it, and those, lead to; what the pages tell of the source is not there.
func TestPackagesCarryThePages(t *testing.T) {
	recipe, err := os.ReadFile("packaging/nfpm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	carried := map[string]bool{}
	for _, m := range regexp.MustCompile(`src: ([^"\s]+), dst: /usr/share/doc/rowferry/(\S+),`).FindAllStringSubmatch(string(recipe), -1) {
		files, err := filepath.Glob(m[1])
		if err != nil || len(files) == 0 {
			t.Errorf("%s: %v, %v", m[1], files, err)
		}
		for _, file := range files {
			to := m[2]
			if strings.HasSuffix(to, "/") {
				to += filepath.Base(file)
			}
			carried[to], carried[path.Dir(to)] = true, true
		}
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	pages := 0
	for page := range carried {
		content, err := os.ReadFile(page) // lies there as here
		if !strings.HasSuffix(page, ".md") {
			continue
		}
		if pages++; err != nil {
			t.Error(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(content), -1) {
			to := path.Join(path.Dir(page), m[1])
			if ours := page == "README.md" || strings.HasPrefix(to, "docs/"); ours && !carried[to] {
				t.Errorf("the packages carry %s, but not %s that it leads to", page, to)
			}
		}
	}
	if pages < 15 {
		t.Errorf("the packages carry %d pages", pages)
	}
}

// What a page says is to be written, listed or run is there: folders, files, and the names of packages of ours.
func TestHowToAddIsTrue(t *testing.T) {
	text, err := os.ReadFile("docs/how-to-add.md")
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]string{}
	for _, p := range packages(t) {
		folder := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "./")
		folders[path.Base(folder)] = folder
	}
	code := regexp.MustCompile("`([^`]+)`")
	name := regexp.MustCompile(`^(\w+)\.([A-Z]\w*)$`)
	listed := regexp.MustCompile("`(\\w+)` in `([\\w/]+(?:\\.go)?)`")
	seen := 0
	for _, m := range code.FindAllStringSubmatch(string(text), -1) {
		said := strings.TrimPrefix(strings.TrimPrefix(m[1], "go test "), "./")
		if of := name.FindStringSubmatch(said); of != nil {
			if seen++; folders[of[1]] == "" || !declares(t, folders[of[1]], of[2]) {
				t.Errorf("there is no %s", said)
			}
		} else if strings.Contains(said, "/") {
			seen++
			if _, err := os.Stat(strings.Split(said, "/NAME")[0]); err != nil {
				t.Errorf("there is no %s", said)
			}
		}
	}
	for _, m := range listed.FindAllStringSubmatch(string(text), -1) {
		if seen++; !declares(t, m[2], m[1]) {
			t.Errorf("%s has no %s", m[2], m[1])
		}
	}
	if seen < 40 {
		t.Errorf("only %d names were looked at", seen)
	}
}

// declares reports whether a file, or one of a folder, declares a name at its top.
func declares(t *testing.T, where, name string) bool {
	t.Helper()
	files := []string{where}
	if !strings.HasSuffix(where, ".go") {
		files, _ = filepath.Glob(filepath.Join(where, "*.go"))
	}
	declared := regexp.MustCompile(`(?m)^\t?(?:func|type|var|const|)\s?(?:\([^)]*\) )?` + name + `\b`)
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && declared.Match(text)
	})
}
