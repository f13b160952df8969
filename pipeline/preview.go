package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	localinbox "github.com/rowferry/rowferry/inbox/local"
	"github.com/rowferry/rowferry/outbox/workbook"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/redrop"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/pipeline/take"
)

// previewer checks the files that are dropped into a route's preview folder and puts what would happen into the outbox.
// Nothing of them is sent, and the ledger knows nothing of them: a file that was cut off is checked again.
type previewer struct {
	engine *Engine
	route  *route.Route
	dir    string
	place  inbox.Place
}

// preview opens a route's preview folder.
func (e *Engine) preview(c configs.Route, r *route.Route, o Options) error {
	place, err := localinbox.Open(localinbox.Settings{Dir: c.Preview.Dir, Settle: c.Inbox.Settle, Match: c.Inbox.Match, Every: c.Inbox.Every,
		Patience: c.Inbox.Patience, Language: r.Language, Whole: r.Whole, Logger: o.Log})
	if err != nil {
		return err
	}
	e.previews = append(e.previews, &previewer{engine: e, route: r, dir: c.Preview.Dir, place: place})
	return nil
}

// run previews until ctx ends. Trouble is logged and tried again at the next look.
func (p *previewer) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := p.Look(ctx); err != nil && ctx.Err() == nil {
			p.engine.Log.Error("preview", "route", p.route.Name, "error", err)
		}
		if err := p.place.Wait(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// Look previews what is complete and says how many files that were.
func (p *previewer) Look(ctx context.Context) (n int, err error) {
	for c, err := range p.place.Look(ctx) {
		if err != nil {
			return n, err
		}
		if err := p.one(ctx, c); err != nil && !errors.Is(err, inbox.ErrGone) {
			return n, fmt.Errorf("%s: %w", c.Name, err)
		}
		n++
	}
	return n, nil
}

func (p *previewer) one(ctx context.Context, c inbox.Complete) error {
	now := time.Now()
	id := take.NewID(now, 0)
	if c.Stuck != "" {
		return p.refuse(ctx, id, c, c.Stuck)
	}
	f, report, err := check.Checker{Books: redrop.Books{Ledger: p.engine.Ledger, Spool: filepath.Join(p.engine.Data, "spool")}}.Report(ctx, p.route, filepath.Join(p.dir, c.Name), c.Name, id)
	if err != nil {
		return err
	}
	if report == nil {
		return p.refuse(ctx, id, c, f.Quarantine)
	}
	work, err := os.CreateTemp(p.engine.Data, "preview-*")
	if err != nil {
		return err
	}
	defer os.Remove(work.Name())
	defer work.Close()
	if err := workbook.New().Write(ctx, work, *report); err != nil {
		return err
	}
	if err := p.route.Outbox.Put(ctx, route.ResultName(c.Name, id, 1, "preview.xlsx"), work); err != nil {
		return err
	}
	p.engine.Log.Info("previewed", "name", c.Name, "route", p.route.Name, "rows", f.Rows, "would_be_sent", f.Sendable, "invalid", f.Invalid)
	if err := p.place.Claim(ctx, id, c.Arrival); err != nil {
		return err
	}
	return p.place.Archive(ctx, id, c.Name, now)
}

func (p *previewer) refuse(ctx context.Context, id string, c inbox.Complete, reason string) error {
	if err := p.place.Claim(ctx, id, c.Arrival); err != nil {
		return err
	}
	return p.place.Quarantine(ctx, id, c.Name, reason+"\n")
}
