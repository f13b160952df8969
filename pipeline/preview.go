package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/outbox/workbook"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/pipeline/take"
)

// previewer checks the files that are dropped into a route's preview folder and puts what would happen into the outbox.
// Nothing of them is sent, and the ledger knows nothing of them: a file that was cut off is checked again.
type previewer struct {
	engine *Engine
	route  *route.Route
	place  inbox.Place
	out    map[string]string // by arrival: the id of a preview that is out, of a file that could not be moved away yet
	said   string            // the last trouble that was logged
}

// preview opens a route's preview folder.
func (e *Engine) preview(cfg *configs.Config, c configs.Route, r *route.Route, o Options) error {
	in := configs.Inbox{Dir: c.Preview.Dir, SFTP: c.Preview.SFTP, Settle: c.Inbox.Settle, Match: c.Inbox.Match, Patience: c.Inbox.Patience}
	if in.SFTP == c.Inbox.SFTP { // else as often as the place bears
		in.Every = c.Inbox.Every
	}
	place, err := e.inbox(cfg, in, r, o, "preview", inbox.Settings{})
	if err != nil {
		return err
	}
	e.previews = append(e.previews, &previewer{engine: e, route: r, place: place, out: map[string]string{}})
	return nil
}

// Name is for the log.
func (p *previewer) Name() string { return "preview/" + p.route.Name }

// Run previews until ctx ends. Trouble is logged once and tried again at the next look.
func (p *previewer) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		_, err := p.Look(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != p.said {
			p.engine.Log.Error("preview", "route", p.route.Name, "error", err)
		}
		p.said = fmt.Sprint(err)
		if err := p.place.Wait(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// Look previews what is complete and says how many files that were. A file in trouble keeps no other waiting.
func (p *previewer) Look(ctx context.Context) (n int, err error) {
	var wrong []error
	for c, err := range p.place.Look(ctx) {
		if err != nil {
			return n, errors.Join(append(wrong, err)...)
		}
		switch err := p.one(ctx, c); {
		case err == nil, errors.Is(err, inbox.ErrGone):
			n++
		case ctx.Err() != nil:
			return n, ctx.Err()
		default:
			wrong = append(wrong, fmt.Errorf("%s: %w", c.Name, err))
		}
	}
	return n, errors.Join(wrong...)
}

// one brings a file's preview out and moves the file away.
func (p *previewer) one(ctx context.Context, c inbox.Complete) error {
	now := time.Now()
	if c.Stuck != "" {
		return p.refuse(ctx, take.NewID(now, 0), c, c.Stuck)
	}
	id, out := p.out[c.Arrival.Identity()]
	if !out {
		id = take.NewID(now, 0)
		refused, err := p.write(ctx, id, c)
		if err != nil {
			return err
		}
		if refused != "" {
			return p.refuse(ctx, id, c, refused)
		}
		p.out[c.Arrival.Identity()] = id
	}
	err := p.place.Claim(ctx, id, c.Arrival)
	if err == nil || errors.Is(err, inbox.ErrGone) {
		delete(p.out, c.Arrival.Identity())
	}
	if err != nil {
		return err
	}
	return p.place.Archive(ctx, id, c.Name, now)
}

// write puts the preview of a file into the outbox, or says why the file cannot be taken.
func (p *previewer) write(ctx context.Context, id string, c inbox.Complete) (refused string, err error) {
	path, err := p.place.Path(ctx, c.Arrival)
	if err != nil {
		return "", err
	}
	f, report, err := check.Checker{Books: p.engine.Books()}.Report(ctx, p.route, path, c.Name, id)
	if err != nil {
		return "", err
	}
	if report == nil {
		return f.Quarantine, nil
	}
	work, err := os.CreateTemp(p.engine.Data, "preview-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(work.Name())
	defer work.Close()
	if err := workbook.New().Write(ctx, work, *report); err != nil {
		return "", err
	}
	if err := p.route.Outbox.Put(ctx, route.ResultName(c.Name, id, 1, "preview.xlsx"), work); err != nil {
		return "", err
	}
	p.engine.Log.Info("previewed", "name", c.Name, "route", p.route.Name, "rows", f.Rows, "would_be_sent", f.Sendable, "invalid", f.Invalid)
	return "", nil
}

func (p *previewer) refuse(ctx context.Context, id string, c inbox.Complete, reason string) error {
	if err := p.place.Claim(ctx, id, c.Arrival); err != nil {
		return err
	}
	return p.place.Quarantine(ctx, id, c.Name, reason+"\n")
}
