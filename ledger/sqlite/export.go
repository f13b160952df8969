package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"maps"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// movedKey is where it is kept that the ledger goes on elsewhere.
const movedKey = ledger.Own + "moved"

// Facts is ledger.Contents'.
func (b books) Facts(ctx context.Context) (map[string]string, error) {
	all, err := pairs(ctx, b.reader, "fact", "SELECT key, value, sum FROM facts")
	maps.DeleteFunc(all, func(key, _ string) bool { return strings.HasPrefix(key, ledger.Own) })
	return all, b.explained(err)
}

// Reached is ledger.Source's.
func (l *Ledger) Reached(ctx context.Context) (int64, error) {
	n, err := reached(ctx, l.reader)
	return n, l.explained(err)
}

// Leave is ledger.Source's.
func (l *Ledger) Leave(ctx context.Context, to string) error { return l.Keep(ctx, movedKey, to) }

// stays is *ledger.Damaged when the ledger goes on elsewhere.
func (b books) stays(ctx context.Context) error {
	to, err := b.Kept(ctx, movedKey)
	if err != nil || to == "" {
		return err
	}
	return &ledger.Damaged{Path: b.path, Lost: true, Sentence: "ledger.moved", What: batch.Message{Text: batch.Text{EN: to}}}
}

// each gives the lines of a query. scan is called for each, and an error ends it.
func each[T any](ctx context.Context, b books, scan func(*sql.Rows) (T, error), query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := b.reader.QueryContext(ctx, query, args...)
		if err != nil {
			yield(none, b.explained(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			one, err := scan(rows)
			if !yield(one, b.explained(err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, b.explained(err))
		}
	}
}

// Receipts is ledger.Contents'.
func (b books) Receipts(ctx context.Context) iter.Seq2[ledger.KeptReceipt, error] {
	return each(ctx, b, func(rows *sql.Rows) (r ledger.KeptReceipt, err error) {
		var id, mark, body []byte
		if err := rows.Scan(&r.N, &id, &mark, &body); err != nil {
			return r, err
		}
		copy(r.ID[:], id)
		copy(r.Mark[:], mark)
		return r, json.Unmarshal(body, &r.Receipt)
	}, "SELECT n, id, mark, body FROM receipts ORDER BY n")
}

// Marks is ledger.Contents'.
func (b books) Marks(ctx context.Context) iter.Seq2[ledger.Mark, error] {
	return each(ctx, b, func(rows *sql.Rows) (m ledger.Mark, err error) {
		var mark []byte
		err = rows.Scan(&mark, &m.Sent, &m.File, &m.Seq, &m.Item)
		copy(m.Mark[:], mark)
		return m, err
	}, "SELECT m.mark, m.sent, f.id, m.seq, m.item FROM marks m JOIN files f ON f.n = m.file")
}

// Sealed is ledger.Source's. Records of the first rowferry get their seal here.
func (l *Ledger) Sealed(ctx context.Context, id string) iter.Seq2[*ledger.Sealed, error] {
	return each(ctx, l.books, func(rows *sql.Rows) (*ledger.Sealed, error) {
		s := &ledger.Sealed{ChunkID: ledger.ChunkID{File: id}}
		var n int64
		var form int
		var body []byte
		if err := rows.Scan(&n, &s.Seq, &form, &body); err != nil {
			return nil, err
		}
		s.Items = resealed(form, ledger.OfItems, s.ChunkID, body)
		for one, err := range each(ctx, l.books, func(rows *sql.Rows) ([]byte, error) {
			err := rows.Scan(&form, &body)
			return resealed(form, ledger.OfEvents, s.ChunkID, body), err
		}, "SELECT form, body FROM events WHERE file = ? AND chunk = ? ORDER BY n", n, s.Seq) {
			if err != nil {
				return nil, err
			}
			s.Events = append(s.Events, one)
		}
		return s, nil
	}, "SELECT c.file, c.seq, c.form, c.body FROM chunks c JOIN files f ON f.n = c.file WHERE f.id = ? ORDER BY c.seq", id)
}

func resealed(form int, kind ledger.Kind, at ledger.ChunkID, body []byte) []byte {
	if form == unsealed {
		return ledger.Seal(kind, at.File, at.Seq, body)
	}
	return body
}
