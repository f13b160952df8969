package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/postgres/jobs"
	"github.com/rowferry/rowferry/places/local"
)

// A process that has the ledger open as an owner has a session: a line whose beat it makes grow. It believes in its session for four
// fifths of length after it began to do so last (in the rest, what was on the wire arrives, and a second's pace is over); whoever
// watches it, and does not see it grow for length, ends it. All go by their own monotonic clocks, so that no clock needs to be right.
// What a process writes without knowing that its session has ended is refused, because every transaction checks it (fence). A session
// is alone, or has others beside it, with which it shares the work by rights.

// glance is how often one looks who waits for a lease.
const glance = 250 * time.Millisecond

// lease is an owner's session.
type lease struct {
	pool   books
	epoch  int64 // the session's number: a later one has a greater one
	length time.Duration
	me     string
	clock  func() time.Time
	lock   *flock.Flock
	ours   context.Context // until it is lost
	lose   context.CancelFunc
	stop   context.CancelFunc // of keep
	ended  chan struct{}      // keep has ended

	mu      sync.Mutex
	renewed time.Time     // when the last renewal that was written began
	ahead   time.Duration // by how much this machine's clock certainly is ahead of the database's
	heard   time.Time     // when the last renewal was heard of here
	theirs  time.Time     // what the database's clock certainly had reached then
}

// enter begins a session, alone or beside others: *ledger.InUse when another one is in the way and lives.
func (b books) enter(ctx context.Context, d Driver, alone bool) (*lease, error) {
	lock, place, err := here(d.Data)
	if err != nil {
		return nil, err
	}
	if lock == nil {
		return nil, &ledger.InUse{Path: b.path, By: host()}
	}
	l := &lease{pool: b, me: d.me(), clock: d.clock, lock: lock, ended: make(chan struct{})}
	l.ours, l.lose = context.WithCancel(context.Background())
	if err := l.wait(ctx, place, alone); err != nil {
		return nil, errors.Join(b.explained(err), lock.Unlock())
	}
	beating, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.keep(beating)
	return l, nil
}

// me is how this process is called where people look.
func (d Driver) me() string {
	return fmt.Sprintf("%s, process %d", cmp.Or(d.machine, host()), os.Getpid())
}

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return "a machine without a name"
	}
	return name
}

// here locks the data folder and names it: a folder of this kernel, by an id that lies in it. lock is nil when another process
// has it.
func here(data string) (lock *flock.Flock, place string, err error) {
	if err := local.Private(data); err != nil {
		return nil, "", err
	}
	lock = flock.New(filepath.Join(data, "ledger.lock"))
	switch mine, err := lock.TryLock(); {
	case err != nil:
		return nil, "", err
	case !mine:
		return nil, "", nil
	}
	path := filepath.Join(data, "ledger.place")
	id, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		id = []byte(rand.Text())
		err = os.WriteFile(path, id, 0o600)
	}
	if err != nil {
		return nil, "", errors.Join(err, lock.Unlock())
	}
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // of Linux; elsewhere the host's name is enough
	return lock, host() + " " + strings.TrimSpace(string(boot)) + " " + string(id), nil
}

// holding is a session as others see it. One with the number 0 is that of an older rowferry, of which one works at a time.
type holding struct {
	id           int64
	holder       string
	place        string
	beat         int64
	alone        bool
	wants        []string
	heard, since time.Time // by the database's clock, for people
}

// sessions lists them, and how long one lasts without a beat.
func (b books) sessions(ctx context.Context, q querier) (all []holding, length time.Duration, err error) {
	rows, err := q.Query(ctx, everySession)
	if err != nil {
		return nil, 0, err
	}
	return scanSessions(rows)
}

const everySession = `SELECT l.length, coalesce(s.id, 0), coalesce(s.name, l.holder), coalesce(s.place, l.place), coalesce(s.beat, l.beat), coalesce(s.alone, true),
		coalesce(s.wants, '{}'), coalesce(s.heard, l.heard), coalesce(s.since, l.since) FROM leases l LEFT JOIN sessions s ON true
		WHERE l.name = 'ledger' ORDER BY s.id`

func scanSessions(rows pgx.Rows) (all []holding, length time.Duration, err error) {
	var h holding
	var millis int
	_, err = pgx.ForEachRow(rows, []any{&millis, &h.id, &h.holder, &h.place, &h.beat, &h.alone, &h.wants, &h.heard, &h.since}, func() error {
		if h.id != 0 || h.holder != "" && h.holder != ledgers {
			all = append(all, h)
		}
		h.wants = nil
		return nil
	})
	return all, time.Duration(millis) * time.Millisecond, err
}

// ledgers is who holds the lease that older rowferries know, once sessions have taken its place.
const ledgers = "*"

// watched tells by whoever watches which sessions are silent, and which moved.
type watched map[int64]seen

type seen struct {
	beat  int64
	since time.Time
	moved bool // it was seen to grow
}

// look takes note of what sessions there are.
func (w watched) look(all []holding) {
	now := time.Now()
	for id := range w {
		if !slices.ContainsFunc(all, func(h holding) bool { return h.id == id }) {
			delete(w, id)
		}
	}
	for _, h := range all {
		if before, known := w[h.id]; !known || before.beat != h.beat {
			w[h.id] = seen{h.beat, now, known}
		}
	}
}

// silent reports whether a session did not grow for so long.
func (w watched) silent(h holding, length time.Duration) bool {
	return time.Since(w[h.id].since) > length
}

