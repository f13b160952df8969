//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/postgres"
	"github.com/rowferry/rowferry/ledger/sqlite"
)

func moved(ctx context.Context, dir, to string, try bool) (drivers.Copied, error) {
	return drivers.Copy(ctx, drivers.SQLite(dir), to, try, func(string) {})
}

// A ledger that is begun in SQLite and copied when it is opened again passes the suite.
func TestCopied(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledgertest.Opener {
		dir, target := t.TempDir(), postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}
		opened, copied := false, false
		return func(t *testing.T) (ledger.Owner, error) {
			if !opened {
				opened = true
				return sqlite.Driver{Dir: dir}.Open(t.Context())
			}
			if !copied {
				if _, err := moved(t.Context(), dir, target.Address, false); err != nil {
					return nil, err
				}
				copied = true
			}
			return target.Open(t.Context())
		}
	}, append(ledgertest.Once, "many prints", "two owners")...) // nothing would be copied; comparing so many takes longer than the rest of the suite
}

// filled is a ledger in which there is something of everything.
func filled(t *testing.T, dir string) {
	t.Helper()
	l := open(t, sqlite.Driver{Dir: dir})
	ctx := t.Context()
	ledgertest.Accepted(t, l, "f1", 25)
	mark := ledger.MarkOf("otms", "pod", "B1")
	settled := ledgertest.Settled("f1", 3, batch.Rejected)
	settled.Marks = []ledger.Print{mark}
	ledgertest.Accepted(t, l, "f2", 3)
	for i := range 3 {
		l.Record(ledgertest.Settled("f2", i, batch.Delivered))
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(l.Record(settled, ledger.Event{File: "f1", Item: 3, Kind: ledger.EventAnswered, At: time.Now(), Answer: &batch.Answer{Status: 422, Body: "no"}},
		ledger.Event{File: "f1", Item: 1, Kind: ledger.EventSending, At: time.Now(), Attempt: 1}).Wait(ctx))
	must(l.Report(ctx, "f2", []string{"orders.f2.result.csv"}))
	must(l.Begin(ctx, ledgertest.File("f3")))
	must(l.Begin(ctx, ledgertest.File("f4")))
	must(l.Forget(ctx, "f4"))
	for id, size := range map[string]int{"f1": 3<<20 + 5, "f2": 0, "f3": 1 << 20} {
		c, err := l.Spool().Create(ctx, id)
		must(err)
		_, err = fmt.Fprint(c, strings.Repeat(id[1:], size))
		must(err)
		must(c.Commit())
	}
	must(l.Keep(ctx, "tempo/otms", "17\x00ä"))
	must(l.PauseLane(ctx, "otms", "paused by a person"))
	must(l.Enter(ctx, "user/ann", `{"name":"Ann"}`))
	n, err := l.Order(ctx, ledger.Order{Verb: ledger.Cancel, File: "f1", By: "ann"})
	must(err)
	must(l.Act(ctx, ledger.Act{At: time.Now(), By: "ann", Verb: "cancel", File: "f1", Order: n}))
	must(l.Act(ctx, ledger.Act{At: time.Now(), By: "bob", Verb: "drop"}))
	_, err = l.Receive(ctx, ledger.Print{1}, mark, batch.Receipt{Came: time.Now()})
	must(err)
	closed(t, l)
}

// Everything arrives; what comes next is told apart from what was; and the ledger that was left is not used any more.
func TestEverythingIsCopied(t *testing.T) {
	t.Parallel()
	dir, to := t.TempDir(), postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}
	filled(t, dir)
	done, err := moved(t.Context(), dir, to.Address, false)
	if err != nil || done.Files != 3 || done.Rows != 28 || done.Copies != 3 || strings.Contains(done.To, "hidden") {
		t.Fatalf("%+v, %v", done, err)
	}
	l := open(t, to)
	defer closed(t, l)
	ctx := t.Context()
	c, err := l.Chunk(ctx, "f1", 0)
	if err != nil || !c.States[1].InFlight || c.States[3].Answer == nil || c.States[3].Verdict.Status != batch.Rejected {
		t.Errorf("%+v, %v", c, err)
	}
	heard, err := l.Received(ctx, ledger.ReceivedQuery{File: "f1"})
	if err != nil || len(heard) != 1 || heard[0].Item != 3 {
		t.Errorf("%+v, %v", heard, err)
	}
	orders, err := l.Ordered(ctx)
	if err != nil || len(orders) != 1 {
		t.Fatalf("%v, %v", orders, err)
	}
	if err := errors.Join(l.Act(ctx, ledger.Act{By: "ann", Verb: "cancel", Order: orders[0].N}), l.Done(ctx, orders[0].N)); err != nil {
		t.Error(err)
	}
	if acts, err := l.Acts(ctx, ledger.ActQuery{}); err != nil || len(acts) != 2 {
		t.Errorf("an order that was told of before the copy is told of twice: %v, %v", acts, err)
	}
	if n, err := l.Order(ctx, ledger.Order{Verb: ledger.Pause}); err != nil || n <= orders[0].N {
		t.Errorf("order %d after %d, %v", n, orders[0].N, err)
	}
	old, err := l.File(ctx, "f2")
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Accepted(t, l, "f5", 1)
	if files, err := l.Files(ctx, ledger.Query{Changed: old.Change}); err != nil || len(files) == 0 || files[len(files)-1].ID != "f5" {
		t.Errorf("what changed since: %v, %v", files, err)
	}
	if _, err := moved(ctx, dir, cluster.Address(), false); !damagedLost(err) || !strings.Contains(err.Error(), "search_path=ledger_") {
		t.Errorf("a copy of what was left: %v", err)
	}
	for name, again := range map[string]func() error{
		"owner":   func() error { _, err := sqlite.Driver{Dir: dir}.Open(ctx); return err },
		"visitor": func() error { _, err := sqlite.Driver{Dir: dir}.Visit(ctx); return err },
	} {
		if err := again(); !damagedLost(err) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s of the ledger that was left: %v", name, err)
		}
	}
	if _, err := (sqlite.Driver{Dir: dir}).Adopt(ctx); err != nil {
		t.Fatal(err)
	}
	back := open(t, sqlite.Driver{Dir: dir})
	if c, err := back.Chunk(ctx, "f1", 1); err != nil || !c.States[0].InFlight {
		t.Errorf("on somebody's word it goes on, and all that was open may have been sent: %+v, %v", c, err)
	}
	closed(t, back)
}

