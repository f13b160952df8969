package pipeline

import (
	"sync"
	"time"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// Gauge counts what an account's lane did, minute by minute over the last hour. Its methods are safe for concurrent use.
type Gauge struct {
	mu      sync.Mutex
	minutes [60]Minute
}

// Minute is what happened in one.
type Minute struct {
	At       int64 `json:"at"` // Unix time of its beginning
	Requests int   `json:"requests"`
	Items    int   `json:"items"`    // of these requests
	Refusals int   `json:"refusals"` // requests that were asked to come later, or did not get through
}

// note counts one attempt.
func (g *Gauge) note(r senders.Result, items int, now time.Time) {
	if r.Fate == senders.NotSent {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	at := now.Unix() / 60
	m := &g.minutes[at%60]
	if m.At != at*60 {
		*m = Minute{At: at * 60}
	}
	m.Requests++
	if c := r.Reading.Class; r.Fate != senders.Answered || c == providers.Retry || c == providers.Auth {
		m.Refusals++
		return
	}
	m.Items += items
}

// Hour gives the last sixty minutes, oldest first; those in which nothing happened are zero.
func (g *Gauge) Hour(now time.Time) []Minute {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]Minute, 60)
	last := now.Unix() / 60
	for i := range out {
		at := last - 59 + int64(i)
		out[i] = Minute{At: at * 60}
		if m := g.minutes[at%60]; m.At == at*60 {
			out[i] = m
		}
	}
	return out
}

// Speed is how many items a second were settled over the last minutes; 0 when none were.
func (g *Gauge) Speed(now time.Time) float64 {
	hour := g.Hour(now)
	items, seconds := 0, 0.0
	for i := 59; i > 56; i-- {
		if hour[i].Items == 0 && items > 0 {
			break // it began later
		}
		items += hour[i].Items
		seconds = now.Sub(time.Unix(hour[i].At, 0)).Seconds()
	}
	if items == 0 {
		return 0
	}
	return float64(items) / max(seconds, 1)
}

// Gauge is what an account's lane did in the last hour; nil when it is not wired here.
func (e *Engine) Gauge(account string) *Gauge { return e.gauges[account] }
