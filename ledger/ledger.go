// Package ledger holds the durable truth: which files were taken, what their rows became, what was sent and what came of it.
//
// A file's items lie in chunks; a chunk is written once, before its file is accepted, and never changed. What happens to
// the items afterwards is a journal of events per chunk; ItemState.Apply plays it back. What the books say about families,
// resends and counts is decided here (books.go); implementations are folders below (ledger/sqlite), listed in
// ledger/drivers, and only keep it. ledgertest is the suite they all run.
package ledger

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// Errors that code decides on.
var (
	ErrNotFound = errors.New("not in the ledger")
	ErrExists   = errors.New("the ledger has it already")
	ErrState    = errors.New("the file's state does not allow it")
	ErrFamily   = errors.New("another file of its family has changed meanwhile")
	ErrMissing  = errors.New("not every row that was read is staged: nothing of the file may be sent")
	ErrLost     = errors.New("the ledger is not this process's any more, because another one has it or its database did not answer for too long: nothing was written") // the lease was lost; whoever wrote stops
	ErrAway     = errors.New("the ledger's database does not answer")
	ErrCursor   = errors.New("that is no cursor of a page of rows")
	ErrFull     = errors.New("the disk is full")                                  // nothing was written; it can be when there is room
	ErrFrozen   = errors.New("the ledger's database can only be read at present") // nothing was written; it can be when that is over
)

// Superseded is the error of sending rows of a file again whose result was dropped since.
type Superseded struct{ Newest string }

func (e *Superseded) Error() string {
	return "its result was dropped again since, as " + e.Newest + ": that file now speaks for all rows"
}

// InUse is the error of opening a ledger that another process has open.
type InUse struct {
	Path      string
	PID       int    // 0 when not known
	By        string // the machine and process, where the ledger knows
	Elsewhere bool   // it may be another machine: who waits takes over when that one ends
}

func (e *InUse) Error() string {
	said := "the ledger in " + e.Path + " is in use by another rowferry process"
	if e.By != "" {
		said += " (" + e.By + ")"
	}
	return said
}

// Damaged is the error of a ledger whose file is not what was written: by a disk, a copy that was broken off, another program.
type Damaged struct {
	Path string
	Lost bool          // it is readable, but not the newest: Driver.Adopt goes on with it
	What batch.Message // what was found
	Err  error         // the technical cause, if there is one
	// Sentence is the key of what a person reads, where it is none of the usual ones
	Sentence string
}

func (e *Damaged) Error() string { return e.Say(batch.English) }

// Say tells what was found and what to do.
func (e *Damaged) Say(l batch.Language) string {
	key := "ledger.damaged"
	if e.Lost {
		key = "ledger.lost"
	}
	if e.Sentence != "" {
		key = e.Sentence
	}
	return words.Of(l, key, "path", e.Path, "folder", filepath.Dir(e.Path), "what", words.Say(l, e.What))
}

func (e *Damaged) Unwrap() error { return e.Err }

// Query selects files. Zero fields select all.
type Query struct {
	States   []State
	Route    string
	Account  string
	ID       string         // exact, or a prefix that only one has
	Family   string         // the family whose first file has this id
	Unrested bool           // only those whose original is still in processing
	Text     string         // in the name or the id, whatever its case
	Outcomes []batch.Status // files that have a row with one of these
	Routes   []string       // only of these; none: of all
	Since    time.Time      // only those taken then or later
	Changed  int64          // only those whose Change is greater
	Ended    time.Time      // only those of which a row got an outcome then or later
	Before   string         // only files taken before the one with this id
	After    string         // only files taken after the one with this id
	Last     int            // only the newest so many of these; 0 = all
	First    int            // only the oldest so many of these; 0 = all
}

// Receipt tells when a write is on disk.
type Receipt interface {
	// Wait returns nil once the write is durable. It may be called by anybody, more than once.
	Wait(ctx context.Context) error
	// Done reports whether Wait would return at once. Unlike Wait it makes nothing urgent.
	Done() bool
	// Hurry makes the write urgent and does not wait for it.
	Hurry()
}

