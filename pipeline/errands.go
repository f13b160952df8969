package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/route"
)

// Progress is called now and then with the files under way; it must return soon.
type Progress func(files []ledger.File)

// Once takes what lies in the inboxes, waits for the results and ends. It returns the files it dealt with.
// A file that cannot go on by itself (its lane is refused, it is paused, its result cannot be put) is left for later.
func (e *Engine) Once(ctx context.Context, progress Progress) ([]ledger.File, error) {
	before, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending, ledger.Settled, ledger.Claiming, ledger.Taken}})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range before {
		ids = append(ids, f.ID)
	}
	collect := func(f ledger.File) {
		if !slices.Contains(ids, f.ID) { // not one that an earlier run began to take
			ids = append(ids, f.ID)
		}
	}
	var wrong []error // an inbox that cannot be read does not keep the others waiting
	files, err := e.until(ctx, progress, func() []string { return ids }, func(ctx context.Context) error {
		for _, r := range e.Routes {
			if r.Inbox == nil {
				continue
			}
			t := e.taker(r)
			t.Taken = func(f ledger.File) { collect(f); e.taken(f) }
			err := errors.Join(t.Resume(ctx), drain(ctx, t.Look, r.Inbox), t.Left())
			e.stays(r.Name, slog.LevelWarn) // nobody looks again
			if ctx.Err() == nil {
				e.looked(r.Name, err, time.Time{})
			}
			if err != nil && ctx.Err() == nil {
				wrong = append(wrong, fmt.Errorf("route %s: %w", r.Name, err))
			}
		}
		for _, p := range e.previews {
			if err := drain(ctx, p.Look, p.place); err != nil && ctx.Err() == nil {
				wrong = append(wrong, fmt.Errorf("preview of route %s: %w", p.route.Name, err))
			}
		}
		return ctx.Err()
	})
	return files, errors.Join(append(wrong, err)...)
}

// drain takes until nothing complete or settling is left.
func drain(ctx context.Context, look func(context.Context) (int, error), place inbox.Place) error {
	for {
		taken, err := look(ctx)
		if err != nil {
			return err
		}
		if taken == 0 && place.Waiting() == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(beat):
		}
	}
}

// Send takes the files that a person named on one route and waits for their results. One that cannot be taken is told in the
// error and keeps no other from being sent.
func (e *Engine) Send(ctx context.Context, r *route.Route, paths []string, progress Progress) ([]ledger.File, error) {
	var ids []string
	var wrong []error
	files, err := e.until(ctx, progress, func() []string { return ids }, func(ctx context.Context) error {
		for _, path := range paths {
			f, err := e.taker(r).Hand(ctx, path)
			if f.ID != "" {
				ids = append(ids, f.ID)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", path, err))
			}
		}
		return nil
	})
	return files, errors.Join(append(wrong, err)...)
}

// until runs lanes and reports while first works, and afterwards until the files it brought are reported or cannot go on.
func (e *Engine) until(ctx context.Context, progress Progress, ids func() []string, first func(context.Context) error) ([]ledger.File, error) {
	outer := ctx
	ctx, end := context.WithCancel(ctx)
	defer end()
	err := e.run(ctx, func() []Loop { return nil }, loop{"errand", func(ctx context.Context) error {
		defer end()
		if err := first(ctx); err != nil {
			return err
		}
		return e.await(ctx, ids(), progress)
	}})
	err = errors.Join(err, e.tellRefusals(context.WithoutCancel(outer)), e.tellTroubles(context.WithoutCancel(outer)))
	files, readErr := e.files(context.WithoutCancel(outer), ids())
	return files, errors.Join(err, readErr)
}

func (e *Engine) files(ctx context.Context, ids []string) ([]ledger.File, error) {
	var files []ledger.File
	for _, id := range ids {
		f, err := e.Ledger.File(ctx, id)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

// await returns when every file is reported or cannot go on by itself.
func (e *Engine) await(ctx context.Context, ids []string, progress Progress) error {
	var ended []ledger.File // need no second look
	for {
		open, err := e.files(ctx, ids)
		if err != nil {
			return err
		}
		var going []ledger.File
		ids = nil
		for _, f := range open {
			if f.State.AtRest() {
				ended = append(ended, f)
				continue
			}
			going, ids = append(going, f), append(ids, f.ID)
		}
		files := slices.Concat(ended, going)
		if progress != nil {
			progress(files)
		}
		if e.allDone(files) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.put:
		case <-time.After(beat):
		}
	}
}

func (e *Engine) allDone(files []ledger.File) bool {
	return !slices.ContainsFunc(files, e.going)
}

// going reports whether something will happen to a file by itself. Nothing is being taken any more.
func (e *Engine) going(f ledger.File) bool {
	switch f.State {
	case ledger.Sending:
		return f.Paused == "" && !e.elsewhere(f) && desk.Misfit(e.config, f) == nil && e.Lanes[f.Account].Stuck() == ""
	case ledger.Settled:
		return e.Routes[f.Route] != nil && e.Stalled()[f.ID] == nil
	}
	return false
}
