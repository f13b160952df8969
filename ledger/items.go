package ledger

import (
	"time"

	"github.com/rowferry/rowferry/batch"
)

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
	Before Before   // what earlier files did with it
	Print  Print    // of its request; not stored with the item, and zero when it is read again. Zero: none is left
	Sealed Print    // of its request before its private fields were sealed, stored with it; zero: none are
	Bared  Print    // of its request as it would be without its zeros (BaredFor); not stored with the item. Zero: none is left
	Free   bool     // it goes whatever other files bring; not stored with the item either
	Put    bool     // of a result dropped again: a person put its rows in, so it may equal rows of the family; not stored
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
	Repeat   bool `json:"repeat,omitempty"`   // the same request of another file was executed, or may have been
}

// PrintFor is the print of its request, whether private fields of it are sealed or not. The order of a document's rows does not count:
// people sort them.
func (s *Staged) PrintFor(account, operation string) Print {
	if s.Sealed != (Print{}) {
		return s.Sealed
	}
	return PrintOf(account, operation, s.counted(s.Body))
}

// counted is what counts of a body of the item: the order of several rows does not.
func (s *Staged) counted(body []byte) []byte {
	if len(s.Rows) > 1 {
		return inAnyOrder(body)
	}
	return body
}

// BaredFor is a print of its request as programs leave it that take the numbers in a text for numbers: 0030 is 30, +49 is 49, 1.50 is 1.5. It is
// no request's own. less says whether the request has anything of that, and zeroed, what begins so. The print is zero where private fields are sealed,
// and, unless it is wanted always, where there is nothing of that.
func (s *Staged) BaredFor(account, operation string, always bool) (print Print, less, zeroed bool) {
	if s.Sealed != (Print{}) {
		return print, false, false
	}
	body, less, zeroed := bared(s.Body)
	if !less && !always {
		return print, false, false
	}
	return PrintOf(account, operation+" bared", s.counted(body)), less, zeroed
}

// State is where an item stands before its first event.
func (s *Staged) State() ItemState {
	return ItemState{Verdict: s.Preset, Attempts: s.Before.Attempts, Lost: s.Before.Lost, Repeat: s.Before.Repeat}
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
	EventAnswered EventKind = "answered" // Answer is the last one that its request got; written where that was not delivered, or is to be tried again
)

// Event is one line of the journal.
type Event struct {
	File    string
	Chunk   int
	Item    int // index within the chunk
	Kind    EventKind
	At      time.Time
	Attempt int           // sending: 1 for the first
	Until   time.Time     // waiting
	Lost    bool          // waiting: this attempt, or one before it, may have been executed
	Verdict *Verdict      // settled
	Rows    []int         // settled, requeued: the item's rows, for the counts
	Answer  *batch.Answer // answered
	With    []int         // answered: the other items of the chunk that the request carried and the answer is kept for
	Before  *Verdict      // requeued: the verdict that is taken back
	Marks   []Print       // settled: by which receipts find the item; kept, and not part of the journal
}

// ItemState is where an item stands after its events.
type ItemState struct {
	Verdict  *Verdict      // nil: open
	Attempts int           // requests that may have left with it
	InFlight bool          // sending is the last word: after a crash it may have been executed
	Lost     bool          // some attempt may have been executed
	Repeat   bool          // another file's item with the same request was executed, or may have been
	Until    time.Time     // not before
	First    time.Time     // when the first attempt of this round began
	Last     time.Time     // when its last event of this round was written
	Answer   *batch.Answer // the last one of this round that is kept; nil: none
}

// Pause is how long the item has to wait still. A clock may have been set back since it was written: it never waits longer
// than it was told to then.
func (s *ItemState) Pause(now time.Time) time.Duration {
	return max(0, min(s.Until.Sub(now), s.Until.Sub(s.Last)))
}

// Tried is how long the item has been tried in this round. Between its last event and now no more counts than it was told to
// wait: a clock may have been set forward since, and a service that did not run did not try.
func (s *ItemState) Tried(now time.Time) time.Duration {
	if s.First.IsZero() {
		return 0
	}
	return max(0, s.Last.Sub(s.First)) + max(0, min(now.Sub(s.Last), s.Until.Sub(s.Last)))
}

// Apply adds one event.
func (s *ItemState) Apply(e Event) {
	switch e.Kind {
	case EventSending:
		s.Lost = s.Lost || s.InFlight // nobody wrote what came of the attempt before
		s.InFlight, s.Attempts, s.Last = true, e.Attempt, e.At
		if s.First.IsZero() {
			s.First = e.At
		}
	case EventWaiting:
		if s.InFlight { // what was written ahead of the attempt is an intent: whether one left is known now
			s.Attempts = 0
		}
		s.InFlight, s.Until, s.Lost, s.Last = false, e.Until, s.Lost || e.Lost, e.At
		s.Attempts = max(s.Attempts, e.Attempt)
		if s.First.IsZero() {
			s.First = e.At
		}
	case EventSettled:
		s.InFlight, s.Verdict = false, e.Verdict
		if e.Verdict != nil {
			s.Attempts = max(s.Attempts, e.Verdict.Attempts)
			if e.Verdict.Status == batch.Delivered {
				s.Answer = nil // what it was refused with before says nothing any more
			}
		}
	case EventAnswered:
		s.Answer = e.Answer
	case EventRequeued:
		lost := s.Lost || s.Verdict != nil && s.Verdict.Status == batch.Unknown
		*s = ItemState{Attempts: s.Attempts, Lost: lost, Repeat: s.Repeat || s.Verdict.Held()}
	}
}

// Content is a chunk with the present state of its items.
type Content struct {
	Chunk
	States []ItemState // one per item
}
