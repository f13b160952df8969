package console

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline"
)

// event is something that changed.
type event struct {
	kind string                      // file, progress, lane, notice; ready
	sees func(p *people.Person) bool // who may know of it
	data []byte
}

// ofRoute is for who may know of a route's files.
func ofRoute(route string) func(p *people.Person) bool {
	return func(p *people.Person) bool { return p.Sees(route) }
}

// hub tells those who listen what has changed. It looks only while somebody does.
type hub struct {
	books   ledger.Books
	engine  *pipeline.Engine
	account func(p *people.Person, name string) bool // whether a person may know of an account
	log     *slog.Logger
	over    chan struct{} // closed when it has ended

	mu        sync.Mutex
	listeners map[chan event]*people.Person
	fresh     []chan event // of them, those that nothing was told yet
}

func newHub(c *Console) *hub {
	return &hub{books: c.books, engine: c.engine, account: c.seesAccount, log: c.log, over: make(chan struct{}), listeners: map[chan event]*people.Person{}}
}

// beat is how often the hub looks.
const beat = 400 * time.Millisecond

func (h *hub) listen(p *people.Person) (<-chan event, func()) {
	ch := make(chan event, 64)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners[ch], h.fresh = p, append(h.fresh, ch)
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, ch)
	}
}

// tell gives an event to whoever may know of it. One who does not keep up misses it: what they show is fetched anew anyway.
func (h *hub) tell(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch, p := range h.listeners {
		if !e.sees(p) {
			continue
		}
		select {
		case ch <- e:
		default:
		}
	}
}

func (h *hub) anybody() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners) > 0
}

// run looks for changes until ctx ends; then whoever listens is let go. It is called once.
func (h *hub) run(ctx context.Context) {
	defer close(h.over)
	mark, states, lanes := int64(-1), map[string]ledger.State{}, map[string]string{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(beat):
		}
		if !h.anybody() {
			mark = -1
			continue
		}
		fresh := h.drain()
		var err error
		if mark, err = h.files(ctx, mark, states); err != nil && ctx.Err() == nil {
			h.log.Error("console: events", "error", err)
		}
		h.lanes(lanes)
		h.ready(fresh)
	}
}

// drain gives those that came since the last beat.
func (h *hub) drain() []chan event {
	h.mu.Lock()
	defer h.mu.Unlock()
	fresh := h.fresh
	h.fresh = nil
	return fresh
}

// ready tells those that came before this look that whatever changes from here on is told: what they show may be older.
func (h *hub) ready(fresh []chan event) {
	for _, ch := range fresh {
		select {
		case ch <- event{kind: "ready", data: []byte("{}")}:
		default:
		}
	}
}

// files tells of the files that changed since mark; -1: from now on.
func (h *hub) files(ctx context.Context, mark int64, states map[string]ledger.State) (int64, error) {
	q := ledger.Query{Changed: mark}
	if mark < 0 {
		q = ledger.Query{Last: 50}
	}
	changed, err := h.books.Files(ctx, q)
	if err != nil {
		return mark, err
	}
	begin := mark < 0
	for _, f := range changed {
		mark = max(mark, f.Change, 0)
		before, known := states[f.ID]
		if states[f.ID] = f.State; begin {
			continue
		}
		kind := "progress"
		if !known || before != f.State {
			kind = "file"
		}
		data, err := json.Marshal(struct {
			ID     string       `json:"id"`
			Route  string       `json:"route"`
			Name   string       `json:"name"`
			State  ledger.State `json:"state"`
			Paused string       `json:"paused,omitempty"`
			Counts apiCounts    `json:"counts"`
		}{f.ID, f.Route, f.Name, f.State, f.Paused, apiCounts{f.Counts, f.Counts.Pending()}})
		if err != nil {
			return mark, err
		}
		h.tell(event{kind, ofRoute(f.Route), data})
		if kind == "file" && f.State == ledger.Quarantined {
			h.notice(f, f.Reason)
		}
		if f.State.AtRest() {
			delete(states, f.ID)
		}
	}
	return mark, nil
}

func (h *hub) notice(f ledger.File, text string) {
	if data, err := json.Marshal(map[string]string{"file": f.ID, "route": f.Route, "name": f.Name, "kind": string(f.State), "text": text}); err == nil {
		h.tell(event{"notice", ofRoute(f.Route), data})
	}
}

// lanes tells of lanes whose state changed.
func (h *hub) lanes(before map[string]string) {
	for name, lane := range h.engine.Lanes {
		data, err := json.Marshal(lane.State())
		if err != nil || before[name] == string(data) {
			continue
		}
		before[name] = string(data)
		h.tell(event{"lane", func(p *people.Person) bool { return h.account(p, name) }, data})
	}
}

// events is the stream of what changes, until whoever listens goes or the console ends.
func (c *Console) events(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("X-Accel-Buffering", "no")
	flush := http.NewResponseController(w)
	ch, end := c.hub.listen(p)
	defer end()
	fmt.Fprint(w, "retry: 3000\n\n")
	_ = flush.Flush()
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-c.hub.over:
			return nil
		case e := <-ch:
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.kind, e.data)
		case <-alive.C:
			fmt.Fprint(w, ": alive\n\n")
			if c.gone(r, p) {
				return nil
			}
		}
		if err := flush.Flush(); err != nil {
			return nil
		}
	}
}

// gone reports whether somebody who listens may not any more.
func (c *Console) gone(r *http.Request, p *people.Person) bool {
	if token := c.sessions.Token(r.Context()); token != "" {
		ctx, err := c.sessions.Load(context.Background(), token) // as it is now, not as it was when the stream began
		if err != nil {
			return true
		}
		r = r.WithContext(ctx)
	}
	now, err := c.person(r)
	return err != nil || now == nil || now.Role != p.Role
}
