package pipeline

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"time"

	"github.com/rowferry/rowferry/pipeline/desk"
)

// mostUnready is how many files of one inbox are written down.
const mostUnready = 100

// stays notes which files stay in the inbox of a route after a look because they wait for something or are not whole, and logs each once:
// nobody else says so before the patience is over.
func (e *Engine) stays(route string, level slog.Level) {
	r := e.Routes[route]
	if r == nil || r.Inbox == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := map[string]desk.Unready{}
	before := e.unready[route]
	written := 0
	for name, why := range r.Inbox.Unready() {
		if why == "" { // what another process told of it may stand
			now[name] = desk.Unready{}
			continue
		}
		if written++; written > mostUnready {
			break
		}
		one := before[name]
		if one.Why == "" {
			one.Since = time.Now().UTC()
			e.Log.Log(context.Background(), level, "a file stays in the inbox", "route", route, "file", name, "why", why)
		}
		one.Why = why
		now[name] = one
	}
	if e.unready == nil {
		e.unready = map[string]map[string]desk.Unready{}
	}
	e.unready[route] = now
	e.lookedAt = true
}

// tellUnready writes down what stays in inboxes, for those who look from outside. Of the machines that share a ledger each writes of the
// inboxes into which it looked last.
func (e *Engine) tellUnready(ctx context.Context) error {
	e.mu.Lock()
	looked, all := e.lookedAt, maps.Clone(e.unready)
	e.lookedAt = false
	e.mu.Unlock()
	if !looked {
		return nil
	}
	text, err := e.Ledger.Kept(ctx, desk.UnreadyKey)
	if err != nil {
		return err
	}
	told := map[string]map[string]desk.Unready{}
	if text != "" && json.Unmarshal([]byte(text), &told) != nil {
		clear(told) // not ours: it is written anew
	}
	for route, files := range all {
		told[route] = since(files, told[route])
	}
	maps.DeleteFunc(told, func(route string, files map[string]desk.Unready) bool {
		return len(files) == 0 || e.crew.alone() && e.Routes[route] == nil
	})
	next, err := json.Marshal(told)
	if err != nil || string(next) == text || text == "" && len(told) == 0 {
		return err
	}
	return e.Ledger.Keep(ctx, desk.UnreadyKey, string(next))
}

// since are files with the time at which another process saw them first, where it did. What that told of a file which has not settled yet
// stands until it has.
func since(files, told map[string]desk.Unready) map[string]desk.Unready {
	out := map[string]desk.Unready{}
	for name, one := range files {
		before, known := told[name]
		switch {
		case one.Why == "" && known:
			one = before
		case one.Why == "":
			continue
		case known && before.Since.Before(one.Since):
			one.Since = before.Since
		}
		out[name] = one
	}
	return out
}
