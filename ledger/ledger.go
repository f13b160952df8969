// Package ledger holds the durable truth: which files were taken, what their rows became, what was sent and what came of it.
//
// A file's items lie in chunks; a chunk is written once, before its file is accepted, and never changed. What happens to
// the items afterwards is a journal of events per chunk; Fold plays it back. Implementations are folders below
// (ledger/sqlite); ledgertest is the suite they all run.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// State is how far a file has come.
type State string

const (
	Claiming    State = "claiming"    // we are about to move it out of the senders' reach; it may or may not have happened
	Taken       State = "taken"       // its copy is in the spool, whole and hashed; rows may be half staged
	Sending     State = "sending"     // accepted: every row is on disk, items wait or are under way
	Settled     State = "settled"     // every row has an outcome; the result is not yet out
	Reported    State = "reported"    // the result is in the outbox
	Quarantined State = "quarantined" // it could not be taken as a whole; no row of it is sent
	Duplicate   State = "duplicate"   // the same content came on the same route before
)

// File is one file and its books.
type File struct {
	batch.File
	Account   string         `json:"account"`
	Operation string         `json:"operation"`
	Language  batch.Language `json:"language"`
	State     State          `json:"state"`
	Source    string         `json:"source"`           // where it came from: "inbox", "command line", "preview"
	Arrived   Arrival        `json:"arrived"`          // as the inbox saw it
	Rested    bool           `json:"rested"`           // the original is in archive, duplicates or quarantine
	Reason    string         `json:"reason,omitempty"` // why it is quarantined or whose duplicate it is
	Items     int            `json:"items"`
	Open      int            `json:"open"`                // items without an outcome
	Paused    string         `json:"paused,omitempty"`    // why nothing more of it is sent for now
	Cancelled bool           `json:"cancelled,omitempty"` // a person stopped it: what waits becomes skipped
	Revision  int            `json:"revision"`            // 1, one more with each resend
	Started   time.Time      `json:"started,omitzero"`    // first request
	Finished  time.Time      `json:"finished,omitzero"`   // last outcome
	Reading   Reading        `json:"reading"`             // how its content was understood
	Results   []string       `json:"results,omitempty"`   // names of the result files that are out
}

// Arrival is the file as the inbox saw it.
type Arrival struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
}

// Reading is what the reader and the mapping found out about a file, as far as its results need it.
type Reading struct {
	Format  string          `json:"format"` // csv, xlsx, xml
	Columns []batch.Column  `json:"columns"`
	Notes   []batch.Note    `json:"notes,omitempty"`
	Unused  []string        `json:"unused,omitempty"` // headings no field uses
	Sheet   string          `json:"sheet,omitempty"`
	Header  int             `json:"header,omitempty"`
	Ours    []batch.Column  `json:"ours,omitempty"`   // our columns, where it is a result: hidden from the mapping and from its own result
	Read    json.RawMessage `json:"read,omitempty"`   // the route's reader settings then, as package readers has them: they may have changed since
	Manner  *Manner         `json:"manner,omitempty"` // how it was opened, where not as the route says
	Again   *Again          `json:"again,omitempty"`  // it is the result of an earlier file, dropped again
}

// Manner is how a file was opened that was not written as its route's files are.
type Manner struct {
	Plain  bool   `json:"plain,omitempty"` // detect everything: the route's settings speak of other files
	Sheet  string `json:"sheet,omitempty"`
	Header string `json:"header,omitempty"`
}

// Again binds a result that was dropped again to the files it came from. The first file, and all that are results of
// results of it, are a family: what was delivered in any of them is delivered.
type Again struct {
	Root  string         `json:"root"`            // the family's first file
	Base  string         `json:"base"`            // the file whose result this is
	Known map[string]int `json:"known,omitempty"` // the members whose outcomes decided about this one, with their revisions
}

// Root is the id of the family's first file; its own where it is no result of another.
func (f *File) Root() string {
	if f.Reading.Again != nil {
		return f.Reading.Again.Root
	}
	return f.ID
}

// Generation is how many files of its family a file followed.
func (f *File) Generation() int {
	if f.Reading.Again != nil {
		return len(f.Reading.Again.Known)
	}
	return 0
}

// Chunk is a run of items of one file.
type Chunk struct {
	File  string
	Seq   int // 0-based, without gaps
	Items []Staged
}

// Staged is an item as it is accepted. One that is not to be sent has its outcome already.
type Staged struct {
	batch.Item
	Preset *Verdict // nil: to be sent
	Kin    []Kin    // of a result dropped again: whose each row is; nil in other files
	Before Before   // what earlier files of the family did with it
}

