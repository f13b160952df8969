package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/rowferry/rowferry/ledger"
)

// Record queues events.
func (l *Ledger) Record(events ...ledger.Event) ledger.Receipt {
	return l.queue.Add(op{events: events}, len(events))
}

// Record writes events, one line per file and chunk, and keeps the files' books.
func (w *writing) Record(events []ledger.Event) error {
	if len(events) == 0 {
		return nil
	}
	sorted := ledger.Sort(events)
	for _, at := range sorted.Places {
		n, err := w.key(at.File)
		if err != nil {
			return err
		}
		body, err := ledger.EncodeEvents(nil, sorted.Events[at]...)
		if err != nil {
			return err
		}
		body = ledger.Seal(ledger.OfEvents, at.File, at.Seq, body)
		if err := w.exec("INSERT INTO events (file, chunk, form, body) VALUES (?, ?, ?, ?)", n, at.Seq, sealed, body); err != nil {
			return err
		}
		if err := w.tally(at.File, n, at.Seq, sorted.Events[at], body); err != nil {
			return err
		}
		if err := w.leaveMarks(n, sorted.Events[at]); err != nil {
			return err
		}
	}
	for _, id := range sorted.Files {
		if err := w.book(id, sorted.Changes[id]); err != nil {
			return err
		}
	}
	return nil
}

// book adds a change to a file. When nothing is open any more the file is Settled.
func (w *writing) book(id string, c *ledger.Change) error {
	n, err := w.key(id)
	if err != nil {
		return err
	}
	return w.exec(`UPDATE files SET delivered = delivered + ?, rejected = rejected + ?, invalid = invalid + ?, failed = failed + ?,
		unknown = unknown + ?, skipped = skipped + ?, open = open + ?, `+touched+`,
		started = CASE WHEN started = 0 THEN ? ELSE started END, finished = max(finished, ?),
		state = CASE WHEN open + ? = 0 AND state = 'sending' THEN 'settled' ELSE state END WHERE n = ?`,
		c.Counts.Delivered, c.Counts.Rejected, c.Counts.Invalid, c.Counts.Failed, c.Counts.Unknown, c.Counts.Skipped, c.Open,
		ledger.Millis(c.Started), ledger.Millis(c.Finished), c.Open, n)
}

