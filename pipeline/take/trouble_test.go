package take_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/places"
)

// trouble is a place where some steps fail for some files, until it is healed.
type trouble struct {
	inbox.Place
	claim, fetch, archive func(name string) error // nil, or why it fails
	healed                *atomic.Bool
}

func (p trouble) fault(of func(string) error, name string) error {
	if of == nil || p.healed.Load() {
		return nil
	}
	return of(name)
}

func (p trouble) Claim(ctx context.Context, id string, a inbox.Arrival) error {
	if err := p.fault(p.claim, a.Name); err != nil {
		return err
	}
	return p.Place.Claim(ctx, id, a)
}

func (p trouble) Fetch(ctx context.Context, id, name string, w io.Writer) (inbox.Fetched, error) {
	if err := p.fault(p.fetch, name); err != nil {
		return inbox.Fetched{}, err
	}
	return p.Place.Fetch(ctx, id, name, w)
}

func (p trouble) Archive(ctx context.Context, id, name string, taken time.Time) error {
	if err := p.fault(p.archive, name); err != nil {
		return err
	}
	return p.Place.Archive(ctx, id, name, taken)
}

// failing fails for one name.
func failing(name string, err error) func(string) error {
	return func(n string) error {
		if n == name {
			return &fs.PathError{Op: "read", Path: n, Err: err}
		}
		return nil
	}
}

func row(id string) string { return header + "1," + id + ",late\n" }

// with starts a bench with trouble at its inbox.
func with(t *testing.T, p trouble) (*bench, *atomic.Bool) {
	b := newBench(t)
	p.healed = &atomic.Bool{}
	b.overPlace = func(place inbox.Place) inbox.Place { p.Place = place; return p }
	b.start()
	return b, p.healed
}

func TestAFileInTroubleKeepsNoOtherWaiting(t *testing.T) {
	for name, p := range map[string]trouble{
		"claim":   {claim: failing("bad.csv", syscall.EPERM)}, // as in a folder with the sticky bit
		"copy":    {fetch: failing("bad.csv", syscall.EIO)},
		"archive": {archive: failing("bad.csv", syscall.ENOSPC)},
	} {
		t.Run(name, func(t *testing.T) {
			b, healed := with(t, p)
			b.drop("bad.csv", row("LB1"))
			b.must(os.Chtimes(b.at("in/bad.csv"), time.Time{}, time.Now().Add(-time.Hour))) // its turn comes first
			b.drop("good.csv", row("LB2"))
			for range 3 {
				b.must(b.work())
				if err := b.taker.Left(); err == nil || !strings.Contains(err.Error(), "bad.csv") {
					t.Fatalf("left: %v", err)
				}
			}
			if f := b.file("good.csv"); f.State != ledger.Sending || !f.Rested {
				t.Fatalf("the other file: %+v", f)
			}
			if f := b.file("bad.csv"); f.Rested || (f.State == ledger.Sending) != (name == "archive") { // one claim, however often it is tried
				t.Fatalf("the file in trouble: %+v", f)
			}
			if name == "archive" && len(b.taken) != 2 {
				t.Errorf("the lane was not told of the accepted file: %v", b.taken)
			}
			b.drop("bad.csv.later.csv", row("LB3"))
			healed.Store(true)
			b.works()
			b.works()
			for _, f := range b.files() {
				if f.State != ledger.Sending || !f.Rested {
					t.Errorf("in the end: %+v", f)
				}
			}
			if len(b.taken) != 3 {
				t.Errorf("told of %d files, of some twice: %v", len(b.taken), b.taken)
			}
			if _, err := os.Stat(b.at("in/bad.csv")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it still lies in the inbox: %v", err)
			}
		})
	}
}

// severed is a place whose connection breaks as another file is claimed while the one before has come to some step, until it is healed.
type severed struct {
	inbox.Place
	come   chan struct{} // closed when it has
	healed *atomic.Bool
}

func (p severed) Claim(ctx context.Context, id string, a inbox.Arrival) error {
	if a.Name == "second.csv" && !p.healed.Load() {
		<-p.come
		return &places.Trouble{Passes: true, Err: io.ErrUnexpectedEOF}
	}
	return p.Place.Claim(ctx, id, a)
}

// resting is one in which the file before is being put to rest.
type resting struct{ severed }

func (p resting) Archive(ctx context.Context, id, name string, taken time.Time) error {
	if !p.healed.Load() {
		close(p.come)
		<-ctx.Done()
		return ctx.Err()
	}
	return p.Place.Archive(ctx, id, name, taken)
}

// accepting is a ledger on a slow disk: whoever does not wait to the end does not hear that a file was accepted.
type accepting struct {
	ledger.Owner
	severed
}

