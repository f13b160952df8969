package sqlite

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/filter"
)

// Receive keeps a receipt.
func (l *Ledger) Receive(ctx context.Context, id, mark ledger.Print, r batch.Receipt) (bool, error) {
	var fresh bool // the writer's until do returns without an error
	err := l.do(ctx, func(w *writing) error {
		done, err := w.conn.ExecContext(w.ctx, "INSERT INTO receipts (id, mark, came, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", id[:], mark[:], ledger.Millis(r.Came), ledger.EncodeFacts(r))
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		fresh = n > 0
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
			"DELETE FROM receipts WHERE n IN (SELECT n FROM receipts WHERE came < ? LIMIT ?)",
			"DELETE FROM marks WHERE (mark, sent, file, seq, item) IN (SELECT mark, sent, file, seq, item FROM marks WHERE sent < ? LIMIT ?)",
		} {
			done, err := w.conn.ExecContext(w.ctx, query, ledger.Millis(before), forgetful)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if more = more || n == forgetful; err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// leaveMarks writes down by which marks receipts will find the items of events.
func (w *writing) leaveMarks(file int64, events []ledger.Event) error {
	for i := range events {
		e := &events[i]
		for _, mark := range e.Marks {
			err := w.exec("INSERT INTO marks (mark, sent, file, seq, item) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", mark[:], ledger.Millis(e.Verdict.SentAt), file, e.Chunk, e.Item)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// received joins each receipt with the item of its mark that was sent last before it came.
const received = `SELECT r.n, r.body, coalesce(f.id, ''), coalesce(m.seq, 0), coalesce(m.item, 0) FROM receipts r
	LEFT JOIN marks m ON m.mark = r.mark AND m.sent <= r.came AND NOT EXISTS (SELECT 1 FROM marks o WHERE o.mark = r.mark AND o.sent <= r.came AND
		(o.sent, o.file, o.seq, o.item) > (m.sent, m.file, m.seq, m.item))
	LEFT JOIN files f ON f.n = m.file`

// Received gives receipts in the order in which they came.
func (b books) Received(ctx context.Context, q ledger.ReceivedQuery) ([]ledger.Received, error) {
	where := filter.Receipts("?", q)
	query := received + " WHERE " + where.String() + " ORDER BY r.n DESC" + filter.Limit(q.Last)
	var found []ledger.Received
	var one ledger.Received
	var body []byte
	rows, err := b.reader.QueryContext(ctx, query, where.Args...)
	err = eachRow(rows, err, []any{&one.N, &body, &one.File, &one.Chunk, &one.Item}, func() error {
		one.Receipt = batch.Receipt{}
		err := json.Unmarshal(body, &one.Receipt)
		found = append(found, one)
		return err
	})
	slices.Reverse(found)
	return found, b.explained(err)
}
