package placestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Run runs the tests that every place must pass.
func Run(t *testing.T, on Ground) {
	tests := map[string]func(*bench){
		"Lists": lists, "Fetches": fetches, "FetchesOnlyTheStateItWasTold": fetchesOnlyTheState, "Writes": writes, "MovesAndNeverOverwrites": moves,
		"OneOfManyTakes": oneOfManyTakes, "MakesFolders": makesFolders, "Removes": removes, "TellsOfTheFolder": tellsOfTheFolder, "Waits": waits,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := &bench{T: t, World: on.New(t), on: on}
			b.Make("in")
			b.f = on.Open(t, b.World, "in")
			t.Cleanup(func() { b.must(b.f.Close()) })
			test(b)
		})
	}
}

// bench is a world and a folder of it.
type bench struct {
	*testing.T
	World
	on Ground
	f  places.Folder
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) wants(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("got %v, want %v", err, want)
	}
}

func (b *bench) stat(name string) places.Entry {
	b.Helper()
	e, err := b.f.Stat(b.Context(), name)
	b.must(err)
	return e
}

func (b *bench) holds(name, want string) {
	b.Helper()
	if got, there := b.Read("in/" + name); !there || got != want {
		b.Fatalf("%s holds %d bytes (%v), want %d", name, len(got), there, len(want))
	}
}

func lists(b *bench) {
	want := b.on.Names("two words.csv", "订单 清单.xlsx", "Заказы.csv", "a'b\"c$(x);&.csv", "-rf.csv", "100%.csv", "[x]*?.csv", ".hidden")
	for _, name := range want {
		b.Drop("in/"+name, name)
	}
	b.Make("in/folder")
	b.Drop("in/folder/below", "")
	want = append(want, "folder")
	found, err := b.f.List(b.Context(), ".")
	b.must(err)
	var got []string
	for _, e := range found {
		got = append(got, e.Name)
		if e.Mode.IsDir() != (e.Name == "folder") || e.Mode.IsRegular() && (e.Size != int64(len(e.Name)) || e.ModTime.IsZero()) {
			b.Errorf("%+v", e)
		}
		if stat := b.stat(e.Name); stat.Mode.Type() != e.Mode.Type() || stat.Mode.IsRegular() && (stat.Size != e.Size || !stat.ModTime.Equal(e.ModTime) || stat.Node != e.Node) {
			b.Errorf("listed as %+v, and is %+v", e, stat)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.Errorf("listed %q, want %q", got, want)
	}
	if found, err = b.f.List(b.Context(), "folder"); err != nil || len(found) != 1 {
		b.Errorf("%v %v", found, err)
	}
	_, err = b.f.List(b.Context(), "nowhere")
	b.wants(err, fs.ErrNotExist)
	_, err = b.f.Stat(b.Context(), "nowhere")
	b.wants(err, fs.ErrNotExist)
	if here := b.stat("."); !here.Mode.IsDir() {
		b.Errorf("the folder itself is %v", here.Mode)
	}
}

func fetches(b *bench) {
	content := strings.Repeat("0123456789", 100_000)
	b.Drop("in/a", content)
	b.Drop("in/empty", "")
	for _, at := range []int{0, 1, 32 << 10, len(content) - 1, len(content)} {
		var got bytes.Buffer
		b.must(b.f.Fetch(b.Context(), "a", b.stat("a"), int64(at), &got))
		if got.String() != content[at:] {
			b.Errorf("from %d: %d bytes", at, got.Len())
		}
	}
	b.must(b.f.Fetch(b.Context(), "empty", b.stat("empty"), 0, io.Discard))
	b.wants(b.f.Fetch(b.Context(), "a", b.stat("a"), 0, failing{}), errWrite)
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	b.wants(b.f.Fetch(ctx, "a", b.stat("a"), 0, io.Discard), context.Canceled)
}

var errWrite = errors.New("no room")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errWrite }

