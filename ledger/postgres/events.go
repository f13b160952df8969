package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
)

// Record queues events.
func (l *Ledger) Record(events ...ledger.Event) ledger.Receipt {
	return l.queue.Add(op{events: events}, len(events))
}

// Record writes events, one line per chunk, and keeps the tallies and the files' books: all in one go.
func (w *writing) Record(events []ledger.Event) error {
	if len(events) == 0 {
		return nil
	}
	sorted := ledger.Sort(events)
	if err := w.recall(sorted.Places); err != nil {
		return err
	}
	b := &pgx.Batch{}
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
		t := w.l.tallies[at]
		for _, e := range sorted.Events[at] {
			t.Add(e)
		}
		t.Link(body)
		b.Queue("INSERT INTO "+in("events", n)+" (file, chunk, body) VALUES ($1, $2, $3)", n, at.Seq, body)
		leaveMarks(b, n, sorted.Events[at])
		b.Queue("UPDATE "+in("tallies", n)+" SET body = $1 WHERE file = $2 AND seq = $3", ledger.Seal(ledger.OfTally, at.File, at.Seq, t.Encode()), n, at.Seq)
	}
	for _, id := range sorted.Files {
		if err := w.book(b, id, sorted.Changes[id]); err != nil {
			return err
		}
	}
	return w.all(b)
}

// mostTallies is how many are remembered between commits. Chunks under way are few.
const mostTallies = 1024

// recall reads the tallies of chunks that are not remembered.
func (w *writing) recall(places []ledger.ChunkID) error {
	if len(w.l.tallies) >= mostTallies {
		clear(w.l.tallies)
	}
	b := &pgx.Batch{}
	for _, at := range places {
		if w.l.tallies[at] != nil {
			continue
		}
		n, err := w.key(at.File)
		if err != nil {
			return err
		}
		b.Queue("SELECT body FROM "+in("tallies", n)+" WHERE file = $1 AND seq = $2 FOR UPDATE", n, at.Seq).QueryRow(func(row pgx.Row) error {
			var body []byte
			err := row.Scan(&body)
			if errors.Is(err, pgx.ErrNoRows) {
				return fmt.Errorf("file %s, chunk %d: %w", at.File, at.Seq, ledger.ErrNotFound)
			}
			if err != nil {
				return err
			}
			w.l.tallies[at], err = ledger.OpenTally(at, body)
			return err
		})
	}
	return w.all(b)
}

// book adds a change to a file. When nothing is open any more the file is Settled.
func (w *writing) book(b *pgx.Batch, id string, c *ledger.Change) error {
	n, err := w.key(id)
	if err != nil {
		return err
	}
	b.Queue(`UPDATE files SET delivered = delivered + $1, rejected = rejected + $2, invalid = invalid + $3, failed = failed + $4,
		unknown = unknown + $5, skipped = skipped + $6, open = open + $7, `+touched+`,
		started = CASE WHEN started = 0 THEN $8 ELSE started END, finished = greatest(finished, $9),
		state = CASE WHEN open + $7 = 0 AND state = 'sending' THEN 'settled' ELSE state END WHERE n = $10`,
		c.Counts.Delivered, c.Counts.Rejected, c.Counts.Invalid, c.Counts.Failed, c.Counts.Unknown, c.Counts.Skipped, c.Open,
		ledger.Millis(c.Started), ledger.Millis(c.Finished), n)
	return nil
}

