package ledger

import (
	"cmp"
	"encoding/json"
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

// States lists all, in the order of a file's life.
func States() []State {
	return []State{Claiming, Taken, Sending, Settled, Reported, Quarantined, Duplicate}
}

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
	Dropped   []Part         `json:"dropped,omitempty"`   // what is not kept of it any more
	Change    int64          `json:"-"`                   // grows with every change of its books; no two files have the same
}

// Arrival is the file as the inbox saw it.
type Arrival struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
}

// Reading is what the reader and the mapping found out about a file, as far as its results need it.
type Reading struct {
	Format  string          `json:"format"` // csv, xlsx, xml
	Columns []batch.Column  `json:"columns,omitempty"`
	Notes   []batch.Note    `json:"notes,omitempty"`
	Unused  []string        `json:"unused,omitempty"` // headings no field uses
	Sheet   string          `json:"sheet,omitempty"`
	Header  int             `json:"header,omitempty"`
	Sheets  batch.Sheets    `json:"sheets,omitempty"`  // where several were read; Sheet and Header are the first's
	Member  string          `json:"member,omitempty"`  // of a zip archive: the file in it that was read
	Divided string          `json:"divided,omitempty"` // of text: its delimiter
	Ours    []batch.Column  `json:"ours,omitempty"`    // our columns, where it is a result: hidden from the mapping and from its own result
	Read    json.RawMessage `json:"read,omitempty"`    // the route's reader settings then, as package readers has them: they may have changed since
	Manner  *Manner         `json:"manner,omitempty"`  // how it was opened, where not as the route says
	Again   *Again          `json:"again,omitempty"`   // it is the result of an earlier file, dropped again
}

// Manner is how a file was opened that was not written as its route's files are.
type Manner struct {
	Plain    bool   `json:"plain,omitempty"` // detect everything: the route's settings speak of other files
	Sheet    string `json:"sheet,omitempty"`
	Header   string `json:"header,omitempty"`
	Encoding string `json:"encoding,omitempty"` // of a text in which nothing says so itself
}

// Again binds a result that was dropped again to the files it came from. The first file, and all that are results of
// results of it, are a family: what was delivered in any of them is delivered.
type Again struct {
	Root    string         `json:"root"`              // the family's first file
	Base    string         `json:"base"`              // the file whose result this is
	Known   map[string]int `json:"known,omitempty"`   // the members whose outcomes decided about this one, with their revisions
	Sending []string       `json:"sending,omitempty"` // those of them that were still being sent, rows that this one has not
	Bared   bool           `json:"bared,omitempty"`   // a program took the zeros off its values: so they stand in its result too
}

// Root is the id of the family's first file; its own where it is no result of another.
func (f *File) Root() string { return cmp.Or(f.Ancestor(), f.ID) }

// Ancestor is the id of the first file of the family that a file joined; "" where it is no result of another.
func (f *File) Ancestor() string {
	if f.Reading.Again == nil {
		return ""
	}
	return f.Reading.Again.Root
}

// Generation is how many files of its family a file followed.
func (f *File) Generation() int {
	if f.Reading.Again != nil {
		return len(f.Reading.Again.Known)
	}
	return 0
}
