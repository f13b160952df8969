package take

import (
	"context"
	"errors"
	"fmt"

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
	if _, err := t.lookAfter(ctx); err != nil {
		return 0, err
	}
	spooled, decided := make(chan claimed, ahead), make(chan ledger.File, ahead)
	looking := ctx
	group, ctx := errgroup.WithContext(looking)
	group.Go(func() error {
		defer close(spooled)
		return t.claimAll(ctx, spooled)
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
			if err := t.putAway(ctx, f, t.Route.Inbox, true); err != nil && !t.leave(f, err) {
				return about(f, err)
			}
			taken++
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return taken, err
	}
	return taken, t.tellMisfits(looking)
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

// claimAll claims and spools what the inbox gives.
func (t *Taker) claimAll(ctx context.Context, to chan<- claimed) error {
	failed := 0
	for c, err := range t.Route.Inbox.Look(ctx) {
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
