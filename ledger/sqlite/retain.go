package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/rowferry/rowferry/ledger"
)

// How much one step does, so that no write waits long behind it.
const (
	dropChunks  = 16
	shrinkPages = 512
)

// Drop is ledger.Pen's.
func (w *writing) Drop(f ledger.File, n int64, part ledger.Part, step int) (more bool, err error) {
	clear(w.l.tallies)
	if part == ledger.PartAnswers {
		return w.unanswer(f.ID, n, step)
	}
	return w.dropRows(n)
}

// dropRows drops the last chunks of a file, so that what is left has no hole.
func (w *writing) dropRows(n int64) (more bool, err error) {
	var last int
	if err := w.conn.QueryRowContext(w.ctx, "SELECT coalesce(max(seq), -1) FROM chunks WHERE file = ?", n).Scan(&last); err != nil {
		return false, err
	}
	first := last - dropChunks + 1
	for _, query := range []string{"DELETE FROM events WHERE file = ? AND chunk >= ?", "DELETE FROM tallies WHERE file = ? AND seq >= ?", "DELETE FROM chunks WHERE file = ? AND seq >= ?"} {
		if err := w.exec(query, n, first); err != nil {
			return false, err
		}
	}
	return first > 0, nil
}

// unanswer drops the answers of one chunk. Its tally then knows of the records that are left.
func (w *writing) unanswer(id string, n int64, seq int) (more bool, err error) {
	var body []byte
	if err := w.conn.QueryRowContext(w.ctx, "SELECT EXISTS (SELECT 1 FROM chunks WHERE file = ? AND seq = ?)", n, seq+1).Scan(&more); err != nil {
		return false, err
	}
	if err := w.conn.QueryRowContext(w.ctx, "SELECT body FROM tallies WHERE file = ? AND seq = ?", n, seq).Scan(&body); err != nil {
		if errors.Is(err, sql.ErrNoRows) { // of an older rowferry, which kept no answers
			err = nil
		}
		return more, err
	}
	t, err := ledger.OpenTally(ledger.ChunkID{File: id, Seq: seq}, body)
	if err != nil {
		return more, err
	}
	records, err := w.records(id, n, seq)
	if err != nil || !slices.ContainsFunc(records, func(r record) bool { return r.changed }) {
		return more, err
	}
	if t.Records >= 0 {
		t.Records, t.Chain = 0, 0
	}
	for _, r := range records {
		switch {
		case r.changed && len(r.rest) == 0:
			err = w.exec("DELETE FROM events WHERE n = ?", r.n)
		case r.changed:
			r.stored = ledger.Seal(ledger.OfEvents, id, seq, r.rest)
			err = w.exec("UPDATE events SET form = ?, body = ? WHERE n = ?", sealed, r.stored, r.n)
			t.Link(r.stored)
		default:
			t.Link(r.stored)
		}
		if err != nil {
			return more, err
		}
	}
	return more, w.exec("UPDATE tallies SET body = ? WHERE file = ? AND seq = ?", ledger.Seal(ledger.OfTally, id, seq, t.Encode()), n, seq)
}

// record is one stored record of events, and what is left of it without answers.
type record struct {
	n            int64
	stored, rest []byte
	changed      bool
}

func (w *writing) records(id string, file int64, seq int) (all []record, err error) {
	var n int64
	var form int
	var stored []byte
	rows, err := w.conn.QueryContext(w.ctx, "SELECT n, form, body FROM events WHERE file = ? AND chunk = ? ORDER BY n", file, seq)
	err = eachRow(rows, err, []any{&n, &form, &stored}, func() error {
		plain, err := opened(form, ledger.OfEvents, id, seq, stored)
		if err != nil {
			return err
		}
		rest, changed, err := ledger.WithoutAnswers(plain)
		all = append(all, record{n, stored, rest, changed})
		return err
	})
	return all, err
}

// Shrink is ledger.Retainer's. A ledger that was made before it could shrink does so once nobody else has it open.
func (l *Ledger) Shrink(ctx context.Context) (more bool, err error) {
	var mode, free int
	err = errors.Join(l.reader.QueryRowContext(ctx, "PRAGMA auto_vacuum").Scan(&mode), l.reader.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free))
	if err != nil || free == 0 || mode != 2 {
		return false, l.explained(err)
	}
	err = l.do(ctx, func(w *writing) error {
		rows, err := w.conn.QueryContext(w.ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", shrinkPages))
		if err != nil {
			return err
		}
		for rows.Next() { // each step frees a page
		}
		return errors.Join(rows.Err(), rows.Close())
	})
	return err == nil && free > shrinkPages, err
}

// Compact is ledger.Retainer's.
func (l *Ledger) Compact(ctx context.Context) error {
	_, err := l.writer.ExecContext(ctx, "VACUUM")
	if err == nil {
		_, err = l.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return l.explained(err)
}
