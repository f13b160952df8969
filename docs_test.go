package rowferry_test

import (
	"os"
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
