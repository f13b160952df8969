package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/notify"
	"github.com/rowferry/rowferry/pipeline/send"
)

// stall notes whose results cannot be put into the outbox.
func (e *Engine) stall(why map[string]error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stalled = why
}

// Stalled says of which files, by id, the results cannot be put into the outbox for now, and why.
func (e *Engine) Stalled() map[string]error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.stalled)
}

// Stuck says why an account's rows do not go, be it that nothing gets through for now; "" when they do. here is false where another machine
// has the lane and knows.
func (e *Engine) Stuck(account string) (why string, here bool) {
	if lane := e.Lanes[account]; lane != nil {
		return cmp.Or(lane.Stuck(), lane.State().Outage), !lane.Away()
	}
	return "", e.crew.alone()
}

// spoken is an error that people are told in their language: a place's trouble, too little room.
type spoken interface {
	error
	Say(l batch.Language) string
}

// inWords is what people are told of an error, in the language of the route, or where that is not known, of the configuration.
func (e *Engine) inWords(route string, err error) string {
	trouble, is := errors.AsType[spoken](err)
	if !is {
		return err.Error()
	}
	if r := e.Routes[route]; r != nil {
		return trouble.Say(r.Language)
	}
	return trouble.Say(e.config.Language)
}

// tellRefusals writes down which accounts are refused or get nothing through, and which do again.
func (e *Engine) tellRefusals(ctx context.Context) error {
	if e.told == nil {
		e.told = map[string]string{}
	}
	for account, lane := range e.Lanes {
		if lane.Away() {
			delete(e.told, account)
			continue
		}
		if _, known := e.told[account]; !known {
			kept, err := e.Ledger.Kept(ctx, desk.RefusedKey(account))
			if err != nil {
				return err
			}
			e.told[account] = kept
		}
		s := lane.State()
		now := cmp.Or(s.Refused, s.Outage)
		if now == e.told[account] {
			continue
		}
		if err := e.Ledger.Keep(ctx, desk.RefusedKey(account), now); err != nil {
			return err
		}
		e.told[account] = now
	}
	return nil
}

// tellTroubles writes down whose results cannot be put into the outbox, and which inboxes cannot be looked into and what stays in
// them, for those who look from outside.
func (e *Engine) tellTroubles(ctx context.Context) error {
	stalled := map[string]string{}
	for id, err := range e.Stalled() {
		stalled[id] = e.inWords("", err)
	}
	closed, err := e.crew.closedInboxes(ctx)
	if err != nil {
		return err
	}
	before, err := e.toldOf(ctx, desk.ClosedKey)
	if err != nil {
		return err
	}
	for route, why := range closed {
		if why == "" { // nobody has looked yet
			closed[route] = before[route]
		}
	}
	maps.DeleteFunc(closed, func(_, why string) bool { return why == "" })
	return errors.Join(e.tell(ctx, desk.StalledKey, stalled), e.tell(ctx, desk.ClosedKey, closed), e.tellUnready(ctx))
}

// toldOf is what goes wrong as the ledger has it, by what it concerns; at first what an earlier process told.
func (e *Engine) toldOf(ctx context.Context, key string) (map[string]string, error) {
	if told := e.toldTroubles[key]; told != nil {
		return told, nil
	}
	kept, err := e.Ledger.Kept(ctx, key)
	told := map[string]string{}
	if err == nil && kept != "" && json.Unmarshal([]byte(kept), &told) != nil {
		told = map[string]string{"": kept} // not ours: it is written anew
	}
	return told, err
}

// tell writes down what goes wrong where the ledger has it otherwise.
func (e *Engine) tell(ctx context.Context, key string, why map[string]string) error {
	told, err := e.toldOf(ctx, key)
	if err != nil {
		return err
	}
	if !maps.Equal(why, told) {
		text, err := json.Marshal(why)
		if err == nil {
			err = e.Ledger.Keep(ctx, key, string(text))
		}
		if err != nil {
			return err
		}
	}
	if e.toldTroubles == nil {
		e.toldTroubles = map[string]map[string]string{}
	}
	e.toldTroubles[key] = why
	return nil
}

// brief is how long an outage may last before people are sent a notice of it.
const brief = 10 * time.Minute

// troubles are what goes on that people should hear of, and of what nothing is known yet since the start.
func (e *Engine) troubles(ctx context.Context) ([]notify.Condition, error) {
	stops, err := e.Ledger.Lanes(ctx)
	if err != nil {
		return nil, err
	}
	outboxes, err := e.fullHands(ctx)
	if err != nil {
		return nil, err
	}
	going := outboxes
	for account, lane := range e.Lanes {
		s := lane.State()
		if lane.Away() { // another machine knows, and has written it down
			s = send.State{Reached: true}
			if s.Refused, err = e.Ledger.Kept(ctx, desk.RefusedKey(account)); err != nil {
				return nil, err
			}
		}
		why := cmp.Or(stops[account], s.Stopped, s.Refused)
		passing := s.Outage == "" || time.Since(s.Since) < brief
		if why == "" && s.Outage == "" && s.Reached {
			continue
		}
		going = append(going, notify.Condition{Key: "account/" + account, Kind: notices.Account, Who: account, Reason: cmp.Or(why, s.Outage), Unsure: why == "" && passing})
	}
	closed, err := e.crew.closedInboxes(ctx)
	for route, why := range closed {
		going = append(going, notify.Condition{Key: "partner/" + route, Kind: notices.Partner, Who: route, Reason: why, Unsure: why == ""})
	}
	return going, err
}

// fullHands are the routes whose results cannot be put into the outbox, and those whose results may be on their way there.
func (e *Engine) fullHands(ctx context.Context) (going []notify.Condition, err error) {
	files, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Settled}})
	if err != nil {
		return nil, err
	}
	stalled, err := e.crew.stuckResults(ctx)
	if err != nil {
		return nil, err
	}
	routes := map[string]string{}
	for _, f := range files {
		why := routes[f.Route]
		if err := stalled[f.ID]; err != nil {
			why = e.inWords(f.Route, err)
		}
		routes[f.Route] = why
	}
	for route, why := range routes {
		going = append(going, notify.Condition{Key: "outbox/" + route, Kind: notices.Outbox, Who: route, Reason: why, Unsure: why == ""})
	}
	return going, nil
}
