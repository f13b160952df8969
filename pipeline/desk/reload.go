package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rowferry/rowferry/ledger"
)

// Reloading is what came of having a service take up a changed configuration.
type Reloading struct {
	Order   int64    `json:"order"`                   // the last order that it answers
	At      string   `json:"at"`                      // when
	Wrong   []string `json:"wrong,omitempty"`         // why it was refused, a line for each mistake; none: the configuration holds
	Routes  int      `json:"routes,omitempty"`        // of the configuration that holds
	File    string   `json:"configuration,omitempty"` // what the service read
	Machine string   `json:"machine,omitempty"`       // on which machine
}

const reloadKey = "reload"

// Keep writes it down for whoever ordered it.
func (r Reloading) Keep(ctx context.Context, l ledger.Journal) error {
	r.At = time.Now().UTC().Format(time.RFC3339)
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return l.Keep(ctx, reloadKey, string(text))
}

// Reload orders a reload and waits for what comes of it, until ctx ends.
func (d *Desk) Reload(ctx context.Context, by, from string) (Reloading, error) {
	n, err := d.Orders.Order(ctx, ledger.Order{Verb: ledger.Reload, By: by, From: from})
	if err != nil {
		return Reloading{}, err
	}
	for {
		var came Reloading
		text, err := d.Books.Kept(ctx, reloadKey)
		if err != nil {
			return came, err
		}
		if text != "" {
			if err := json.Unmarshal([]byte(text), &came); err != nil {
				return came, fmt.Errorf("what came of the reload: %w", err)
			}
		}
		if came.Order >= n {
			return came, nil
		}
		select {
		case <-ctx.Done():
			return came, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// reload passes the order on to the service, or says that this process is none.
func (c *Clerk) reload(ctx context.Context, o ledger.Order) error {
	if c.House != nil && c.House.Reload(o.N) {
		return nil
	}
	return Reloading{Order: o.N, Wrong: []string{"no service runs on this ledger, only a command: the configuration holds when the service starts (rowferry run)"}}.Keep(ctx, c.Ledger)
}
