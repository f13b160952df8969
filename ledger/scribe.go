package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Pen is a driver within one transaction. What becomes of a file's line is said once over it, by Scribe.
type Pen interface {
	// Line reads a file's line, and the driver's key of it; ErrNotFound. Nobody else changes it before the transaction ends.
	Line(id string) (f File, key int64, err error)
	// Write writes a line as it is now, but for Started and Finished, which only events move, and gives it a new Change.
	Write(key int64, f File) error
	// Alone is called before what other files hold decides: until the transaction ends nobody else writes that, and what the driver
	// remembers of it is what is written.
	Alone() error
	// Family lists the accepted files of a family.
	Family(root string) ([]File, error)
	// Same is the oldest other file of a file's route with this content that was not Quarantined and is no Duplicate; ErrNotFound.
	Same(f File, hash string) (File, error)

	// Unstage drops the chunks of a file that is not accepted, with what belongs to them.
	Unstage(f File, key int64) error
	// Begun notes that Raced looks at what is accepted from here on.
	Begun(f File, key int64) error
	// Raced is ErrRaced when a file that was accepted since has a request of this one. Alone was called.
	Raced(f File, key int64) error
	// Counted is ErrMissing unless exactly so many rows and items are staged, and on disk.
	Counted(f File, key int64, rows, items int) error
	// Publish makes the prints known of a file whose line says that it is accepted.
	Publish(f File, key int64) error

	// Chunk reads a chunk as Books does.
	Chunk(id string, seq int) (*Content, error)
	// Record writes events as Journal does.
	Record(events []Event) error
	// Unrepeated drops the events that would open items again which another file has repeated since, and gives one such. Items that
	// were held as repeats are opened all the same: they get a print only now. Alone was called.
	Unrepeated(f File, key int64, c *Content, events []Event) (open []Event, other *Earlier, err error)
	// Reprint has the items of a chunk leave their prints anew, as far as they are not there. Alone was called.
	Reprint(f File, key int64, c *Content) error
	// Finish takes out an order.
	Finish(order int64) error

	// Drop lets go of one step of a part of a file, as Retainer does.
	Drop(f File, key int64, part Part, step int) (more bool, err error)
}

// Scribe runs steps in transactions, in the order of the calls: those writes of an owner that are the same whatever the driver.
type Scribe[P Pen] func(ctx context.Context, step func(P) error) error

// answered is what a step gives.
func answered[P Pen, T any](ctx context.Context, s Scribe[P], step func(P) (T, error)) (answer T, err error) {
	var got T // the writer's until the step returned without an error
	err = s(ctx, func(w P) (err error) {
		got, err = step(w)
		return err
	})
	if err != nil {
		return answer, err
	}
	return got, nil
}

// line reads a file's line; ErrState where it is in none of the states, if any are given.
func line(w Pen, id string, from ...State) (f File, key int64, err error) {
	if f, key, err = w.Line(id); err == nil && len(from) > 0 && !slices.Contains(from, f.State) {
		err = fmt.Errorf("%w: %s is %s", ErrState, id, f.State)
	}
	return f, key, err
}

// amend has a file's line changed by edit.
func (s Scribe[P]) amend(ctx context.Context, id string, edit func(*File), from ...State) error {
	return s(ctx, func(w P) error {
		f, key, err := line(w, id, from...)
		if err != nil {
			return err
		}
		edit(&f)
		return w.Write(key, f)
	})
}

