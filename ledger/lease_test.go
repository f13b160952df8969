package ledger_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rowferry/rowferry/ledger"
)

// lent is a right, and lender who gives it at once.
type lent struct{ wanted, lost chan struct{} }

func (l *lent) Lost() <-chan struct{}         { return l.lost }
func (l *lent) Held() bool                    { return true }
func (l *lent) Wanted() <-chan struct{}       { return l.wanted }
func (l *lent) Release(context.Context) error { return nil }

type lender struct{ given []*lent }

func (l *lender) Lease(ctx context.Context, _ string) (ledger.Lease, error) {
	l.given = append(l.given, &lent{make(chan struct{}), make(chan struct{})})
	return l.given[len(l.given)-1], ctx.Err()
}

// Who gives a right back in the midst of something, because another owner wants it, goes on when it comes back; who lost it does not.
func TestARightThatComesAndGoes(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	from, times := &lender{}, 0
	err := ledger.WhileLeased(ctx, from, "lane/a", func(ctx context.Context, l ledger.Lease) error {
		switch times++; times {
		case 1:
			close(l.(*lent).wanted)
		case 2:
			close(l.(*lent).lost)
		}
		<-ctx.Done() // as a read that is broken off
		return ctx.Err()
	})
	if times != 2 || !errors.Is(err, ledger.ErrLost) {
		t.Errorf("%d times, %v", times, err)
	}
	err = ledger.WhileLeased(ctx, from, "lane/a", func(ctx context.Context, _ ledger.Lease) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	})
	if err != nil {
		t.Errorf("told to end: %v", err)
	}
	full := errors.New("the disk is full")
	if err := ledger.WhileLeased(t.Context(), from, "lane/a", func(context.Context, ledger.Lease) error { return full }); !errors.Is(err, full) {
		t.Errorf("trouble: %v", err)
	}
}
