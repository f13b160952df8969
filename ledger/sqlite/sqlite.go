// Package sqlite is the ledger in one SQLite file: WAL, synchronous=FULL, one writer, grouped commits.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	sqlite3 "modernc.org/sqlite"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/commits"
	"github.com/rowferry/rowferry/ledger/spool"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/words"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Driver is a ledger in a folder. It is a ledger.Driver.
type Driver struct{ Dir string }

// books is a ledger to look at.
type books struct {
	path   string
	reader *asking
}

// folder is where the copies of files lie, beside the database.
func (b books) folder() spool.Folder {
	return spool.Folder{Dir: filepath.Join(filepath.Dir(b.path), "spool")}
}

// Copies is ledger.Books'.
func (b books) Copies() ledger.Copies { return b.folder() }

// Spool is ledger.Intake's.
func (l *Ledger) Spool() ledger.Spool { return l.folder() }

// Visitor is a ledger that another process may own.
type Visitor struct {
	register
	writer *sql.DB
	prints printIndex
}

// Ledger is a ledger in its owner's hands.
type Ledger struct {
	ledger.Scribe[*writing] // do
	register
	writer *sql.DB
	conn   *kept // the writing goroutine's
	lock   *flock.Flock
	queue  *commits.Queue[op]
	done   chan struct{} // closed when the writing goroutine has ended
	keys   sync.Map      // file id → its integer key
	// tallies of chunks that events came for lately; the writing goroutine's
	tallies map[tallied]*ledger.Tally
	mark    *markFile
	prints  printIndex
	// the writing goroutine's: how many files were accepted in this process's life, which was which by key, and how many had
	// been when a file was taken, or last unstaged: before anybody asked what earlier ones had sent of it
	accepts  int64
	accepted map[int64]int64
	began    map[string]int64
	gathered []ledger.Event   // room for a group's; the writing goroutine's
	bare     bool             // no room can be kept on its disk; the writing goroutine's
	torn     map[string]error // file id → why a chunk of it could not be staged since Unstage; the writing goroutine's
}

// Open is ledger.Driver's.
func (d Driver) Open(ctx context.Context) (ledger.Owner, error) {
	l, err := d.own(ctx, verifying)
	if err != nil {
		return nil, err // not a nil *Ledger in an interface
	}
	return l, nil
}

// Source opens a ledger for another one to take it in, as Open does.
func (d Driver) Source(ctx context.Context) (ledger.Source, error) {
	l, err := d.own(ctx, verifying)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// StandBy is ledger.Driver's: machines do not share this ledger.
func (Driver) StandBy(context.Context, string) error { return nil }

// Turn is ledger.Books's: one machine has this ledger for itself.
func (books) Turn(context.Context) (*ledger.Turn, error) { return nil, nil }

// Owned is ledger.Driver's.
func (d Driver) Owned() bool {
	path := filepath.Join(d.Dir, "ledger.lock")
	if _, err := os.Stat(path); err != nil {
		return false
	}
	lock := flock.New(path)
	mine, err := lock.TryLock()
	return err == nil && !mine || errors.Join(err, lock.Unlock()) != nil
}

// trust is whether a ledger that is not the newest is opened.
type trust int

const (
	verifying trust = iota
	adopting
)

func (d Driver) own(ctx context.Context, how trust) (*Ledger, error) {
	dir := d.Dir
	if err := private(dir); err != nil {
		return nil, unwritable(dir, err)
	}
	lock := flock.New(filepath.Join(dir, "ledger.lock"))
	mine, err := lock.TryLock()
	if err != nil {
		return nil, unwritable(dir, err)
	}
	if !mine {
		return nil, &ledger.InUse{Path: dir, PID: ownerOf(dir)}
	}
	_ = os.WriteFile(filepath.Join(dir, "ledger.pid"), []byte(strconv.Itoa(os.Getpid())), 0o600)
	if err := d.make(ctx); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	b, writer, err := open(ctx, dir, true)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	if err := private(dir); err != nil { // what was made just now
		return nil, errors.Join(unwritable(dir, err), b.reader.Close(), writer.Close(), lock.Unlock())
	}
	conn, err := writer.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, b.reader.Close(), writer.Close(), lock.Unlock())
	}
	l := &Ledger{writer: writer, conn: &kept{conn, map[string]*sql.Stmt{}}, lock: lock, queue: commits.New[op](), done: make(chan struct{}), torn: map[string]error{}, tallies: map[tallied]*ledger.Tally{},
		accepted: map[int64]int64{}, began: map[string]int64{}}
	l.Scribe = l.do
	l.register = register{b, func(ctx context.Context, query string, args ...any) error {
		return l.do(ctx, func(w *writing) error { return w.exec(query, args...) })
	}}
	id, value, markErr := readMark(dir)
	go l.write()
	err = l.migrate(ctx, how, markErr == nil && value > 0)
	if err == nil {
		err = l.marked(ctx, dir, id, value, markErr, how)
	}
	if err == nil {
		err = ledger.Reprint(ctx, l, l.Reprint)
	}
	if err == nil {
		err = l.knowsFile(ctx, how)
	}
	local.HandOver(dir)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// unwritable says what to do about a folder in which no ledger can be.