// querier is a transaction or the reading pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// chunk reads a chunk and plays its events back. What is missing of either is ledger.ErrAltered: the tally, which is read
// first because the owner may write meanwhile, knows of both.
func chunk(ctx context.Context, q querier, id string, seq int) (*ledger.Content, error) {
	var n int64
	var form int
	var body, tally []byte
	err := q.QueryRowContext(ctx, `SELECT f.n, coalesce(c.form, 0), c.body, t.body FROM files f LEFT JOIN tallies t ON t.file = f.n AND t.seq = ?2
		LEFT JOIN chunks c ON c.file = f.n AND c.seq = ?2 WHERE f.id = ?1`, id, seq).Scan(&n, &form, &body, &tally)
	if errors.Is(err, sql.ErrNoRows) || err == nil && body == nil && tally == nil {
		return nil, ledger.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if body == nil || tally == nil && form == sealed {
		return nil, fmt.Errorf("a part of file %s, chunk %d, is missing: %w", id, seq, ledger.ErrAltered)
	}
	if body, err = opened(form, ledger.OfItems, id, seq, body); err != nil {
		return nil, err
	}
	at := ledger.ChunkID{File: id, Seq: seq}
	var known *ledger.Tally
	if tally != nil {
		if known, err = ledger.OpenTally(at, tally); err != nil {
			return nil, err
		}
	}
	p, err := ledger.Play(at, body, known)
	if err != nil {
		return nil, err
	}
	if err := play(ctx, q, p, at, n); err != nil {
		return nil, err
	}
	return p.Content()
}

// play plays a chunk's records.
func play(ctx context.Context, q querier, p *ledger.Playback, at ledger.ChunkID, n int64) error {
	var form int
	var stored sql.RawBytes
	rows, err := q.QueryContext(ctx, "SELECT form, body FROM events WHERE file = ? AND chunk = ? ORDER BY n", n, at.Seq)
	return eachRow(rows, err, []any{&form, &stored}, func() error {
		events, err := opened(form, ledger.OfEvents, at.File, at.Seq, stored)
		if err != nil {
			return err
		}
		return p.Add(stored, events)
	})
}

// Forms of stored records: those of the first rowferry have no seal.
const (
	unsealed = 0
	sealed   = 1
)

// opened is what a stored record holds.
func opened(form int, kind ledger.Kind, id string, seq int, body []byte) ([]byte, error) {
	if form == unsealed {
		return body, nil
	}
	return ledger.Unseal(kind, id, seq, body)
}

// Chunk is ledger.Pen's.
func (w *writing) Chunk(id string, seq int) (*ledger.Content, error) {
	return chunk(w.ctx, w.conn, id, seq)
}

// Chunk returns one chunk and the state of its items.
func (b books) Chunk(ctx context.Context, id string, seq int) (*ledger.Content, error) {
	c, err := chunk(ctx, b.reader, id, seq)
	return c, b.explained(err)
}

// Chunks gives all chunks of a file in order.
func (b books) Chunks(ctx context.Context, id string) iter.Seq2[*ledger.Content, error] {
	return ledger.Each(func(seq int) (*ledger.Content, error) { return b.Chunk(ctx, id, seq) })
}

// PauseLane stops an account's lane, or lets it go on.
func (l *Ledger) PauseLane(ctx context.Context, account, reason string) error {
	return l.do(ctx, func(w *writing) error {
		if reason == "" {
			return w.exec("DELETE FROM lanes WHERE account = ?", account)
		}
		return w.exec("INSERT INTO lanes (account, reason, sum) VALUES (?, ?, ?) ON CONFLICT (account) DO UPDATE SET reason = excluded.reason, sum = excluded.sum",
			account, reason, lineSum(account, reason))
	})
}

// Lanes lists the stopped lanes.
func (b books) Lanes(ctx context.Context) (map[string]string, error) {
	stopped, err := pairs(ctx, b.reader, "lane", "SELECT account, reason, sum FROM lanes")
	return stopped, b.explained(err)
}

// Order leaves a command for the owner.
func (v *Visitor) Order(ctx context.Context, o ledger.Order) (n int64, err error) {
	err = order(ctx, v.writer, o, &n)
	return n, v.explained(err)
}

// Order leaves a command for the owner itself.
func (l *Ledger) Order(ctx context.Context, o ledger.Order) (int64, error) {
	var n int64 // the writer's until do returns without an error
	err := l.do(ctx, func(w *writing) error { return order(w.ctx, w.conn, o, &n) })
	if err != nil {
		return 0, err
	}
	return n, nil
}

// order writes a command and gives its number.
func order(ctx context.Context, w interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, o ledger.Order, n *int64) error {
	body := ledger.EncodeFacts(o)
	return w.QueryRowContext(ctx, "INSERT INTO orders (body, sum) VALUES (?, ?) RETURNING n", body, lineSum(string(body))).Scan(n)
}

// Taken reports whether the owner has taken a command out.
func (b books) Taken(ctx context.Context, n int64) (bool, error) {
	var waiting bool
	err := b.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM orders WHERE n = ?)", n).Scan(&waiting)
	return !waiting, b.explained(err)
}

// Ordered gives the waiting commands.
func (l *Ledger) Ordered(ctx context.Context) ([]ledger.Order, error) {
	orders, err := l.ordered(ctx)
	return orders, l.explained(err)
}

func (b books) ordered(ctx context.Context) (orders []ledger.Order, err error) {
	var n int64
	var body []byte
	var sum sql.NullInt64
	rows, err := b.reader.QueryContext(ctx, "SELECT n, body, sum FROM orders ORDER BY n")
	err = eachRow(rows, err, []any{&n, &body, &sum}, func() error {
		if err := as(sum, "order", string(body)); err != nil {
			return err
		}
		var o ledger.Order
		err := json.Unmarshal(body, &o)
		o.N = n
		orders = append(orders, o)
		return err
	})
	return orders, err
}

// Done takes a command out.
func (l *Ledger) Done(ctx context.Context, order int64) error {
	return l.do(ctx, func(w *writing) error { return w.Finish(order) })
}

// Finish is ledger.Pen's.
func (w *writing) Finish(order int64) error { return w.exec("DELETE FROM orders WHERE n = ?", order) }

// Keep stores a small fact.
func (l *Ledger) Keep(ctx context.Context, key, value string) error {
	return l.do(ctx, func(w *writing) error { return w.keep(key, value) })
}

// Kept returns a stored fact, "" when there is none.
func (b books) Kept(ctx context.Context, key string) (string, error) {
	found, err := pairs(ctx, b.reader, "fact", "SELECT key, value, sum FROM facts WHERE key = ?", key)
	return found[key], b.explained(err)
}
