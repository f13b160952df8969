package sqlite

import (
	"context"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// TailOf has tails of so many prints become segments until it is undone.
func TailOf(prints int) (undo func()) {
	before := tailSize
	tailSize = prints
	return func() { tailSize = before }
}

// AcceptTogether accepts files of one row in one transaction, and gives what came of each.
func (l *Ledger) AcceptTogether(ctx context.Context, ids ...string) (came []error, err error) {
	err = l.do(ctx, func(w *writing) error {
		here := ledger.Scribe[*writing](func(_ context.Context, step func(*writing) error) error { return step(w) })
		for _, id := range ids {
			came = append(came, here.Accept(ctx, id, ledger.Reading{}, batch.Counts{Read: 1}, 1, 1))
		}
		return nil
	})
	return came, err
}