func unwritable(dir string, err error) error {
	return fmt.Errorf("the ledger cannot be written in %s: give this user the right to write there, or name another folder with `data` (%w)", dir, err)
}

// emptied says so when there is no ledger although one took files: their copies lie in the spool. Taken for a new one, it would
// send again what was sent.
func emptied(path string) error {
	for _, err := range (books{path: path}).folder().IDs(context.Background()) {
		if err != nil {
			return err
		}
		return &ledger.Damaged{Path: path, Lost: true, What: words.Message("ledger.what.emptied")}
	}
	return nil
}

// explained says so when SQLite found the file damaged, or no room for it.
func (b books) explained(err error) error {
	if errors.Is(err, ledger.ErrAltered) {
		return b.damaged(err)
	}
	found, ok := errors.AsType[*sqlite3.Error](err)
	if !ok {
		return err
	}
	switch found.Code() & 0xff {
	case corrupt, noDatabase:
		return b.damaged(found)
	case full:
		return b.filled(err)
	case unwritten: // a full disk, too, where the files beside the database cannot grow
		if room, roomErr := local.Room(filepath.Dir(b.path)); roomErr == nil && room < 1<<20 {
			return b.filled(err)
		}
	}
	return err
}

func (b books) filled(cause error) error {
	return fmt.Errorf("%w where %s lies: make room there (where df shows some, df -i may show that it holds as many files as it can); nothing is lost, and what waits goes on then (%w)", ledger.ErrFull, b.path, cause)
}

func (b books) damaged(cause error) error {
	return &ledger.Damaged{Path: b.path, What: words.Message("ledger.what.altered", "cause", cause), Err: cause}
}

// Result codes of SQLite.
const (
	corrupt    = 11
	unwritten  = 10
	full       = 13
	constraint = 19
	noDatabase = 26
)

// Visit is ledger.Driver's.
func (d Driver) Visit(ctx context.Context) (ledger.Visitor, error) {
	path := filepath.Join(d.Dir, "ledger.db")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrPermission) {
		return nil, &places.Trouble{Message: words.Message("ledger.closed", "dir", d.Dir), Err: err}
	} else if err != nil {
		return nil, cmp.Or(emptied(path), fmt.Errorf("ledger: %w", err))
	}
	id, value, markErr := readMark(d.Dir)
	b, writer, err := open(ctx, d.Dir, false)
	if err != nil {
		return nil, err
	}
	v := &Visitor{writer: writer, register: register{b, func(ctx context.Context, query string, args ...any) error {
		_, err := writer.ExecContext(ctx, query, args...)
		return err
	}}}
	have, known, err := v.version(ctx)
	switch {
	case err != nil:
	case have == 0:
		if err = emptied(v.path); err == nil {
			err = fmt.Errorf("ledger: %s is being made: %w", v.path, fs.ErrNotExist)
		}
	case have < known:
		return d.afterMigration(ctx, v)
	default:
		err = v.whole(ctx, id, value, markErr)
	}
	if err == nil {
		err = d.reprinted(ctx, v)
	}
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// reprinted has the prints of an older rowferry made anew, unless an owner is there: it does so, or is that older one.
func (d Driver) reprinted(ctx context.Context, v *Visitor) error {
	if done, err := ledger.Reprinted(ctx, v); err != nil || done {
		return err
	}
	owner, err := d.Open(ctx)
	if _, busy := errors.AsType[*ledger.InUse](err); busy {
		return nil
	}
	if err != nil {
		return err
	}
	return owner.Close()
}

