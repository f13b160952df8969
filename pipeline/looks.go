package pipeline

import (
	"log/slog"
	"maps"
	"time"
)

// Look is how the last look into a route's inbox went.
type Look struct {
	At       time.Time
	Trouble  string    // why the inbox could not be looked into; "" when it could
	Next     time.Time // when the next one is due
	Last     string    // the last trouble since the start, also where it is over; "" when there was none
	Troubled time.Time // when that was
}

// looked notes how a look went.
func (e *Engine) looked(route string, err error, next time.Time) {
	e.Metrics.look(route, err)
	e.stays(route, slog.LevelInfo)
	e.mu.Lock()
	defer e.mu.Unlock()
	look := e.looks[route]
	look.At, look.Trouble, look.Next = time.Now(), "", next
	if err != nil {
		look.Trouble = e.inWords(route, err)
		look.Last, look.Troubled = look.Trouble, look.At
	}
	if e.looks == nil {
		e.looks = map[string]Look{}
	}
	e.looks[route] = look
}

// over notes that a look of somebody else had no trouble since.
func (e *Engine) over(route string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	look := e.looks[route]
	look.Trouble = ""
	e.looks[route] = look
}

// Looks gives the last look into each inbox, by route.
func (e *Engine) Looks() map[string]Look {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.looks)
}
