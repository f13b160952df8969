package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a kill leaves of a ledger that was being made, the next start makes it whole; and the one after that finds it so.
func TestALedgerThatWasBeingMade(t *testing.T) {
	whole := t.TempDir()
	l, err := at(whole).Open(t.Context())
	must(t, err)
	must(t, l.Close())
	database, err := os.ReadFile(filepath.Join(whole, "ledger.db"))
	must(t, err)
	mark, err := os.ReadFile(filepath.Join(whole, "ledger.mark"))
	must(t, err)
	for name, left := range map[string]map[string][]byte{
		"nothing":                   {},
		"a part of the database":    {"ledger.db.new": database[:len(database)/2]},
		"the database without mark": {"ledger.db.new": database},
		"the database and its mark": {"ledger.db.new": database, "ledger.mark": mark},
		"the mark":                  {"ledger.mark": mark},
		"an empty file":             {"ledger.db": nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range left {
				must(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
			}
			for range 2 {
				l, err := at(dir).Open(t.Context())
				must(t, err)
				must(t, l.Keep(t.Context(), "key", "value"))
				must(t, l.Close())
			}
			v, err := at(dir).Visit(t.Context())
			must(t, err)
			defer func() { must(t, v.Close()) }()
			if value, err := v.Kept(t.Context(), "key"); err != nil || value != "value" {
				t.Errorf("%q, %v", value, err)
			}
			must(t, v.Sound(t.Context()))
			entries, err := os.ReadDir(dir)
			must(t, err)
			for _, e := range entries {
				if strings.Contains(e.Name(), ".new") && left[e.Name()] == nil {
					t.Errorf("%s is left", e.Name())
				}
			}
		})
	}
}