// chunk reads a chunk and plays its events back. What is missing of either is ledger.ErrAltered: the tally, which is read
// first because the owner may write meanwhile, knows of both.
func chunk(ctx context.Context, q querier, id string, seq int) (*ledger.Content, error) {
	var n int64
	if err := q.QueryRow(ctx, "SELECT n FROM files WHERE id = $1 AND dropped = 0", id).Scan(&n); errors.Is(err, pgx.ErrNoRows) {
		return nil, ledger.ErrNotFound
	} else if err != nil {
		return nil, err
	}
	b := &pgx.Batch{}
	b.Queue("SELECT t.body, c.body FROM "+in("tallies", n)+" t FULL JOIN "+in("chunks", n)+" c USING (file, seq) WHERE file = $1 AND seq = $2", n, seq)
	b.Queue("SELECT body FROM "+in("events", n)+" WHERE file = $1 AND chunk = $2 ORDER BY n", n, seq)
	answers := q.SendBatch(ctx, b)
	c, err := played(answers, id, seq)
	if closing := answers.Close(); err == nil {
		err = closing
	}
	if code(err) == undefinedTable {
		err = ledger.ErrNotFound // that day is not kept any more
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// played is a chunk of what the database answered.
func played(answers pgx.BatchResults, id string, seq int) (*ledger.Content, error) {
	var tally, body []byte
	err := answers.QueryRow().Scan(&tally, &body)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ledger.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if body == nil || tally == nil {
		return nil, fmt.Errorf("a part of file %s, chunk %d, is missing: %w", id, seq, ledger.ErrAltered)
	}
	if body, err = ledger.Unseal(ledger.OfItems, id, seq, body); err != nil {
		return nil, err
	}
	at := ledger.ChunkID{File: id, Seq: seq}
	known, err := ledger.OpenTally(at, tally)
	if err != nil {
		return nil, err
	}
	p, err := ledger.Play(at, body, known)
	if err != nil {
		return nil, err
	}
	rows, err := answers.Query()
	if err != nil {
		return nil, err
	}
	if err := play(rows, p, at); err != nil {
		return nil, err
	}
	return p.Content()
}

// play plays a chunk's records.
func play(rows pgx.Rows, p *ledger.Playback, at ledger.ChunkID) error {
	var stored []byte
	_, err := pgx.ForEachRow(rows, []any{&stored}, func() error {
		events, err := ledger.Unseal(ledger.OfEvents, at.File, at.Seq, stored)
		if err != nil {
			return err
		}
		return p.Add(stored, events)
	})
	return err
}

// Chunk is ledger.Pen's.
func (w *writing) Chunk(id string, seq int) (*ledger.Content, error) {
	return chunk(w.ctx, w.tx, id, seq)
}

// Chunk returns one chunk and the state of its items.
func (b books) Chunk(ctx context.Context, id string, seq int) (*ledger.Content, error) {
	return asked(ctx, b, func(q querier) (*ledger.Content, error) { return chunk(ctx, q, id, seq) })
}

// Chunks gives all chunks of a file in order.
func (b books) Chunks(ctx context.Context, id string) iter.Seq2[*ledger.Content, error] {
	return ledger.Each(func(seq int) (*ledger.Content, error) { return b.Chunk(ctx, id, seq) })
}

// Tallies gives the tallies of a file's chunks.
func (b books) Tallies(ctx context.Context, id string) ([]*ledger.Tally, error) {
	bodies, err := listed(ctx, b, pgx.RowTo[[]byte], "SELECT t.body FROM files f JOIN tallies t ON t.file = f.n WHERE f.id = $1 AND f.dropped = 0 ORDER BY t.seq", id)
	var all []*ledger.Tally
	for seq, body := range bodies {
		t, err := ledger.OpenTally(ledger.ChunkID{File: id, Seq: seq}, body)
		if err != nil {
			return nil, b.explained(err)
		}
		all = append(all, t)
	}
	return all, err
}

// Mentions reports whether a chunk's stored form may hold a text.
func (b books) Mentions(ctx context.Context, id string, seq int, text string) (may bool, err error) {
	err = b.reading(ctx, func(q querier) error {
		may = false
		rows, err := q.Query(ctx, `SELECT c.body FROM files f JOIN chunks c ON c.file = f.n WHERE f.id = $1 AND c.seq = $2
			UNION ALL SELECT e.body FROM files f JOIN events e ON e.file = f.n WHERE f.id = $1 AND e.chunk = $2`, id, seq)
		if err != nil {
			return err
		}
		defer rows.Close()
		var body []byte
		for rows.Next() && !may {
			if err := rows.Scan(&body); err != nil {
				return err
			}
			may = ledger.SealedMentions(body, text)
		}
		rows.Close()
		return rows.Err()
	})
	return may, err
}

// PauseLane stops an account's lane, or lets it go on.
func (l *Ledger) PauseLane(ctx context.Context, account, reason string) error {
	return l.do(ctx, func(w *writing) error {
		if reason == "" {
			return w.exec("DELETE FROM lanes WHERE account = $1", account)
		}
		return w.exec("INSERT INTO lanes (account, reason) VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET reason = excluded.reason", account, []byte(reason))
	})
}

// Lanes lists the stopped lanes.
func (b books) Lanes(ctx context.Context) (map[string]string, error) {
	return b.pairs(ctx, "SELECT convert_to(account, 'UTF8'), reason FROM lanes")
}

// pairs reads keys and values.
func (b books) pairs(ctx context.Context, query string, args ...any) (all map[string]string, err error) {
	err = b.reading(ctx, func(q querier) error {
		all = map[string]string{}
		rows, err := q.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		var k, v []byte
		_, err = pgx.ForEachRow(rows, []any{&k, &v}, func() error {
			all[string(k)] = string(v)
			return nil
		})
		return err
	})
	return all, err
}

// value reads one value; "" when there is none.
func (b books) value(ctx context.Context, query, key string) (string, error) {
	var v []byte
	err := b.reading(ctx, func(q querier) error {
		err := q.QueryRow(ctx, query, []byte(key)).Scan(&v)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return string(v), err
}

// Order leaves a command for the owner.
func (r register) Order(ctx context.Context, o ledger.Order) (n int64, err error) {
	err = r.pool.QueryRow(ctx, "INSERT INTO orders (body) VALUES ($1) RETURNING n", ledger.EncodeFacts(o)).Scan(&n)
	return n, r.explained(err)
}

// Taken reports whether the owner has taken a command out.
func (b books) Taken(ctx context.Context, n int64) (taken bool, err error) {
	err = b.reading(ctx, func(q querier) error {
		return q.QueryRow(ctx, "SELECT NOT EXISTS (SELECT 1 FROM orders WHERE n = $1)", n).Scan(&taken)
	})
	return taken, err
}

// Ordered gives the waiting commands.
func (l *Ledger) Ordered(ctx context.Context) ([]ledger.Order, error) {
	return listed(ctx, l.books, func(row pgx.CollectableRow) (o ledger.Order, err error) {
		var n int64
		var body []byte
		err = row.Scan(&n, &body)
		if err == nil {
			err = json.Unmarshal(body, &o)
		}
		o.N = n
		return o, err
	}, "SELECT n, body FROM orders ORDER BY n")
}

// Done takes a command out.
func (l *Ledger) Done(ctx context.Context, order int64) error {
	return l.do(ctx, func(w *writing) error { return w.Finish(order) })
}

// Finish is ledger.Pen's.
func (w *writing) Finish(order int64) error { return w.exec("DELETE FROM orders WHERE n = $1", order) }

// Keep stores a small fact.
func (l *Ledger) Keep(ctx context.Context, key, value string) error {
	return l.do(ctx, func(w *writing) error { return w.keep(key, value) })
}

func (w *writing) keep(key, value string) error {
	return w.exec("INSERT INTO facts (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", []byte(key), []byte(value))
}

// Kept returns a stored fact, "" when there is none.
func (b books) Kept(ctx context.Context, key string) (string, error) {
	return b.value(ctx, "SELECT value FROM facts WHERE key = $1", key)
}

// Sound reads nothing: what the database keeps for itself, it guards itself (initdb --data-checksums, pg_amcheck).
func (b books) Sound(context.Context) error { return nil }