// afterMigration brings a ledger of an older rowferry up to date, unless that one is running, and visits it.
func (d Driver) afterMigration(ctx context.Context, v *Visitor) (ledger.Visitor, error) {
	if err := v.Close(); err != nil {
		return nil, err
	}
	owner, err := d.Open(ctx)
	if _, busy := errors.AsType[*ledger.InUse](err); busy {
		return nil, fmt.Errorf("ledger %s is in use by an older rowferry: stop that and start this version instead", v.path)
	}
	if err != nil {
		return nil, err
	}
	if err := owner.Close(); err != nil {
		return nil, err
	}
	return d.Visit(ctx)
}

// Close closes the file.
func (v *Visitor) Close() error { return errors.Join(v.writer.Close(), v.reader.Close()) }

// version is the schema that the ledger has and the one that this program knows. It is an error when the ledger's is newer.
func (b books) version(ctx context.Context) (have, known int, err error) {
	if err := b.reader.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return 0, 0, b.explained(fmt.Errorf("ledger %s: %w", b.path, err))
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, 0, err
	}
	if have > len(files) {
		return 0, 0, fmt.Errorf("ledger %s was written by a newer rowferry (schema %d, this one knows %d): use that version", b.path, have, len(files))
	}
	return have, len(files), nil
}

func ownerOf(dir string) int {
	b, _ := os.ReadFile(filepath.Join(dir, "ledger.pid"))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

// private makes dir and everything of the ledger in it ours alone, whatever the umask is and whoever could read it before.
// SQLite gives its other files the rights of the database.
func private(dir string) error {
	if err := local.Private(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "ledger.") {
			if e.Type()&fs.ModeSymlink != 0 && !strings.HasPrefix(e.Name(), "ledger.db") { // an owner may have put the database elsewhere; what is written and made private would be somebody else's file
				return fmt.Errorf("%s is a link, and rowferry made none: remove it", filepath.Join(dir, e.Name()))
			}
			err = errors.Join(err, local.Restrict(filepath.Join(dir, e.Name()), 0o600))
		}
	}
	return err
}

// source is what SQLite opens a database by, with what is set on each connection.
func source(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(60000)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// open opens the file to read and to write.
func open(ctx context.Context, dir string, owner bool) (b books, writer *sql.DB, err error) {
	path := filepath.Join(dir, "ledger.db")
	pragmas := []string{"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-2000)"}
	if info, statErr := os.Stat(path); owner && (statErr != nil || info.Size() == 0) { // it takes effect before there are tables, and writes each time
		pragmas = append(pragmas, "auto_vacuum(2)")
	}
	writer, err = sql.Open("sqlite", source(path, pragmas...))
	if err != nil {
		return b, nil, fmt.Errorf("ledger: %w", err)
	}
	writer.SetMaxOpenConns(1)
	if owner { // it keeps one to write with; the other is for what is no step
		writer.SetMaxOpenConns(2)
	}
	b = books{path: path}
	reader, err := sql.Open("sqlite", source(path, "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-250)", "query_only(1)"))
	if err != nil {
		return b, nil, errors.Join(err, writer.Close())
	}
	b.reader = &asking{DB: reader, often: map[string]*sql.Stmt{}}
	b.reader.SetMaxOpenConns(4)
	if err := writer.PingContext(ctx); err != nil {
		return b, nil, errors.Join(b.explained(fmt.Errorf("ledger %s: %w", path, err)), writer.Close(), b.reader.Close())
	}
	return b, writer, nil
}

// migrate runs the numbered files that this ledger has not seen, all or none of them. user_version is the number of the last.
func (l *Ledger) migrate(ctx context.Context, how trust, marked bool) error {
	have, known, err := l.version(ctx)
	if err == nil && have == 0 && how == verifying {
		err = emptied(l.path)
	}
	if err == nil && have == 0 && marked && how == verifying {
		err = l.lost("empty")
	}
	if err != nil {
		return err
	}
	if have == known {
		return nil
	}
	return l.do(ctx, func(tx *writing) error {
		return upgrade(l.path, have, func(text string) error { return tx.exec(text) })
	})
}

// upgrade runs the numbered files but for those that a database has seen.
func upgrade(path string, have int, exec func(text string) error) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range files[have:] {
		text, err := fs.ReadFile(migrations, name)
		if err == nil {
			err = exec(string(text))
		}
		if err != nil {
			return fmt.Errorf("ledger %s: %s: %w", path, name, err)
		}
	}
	return exec(fmt.Sprintf("PRAGMA user_version = %d", len(files)))
}

