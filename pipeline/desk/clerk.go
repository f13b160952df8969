package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/send"
	"github.com/rowferry/rowferry/words"
)

// Clerk carries orders out; nobody else does. It belongs to the process that owns the ledger.
type Clerk struct {
	Ledger   ledger.Owner
	Log      *slog.Logger
	Language batch.Language // the configuration's: why an account is stopped is said in it
	House    House          // what sends and reports in this process; nil: the next one that does sees to it
}

// House is what an order changes besides the books.
type House interface {
	// Hold lets no result of a file be written until release is called: the file is about to change.
	Hold(file string) (release func())
	// Hand tells whoever sends a file's rows that it may have changed.
	Hand(ctx context.Context, f ledger.File)
	// Release takes a file that was not taken again, as a new one; by the same order once.
	Release(ctx context.Context, f ledger.File, order int64) error
	// Reload has a changed configuration taken up soon; false where this process does not do that.
	Reload(order int64) bool
	// Prune lets go of what was kept long enough, soon; an error where everything is kept.
	Prune() error
	// Stop stops an account's lane for a reason; "" lets it go on.
	Stop(account, reason string)
}

// Work carries out what was ordered, also when told to stop meanwhile: whoever ordered it sees it taken. An order that cannot be
// carried out is logged and does not come again.
func (c *Clerk) Work(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	orders, err := c.Ledger.Ordered(ctx)
	if err != nil {
		return err
	}
	for _, o := range orders {
		if err := c.Obey(ctx, o); err != nil {
			level := slog.LevelError
			if refused(err) {
				level = slog.LevelWarn
			}
			c.Log.Log(ctx, level, "an order could not be carried out", "verb", o.Verb, "file", o.File, "account", o.Account, "error", err)
		}
		if err := c.Ledger.Done(ctx, o.N); err != nil {
			return err
		}
	}
	return nil
}

// refused reports whether an order does not fit what it is about: no trouble, but the mistake of whoever gave it.
func refused(err error) bool {
	_, superseded := errors.AsType[*ledger.Superseded](err)
	return superseded || errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrState) || errors.Is(err, ledger.ErrFamily)
}

// Obey carries out one order, and writes down before who gave it.
func (c *Clerk) Obey(ctx context.Context, o ledger.Order) error {
	c.Log.Info("order", "verb", o.Verb, "file", o.File, "account", o.Account, "statuses", o.Statuses, "by", o.By)
	act := ledger.Act{At: time.Now().UTC(), By: o.By, From: o.From, Verb: string(o.Verb), Order: o.N, File: o.File, Account: o.Account, Statuses: o.Statuses, Why: o.Why}
	if err := c.Ledger.Act(ctx, act); err != nil {
		return err
	}
	if o.Verb == ledger.Reload {
		return c.reload(ctx, o)
	}
	if o.Verb == ledger.Prune && c.House != nil {
		return c.House.Prune()
	}
	if o.Account != "" {
		return c.lane(ctx, o)
	}
	f, err := c.Ledger.File(ctx, o.File)
	if err != nil {
		return err
	}
	if err := c.file(ctx, o, f); err != nil || c.House == nil {
		return err
	}
	if f, err = c.Ledger.File(ctx, f.ID); err == nil && f.State == ledger.Sending {
		c.House.Hand(ctx, f)
	}
	return err
}

// file carries out an order about a file in the books.
func (c *Clerk) file(ctx context.Context, o ledger.Order, f ledger.File) error {
	switch o.Verb {
	case ledger.Resend:
		if c.House != nil { // the results under way would be outdated
			defer c.House.Hold(f.ID)()
		}
		_, err := c.Ledger.Requeue(ctx, f.ID, o.Statuses, o.N)
		return err
	case ledger.Cancel:
		return c.Ledger.Cancel(ctx, f.ID)
	case ledger.Pause:
		return c.Ledger.Pause(ctx, f.ID, words.Of(f.Language, "lane.person", "account", f.ID))
	case ledger.Resume:
		return c.Ledger.Pause(ctx, f.ID, "")
	}
	if o.Verb == ledger.Release && c.House != nil {
		return c.House.Release(ctx, f, o.N)
	}
	return fmt.Errorf("unknown order %q", o.Verb)
}

// lane stops an account or lets it go on.
func (c *Clerk) lane(ctx context.Context, o ledger.Order) error {
	reason := ""
	switch o.Verb {
	case ledger.Pause:
		reason = words.Of(c.Language, "lane.person", "account", o.Account)
	case ledger.Resume:
	default:
		return fmt.Errorf("unknown order %q for an account", o.Verb)
	}
	if err := c.Ledger.PauseLane(ctx, o.Account, reason); err != nil {
		return err
	}
	if c.House != nil {
		c.House.Stop(o.Account, reason)
	}
	return nil
}

// GiveUp settles what waits of a cancelled file that no lane takes.
func (c *Clerk) GiveUp(ctx context.Context, f ledger.File) error {
	for content, err := range c.Ledger.Chunks(ctx, f.ID) {
		if err != nil {
			return err
		}
		var events []ledger.Event
		for i, s := range content.States {
			if s.Verdict != nil {
				continue
			}
			v := send.Cancelled(f.Language, f.ID, s.Attempts, s.First, s.Lost || s.InFlight)
			events = append(events, ledger.Event{File: f.ID, Chunk: content.Seq, Item: i, Kind: ledger.EventSettled, At: time.Now().UTC(), Verdict: v, Rows: content.Items[i].Rows})
		}
		if len(events) == 0 {
			continue
		}
		if err := c.Ledger.Record(events...).Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}
