package ledger

import "time"

// Turn is who works on a ledger that several machines share. Moments are by the database's clock, for people: nothing is decided by them.
type Turn struct {
	Works      string    `json:"works"`            // the machine and its process that carries out orders; "": none does now
	Since      time.Time `json:"since,omitzero"`   // when it began
	Heard      time.Time `json:"heard,omitzero"`   // when it was heard of last
	Silent     bool      `json:"silent,omitempty"` // it has not been for longer than its lease lasts: another one takes over
	Epoch      int64     `json:"epoch"`            // the number of its session: each has a greater one than those before
	Machines   []Member  `json:"machines"`         // all that work, by how long they do
	StandingBy []Waiter  `json:"standing_by"`      // by how long they wait
	Queues     []Queue   `json:"queues"`           // what is handed out to the machines, by kind

	Ahead time.Duration `json:"-"` // by how much the clock of the machine that asked is ahead of the database's, as far as the way there lets it tell
}

// Member is a machine that works.
type Member struct {
	Machine  string    `json:"machine"`
	Since    time.Time `json:"since"`
	Heard    time.Time `json:"heard"`
	Silent   bool      `json:"silent,omitempty"`
	Accounts []string  `json:"accounts"` // for which it sends
}

// Waiter is a machine that stands by.
type Waiter struct {
	Machine string    `json:"machine"`
	Since   time.Time `json:"since"`
}

// Office is the right to do what one machine does for all: carry out orders, preview, take up what providers say later.
const Office = "office"

// LaneOf is the right to send for an account.
func LaneOf(account string) string { return "lane/" + account }
