package receipts

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/masks"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// Poller asks a provider what became of an operation's items that it took over, until it says so or the time is over. Run is called
// once. What was asked when is not written down: after a start everything is asked once.
type Poller struct {
	Ledger interface {
		ledger.Books
		ledger.Listening
	}
	Account   string
	Operation *providers.Operation
	Config    *configs.Config
	Asker     senders.Asker
	Log       *slog.Logger
	Stopped   func() bool // the account's requests are held

	next map[question]time.Time // when to ask again
	done map[string]int         // files of which nothing is left to ask, with their revisions
}

// question is an item to be asked about.
type question struct {
	file string
	at   Item
}

// Run asks until ctx ends.
func (p *Poller) Run(ctx context.Context) error {
	p.next, p.done = map[question]time.Time{}, map[string]int{}
	pause := min(max(p.Operation.Receipts.Poll.Every/10, 200*time.Millisecond), time.Minute)
	for {
		if !p.Stopped() {
			if err := p.look(ctx); err != nil {
				return ended(ctx, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// look asks about everything whose time has come.
func (p *Poller) look(ctx context.Context) error {
	files, err := p.Ledger.Files(ctx, ledger.Query{Account: p.Account, States: ledger.FamilyStates(), Since: time.Now().Add(-p.Operation.Receipts.Poll.For)})
	if err != nil {
		return err
	}
	for _, f := range files {
		if revision, over := p.done[f.ID]; f.Operation != p.Operation.ID || over && revision == f.Revision {
			continue
		}
		if err := p.file(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (p *Poller) file(ctx context.Context, f ledger.File) error {
	known, err := Of(ctx, p.Ledger, f.ID)
	if err != nil {
		return err
	}
	left, private := f.State == ledger.Sending, ledger.Unsealer{Copies: p.Ledger.Copies(), File: f.ID}
	for c, err := range p.Ledger.Chunks(ctx, f.ID) {
		if err != nil {
			return err
		}
		for i := range c.Items {
			v := c.States[i].Verdict
			if v == nil || v.Status != batch.Delivered || time.Since(v.SentAt) > p.Operation.Receipts.Poll.For {
				continue
			}
			if r := known[Item{c.Seq, i}]; r != nil && r.Decides() && !r.Came.Before(v.SentAt.Truncate(time.Millisecond)) {
				continue
			}
			left = true
			if err := p.ask(ctx, question{f.ID, Item{c.Seq, i}}, c.Items[i].Item, v, &private); err != nil {
				return err
			}
		}
	}
	if !left {
		p.done[f.ID] = f.Revision
	}
	return nil
}

// ask asks about one item, if it is time, and keeps what decides. What cannot be asked is asked again later. A private field may be what the
// provider is asked by; where it cannot be had any more it stays closed.
func (p *Poller) ask(ctx context.Context, q question, item batch.Item, v *ledger.Verdict, private *ledger.Unsealer) error {
	due, asked := p.next[q]
	if !asked && time.Since(v.SentAt) < p.Operation.Receipts.Poll.Every {
		due, asked = v.SentAt.Add(p.Operation.Receipts.Poll.Every), true
		p.next[q] = due
	}
	if asked && time.Now().Before(due) {
		return nil
	}
	switch open, err := private.Open(ctx, item.Body); {
	case err == nil:
		item.Body = open
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, masks.ErrClosed):
		return err
	}
	keys := p.Operation.Receipts.Keys(item, p.Operation, v.Reference)
	if len(keys) == 0 {
		return nil
	}
	p.next[q] = time.Now().Add(p.Operation.Receipts.Poll.Every)
	answer, err := p.Asker.Ask(ctx, p.Operation, p.Operation.Receipts.Poll.At(keys[0]))
	if err != nil {
		p.Log.Warn("what became of a request could not be asked; trying again later", "account", p.Account, "file", q.file, "error", err)
		return ctx.Err()
	}
	r := p.Operation.Receipts.Poll.Read(answer, keys[0])
	switch {
	case r.Class == batch.Garbled:
		p.Log.Warn("what became of a request is not told; trying again later", "account", p.Account, "file", q.file, "status", answer.Status)
		return nil
	case !r.Decides():
		return nil
	}
	r.Account, r.Kind, r.Came = p.Account, p.Operation.Receipts.Kind, time.Now().UTC()
	delete(p.next, q)
	own := identity(&r)
	discreet(p.Config, &r)
	_, err = p.Ledger.Receive(ctx, own, ledger.MarkOf(r.Account, r.Kind, providers.FoldKey(r.Key)), r)
	return err
}
