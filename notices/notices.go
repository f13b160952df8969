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

// Channel is one way by which notices leave.
type Channel interface {
	// Name tells it from others.
	Name() string
	// Tell sends notices as one message. When it returns nil the other side has them; else they may be told again, with the same ID.
	Tell(ctx context.Context, group []Notice) error
}

// ID names a group of notices: the same whenever the same are told.
func ID(group []Notice) string {
	sum := sha256.New()
	for _, n := range group {
		sum.Write([]byte(n.ID + "\n"))
	}
	return "rowferry_" + hex.EncodeToString(sum.Sum(nil))[:32]
}
