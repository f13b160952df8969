package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// Each machine remembers in its data folder what it wrote last: which session it had, and the number of the last group that was committed. A database
// that does not know that was put back to an earlier moment, and what was sent since would be sent again. The memory may be behind, and is
// after a kill between a commit and it; it is never ahead.

// memoryName is what it is called in the data folder.
const memoryName = "ledger.seen"

// idsKey is where the ledger keeps its id, behind those it had before somebody accepted it as it was.
const idsKey = ledger.Own + "ids"

// missesKey is where a machine that misses writes of its own leaves word of it: the ledger's id at that time, and who it is. Machines that wrote
// nothing since would notice nothing, and send again what it sent. With the next id, somebody's acceptance, the word is void.
const missesKey = ledger.Own + "misses"

// memory is what a machine remembers.
type memory struct {
	path    string // of the ledger, so that another one is known as such
	id      string
	session int64
	begun   time.Time
	written int64
}

func (m memory) line() string {
	text := fmt.Sprintf("%q %s %d %d %020d ", m.path, m.id, m.session, m.begun.UnixMicro(), m.written)
	return fmt.Sprintf("%s%08x\n", text, crc32.ChecksumIEEE([]byte(text)))
}

// remembered reads what a machine remembers; ok is false where that is nothing, or was torn.
func remembered(data string) (m memory, ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(data, memoryName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	var micros int64
	var sum string
	_, err = fmt.Sscanf(string(text), "%q %s %d %d %d %s\n", &m.path, &m.id, &m.session, &micros, &m.written, &sum)
	m.begun = time.UnixMicro(micros)
	return m, err == nil && m.line() == string(text), nil
}

// book is the open memory of an owner. It is the writing goroutine's.
type book struct {
	memory
	file *os.File
}

// open begins to remember a session.
func (m memory) open(data string) (*book, error) {
	file, err := os.OpenFile(filepath.Join(data, memoryName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	b := &book{m, file}
	line := b.line()
	if err := errors.Join(b.note(m.written), file.Truncate(int64(len(line))), file.Sync()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return b, nil
}

// note remembers that a group is committed. Lines have one length, so that each lies in the place of the one before.
func (b *book) note(written int64) error {
	b.written = written
	_, err := b.file.WriteAt([]byte(b.line()), 0)
	return err
}

// ids are those of the ledger, the newest last; it has one before its first owner works.
func (b books) ids(ctx context.Context) ([]string, error) {
	kept, err := b.Kept(ctx, idsKey)
	return strings.Fields(kept), err
}

// named gives the ledger an id where it has none, or a further one.
func (b books) named(ctx context.Context, further bool) (id string, err error) {
	has := "DO NOTHING"
	if further {
		has = "DO UPDATE SET value = facts.value || ' '::bytea || excluded.value"
	}
	if _, err := b.pool.Exec(ctx, "INSERT INTO facts (key, value) VALUES ($1, $2) ON CONFLICT (key) "+has, []byte(idsKey), []byte(rand.Text())); err != nil {
		return "", b.explained(err)
	}
	all, err := b.ids(ctx)
	if err != nil {
		return "", err
	}
	return all[len(all)-1], nil
}

// remember begins to remember this session's writes, under the ledger's id, or one that it gets because somebody accepts it as it is.
func (l *Ledger) remember(ctx context.Context, adopting bool) (*book, error) {
	id, err := l.named(ctx, adopting)
	if err != nil {
		return nil, err
	}
	m := memory{path: l.path, id: id, session: l.lease.epoch}
	if err := l.pool.QueryRow(ctx, "SELECT begun FROM fences WHERE session = $1", m.session).Scan(&m.begun); err != nil {
		return nil, l.explained(err)
	}
	return m.open(l.data)
}

// errMisses is wrapped where it is this machine that misses writes.
var errMisses = errors.New("this machine misses writes of its own")

// knows is *ledger.Damaged where the database does not know what this machine wrote, or another one that has said so.
func (b books) knows(ctx context.Context) error {
	m, ok, err := remembered(b.data) // before the database is asked: an owner may go on meanwhile
	if err != nil {
		return err
	}
	ids, err := b.ids(ctx)
	if err != nil {
		return err
	}
	if ok && m.path == b.path {
		if err := b.has(ctx, m, ids); err != nil {
			return err
		}
	}
	said, err := b.Kept(ctx, missesKey)
	if id, who, _ := strings.Cut(said, " "); err == nil && len(ids) > 0 && id == ids[len(ids)-1] {
		err = b.putBack(nil, "ledger.what.elsewhere", "machine", who)
	}
	return err
}

// knowing is knows for who is to own the ledger: what it misses, all others hear.
func (b books) knowing(ctx context.Context, me string) error {
	err := b.knows(ctx)
	if !errors.Is(err, errMisses) {
		return err
	}
	return errors.Join(err, b.explained(b.tell(ctx, me)))
}

// tell leaves word that this machine misses writes, and ends all sessions: whoever goes on begins anew, and reads it.
func (b books) tell(ctx context.Context, me string) error {
	ids, err := b.ids(ctx)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockOf("sessions")); err != nil {
			return err
		}
		word := []byte(ids[len(ids)-1] + " " + me)
		r, err := tx.Exec(ctx, "INSERT INTO facts (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE position($3 IN facts.value) <> 1",
			[]byte(missesKey), word, []byte(ids[len(ids)-1]+" "))
		if err != nil || r.RowsAffected() == 0 { // all have heard of it
			return err
		}
		rows, err := tx.Query(ctx, "SELECT id FROM sessions")
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		for _, id := range all {
			err = cmp.Or(err, over(ctx, tx, id, -1))
		}
		return err
	})
}

// has is *ledger.Damaged where the database does not know what this machine remembers.
func (b books) has(ctx context.Context, m memory, ids []string) error {
	switch at := slices.Index(ids, m.id); {
	case at < 0:
		return b.putBack(nil, "ledger.what.other")
	case at < len(ids)-1: // somebody accepted it since
		return nil
	}
	var written int64
	err := b.reading(ctx, func(q querier) error {
		return q.QueryRow(ctx, "SELECT written FROM fences WHERE session = $1 AND begun = $2 UNION ALL SELECT written FROM ended WHERE session = $1 AND begun = $2", m.session, m.begun).Scan(&written)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return b.putBack(errMisses, "ledger.what.session", "since", m.begun.UTC().Format(time.RFC3339))
	case err != nil:
		return err
	case written < m.written:
		return b.putBack(errMisses, "ledger.what.writes", "count", m.written-written)
	}
	return nil
}

func (b books) putBack(cause error, what string, args ...any) error {
	return &ledger.Damaged{Path: b.path, Lost: true, Sentence: "ledger.put_back", What: words.Message(what, args...), Err: cause}
}

// Adopt is ledger.Driver's. It needs the ledger for itself.
func (d Driver) Adopt(ctx context.Context) (said []batch.Message, err error) {
	d.adopting = true
	o, err := d.opened(ctx, true)
	if err != nil {
		return nil, err
	}
	if said, err = ledger.Doubt(ctx, o); err == nil {
		said = append(said, words.Message("ledger.adopt.since"))
	}
	return said, errors.Join(err, o.Close())
}
