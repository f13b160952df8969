package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/spool"
)

// pieceSize is how much of a copy lies in one row.
const pieceSize = 1 << 20

// spooled are the copies, in pieces in the database, so that any machine goes on with any file.
type spooled struct {
	books
	l *Ledger // nil: only to look
}

// Copies is ledger.Books'.
func (b books) Copies() ledger.Copies { return b.copies(nil) }

// Spool is ledger.Intake's.
func (l *Ledger) Spool() ledger.Spool { return l.copies(l) }

// copies are those in the database, or in a folder.
func (b books) copies(l *Ledger) ledger.Spool {
	inside := spooled{b, l}
	if b.spool == "" {
		return inside
	}
	return shared{spool.Folder{Dir: b.spool}, inside}
}

// Open implements ledger.Copies: it fetches the copy into a file of this machine that nobody else sees.
func (s spooled) Open(ctx context.Context, id string) (o batch.Original, err error) {
	none := fmt.Errorf("the copy of %s: %w", id, fs.ErrNotExist)
	err = s.reading(ctx, func(q querier) error {
		var n, size int64
		err := q.QueryRow(ctx, "SELECT n, size FROM copies WHERE id = $1 AND whole", id).Scan(&n, &size)
		if errors.Is(err, pgx.ErrNoRows) {
			return none
		}
		if err != nil {
			return err
		}
		o, err = s.fetch(ctx, q, n, size)
		return err
	})
	if errors.Is(err, none) { // or it lies where we do not look
		err = cmp.Or(s.there(ctx), err)
	}
	return o, err
}

func (s spooled) fetch(ctx context.Context, q querier, n, size int64) (batch.Original, error) {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, errors.New("the copy cannot be fetched: " + err.Error()) // not that there is none
	}
	file, err := os.CreateTemp(s.data, ".copy-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name()) // where the system lets go of a name that is open; else Close removes it
	o := &original{file, size}
	rows, err := q.Query(ctx, "SELECT body FROM "+in("pieces", n)+" WHERE copy = $1 ORDER BY seq", n)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	var got int64
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&body}, func() error {
		got += int64(len(body))
		_, err := file.Write(body)
		return err
	})
	if err == nil && got != size {
		err = fmt.Errorf("a copy has %d bytes and not %d: %w", got, size, ledger.ErrAltered)
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// original is a fetched copy.
type original struct {
	*os.File
	size int64
}

func (o *original) Size() int64 { return o.size }

func (o *original) Close() error {
	err := o.File.Close()
	_ = os.Remove(o.Name())
	return err
}

// IDs implements ledger.Copies.
func (s spooled) IDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		all, err := listed(ctx, s.books, pgx.RowTo[string], "SELECT id FROM copies WHERE whole")
		if err != nil {
			yield("", err)
			return
		}
		for _, id := range all {
			if !yield(id, nil) {
				return
			}
		}
	}
}

// Create implements ledger.Spool.
func (s spooled) Create(ctx context.Context, id string) (ledger.Copying, error) {
	day := s.l.today()
	if err := s.l.partitions(ctx, day); err != nil {
		return nil, err
	}
	c := &copying{ctx: ctx, s: s, id: id}
	err := s.l.do(ctx, func(w *writing) error {
		return w.tx.QueryRow(w.ctx, "INSERT INTO copies (n, id) VALUES ($1 + nextval('file_numbers'), $2) RETURNING n", day<<dayBits, id).Scan(&c.n)
	})
	return c, err
}

// Remove implements ledger.Spool.
func (s spooled) Remove(ctx context.Context, id string) error {
	return s.l.do(ctx, func(w *writing) error { return w.uncopy(id, 0) })
}

// uncopy removes all copies of a file but one.
func (w *writing) uncopy(id string, but int64) error {
	rows, err := w.tx.Query(w.ctx, "DELETE FROM copies WHERE id = $1 AND n <> $2 RETURNING n", id, but)
	if err != nil {
		return err
	}
	gone, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, n := range gone {
		b.Queue("DELETE FROM "+in("pieces", n)+" WHERE copy = $1", n)
	}
	return w.all(b)
}

// copying is a copy whose pieces nobody looks at yet.
type copying struct {
	ctx  context.Context
	s    spooled
	id   string
	n    int64
	seq  int
	size int64
	body []byte
	done bool
}

func (c *copying) Write(b []byte) (written int, err error) {
	for len(b) > 0 {
		part := b[:min(len(b), pieceSize-len(c.body))]
		c.body, b = append(c.body, part...), b[len(part):]
		if len(c.body) == pieceSize {
			if err := c.flush(); err != nil {
				return written, err
			}
		}
		written += len(part)
	}
	return written, nil
}

// flush writes the piece that was gathered.
func (c *copying) flush() error {
	if len(c.body) == 0 {
		return nil
	}
	n, seq, body := c.n, c.seq, c.body
	err := c.s.l.do(c.ctx, func(w *writing) error {
		return w.exec("INSERT INTO "+in("pieces", n)+" (copy, seq, body) VALUES ($1, $2, $3)", n, seq, body)
	})
	if err != nil {
		return err // it may be written still
	}
	c.seq, c.size, c.body = seq+1, c.size+int64(len(body)), body[:0]
	return nil
}

// Commit implements ledger.Copying.
func (c *copying) Commit() error {
	c.done = true
	if err := c.flush(); err != nil {
		return err
	}
	return c.s.l.do(c.ctx, func(w *writing) error {
		if err := w.uncopy(c.id, c.n); err != nil {
			return err
		}
		return w.exec("UPDATE copies SET whole = true, size = $1 WHERE n = $2", c.size, c.n)
	})
}

// Close implements ledger.Copying.
func (c *copying) Close() error {
	if c.done {
		return nil
	}
	c.done = true
	return c.s.l.do(context.WithoutCancel(c.ctx), func(w *writing) error {
		return errors.Join(w.exec("DELETE FROM "+in("pieces", c.n)+" WHERE copy = $1", c.n), w.exec("DELETE FROM copies WHERE n = $1", c.n))
	})
}
