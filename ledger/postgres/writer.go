package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/commits"
)

// op is one queued write: a step, a chunk to stage, or events.
type op struct {
	step   func(*writing) error // called again when the connection broke: it begins anew each time
	chunk  *staged
	events []ledger.Event
	failed error // of the step, alone
}

// chunkWeight is the share of a commit that a staged chunk makes up: it holds hundreds of items.
const chunkWeight = commits.Size / 4

// do queues a write that is a step of its own and waits for it.
func (l *Ledger) do(ctx context.Context, step func(*writing) error) error {
	return l.queue.Add(op{step: step}, 1).Wait(ctx)
}

// write is the one goroutine that writes. It ends when the queue is closed and empty.
func (l *Ledger) write() {
	defer close(l.done)
	for {
		ops := l.queue.Drain()
		if ops == nil {
			return
		}
		for len(ops) > 0 {
			n := l.apart(ops)
			l.commit(ops[:n])
			ops = ops[n:]
		}
	}
}

// apart says how many of the first operations share a transaction. Beside other owners a step has one of its own: so it holds no file while it
// waits for another one that somebody else's transaction holds, which may wait for the first.
func (l *Ledger) apart(ops []commits.Queued[op]) int {
	if l.among == nil {
		return len(ops)
	}
	n := slices.IndexFunc(ops, func(o commits.Queued[op]) bool { return o.Write.step != nil })
	if n < 0 {
		return len(ops)
	}
	return max(n, 1)
}

// commit writes a group in one transaction, again where the connection broke, for as long as the lease is ours.
func (l *Ledger) commit(ops []commits.Queued[op]) {
	err := l.attempt(ops)
	for err != nil && !errors.Is(err, ledger.ErrLost) && (broken(err) || l.writer != nil && l.writer.IsClosed()) && l.lease.Held() {
		time.Sleep(100 * time.Millisecond)
		err = l.attempt(ops)
	}
	l.group++
	if err == nil {
		err = l.seen.note(l.group)
	}
	if err != nil && l.lease.ours.Err() != nil {
		err = ledger.ErrLost
	}
	if err != nil {
		err = fmt.Errorf("ledger: %w", err)
	}
	for i := range ops {
		o := &ops[i].Write
		failed := cmp.Or(err, o.failed)
		if o.chunk != nil {
			failed = cmp.Or(err, o.chunk.failed)
		}
		if failed = l.explained(failed); failed != nil && o.chunk != nil {
			l.torn[o.chunk.file] = failed
		}
		ops[i].Done(failed)
	}
}

// connect opens the writer's connection where there is none, or where it broke.
func (l *Ledger) connect() (err error) {
	if l.writer != nil && !l.writer.IsClosed() {
		return nil
	}
	soon, stop := context.WithTimeout(l.lease.ours, patient)
	defer stop()
	if l.writer, err = pgx.ConnectConfig(soon, l.pool.Config().ConnConfig); err != nil {
		return err
	}
	_, err = l.writer.Exec(soon, lz4)
	return err
}

// lz4 has large values compressed by what costs a fifth of the usual, where the server has it.
const lz4 = "SELECT set_config(name, 'lz4', false) FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"

// attempt writes a group once.
func (l *Ledger) attempt(ops []commits.Queued[op]) error {
	for i := range ops {
		ops[i].Write.failed = nil
		if c := ops[i].Write.chunk; c != nil {
			c.failed = nil
		}
	}
	if l.among != nil {
		clear(l.tallies) // others may have changed them since
	}
	err := l.connect()
	if err == nil {
		err = pgx.BeginFunc(l.lease.ours, l.writer, func(tx pgx.Tx) error {
			w := &writing{ctx: l.lease.ours, tx: tx, l: l}
			if err := w.fence(); err != nil {
				return err
			}
			return w.apply(ops)
		})
	}
	if err != nil {
		clear(l.tallies)
	}
	if errors.Is(err, errWritten) {
		return nil
	}
	if code(err) == readOnly { // of the addresses another one may be that which can be written by now
		_ = l.writer.Close(l.lease.ours)
	}
	return err
}

// errWritten is why a group is not written again: it was, and the connection broke before we heard of it.
var errWritten = errors.New("this group is written")

// writing is a transaction of the writing goroutine.
type writing struct {
	ctx    context.Context
	tx     pgx.Tx
	l      *Ledger
	events []ledger.Event // to be written before the next step
	chunks []*staged
}

