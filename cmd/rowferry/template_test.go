package main

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers/workbook/workbooktest"
)

// A template in which somebody typed is accepted by a route without a map; and the configuration that init makes from it loads
// once the environment has what init asks for, and agrees. (Package proposal tries every language.)
func TestTemplatesAreAccepted(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			l := batch.Languages()[seen%len(batch.Languages())]
			t.Run(name+"/"+op.ID+"/"+string(l), func(t *testing.T) { templateAccepted(t, name, op, l) })
			seen++
		}
	}
	if seen < 5 {
		t.Fatalf("only %d templates were looked at", seen)
	}
}

func templateAccepted(t *testing.T, name string, op *providers.Operation, l batch.Language) {
	dir := t.TempDir()
	good(t, rowferry(t, dir, "providers", "template", name, op.ID, "-o", "filled.xlsx", "--lang", string(l)))
	workbooktest.Typed(t, filepath.Join(dir, "filled.xlsx"))
	var made struct {
		Route, Group string
		Environment  []struct{ Name string }
		Unused       []string `json:"unused_columns"`
		Unfilled     []string `json:"unfilled_fields"`
		Check        check.Finding
	}
	out := good(t, rowferry(t, dir, "init", "--from", "filled.xlsx", "--operation", name+"/"+op.ID, "--lang", string(l), "--json"))
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(made.Unused) != 1 || len(made.Unfilled) > 0 || !made.Check.Good() { // a column of their own is not the provider's
		t.Errorf("init: %s", out)
	}
	config, err := os.ReadFile(filepath.Join(dir, "rowferry.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(config), "# map: nothing needs one") {
		t.Errorf("the template's headings need a map:\n%s", config)
	}
	check := rowferry(t, dir, "check", made.Route, "filled.xlsx", "--json")
	for _, v := range made.Environment {
		value := "md5"
		switch {
		case strings.HasSuffix(v.Name, "_SERVER"):
			value = "https://example.com"
		case strings.HasSuffix(v.Name, "_OVER"):
			value = "{token}{timestamp}{nonce}{secret}"
		}
		check.Env = append(check.Env, v.Name+"="+value)
	}
	var findings []map[string]any
	out = good(t, check)
	if err := json.Unmarshal(out, &findings); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := len(op.Example())
	if op.Rows.Kind != providers.Group {
		want = 1
	}
	f := findings[0]
	if f["rows"] != float64(want) || f["would_be_sent"] != float64(want) || f["requests"] != 1.0 || f["problems"] != nil {
		t.Errorf("want %d rows sent in one request: %s", want, out)
	}
}

// good runs a command that must succeed and gives what it printed.
func good(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%v: %v\n%s%s", cmd.Args[1:], err, out, exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
