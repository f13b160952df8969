package receipts

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
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

	seen int64               // the greatest Change of a file that was looked at
	open map[string]*inquiry // files of which something may be left to ask
}

// inquiry is a file whose items are asked about.
type inquiry struct {
	file string
	next map[Item]time.Time // when to ask again
}

// Run asks until ctx ends.
func (p *Poller) Run(ctx context.Context) error {
	p.open = map[string]*inquiry{}
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

// look asks about everything whose time has come. Of which files that may be is told by when their rows were sent last, not by when they were
// taken: rows may be sent again much later.
func (p *Poller) look(ctx context.Context) error {
	files, err := p.Ledger.Files(ctx, ledger.Query{Account: p.Account, States: ledger.FamilyStates(), Changed: p.seen, Ended: time.Now().Add(-p.Operation.Receipts.Poll.For)})
	if err != nil {
		return err
	}
	for _, f := range files {
		p.seen = max(p.seen, f.Change)
		if f.Operation == p.Operation.ID && p.open[f.ID] == nil {
			p.open[f.ID] = &inquiry{f.ID, map[Item]time.Time{}}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.open)) {
		left, err := p.file(ctx, p.open[id])
		if err != nil {
			return err
		}
		if !left {
			delete(p.open, id)
		}
	}
	return nil
}

// file asks about a file's items. left: there may be more to ask, though its rows do not change.
func (p *Poller) file(ctx context.Context, q *inquiry) (left bool, err error) {
	known, err := Of(ctx, p.Ledger, q.file)
	if err != nil {
		return false, err
	}
	private := ledger.Unsealer{Copies: p.Ledger.Copies(), File: q.file}
	for c, err := range p.Ledger.Chunks(ctx, q.file) {
		if err != nil {
			return false, err
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
			if err := p.ask(ctx, q, Item{c.Seq, i}, c.Items[i].Item, v, &private); err != nil {
				return false, err
			}
		}
	}
	return left, nil
}

// ask asks about one item, if it is time, and keeps what decides. What cannot be asked is asked again later. A private field may be what the
// provider is asked by; where it cannot be had any more it stays closed.
func (p *Poller) ask(ctx context.Context, q *inquiry, at Item, item batch.Item, v *ledger.Verdict, private *ledger.Unsealer) error {
	due, asked := q.next[at]
	if !asked && time.Since(v.SentAt) < p.Operation.Receipts.Poll.Every {
		due, asked = v.SentAt.Add(p.Operation.Receipts.Poll.Every), true
		q.next[at] = due
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
	q.next[at] = time.Now().Add(p.Operation.Receipts.Poll.Every)
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
	delete(q.next, at)
	own := identity(&r)
	discreet(p.Config, &r)
	_, err = p.Ledger.Receive(ctx, own, ledger.MarkOf(r.Account, r.Kind, providers.FoldKey(r.Key)), r)
	return err
}
