// Package commits lets writes share transactions: they queue, and a group is taken that is worth committing together.
package commits

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rowferry/rowferry/ledger"
)

const (
	// Size is the weight from which on a group is committed without waiting for more.
	Size = 256
	// patience is how long an unhurried write may wait for company.
	patience = 25 * time.Millisecond
)

// ErrClosed is the error of a write after Close.
var ErrClosed = errors.New("the ledger is closed")

// Queue is what waits to be written. Anybody may Add; one goroutine calls Drain.
type Queue[W any] struct {
	mu     sync.Mutex
	writes []Queued[W]
	weight int
	urgent bool
	closed bool
	wake   chan struct{} // capacity 1
	room   *sync.Cond
	before []Queued[W] // the group that was taken last: its room is that of the next but one
}

// Queued is one write and who waits for it.
type Queued[W any] struct {
	Write   W
	receipt *receipt
}

// Done tells whoever waits that the write is on disk, or why not. It is called once.
func (q *Queued[W]) Done(err error) { q.receipt.finish(err) }

// New is an empty queue.
func New[W any]() *Queue[W] {
	q := &Queue[W]{wake: make(chan struct{}, 1)}
	q.room = sync.NewCond(&q.mu)
	return q
}

// Add queues a write of some weight. It blocks while far more is queued than one commit takes, so that memory stays bounded.
func (q *Queue[W]) Add(w W, weight int) ledger.Receipt {
	r := &receipt{queue: q}
	q.mu.Lock()
	for q.weight > 8*Size && !q.closed {
		q.room.Wait()
	}
	if q.closed {
		q.mu.Unlock()
		r.finish(ErrClosed)
		return r
	}
	q.writes = append(q.writes, Queued[W]{w, r})
	q.weight += max(1, weight)
	worth := len(q.writes) == 1 || q.weight >= Size
	q.mu.Unlock()
	if worth {
		q.signal()
	}
	return r
}

// hurry has a write taken that was not yet.
func (q *Queue[W]) hurry(r *receipt) {
	q.mu.Lock()
	waits := !r.taken
	q.urgent = q.urgent || waits
	q.mu.Unlock()
	if waits {
		q.signal()
	}
}

// Close takes no more; Drain gives what is left, and then nil.
func (q *Queue[W]) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.room.Broadcast()
	q.signal()
}

func (q *Queue[W]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Drain waits for a group worth committing. nil when the queue is closed and empty. The group is the caller's until it is called again.
func (q *Queue[W]) Drain() []Queued[W] {
	var first time.Time
	for {
		q.mu.Lock()
		n := len(q.writes)
		if n > 0 && (q.urgent || q.closed || q.weight >= Size || !first.IsZero() && time.Since(first) >= patience) {
			group := q.writes
			clear(q.before)
			q.writes, q.before = q.before[:0], group
			q.weight, q.urgent = 0, false
			for i := range group {
				group[i].receipt.taken = true
			}
			q.mu.Unlock()
			q.room.Broadcast()
			return group
		}
		closed := q.closed
		q.mu.Unlock()
		if n == 0 && closed {
			return nil
		}
		if n == 0 {
			<-q.wake
			continue
		}
		if first.IsZero() {
			first = time.Now()
		}
		select {
		case <-q.wake:
		case <-time.After(patience - time.Since(first)):
		}
	}
}

// receipt tells when a queued write is on disk.
type receipt struct {
	queue interface{ hurry(r *receipt) }
	taken bool // the queue's

	mu    sync.Mutex
	ended bool
	err   error
	done  chan struct{} // closed with ended; nil while nobody waits
}

func (r *receipt) finish(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.err = true, err
	if r.done != nil {
		close(r.done)
	}
}

// waits gives what is closed when the write is on disk; nil when it is.
func (r *receipt) waits() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	if r.done == nil {
		r.done = make(chan struct{})
	}
	return r.done
}

// Wait makes the write urgent and waits for it.
func (r *receipt) Wait(ctx context.Context) error {
	done := r.waits()
	if done == nil {
		return r.err
	}
	r.queue.hurry(r)
	select {
	case <-done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Hurry makes the write urgent.
func (r *receipt) Hurry() {
	if !r.Done() {
		r.queue.hurry(r)
	}
}

// Done reports whether the write is on disk, or has failed.
func (r *receipt) Done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}
