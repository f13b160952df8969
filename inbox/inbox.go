// Package inbox holds the life of a file before it is read: when it is complete, how it is claimed and copied, where it comes to rest. It is
// said once, over the primitives of a place.
package inbox

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/rowferry/rowferry/places"
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

// A Place is one inbox. It is safe for concurrent use; what one Look gives is acted upon while it goes on.
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

	// Unready gives the files that have settled and wait for something, are not whole, or may not be read: for each its name and, in
	// the route's language, why; and those that have not settled, of which nobody knows yet: why is "".
	Unready() iter.Seq2[string, string]

	// Untaken gives what has lain there as it is for longer than the patience, counted over processes, and is not taken, or not yet: files
	// whose names do not fit or are none that can be trusted, uploads that broke off, folders with something in them, links and the like; and
	// files that wait for their marker or a program.
	Untaken(ctx context.Context) []Aside

	// Held gives the ids under which files lie in processing.
	Held(ctx context.Context) (ids []string, err error)

	// Waiting is how many files the last look saw that are still settling: looks soon after may find them complete.
	Waiting() int

	// Claim moves the arrival out of the senders' reach under id (processing/ID/NAME), without overwriting.
	// ErrGone when it was not there (and was not claimed under this id before).
	Claim(ctx context.Context, id string, a Arrival) error

	// Path is where on this machine the content of an arrival can be read until it is claimed. ErrGone when it is not there any more in that state.
	Path(ctx context.Context, a Arrival) (string, error)

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

	// GiveBack puts a file that was copied back into the inbox if it has grown since, where the place does not know that nobody writes it: a
	// program went on writing after it was taken. It is given again when it is whole. folder is where it lies: one of the folders of ours.
	GiveBack(ctx context.Context, c Copied, folder string) (Growth, error)

	// Originals gives the files of this size that lie in the inbox or in the folders of ours, under whatever names: what was taken then may be
	// among them. After an error there are no more.
	Originals(ctx context.Context, size int64, taken time.Time) iter.Seq2[Lying, error]

	// Wait returns when another look is worth while: a hint, the poll interval, the schedule. nil, or the context's error.
	Wait(ctx context.Context) error

	// Hint waits until the place hears of something that may mean work; where it cannot hear, or a schedule says when to look, until ctx ends. The
	// error is the context's.
	Hint(ctx context.Context) error

	// Due is when the next look is worth while; it may be sooner where the place hears of new files.
	Due() time.Time

	// Close ends watching and connections.
	Close() error
}

// Growth is what became of a file after it was copied.
type Growth int

// It is as it was; it has grown and was given back; it stays in the inbox, where it is seen as another one when it grows.
const (
	None Growth = iota
	Grew
	Stays
)

// Copied is a file of which a copy was made.
type Copied struct {
	Arrival        // as it was then
	ID      string // under which it was claimed
	Taken   time.Time
}

// Complete is an arrival that may be claimed, or (Stuck != "") one that never became whole.
type Complete struct {
	Arrival
	Stuck string // why, in the route's language
}

// Inbox is one folder of a place as an inbox. It is a Place.
type Inbox struct {
	Settings
	mu        sync.Mutex // held by each step, and by a look but for the time in which its user acts
	folder    places.Folder
	where     string // for the log
	root      string // on this machine, or ""
	copies    string // of files that do not lie on this machine
	least     time.Duration
	marker    Marker
	remembers bool // files may stay where they are
	rhythm    Rhythm

	sightings Sightings
	aside     Sightings        // what is not to be taken, and whose sender may be waiting
	looked    time.Time        // when the last look began
	refused   map[string]bool  // names told in the log
	leaves    int              // how many names of this look it was told
	noted     map[string]noted // files that were not whole
	made      map[string]bool  // folders of ours that are known to be there
	pending   map[string]bool  // copies of claimed files that were cut off
	stays     sync.Once        // told that the place permits no move
	blind     sync.Once        // told that the place does not know who has a file open
	knows     bool             // the place knows that
}

// Due is when the next look is worth while.
func (b *Inbox) Due() time.Time { return b.rhythm.Due() }

// Wait returns when the timetable says so, when a settling file may have settled, or shortly after something appeared or was written.
func (b *Inbox) Wait(ctx context.Context) error {
	var soon time.Time // when the look is due that a hint asks for
	for {
		left := b.rhythm.Left()
		if !soon.IsZero() {
			left = min(left, max(0, soon.Sub(b.Clock())))
		}
		if left == 0 {
			return ctx.Err()
		}
		hint, err := b.folder.Wait(ctx, left, func(name string, came bool) bool { return soon.IsZero() && b.hints(name, came) })
		if err != nil {
			return err
		}
		if hint {
			soon = b.rhythm.NotBefore(b.least)
		}
	}
}

// Hint waits until something appeared or was written.
func (b *Inbox) Hint(ctx context.Context) error {
	for {
		hint, err := b.folder.Wait(ctx, time.Hour, b.hints)
		if hint || err != nil {
			return err
		}
	}
}

// hints reports whether a name that came or was written, or went, may mean work: a file of interest, a lock or a marker. Where the timetable is a
// schedule, only the schedule counts.
func (b *Inbox) hints(name string, came bool) bool {
	switch {
	case b.Schedule != "", name == Processing, name == Archived, name == Duplicates, name == Quarantine:
		return false
	}
	return came && b.wanted(name) || b.marker.Fits(name) || len(name) > 2 && (name[:2] == "~$" || name[:2] == ".~")
}

// Close ends watching.
func (b *Inbox) Close() error { return b.folder.Close() }
