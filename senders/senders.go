// Package senders turns requests into outcomes: encode, sign, send, interpret the answer; and keeps an account's pace.
//
// Authentication schemes are folders below (basic, header, signed, session); pace is senders/pace.
package senders

import (
	"context"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// Fate is how far a request got.
type Fate string

const (
	NotSent  Fate = "not sent" // no byte of it can have reached the provider: DNS, refused, TLS, a failed login, a cancelled wait
	Lost     Fate = "lost"     // it was or may have been written, and no complete answer came
	Answered Fate = "answered" // Result.Reading says what
)

// Attempt is one try of one request.
type Attempt struct {
	Operation *providers.Operation
	Items     []batch.Item

	// ID tells this request from all others, and stays the same in all attempts of it: what `fill: id` is made of.
	ID string

	// Commit is called once, after the pace allows the request and everything is encoded and signed,
	// right before its first byte may leave. When it returns an error nothing is sent (Fate NotSent, that error).
	// May be nil.
	Commit func(context.Context) error

	// Quit ends the wait for the pace: a request that has not left when it is done stays (Fate NotSent).
	// nil: only Send's own context does.
	Quit context.Context
}

// Result is what came of an attempt.
type Result struct {
	Fate       Fate
	Reading    providers.Reading // when Answered
	RetryAfter time.Duration     // what the provider asked for, 0 if nothing
	Rest       time.Duration     // nothing is left of the provider's limit for so long; the sender keeps to it, unless it is freed
	Status     int               // HTTP status when Answered
	Said       *batch.Answer     // the answer for whoever must find out why, where it is not one of plain success
	Err        error             // when not Answered: the cause, without secrets and values
	Started    time.Time         // when it left
	Took       time.Duration
}

// A Freer lets requests leave again that wait for the provider's limit. Every sender of Open is one.
type Freer interface{ Free() }

// A Sender sends for one account. It keeps the account's pace in any sliding second, logins and retries included;
// concurrency is the caller's. Safe for concurrent use.
type Sender interface {
	// Send makes exactly one attempt: it never repeats a request, but for one renewal of a session that the
	// provider said has ended (an answer that shows the request was not processed).
	Send(ctx context.Context, a Attempt) Result

	// Close ends idle connections.
	Close() error
}