// Kin says which row of its family a row is.
type Kin struct {
	Origin  string `json:"o,omitempty"` // "17": row 17 of the family's first file; "ID:17": row 17 of the member that brought it; "": new here
	Carried bool   `json:"c,omitempty"` // its outcome was taken over; it was not decided here
	Edited  bool   `json:"e,omitempty"` // its outcome speaks of other values: it was changed since, and the change was not sent
}

// Before is what is known of an item before its file's first request.
type Before struct {
	Attempts int  `json:"attempts,omitempty"` // requests that may have reached the provider with it
	Lost     bool `json:"lost,omitempty"`     // one of them may have been executed
}

// State is where an item stands before its first event.
func (s *Staged) State() ItemState {
	return ItemState{Verdict: s.Preset, Attempts: s.Before.Attempts, Lost: s.Before.Lost}
}

// Verdict is the last word about an item: one outcome for all its rows but those in Rows.
type Verdict struct {
	batch.Outcome
	Rows     map[int]batch.Outcome `json:"rows,omitempty"`     // by row number
	Problems []batch.Problem       `json:"problems,omitempty"` // found when it was to be sent
}

// Of returns the outcome of one row of the item.
func (v *Verdict) Of(row int) batch.Outcome {
	if o, other := v.Rows[row]; other {
		return o
	}
	return v.Outcome
}

// Count adds the item's rows to c.
func (v *Verdict) Count(c *batch.Counts, rows []int, sign int) {
	if len(v.Rows) == 0 {
		c.Add(v.Status, sign*len(rows))
		return
	}
	for _, r := range rows {
		c.Add(v.Of(r).Status, sign)
	}
}

// EventKind is what happened to an item.
type EventKind string

const (
	EventSending  EventKind = "sending"  // its request may leave from now on
	EventWaiting  EventKind = "waiting"  // the attempt is over without a verdict; it is tried again not before Until
	EventSettled  EventKind = "settled"  // Verdict
	EventRequeued EventKind = "requeued" // a person asked to send it again
)

// Event is one line of the journal.
type Event struct {
	File    string
	Chunk   int
	Item    int // index within the chunk
	Kind    EventKind
	At      time.Time
	Attempt int       // sending: 1 for the first
	Until   time.Time // waiting
	Lost    bool      // waiting: the attempt may have been executed
	Verdict *Verdict  // settled
	Rows    []int     // settled, requeued: the item's rows, for the counts
	Before  *Verdict  // requeued: the verdict that is taken back
}

// ItemState is where an item stands after its events.
type ItemState struct {
	Verdict  *Verdict  // nil: open
	Attempts int       // requests that may have left with it
	InFlight bool      // sending is the last word: after a crash it may have been executed
	Lost     bool      // some attempt may have been executed
	Until    time.Time // not before
	First    time.Time // when the first attempt of this round began
}

// Apply adds one event.
func (s *ItemState) Apply(e Event) {
	switch e.Kind {
	case EventSending:
		s.InFlight, s.Attempts = true, e.Attempt
		if s.First.IsZero() {
			s.First = e.At
		}
	case EventWaiting:
		s.InFlight, s.Until, s.Lost = false, e.Until, s.Lost || e.Lost
		s.Attempts = max(s.Attempts, e.Attempt)
		if s.First.IsZero() {
			s.First = e.At
		}
	case EventSettled:
		s.InFlight, s.Verdict = false, e.Verdict
		if e.Verdict != nil {
			s.Attempts = max(s.Attempts, e.Verdict.Attempts)
		}
	case EventRequeued:
		lost := s.Lost || s.Verdict != nil && s.Verdict.Status == batch.Unknown
		*s = ItemState{Attempts: s.Attempts, Lost: lost}
	}
}

// Content is a chunk with the present state of its items.
type Content struct {
	Chunk
	States []ItemState // one per item
}

// Errors that code decides on.
var (
	ErrNotFound = errors.New("not in the ledger")
	ErrExists   = errors.New("the ledger has it already")
	ErrState    = errors.New("the file's state does not allow it")
	ErrFamily   = errors.New("another file of its family has changed meanwhile")
)

// Superseded is the error of sending rows of a file again whose result was dropped since.
type Superseded struct{ Newest string }

func (e *Superseded) Error() string {
	return "its result was dropped again since, as " + e.Newest + ": that file now speaks for all rows"
}

// InUse is the error of opening a ledger that another process has open.
type InUse struct {
	Path string
	PID  int // 0 when not known
}

func (e *InUse) Error() string {
	return "the ledger in " + e.Path + " is in use by another rowferry process"
}

// Damaged is the error of a ledger whose file is not what was written: by a disk, a copy that was broken off, another program.
type Damaged struct {
	Path string
	Err  error
}

