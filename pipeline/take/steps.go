package take

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
)

// claimed is a file that lies in the spool (State Claiming), or one that is refused as it is (State Quarantined).
type claimed struct {
	file    ledger.File
	fetched inbox.Fetched
}

// fewFailures is how many files in a row may fail for reasons of their own in one look; more are the place's fault.
const fewFailures = 3

// ahead is how many files one step may be ahead of the next.
const ahead = 8

// Look makes one look at the inbox and takes what is complete. It returns how many files it took. Its three steps run
// beside each other, so that files share commits instead of waiting for one disk write after the other: claim and
// spool; read and accept; put the original to rest. Each step has one file at a time, in the order of the look.
func (t *Taker) Look(ctx context.Context) (taken int, err error) {
	if err := t.lookAfter(ctx); err != nil {
		return 0, err
	}
	next, stop := iter.Pull2(t.Route.Inbox.Look(ctx))
	defer stop()
	c, err, some := next()
	if !some && ctx.Err() == nil { // as mostly: no step needs to wait for another
		return 0, t.tellUntaken(ctx)
	}
	found := func(yield func(inbox.Complete, error) bool) {
		for ; some && yield(c, err); c, err, some = next() {
		}
	}
	spooled, decided := make(chan claimed, ahead), make(chan ledger.File, ahead)
	looking := ctx
	group, ctx := errgroup.WithContext(looking)
	group.Go(func() error {
		defer close(spooled)
		return t.claimAll(ctx, found, spooled)
	})
	group.Go(func() error {
		defer close(decided)
		for c := range spooled {
			if err := t.decide(ctx, &c.file, c.fetched); t.leave(c.file, err) {
				continue
			} else if err != nil {
				return about(c.file, err)
			}
			if err := pass(ctx, decided, c.file); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		for f := range decided {
			if err := t.rest(ctx, f, t.Route.Inbox); err != nil && !t.leave(f, err) {
				return about(f, err)
			}
			taken++
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return taken, err
	}
	return taken, t.tellUntaken(looking)
}

// about names the file in its trouble; what kept any from being begun is no trouble of one.
func about(f ledger.File, err error) error {
	if f.ID == "" {
		return err
	}
	return fmt.Errorf("%s (%s): %w", f.Name, f.ID, err)
}

func pass[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// claimAll claims and spools what the inbox gave.
func (t *Taker) claimAll(ctx context.Context, found iter.Seq2[inbox.Complete, error], to chan<- claimed) error {
	failed := 0
	for c, err := range found {
		if err != nil {
			return err
		}
		if t.left.has(c.Arrival) {
			continue
		}
		one, err := t.claimOne(ctx, c)
		switch {
		case errors.Is(err, inbox.ErrGone):
			continue
		case failed < fewFailures && t.leave(one.file, err):
			failed++
			continue
		case err != nil:
			return about(one.file, err)
		}
		failed = 0
		if err := pass(ctx, to, one); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (t *Taker) claimOne(ctx context.Context, c inbox.Complete) (claimed, error) {
	f, err := t.begin(ctx, c.Arrival, fromInbox)
	if err != nil {
		return claimed{file: f}, err
	}
	if c.Stuck != "" {
		err := t.refuseStuck(ctx, &f, c)
		return claimed{file: f}, err
	}
	fetched, err := t.claim(ctx, &f, t.Route.Inbox)
	return claimed{f, fetched}, err
}

// Find makes one look at the inbox and claims what is complete. Each file is given to found under its id, and Take takes it, here or on another
// machine. What was claimed before and could not be moved lies in the inbox still: it has its id.
func (t *Taker) Find(ctx context.Context, found func(context.Context, ledger.File) error) error {
	if !t.begun {
		t.tellStrangers(ctx)
	}
	if err := t.lookAfter(ctx); err != nil {
		return err
	}
	var known map[string]bool
	failed := 0
	for c, err := range t.Route.Inbox.Look(ctx) {
		if err != nil {
			return err
		}
		if known == nil {
			if known, err = t.claimedEarlier(ctx); err != nil {
				return err
			}
		}
		if known[c.Identity()] {
			continue
		}
		f, err := t.find(ctx, c)
		switch {
		case errors.Is(err, inbox.ErrGone):
			continue
		case isItsOwn(err) && failed < fewFailures:
			failed++
			t.Log.Error("a file cannot be claimed now; trying again", "file", f.ID, "name", f.Name, "route", f.Route, "error", err)
		case err != nil:
			return about(f, err)
		}
		if err := found(ctx, f); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return t.tellUntaken(ctx)
}

// arrival is what a file was when it was found in the inbox.
func arrival(f ledger.File) inbox.Arrival {
	return inbox.Arrival{Name: f.Name, Size: f.Arrived.Size, ModTime: f.Arrived.ModTime}
}

// claimedEarlier gives the arrivals that have an id and are not at rest.
func (t *Taker) claimedEarlier(ctx context.Context) (map[string]bool, error) {
	files, err := t.Ledger.Files(ctx, ledger.Query{Route: t.Route.Name, Unrested: true})
	if err != nil {
		return nil, err
	}
	all := make(map[string]bool, len(files))
	for _, f := range files {
		all[arrival(f).Identity()] = true
	}
	return all, nil
}

// find claims one file.
func (t *Taker) find(ctx context.Context, c inbox.Complete) (ledger.File, error) {
	f, err := t.begin(ctx, c.Arrival, fromInbox)
	if err != nil {
		return f, err
	}
	if c.Stuck != "" {
		err = t.refuseStuck(ctx, &f, c)
		return f, err
	}
	err = itsOwn(t.Route.Inbox.Claim(ctx, f.ID, c.Arrival))
	if errors.Is(err, inbox.ErrGone) {
		err = errors.Join(err, t.Ledger.Forget(ctx, f.ID))
	}
	return f, err
}

// Take brings a file that was found in the inbox on, from whatever state it is in, until its original is at rest. It may be called again, by
// anybody, and beside Find.
func (t *Taker) Take(ctx context.Context, f ledger.File) error {
	if f.Source != fromInbox || f.Rested || t.Route.Inbox == nil {
		return nil
	}
	if err := t.resume(ctx, f); err != nil {
		return about(f, err)
	}
	return nil
}
