// Package inbox holds where files come from: a local folder (inbox/local), an SFTP server (inbox/sftp).
package inbox

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Arrival is one complete file that waits to be taken.
type Arrival struct {
	Name    string // base name as the sender wrote it; unique within one look
	Size    int64
	ModTime time.Time
}

// Fetched is what a copy turned out to be.
type Fetched struct {
	Size int64
	Hash string // SHA-256, hex
}

// ErrGone means that the arrival is not there any more (another instance took it, the sender withdrew it)
// or changed while we looked. It is not a fault: look again.
var ErrGone = errors.New("the file is gone or has changed")

// A Place is one inbox. Its methods are called by one goroutine at a time; Wait may run beside them.
//
// A file goes Look → Claim → Fetch → (Archive | Duplicate | Quarantine). Each of these may be cut off at any
// line and is then called again with the same id: each looks at what is there before it acts, and comes to the
// same end. Nothing is ever overwritten.
type Place interface {
	// Look makes one full look and gives the arrivals that are complete: unchanged in size, mtime and inode over
	// two looks and the settle time on our own clock, no lock file beside them, marker there where one is
	// configured, structure closed. Files that are stable but broken for longer than the patience come with
	// Stuck set to the reason: claim them and put them into quarantine.
	Look(ctx context.Context) iter.Seq2[Complete, error]

	// Waiting is how many files the last look saw that are still settling: looks soon after may find them complete.
	Waiting() int

	// Claim moves the arrival out of the senders' reach under id (processing/ID/NAME), without overwriting.
	// ErrGone when it was not there (and was not claimed under this id before).
	Claim(ctx context.Context, id string, a Arrival) error

	// Fetch copies the claimed file to w from its beginning and hashes it. ErrGone when it is not there.
	Fetch(ctx context.Context, id, name string, w io.Writer) (Fetched, error)

	// Archive puts the claimed file to rest: archive/2026/11/22/NAME (with the id before the extension when
	// that name is taken), or as the route says (deleted, kept). A claimed file that somebody took out of processing is no
	// fault, here and in the next two: it is told in the log, and there is nothing left to do.
	Archive(ctx context.Context, id, name string, taken time.Time) error

	// Duplicate moves it to duplicates/ID/NAME with NOTE.txt beside it.
	Duplicate(ctx context.Context, id, name, note string) error

	// Quarantine moves it to quarantine/ID/NAME with REASON.txt beside it.
	Quarantine(ctx context.Context, id, name, reason string) error

	// Wait returns when another look is worth while: a hint, the poll interval, the schedule. nil, or the context's error.
	Wait(ctx context.Context) error

	// Close ends watching and connections.
	Close() error
}

// Complete is an arrival that may be claimed, or (Stuck != "") one that never became whole.
type Complete struct {
	Arrival
	Stuck string // why, in the route's language
}
