package console

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// tellers count the reasons of big files that have ended, each once: by a goroutine that close ends and awaits. What they counted is kept
// while the service runs, for the files that were asked for last. Safe for concurrent use.
type tellers struct {
	log      *slog.Logger
	ctx      context.Context
	stop     context.CancelFunc
	counting sync.WaitGroup
	turn     chan struct{} // one counts at a time

	mu    sync.Mutex
	known []*told // the newest last
}

// told is what is known of a file, as it was at one change of its books.
type told struct {
	id     string
	change int64
	groups []desk.Group
	done   bool
}

// mostTold is how many files' reasons are kept.
const mostTold = 32

func newTellers(log *slog.Logger) *tellers {
	t := &tellers{log: log, turn: make(chan struct{}, 1)}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t
}

// close ends the counting.
func (t *tellers) close() {
	t.stop()
	t.counting.Wait()
}

// of gives what was counted of a file, and begins to count where nobody has.
func (t *tellers) of(d *desk.Desk, f ledger.File) (groups []desk.Group, done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.IndexFunc(t.known, func(k *told) bool { return k.id == f.ID && k.change == f.Change }); i >= 0 {
		return t.known[i].groups, t.known[i].done
	}
	if len(t.known) == mostTold {
		t.known = t.known[1:]
	}
	one := &told{id: f.ID, change: f.Change}
	t.known = append(t.known, one)
	t.counting.Go(func() { t.count(d, f, one) })
	return nil, false
}

func (t *tellers) count(d *desk.Desk, f ledger.File, one *told) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-t.ctx.Done():
		return
	}
	groups, err := d.Counted(t.ctx, f)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		if t.ctx.Err() == nil {
			t.log.Error("console: reasons", "file", f.ID, "error", err)
		}
		t.known = slices.DeleteFunc(t.known, func(k *told) bool { return k == one })
		return
	}
	one.groups, one.done = groups, true
}

// reasons groups a file's rows that were not delivered. counted is false while the columns of a big file's rows are not told apart.
func (c *Console) reasons(ctx context.Context, d *desk.Desk, f ledger.File) (groups []desk.Group, counted bool, err error) {
	groups, err = d.Reasons(ctx, f)
	many := slices.ContainsFunc(groups, func(g desk.Group) bool { return g.Others })
	if err != nil || !many || f.State != ledger.Reported {
		return groups, !many, err
	}
	if exact, done := c.tellers.of(c.desk, f); done {
		return exact, true, nil
	}
	return groups, false, nil
}