// Take is Intake's.
func (s Scribe[P]) Take(ctx context.Context, id, hash string, size int64) (earlier *File, err error) {
	return answered(ctx, s, func(w P) (*File, error) {
		if err := w.Alone(); err != nil {
			return nil, err
		}
		f, key, err := line(w, id, Claiming, Taken)
		if err != nil {
			return nil, err
		}
		f.Hash, f.Size = hash, size
		switch before, err := w.Same(f, hash); {
		case err == nil:
			f.State, f.Reason = Duplicate, before.ID
			return &before, w.Write(key, f)
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
		if err := w.Begun(f, key); err != nil {
			return nil, err
		}
		f.State = Taken
		return nil, w.Write(key, f)
	})
}

// Unstage is Intake's.
func (s Scribe[P]) Unstage(ctx context.Context, id string) error {
	return s(ctx, func(w P) error {
		f, key, err := line(w, id, Claiming, Taken)
		if err != nil {
			return err
		}
		if err := w.Unstage(f, key); err != nil {
			return err
		}
		return w.Begun(f, key)
	})
}

// Accept is Intake's.
func (s Scribe[P]) Accept(ctx context.Context, id string, r Reading, c batch.Counts, items, open int) error {
	return s(ctx, func(w P) error {
		if err := w.Alone(); err != nil {
			return err
		}
		f, key, err := line(w, id, Taken)
		if err != nil {
			return err
		}
		if err := w.Raced(f, key); err != nil {
			return err
		}
		if r.Again != nil {
			members, err := w.Family(r.Again.Root)
			if err != nil {
				return err
			}
			if err := r.Again.Unchanged(id, members); err != nil {
				return err
			}
		}
		if err := w.Counted(f, key, c.Read, items); err != nil {
			return err
		}
		if f.State = Sending; open == 0 {
			f.State = Settled
		}
		f.Reading, f.Counts, f.Items, f.Open = r, c, items, open
		if err := w.Write(key, f); err != nil {
			return err
		}
		return w.Publish(f, key)
	})
}

// Requeue is Control's.
func (s Scribe[P]) Requeue(ctx context.Context, id string, statuses []batch.Status, order int64) (rows int, err error) {
	now := time.Now().UTC()
	return answered(ctx, s, func(w P) (int, error) {
		rows, err := requeue(w, id, statuses, now)
		if err != nil {
			return 0, err
		}
		return rows, w.Finish(order)
	})
}

func requeue(w Pen, id string, statuses []batch.Status, now time.Time) (rows int, err error) {
	if err := w.Alone(); err != nil {
		return 0, err
	}
	f, key, err := line(w, id, Settled, Reported)
	if err != nil {
		return 0, err
	}
	members, err := w.Family(f.Root())
	if err != nil {
		return 0, err
	}
	if err := f.Newest(members); err != nil {
		return 0, err
	}
	for _, doubted := range []bool{false, true} { // the second are meant where there are no others
		if rows, err = reopen(w, f, key, statuses, doubted, now); rows > 0 || err != nil {
			break
		}
	}
	if rows == 0 || err != nil {
		return 0, err
	}
	if f, key, err = w.Line(id); err != nil { // the events have moved it
		return 0, err
	}
	f.State, f.Revision, f.Cancelled, f.Paused = Sending, f.Revision+1, false, ""
	return rows, w.Write(key, f)
}

// reopen opens the items of all chunks, and counts their rows.
func reopen(w Pen, f File, key int64, statuses []batch.Status, doubted bool, now time.Time) (rows int, err error) {
	var repeated *Earlier
	for c, err := range Each(func(seq int) (*Content, error) { return w.Chunk(f.ID, seq) }) {
		if err != nil {
			return 0, err
		}
		events, other, err := w.Unrepeated(f, key, c, c.Requeued(statuses, doubted, now))
		if err != nil {
			return 0, err
		}
		if other != nil {
			repeated = other
		}
		for _, e := range events {
			rows += len(e.Rows)
		}
		if err := w.Record(events); err != nil {
			return 0, err
		}
	}
	if rows == 0 && repeated != nil {
		return 0, &Repeated{Earlier: repeated}
	}
	return rows, nil
}

// Reprint has a file's items leave their prints anew, as far as they are not there.
func (s Scribe[P]) Reprint(ctx context.Context, id string) error {
	return s(ctx, func(w P) error {
		if err := w.Alone(); err != nil {
			return err
		}
		f, key, err := w.Line(id)
		if err != nil {
			return err
		}
		for c, err := range Each(func(seq int) (*Content, error) { return w.Chunk(id, seq) }) {
			if err != nil {
				return err
			}
			if err := w.Reprint(f, key, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// Reroute is Intake's.
func (s Scribe[P]) Reroute(ctx context.Context, id, account, operation string) error {
	return s.amend(ctx, id, func(f *File) { f.Account, f.Operation = account, operation }, Claiming, Taken)
}

// Refuse is Intake's.
func (s Scribe[P]) Refuse(ctx context.Context, id, reason string) error {
	return s.discard(ctx, id, Quarantined, reason, Claiming, Taken)
}

// Double is Intake's.
func (s Scribe[P]) Double(ctx context.Context, id, earlier string) error {
	return s.discard(ctx, id, Duplicate, earlier, Taken)
}

// discard drops what is staged of a file, which is not sent.
func (s Scribe[P]) discard(ctx context.Context, id string, to State, reason string, from ...State) error {
	return s(ctx, func(w P) error {
		f, key, err := line(w, id, from...)
		if err != nil {
			return err
		}
		if err := w.Unstage(f, key); err != nil {
			return err
		}
		f.State, f.Reason = to, reason
		return w.Write(key, f)
	})
}

// Rest is Intake's.
func (s Scribe[P]) Rest(ctx context.Context, id string) error {
	return s.amend(ctx, id, func(f *File) { f.Rested = true })
}

// Report is Journal's.
func (s Scribe[P]) Report(ctx context.Context, id string, results []string) error {
	return s.amend(ctx, id, func(f *File) { f.State, f.Results = Reported, append(f.Results, results...) }, Settled)
}

// Pause is Journal's.
func (s Scribe[P]) Pause(ctx context.Context, id, reason string) error {
	return s.amend(ctx, id, func(f *File) { f.Paused = reason })
}

// Cancel is Control's.
func (s Scribe[P]) Cancel(ctx context.Context, id string) error {
	return s.amend(ctx, id, func(f *File) { f.Cancelled, f.Paused = true, "" })
}

// Revise is Listening's.
func (s Scribe[P]) Revise(ctx context.Context, id string) error {
	return s.amend(ctx, id, func(f *File) { f.State, f.Revision = Settled, f.Revision+1 }, Reported)
}

// Remark is Listening's.
func (s Scribe[P]) Remark(ctx context.Context, id string, note batch.Note) error {
	return s(ctx, func(w P) error {
		f, key, err := w.Line(id)
		if err != nil || !f.Remark(note) {
			return err
		}
		return w.Write(key, f)
	})
}

// Drop is Retainer's.
func (s Scribe[P]) Drop(ctx context.Context, id string, part Part, step int) (more bool, err error) {
	return answered(ctx, s, func(w P) (bool, error) {
		f, key, err := w.Line(id)
		if err != nil {
			return false, err
		}
		first, err := f.LetGo(part)
		if err == nil && first {
			err = w.Write(key, f)
		}
		if err != nil {
			return false, err
		}
		return w.Drop(f, key, part, step)
	})
}
