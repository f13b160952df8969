package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
)

// Rows that are let go of are not seen from that moment on; where all rows of a day are, its partitions go as a whole. What does not
// go with its day within patientDays is deleted, because a file of that day is still under way, or kept longer.

// patientDays is for how many days rows that nobody sees any more wait for the rest of their day.
const patientDays = 2

// goneRows is a file's column dropped when nothing of its rows is left. Before that it is the day on which they were let go of.
const goneRows = -1

// ofRows are the tables that hold what belongs to rows.
var ofRows = []string{"chunks", "tallies", "events", "prints"}

// Drop is ledger.Pen's. Rows are let go of in one step; Shrink gives their room back.
func (w *writing) Drop(f ledger.File, n int64, part ledger.Part, step int) (more bool, err error) {
	clear(w.l.tallies)
	if part == ledger.PartAnswers {
		return w.unanswer(f.ID, n, step)
	}
	return false, w.exec("UPDATE files SET dropped = $1 WHERE n = $2 AND dropped = 0", w.l.today(), n)
}

// unanswer drops the answers of one chunk. Its tally then knows of the records that are left.
func (w *writing) unanswer(id string, n int64, seq int) (more bool, err error) {
	var dropped bool
	if err := w.tx.QueryRow(w.ctx, "SELECT dropped <> 0 FROM files WHERE n = $1", n).Scan(&dropped); err != nil || dropped {
		return false, err
	}
	var body []byte
	err = w.tx.QueryRow(w.ctx, "SELECT body, EXISTS (SELECT FROM "+in("tallies", n)+" WHERE file = $1 AND seq = $2 + 1) FROM "+in("tallies", n)+" WHERE file = $1 AND seq = $2", n, seq).Scan(&body, &more)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	t, err := ledger.OpenTally(ledger.ChunkID{File: id, Seq: seq}, body)
	if err != nil {
		return more, err
	}
	rows, err := w.tx.Query(w.ctx, "SELECT n, body FROM "+in("events", n)+" WHERE file = $1 AND chunk = $2 ORDER BY n", n, seq)
	if err != nil {
		return more, err
	}
	t.Records, t.Chain = 0, 0
	b := &pgx.Batch{}
	var record int64
	_, err = pgx.ForEachRow(rows, []any{&record, &body}, func() error {
		stored := slices.Clone(body)
		plain, err := ledger.Unseal(ledger.OfEvents, id, seq, stored)
		if err != nil {
			return err
		}
		rest, changed, err := ledger.WithoutAnswers(plain)
		switch {
		case err != nil:
			return err
		case changed && len(rest) == 0:
			b.Queue("DELETE FROM "+in("events", n)+" WHERE n = $1", record)
			return nil
		case changed:
			stored = ledger.Seal(ledger.OfEvents, id, seq, rest)
			b.Queue("UPDATE "+in("events", n)+" SET body = $1 WHERE n = $2", stored, record)
		}
		t.Link(stored)
		return nil
	})
	if err != nil || b.Len() == 0 {
		return more, err
	}
	b.Queue("UPDATE "+in("tallies", n)+" SET body = $1 WHERE file = $2 AND seq = $3", ledger.Seal(ledger.OfTally, id, seq, t.Encode()), n, seq)
	return more, w.all(b)
}

// Shrink is ledger.Retainer's: the partitions of one day, or what is left of one file. What another session holds is left for later.
func (l *Ledger) Shrink(ctx context.Context) (more bool, err error) {
	err = l.do(ctx, func(w *writing) error {
		if err := w.exec("SET LOCAL lock_timeout = '2s'"); err != nil {
			return err
		}
		for _, step := range []func(*writing) (bool, error){(*writing).dropRows, (*writing).dropPieces, (*writing).deleteRows} {
			if more, err = step(w); err != nil {
				return err
			}
			if more {
				break
			}
		}
		return w.exec("SET LOCAL lock_timeout = 0") // what is written in the same transaction waits as long as it must
	})
	if code(err) == lockTimeout {
		return false, nil
	}
	return more, err
}

// Compact is ledger.Retainer's: the database sees to its own files.
func (*Ledger) Compact(context.Context) error { return nil }

// over gives the oldest day before yesterday (of which a file may just be claimed) that has a partition of table and nothing in it that unless finds; ok is false when there is none.
func (w *writing) over(table, unless string) (day int64, ok bool, err error) {
	err = w.tx.QueryRow(w.ctx, `SELECT day FROM (SELECT substring(c.relname FROM '_(\d+)$')::bigint AS day FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass) d
		WHERE day < $2 AND NOT EXISTS (SELECT FROM `+unless+fmt.Sprintf(" AND n >= day << %d AND n < (day + 1) << %d) ORDER BY day LIMIT 1", dayBits, dayBits), table, w.l.today()-1).Scan(&day)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	return day, err == nil, err
}

// dropRows drops the partitions of a day of whose rows none is kept.
func (w *writing) dropRows() (more bool, err error) {
	day, ok, err := w.over("chunks", "files WHERE dropped = 0 AND state NOT IN ('quarantined', 'duplicate')")
	if err != nil || !ok {
		return false, err
	}
	if err := w.drop(ofRows, day); err != nil {
		return false, err
	}
	return true, w.exec("UPDATE files SET dropped = $1 WHERE dropped > 0 AND n >= $2 AND n < $3", goneRows, day<<dayBits, (day+1)<<dayBits)
}

// dropPieces drops the partition of a day of which no copy is kept.
func (w *writing) dropPieces() (more bool, err error) {
	day, ok, err := w.over("pieces", "copies WHERE true")
	if err != nil || !ok {
		return false, err
	}
	return true, w.drop([]string{"pieces"}, day)
}

func (w *writing) drop(tables []string, day int64) error {
	var names []string
	for _, table := range tables {
		names = append(names, in(table, day<<dayBits))
	}
	return w.exec("DROP TABLE IF EXISTS " + strings.Join(names, ", "))
}

// deleteChunks is how many chunks of a file are deleted in one step, so that no write waits long behind it.
const deleteChunks = 64

// deleteRows deletes a part of a file's rows that have waited long enough for the rest of their day.
func (w *writing) deleteRows() (more bool, err error) {
	var n int64
	err = w.tx.QueryRow(w.ctx, "SELECT n FROM files WHERE dropped > 0 AND dropped <= $1 ORDER BY n LIMIT 1", w.l.today()-patientDays).Scan(&n)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var last int
	if err := w.tx.QueryRow(w.ctx, "SELECT coalesce(max(seq), -1) FROM "+in("chunks", n)+" WHERE file = $1", n).Scan(&last); err != nil {
		return false, err
	}
	first := last - deleteChunks + 1
	b := &pgx.Batch{}
	for _, table := range ofRows {
		column := "seq"
		if table == "events" {
			column = "chunk"
		}
		b.Queue("DELETE FROM "+in(table, n)+" WHERE file = $1 AND "+column+" >= $2", n, first)
	}
	if first <= 0 {
		b.Queue("UPDATE files SET dropped = $1 WHERE n = $2", goneRows, n)
	}
	return true, w.all(b)
}
