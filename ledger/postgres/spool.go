package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"sync"

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

// Copies is ledger.Books': who owns the ledger need not fetch what was made here last.
func (l *Ledger) Copies() ledger.Copies { return l.copies(l) }

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
		if o = s.l.latest(n); o != nil {
			return nil
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
	o, err := s.unnamed()
	if err != nil {
		return nil, errors.New("the copy cannot be fetched: " + err.Error()) // not that there is none
	}
	rows, err := q.Query(ctx, "SELECT body FROM "+in("pieces", n)+" WHERE copy = $1 ORDER BY seq", n)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	var got int64
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&body}, func() error {
		got += int64(len(body))
		_, err := o.Write(body)
		return err
	})
	if o.size = got; err == nil && got != size {
		err = fmt.Errorf("a copy has %d bytes and not %d: %w", got, size, ledger.ErrAltered)
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// unnamed makes a file of this machine that nobody else sees.
func (b books) unnamed() (*original, error) {
	if err := os.MkdirAll(b.data, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(b.data, ".copy-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name()) // where the system lets go of a name that is open; else Close removes it
	return &original{file, 0}, nil
}

// recent is the copy that was made here last, until it is opened: who made one reads it next, and need not fetch it.
type recent struct {
	mu sync.Mutex
	n  int64
	o  *original // nil: none
}

// keep keeps a copy in the place of the one before. nil: none.
func (k *recent) keep(n int64, o *original) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.o != nil {
		_ = k.o.Close()
	}
	k.n, k.o = n, o
}

// latest gives the kept copy away, if it is that one. nil: it is not.
func (l *Ledger) latest(n int64) batch.Original {
	if l == nil {
		return nil
	}
	l.recent.mu.Lock()
	defer l.recent.mu.Unlock()
	if l.recent.o == nil || l.recent.n != n {
		return nil
	}
	o := l.recent.o
	l.recent.o = nil
	return o
}

// original is a copy in a file of this machine.
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
	c.beside, _ = s.unnamed() // else it is fetched
	err := s.l.do(ctx, func(w *writing) error {
		return w.tx.QueryRow(w.ctx, "INSERT INTO copies (n, id) VALUES ($1 + nextval('file_numbers'), $2) RETURNING n", day<<dayBits, id).Scan(&c.n)
	})
	if err != nil {
		c.apart()
		return nil, err
	}
	return c, nil
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

// mostPieces is how many pieces of a copy are being written while the next is gathered: so they share commits.
const mostPieces = 4

// piece is one that is being written.
type piece struct {
	written ledger.Receipt
	body    []byte
}

// copying is a copy whose pieces nobody looks at yet.
type copying struct {
	ctx    context.Context
	s      spooled
	id     string
	n      int64
	seq    int
	size   int64
	body   []byte
	before []piece   // that are being written, oldest first
	beside *original // the same on this machine; nil where there was no room for it
	done   bool
}

// apart gives up what is beside it.
func (c *copying) apart() {
	if c.beside != nil {
		_ = c.beside.Close()
		c.beside = nil
	}
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

// flush has the piece written that was gathered. Its error is that of one before.
func (c *copying) flush() error {
	if len(c.body) == 0 {
		return nil
	}
	var room []byte
	if len(c.before) == mostPieces {
		oldest := c.before[0]
		if err := oldest.written.Wait(c.ctx); err != nil {
			return err // it may be written still, and its room is not ours
		}
		room, c.before = oldest.body[:0], c.before[1:]
	}
	n, seq, body := c.n, c.seq, c.body
	if c.beside != nil {
		if _, err := c.beside.Write(body); err != nil {
			c.apart()
		}
	}
	written := c.s.l.queue.Add(op{step: func(w *writing) error {
		return w.exec("INSERT INTO "+in("pieces", n)+" (copy, seq, body) VALUES ($1, $2, $3)", n, seq, body)
	}}, 1)
	written.Hurry()
	c.seq, c.size, c.body, c.before = seq+1, c.size+int64(len(body)), room, append(c.before, piece{written, body})
	return nil
}

// wait returns when no piece is being written.
func (c *copying) wait() error {
	for _, p := range c.before {
		if err := p.written.Wait(c.ctx); err != nil {
			return err
		}
	}
	return nil
}

// Commit implements ledger.Copying.
func (c *copying) Commit() error {
	c.done = true
	if err := cmp.Or(c.flush(), c.wait()); err != nil {
		return err
	}
	err := c.s.l.do(c.ctx, func(w *writing) error {
		if err := w.uncopy(c.id, c.n); err != nil {
			return err
		}
		return w.exec("UPDATE copies SET whole = true, size = $1 WHERE n = $2", c.size, c.n)
	})
	if err == nil && c.beside != nil {
		c.beside.size = c.size
		c.s.l.recent.keep(c.n, c.beside)
		c.beside = nil
	}
	return err
}

// Close implements ledger.Copying.
func (c *copying) Close() error {
	c.apart()
	if c.done {
		return nil
	}
	c.done = true
	return c.s.l.do(context.WithoutCancel(c.ctx), func(w *writing) error {
		return errors.Join(w.exec("DELETE FROM "+in("pieces", c.n)+" WHERE copy = $1", c.n), w.exec("DELETE FROM copies WHERE n = $1", c.n))
	})
}
