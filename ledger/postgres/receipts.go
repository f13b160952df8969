package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/filter"
)

// Receive keeps a receipt.
func (l *Ledger) Receive(ctx context.Context, id, mark ledger.Print, r batch.Receipt) (bool, error) {
	var fresh bool // the writer's until do returns without an error
	err := l.do(ctx, func(w *writing) error {
		done, err := w.tx.Exec(w.ctx, "INSERT INTO receipts (id, mark, came, body) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING", [16]byte(id), [16]byte(mark), ledger.Millis(r.Came), ledger.EncodeFacts(r))
		fresh = done.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, err
	}
	return fresh, nil
}

// forgetful is how many receipts, and how many marks, one step lets go of.
const forgetful = 1000

// ForgetReceipts lets go of old receipts and marks.
func (l *Ledger) ForgetReceipts(ctx context.Context, before time.Time) (more bool, err error) {
	err = l.do(ctx, func(w *writing) error {
		more = false
		for _, query := range []string{
			"DELETE FROM receipts WHERE n IN (SELECT n FROM receipts WHERE came < $1 LIMIT $2)",
			"DELETE FROM marks WHERE (mark, sent, file, seq, item) IN (SELECT mark, sent, file, seq, item FROM marks WHERE sent < $1 LIMIT $2)",
		} {
			done, err := w.tx.Exec(w.ctx, query, ledger.Millis(before), forgetful)
			if err != nil {
				return err
			}
			more = more || done.RowsAffected() == forgetful
		}
		return nil
	})
	return more, err
}

// leaveMarks has it written down by which marks receipts will find the items of events.
func leaveMarks(b *pgx.Batch, file int64, events []ledger.Event) {
	for i := range events {
		e := &events[i]
		for _, mark := range e.Marks {
			b.Queue("INSERT INTO marks (mark, sent, file, seq, item) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING", [16]byte(mark), ledger.Millis(e.Verdict.SentAt), file, e.Chunk, e.Item)
		}
	}
}

// received joins each receipt with the item of its mark that was sent last before it came.
const received = `SELECT r.n, r.body, coalesce(f.id, ''), coalesce(m.seq, 0), coalesce(m.item, 0) FROM receipts r
	LEFT JOIN LATERAL (SELECT * FROM marks WHERE mark = r.mark AND sent <= r.came ORDER BY sent DESC, file DESC, seq DESC, item DESC LIMIT 1) m ON true
	LEFT JOIN files f ON f.n = m.file`

// Received gives receipts in the order in which they came.
func (b books) Received(ctx context.Context, q ledger.ReceivedQuery) ([]ledger.Received, error) {
	where := filter.Receipts("$", q)
	found, err := listed(ctx, b, func(row pgx.CollectableRow) (one ledger.Received, err error) {
		var body []byte
		if err := row.Scan(&one.N, &body, &one.File, &one.Chunk, &one.Item); err != nil {
			return one, err
		}
		return one, json.Unmarshal(body, &one.Receipt)
	}, received+" WHERE "+where.String()+" ORDER BY r.n DESC"+filter.Limit(q.Last), where.Args...)
	slices.Reverse(found)
	return found, err
}
