// Package postgres is the ledger in a PostgreSQL database: one writer in each process, under a session that every transaction checks,
// and grouped commits that are sent without waiting for each statement.
package postgres

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/commits"
	"github.com/rowferry/rowferry/ledger/postgres/jobs"
	"github.com/rowferry/rowferry/ledger/sieve"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Driver is a ledger at an address, postgres://USER@HOST/DATABASE. It is a ledger.Driver.
type Driver struct {
	Address string
	Data    string // a folder of this process alone: its lock tells a dead holder of the lease from one that lives

	Spool string // a folder that all machines reach, for the copies; "": they lie in the database

	adopting bool             // whatever it does not know any more
	machine  string           // what it is called where people look; "": as the system calls it
	clock    func() time.Time // nil: the system's
}

// books is a ledger to look at.
type books struct {
	pool  *pgxpool.Pool
	path  string // the address without its password
	data  string // where fetched copies lie
	spool string // the folder of the copies; "": the database
}

// Visitor is a ledger that another process may own.
type Visitor struct{ register }

// Ledger is a ledger in its owner's hands.
type Ledger struct {
	ledger.Scribe[*writing] // do
	register
	lease  *lease
	among  *among     // nil: it is alone
	jobs   *jobs.Jobs // nil: it is alone
	clock  func() time.Time
	queue  *commits.Queue[op]
	done   chan struct{} // closed when the writing goroutine has ended
	keys   sync.Map      // file id → its key
	days   sync.Map      // days that have their partitions
	recent recent

	sieve   sieve.Sieve // has all prints that the database has, once it is filled
	filling sync.Mutex
	filled  bool

	writer  *pgx.Conn // the writing goroutine's, as all below
	group   int64     // the number of the last group
	seen    *book     // what is remembered beside the database: the number of the last one that was committed
	tallies map[ledger.ChunkID]*ledger.Tally
	torn    map[string]error // file id → why a chunk of it could not be staged since Unstage
}

// schema is where the tables lie unless the address says search_path.
const schema = "rowferry"

// sessionWide is what is set on each connection, once it is there: a pooler of sessions, such as PgBouncer, refuses whoever says more than who it is
// as it connects. Who waited for a lock sees what others wrote before; what is reported as written is on disk, whatever the server's default; a
// holder that was suspended in mid-transaction does not keep others waiting; no statement of ours is too long, and none of our sessions too quiet (which
// servers before PostgreSQL 14 do not know).
const sessionWide = `SELECT set_config('search_path', $1, false), set_config('default_transaction_isolation', 'read committed', false), set_config('synchronous_commit', 'on', false),
	set_config('idle_in_transaction_session_timeout', '5000', false), set_config('standard_conforming_strings', 'on', false), set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false),
	CASE WHEN current_setting('idle_session_timeout', true) <> '' THEN set_config('idle_session_timeout', '0', false) END`

// settings reads an address. No error of it shows a password.
func settings(address string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	given := c.ConnConfig.RuntimeParams
	given["application_name"] = "rowferry"
	path := cmp.Or(given["search_path"], schema)
	delete(given, "search_path")
	c.ConnConfig.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		return conn.ExecParams(ctx, sessionWide, [][]byte{[]byte(path)}, nil, nil, nil).Read().Err
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	c.MaxConns = 6
	c.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > 15*time.Second } // machines ask every second
	return c, nil
}

// shown is an address without its password.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "postgres"
	}
	q := u.Query()
	q.Del("password")
	q.Del("sslpassword")
	u.RawQuery = q.Encode()
	return u.Redacted()
}

// open connects and makes sure that somebody answers.
func (d Driver) open(ctx context.Context) (books, error) {
	b := books{path: shown(d.Address), data: d.Data, spool: d.Spool}
	c, err := settings(d.Address)
	if err != nil {
		return b, err
	}
	if b.pool, err = pgxpool.NewWithConfig(ctx, c); err != nil {
		return b, fmt.Errorf("ledger %s: %w", b.path, err)
	}
	if err := b.pool.Ping(ctx); err != nil {
		b.pool.Close()
		return b, fmt.Errorf("ledger %s: %w", b.path, b.explained(err))
	}
	return b, nil
}

// Open is ledger.Driver's. Where another process held the lease and is gone without giving it back, it waits until that is sure.
func (d Driver) Open(ctx context.Context) (ledger.Owner, error) {
	return d.opened(ctx, true)
}

// Join is ledger.Driver's.
func (d Driver) Join(ctx context.Context, machine string) (ledger.Owner, error) {
	d.machine = machine
	return d.opened(ctx, false)
}

