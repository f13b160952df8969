package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// AtRest reports whether a file of that state needs nothing more. All but a few are.
func (s State) AtRest() bool {
	return s == Reported || s == Quarantined || s == Duplicate
}

// Mentions reports whether a text stands in the file's name or id, whatever its case; "" stands in all.
func (f *File) Mentions(text string) bool {
	text = strings.ToLower(text)
	return text == "" || strings.Contains(strings.ToLower(f.Name), text) || strings.Contains(strings.ToLower(f.ID), text)
}

// FamilyStates are the states of the files that count as members of a family: the accepted ones.
func FamilyStates() []State { return []State{Sending, Settled, Reported} }

// ReleasedKey is below which it is kept as what, and by which order, a file was taken again; MeantKey, below the id of the new one, of which
// duplicate all rows are to go.
const (
	ReleasedKey = "released/"
	MeantKey    = "meant/"
)

// AfterAll is the id of the file as which all rows of a duplicate were sent, because a person said so; "" where nobody did.
func AfterAll(ctx context.Context, b Books, f File) (string, error) {
	if f.State != Duplicate {
		return "", nil
	}
	kept, err := b.Kept(ctx, ReleasedKey+f.ID)
	_, id, _ := strings.Cut(kept, " ")
	if err != nil || id == "" {
		return "", err
	}
	if of, err := b.Kept(ctx, MeantKey+id); err != nil || of != f.ID {
		return "", err
	}
	if _, err = b.File(ctx, id); errors.Is(err, ErrNotFound) { // it broke off
		return "", nil
	}
	return id, err
}

// Unchanged is ErrFamily when the accepted members of a family are not those that decided about a new one, with the same
// revisions, all of them with an outcome for every row but those that were known as being sent. id is the new one's own.
func (a *Again) Unchanged(id string, members []File) error {
	seen := 0
	for _, f := range members {
		if f.ID == id {
			continue
		}
		if revision, known := a.Known[f.ID]; !known || revision != f.Revision || f.State == Sending && !slices.Contains(a.Sending, f.ID) {
			return fmt.Errorf("%w: %s", ErrFamily, f.ID)
		}
		seen++
	}
	if seen != len(a.Known) {
		return fmt.Errorf("%w: a member is missing", ErrFamily)
	}
	return nil
}

// Newest is *Superseded when one of the family's accepted members followed f.
func (f *File) Newest(members []File) error {
	last := slices.MaxFunc(append(members, *f), func(a, b File) int { return cmp.Compare(a.Generation(), b.Generation()) })
	if last.Generation() > f.Generation() {
		return &Superseded{Newest: last.ID}
	}
	return nil
}

// The codes of items that were held because an earlier one had the same request.
const (
	CodeDelivered = "delivered-before"
	CodeSending   = "being-sent"
	CodeUnclear   = "unknown-before"
)

// CodeZeros is the code of items that were held because a program took the zeros off other numbers of their file.
const CodeZeros = "zeros-lost"

// Held reports whether an item was not sent because an earlier one had the same request: whoever opens it again knows that.
func (v *Verdict) Held() bool {
	return v != nil && (v.Code == CodeDelivered || v.Code == CodeSending || v.Code == CodeUnclear)
}

// Doubted reports whether an item was held because it might be carried out twice, or not as it was meant.
func (v *Verdict) Doubted() bool { return v.Held() || v != nil && v.Code == CodeZeros }

// Requeued are the events that open the chunk's items again of which a row has one of the outcomes. Rows that travel
// together are opened together; what was never fit to be sent stays as it is. Doubted items come alone: the others, or they.
func (c *Content) Requeued(statuses []batch.Status, doubted bool, now time.Time) []Event {
	var events []Event
	for i := range c.Items {
		v := c.States[i].Verdict
		wanted := v != nil && v.Doubted() == doubted && c.Items[i].Body != nil && slices.ContainsFunc(c.Items[i].Rows, func(r int) bool {
			return slices.Contains(statuses, v.Of(r).Status)
		})
		if wanted {
			events = append(events, Event{File: c.File, Chunk: c.Seq, Item: i, Kind: EventRequeued, At: now, Rows: c.Items[i].Rows, Before: v})
		}
	}
	return events
}

// Change is what a run of events changes in their file's books. Open is added to the open items; a file of which nothing is
// open any more is Settled.
type Change struct {
	Counts            batch.Counts
	Open              int
	Started, Finished time.Time // zero: unchanged; the earliest start and the latest finish count
}

// Add adds one event.
func (c *Change) Add(e Event) {
	switch e.Kind {
	case EventSending, EventWaiting:
		c.start(e.At)
	case EventSettled:
		e.Verdict.Count(&c.Counts, e.Rows, 1)
		c.Open--
		c.Finished = e.At
		c.start(e.Verdict.SentAt)
	case EventRequeued:
		e.Before.Count(&c.Counts, e.Rows, -1)
		c.Open++
	}
}

func (c *Change) start(at time.Time) {
	if c.Started.IsZero() {
		c.Started = at
	}
}

// Remark adds a note, and has a result that is out written again; false where the file has one with its key already.
func (f *File) Remark(note batch.Note) (added bool) {
	for _, n := range f.Reading.Notes {
		if n.Message.Key == note.Message.Key {
			return false
		}
	}
	f.Reading.Notes = append(f.Reading.Notes, note)
	if f.State == Reported {
		f.State, f.Revision = Settled, f.Revision+1
	}
	return true
}
