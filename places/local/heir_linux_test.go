package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rowferry/rowferry/places"
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

// Where root runs what the service of another user runs at other times, folders below an inbox, and an outbox, belong to that user, and are ours to root.
func TestRootWorksForTheService(t *testing.T) {
	nobody := uint32(65534)
	if os.Geteuid() != 0 {
		nobody = uint32(os.Geteuid())
	}
	top := t.TempDir()
	data, inbox, outbox := filepath.Join(top, "data"), filepath.Join(top, "inbox"), filepath.Join(top, "results", "orders")
	for _, dir := range []string{data, inbox} {
		must(t, os.Mkdir(dir, 0o750))
		must(t, os.Chown(dir, int(nobody), -1))
	}
	must(t, os.Chown(top, int(nobody), -1))
	open := func(s local.Settings) places.Folder {
		f, err := local.Open(s)
		must(t, err)
		t.Cleanup(func() { must(t, f.Close()) })
		return f
	}
	made := func(f places.Folder, name string) error {
		_, err := f.Make(t.Context(), name, name == "processing")
		return err
	}
	in, out := open(local.Settings{Dir: inbox, Data: data}), open(local.Settings{Dir: outbox, Data: data})
	must(t, made(in, "processing"))
	must(t, made(in, "processing/one"))
	must(t, made(in, "processing/one")) // it is there, another user's
	must(t, made(out, "."))
	must(t, local.Ours(inbox, "processing", data))
	for _, dir := range []string{filepath.Join(inbox, "processing"), filepath.Join(inbox, "processing", "one"), filepath.Dir(outbox), outbox} {
		info, err := os.Stat(dir)
		must(t, err)
		if got := info.Sys().(*syscall.Stat_t).Uid; got != nobody {
			t.Errorf("%s belongs to %d, not to %d", dir, got, nobody)
		}
	}
	must(t, os.Chown(data, os.Geteuid(), -1)) // the service is root: what is another user's may be exchanged by them
	if err := made(in, "processing/two"); os.Geteuid() == 0 && !errors.Is(err, places.ErrNotOurs) {
		t.Errorf("in a folder of another user: %v", err)
	}
}
