package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// A folder whose mount came off, or that lies on another one suddenly, is not used, and says so; when it is back it is. Where nothing can be
// mounted, what is remembered is changed instead.
func TestAFolderOnAnotherFileSystemWaits(t *testing.T) {
	above, memory := t.TempDir(), filepath.Join(t.TempDir(), "mounts", "orders.inbox")
	mount := func() error { return syscall.Mount("tmpfs", above, "tmpfs", 0, "size=1m") }
	can := os.Getuid() == 0 && mount() == nil
	if can {
		t.Cleanup(func() { _ = syscall.Unmount(above, syscall.MNT_DETACH) })
	}
	dir := filepath.Join(above, "in")
	open := func() places.Folder {
		f, err := Open(Settings{Dir: dir, Mount: memory})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	waits := func() {
		t.Helper()
		_, made := open().Make(t.Context(), ".", false)
		_, listed := open().List(t.Context(), ".")
		for _, err := range []error{made, listed} {
			trouble, ok := errors.AsType[*places.Trouble](err)
			if !ok || trouble.Message.Key != "place.remounted" {
				t.Fatalf("on another file system: %v", err)
			}
			for _, l := range batch.Languages() {
				if said := words.Say(l, trouble.Message); !strings.Contains(said, dir) || !strings.Contains(said, memory) {
					t.Errorf("%s: %s", l, said)
				}
			}
		}
	}
	works := func() {
		t.Helper()
		_, made := open().Make(t.Context(), ".", false)
		_, listed := open().List(t.Context(), ".")
		if err := errors.Join(made, listed); err != nil {
			t.Fatal(err)
		}
	}
	works()
	works()
	if can {
		if err := syscall.Unmount(above, syscall.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
		waits()
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("something was made below the mount point: %v", err)
		}
		if err := mount(); err != nil {
			t.Fatal(err)
		}
		works()
	}
	if err := os.WriteFile(memory, []byte(dir+"\nnfs4 /mnt/share\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	waits()
	if err := os.Remove(memory); err != nil { // as the message says
		t.Fatal(err)
	}
	works()
	dir = filepath.Join(t.TempDir(), "another") // the route names another folder
	works()
}
