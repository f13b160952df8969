package ledger

import "time"

// Turn is whose turn it is on a ledger that several machines share, one of which works at a time. Moments are by the database's clock, for people: nothing is decided by them.
type Turn struct {
	Works      string    `json:"works"`            // the machine and its process; "": none works
	Since      time.Time `json:"since,omitzero"`   // when it took over
	Heard      time.Time `json:"heard,omitzero"`   // when it renewed its lease last
	Silent     bool      `json:"silent,omitempty"` // it has not for longer than the lease lasts: another one that stands by takes over
	Epoch      int64     `json:"epoch"`            // how often the ledger has changed hands
	StandingBy []Waiter  `json:"standing_by"`      // by how long they wait
}

// Waiter is a machine that stands by.
type Waiter struct {
	Machine string    `json:"machine"`
	Since   time.Time `json:"since"`
}
