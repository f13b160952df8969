package console

import (
	"context"
	"slices"
	"sync"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// leftovers keeps what files still speak for whose result was dropped in parts: both of them are read to know that. Safe for concurrent use.
type leftovers struct {
	mu    sync.Mutex
	known []leftover // the newest last
}

// leftover is what was found out at one change of a file's books.
type leftover struct {
	id     string
	change int64
	left   desk.Left
}

// mostLeft is of how many files that is kept.
const mostLeft = 128

// of says what a file still speaks for.
func (l *leftovers) of(ctx context.Context, d *desk.Desk, f ledger.File) (desk.Left, error) {
	newer, err := d.Newer(ctx, f)
	if err != nil || len(newer) == 0 {
		return desk.Left{}, err
	}
	last := newer[len(newer)-1].ID
	l.mu.Lock()
	defer l.mu.Unlock()
	is := func(k leftover) bool { return k.id == f.ID && k.change == f.Change && k.left.Newer == last }
	if i := slices.IndexFunc(l.known, is); i >= 0 {
		return l.known[i].left, nil
	}
	left, err := d.Left(ctx, f, newer)
	if err != nil {
		return left, err
	}
	l.known = append(slices.DeleteFunc(l.known, func(k leftover) bool { return k.id == f.ID }), leftover{f.ID, f.Change, left})
	l.known = l.known[max(0, len(l.known)-mostLeft):]
	return left, nil
}