func (d Driver) opened(ctx context.Context, alone bool) (ledger.Owner, error) {
	l, err := d.own(ctx, alone)
	if err != nil {
		return nil, err // not a nil *Ledger in an interface
	}
	if err := l.unfinished(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (d Driver) own(ctx context.Context, alone bool) (*Ledger, error) {
	b, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	err = b.migrate(ctx)
	if err == nil {
		err = b.agree(ctx)
	}
	if err == nil && !d.adopting {
		err = b.knowing(ctx, d.me())
	}
	if err == nil && !alone { // who works alone hands nothing out
		err = b.explained(jobs.Migrate(ctx, b.pool))
	}
	if err != nil {
		b.pool.Close()
		return nil, err
	}
	if d.clock == nil {
		d.clock = time.Now
	}
	lease, err := b.enter(ctx, d, alone)
	if err == nil && !d.adopting { // another one may have said meanwhile that it misses something: it ends the sessions that it finds
		if err = b.knowing(ctx, d.me()); err != nil {
			err = errors.Join(err, lease.close(ctx))
		}
	}
	if err != nil {
		b.pool.Close()
		return nil, err
	}
	l := &Ledger{register: register{b}, lease: lease, clock: d.clock, queue: commits.New[op](), done: make(chan struct{}), tallies: map[ledger.ChunkID]*ledger.Tally{}, torn: map[string]error{}}
	l.Scribe = l.do
	if l.seen, err = l.remember(ctx, d.adopting); err != nil {
		err = errors.Join(err, lease.close(ctx))
		l.pool.Close()
		return nil, err
	}
	go l.write()
	if !alone {
		l.join()
		if l.jobs, err = jobs.Open(ctx, l.pool.Config(), jobs.Session{Number: lease.epoch, Ours: lease.ours, Clock: lease.reached}, l.again); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	err = l.partitions(ctx, l.today())
	if err == nil {
		err = ledger.Reprint(ctx, l, l.Reprint)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Visit is ledger.Driver's.
func (d Driver) Visit(ctx context.Context) (ledger.Visitor, error) {
	b, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	have, known, err := b.version(ctx, b.pool)
	switch {
	case err != nil:
	case have == 0:
		err = fmt.Errorf("ledger: %s has none: %w", b.path, fs.ErrNotExist)
	case have < known:
		err = b.migrate(ctx) // migrations only add: an older rowferry goes on beside them
	}
	if err == nil {
		err = b.unfinished(ctx)
	}
	if err == nil {
		err = b.knows(ctx)
	}
	if err != nil {
		b.pool.Close()
		return nil, err
	}
	return &Visitor{register{b}}, nil
}

// Close closes the connections.
func (v *Visitor) Close() error { v.pool.Close(); return nil }

// Close finishes what is queued, gives the lease back and closes the connections.
func (l *Ledger) Close() error {
	if l.among != nil {
		l.among.leave()
	}
	if l.jobs != nil {
		l.jobs.Close()
	}
	l.queue.Close()
	<-l.done
	_ = l.seen.file.Close() // it may be behind
	l.recent.keep(0, nil)
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	err := l.lease.close(ctx)
	if l.writer != nil {
		_ = l.writer.Close(ctx) // nothing is under way: one that broke says so
	}
	l.pool.Close()
	return err
}

// querier is a connection, a transaction or the pool.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// version is the schema that the ledger has and the one that this program knows. It is an error when the ledger's is newer.
func (b books) version(ctx context.Context, q querier) (have, known int, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, 0, err
	}
	err = q.QueryRow(ctx, "SELECT coalesce(max(number), 0) FROM migrations").Scan(&have)
	if code(err) == undefinedTable {
		return 0, len(files), nil
	}
	if err != nil {
		return 0, 0, b.explained(err)
	}
	if have > len(files) {
		return 0, 0, fmt.Errorf("ledger %s was written by a newer rowferry (schema %d, this one knows %d): use that version", b.path, have, len(files))
	}
	return have, len(files), nil
}

// migrate runs the numbered files that this ledger has not seen, whoever else does so at the same time.
func (b books) migrate(ctx context.Context) error {
	have, known, err := b.version(ctx, b.pool)
	if err != nil || have == known {
		return err
	}
	err = pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		var home, encoding string
		var there bool // a role may use a schema that it was given, and not make one
		err := tx.QueryRow(ctx, "SELECT p, current_setting('server_encoding'), EXISTS (SELECT FROM pg_namespace WHERE nspname = p) FROM current_setting('search_path') p").Scan(&home, &encoding, &there)
		if err != nil {
			return err
		}
		if have == 0 && encoding != "UTF8" && encoding != "SQL_ASCII" {
			return &places.Trouble{Message: words.Message("ledger.encoding", "encoding", encoding)}
		}
		name := pgx.Identifier{home}.Sanitize()
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext($1))", "rowferry "+home); err != nil {
			return err
		}
		if !there {
			if _, err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+name); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "SELECT coalesce(max(number), 0) FROM migrations").Scan(&have); err != nil {
			return err
		}
		files, err := fs.Glob(migrations, "migrations/*.sql")
		if err != nil {
			return err
		}
		for i, name := range files[min(have, len(files)):] {
			text, err := fs.ReadFile(migrations, name)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, string(text)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if _, err := tx.Exec(ctx, "INSERT INTO migrations (number) VALUES ($1)", have+i+1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("ledger %s: %w", b.path, err)
	}
	return nil
}

// Codes of PostgreSQL.
const (
	undefinedTable  = "42P01"
	uniqueViolation = "23505"
	resources       = "53" // of the server are at an end: memory, files, what was set as a limit
	diskFull        = "53100"
	tooMany         = "53300" // connections
	readOnly        = "25006" // a standby, or what somebody set
	idleTooLong     = "25P03"
	queryCanceled   = "57014"
	statementThere  = "42P05" // prepared already, by somebody else
	statementGone   = "26000"
	lockTimeout     = "55P03"
)

// code is PostgreSQL's code of an error; "" when it is none of its own.
func code(err error) string {
	if found, ok := errors.AsType[*pgconn.PgError](err); ok {
		return found.Code
	}
	return ""
}

// explained says so when what was read is not what was written, or the database writes nothing at present.
func (b books) explained(err error) error {
	switch {
	case errors.Is(err, ledger.ErrAltered):
		return &ledger.Damaged{Path: b.path, Sentence: "ledger.altered", What: words.Message("ledger.what.altered", "cause", err), Err: err}
	case code(err) == readOnly:
		return fmt.Errorf("%w (%s): nothing is lost, and what waits goes on when it can be written (%w)", ledger.ErrFrozen, b.path, err)
	case code(err) == statementThere, code(err) == statementGone: // another session's
		return &places.Trouble{Message: words.Message("ledger.pooled"), Err: err}
	case broken(err) && errors.Is(err, fs.ErrNotExist): // its socket: that is not to say that nothing has been taken yet
		return fmt.Errorf("%w: %s", ledger.ErrAway, err)
	case broken(err):
		return fmt.Errorf("%w: %w", ledger.ErrAway, err)
	case code(err) == undefinedTable && b.gone():
		return &ledger.Damaged{Path: b.path, Sentence: "ledger.gone", Err: err}
	case code(err) == diskFull:
		return fmt.Errorf("%w where the database %s lies: make room there; nothing is lost, and what waits goes on then (%w)", ledger.ErrFull, b.path, err)
	case strings.HasPrefix(code(err), resources):
		return fmt.Errorf("%w: %w", ledger.ErrAway, err)
	}
	return err
}

// gone reports whether the database certainly has no ledger any more.
func (b books) gone() (gone bool) {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	err := b.pool.QueryRow(ctx, "SELECT to_regclass('fences') IS NULL").Scan(&gone)
	return err == nil && gone
}

// patient is how long a reader asks again while the database does not answer: a restart takes that long.
const patient = 8 * time.Second

// asked is what look finds, as reading asks.
func asked[T any](ctx context.Context, b books, look func(q querier) (T, error)) (found T, err error) {
	err = b.reading(ctx, func(q querier) (err error) {
		found, err = look(q)
		return err
	})
	return found, err
}

// listed are the rows of a query, each as scan gives it.
func listed[T any](ctx context.Context, b books, scan pgx.RowToFunc[T], query string, args ...any) ([]T, error) {
	return asked(ctx, b, func(q querier) ([]T, error) {
		rows, err := q.Query(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, scan)
	})
}

// reading asks the pool, as again does.
func (b books) reading(ctx context.Context, look func(q querier) error) error {
	return b.again(ctx, func() error { return look(b.pool) })
}

// again does something, and again where the connection broke. do may be called more than once and must begin anew each time.
func (b books) again(ctx context.Context, do func() error) error {
	until := time.Now().Add(patient)
	for {
		err := do()
		if err == nil || !broken(err) || ctx.Err() != nil || time.Now().After(until) {
			return b.explained(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// broken reports whether an error is the connection's, or that of a server which starts, stops, chose between two transactions, or changed places
// with its standby: the same may go well over another connection.
func broken(err error) bool {
	if c := code(err); c != "" {
		return slices.Contains([]string{"08", "40", "57"}, c[:2]) && c != queryCanceled || c == tooMany || c == idleTooLong || c == readOnly
	}
	var network net.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, refused := errors.AsType[*pgconn.ConnectError](err)
	return refused || errors.As(err, &network) || errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err)
}
