package take_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/pipeline/take"
	"github.com/rowferry/rowferry/places/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const config = `
data: data
accounts:
  les: {provider: les, server: "http://127.0.0.1:9"}
routes:
  failures: {account: les, operation: shipmentFailed, inbox: {dir: in}, outbox: {dir: out}}
`

const header = "accountNumber,lesBookingId,failReason\n"

// bench is a taker over real folders and a real ledger. start is the start of a process over what an earlier one left.
type bench struct {
	*testing.T
	dir    string
	ledger ledger.Owner
	taker  *take.Taker
	taken  []ledger.File // as told
	log    strings.Builder

	overLedger func(ledger.Owner) ledger.Owner
	overPlace  func(inbox.Place) inbox.Place
	after      string
	clock      func() time.Time
	ahead      atomic.Int64 // of the inbox's clock before the real one
	end        func()
}

// patience is how long the inbox bears with a file that is not whole. It passes when a test says so: on no machine does work take so long.
const patience = 10 * time.Minute

func (b *bench) passPatience() { b.ahead.Add(int64(patience)) }

func newBench(t *testing.T) *bench {
	b := &bench{T: t, dir: t.TempDir(), end: func() {}, clock: time.Now}
	b.must(os.WriteFile(b.at("rowferry.yaml"), []byte(config), 0o644))
	b.must(os.Mkdir(b.at("in"), 0o755))
	t.Cleanup(func() { b.end() })
	return b
}

func (b *bench) at(path string) string { return filepath.Join(b.dir, path) }

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) start() {
	b.Helper()
	b.end()
	r := b.route()
	l, err := drivers.Open(b.Context(), drivers.SQLite(b.at("data")))
	b.must(err)
	log := slog.New(slog.NewTextHandler(&b.log, nil))
	folder, err := local.Open(local.Settings{Dir: b.at("in"), ReadOnly: b.after == inbox.Keep, Logger: log})
	b.must(err)
	place, err := inbox.Open(folder, inbox.Settings{Inbox: configs.Inbox{Settle: time.Millisecond, Every: time.Millisecond, Patience: patience, After: b.after},
		Whole: r.Whole, Logger: log, Clock: func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }})
	b.must(err)
	b.end = func() { b.must(errors.Join(place.Close(), l.Close())); b.end = func() {} }
	b.ledger, r.Inbox = l, place
	if b.overPlace != nil {
		r.Inbox = b.overPlace(place)
	}
	over := ledger.Owner(l)
	if b.overLedger != nil {
		over = b.overLedger(l)
	}
	b.taken = nil
	b.taker = &take.Taker{Route: r, Ledger: over, Log: log, Now: func() time.Time { return b.clock() },
		Taken: func(f ledger.File) { b.taken = append(b.taken, f) }}
}

// wired are the routes of the configurations that were used before, by their text: loading one takes a while.
var wired = map[string]*route.Route{}

func (b *bench) route() *route.Route {
	b.Helper()
	text, err := os.ReadFile(b.at("rowferry.yaml"))
	b.must(err)
	if wired[string(text)] == nil {
		cfg, err := pipeline.Load(b.at("rowferry.yaml"))
		b.must(err)
		routes, err := pipeline.Routes(cfg, "")
		b.must(err)
		wired[string(text)] = routes["failures"]
	}
	r := *wired[string(text)]
	return &r
}

func (b *bench) drop(name, content string) {
	b.Helper()
	b.must(os.WriteFile(b.at("in/"+name), []byte(content), 0o644))
}

// work takes until nothing complete or settling is left.
func (b *bench) work() error {
	if err := b.taker.Resume(b.Context()); err != nil {
		return err
	}
	for range 1000 {
		n, err := b.taker.Look(b.Context())
		if err != nil {
			return err
		}
		if n == 0 && b.taker.Route.Inbox.Waiting() == 0 {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return errors.New("the looks never end")
}

func (b *bench) works() {
	b.Helper()
	b.must(b.work())
	b.must(b.taker.Left())
}

func (b *bench) files() []ledger.File {
	b.Helper()
	files, err := b.ledger.Files(b.Context(), ledger.Query{})
	b.must(err)
	return files
}

// file is the only file of that name.
func (b *bench) file(name string) ledger.File {
	b.Helper()
	var found []ledger.File
	for _, f := range b.files() {
		if f.Name == name {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		b.Fatalf("%d files are called %s: %v", len(found), name, found)
	}
	return found[0]
}

// state is the ledger and the folders, for comparing: the n-th file's id is <n>, its day <DAY>.
func (b *bench) state() string {
	b.Helper()
	var s strings.Builder
	ids := []string{}
	for i, f := range b.files() {
		ids = append(ids, f.ID, fmt.Sprintf("<%d>", i+1), f.TakenAt.Format("2006/01/02"), "<DAY>", f.TakenAt.UTC().Format("2006-01-02 15:04:05Z"), "<TIME>")
		rest := ""
		if !f.Rested {
			rest = ", not at rest"
		}
		fmt.Fprintf(&s, "<%d> %s: %s%s, %d rows, %d to send, %d invalid\n", i+1, f.Name, f.State, rest, f.Counts.Read, f.Open, f.Counts.Invalid)
	}
	name := strings.NewReplacer(ids...)
	var tree []string
	for _, root := range []string{"in", "data/spool"} {
		b.must(filepath.WalkDir(b.at(root), func(path string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || e.IsDir() {
				return err
			}
			rel, err := filepath.Rel(b.dir, path)
			entry := filepath.ToSlash(rel) + "\n"
			if base := filepath.Base(path); err == nil && (base == inbox.QuarantineNote || base == inbox.DuplicateNote) {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				for line := range strings.Lines(string(text)) {
					entry += strings.TrimSpace("  | "+line) + "\n"
				}
			}
			tree = append(tree, name.Replace(entry))
			return err
		}))
	}
	slices.Sort(tree)
	return name.Replace(s.String()) + strings.Join(tree, "")
}

// What lies in testdata/*.txtar is dropped (the files below 1/ first, then those below 2/, …); "want" is what the ledger and
// the folders then hold. UPDATE=1 writes what was seen.
func TestFilesInLedgerAndFoldersOut(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			archive := txtar.Parse(text)
			b := newBench(t)
			b.clock = time.Now
			b.start()
			want := -1
			round := ""
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				now, name, _ := strings.Cut(f.Name, "/")
				if round != "" && now != round {
					b.works()
				}
				round = now
				b.drop(name, string(f.Data))
				dropped := time.Now().Add(time.Duration(i-1000) * time.Second) // one after the other
				b.must(os.Chtimes(b.at("in/"+name), dropped, dropped))
			}
			b.works()
			b.passPatience()
			b.works()
			got := b.state()
			if os.Getenv("UPDATE") != "" {
				archive.Files[want].Data = []byte(got)
				b.must(os.WriteFile(path, txtar.Format(archive), 0o644))
			} else if diff := cmp.Diff(string(archive.Files[want].Data), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(b.taken) != len(b.files()) {
				t.Errorf("%d files were told of, %d are in the ledger", len(b.taken), len(b.files()))
			}
		})
	}
}

// killer ends the process, as far as ledger and folders can tell, before or after the n-th step.
type killer struct {
	left  int    // steps until the end
	at    string // or the step before which it ends
	after bool

	mu   sync.Mutex
	step string // the step at which it ended
}

var errKilled = errors.New("killed")

// do makes a step, unless the process has ended.
func (k *killer) do(name string, step func() error) error {
	switch k.dies(name) {
	case alive:
		return step()
	case dying:
		if k.after {
			_ = step()
		}
	}
	return errKilled
}

const (
	alive = iota
	dying
	dead
)

func (k *killer) dies(name string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.step != "" {
		return dead
	}
	if k.left--; k.left == 0 || name == k.at {
		k.step = name
		return dying
	}
	return alive
}

type killedLedger struct {
	ledger.Owner
	k *killer
}

func (l killedLedger) Begin(ctx context.Context, f ledger.File) error {
	return l.k.do("begin", func() error { return l.Owner.Begin(ctx, f) })
}

func (l killedLedger) Forget(ctx context.Context, id string) error {
	return l.k.do("forget", func() error { return l.Owner.Forget(ctx, id) })
}

func (l killedLedger) Take(ctx context.Context, id, hash string, size int64) (earlier *ledger.File, err error) {
	err = l.k.do("take", func() error { earlier, err = l.Owner.Take(ctx, id, hash, size); return err })
	return earlier, err
}

func (l killedLedger) Stage(c ledger.Chunk) (r ledger.Receipt) {
	err := l.k.do("stage", func() error { r = l.Owner.Stage(c); return r.Wait(context.Background()) })
	if err != nil {
		return killedReceipt{}
	}
	return r
}

type killedReceipt struct{}

func (killedReceipt) Wait(context.Context) error { return errKilled }
func (killedReceipt) Done() bool                 { return true }
func (killedReceipt) Hurry()                     {}

func (l killedLedger) Unstage(ctx context.Context, id string) error {
	return l.k.do("unstage", func() error { return l.Owner.Unstage(ctx, id) })
}

func (l killedLedger) Accept(ctx context.Context, id string, r ledger.Reading, c batch.Counts, items, open int) error {
	return l.k.do("accept", func() error { return l.Owner.Accept(ctx, id, r, c, items, open) })
}

func (l killedLedger) Refuse(ctx context.Context, id, reason string) error {
	return l.k.do("refuse", func() error { return l.Owner.Refuse(ctx, id, reason) })
}

func (l killedLedger) Rest(ctx context.Context, id string) error {
	return l.k.do("rest", func() error { return l.Owner.Rest(ctx, id) })
}

type killedPlace struct {
	inbox.Place
	k *killer
}

func (p killedPlace) Claim(ctx context.Context, id string, a inbox.Arrival) error {
	return p.k.do("claim", func() error { return p.Place.Claim(ctx, id, a) })
}

func (p killedPlace) Archive(ctx context.Context, id, name string, taken time.Time) error {
	return p.k.do("archive", func() error { return p.Place.Archive(ctx, id, name, taken) })
}

func (p killedPlace) Duplicate(ctx context.Context, id, name, note string) error {
	return p.k.do("duplicate", func() error { return p.Place.Duplicate(ctx, id, name, note) })
}

func (p killedPlace) Quarantine(ctx context.Context, id, name, reason string) error {
	return p.k.do("quarantine", func() error { return p.Place.Quarantine(ctx, id, name, reason) })
}

// Killed before or after any step, and started again, the taker comes to the same end.
func TestKilledAtEveryStep(t *testing.T) {
	drop := func(b *bench) {
		at := time.Now().Add(-time.Hour)
		for i, name := range []string{"good.csv", "again.csv", "junk.csv", "stuck.csv"} {
			b.drop(name, []string{header + "1,LB1,late\n,LB2,late\n", header + "1,LB1,late\n,LB2,late\n", "a letter\n", header + "1,\"LB3"}[i])
			b.must(os.Chtimes(b.at("in/"+name), at, at.Add(time.Duration(i)*time.Second)))
		}
	}
	finish := func(b *bench) {
		b.Helper()
		b.works()
		b.passPatience()
		b.works()
	}
	b := newBench(t)
	drop(b)
	b.start()
	finish(b)
	want := b.state()
	steps, stride := 0, 1
	if testing.Short() {
		stride = 3
	}
	for _, after := range []bool{false, true} {
		for n := 1; ; n += stride {
			b := newBench(t)
			k := &killer{left: n, after: after}
			b.overLedger = func(l ledger.Owner) ledger.Owner { return killedLedger{l, k} }
			b.overPlace = func(p inbox.Place) inbox.Place { return killedPlace{p, k} }
			drop(b)
			b.start()
			err := b.work()
			if err == nil {
				b.passPatience()
				err = b.work()
			}
			if k.step == "" {
				b.must(err)
				break // there are not so many steps
			}
			if err == nil && b.taker.Left() == nil {
				t.Fatalf("step %d (%s): the taker did not notice that it was killed", n, k.step)
			}
			b.overLedger, b.overPlace = nil, nil
			b.start()
			finish(b)
			if diff := cmp.Diff(sameOrder(want), sameOrder(b.state())); diff != "" {
				t.Fatalf("killed at step %d (%s, after it: %v): (-want +got)\n%s", n, k.step, after, diff)
			}
			steps++
			b.end()
		}
	}
	if steps*stride < 40 {
		t.Fatalf("only %d steps", steps)
	}
}

// sameOrder makes two states comparable whose files were taken in another order: ids go, the lines are sorted. Reasons go too:
// what did not become whole is told by the reader when the kill came before it was told by the inbox; and then there is a copy of it.
func sameOrder(state string) []string {
	for i := range 9 {
		state = strings.ReplaceAll(state, fmt.Sprintf("<%d>", i), "<ID>")
	}
	lines := slices.Sorted(strings.Lines(state))
	lines = slices.CompactFunc(lines, func(a, b string) bool { return a == b && strings.HasPrefix(a, "data/spool/") })
	return slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "|") })
}

// leaving gives content, and goes away with the last byte of it.
type leaving struct {
	io.Reader
	leave func()
}

func (l leaving) Read(b []byte) (int, error) {
	n, err := l.Reader.Read(b)
	if err != nil {
		l.leave()
	}
	return n, err
}

// Who uploads a file and goes away as soon as it is whole leaves it whole, and not half of it; one that has lost its copy is given up, and not
// tried for ever.
func TestUploadersThatGoAway(t *testing.T) {
	b := newBench(t)
	b.start()
	taker := &take.Taker{Route: b.route(), Ledger: b.ledger, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	ctx, leave := context.WithCancel(t.Context())
	f, err := taker.Upload(ctx, "a.csv", leaving{strings.NewReader("no\n1\n"), leave}, nil)
	b.must(err)
	whole, err := ledger.Whole(t.Context(), b.ledger.Copies(), f)
	b.must(err)
	b.must(whole.Close())
	b.must(b.ledger.Spool().Remove(t.Context(), f.ID))
	b.must(taker.GoOn(t.Context(), f))
	if f := b.file("a.csv"); f.State != ledger.Quarantined {
		t.Errorf("a file without its copy is %s", f.State)
	}
}
