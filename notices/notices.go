// Package notices holds what people are told when something needs them, and the ways by which it leaves.
package notices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Kind is what a notice speaks of.
type Kind string

const (
	Finished    Kind = "finished"    // a file ended, and rows of it need a person
	Quarantined Kind = "quarantined" // a file was not taken
	Account     Kind = "account"     // an account is stopped or refused
	Partner     Kind = "partner"     // an inbox cannot be looked into
	Outbox      Kind = "outbox"      // results cannot be put where they belong
	Expected    Kind = "expected"    // a file did not come
	Digest      Kind = "digest"      // the sum of a day
	Test        Kind = "test"        // somebody tries whether notices arrive
)

// Notice is one thing that people are told.
type Notice struct {
	ID       string         `json:"id"` // the same however often it is told
	Kind     Kind           `json:"kind"`
	Resolved bool           `json:"resolved,omitempty"` // it is over
	Language batch.Language `json:"language"`
	Title    string         `json:"title"`
	Text     string         `json:"text"`
	Route    string         `json:"route,omitempty"`
	Account  string         `json:"account,omitempty"`
	File     string         `json:"file,omitempty"` // its id
	Name     string         `json:"name,omitempty"` // its name
	At       time.Time      `json:"at"`
	Attach   string         `json:"attach,omitempty"` // a small result on this machine
}

// Message is notices that leave together. It is put together once: whenever it is told again it has the same ID, time and notices, so
// that whoever has it already can tell.
type Message struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Notices []Notice  `json:"notices"`
	Again   bool      `json:"again,omitempty"` // it was told before, and nobody knows whether it arrived
	Told    []string  `json:"told,omitempty"`  // who has it already, where others are to get it yet
}

// MessageOf puts notices together.
func MessageOf(group []Notice, at time.Time) Message {
	sum := sha256.New()
	for _, n := range group {
		sum.Write([]byte(n.ID + "\n"))
	}
	return Message{ID: "rowferry_" + hex.EncodeToString(sum.Sum(nil))[:32], At: at.UTC().Truncate(time.Second), Notices: group}
}

// Channel is one way by which notices leave.
type Channel interface {
	// Name tells it from others.
	Name() string
	// Tell sends a message to those who were not told it. When it returns nil, or a Partly, the other side has it; an Unsure: it may have
	// it; a Begun: some have it; any other error: it has not.
	Tell(ctx context.Context, m Message) error
}

// Unsure is the error of a message of which nobody knows whether it arrived.
type Unsure struct{ Err error }

func (u *Unsure) Error() string { return "it may have arrived, or not: " + u.Err.Error() }
func (u *Unsure) Unwrap() error { return u.Err }

// Begun is the error of a message that some have, and others are to get yet.
type Begun struct {
	Told []string // everybody who has it
	Err  error
}

func (b *Begun) Error() string { return "not everybody is told yet: " + b.Err.Error() }
func (b *Begun) Unwrap() error { return b.Err }

// Refused is the error of a message that the other side looked at and will not have: for what is in it, or whoever sends it.
type Refused struct{ Err error }

func (r *Refused) Error() string { return r.Err.Error() }
func (r *Refused) Unwrap() error { return r.Err }

// Later is the error of a message that the other side asks to bring in a while.
type Later struct {
	After time.Duration
	Err   error
}

func (l *Later) Error() string { return l.Err.Error() }
func (l *Later) Unwrap() error { return l.Err }

// Partly is the error of a message that arrived, but not at all to whom it was to go.
type Partly struct{ Err error }

func (p *Partly) Error() string { return "not everybody is told: " + p.Err.Error() }
func (p *Partly) Unwrap() error { return p.Err }
