package ledger

import (
	"context"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Register is what is kept about people: who they are, and what they did. Anybody who may open the ledger may write into it;
// nothing in it decides about a row.
type Register interface {
	// Enter stores a value under a key; "" takes it out.
	Enter(ctx context.Context, key, value string) error
	// Entry returns the value of a key; "" when there is none.
	Entry(ctx context.Context, key string) (string, error)
	// Entries gives all values whose keys begin with prefix, by key.
	Entries(ctx context.Context, prefix string) (map[string]string, error)
	// Act adds a line to the list of who did what. An order has one line, however often it is told.
	Act(ctx context.Context, a Act) error
	// Acts gives lines of that list, newest first.
	Acts(ctx context.Context, q ActQuery) ([]Act, error)
}

// Act is something that a person, or a program with a token, did.
type Act struct {
	N        int64          `json:"n"` // given by Acts: later ones have greater numbers
	At       time.Time      `json:"at"`
	By       string         `json:"by"`             // the user's or token's name
	From     string         `json:"from,omitempty"` // "command line", or the address of the browser
	Verb     string         `json:"verb"`
	Order    int64          `json:"-"` // of an order: its number
	File     string         `json:"file,omitempty"`
	Name     string         `json:"name,omitempty"` // of the file
	Route    string         `json:"route,omitempty"`
	Account  string         `json:"account,omitempty"`
	Statuses []batch.Status `json:"statuses,omitempty"`
	Rows     int            `json:"rows,omitempty"`
	Why      string         `json:"why,omitempty"`   // the reason that was given
	About    string         `json:"about,omitempty"` // whom or what it concerns besides: a user, a token
}

// ActQuery selects acts. Zero fields select all.
type ActQuery struct {
	By, Verb, File string
	Before         int64 // only those with a smaller N
	Limit          int   // 0: all
}