func damagedLost(err error) bool {
	damaged, ok := errors.AsType[*ledger.Damaged](err)
	return ok && damaged.Lost
}

// What is refused leaves both as they were, and what is broken off or only tried is no ledger to anybody.
func TestCopiesThatAreRefused(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	if _, err := moved(ctx, dir, cluster.Address(), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where no ledger is: %v", err)
	}
	filled(t, dir)
	used := postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}
	l := open(t, used)
	if _, err := moved(ctx, dir, used.Address, false); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("into one that is in use: %v", err)
	}
	if err := l.Keep(ctx, "a", "fact"); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if _, err := moved(ctx, dir, used.Address, false); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("into one that keeps something: %v", err)
	}
	source := open(t, sqlite.Driver{Dir: dir})
	if _, err := moved(ctx, dir, cluster.Address(), false); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("of one that is in use: %v", err)
	}
	closed(t, source)

	to := postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}
	source = open(t, sqlite.Driver{Dir: dir})
	half, end := context.WithCancel(ctx)
	if _, err := to.Import(half, &breaking{source.(ledger.Source), end}, dir); !errors.Is(err, context.Canceled) {
		t.Fatalf("broken off: %v", err)
	}
	closed(t, source)
	for name, again := range map[string]func() error{
		"owner":   func() error { _, err := to.Open(ctx); return err },
		"visitor": func() error { _, err := to.Visit(ctx); return err },
	} {
		if err := again(); err == nil || !strings.Contains(err.Error(), "is not whole") {
			t.Errorf("%s of a copy that was broken off: %v", name, err)
		}
	}
	if done, err := moved(ctx, dir, to.Address, true); err != nil || done.Files != 3 || !done.Tried {
		t.Errorf("tried: %+v, %v", done, err)
	}
	l = open(t, to) // nothing is in it
	if files, err := l.Files(ctx, ledger.Query{}); err != nil || len(files) != 0 {
		t.Errorf("what was only tried is there: %v, %v", files, err)
	}
	closed(t, l)
	if done, err := moved(ctx, dir, to.Address, false); err != nil || done.Files != 3 {
		t.Errorf("copied again: %+v, %v", done, err)
	}
}

// breaking is a source whose reader gives up in the middle.
type breaking struct {
	ledger.Source
	end context.CancelFunc
}

func (b *breaking) Acts(ctx context.Context, q ledger.ActQuery) ([]ledger.Act, error) {
	b.end()
	return b.Source.Acts(ctx, q)
}

// A comparison that finds nothing says nothing: each thing that is changed behind its back is found.
func TestComparisonsFindWhatDiffers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, change := range map[string]struct {
		do   func(l ledger.Owner) error
		said string
	}{
		"an event": {func(l ledger.Owner) error { return l.Record(ledgertest.Settled("f1", 7, batch.Delivered)).Wait(ctx) }, "the books of file f1"},
		"a fact":   {func(l ledger.Owner) error { return l.Keep(ctx, "tempo/otms", "18") }, "the facts"},
		"a lane":   {func(l ledger.Owner) error { return l.PauseLane(ctx, "otms", "") }, "the stopped accounts"},
		"a user":   {func(l ledger.Owner) error { return l.Enter(ctx, "user/ann", "") }, "the register"},
		"an act":   {func(l ledger.Owner) error { return l.Act(ctx, ledger.Act{By: "eve"}) }, "who did what"},
		"an order": {func(l ledger.Owner) error { return l.Done(ctx, 1) }, "the orders"},
		"a copy":   {func(l ledger.Owner) error { return l.Spool().Remove(ctx, "f1") }, "the copy of file f1"},
		"a receipt": {func(l ledger.Owner) error {
			_, err := l.Receive(ctx, ledger.Print{2}, ledger.Print{3}, batch.Receipt{})
			return err
		}, "what providers said"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, to := t.TempDir(), postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}
			filled(t, dir)
			source := open(t, sqlite.Driver{Dir: dir})
			defer closed(t, source)
			target, err := to.Import(ctx, source.(ledger.Source), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer closed(t, target)
			if err := change.do(source); err != nil {
				t.Fatal(err)
			}
			_, err = ledger.Compare(ctx, source.(ledger.Source), target)
			if other, ok := errors.AsType[*ledger.Differs](err); !ok || !strings.Contains(other.What, change.said) {
				t.Errorf("%v", err)
			}
		})
	}
}
