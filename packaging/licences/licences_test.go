package licences_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/packaging/licences"
)

// Every module that the program is linked from is there with a text; "make generate" writes them.
func TestEveryLinkedModuleHasItsText(t *testing.T) {
	var text bytes.Buffer
	if err := licences.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "github.com/rowferry/rowferry/cmd/rowferry")
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, line := range lines {
		have[line] = true
	}
	seen := 0
	for name := range strings.Lines(string(out)) {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		seen++
		if !have[name] {
			t.Errorf("%s is linked, but its licence text is not among those that the program prints: go generate ./packaging/licences", name)
			have[name] = true
		}
	}
	if seen < 20 {
		t.Fatalf("only %d lines of modules were looked at", seen)
	}
}
