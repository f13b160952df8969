package ledger

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
)

// WhileLeased waits until a right is leased to this process and does what goes with it, and again each time that it comes back, until ctx ends or
// there is an error: ErrLost when the lease was. The context of what is done ends too when another owner should have the right; what was queued to be
// written is on disk before it is given back.
func WhileLeased(ctx context.Context, o interface {
	Lease(ctx context.Context, name string) (Lease, error)
}, name string, do func(ctx context.Context, l Lease) error) error {
	for {
		l, err := o.Lease(ctx, name)
		if err != nil {
			return err
		}
		err = errors.Join(during(ctx, l, do), l.Release(context.WithoutCancel(ctx)))
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

func during(ctx context.Context, l Lease, do func(ctx context.Context, l Lease) error) error {
	group, ctx := errgroup.WithContext(ctx)
	held, end := context.WithCancel(ctx)
	defer end()
	group.Go(func() error {
		select {
		case <-l.Lost():
			return ErrLost
		case <-l.Wanted():
			end()
		case <-held.Done():
		}
		return nil
	})
	group.Go(func() error {
		defer end()
		err := do(held, l)
		if held.Err() != nil && errors.Is(err, context.Canceled) { // it was told to stop in the midst of something: that is no trouble
			return nil
		}
		return err
	})
	return group.Wait()
}