func (e *Damaged) Error() string { return "the ledger " + e.Path + " is damaged: " + e.Err.Error() }

func (e *Damaged) Unwrap() error { return e.Err }

// Query selects files. Zero fields select all.
type Query struct {
	States   []State
	Route    string
	Account  string
	ID       string // exact, or a prefix that only one has
	Family   string // the family whose first file has this id
	Unrested bool   // only those whose original is still in processing
	Last     int    // only the newest so many; 0 = all
}

// Receipt tells when a write is on disk.
type Receipt interface {
	// Wait returns nil once the write is durable. It may be called by anybody, more than once.
	Wait(ctx context.Context) error
	// Done reports whether Wait would return at once. Unlike Wait it makes nothing urgent.
	Done() bool
}

// Ledger is the truth. All methods are safe for concurrent use. A method that returns nil has its effect on disk;
// Stage and Record return at once and their Receipt says when. Writes take effect in the order they were called.
type Ledger interface {
	// Begin writes the intent to claim a file (State Claiming). ErrExists when the id is taken.
	Begin(ctx context.Context, f File) error
	// Forget removes a claim that came to nothing.
	Forget(ctx context.Context, id string) error
	// Take records that the spool holds the whole content. When the same content came on the same route before and
	// was not quarantined, the file becomes a Duplicate and the earlier one is returned.
	Take(ctx context.Context, id, hash string, size int64) (earlier *File, err error)
	// Reroute makes a Claiming or Taken file one of another account and operation: its route changed before it was accepted.
	Reroute(ctx context.Context, id, account, operation string) error
	// Unstage drops what a broken-off reading has staged.
	Unstage(ctx context.Context, id string) error
	// Stage adds a chunk to a Taken file.
	Stage(c Chunk) Receipt
	// Accept makes a Taken file's rows the truth, all at once: from here they may be sent. It waits for the staged
	// chunks, and fails when one of them could not be written. A file with nothing to send is Settled at once. For a result
	// dropped again it is ErrFamily when the accepted members of its family are not those of Reading.Again.Known with their
	// revisions, all of them with an outcome for every row.
	Accept(ctx context.Context, id string, r Reading, c batch.Counts, items, open int) error
	// Refuse makes a Claiming or Taken file Quarantined and drops its staged chunks.
	Refuse(ctx context.Context, id, reason string) error
	// Rest records that the original was put to rest.
	Rest(ctx context.Context, id string) error
	// Report records that the results are out.
	Report(ctx context.Context, id string, results []string) error

	// File returns one file; ErrNotFound.
	File(ctx context.Context, id string) (File, error)
	// Files lists files, oldest first.
	Files(ctx context.Context, q Query) ([]File, error)
	// Chunk returns one chunk and the state of its items; ErrNotFound past the last.
	Chunk(ctx context.Context, id string, seq int) (*Content, error)
	// Chunks gives all chunks of a file in order.
	Chunks(ctx context.Context, id string) iter.Seq2[*Content, error]

	// Record writes events, in order, and keeps the file's counts, open items, times and state.
	Record(events ...Event) Receipt

	// Pause stops sending a file for the reason given; "" lets it go on.
	Pause(ctx context.Context, id, reason string) error
	// Cancel marks a file as stopped by a person; the sender settles what waits as skipped.
	Cancel(ctx context.Context, id string) error
	// Requeue opens the items again whose rows have one of the outcomes, and starts a new revision. The file must be
	// Settled or Reported (ErrState) and the newest of its family (*Superseded). It returns how many rows are open again. The
	// order that it carries out (0: none) is Done in the same step, because carried out twice it would send rows twice.
	Requeue(ctx context.Context, id string, statuses []batch.Status, order int64) (rows int, err error)

	// PauseLane stops an account's lane ("" lets it go on); Lanes lists the stopped ones with the reason.
	PauseLane(ctx context.Context, account, reason string) error
	Lanes(ctx context.Context) (map[string]string, error)

	// Order leaves a command for the process that owns the ledger; Orders gives the waiting ones, oldest first, with their
	// numbers; Done takes one out, carried out or refused.
	Order(ctx context.Context, o Order) error
	Orders(ctx context.Context) ([]Order, error)
	Done(ctx context.Context, order int64) error

	// Keep and Kept store small facts that survive a restart, such as a batch size that worked.
	Keep(ctx context.Context, key, value string) error
	Kept(ctx context.Context, key string) (string, error)

	Close() error
}

// Order is a command from another process.
type Order struct {
	N        int64    `json:"-"`    // given by Orders
	Verb     string   `json:"verb"` // resend, cancel, pause, resume
	File     string   `json:"file,omitempty"`
	Account  string   `json:"account,omitempty"`
	Statuses []string `json:"statuses,omitempty"`
}
