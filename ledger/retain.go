package ledger

import (
	"context"
	"fmt"
	"slices"
)

// Part is a part of what is kept of a file, which may go before its line does.
type Part string

const (
	PartAnswers Part = "answers" // what providers said to requests that were not delivered
	PartRows    Part = "rows"    // its rows with their requests and outcomes; their prints stay
)

// Retainer is how the owner lets go of what was kept long enough.
type Retainer interface {
	// Drop lets go of one step of a part of a file at rest, from step 0 on; more tells that a next step is needed. The file's line
	// stays, with counts, hash and names, and names the part from the first step on. ErrState for a file that is not at rest.
	Drop(ctx context.Context, id string, part Part, step int) (more bool, err error)
	// Shrink gives a bounded piece of what is free within the ledger back to the file system; more tells that there is more.
	Shrink(ctx context.Context) (more bool, err error)
	// Compact writes the whole ledger anew, as small as it can be, where it is a file. Nobody else may have it open; it needs as much room
	// once more.
	Compact(ctx context.Context) error
}

// Lost reports whether a part of the file was let go of, or has begun to be.
func (f *File) Lost(p Part) bool { return slices.Contains(f.Dropped, p) }

// LetGo names a part among those that are let go of; first is false where it was named before. ErrState for a file that is not at rest.
func (f *File) LetGo(p Part) (first bool, err error) {
	if !f.State.AtRest() {
		return false, fmt.Errorf("%w: %s is %s", ErrState, f.ID, f.State)
	}
	if f.Lost(p) {
		return false, nil
	}
	f.Dropped = append(f.Dropped, p)
	return true, nil
}

// WithoutAnswers is a stored record of events without what providers answered; changed tells that there was something.
func WithoutAnswers(record []byte) (rest []byte, changed bool, err error) {
	for d := (decoder{data: record}); len(d.data) > 0; {
		before := d.data
		e, err := d.event()
		if err != nil {
			return nil, false, err
		}
		if e.Kind == EventAnswered {
			changed = true
			continue
		}
		rest = append(rest, before[:len(before)-len(d.data)]...)
	}
	return rest, changed, nil
}
