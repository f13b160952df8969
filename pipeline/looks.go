package pipeline

import (
	"maps"
	"time"
)

// Look is how the last look into a route's inbox went.
type Look struct {
	At      time.Time
	Trouble string // why the inbox could not be looked into; "" when it could
}

// looked notes how a look went.
func (e *Engine) looked(route string, err error) {
	e.Metrics.look(route, err)
	e.mu.Lock()
	defer e.mu.Unlock()
	look := Look{At: time.Now()}
	if err != nil {
		look.Trouble = err.Error()
	}
	if e.looks == nil {
		e.looks = map[string]Look{}
	}
	e.looks[route] = look
}

// Looks gives the last look into each inbox, by route.
func (e *Engine) Looks() map[string]Look {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.looks)
}
