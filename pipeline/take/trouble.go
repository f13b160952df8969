package take

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/places"
)

// ownError is trouble with one file, such as a disk that cannot read it. Others may fare better.
type ownError struct{ err error }

func (e ownError) Error() string { return e.err.Error() }
func (e ownError) Unwrap() error { return e.err }

// itsOwn marks err as trouble with one file, unless it is a verdict on the file or says that the place cannot be used.
func itsOwn(err error) error {
	var trouble *places.Trouble
	var unreadable *batch.Unreadable
	switch {
	case err == nil, errors.Is(err, inbox.ErrGone), errors.As(err, &trouble), errors.As(err, &unreadable),
		errors.Is(err, context.Canceled):
		return err
	}
	return ownError{err}
}

func isItsOwn(err error) bool {
	_, own := errors.AsType[ownError](err)
	return own
}

// notAtRest is the error of an original that cannot be put where it belongs. What the file says is safe with us by then.
type notAtRest struct{ err error }

func (e notAtRest) Error() string { return e.err.Error() }
func (e notAtRest) Unwrap() error { return e.err }

// leave sets a file aside that cannot be brought on now, when err is about this file alone. It reports whether it did.
func (t *Taker) leave(f ledger.File, err error) bool {
	_, unrested := errors.AsType[notAtRest](err)
	if err == nil || !unrested && !isItsOwn(err) || errors.Is(err, context.Canceled) {
		return false
	}
	t.left.add(arrival(f), about(f, err))
	return true
}

// Left says which files could not be brought on and why; nil when there are none. Resume tries them again.
func (t *Taker) Left() error { return t.left.err() }

// leftovers are the files that could not be brought on. Safe for concurrent use.
type leftovers struct {
	mu  sync.Mutex
	all map[string]error // by arrival
}

func (l *leftovers) add(a inbox.Arrival, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[string]error{}
	}
	l.all[a.Identity()] = err
}

// has reports whether an arrival is one of them: it lies in the inbox still and has its id already.
func (l *leftovers) has(a inbox.Arrival) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all) > 0 && l.all[a.Identity()] != nil
}

func (l *leftovers) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.all)
}

// err tells of the first few of them.
func (l *leftovers) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	const most = 5
	var told []error
	for _, a := range slices.Sorted(maps.Keys(l.all)) {
		if len(told) == most {
			told = append(told, fmt.Errorf("and %d more", len(l.all)-most))
			break
		}
		told = append(told, l.all[a])
	}
	return errors.Join(told...)
}

// tellStrangers logs the claims in processing that this ledger knows nothing of: an earlier ledger's, another rowferry's. Nobody
// would look at them otherwise. They are left alone, for they may be somebody's work.
func (t *Taker) tellStrangers(ctx context.Context) {
	ids, err := t.Route.Inbox.Held(ctx)
	if err != nil {
		return // the look says what is wrong
	}
	for _, id := range ids {
		if _, err := t.Ledger.File(ctx, id); errors.Is(err, ledger.ErrNotFound) {
			t.Log.Warn("a file lies in processing that this ledger does not know; if no other rowferry uses the inbox, move it back into the inbox to have it taken",
				"route", t.Route.Name, "folder", inbox.Processing+"/"+id)
		}
	}
}
