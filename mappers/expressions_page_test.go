package mappers

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr/builtin"
)

var (
	cellLine    = regexp.MustCompile("^\\| ([^`|]+) \\| `([^`]*)` \\|$")
	exampleLine = regexp.MustCompile("^\\| `([^`]+)` \\| .+ \\| `(.+)` \\| `([^`]*)` \\|$")
)

// The page of expressions has every function there is and no other, and its examples give what it says.
func TestExpressionsPage(t *testing.T) {
	page, err := os.ReadFile("../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	e := newEnv(time.Now)
	var told []string
	for line := range strings.Lines(string(page)) {
		line = strings.TrimRight(line, "\r\n")
		if c := cellLine.FindStringSubmatch(line); c != nil {
			if e.Row[c[1]] = c[2]; e.Value == "" {
				e.Value = c[2]
			}
		}
		x := exampleLine.FindStringSubmatch(line)
		if x == nil {
			continue
		}
		told = append(told, x[1])
		p, wrong, suggest := compileExpression(x[2])
		if p == nil {
			t.Errorf("%s: %v %s", x[2], wrong, suggest)
			continue
		}
		if got, _, err := p.run(e); err != nil || got != x[3] {
			t.Errorf("%s gives %q (%v), the page says %q", x[2], got, err, x[3])
		}
	}
	there := []string{"left", "right", "mid", "number"} // what the language itself does not have
	for _, f := range builtin.Builtins {
		there = append(there, f.Name)
	}
	for _, name := range there {
		if n := slices.Contains(told, name); n == slices.Contains(off, name) {
			t.Errorf("%s: is it told of? %t", name, n)
		}
	}
	for _, name := range told {
		if word := regexp.MustCompile(`^\w+$`); word.MatchString(name) && !slices.Contains(there, name) && !slices.Contains([]string{"in", "let", "matches"}, name) {
			t.Errorf("there is no %s", name)
		}
	}
}