func (l accepting) Accept(ctx context.Context, id string, r ledger.Reading, c batch.Counts, items, open int) error {
	err := l.Owner.Accept(context.WithoutCancel(ctx), id, r, c, items, open)
	if l.healed.Load() {
		return err
	}
	close(l.come)
	if ctx.Done() != nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

// Rows that were accepted are sent, whatever breaks their look off: nobody else tells the lane of them.
func TestALookThatBreaksOffTellsOfWhatItAccepted(t *testing.T) {
	for _, step := range []string{"accepting", "resting"} {
		t.Run(step, func(t *testing.T) {
			b, p := newBench(t), severed{come: make(chan struct{}), healed: &atomic.Bool{}}
			b.overPlace = func(place inbox.Place) inbox.Place { p.Place = place; return p }
			if step == "resting" {
				b.overPlace = func(place inbox.Place) inbox.Place { p.Place = place; return resting{p} }
			} else {
				b.overLedger = func(l ledger.Owner) ledger.Owner { return accepting{l, p} }
			}
			b.start()
			b.drop("first.csv", row("LB1"))
			b.must(os.Chtimes(b.at("in/first.csv"), time.Time{}, time.Now().Add(-time.Hour))) // its turn comes first
			b.drop("second.csv", row("LB2"))
			if err := b.work(); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%v", err)
			}
			if f := b.file("first.csv"); f.State != ledger.Sending || len(b.taken) != 1 || b.taken[0].ID != f.ID {
				t.Errorf("told of %d files; the accepted one is %+v", len(b.taken), f)
			}
			p.healed.Store(true)
			b.works()
			if f := b.file("first.csv"); !f.Rested || len(b.taken) != 2 {
				t.Errorf("in the end told of %d files; the accepted one is %+v", len(b.taken), f)
			}
		})
	}
}

// Where every file fails it is the place's fault: not all of them are begun.
func TestAPlaceInTroubleIsNotEmptied(t *testing.T) {
	b, healed := with(t, trouble{fetch: func(string) error { return syscall.EIO }})
	for i := range 20 {
		b.drop(fmt.Sprintf("f%02d.csv", i), row(fmt.Sprint("LB", i)))
	}
	if err := b.work(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("%v", err)
	}
	if n := len(b.files()); n == 0 || n > 5 {
		t.Errorf("%d files were begun", n)
	}
	healed.Store(true)
	b.works()
	if n := len(b.files()); n != 20 {
		t.Errorf("%d files in the end, want 20", n)
	}
}

func TestAFileThatMayNotBeReadIsQuarantined(t *testing.T) {
	b, _ := with(t, trouble{fetch: failing("locked.csv", syscall.EACCES)})
	b.drop("locked.csv", row("LB1"))
	b.works()
	if f := b.file("locked.csv"); f.State != ledger.Quarantined || !f.Rested || !strings.Contains(f.Reason, "Give the user that runs rowferry the right to read it") {
		t.Fatalf("%+v", f)
	}
}

// The spool cannot be written: nothing is lost, and it goes on once it can.
func TestTheSpoolCannotBeWritten(t *testing.T) {
	b := newBench(t)
	b.start()
	b.must(os.MkdirAll(b.at("data"), 0o755))
	b.must(os.WriteFile(b.at("data/spool"), nil, 0o644))
	for i := range 10 {
		b.drop(fmt.Sprintf("f%d.csv", i), row(fmt.Sprint("LB", i)))
	}
	for range 3 {
		if err := b.work(); err == nil || !strings.Contains(err.Error(), "spool") {
			t.Fatalf("%v", err)
		}
	}
	if n := len(b.files()); n > 3 {
		t.Errorf("%d files were begun", n)
	}
	b.must(os.Remove(b.at("data/spool")))
	b.works()
	for _, f := range b.files() {
		if f.State != ledger.Sending || !f.Rested {
			t.Errorf("in the end: %+v", f)
		}
	}
	if n := len(b.files()); n != 10 {
		t.Errorf("%d files in the end", n)
	}
}

// killAt starts a process that ends before the first step of that name.
func killAt(b *bench, step string) {
	b.Helper()
	k := &killer{at: step}
	b.overLedger = func(l ledger.Owner) ledger.Owner { return killedLedger{l, k} }
	b.overPlace = func(p inbox.Place) inbox.Place { return killedPlace{p, k} }
	b.start()
	_ = b.work()
	b.overLedger, b.overPlace = nil, nil
	if k.step == "" {
		b.Fatalf("there is no step %q", step)
	}
}

// What was withdrawn while nobody was running is forgotten; the others go on.
func TestWithdrawnBetweenKillAndStart(t *testing.T) {
	b := newBench(t)
	b.drop("gone.csv", row("LB1"))
	killAt(b, "claim")
	b.must(os.Remove(b.at("in/gone.csv")))
	b.drop("next.csv", row("LB2"))
	b.start()
	b.works()
	if files := b.files(); len(files) != 1 || files[0].Name != "next.csv" || !files[0].Rested {
		t.Fatalf("%+v", files)
	}
	if !strings.Contains(b.log.String(), "is gone or has changed; nothing of it was sent") {
		t.Error("it is not told that a file is gone:\n" + b.log.String())
	}
}

