package local_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rowferry/rowferry/places/local"
)

// What root makes in a folder of another user is that user's: folders with the rights of the one above, and what a ledger leaves. What has another
// name is not given away, nor is what a link leads to.
func TestWhatRootMakesIsNotRoots(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make what another user cannot open")
	}
	const nobody = 65534
	top := t.TempDir()
	must(t, os.Chown(top, nobody, nobody))
	must(t, os.Chmod(top, 0o770|os.ModeSetgid))
	inbox, data := filepath.Join(top, "inbox", "orders"), filepath.Join(top, "data")
	must(t, local.Make(inbox, 0o755))
	must(t, local.Make(data, 0o700))
	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(outside, nil, 0o600))
	must(t, os.WriteFile(filepath.Join(data, "ledger.db"), nil, 0o600))
	must(t, os.Mkdir(filepath.Join(data, "spool"), 0o700))
	must(t, os.WriteFile(filepath.Join(data, "spool", "one"), nil, 0o600))
	must(t, os.Symlink(outside, filepath.Join(data, "link")))
	must(t, os.Link(outside, filepath.Join(data, "twin")))
	local.HandOver(data)
	for path, want := range map[string]uint32{filepath.Dir(inbox): nobody, inbox: nobody, data: nobody, filepath.Join(data, "ledger.db"): nobody, filepath.Join(data, "spool", "one"): nobody,
		filepath.Join(data, "twin"): 0, outside: 0} {
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s belongs to %d, not to %d", path, got, want)
		}
	}
	for path, want := range map[string]os.FileMode{inbox: 0o770, data: 0o700} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s: %v", path, info.Mode())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
