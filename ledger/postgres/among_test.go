//go:build unix

package postgres_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/postgres"
)

// Owners that may have others beside them keep the promises of one that is alone, and share what one may do at a time. What is left out never asks
// whether there are others: neither for the prints that it looks for, nor for the tallies that it adds to, nor for whose turn it is.
func TestTogether(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledgertest.Opener {
		address := cluster.Address()
		return func(t *testing.T) (ledger.Owner, error) {
			return postgres.Driver{Address: address, Data: t.TempDir()}.Join(t.Context(), "")
		}
	}, "the same content comes again", "a claim comes to nothing", "a refused file", "a route that changed", "queries", "pages of rows", "people and what they did", "what providers say later",
		"what is found out later", "chunks keep items to the byte", "many prints")
}

// What was sent is known on a machine too whose clock is ahead: it neither takes that for too old nor has it forgotten.
func TestAClockThatIsAhead(t *testing.T) {
	t.Parallel()
	ctx, address, body := t.Context(), cluster.Address(), []byte("a")
	print := ledger.PrintOf("otms", "remove", body)
	l := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "right")
	defer closed(t, l)
	sent := ledgertest.Settled("f1", 0, batch.Delivered)
	sent.Verdict.SentAt = time.Now()
	err := l.Begin(ctx, ledgertest.File("f1"))
	if err == nil {
		_, err = l.Take(ctx, "f1", "hash", 1)
	}
	l.Stage(ledger.Chunk{File: "f1", Items: []ledger.Staged{{Item: batch.Item{Rows: []int{2}, Body: body}, Print: print}}})
	if err == nil {
		err = cmp.Or(l.Accept(ctx, "f1", ledger.Reading{}, batch.Counts{Read: 1}, 1, 1), l.Record(sent).Wait(ctx))
	}
	if err != nil {
		t.Fatal(err)
	}
	const month = 30 * 24 * time.Hour
	clock := func() time.Time { return time.Now().Add(2 * month) }
	ahead := join(t, postgres.Driver{Address: address, Data: t.TempDir()}.At(clock), "ahead")
	defer closed(t, ahead)
	if err := ahead.ForgetPrints(ctx, clock().Add(-month)); err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]struct {
		l     ledger.Owner
		since time.Time
	}{"ahead": {ahead, clock().Add(-month)}, "right": {l, time.Now().Add(-month)}} {
		found, err := of.l.Earlier(ctx, "", []ledger.Print{print}, of.since)
		if err != nil || found[0] == nil || found[0].How != ledger.WasDelivered {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}

func join(t *testing.T, d postgres.Driver, name string) ledger.Owner {
	t.Helper()
	l, err := d.Join(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func turn(t *testing.T, l ledger.Books) ledger.Turn {
	t.Helper()
	turn, err := l.Turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return *turn
}

// Lanes are shared out: who joins gets its part, what a machine leaves or loses goes to the others, and a lane is never two machines'.
func TestLanesAreSharedOut(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	var names []string
	for i := range 6 {
		names = append(names, ledger.LaneOf(fmt.Sprint("a", i)))
	}
	held := make([]atomic.Pointer[ledger.Lease], len(names))  // by whom last
	work := func(ctx context.Context, l ledger.Owner) error { // as an engine does
		var group errgroup.Group
		for i, name := range names {
			group.Go(func() error {
				for ctx.Err() == nil {
					lease, err := l.Lease(ctx, name)
					if err != nil {
						return err
					}
					if before := held[i].Swap(&lease); before != nil && (*before).Held() {
						t.Error(name, "is held by two")
					}
					select {
					case <-ctx.Done():
					case <-lease.Wanted():
					case <-lease.Lost():
					}
					if err := lease.Release(context.WithoutCancel(ctx)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return group.Wait()
	}
	type machine struct {
		l     ledger.Owner
		stop  context.CancelFunc
		ended chan error
	}
	start := func(name string) machine {
		m := machine{l: join(t, postgres.Driver{Address: address, Data: t.TempDir()}, name), ended: make(chan error, 1)}
		ctx, stop := context.WithCancel(t.Context())
		m.stop = stop
		go func() { m.ended <- work(ctx, m.l) }()
		return m
	}
	end := func(m machine) {
		t.Helper()
		m.stop()
		if err := <-m.ended; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ledger.ErrLost) {
			t.Error(err)
		}
		closed(t, m.l)
	}
	shared := func(l ledger.Books, want ...int) {
		t.Helper()
		for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
			now := turn(t, l)
			var have []int
			for _, m := range now.Machines {
				have = append(have, len(m.Accounts))
			}
			slices.Sort(have)
			if fmt.Sprint(have) == fmt.Sprint(want) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%+v, want %v", now, want)
			}
		}
	}
	one := start("east-1")
	shared(one.l, 6)
	two := start("east-2")
	shared(one.l, 3, 3)
	three := start("east-3")
	shared(one.l, 2, 2, 2)
	four := start("east-4")
	shared(one.l, 1, 1, 2, 2)
	end(four)
	shared(one.l, 2, 2, 2)
	end(two)
	shared(one.l, 3, 3)
	postgres.Suspend(three.l)
	shared(one.l, 6)
	end(three)
	end(one)
}

// A machine that stands still loses what it had leased, and writes nothing afterwards; another goes on with it.
func TestASuspendedMachineIsFenced(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	first := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "")
	second := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "")
	defer closed(t, second)
	ledgertest.Accepted(t, first, "f1", 10)
	lane, err := first.Lease(t.Context(), "lane/otms")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (postgres.Driver{Address: address, Data: t.TempDir()}).Open(t.Context()); !errors.As(err, new(*ledger.InUse)) {
		t.Errorf("opened alone beside others: %v", err)
	}
	postgres.Suspend(first)
	passed, err := second.Lease(t.Context(), "lane/otms")
	if err != nil {
		t.Fatal(err)
	}
	if lane.Held() || !passed.Held() {
		t.Error("held by both, or by none")
	}
	if err := first.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(t.Context()); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("a write of who lost its session: %v", err)
	}
	<-lane.Lost()
	if err := lane.Release(t.Context()); err != nil { // as by who was asked for it back at the same moment
		t.Error(err)
	}
	if _, err := first.Lease(t.Context(), "lane/otms"); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("a lease of who lost its session: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := second.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// Two owners write what became of one chunk: each adds to what the other wrote, and nobody's change of a file is undone by another's.
func TestBothWrite(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	first := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "")
	defer closed(t, first)
	second := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "")
	defer closed(t, second)
	const rows = 400
	ledgertest.Accepted(t, first, "f1", rows)
	var group errgroup.Group
	for k, l := range []ledger.Owner{first, second} {
		group.Go(func() error {
			for i := k; i < rows; i += 2 {
				written := l.Record(ledgertest.Settled("f1", i, batch.Delivered))
				if i%7 == k {
					if err := written.Wait(t.Context()); err != nil {
						return err
					}
					note := batch.Note{Message: batch.Message{Key: fmt.Sprint(i)}}
					if err := l.Remark(t.Context(), "f1", note); err != nil {
						return err
					}
				}
			}
			return l.Keep(t.Context(), "done", "yes")
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	f, err := first.File(t.Context(), "f1")
	if err != nil || f.Counts.Delivered != rows || f.Open != 0 || f.State != ledger.Settled {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, n, err := ledger.Examine(t.Context(), first); err != nil || n != rows {
		t.Fatal(n, err)
	}
}

// Rights that a machine gives back while it still has others go to the rest at once, though each has its share: nobody waits for one who does not want them.
// A lease of an hour has nobody take them because time went by.
func TestWhatIsGivenBackIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	postgres.Lasting(t.Context(), t, address, time.Hour)
	first := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "")
	defer closed(t, first)
	lease := func(l ledger.Owner, name string) ledger.Lease {
		t.Helper()
		soon, stop := context.WithTimeout(t.Context(), 3*time.Minute)
		defer stop()
		lease, err := l.Lease(soon, name)
		if err != nil {
			t.Fatal(name, err)
		}
		return lease
	}
	var held []ledger.Lease
	for i := range 2 {
		held = append(held, lease(first, ledger.LaneOf(fmt.Sprint("a", i))))
	}
	second := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "")
	defer closed(t, second)
	lease(second, ledger.LaneOf("a2"))
	taken := make(chan ledger.Lease)
	go func() { taken <- lease(second, ledger.LaneOf("a0")) }()
	go func() { taken <- lease(second, ledger.LaneOf("a3")) }()
	<-taken // a3: each has two
	if err := held[0].Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-taken
	if !held[1].Held() {
		t.Error("the other one was lost")
	}
}

// By its own times, with the lease that a new ledger has, a machine that dies has been replaced before 15 seconds are over: others have seen its last
// beat after one glance, take it for dead when the lease is over, and see that with the next glance. What takes an account over waits another second for the
// pace. The dead one stopped believing in its session before, and what it held of the database is free by then.
func TestTimesAddUp(t *testing.T) {
	t.Parallel()
	l := join(t, postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}, "")
	defer closed(t, l)
	length, believed, glance := postgres.Times(l)
	if replaced := glance + length + glance + time.Second; replaced > 15*time.Second {
		t.Errorf("a dead machine is replaced after up to %s", replaced)
	}
	if believed+time.Second > length {
		t.Errorf("a machine believes in its session for %s of %s", believed, length)
	}
	if length < 5*time.Second { // idle_in_transaction_session_timeout
		t.Errorf("a machine that stands still within a transaction keeps it for longer than its lease of %s", length)
	}
}