func TestTheCopyIsMadeAgain(t *testing.T) {
	b := newBench(t)
	b.drop("a.csv", row("LB1"))
	killAt(b, "accept")
	b.must(os.RemoveAll(b.at("data/spool")))
	b.start()
	b.works()
	f := b.file("a.csv")
	if content, err := os.ReadFile(b.at("data/spool/" + f.ID)); err != nil || string(content) != row("LB1") || f.State != ledger.Sending {
		t.Fatalf("%q, %v, %+v", content, err, f)
	}
}

// A route that got another account while a file of it was being taken: the file is the new account's.
func TestARouteThatChangedBeforeTheFileWasAccepted(t *testing.T) {
	for _, step := range []string{"claim", "take", "accept"} {
		b := newBench(t)
		b.drop("a.csv", row("LB1"))
		killAt(b, step)
		b.must(os.WriteFile(b.at("rowferry.yaml"), []byte(strings.NewReplacer("les: {", "depot: {", "account: les", "account: depot").Replace(config)), 0o644))
		b.start()
		b.works()
		if f := b.file("a.csv"); f.Account != "depot" || f.State != ledger.Sending {
			t.Errorf("killed at %s: %+v", step, f)
		}
	}
}

// A file that a person handed over is taken as a whole or not at all, and can be handed over again.
func TestHandedOverAndCutOff(t *testing.T) {
	b := newBench(t)
	path := filepath.Join(b.TempDir(), "orders.csv")
	b.must(os.WriteFile(path, []byte(row("LB1")), 0o644))
	b.start()
	again := func(why string) {
		b.Helper()
		b.must(b.taker.DropHanded(b.Context()))
		for _, f := range b.files() {
			if f.State == ledger.Claiming || f.State == ledger.Taken {
				b.Errorf("%s: left behind: %+v", why, f)
			}
			if f.State == ledger.Quarantined && !strings.Contains(f.Reason, "Nothing of it was sent; send it again.") {
				b.Errorf("%s: the reason is %q", why, f.Reason)
			}
		}
		if spooled, _ := filepath.Glob(b.at("data/spool/*")); len(spooled) > 0 {
			b.Errorf("%s: copies left behind: %v", why, spooled)
		}
	}
	for n := 1; ; n++ { // killed
		k := &killer{left: n}
		b.overLedger = func(l ledger.Owner) ledger.Owner { return killedLedger{l, k} }
		b.start()
		_, err := b.taker.Hand(b.Context(), path)
		b.overLedger = nil
		if k.step == "" {
			b.must(err)
			if n < 4 {
				t.Fatalf("only %d steps", n)
			}
			break
		}
		b.start()
		if k.step == "rest" {
			continue // accepted by then: it is sent
		}
		again("killed at " + k.step)
	}
	b.start()
	if f, err := b.taker.Hand(b.Context(), path); err != nil || f.State != ledger.Duplicate {
		t.Errorf("the same again: %+v, %v", f, err)
	}

	ctx, stop := context.WithCancel(b.Context()) // Ctrl-C while it is read
	var long strings.Builder
	long.WriteString(header)
	for i := range 20000 {
		fmt.Fprintf(&long, "1,LB%d,late\n", i)
	}
	b.must(os.WriteFile(path, []byte(long.String()), 0o644))
	b.overLedger = func(l ledger.Owner) ledger.Owner { return stopping{l, stop} }
	b.start()
	f, err := b.taker.Hand(ctx, path)
	if !errors.Is(err, context.Canceled) || f.State != ledger.Quarantined || !f.Rested {
		t.Errorf("interrupted: %+v, %v", f, err)
	}
	b.overLedger = nil
	b.start()
	if f, err := b.taker.Hand(b.Context(), path); err != nil || f.State != ledger.Sending || f.Counts.Read != 20000 {
		t.Errorf("after an interruption: %+v, %v", f, err)
	}
}

// stopping is a ledger in whose owner somebody presses Ctrl-C while rows are staged.
type stopping struct {
	ledger.Owner
	stop func()
}

func (s stopping) Stage(c ledger.Chunk) ledger.Receipt {
	s.stop()
	return s.Owner.Stage(c)
}

func TestNamesOfHandedFilesAreTamed(t *testing.T) {
	b := newBench(t)
	b.start()
	path := filepath.Join(b.TempDir(), "two\nlines\xff.csv")
	b.must(os.WriteFile(path, []byte(row("LB1")), 0o644))
	if f, err := b.taker.Hand(b.Context(), path); err != nil || f.Name != "two_lines_.csv" {
		t.Fatalf("%+v, %v", f, err)
	}
}