// Close finishes what is queued and closes the file.
func (l *Ledger) Close() error {
	l.queue.Close()
	<-l.done
	err := errors.Join(l.conn.close(), l.writer.Close(), l.reader.Close(), l.mark.close())
	local.HandOver(filepath.Dir(l.path))
	return errors.Join(err, l.lock.Unlock())
}

// Lease grants everything: who holds the file lock is the only owner.
func (l *Ledger) Lease(context.Context, string) (ledger.Lease, error) {
	return &lease{lost: make(chan struct{})}, nil
}

// Join is Open.
func (d Driver) Join(ctx context.Context, _ string) (ledger.Owner, error) { return d.Open(ctx) }

// Changed is ledger.Among's: there is nobody else.
func (l *Ledger) Changed() <-chan struct{} { return nil }

// Jobs is ledger.Among's.
func (l *Ledger) Jobs() ledger.Jobs { return nil }

// ticks is how far apart two writes must be to have different times on any file system that a ledger lies on.
const ticks = 2 * time.Second

// Stamp is ledger.Owner's: when the log was written last into which each transaction goes, and how long it is. A moment ago tells nothing: another
// write of the same moment would look the same.
func (l *Ledger) Stamp() string {
	log, err := os.Stat(filepath.Join(filepath.Dir(l.lock.Path()), "ledger.db-wal"))
	if err != nil || time.Since(log.ModTime()) < ticks {
		return ""
	}
	return fmt.Sprint(log.ModTime().UnixNano(), log.Size())
}

// Abandoned is ledger.Among's: whoever began anything before is gone.
func (l *Ledger) Abandoned(context.Context, string) (bool, error) { return true, nil }

type lease struct {
	once sync.Once
	lost chan struct{}
}

func (l *lease) Lost() <-chan struct{} { return l.lost }

// Wanted is never closed: there is nobody else.
func (l *lease) Wanted() <-chan struct{} { return nil }

func (l *lease) Held() bool {
	select {
	case <-l.lost:
		return false
	default:
		return true
	}
}

func (l *lease) Release(context.Context) error {
	l.once.Do(func() { close(l.lost) })
	return nil
}

// do queues a write that is a step of its own and waits for it.
func (l *Ledger) do(ctx context.Context, step func(*writing) error) error {
	return l.queue.Add(op{step: step}, 1).Wait(ctx)
}

// op is one queued write: a step, a chunk to stage, or events.
type op struct {
	step   func(*writing) error
	stage  *staged
	events []ledger.Event
	failed error // of the step or the chunk, alone
}

// chunkWeight is the share of a commit that a staged chunk makes up: it holds hundreds of items.
const chunkWeight = commits.Size / 16

// write is the one goroutine that writes. It ends when the queue is closed and empty.
func (l *Ledger) write() {
	defer close(l.done)
	for {
		ops := l.queue.Drain()
		if ops == nil {
			return
		}
		l.commit(ops)
	}
}

