package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/ledger/sqlite"
)

// A link in the place of one of our files is refused: neither is what it leads to written, nor are its rights changed.
func TestLinksAreRefused(t *testing.T) {
	for _, name := range []string{"ledger.pid", "ledger.lock"} {
		dir, other := t.TempDir(), filepath.Join(t.TempDir(), "other")
		if err := os.WriteFile(other, []byte("theirs"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(other, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		l, err := sqlite.Driver{Dir: dir}.Open(t.Context())
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), name+" is a link") {
			t.Errorf("%s: %v", name, err)
		}
		info, statErr := os.Stat(other)
		if text, err := os.ReadFile(other); err != nil || statErr != nil || string(text) != "theirs" || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %q, %v, %v", name, text, info, err)
		}
	}
}