// Books is what anybody may look at, beside the owner or without one. All methods of a ledger are safe for concurrent use.
type Books interface {
	// File returns one file; ErrNotFound.
	File(ctx context.Context, id string) (File, error)
	// Files lists files, oldest first.
	Files(ctx context.Context, q Query) ([]File, error)
	// Chunk returns one chunk and the state of its items; ErrNotFound past the last.
	Chunk(ctx context.Context, id string, seq int) (*Content, error)
	// Chunks gives all chunks of a file in order.
	Chunks(ctx context.Context, id string) iter.Seq2[*Content, error]
	// Tallies gives the tally of every chunk of a file in order; nil for one of which none is kept (of an older ledger).
	Tallies(ctx context.Context, id string) ([]*Tally, error)
	// Mentions reports whether a chunk's stored form may hold a text, whatever its case: true unless Mentioned says no.
	Mentions(ctx context.Context, id string, seq int, text string) (bool, error)
	// Earlier finds for each print the item of an accepted file that was delivered after since, is under way, or may have been
	// executed after since: nil where there is none. Files of the family with this root do not count.
	Earlier(ctx context.Context, family string, prints []Print, since time.Time) ([]*Earlier, error)
	// Copies are the private copies of the files.
	Copies() Copies
	// Sound is *Damaged when what the driver keeps for itself, such as indexes, is not as it was written. It reads everything.
	Sound(ctx context.Context) error
	// Lanes lists the stopped lanes, by account, with the reason.
	Lanes(ctx context.Context) (map[string]string, error)
	// Turn says which machine works and which stand by; nil where one machine has the ledger for itself.
	Turn(ctx context.Context) (*Turn, error)
	// Kept returns a small fact that the owner stored; "" when there is none.
	Kept(ctx context.Context, key string) (string, error)
	Hearsay
}

// Orders is how anybody leaves a command for the owner.
type Orders interface {
	// Order leaves a command and returns its number.
	Order(ctx context.Context, o Order) (n int64, err error)
	// Taken reports whether the owner has taken that command out, carried out or refused.
	Taken(ctx context.Context, n int64) (bool, error)
}

// Visitor looks, leaves orders and keeps the register of people; it can do nothing else.
type Visitor interface {
	Books
	Orders
	Register
	Close() error
}

// Intake is what taking files writes. A method that returns nil has its effect on disk; Stage returns at once and its
// Receipt says when. Writes of an owner take effect in the order they were called.
type Intake interface {
	// Spool is where the private copies are made.
	Spool() Spool
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
	// Stage adds a chunk to a Taken file; of another file its Receipt has ErrState. It keeps nothing of the items: they are the caller's
	// again when it returns.
	Stage(c Chunk) Receipt
	// Accept makes a Taken file's rows the truth, all at once: from here they may be sent. It waits for the staged
	// chunks, and fails when one of them could not be written, with ErrMissing when they do not hold exactly the rows and items
	// that are named: somebody else may have staged, or unstaged, meanwhile. A file with nothing to send is Settled at once. For a result
	// dropped again it is ErrFamily when its family is not Unchanged. It is ErrRaced when since it was Taken, or unstaged,
	// another file was accepted with the request of an item of it that is to be sent and not Free.
	Accept(ctx context.Context, id string, r Reading, c batch.Counts, items, open int) error
	// Double makes a Taken file a Duplicate of an earlier one, whose rows it repeats, and drops its staged chunks.
	Double(ctx context.Context, id, earlier string) error
	// ForgetPrints drops the prints of what was accepted before, as far as that costs nothing: some stay.
	ForgetPrints(ctx context.Context, before time.Time) error
	// Refuse makes a Claiming or Taken file Quarantined and drops its staged chunks.
	Refuse(ctx context.Context, id, reason string) error
	// Rest records that the original was put to rest.
	Rest(ctx context.Context, id string) error
}

// Journal is what sending and reporting write.
type Journal interface {
	// Record writes events, in order, and keeps the file's counts, open items, times and state. It returns at once.
	Record(events ...Event) Receipt
	// Pause stops sending a file for the reason given; "" lets it go on.
	Pause(ctx context.Context, id, reason string) error
	// Report records that the results are out.
	Report(ctx context.Context, id string, results []string) error
	// Keep stores a small fact that survives a restart, such as a batch size that worked.
	Keep(ctx context.Context, key, value string) error
}

// Control is how the owner carries out what was ordered.
type Control interface {
	// Ordered gives the commands that wait, oldest first, with their numbers; Done takes one out, carried out or refused.
	Ordered(ctx context.Context) ([]Order, error)
	Done(ctx context.Context, order int64) error
	// Cancel marks a file as stopped by a person; the sender settles what waits as skipped.
	Cancel(ctx context.Context, id string) error
	// Requeue opens the items again whose rows have one of the outcomes, and starts a new revision. The file must be
	// Settled or Reported (ErrState) and the newest of its family (*Superseded). Items stay as they are that another file has
	// repeated since, but for those that were held as repeats, and *Repeated says so when no others are left. Doubted items are opened only
	// where no others have one of the outcomes. It returns how many rows are open again. The order that it carries out (0: none) is Done
	// in the same step, because carried out twice it would send rows twice.
	Requeue(ctx context.Context, id string, statuses []batch.Status, order int64) (rows int, err error)
	// PauseLane stops an account's lane; "" lets it go on.
	PauseLane(ctx context.Context, account, reason string) error
}

