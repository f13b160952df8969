// Package outboxtest holds the tests that an outbox must pass on every kind of place.
package outboxtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/placestest"
	"github.com/rowferry/rowferry/words"
)

// Run runs all of them.
func Run(t *testing.T, on placestest.Ground, s outbox.Settings) {
	tests := map[string]func(*bench){
		"PutsTheWholeContent":       putsTheWholeContent,
		"SaysDoneWhenItIs":          saysDoneWhenItIs,
		"NeverOverwrites":           neverOverwrites,
		"MakesTheFolder":            makesTheFolder,
		"LeavesNothingHalf":         leavesNothingHalf,
		"AppearsAtOnce":             appearsAtOnce,
		"ManyAtOnce":                manyAtOnce,
		"RefusesNamesThatClimb":     refusesNamesThatClimb,
		"GoesOnAfterAKilledOne":     goesOnAfterAKilledOne,
		"ReadsFromTheBeginning":     readsFromTheBeginning,
		"TellsWhenTheFolderIsAFile": tellsWhenTheFolderIsAFile,
		"SweepsOldParts":            sweepsOldParts,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(&bench{T: t, on: on, World: on.New(t), settings: s}) })
	}
}

// bench is one world with outboxes in it.
type bench struct {
	*testing.T
	placestest.World
	on       placestest.Ground
	settings outbox.Settings
}

// open opens an outbox on a folder of the world, as another process would.
func (b *bench) open(dir string) *outbox.Outbox {
	b.Helper()
	o := outbox.Open(b.on.Open(b.T, b.World, dir), b.settings)
	b.Cleanup(func() {
		if err := o.Close(); err != nil {
			b.Errorf("close: %v", err)
		}
	})
	return o
}

func (b *bench) put(o *outbox.Outbox, name, content string) {
	b.Helper()
	if err := o.Put(b.Context(), name, strings.NewReader(content)); err != nil {
		b.Fatalf("put %q: %v", name, err)
	}
}

// holds checks that the folder has exactly these files, and no part of one.
func (b *bench) holds(dir string, want map[string]string) {
	b.Helper()
	found := b.Files(dir)
	for _, name := range found {
		got, _ := b.World.Read(path.Join(dir, name))
		if content, known := want[name]; !known {
			b.Errorf("there is a file %q of %d bytes", name, len(got))
		} else if content != got {
			b.Errorf("%q holds %d bytes, want %d", name, len(got), len(content))
		}
	}
	if len(found) < len(want) {
		b.Errorf("there are %d files, want %d", len(found), len(want))
	}
}

func putsTheWholeContent(b *bench) {
	o := b.open("out")
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
	possible := b.on.Names(slices.Collect(maps.Keys(want))...)
	maps.DeleteFunc(want, func(name, _ string) bool { return !slices.Contains(possible, name) })
	for name, content := range want {
		b.put(o, name, content)
	}
	b.holds("out", want)
}

func saysDoneWhenItIs(b *bench) {
	o := b.open("out")
	content := strings.Repeat("x", 1<<20)
	for range 3 {
		b.put(o, "a.csv", content)
	}
	b.put(b.open("out"), "a.csv", content)
	b.holds("out", map[string]string{"a.csv": content})
}

func neverOverwrites(b *bench) {
	o := b.open("out")
	content := strings.Repeat("x", 1<<20)
	b.put(o, "a.csv", content)
	last := content[1:] + "y"
	for _, other := range []string{"", "x", content + "x", last, content[1:]} {
		if err := o.Put(b.Context(), "a.csv", strings.NewReader(other)); !errors.Is(err, outbox.ErrExists) {
			b.Errorf("%d other bytes: %v, want ErrExists", len(other), err)
		}
	}
	b.holds("out", map[string]string{"a.csv": content})
	b.Make("out/folder.csv")
	if b.Dir() != "" {
		b.Drop("out/other.csv", "x") // some servers show what a link leads to in its place
		if err := os.Symlink("other.csv", filepath.Join(b.Dir(), "out", "link.csv")); err != nil {
			b.Fatal(err)
		}
	}
	for _, name := range []string{"folder.csv", "link.csv"} {
		if _, err := b.on.Open(b.T, b.World, "out").Stat(b.Context(), name); err != nil {
			continue // no links here, or the server hides them
		}
		if err := o.Put(b.Context(), name, strings.NewReader(content)); !errors.Is(err, outbox.ErrExists) {
			b.Errorf("%s in the way: %v, want ErrExists", name, err)
		}
	}
}

func makesTheFolder(b *bench) {
	const dir = "to/be/made"
	o := b.open(dir)
	for range 2 {
		b.put(o, "a.csv", "x")
		b.holds(dir, map[string]string{"a.csv": "x"})
		b.Remove("to/be")
	}
}

var errTorn = errors.New("torn")

// torn fails after some bytes; where late, not when it is read from beginning to end.
type torn struct {
	*strings.Reader
	left int
	late bool
}

func (c *torn) Read(b []byte) (int, error) {
	if c.left <= 0 && !c.late {
		return 0, errTorn
	}
	n, err := c.Reader.Read(b)
	if !c.late {
		c.left -= n
	}
	return n, err
}

func (c *torn) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > int64(c.left) {
		return 0, errTorn
	}
	return c.Reader.ReadAt(b, at)
}