func fetchesOnlyTheState(b *bench) {
	b.Drop("in/a", "0123456789")
	is := b.stat("a")
	for what, change := range map[string]func(e *places.Entry){
		"longer": func(e *places.Entry) { e.Size++ }, "shorter": func(e *places.Entry) { e.Size-- },
		"later": func(e *places.Entry) { e.ModTime = e.ModTime.Add(2 * time.Second) },
	} {
		as := is
		change(&as)
		if err := b.f.Fetch(b.Context(), "a", as, 0, io.Discard); !errors.Is(err, places.ErrChanged) {
			b.Errorf("expected %s: %v", what, err)
		}
	}
	b.wants(b.f.Fetch(b.Context(), "a", is, 11, io.Discard), places.ErrChanged)
	b.wants(b.f.Fetch(b.Context(), "none", is, 0, io.Discard), fs.ErrNotExist)
	b.Make("in/folder")
	if err := b.f.Fetch(b.Context(), "folder", b.stat("folder"), 0, io.Discard); err == nil {
		b.Error("fetched a folder")
	}
	grown := writerFunc(func(p []byte) (int, error) {
		b.Grow("in/a", "more")
		return len(p), nil
	})
	b.wants(b.f.Fetch(b.Context(), "a", is, 0, grown), places.ErrChanged)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (b *bench) write(name, content string) error {
	return b.f.Write(b.Context(), name, strings.NewReader(content), int64(len(content)), nil)
}

func writes(b *bench) {
	big := strings.Repeat("0123456789", 500_000)
	for _, content := range []string{"one", big, "shorter", ""} {
		err := b.write("a", content)
		if errors.Is(err, places.ErrRefused) { // some servers never let a file be written again
			err = errors.Join(b.f.Remove(b.Context(), "a"), b.write("a", content))
		}
		b.must(err)
		b.holds("a", content)
	}
	if err := b.write("nowhere/a", "x"); err == nil {
		b.Error("written into a folder that is missing")
	}
	if err := b.f.Write(b.Context(), "b", strings.NewReader("x"), 10, nil); err == nil {
		b.Error("a content that is shorter than it was said to be was written")
	}
	var arrived int64
	b.must(b.f.Write(b.Context(), "c", strings.NewReader(big), int64(len(big)), &arrived))
	b.holds("c", big)
}

func moves(b *bench) {
	b.Make("in/folder")
	for what, move := range map[string]func(context.Context, string, string) error{"Move": b.f.Move, "Take": b.f.Take} {
		b.Drop("in/a", "a")
		b.Drop("in/folder/b", "b")
		b.wants(move(b.Context(), "a", "folder/b"), fs.ErrExist)
		b.wants(move(b.Context(), "none", "folder/c"), fs.ErrNotExist)
		if err := move(b.Context(), "a", "nowhere/a"); err == nil || errors.Is(err, fs.ErrNotExist) {
			b.Errorf("%s into a folder that is missing: %v; the file itself is not missing", what, err)
		}
		name := b.on.Names("folder/订单.csv", "folder/two words.csv")[0]
		b.must(move(b.Context(), "a", name))
		b.holds(name, "a")
		b.holds("folder/b", "b")
		b.Remove("in/" + name)
	}
}

func oneOfManyTakes(b *bench) {
	for round := range 10 {
		b.Drop("in/a", "a")
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := range 4 {
			own := fmt.Sprintf("own-%d-%d", round, i)
			b.Make("in/" + own)
			f := b.on.Open(b.T, b.World, "in")
			wg.Go(func() {
				defer f.Close()
				switch err := f.Take(b.Context(), "a", own+"/a"); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, fs.ErrNotExist):
					b.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			b.Fatalf("round %d: %d took it", round, won.Load())
		}
	}
}

func makesFolders(b *bench) {
	b.Drop("in/file", "")
	for _, own := range []bool{true, false} {
		name := fmt.Sprint("own-", own)
		for _, fresh := range []bool{true, false} {
			if got, err := b.f.Make(b.Context(), name, own); err != nil || fresh && !got { // some servers call one that is there new
				b.Errorf("%s: new %v, %v", name, got, err)
			}
		}
		_, err := b.f.Make(b.Context(), "file", own)
		b.wants(err, places.ErrNotAFolder)
		_, err = b.f.Make(b.Context(), "no/parent", own)
		b.wants(err, fs.ErrNotExist)
	}
	b.must(b.f.Sync(b.Context(), ".", "own-true"))
	far := b.on.Open(b.T, b.World, "to/be/made")
	defer far.Close()
	for _, fresh := range []bool{true, false} {
		if got, err := far.Make(b.Context(), ".", false); err != nil || got != fresh || !b.Exists("to/be/made") {
			b.Errorf("with all above it: new %v, %v", got, err)
		}
	}
	at := b.on.Open(b.T, b.World, "in/file")
	defer at.Close()
	_, err := at.Make(b.Context(), ".", false)
	b.wants(err, places.ErrNotAFolder)
}

func removes(b *bench) {
	b.Drop("in/a", "")
	b.Drop("in/full/b", "")
	b.Make("in/empty")
	b.must(b.f.Remove(b.Context(), "a"))
	b.must(b.f.Remove(b.Context(), "empty/"))
	if err := b.f.Remove(b.Context(), "full/"); err == nil {
		b.Error("removed a folder that is not empty")
	}
	b.wants(b.f.Remove(b.Context(), "a"), fs.ErrNotExist)
	b.wants(b.f.Remove(b.Context(), "empty/"), fs.ErrNotExist)
	if got := b.Files("in"); !slices.Equal(got, []string{"full/b"}) || b.Exists("in/empty") {
		b.Errorf("left: %q", got)
	}
}

func tellsOfTheFolder(b *bench) {
	missing := b.on.Open(b.T, b.World, "missing")
	defer missing.Close()
	_, err := missing.List(b.Context(), ".")
	trouble, ok := errors.AsType[*places.Trouble](err)
	if !ok {
		b.Fatalf("a folder that is missing: %v", err)
	}
	told := []error{trouble}
	for _, p := range []places.Problem{places.Missing, places.NotAFolder, places.Unlisted, places.Unwritable, places.Emptied, places.OwnFolder} {
		told = append(told, missing.Tell(p, ".", errWrite))
	}
	for _, err := range told {
		trouble, _ := errors.AsType[*places.Trouble](err)
		for _, l := range batch.Languages() {
			if said := words.Say(l, trouble.Message); !strings.Contains(said, "missing") || strings.Contains(said, "{") {
				b.Errorf("%s does not name the folder: %s", l, said)
			}
		}
	}
	if err := missing.Tell(places.Unlisted, ".", trouble); err != error(trouble) {
		b.Errorf("what is told in words already is told as %v", err)
	}
}

func waits(b *bench) {
	nothing := func(string, bool) bool { return false }
	if hint, err := b.f.Wait(b.Context(), time.Millisecond, nothing); hint || err != nil {
		b.Errorf("%v %v", hint, err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	_, err := b.f.Wait(ctx, time.Hour, nothing)
	b.wants(err, context.Canceled)
}