// fence lets nobody end our session before this transaction ends. ledger.ErrLost when somebody did; errWritten.
func (w *writing) fence() error {
	r, err := w.tx.Exec(w.ctx, "UPDATE fences SET written = $1 WHERE session = $2 AND written < $1 AND written >= $3", w.l.group+1, w.l.lease.epoch, w.l.seen.written)
	if err != nil || r.RowsAffected() == 1 {
		return err
	}
	var written bool // else it is over, or the database was put back to an earlier moment
	if err := w.tx.QueryRow(w.ctx, "SELECT EXISTS (SELECT FROM fences WHERE session = $1 AND written >= $2)", w.l.lease.epoch, w.l.group+1).Scan(&written); err != nil {
		return err
	}
	if written {
		return errWritten
	}
	w.l.lease.lose()
	return ledger.ErrLost
}

// apply runs the operations in order. Events and chunks between two steps are written together.
func (w *writing) apply(ops []commits.Queued[op]) error {
	for i := range ops {
		o := &ops[i].Write
		switch {
		case o.events != nil:
			w.events = append(w.events, o.events...)
		case o.chunk != nil:
			w.chunks = append(w.chunks, o.chunk)
		case o.step != nil:
			if err := w.flush(); err != nil {
				return err
			}
			if err := w.step(o); err != nil {
				return err
			}
		}
	}
	return w.flush()
}

// flush writes the events and chunks that were gathered.
func (w *writing) flush() error {
	events, chunks := w.events, w.chunks
	w.events, w.chunks = nil, nil
	if err := w.stageAll(chunks); err != nil {
		return err
	}
	return w.Record(events)
}

// stageAll writes chunks together, or, where that fails, each for itself: what is wrong with one is no fault of the others.
func (w *writing) stageAll(chunks []*staged) error {
	if len(chunks) == 0 {
		return nil
	}
	failed, err := w.apart(func(w *writing) error { return w.stage(chunks) })
	if err != nil || failed == nil {
		return err
	}
	for _, c := range chunks {
		if c.failed, err = w.apart(func(w *writing) error { return w.stage([]*staged{c}) }); err != nil {
			return err
		}
	}
	return nil
}

// apart writes inside a savepoint: what failed is undone alone. err is the transaction's.
func (w *writing) apart(write func(*writing) error) (failed, err error) {
	inner, err := w.tx.Begin(w.ctx)
	if err != nil {
		return nil, err
	}
	if failed = write(&writing{ctx: w.ctx, tx: inner, l: w.l}); failed == nil {
		return nil, inner.Commit(w.ctx)
	}
	if broken(failed) || w.ctx.Err() != nil {
		return nil, failed
	}
	return failed, inner.Rollback(w.ctx)
}

// step runs a step inside a savepoint: its failure is its caller's alone.
func (w *writing) step(o *op) error {
	failed, err := w.apart(o.step)
	if o.failed = failed; failed != nil {
		clear(w.l.tallies)
	}
	return err
}

func (w *writing) exec(query string, args ...any) error {
	_, err := w.tx.Exec(w.ctx, query, args...)
	return err
}

// all sends statements without waiting for each; the error is that of the first that failed.
func (w *writing) all(b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return w.tx.SendBatch(w.ctx, b).Close()
}

// A file's key holds its day, by which everything that belongs to it lies in a partition. Statements name the partition: so the
// database neither plans for nor locks the others.

const dayBits = 36

// today is the day whose partitions new files' records lie in.
func (l *Ledger) today() int64 { return l.clock().Unix() / (24 * 60 * 60) }

// partitioned are the tables that have a partition for each day.
var partitioned = []string{"chunks", "events", "tallies", "prints", "pieces"}

// in is a table's partition for a file.
func in(table string, file int64) string { return fmt.Sprintf("%s_%d", table, file>>dayBits) }

// partitions makes a day's, where they are not there yet, and the next day's.
func (l *Ledger) partitions(ctx context.Context, day int64) error {
	if _, there := l.days.Load(day); there {
		return nil
	}
	b := &pgx.Batch{}
	for d := day; d <= day+1; d++ {
		for _, table := range partitioned {
			b.Queue(fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s PARTITION OF %s FOR VALUES FROM (%d) TO (%d)", in(table, d<<dayBits), table, d<<dayBits, (d+1)<<dayBits))
		}
	}
	err := pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockOf("partitions")); err != nil {
			return err
		}
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return l.explained(err)
	}
	l.days.Store(day, true)
	return nil
}
