package main

import (
	"path/filepath"
	"testing"

	"github.com/rowferry/rowferry/configs"
)

// A result on a partner's server is not looked for on this machine.
func TestResultsAreShownWhereTheyLie(t *testing.T) {
	if got := resultAt(configs.Outbox{SFTP: "partner", Dir: "/incoming"}, "a.result.csv"); got != "partner:/incoming/a.result.csv" {
		t.Error(got)
	}
	if got, want := resultAt(configs.Outbox{Dir: "out"}, "a.result.csv"), filepath.Join("out", "a.result.csv"); got != want {
		t.Error(got)
	}
}