// commit writes a group in one transaction. A step that fails is undone alone; when the transaction fails, all fail. Of a full disk only what
// came of requests is written, in the room that is kept for it.
func (l *Ledger) commit(ops []commits.Queued[op]) {
	why := l.afford()
	if why == nil {
		if why = l.attempt(ops); errors.Is(why, ledger.ErrFull) {
			l.spend()
		}
	}
	if errors.Is(why, ledger.ErrFull) {
		if ops = l.outcomes(ops, why); len(ops) > 0 {
			why = l.attempt(ops)
		}
	}
	for i := range ops {
		l.finish(&ops[i], why)
	}
}

// finish tells whoever waits for a write what became of it.
func (l *Ledger) finish(o *commits.Queued[op], why error) {
	failed := cmp.Or(why, o.Write.failed)
	if failed != nil && o.Write.stage != nil {
		l.torn[o.Write.stage.File] = failed
	}
	o.Done(failed)
}

// attempt writes a group in one transaction, or nothing of it.
func (l *Ledger) attempt(ops []commits.Queued[op]) error {
	w, err := l.begin()
	if err == nil {
		err = w.apply(ops)
		err = w.end(err)
	}
	if err == nil {
		err = l.mark.raise(w.reached)
	}
	if err != nil {
		return l.explained(fmt.Errorf("ledger: %w", err))
	}
	return nil
}

// writing is a transaction of the writing goroutine.
type writing struct {
	ctx     context.Context
	conn    *kept
	l       *Ledger
	reached int64 // the greatest Change of a file that it leaves
	learned bool  // the index of prints has what is not committed yet
	dropped bool  // it has what will not be there any more
}

func (l *Ledger) begin() (*writing, error) {
	w := &writing{ctx: context.Background(), conn: l.conn, l: l}
	return w, w.exec("BEGIN IMMEDIATE")
}

func (w *writing) end(err error) error {
	if err == nil && w.l.mark != nil && ledger.Guarded() {
		err = w.sum()
	}
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		_ = w.exec("ROLLBACK")
		clear(w.l.tallies)
	}
	if w.dropped || err != nil && w.learned {
		w.l.prints.forget()
	} else if err == nil && w.learned {
		w.l.prints.committed()
	}
	return err
}

func (w *writing) exec(query string, args ...any) error {
	_, err := w.conn.ExecContext(w.ctx, query, args...)
	return err
}

// apply runs the operations in order. Events that stand next to each other (or to staged chunks) are grouped.
func (w *writing) apply(ops []commits.Queued[op]) error {
	events := w.l.gathered[:0]
	defer func() { clear(events); w.l.gathered = events[:0] }()
	for i := range ops {
		o := &ops[i].Write
		switch {
		case o.events != nil:
			events = append(events, o.events...)
		case o.stage != nil:
			if err := w.stage(o.stage); isConstraint(err) || errors.Is(err, ledger.ErrState) || errors.Is(err, ledger.ErrNotFound) {
				o.failed = err // nothing of it is written, and it is no fault of the others
			} else if err != nil {
				return err
			}
		default:
			if err := w.Record(events); err != nil {
				return err
			}
			events = events[:0]
			if err := w.step(o); err != nil {
				return err
			}
		}
	}
	return w.Record(events)
}

// step runs a step inside a savepoint: its failure is its caller's alone. Only after it has left prints, which is after all that a
// person can cause, the transaction fails with it: what memory has of prints is not undone step by step.
func (w *writing) step(o *op) error {
	if err := w.exec("SAVEPOINT step"); err != nil {
		return err
	}
	before := w.learned
	w.learned = false
	if err := o.step(w); err != nil {
		o.failed = err
		clear(w.l.tallies)
		if w.learned {
			return err
		}
		w.learned = before
		return w.exec("ROLLBACK TO step")
	}
	w.learned = w.learned || before
	return w.exec("RELEASE step")
}

// isConstraint reports a violated UNIQUE.
func isConstraint(err error) bool {
	e, ok := errors.AsType[*sqlite3.Error](err)
	return ok && e.Code()&0xff == constraint
}
