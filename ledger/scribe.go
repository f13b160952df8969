package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/rowferry/rowferry/batch"
)

// Pen is a driver within one transaction. What becomes of a file's line is said once over it, by Scribe.
type Pen interface {
	// Line reads a file's line, and the driver's key of it; ErrNotFound. Nobody else changes it before the transaction ends.
	Line(id string) (f File, key int64, err error)
	// Write writes a line as it is now, but for Started and Finished, which only events move, and gives it a new Change.
	Write(key int64, f File) error
	// Unstage drops the chunks of a file that is not accepted (ErrState), with what belongs to them.
	Unstage(id string) error
	// Drop lets go of one step of a part of a file, as Retainer does.
	Drop(f File, key int64, part Part, step int) (more bool, err error)
}

// Scribe runs steps in transactions, in the order of the calls: those writes of an owner that are the same whatever the driver.
type Scribe[P Pen] func(ctx context.Context, step func(P) error) error

// amend has a file's line changed by edit; ErrState where it is in none of the states, if any are given.
func (s Scribe[P]) amend(ctx context.Context, id string, edit func(*File), from ...State) error {
	return s(ctx, func(w P) error { return amend(w, id, edit, from...) })
}

func amend(w Pen, id string, edit func(*File), from ...State) error {
	f, key, err := w.Line(id)
	if err != nil {
		return err
	}
	if len(from) > 0 && !slices.Contains(from, f.State) {
		return fmt.Errorf("%w: %s is %s", ErrState, id, f.State)
	}
	edit(&f)
	return w.Write(key, f)
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
		if err := w.Unstage(id); err != nil {
			return err
		}
		return amend(w, id, func(f *File) { f.State, f.Reason = to, reason }, from...)
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
	err = s(ctx, func(w P) error {
		f, key, err := w.Line(id)
		if err != nil {
			return err
		}
		first, err := f.LetGo(part)
		if err == nil && first {
			err = w.Write(key, f)
		}
		if err != nil {
			return err
		}
		more, err = w.Drop(f, key, part, step)
		return err
	})
	return more, err
}
