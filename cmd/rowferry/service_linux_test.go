package main

import (
	"slices"
	"strings"
	"testing"
)

// A configuration may lie in a folder of any name: what stands for something to systemd is written so that it does not.
func TestTheUnitOfAFolderOfAnyName(t *testing.T) {
	dir := "/srv/My Data 100%h $HOME"
	lines := strings.Split(unit([]string{"run", "-c", dir + "/rowferry.yaml"}, dir), "\n")
	for _, want := range []string{
		`WorkingDirectory=/srv/My Data 100%%h $HOME`,
		`ReadWritePaths="/srv/My Data 100%%h $HOME"`,
		`ExecStart={{.Path|cmdEscape}} "run" "-c" "/srv/My Data 100%%h $$HOME/rowferry.yaml"`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %s in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}