// occupied is a ledger in which the first ids tried are taken.
type occupied struct {
	ledger.Owner
	left int
}

func (o *occupied) Begin(ctx context.Context, f ledger.File) error {
	if o.left--; o.left >= 0 {
		return ledger.ErrExists
	}
	return o.Owner.Begin(ctx, f)
}

// Ids that are taken are passed over, also when the clock has gone back; they grow when most of a second's are taken.
func TestIDs(t *testing.T) {
	b := newBench(t)
	now := time.Date(2026, 11, 22, 10, 15, 2, 0, time.UTC)
	b.clock = func() time.Time { return now }
	b.overLedger = func(l ledger.Owner) ledger.Owner { return &occupied{l, 9} }
	b.start()
	b.drop("a.csv", row("LB1"))
	b.works()
	if id := b.file("a.csv").ID; len(id) != len("20261122-101502-7f3a7f3a") || !strings.HasPrefix(id, "20261122-101502-") {
		t.Errorf("id %s", id)
	}
	now = now.Add(-time.Hour)
	b.drop("b.csv", row("LB2"))
	b.works()
	if f := b.file("b.csv"); !strings.HasPrefix(f.ID, "20261122-091502-") || !f.Rested {
		t.Errorf("after the clock went back: %+v", f)
	}
	if files := b.files(); files[0].Name != "a.csv" {
		t.Error("the order is that of taking, not of the clock")
	}
}

// Run goes on with new files while an earlier one is in trouble, and with that one once it is healed.
func TestRunGoesOn(t *testing.T) {
	b, healed := with(t, trouble{fetch: failing("bad.csv", syscall.EIO), archive: failing("unrested.csv", syscall.ENOSPC)})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.taker.Run(ctx) }()
	defer func() {
		stop()
		b.must(<-ended)
	}()
	rested := func(name string) {
		b.Helper()
		for end := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
			for _, f := range b.files() {
				if f.Name == name && f.Rested && f.State == ledger.Sending {
					return
				}
			}
			if time.Now().After(end) {
				b.Fatalf("%s is not at rest\n%s", name, b.state())
			}
		}
	}
	b.drop("bad.csv", row("LB1"))
	b.drop("unrested.csv", row("LB2"))
	for i := range 3 {
		b.drop(fmt.Sprintf("good%d.csv", i), row(fmt.Sprint("LB1", i)))
		rested(fmt.Sprintf("good%d.csv", i))
	}
	healed.Store(true)
	rested("bad.csv")
	rested("unrested.csv")
	b.must(os.RemoveAll(b.at("in"))) // the folder is removed and made again
	b.must(os.Mkdir(b.at("in"), 0o755))
	b.drop("anew.csv", row("LB99"))
	rested("anew.csv")
}

// The inbox is removed, with a file whose original was not at rest, and made again: new files are taken.
func TestAnInboxThatIsRemovedAndMadeAgain(t *testing.T) {
	b := newBench(t)
	b.drop("a.csv", row("LB1"))
	killAt(b, "archive")
	b.must(os.RemoveAll(b.at("in")))
	b.must(os.Mkdir(b.at("in"), 0o755))
	b.drop("b.csv", row("LB2"))
	b.start()
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.taker.Run(ctx) }()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if files := b.files(); len(files) == 2 && files[0].Rested && files[1].Rested {
			break
		}
		if time.Now().After(end) {
			t.Errorf("not taken:\n%s", b.state())
			break
		}
	}
	stop()
	b.must(<-ended)
}

// A claim that this ledger does not know is told of and left alone.
func TestStrangersInProcessingAreTold(t *testing.T) {
	b := newBench(t)
	b.must(os.MkdirAll(b.at("in/processing/20200101-000000-abcd"), 0o755))
	b.must(os.WriteFile(b.at("in/processing/20200101-000000-abcd/old.csv"), []byte(row("LB1")), 0o644))
	b.start()
	ctx, stop := context.WithCancel(b.Context())
	stop()
	b.must(b.taker.Run(ctx)) // nothing is told where nothing runs
	ctx, stop = context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.taker.Run(ctx) }()
	b.drop("a.csv", row("LB2"))
	for end := time.Now().Add(5 * time.Minute); len(b.files()) == 0 || !b.file("a.csv").Rested; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not taken")
		}
	}
	stop()
	b.must(<-ended)
	if n := strings.Count(b.log.String(), "processing/20200101-000000-abcd"); n == 0 {
		t.Error("it is not told:\n" + b.log.String())
	}
	if _, err := os.Stat(b.at("in/processing/20200101-000000-abcd/old.csv")); err != nil {
		t.Error(err)
	}
}
