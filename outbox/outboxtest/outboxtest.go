// Package outboxtest holds the tests that every outbox must pass. The place under test puts files into a folder that the test can
// also reach directly.
package outboxtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rowferry/rowferry/outbox"
)

// Opener opens a place that puts files into dir.
type Opener func(t *testing.T, dir string) outbox.Place

// Run runs all of them.
func Run(t *testing.T, open Opener) {
	tests := map[string]func(*testing.T, Opener){
		"PutsTheWholeContent":             putsTheWholeContent,
		"SaysDoneWhenItIs":                saysDoneWhenItIs,
		"NeverOverwrites":                 neverOverwrites,
		"MakesTheFolder":                  makesTheFolder,
		"LeavesNothingHalf":               leavesNothingHalf,
		"AppearsAtOnce":                   appearsAtOnce,
		"ManyAtOnce":                      manyAtOnce,
		"RefusesNamesThatClimb":           refusesNamesThatClimb,
		"GoesOnAfterAKilledOne":           goesOnAfterAKilledOne,
		"ReadsFromTheBeginning":           readsFromTheBeginning,
		"WaitsForTheFolderToBeUsedAsSuch": tellsWhenTheFolderIsAFile,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func start(t *testing.T, open Opener, dir string) outbox.Place {
	t.Helper()
	p := open(t, dir)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

func put(t *testing.T, p outbox.Place, name, content string) {
	t.Helper()
	if err := p.Put(t.Context(), name, strings.NewReader(content)); err != nil {
		t.Fatalf("put %q: %v", name, err)
	}
}

// holds checks that the folder has exactly these files, and no part of one.
func holds(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if content, known := want[e.Name()]; !known {
			t.Errorf("there is a file %q of %d bytes", e.Name(), len(got))
		} else if content != string(got) {
			t.Errorf("%q holds %d bytes, want %d", e.Name(), len(got), len(content))
		}
	}
	if len(entries) < len(want) {
		t.Errorf("there are %d files, want %d", len(entries), len(want))
	}
}

func putsTheWholeContent(t *testing.T, open Opener) {
	dir := t.TempDir()
	p := start(t, open, dir)
	want := map[string]string{
		"orders.20261122-101502-7f3a.result.csv": strings.Repeat("row,status\r\n", 300_000),
		"empty.summary.json":                     "",
		"two words.csv":                          "a",
		"订单 清单.result.xlsx":                      "б",
		"Заказы.csv":                             "я",
		"a'b\"c$(x);&*?.csv":                     "q",
		"-rf.csv":                                "-",
		strings.Repeat("n", 230) + ".csv":        "long",
	}
	for name, content := range want {
		put(t, p, name, content)
	}
	holds(t, dir, want)
}

func saysDoneWhenItIs(t *testing.T, open Opener) {
	dir := t.TempDir()
	p := start(t, open, dir)
	content := strings.Repeat("x", 1<<20)
	for range 3 {
		put(t, p, "a.csv", content)
	}
	put(t, start(t, open, dir), "a.csv", content)
	holds(t, dir, map[string]string{"a.csv": content})
}

func neverOverwrites(t *testing.T, open Opener) {
	dir := t.TempDir()
	p := start(t, open, dir)
	content := strings.Repeat("x", 1<<20)
	put(t, p, "a.csv", content)
	last := content[1:] + "y"
	for _, other := range []string{"", "x", content + "x", last, content[1:]} {
		if err := p.Put(t.Context(), "a.csv", strings.NewReader(other)); !errors.Is(err, outbox.ErrExists) {
			t.Errorf("%d other bytes: %v, want ErrExists", len(other), err)
		}
	}
	holds(t, dir, map[string]string{"a.csv": content})
	for name, make := range map[string]func(string) error{
		"folder.csv": func(path string) error { return os.Mkdir(path, 0o755) },
		"link.csv":   func(path string) error { return os.Symlink(filepath.Join(dir, "a.csv"), path) },
	} {
		if err := make(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := p.Put(t.Context(), name, strings.NewReader(content)); !errors.Is(err, outbox.ErrExists) {
			t.Errorf("%s in the way: %v, want ErrExists", name, err)
		}
	}
}

func makesTheFolder(t *testing.T, open Opener) {
	dir := filepath.Join(t.TempDir(), "to", "be", "made")
	p := start(t, open, dir)
	put(t, p, "a.csv", "x")
	holds(t, dir, map[string]string{"a.csv": "x"})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	put(t, p, "a.csv", "x")
	holds(t, dir, map[string]string{"a.csv": "x"})
}

var errTorn = errors.New("torn")

// torn fails after some bytes.
type torn struct {
	*strings.Reader
	left int
}

func (c *torn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTorn
	}
	n, err := c.Reader.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

func (c *torn) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > int64(c.left) {
		return 0, errTorn
	}
	return c.Reader.ReadAt(b, at)
}

func leavesNothingHalf(t *testing.T, open Opener) {
	dir := t.TempDir()
	p := start(t, open, dir)
	content := strings.Repeat("x", 2<<20)
	if err := p.Put(t.Context(), "a.csv", &torn{strings.NewReader(content), 1 << 20}); !errors.Is(err, errTorn) {
		t.Fatalf("content that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Put(ctx, "a.csv", strings.NewReader(content)); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "a.csv")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("half a file appeared: %v", err)
	}
	put(t, p, "a.csv", content)
	holds(t, dir, map[string]string{"a.csv": content})
}

func appearsAtOnce(t *testing.T, open Opener) {
	dir := t.TempDir()
	p := start(t, open, dir)
	content := strings.Repeat("0123456789abcdef", 1<<20)
	var done atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !done.Load() {
			info, err := os.Stat(filepath.Join(dir, "a.csv"))
			if err == nil && info.Size() != int64(len(content)) {
				t.Errorf("seen with %d bytes of %d", info.Size(), len(content))
				return
			}
		}
	})
	put(t, p, "a.csv", content)
	done.Store(true)
	wg.Wait()
}

func manyAtOnce(t *testing.T, open Opener) {
	dir := t.TempDir()
	p := start(t, open, dir)
	var wg sync.WaitGroup
	var won, lost atomic.Int32
	for i := range 8 {
		wg.Go(func() {
			if err := p.Put(t.Context(), fmt.Sprint("own", i), strings.NewReader("own")); err != nil {
				t.Errorf("own name: %v", err)
			}
			if err := p.Put(t.Context(), "same", strings.NewReader(strings.Repeat("s", 100_000))); err != nil {
				t.Errorf("same name and content: %v", err)
			}
			switch err := p.Put(t.Context(), "contested", strings.NewReader(strings.Repeat(fmt.Sprint(i), 100_000))); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, outbox.ErrExists):
				lost.Add(1)
			default:
				t.Errorf("contested name: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		t.Errorf("%d won and %d lost the name, want 1 and 7", won.Load(), lost.Load())
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 10 {
		t.Errorf("there are %d files, want 10 (%v)", len(entries), err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "contested"))
	if err != nil || len(content) != 100_000 || bytes.Count(content, content[:1]) != len(content) {
		t.Errorf("the contested file is a mixture (%v)", err)
	}
}

func refusesNamesThatClimb(t *testing.T, open Opener) {
	dir := filepath.Join(t.TempDir(), "in")
	p := start(t, open, dir)
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "/etc/x", "line\nbreak", "nul\x00", "bad\xff", strings.Repeat("x", 300)} {
		if err := p.Put(t.Context(), name, strings.NewReader("x")); err == nil {
			t.Errorf("%q was allowed", name)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) > 1 {
		t.Errorf("something was written outside: %v", entries)
	}
}

func goesOnAfterAKilledOne(t *testing.T, open Opener) {
	dir := t.TempDir()
	content := strings.Repeat("x", 3<<20)
	first := start(t, open, dir)
	// What a kill leaves is whatever the place has under way; a content that fails leaves the same or less.
	_ = first.Put(t.Context(), "a.csv", &torn{strings.NewReader(content), 2 << 20})
	put(t, start(t, open, dir), "a.csv", content)
	holds(t, dir, map[string]string{"a.csv": content})
}

func readsFromTheBeginning(t *testing.T, open Opener) {
	dir := t.TempDir()
	p := start(t, open, dir)
	content := strings.NewReader("0123456789")
	if _, err := content.Seek(5, 0); err != nil {
		t.Fatal(err)
	}
	if err := p.Put(t.Context(), "a.csv", content); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, map[string]string{"a.csv": "0123456789"})
}

func tellsWhenTheFolderIsAFile(t *testing.T, open Opener) {
	dir := filepath.Join(t.TempDir(), "in-the-way")
	if err := os.WriteFile(dir, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := start(t, open, dir)
	if err := p.Put(t.Context(), "a.csv", strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), dir) {
		t.Fatalf("a file where the folder should be: %v; it should name %s", err, dir)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	put(t, p, "a.csv", "x")
}
