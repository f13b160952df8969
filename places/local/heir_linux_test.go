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
	nobody, modes := uint32(65534), map[string]os.FileMode{"inbox/orders": 0o770, "data": 0o700}
	top := t.TempDir()
	if os.Geteuid() != 0 { // who makes nothing that another user cannot open: everything stays ours, as it was asked for
		nobody, modes["inbox/orders"] = uint32(os.Geteuid()), 0o750
	}
	must(t, os.Chown(top, int(nobody), -1))
	must(t, os.Chmod(top, 0o770|os.ModeSetgid))
	inbox, data := filepath.Join(top, "inbox", "orders"), filepath.Join(top, "data")
	must(t, local.Make(inbox, 0o750))
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
		filepath.Join(data, "twin"): uint32(os.Geteuid()), outside: uint32(os.Geteuid())} {
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s belongs to %d, not to %d", path, got, want)
		}
	}
	for name, want := range modes {
		info, err := os.Stat(filepath.Join(top, name))
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s: %v", name, info.Mode())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