// Owner is the whole ledger, in the hands of the process that takes, sends and reports.
type Owner interface {
	Visitor
	Among
	Intake
	Journal
	Listening
	Control
	Retainer
	// Lease waits until this owner alone may do what the name stands for ("lane/otms"), or ctx ends. A ledger that has one
	// owner grants everything at once.
	Lease(ctx context.Context, name string) (Lease, error)
	// Stamp is another one after whatever anybody has written into the ledger: as long as it stays as it is, what was asked before has the same
	// answers. "" where that cannot be told now. It costs next to nothing.
	Stamp() string
}

// Lease is a right that one owner has at a time.
type Lease interface {
	// Lost is closed when it is not ours any more, be it that it was released.
	Lost() <-chan struct{}
	// Held reports whether it certainly is ours at this moment. It is asked right before something is done that nobody else may
	// do at the same time, because a process that was suspended hears of Lost too late.
	Held() bool
	// Wanted is closed when another owner should have it: its holder ends what it is about, and gives it back.
	Wanted() <-chan struct{}
	// Release gives it back, once everything is written that was queued before. It may be called again.
	Release(ctx context.Context) error
}

// Among is what an owner has to know of others, which may work on the same ledger at the same time: what only one may do, each does
// under a Lease.
type Among interface {
	// Changed has a token when somebody may have changed what others go by: a file's state, a stopped lane, an order. It is nil when
	// the owner is alone.
	Changed() <-chan struct{}
	// Jobs are how work is handed out among the owners. It is nil when the owner is alone.
	Jobs() Jobs
	// Abandoned reports whether the owner that began to take a file is gone.
	Abandoned(ctx context.Context, id string) (bool, error)
}

// Driver is one way to keep a ledger.
type Driver interface {
	// Open opens the ledger as its owner, creating it when it is not there and bringing its schema up to date. *InUse when
	// another process is its owner, *Damaged.
	Open(ctx context.Context) (Owner, error)
	// Join opens it as an owner beside which others may work, where that is possible; else it is Open. People read the machine's name. *InUse while another has it for itself.
	Join(ctx context.Context, machine string) (Owner, error)
	// Visit opens it beside its owner. fs.ErrNotExist when there is none.
	Visit(ctx context.Context) (Visitor, error)
	// Adopt goes on with a ledger that is *Damaged and Lost, on somebody's word, and says what that changed: whatever was under
	// way may have been executed since, and what was being taken is Quarantined.
	Adopt(ctx context.Context) ([]batch.Message, error)
	// Owned reports whether a process of this machine owns the ledger; false where that cannot be told from outside.
	Owned() bool
	// StandBy has it written down, for people who look, that this process waits for the ledger. It is said again every few seconds, and
	// means nothing where machines do not share ledgers.
	StandBy(ctx context.Context, machine string) error
}

// Copier is a driver whose ledger can be copied and put back as files.
type Copier interface {
	// Copy writes the ledger as of one moment, without its spool, into an empty folder: beside its owner, or without one.
	Copy(ctx context.Context, to string) error
	// Replace moves the closed ledger in the folder from, with its spool, into the place of the ledger, which goes with its spool into the new
	// folder aside, all on one file system. *InUse when a process owns it. What came since is lost: one in a copy's place was Adopted.
	Replace(ctx context.Context, from, aside string) error
}

// Verb is what an order asks for.
type Verb string

const (
	Resend Verb = "resend" // the rows of a file whose outcome is one of Statuses, again
	Cancel Verb = "cancel" // what waits of a file is given up
	Pause  Verb = "pause"  // of a file or an account
	Resume Verb = "resume"
	Reload Verb = "reload" // the service takes up its configuration as it is now
	Prune  Verb = "prune"  // what was kept long enough goes now

	Release Verb = "release" // a file that is quarantined or a duplicate is taken again, as a new one
)

// Order is a command to the owner.
type Order struct {
	N        int64          `json:"-"` // given by Ordered
	Verb     Verb           `json:"verb"`
	File     string         `json:"file,omitempty"`
	Account  string         `json:"account,omitempty"`
	Statuses []batch.Status `json:"statuses,omitempty"`
	By       string         `json:"by,omitempty"`   // who gave it
	From     string         `json:"from,omitempty"` // and from where: "command line", or an address
	Why      string         `json:"why,omitempty"`  // the reason that was given
}
