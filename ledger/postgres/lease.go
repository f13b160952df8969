package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/places/local"
)

// One process at a time owns the ledger. Its lease has no end in the database: the holder makes beat grow, and believes in its
// lease for four fifths of length after it began to do so last (in the rest, what was on the wire arrives, and a second's pace
// is over); whoever wants it watches beat, and takes it when it has not grown for length. Both go by their own monotonic clock,
// so that no clock needs to be right. What a holder writes without knowing that it lost the lease is refused, because every
// transaction checks its epoch.

// glance is how often one looks who waits for a lease.
const glance = 250 * time.Millisecond

// lease is the owner's.
type lease struct {
	pool   books
	epoch  int64
	length time.Duration
	me     string
	lock   *flock.Flock
	ours   context.Context // until it is lost
	lose   context.CancelFunc
	stop   context.CancelFunc // of keep
	ended  chan struct{}      // keep has ended

	mu      sync.Mutex
	renewed time.Time // when the last renewal that was written began
}

// acquire takes the lease: *ledger.InUse when another process holds it and lives.
func (b books) acquire(ctx context.Context, data string) (*lease, error) {
	lock, place, err := here(data)
	if err != nil {
		return nil, err
	}
	if lock == nil {
		return nil, &ledger.InUse{Path: b.path, By: host()}
	}
	l := &lease{pool: b, me: me(), lock: lock, ended: make(chan struct{})}
	l.ours, l.lose = context.WithCancel(context.Background())
	if err := l.watch(ctx, place); err != nil {
		return nil, errors.Join(b.explained(err), lock.Unlock())
	}
	beating, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.keep(beating)
	return l, nil
}

// me is how this process is called where people look.
func me() string { return fmt.Sprintf("%s, process %d", host(), os.Getpid()) }

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
		random := make([]byte, 16)
		_, err = rand.Read(random)
		id = hex.AppendEncode(nil, random)
		err = cmp.Or(err, os.WriteFile(path, id, 0o600))
	}
	if err != nil {
		return nil, "", errors.Join(err, lock.Unlock())
	}
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // of Linux; elsewhere the host's name is enough
	return lock, host() + " " + strings.TrimSpace(string(boot)) + " " + string(id), nil
}

// holding is who holds the lease.
type holding struct {
	holder, place string
	beat          int64
	length        int // milliseconds
}

// watch takes the lease when it is free, when its holder ran here (we have its lock), or when it has not been renewed for its length.
func (l *lease) watch(ctx context.Context, place string) error {
	var first holding
	var since time.Time
	asked := time.Now()
	for {
		var now holding
		err := l.pool.pool.QueryRow(ctx, "SELECT holder, place, beat, length FROM leases WHERE name = 'ledger'").Scan(&now.holder, &now.place, &now.beat, &now.length)
		if broken(err) && time.Since(asked) < patient {
			err, since = pause(ctx), time.Time{}
			if err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		asked = time.Now()
		if since.IsZero() {
			first, since = now, time.Now()
		}
		l.length = time.Duration(now.length) * time.Millisecond
		switch {
		case now.holder == "", now.place == place, now == first && time.Since(since) > l.length:
			taken, err := l.acquire(ctx, now, place)
			if err != nil || taken {
				return err
			}
			since = time.Time{}
			continue
		case now != first:
			return &ledger.InUse{Path: l.pool.path, By: now.holder, Elsewhere: true}
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

// acquire makes the lease ours unless it has changed since it was looked at.
func (l *lease) acquire(ctx context.Context, was holding, place string) (taken bool, err error) {
	l.renewed = time.Now()
	err = pgx.BeginFunc(ctx, l.pool.pool, func(tx pgx.Tx) error {
		r, err := tx.Exec(ctx, `UPDATE leases SET holder = $1, place = $2, beat = beat + 1, since = now(), heard = now() WHERE name = 'ledger' AND holder = $3 AND place = $4 AND beat = $5`,
			l.me, place, was.holder, was.place, was.beat)
		if err != nil || r.RowsAffected() == 0 {
			return err
		}
		taken = true
		return tx.QueryRow(ctx, "UPDATE epochs SET epoch = epoch + 1, written = 0 WHERE name = 'ledger' RETURNING epoch").Scan(&l.epoch)
	})
	return taken && err == nil, err
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
		r, err := l.pool.pool.Exec(soon, "UPDATE leases SET beat = beat + 1, heard = now() WHERE name = 'ledger' AND holder = $1 AND (SELECT epoch FROM epochs WHERE name = 'ledger') = $2", l.me, l.epoch)
		stop()
		switch {
		case err != nil:
			pause = glance
			continue
		case r.RowsAffected() == 0:
			l.lose()
			return
		}
		pause = beat
		l.mu.Lock()
		l.renewed = began
		l.mu.Unlock()
	}
}

// close stops renewing and gives the lease back, if it is ours still.
func (l *lease) close(ctx context.Context) error {
	l.stop()
	<-l.ended
	ours := l.Held()
	l.lose()
	var err error
	if ours {
		_, err = l.pool.pool.Exec(ctx, "UPDATE leases SET holder = '', place = '', beat = beat + 1 WHERE name = 'ledger' AND holder = $1 AND (SELECT epoch FROM epochs WHERE name = 'ledger') = $2", l.me, l.epoch)
	}
	return errors.Join(err, l.lock.Unlock())
}

// Lease grants everything for as long as the ledger itself is ours: it has one owner.
func (l *Ledger) Lease(context.Context, string) (ledger.Lease, error) {
	r := &right{of: l.lease}
	r.ours, r.end = context.WithCancel(l.lease.ours)
	return r, nil
}

// right is a part of the owner's lease.
type right struct {
	of   *lease
	ours context.Context
	end  context.CancelFunc
}

func (r *right) Lost() <-chan struct{} { return r.ours.Done() }

func (r *right) Held() bool { return r.ours.Err() == nil && r.of.Held() }

func (r *right) Release(context.Context) error {
	r.end()
	return nil
}
