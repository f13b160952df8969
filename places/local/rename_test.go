package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// ways are the steps of Rename and what they stand on, each of which must keep the promise alone.
var ways = map[string]func(from, to string) error{
	"Rename":         Rename,
	"lookThenRename": func(from, to string) error { return lookThenRename(spot{name: from}, spot{name: to}) },
	"linkThenRemove": func(from, to string) error { return linkThenRemove(spot{name: from}, spot{name: to}) },
}

func TestRenameNeverOverwrites(t *testing.T) {
	for name, rename := range ways {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b")
			put(t, from, "new")
			put(t, to, "old")
			if err := rename(from, to); !errors.Is(err, fs.ErrExist) {
				t.Fatalf("over an existing file: %v, want fs.ErrExist", err)
			}
			check(t, from, "new")
			check(t, to, "old")
			if err := os.Remove(to); err != nil {
				t.Fatal(err)
			}
			if err := rename(from, to); err != nil {
				t.Fatal(err)
			}
			check(t, to, "new")
			if err := rename(from, filepath.Join(dir, "c")); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("without a source: %v, want fs.ErrNotExist", err)
			}
		})
	}
}

func TestLinkedAndKilledBeforeTheOldNameWentEndsWhenCalledAgain(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	put(t, from, "x")
	if err := os.Link(from, to); err != nil {
		t.Fatal(err)
	}
	if !same(spot{name: from}, spot{name: to}) {
		t.Fatal("the two names of one file are not seen as the same")
	}
	if err := linkThenRemove(spot{name: from}, spot{name: to}); err != nil {
		t.Fatal(err)
	}
	check(t, to, "x")
	if _, err := os.Lstat(from); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the old name is still there: %v", err)
	}
	if err := linkThenRemove(spot{name: to}, spot{name: to}); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a file renamed to itself: %v, want fs.ErrExist", err)
	}
	check(t, to, "x")
}

// Of many who move the same file at once exactly one wins; of many who move different files to one name as well.
func TestRenameHasOneWinner(t *testing.T) {
	for round := range 50 {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "one"), "1")
		var won, tookName atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			own := filepath.Join(dir, fmt.Sprint("own", i))
			put(t, own, own)
			wg.Go(func() {
				if Rename(filepath.Join(dir, "one"), filepath.Join(dir, fmt.Sprint("won", i))) == nil {
					won.Add(1)
				}
				if Rename(own, filepath.Join(dir, "name")) == nil {
					tookName.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || tookName.Load() != 1 {
			t.Fatalf("round %d: %d moved the file, %d took the name; want 1 and 1", round, won.Load(), tookName.Load())
		}
	}
}

func TestSyncDirs(t *testing.T) {
	if err := SyncDirs(t.TempDir(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if err := SyncDirs(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a folder that is not there: %v", err)
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Fatalf("%s holds %q, %v; want %q", path, got, err, want)
	}
}
