package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/rowferry/rowferry/ledger"
)

// tallied is a chunk, by its file's key.
type tallied struct {
	file int64
	seq  int
}

// mostTallies is how many are remembered between commits. Chunks under way are few.
const mostTallies = 1024

// tally adds events of one chunk to its tally, if it has one.
func (w *writing) tally(id string, file int64, seq int, events []ledger.Event, record []byte) error {
	at := tallied{file, seq}
	t, known := w.l.tallies[at]
	if !known {
		var body []byte
		err := w.conn.QueryRowContext(w.ctx, "SELECT body FROM tallies WHERE file = ? AND seq = ?", file, seq).Scan(&body)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // of an older ledger
		}
		if err != nil {
			return err
		}
		if t, err = ledger.OpenTally(ledger.ChunkID{File: id, Seq: seq}, body); err != nil {
			return err
		}
		if len(w.l.tallies) >= mostTallies {
			clear(w.l.tallies)
		}
		w.l.tallies[at] = t
	}
	for _, e := range events {
		t.Add(e)
	}
	t.Link(record)
	return w.exec("UPDATE tallies SET body = ? WHERE file = ? AND seq = ?", ledger.Seal(ledger.OfTally, id, seq, t.Encode()), file, seq)
}

// Tallies gives the tallies of a file's chunks.
func (b books) Tallies(ctx context.Context, id string) ([]*ledger.Tally, error) {
	var all []*ledger.Tally
	var seq int
	var body sql.RawBytes
	rows, err := b.reader.QueryContext(ctx, `SELECT c.seq, t.body FROM files f JOIN chunks c ON c.file = f.n
		LEFT JOIN tallies t ON t.file = c.file AND t.seq = c.seq WHERE f.id = ? ORDER BY c.seq`, id)
	err = eachRow(rows, err, []any{&seq, &body}, func() (err error) {
		var t *ledger.Tally
		if body != nil {
			t, err = ledger.OpenTally(ledger.ChunkID{File: id, Seq: seq}, body)
		}
		all = append(all, t)
		return err
	})
	return all, b.explained(err)
}

// Mentions reports whether a chunk's stored form may hold a text.
func (b books) Mentions(ctx context.Context, id string, seq int, text string) (may bool, err error) {
	var form int
	var body sql.RawBytes
	rows, err := b.reader.QueryContext(ctx, `SELECT c.form, c.body FROM files f JOIN chunks c ON c.file = f.n WHERE f.id = ?1 AND c.seq = ?2
		UNION ALL SELECT e.form, e.body FROM files f JOIN events e ON e.file = f.n WHERE f.id = ?1 AND e.chunk = ?2`, id, seq)
	err = eachRow(rows, err, []any{&form, &body}, func() error {
		may = may || form == unsealed && ledger.Mentioned(body, text) || form == sealed && ledger.SealedMentions(body, text)
		return nil
	})
	return may, b.explained(err)
}
