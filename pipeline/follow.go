package pipeline

import (
	"context"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/send"
)

// unheard is how often a machine looks for what others changed when it hears of nothing.
const unheard = 5 * time.Second

// resumedKey is where it is kept when a person last let an account go on: whichever machine has its lane then tries again at once.
func resumedKey(account string) string { return "resumed/" + account }

// follow takes up what other machines changed, until ctx ends: files that were accepted, paused, cancelled or are sent again; accounts that
// were stopped or go on; orders and results that wait.
func (e *Engine) follow(ctx context.Context) error {
	for {
		if err := e.catchUp(ctx); err != nil {
			return quiet(ctx, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(beat / 2): // what comes together is looked at together
		}
		select {
		case <-ctx.Done():
			return nil
		case <-e.changed:
			e.wake()
		case <-e.settled:
		case <-time.After(unheard):
		}
	}
}

// wake has orders and results looked for now.
func (e *Engine) wake() {
	token(e.woken)
	token(e.reading)
}

func (e *Engine) catchUp(ctx context.Context) error {
	if err := e.reloadToo(ctx); err != nil {
		return err
	}
	if e.shared != nil {
		if err := e.shared.recovered(ctx); err != nil {
			return err
		}
	}
	e.Metrics.lanes(e.Lanes)
	stopped, err := e.Ledger.Lanes(ctx)
	if err != nil {
		return err
	}
	var here []*send.Lane
	for account, lane := range e.Lanes {
		if lane.Away() {
			continue
		}
		here = append(here, lane)
		if err := e.heed(ctx, lane, stopped[account]); err != nil {
			return err
		}
	}
	if err := e.tellRefusals(ctx); err != nil || len(here) == 0 {
		return err
	}
	began, sending := time.Now(), map[string]bool{}
	files, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending, ledger.Settled}})
	if err != nil {
		return err
	}
	for _, f := range files {
		lane := e.Lanes[f.Account]
		if f.State == ledger.Settled {
			if e.shared != nil && lane != nil && !lane.Away() {
				e.shared.report(ctx, f)
			}
			continue
		}
		sending[f.ID] = true
		if lane != nil && !lane.Away() && desk.Misfit(e.config, f) == nil {
			if err := lane.Offer(f); err != nil {
				return err
			}
		}
	}
	for _, lane := range here {
		lane.Settle(began, sending)
	}
	return nil
}

// reloadedKey is where it is kept which order to reload was carried out last: every machine then takes up its own configuration.
const reloadedKey = "reloaded"

// reloadToo has this machine take up its configuration when another one was told to.
func (e *Engine) reloadToo(ctx context.Context) error {
	n, err := e.Ledger.Kept(ctx, reloadedKey)
	if err != nil {
		return err
	}
	e.mu.Lock()
	fresh := e.followed && n != e.reloaded && n != e.carried // the office may have come here since another machine carried the order out
	e.mu.Unlock()
	if e.reloaded, e.followed = n, true; fresh && e.reload != nil {
		e.reload(-1)
	}
	return nil
}

// heed stops a lane, or lets it go on, as a person said at whichever machine.
func (e *Engine) heed(ctx context.Context, lane *send.Lane, stopped string) error {
	s := lane.State()
	if s.Stopped != stopped {
		lane.Stop(stopped)
	}
	if s.Refused == "" && s.HeldUntil.IsZero() {
		return nil
	}
	resumed, err := e.Ledger.Kept(ctx, resumedKey(lane.Account))
	if err != nil {
		return err
	}
	before, known := e.resumed[lane.Account]
	if e.resumed[lane.Account] = resumed; known && before != resumed {
		lane.Stop("")
	}
	return nil
}

// unfinished offers an account's lane the files that it is to send.
func (e *Engine) unfinished(ctx context.Context, lane *send.Lane) error {
	files, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending}, Account: lane.Account})
	if err != nil {
		return err
	}
	for _, f := range files {
		e.offer(ctx, f, func(l *send.Lane) error { return l.Offer(f) })
	}
	return nil
}
