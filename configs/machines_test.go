package configs

import (
	"path/filepath"
	"strings"
	"testing"
)

// Machines have names; those that reach the inboxes of all routes do what is done for all, and any machine where there is none.
func TestMachines(t *testing.T) {
	const text = `
machine: MACHINE
accounts:
  les: {provider: les, server: https://les.example.com}
routes:
  a: {account: les, operation: shipmentFailed, inbox: {dir: a, on: ONE}, outbox: {dir: out}}
  b: {account: les, operation: shipmentFailed, inbox: {dir: b, on: TWO}, outbox: {dir: out}}
  c: {account: les, operation: shipmentFailed, inbox: {dir: c}, outbox: {dir: out}}
`
	for name, c := range map[string]struct {
		machine, one, two string
		forAll            bool
		wrong             string // the key of the mistake; "": none
	}{
		"named by all":    {"east-1", "[east-1, east-2]", "[east-1]", true, ""},
		"named by one":    {"east-2", "[east-1, east-2]", "[east-1]", false, ""},
		"named by none":   {"east-3", "east-1", "east-1", false, ""},
		"all reach all":   {"east-3", "[]", "[]", true, ""},
		"apart":           {"east-1", "[east-1]", "[east-2]", true, ""},
		"previews apart":  {"east-1", "[east-1]}, preview: {dir: pa", "[east-2]}, preview: {dir: pb", false, "routes.b.inbox.on"},
		"one preview":     {"east-1", "[east-1]", "[east-2]}, preview: {dir: pb", true, ""},
		"no name":         {"east/1", "[]", "[]", true, "machine"},
		"no name in a on": {"east-1", "[east-1, a b]", "[east-1]", true, "routes.a.inbox.on[1]"},
		"in any script":   {"东-1", "[东-1]", "[东-1]", true, ""},
	} {
		got := Load(write(t, t.TempDir(), strings.NewReplacer("MACHINE", c.machine, "ONE", c.one, "TWO", c.two).Replace(text)))
		err := got.Verdict().Err()
		if c.wrong == "" {
			if err != nil || got.ForAll() != c.forAll || got.Here() != c.machine {
				t.Errorf("%s: %v, for all %v", name, err, got.ForAll())
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), ": "+c.wrong+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Copies lie with the ledger, or in a folder that is nobody else's.
func TestSpool(t *testing.T) {
	const text = `
ledger: postgres://db.example.com/rowferry
spool: SPOOL
accounts:
  les: {provider: les, server: https://les.example.com}
routes:
  a: {account: les, operation: shipmentFailed, inbox: {dir: in/a}, outbox: {dir: out}}
`
	for spool, wrong := range map[string]bool{"ledger": false, "./spool": false, "/mnt/share/rowferry": false, "ledgr": true, "''": true,
		"./in/a": true, "./in/a/spool": true, "./in": true, "./out": true, "./out/spool": true, "./data/spool": true} {
		dir := t.TempDir()
		got := Load(write(t, dir, strings.ReplaceAll(text, "SPOOL", spool)))
		err := got.Verdict().Err()
		if wrong != (err != nil) || wrong && !strings.Contains(err.Error(), ": spool: ") {
			t.Errorf("%s: %v", spool, err)
		}
		if spool == "./spool" && got.Spool != filepath.Join(dir, "spool") {
			t.Error(got.Spool)
		}
	}
}