// wait begins the session once nobody is in its way: sessions that ran here are over (we have their lock), others when they are silent.
func (l *lease) wait(ctx context.Context, place string, alone bool) error {
	watch, asked := watched{}, time.Now()
	for {
		all, length, err := l.pool.sessions(ctx, l.pool.pool)
		if broken(err) && time.Since(asked) < patient {
			clear(watch)
			if err := pause(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		asked, l.length = time.Now(), length
		watch.look(all)
		free := true
		for _, h := range all {
			switch {
			case h.place == place, (alone || h.alone) && watch.silent(h, length):
				if err := l.pool.end(ctx, h); err != nil {
					return err
				}
				free = false // look again
			case !alone && !h.alone:
			case watch[h.id].moved:
				return &ledger.InUse{Path: l.pool.path, By: h.holder, Elsewhere: true}
			default:
				free = false
			}
		}
		if free {
			if begun, err := l.begin(ctx, place, alone); begun || err != nil {
				return err
			}
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// pause waits for a glance.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(glance):
		return nil
	}
}

// begin writes the session down, unless one that is in its way began meanwhile.
func (l *lease) begin(ctx context.Context, place string, alone bool) (begun bool, err error) {
	l.renewed = time.Now()
	err = pgx.BeginFunc(ctx, l.pool.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockOf("sessions")); err != nil {
			return err
		}
		var taken bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM sessions WHERE alone OR $1) OR EXISTS (SELECT FROM leases WHERE name = 'ledger' AND holder NOT IN ('', '*'))", alone).Scan(&taken)
		if err != nil || taken {
			return err
		}
		begun = true
		var heard time.Time
		if err := tx.QueryRow(ctx, "INSERT INTO sessions (name, place, alone) VALUES ($1, $2, $3) RETURNING id, heard", l.me, place, alone).Scan(&l.epoch, &heard); err != nil {
			return err
		}
		l.noted(l.renewed, heard)
		_, err = tx.Exec(ctx, "INSERT INTO fences (session) VALUES ($1)", l.epoch)
		return err
	})
	return begun && err == nil, err
}

// lockOf is a statement that waits for one of the locks that all processes on a ledger take turns with, until the transaction ends.
func lockOf(what string) string {
	return "SELECT pg_advisory_xact_lock(hashtext('rowferry " + what + " ' || current_schema()))"
}

// end ends a session that did not grow since it was looked at: nothing it writes is taken any more, and what it had leased is free.
func (b books) end(ctx context.Context, h holding) error {
	return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		if h.id == 0 {
			r, err := tx.Exec(ctx, "UPDATE leases SET holder = '*', place = '', beat = beat + 1 WHERE name = 'ledger' AND holder = $1 AND beat = $2", h.holder, h.beat)
			if err == nil && r.RowsAffected() > 0 {
				_, err = tx.Exec(ctx, "UPDATE epochs SET epoch = epoch + 1 WHERE name = 'ledger'")
			}
			return err
		}
		return over(ctx, tx, h.id, h.beat)
	})
}

// over takes a session out; where beat is not negative, only if it stands there still.
func over(ctx context.Context, tx pgx.Tx, id, beat int64) error {
	var works bool
	err := tx.QueryRow(ctx, "DELETE FROM sessions WHERE id = $1 AND (beat = $2 OR $2 < 0) RETURNING NOT alone AND to_regclass('river_job') IS NOT NULL", id, beat).Scan(&works)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue("DELETE FROM fences WHERE session = $1", id) // waits for a transaction that is under way
	b.Queue("UPDATE rights SET session = NULL WHERE session = $1", id)
	if works {
		b.Queue(jobs.Free, id)
	}
	b.Queue(notifyRights)
	return tx.SendBatch(ctx, b).Close()
}

// Held reports whether the lease is certainly ours. A machine that slept, or whose clock was set forward, believes in it less.
func (l *lease) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, held := time.Now(), l.length/5*4
	return l.ours.Err() == nil && now.Sub(l.renewed) < held && now.Round(0).Sub(l.renewed.Round(0)) < held
}

// keep renews the lease until ctx ends or it is lost.
func (l *lease) keep(ctx context.Context) {
	defer close(l.ended)
	beat := l.length / 5
	for pause := beat; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if !l.Held() {
			l.lose()
			return
		}
		began := time.Now()
		soon, stop := context.WithTimeout(ctx, beat)
		var heard time.Time
		err := l.pool.pool.QueryRow(soon, "UPDATE sessions SET beat = beat + 1, heard = now() WHERE id = $1 RETURNING heard", l.epoch).Scan(&heard)
		stop()
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			l.lose()
			return
		case err != nil:
			pause = glance
			continue
		}
		pause = beat
		l.noted(began, heard)
	}
}

// noted takes note of a renewal that began then, by this machine's clock, and that the database heard then, by its own.
func (l *lease) noted(began, heard time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renewed, l.ahead = began, max(0, l.clock().Sub(heard)-time.Since(began))
	l.heard, l.theirs = time.Now(), heard
}

// reached is what the database's clock certainly has reached by now, unless it was put back since the last renewal. It lacks as long as its word
// takes to come here.
func (l *lease) reached() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.theirs.Add(time.Since(l.heard))
}

// slower is a moment that was reckoned by this machine's clock, as the slower of that and the database's has it: so a machine whose clock is ahead
// neither takes what others sent for too old to count, nor forgets it.
func (l *lease) slower(moment time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return moment.Add(-l.ahead)
}

// close stops renewing and ends the session, if it is ours still.
func (l *lease) close(ctx context.Context) error {
	l.stop()
	<-l.ended
	ours := l.Held()
	l.lose()
	var err error
	if ours {
		err = pgx.BeginFunc(ctx, l.pool.pool, func(tx pgx.Tx) error { return over(ctx, tx, l.epoch, -1) })
	}
	return errors.Join(err, l.lock.Unlock())
}
