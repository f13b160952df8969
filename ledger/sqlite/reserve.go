package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/commits"
	"github.com/rowferry/rowferry/places/local"
)

// A file beside the ledger keeps some room on its disk. When the disk is full it is given up, and what came of the requests that are under
// way is written there: else those that may not be repeated would be unknown. Nothing else is written until there is as much room again.
const (
	reserveName = "ledger.reserve"
	reserveSize = 1 << 20
)

// afford has room kept, and says why nothing but outcomes can be written while there is none. It is the writing goroutine's.
func (l *Ledger) afford() error {
	if l.bare {
		return nil
	}
	err := local.Reserve(filepath.Join(filepath.Dir(l.path), reserveName), reserveSize)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return l.filled(err)
	}
	l.bare = err != nil
	return nil
}

// spend gives up the room that was kept.
func (l *Ledger) spend() {
	_ = os.Remove(filepath.Join(filepath.Dir(l.path), reserveName))
}

// outcomes are those of a group that say what came of requests. The others are told why they are not written.
func (l *Ledger) outcomes(ops []commits.Queued[op], why error) []commits.Queued[op] {
	return slices.DeleteFunc(ops, func(o commits.Queued[op]) bool {
		if slices.ContainsFunc(o.Write.events, came) {
			return false
		}
		l.finish(&o, why)
		return true
	})
}

// came reports whether an event is what came of a request.
func came(e ledger.Event) bool { return e.Kind == ledger.EventSettled || e.Kind == ledger.EventWaiting }
