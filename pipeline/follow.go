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
func (m *machines) follow(ctx context.Context) error {
	for {
		if err := m.catchUp(ctx); err != nil {
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
		case <-m.changed:
			token(m.woken)
		case <-m.settled:
		case <-time.After(unheard):
		}
	}
}

func (m *machines) catchUp(ctx context.Context) error {
	if err := m.reloadToo(ctx); err != nil {
		return err
	}
	if err := m.recovered(ctx); err != nil {
		return err
	}
	m.Metrics.lanes(m.Lanes)
	stopped, err := m.Ledger.Lanes(ctx)
	if err != nil {
		return err
	}
	var here []*send.Lane
	for account, lane := range m.Lanes {
		if lane.Away() {
			continue
		}
		here = append(here, lane)
		if err := m.heed(ctx, lane, stopped[account]); err != nil {
			return err
		}
	}
	if err := m.tellRefusals(ctx); err != nil || len(here) == 0 {
		return err
	}
	began, sending := time.Now(), map[string]bool{}
	files, err := m.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending, ledger.Settled}})
	if err != nil {
		return err
	}
	for _, f := range files {
		lane := m.Lanes[f.Account]
		if f.State == ledger.Settled {
			if lane != nil && !lane.Away() {
				m.report(ctx, f)
			}
			continue
		}
		sending[f.ID] = true
		if lane != nil && !lane.Away() && desk.Misfit(m.config, f) == nil {
			if err := lane.Offer(f); err != nil {
				return err
			}
		}
	}
	for _, lane := range here {
		lane.ForgetEnded(began, sending)
	}
	return nil
}

// reloadedKey is where it is kept which order to reload was carried out last: every machine then takes up its own configuration.
const reloadedKey = "reloaded"

// reloadToo has this machine take up its configuration when another one was told to.
func (m *machines) reloadToo(ctx context.Context) error {
	n, err := m.Ledger.Kept(ctx, reloadedKey)
	if err != nil {
		return err
	}
	m.mu.Lock()
	fresh := m.followed && n != m.reloaded && n != m.carried // the office may have come here since another machine carried the order out
	m.mu.Unlock()
	if m.reloaded, m.followed = n, true; fresh && m.reload != nil {
		m.reload(-1)
	}
	return nil
}

// heed stops a lane, or lets it go on, as a person said at whichever machine.
func (m *machines) heed(ctx context.Context, lane *send.Lane, stopped string) error {
	s := lane.State()
	if s.Stopped != stopped {
		lane.Stop(stopped)
	}
	if s.Refused == "" && s.HeldUntil.IsZero() {
		return nil
	}
	resumed, err := m.Ledger.Kept(ctx, resumedKey(lane.Account))
	if err != nil {
		return err
	}
	before, known := m.resumed[lane.Account]
	if m.resumed[lane.Account] = resumed; known && before != resumed {
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
