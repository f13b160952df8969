package local

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rowferry/rowferry/places"
)

// An inbox in which nothing lies is not listed again while nothing changes in it; whatever comes is seen by the next look all the same.
func TestQuietFoldersAreNotListedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		before func(dir string) error // it is listed
		then   func(dir string) error
		later  time.Duration // when it is looked at, by the clock
		want   []string      // what is found then
		same   bool          // it is not listed for that
	}{
		"nothing":                  {same: true},
		"a folder lay there":       {before: func(dir string) error { return os.Mkdir(filepath.Join(dir, "archive"), 0o755) }, want: []string{"archive"}, same: true},
		"nothing for a minute":     {later: time.Minute},
		"a file lay there":         {before: func(dir string) error { return write(dir, "a.csv") }, want: []string{"a.csv"}},
		"a file comes":             {then: func(dir string) error { return write(dir, "a.csv") }, want: []string{"a.csv"}},
		"a file is moved in":       {then: func(dir string) error { return os.Rename(aside(dir), filepath.Join(dir, "b.csv")) }, want: []string{"b.csv"}},
		"a link comes":             {then: func(dir string) error { return os.Link(aside(dir), filepath.Join(dir, "c.csv")) }, want: []string{"c.csv"}},
		"its time is set back":     {then: func(dir string) error { return setBack(dir, write(dir, "a.csv")) }, want: []string{"a.csv"}},
		"a file came and went":     {then: func(dir string) error { return gone(dir, write(dir, "a.csv")) }},
		"its rights are changed":   {then: func(dir string) error { return os.Chmod(dir, 0o700) }},
		"another one has its name": {then: func(dir string) error { return replaced(dir) }, want: []string{"d.csv"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "inbox")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := write(filepath.Dir(dir), "aside"); err != nil {
				t.Fatal(err)
			}
			if c.before != nil {
				if err := c.before(dir); err != nil {
					t.Fatal(err)
				}
			}
			opened, err := Open(Settings{Dir: dir, Watch: true, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer opened.Close()
			f := opened.(*folder)
			clock := time.Now().Add(settled) // as if it had been left alone for so long
			f.clock = func() time.Time { return clock }
			if _, err := f.List(t.Context(), "."); err != nil {
				t.Fatal(err)
			}
			if c.then != nil {
				if err := c.then(dir); err != nil {
					t.Fatal(err)
				}
			}
			clock = clock.Add(c.later)
			info, err := os.Stat(dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, same := f.quiet.same(info, clock); same != (c.same && steady(dir)) {
				t.Errorf("not listed again: %v", same)
			}
			found, err := f.List(t.Context(), ".")
			if err != nil || !named(found, c.want) {
				t.Errorf("found %v, %v; want %v", found, err, c.want)
			}
		})
	}
}

// What changed a moment ago may change again without its time telling so: it is listed.
func TestRecentChangesAreNotBelieved(t *testing.T) {
	dir := t.TempDir()
	opened, err := Open(Settings{Dir: dir, Watch: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	f := opened.(*folder)
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := changed(info)
	f.clock = func() time.Time { return at.Add(settled - time.Nanosecond) }
	if _, err := f.List(t.Context(), "."); err != nil {
		t.Fatal(err)
	}
	if _, same := f.quiet.same(info, f.clock()); same {
		t.Error("a listing of a folder that had just changed is believed")
	}
}

func write(dir, name string) error { return os.WriteFile(filepath.Join(dir, name), []byte("a"), 0o644) }

func aside(dir string) string { return filepath.Join(filepath.Dir(dir), "aside") }

func setBack(dir string, err error) error {
	if err != nil {
		return err
	}
	return os.Chtimes(dir, time.Unix(1, 0), time.Unix(1, 0))
}

func gone(dir string, err error) error {
	if err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, "a.csv"))
}

func replaced(dir string) error {
	if err := os.Rename(dir, dir+".old"); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return write(dir, "d.csv")
}

func named(found []places.Entry, want []string) bool {
	if len(found) != len(want) {
		return false
	}
	for i := range found {
		if found[i].Name != want[i] {
			return false
		}
	}
	return true
}