func leavesNothingHalf(b *bench) {
	o := b.open("out")
	content := strings.Repeat("x", 2<<20)
	for _, late := range []bool{false, true} {
		if err := o.Put(b.Context(), "a.csv", &torn{strings.NewReader(content), 1 << 20, late}); !errors.Is(err, errTorn) {
			b.Fatalf("content that fails: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	if err := o.Put(ctx, "a.csv", strings.NewReader(content)); !errors.Is(err, context.Canceled) {
		b.Fatalf("cancelled: %v", err)
	}
	if b.Exists("out/a.csv") {
		b.Fatal("half a file appeared")
	}
	b.put(o, "a.csv", content)
	b.holds("out", map[string]string{"a.csv": content})
}

func appearsAtOnce(b *bench) {
	o := b.open("out")
	content := strings.Repeat("0123456789abcdef", 1<<18)
	var done atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for ; !done.Load(); time.Sleep(time.Millisecond) { // it is on its way for longer
			if got, there := b.Read("out/a.csv"); there && len(got) != len(content) {
				b.Errorf("seen with %d bytes of %d", len(got), len(content))
				return
			}
		}
	})
	b.put(o, "a.csv", content)
	done.Store(true)
	wg.Wait()
}

func manyAtOnce(b *bench) {
	o := b.open("out")
	// Where a server loses what it confirmed, an error says so, nothing half is seen, and the result is put again.
	put := func(name, content string) error {
		for tries := 1; ; tries++ {
			err := o.Put(b.Context(), name, strings.NewReader(content))
			if err == nil || errors.Is(err, outbox.ErrExists) || !b.on.Loses || tries == 20 {
				return err
			}
		}
	}
	var wg sync.WaitGroup
	var won, lost atomic.Int32
	for i := range 8 {
		wg.Go(func() {
			if err := put(fmt.Sprint("own", i), "own"); err != nil {
				b.Errorf("own name: %v", err)
			}
			if err := put("same", strings.Repeat("s", 100_000)); err != nil {
				b.Errorf("same name and content: %v", err)
			}
			switch err := put("contested", strings.Repeat(fmt.Sprint(i), 100_000)); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, outbox.ErrExists):
				lost.Add(1)
			default:
				b.Errorf("contested name: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		b.Errorf("%d won and %d lost the name, want 1 and 7", won.Load(), lost.Load())
	}
	if found := b.Files("out"); len(found) != 10 {
		b.Errorf("there are %d files, want 10: %q", len(found), found)
	}
	content, _ := b.Read("out/contested")
	if len(content) != 100_000 || strings.Count(content, content[:1]) != len(content) {
		b.Error("the contested file is a mixture")
	}
}

func refusesNamesThatClimb(b *bench) {
	o := b.open("out")
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "/etc/x", "line\nbreak", "nul\x00", "bad\xff", strings.Repeat("x", 300)} {
		if err := o.Put(b.Context(), name, strings.NewReader("x")); err == nil {
			b.Errorf("%q was allowed", name)
		}
	}
	if found := b.Files("."); len(found) > 0 {
		b.Errorf("something was written: %q", found)
	}
}

func goesOnAfterAKilledOne(b *bench) {
	content := strings.Repeat("x", 3<<20)
	// What a kill leaves is whatever the place has under way; a content that fails leaves the same or less.
	_ = b.open("out").Put(b.Context(), "a.csv", &torn{strings.NewReader(content), 2 << 20, true})
	b.put(b.open("out"), "a.csv", content)
	b.holds("out", map[string]string{"a.csv": content})
}

func readsFromTheBeginning(b *bench) {
	o := b.open("out")
	content := strings.NewReader("0123456789")
	if _, err := content.Seek(5, 0); err != nil {
		b.Fatal(err)
	}
	if err := o.Put(b.Context(), "a.csv", content); err != nil {
		b.Fatal(err)
	}
	b.holds("out", map[string]string{"a.csv": "0123456789"})
}

func tellsWhenTheFolderIsAFile(b *bench) {
	b.Drop("out", "x")
	o := b.open("out")
	err := o.Put(b.Context(), "a.csv", strings.NewReader("x"))
	trouble, ok := errors.AsType[*places.Trouble](err)
	if !ok {
		b.Fatalf("a file where the folder should be: %v", err)
	}
	for _, l := range batch.Languages() {
		if said := words.Say(l, trouble.Message); !strings.Contains(said, filepath.Join(b.Dir(), "out")) {
			b.Errorf("%s does not name the folder: %s", l, said)
		}
	}
	b.Remove("out")
	b.put(o, "a.csv", "x")
}

func sweepsOldParts(b *bench) {
	old := time.Now().Add(-48 * time.Hour)
	for name, at := range map[string]time.Time{".rowferry-0011.part": old, ".rowferry-0022.part": time.Now(), "rowferry-1.part": old, ".rowferry-x.csv": old, "a.result.csv": old} {
		b.Drop("[odd]*/"+name, "")
		b.Age("[odd]*/"+name, at)
	}
	b.put(b.open("[odd]*"), "b.csv", "x")
	if got := strings.Join(b.Files("[odd]*"), " "); got != ".rowferry-0022.part .rowferry-x.csv a.result.csv b.csv rowferry-1.part" {
		b.Errorf("left: %s", got)
	}
}
