package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
)

// Owners beside each other share the work by rights. A right is taken in a transaction that is refused when the session is over,
// and is free again when its holder gave it back (after everything it had queued was written) or its session was ended. Of rights
// of one kind (what stands before the slash) each session that wants some has its share, and gives back what it has beyond it.

// among is an owner's part in the sharing.
type among struct {
	l       *Ledger
	wake    chan struct{} // has one token when rights may be free
	changed chan struct{} // ledger.Among's
	stop    context.CancelFunc
	ended   sync.WaitGroup

	mu    sync.Mutex
	wants map[string]*want

	told  []string             // what the session's line lists; as all below of the goroutine that glances
	watch watched              // the other sessions
	free  map[string]time.Time // since when rights are free that we want
}

// want is a right that somebody here has or waits for.
type want struct {
	granted chan *right // capacity 1
	has     *right      // nil: not yet
}

// Changed is ledger.Among's.
func (l *Ledger) Changed() <-chan struct{} {
	if l.among == nil {
		return nil
	}
	return l.among.changed
}

// Jobs is ledger.Among's.
func (l *Ledger) Jobs() ledger.Jobs {
	if l.jobs == nil {
		return nil
	}
	return l.jobs
}

// Stamp is ledger.Owner's: only asking tells.
func (l *Ledger) Stamp() string { return "" }

// Abandoned is ledger.Among's.
func (l *Ledger) Abandoned(ctx context.Context, id string) (gone bool, err error) {
	err = l.reading(ctx, func(q querier) error {
		return q.QueryRow(ctx, "SELECT NOT EXISTS (SELECT FROM files f JOIN sessions s ON s.id = f.session WHERE f.id = $1 AND s.id <> $2)", id, l.lease.epoch).Scan(&gone)
	})
	return gone, err
}

// join takes part in the sharing until leave.
func (l *Ledger) join() {
	ctx, stop := context.WithCancel(l.lease.ours)
	a := &among{l: l, wake: make(chan struct{}, 1), changed: make(chan struct{}, 1), stop: stop, wants: map[string]*want{}, watch: watched{}, free: map[string]time.Time{}}
	l.among = a
	a.ended.Go(func() { a.run(ctx) })
	a.ended.Go(func() { a.listen(ctx) })
}

func (a *among) leave() {
	a.stop()
	a.ended.Wait()
}

// token puts a token into a channel that holds one.
func token(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// run glances now and then, and when it is woken, until ctx ends.
func (a *among) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := a.glance(ctx); err != nil {
			clear(a.watch) // what was not seen proves nothing
		}
		select {
		case <-ctx.Done():
		case <-a.wake:
		case <-time.After(a.every()):
		}
	}
}

// every is the pause between two glances.
func (a *among) every() time.Duration { return a.l.lease.length / 10 }

// glance ends the sessions of the dead, takes what is ours to take and has given back what is not.
func (a *among) glance(ctx context.Context) error {
	soon, stop := context.WithTimeout(ctx, 2*a.every())
	defer stop()
	if err := a.tell(soon); err != nil {
		return err
	}
	sessions, held, err := a.l.standing(soon)
	if err != nil {
		return err
	}
	a.watch.look(sessions)
	for _, h := range sessions {
		if h.id != a.l.lease.epoch && a.watch.silent(h, a.l.lease.length) {
			if err := a.l.end(soon, h); err != nil {
				return err
			}
			token(a.wake)
		}
	}
	take, give := a.plan(sessions, held)
	for _, r := range give {
		r.giveBack()
	}
	return a.acquire(ctx, take)
}

// tell writes down what we want, where that has changed.
func (a *among) tell(ctx context.Context) error {
	a.mu.Lock()
	now := slices.Sorted(maps.Keys(a.wants))
	a.mu.Unlock()
	if slices.Equal(now, a.told) {
		return nil
	}
	b := &pgx.Batch{}
	b.Queue("UPDATE sessions SET wants = $1 WHERE id = $2", append([]string{}, now...), a.l.lease.epoch)
	b.Queue(notifyRights)
	if err := a.l.pool.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	a.told = now
	return nil
}

// standing gives the sessions and which has which right (0: nobody), as of one moment.
func (b books) standing(ctx context.Context) (sessions []holding, held map[string]int64, err error) {
	batch := &pgx.Batch{}
	batch.Queue(everySession).Query(func(rows pgx.Rows) (err error) {
		sessions, _, err = scanSessions(rows)
		return err
	})
	batch.Queue(everyRight).Query(func(rows pgx.Rows) (err error) {
		held, err = scanHolders(rows)
		return err
	})
	return sessions, held, b.pool.SendBatch(ctx, batch).Close()
}

const everyRight = "SELECT name, coalesce(session, 0) FROM rights"

// holders says which session has which right; 0: nobody.
func (b books) holders(ctx context.Context, q querier) (map[string]int64, error) {
	rows, err := q.Query(ctx, everyRight)
	if err != nil {
		return nil, err
	}
	return scanHolders(rows)
}

func scanHolders(rows pgx.Rows) (_ map[string]int64, err error) {
	held := map[string]int64{}
	var name string
	var session int64
	_, err = pgx.ForEachRow(rows, []any{&name, &session}, func() error { held[name] = session; return nil })
	return held, err
}

// kind is what stands before the slash of a right's name.
func kind(name string) string { k, _, _ := strings.Cut(name, "/"); return k }

// plan chooses which free rights to take and which of ours to give back.
func (a *among) plan(sessions []holding, held map[string]int64) (take []string, give []*right) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name := range a.free {
		if held[name] != 0 || a.wants[name] == nil {
			delete(a.free, name)
		}
	}
	byKind := map[string][]string{}
	for name := range a.wants {
		byKind[kind(name)] = append(byKind[kind(name)], name)
	}
	me := a.l.lease.epoch
	for k, names := range byKind {
		slices.Sort(names)
		s := sharing(k, sessions, held)
		mine := s.has[me]
		for _, name := range names {
			if held[name] != 0 && held[name] != me || a.wants[name].has != nil {
				continue
			}
			if a.free[name].IsZero() {
				a.free[name] = time.Now()
			}
			if !s.leftTo(name, me, mine) || time.Since(a.free[name]) > 3*a.every() { // who has less does not take it
				take = append(take, name)
				mine++
			}
		}
		most, least := s.lacking(me, s.most), s.lacking(me, s.least)
		for _, name := range slices.Backward(names) {
			w := a.wants[name]
			if w.has == nil || held[name] != me {
				continue
			}
			if mine > s.most && most > 0 && s.leftTo(name, me, s.most) || mine > s.least && least > 0 && s.leftTo(name, me, s.least) {
				if give = append(give, w.has); !w.has.asked() {
					most--
					least--
				}
				mine--
			}
		}
	}
	return take, give
}

// shares is how rights of one kind lie.
type shares struct {
	sessions []holding
	has      map[int64]int // by session
	takers   []int64       // who want some
	least    int           // that each of them is to have
	most     int           // that one may have, where they do not come out even: one more
}

func sharing(k string, sessions []holding, held map[string]int64) shares {
	s := shares{sessions: sessions, has: map[int64]int{}}
	all := map[string]bool{}
	for _, h := range sessions {
		some := false
		for _, name := range h.wants {
			if kind(name) == k {
				all[name], some = true, true
				if held[name] == h.id {
					s.has[h.id]++
				}
			}
		}
		if some {
			s.takers = append(s.takers, h.id)
		}
	}
	if n := len(s.takers); n > 0 {
		s.least, s.most = len(all)/n, (len(all)+n-1)/n
	}
	return s
}

// lacking is how many rights other sessions have less than so many each.
func (s *shares) lacking(me int64, each int) (n int) {
	for _, id := range s.takers {
		if id != me {
			n += max(0, each-s.has[id])
		}
	}
	return n
}

// leftTo reports whether another session that has less than so many waits for a right.
func (s *shares) leftTo(name string, me int64, mine int) bool {
	return slices.ContainsFunc(s.sessions, func(h holding) bool {
		return h.id != me && s.has[h.id] < mine && slices.Contains(h.wants, name)
	})
}

// acquire takes rights that are free still, and hands them to those who wait for them here.
func (a *among) acquire(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	var got []string // the writer's until do returns without an error
	err := a.l.do(ctx, func(w *writing) error {
		got = nil
		for _, name := range names {
			r, err := w.tx.Exec(w.ctx, "INSERT INTO rights (name, session) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET session = $2, epoch = rights.epoch + 1, since = now() WHERE rights.session IS NULL OR rights.session = $2", name, w.l.lease.epoch)
			if err != nil {
				return err
			}
			if r.RowsAffected() > 0 {
				got = append(got, name)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range got {
		a.grant(name)
	}
	return nil
}

// grant hands a right that we took to who waits for it; where nobody does any more it is given back.
func (a *among) grant(name string) {
	r := newRight(a.l, name)
	a.mu.Lock()
	w := a.wants[name]
	if w != nil && w.has == nil {
		w.has = r
		w.granted <- r
		r = nil
	}
	a.mu.Unlock()
	if r != nil {
		_ = r.Release(context.Background()) // else with the session
	}
}

// notifyRights tells the others that rights may be free, or wanted.
const notifyRights = "SELECT pg_notify('rowferry ' || current_schema(), 'rights')"

// listen hears what others changed until ctx ends. What was changed while the connection was broken is not missed: afterwards everybody
// looks.
func (a *among) listen(ctx context.Context) {
	for ctx.Err() == nil {
		_ = a.hear(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(glance):
		}
	}
}

func (a *among) hear(ctx context.Context) error {
	c, err := pgx.ConnectConfig(ctx, a.l.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	var home string
	if err := c.QueryRow(ctx, "SELECT current_schema()").Scan(&home); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "LISTEN "+pgx.Identifier{"rowferry " + home}.Sanitize()); err != nil {
		return err
	}
	token(a.wake)
	token(a.changed)
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.Payload == "rights" {
			token(a.wake)
		} else {
			token(a.changed)
		}
	}
}

// Lease waits until a right is ours. Who is alone has them all for as long as its session lasts.
func (l *Ledger) Lease(ctx context.Context, name string) (ledger.Lease, error) {
	if l.among == nil {
		return newRight(l, name), nil
	}
	a, w := l.among, &want{granted: make(chan *right, 1)}
	a.mu.Lock()
	if a.wants[name] != nil {
		a.mu.Unlock()
		return nil, errors.New(name + " is leased here already")
	}
	a.wants[name] = w
	a.mu.Unlock()
	token(a.wake)
	var err error
	select {
	case r := <-w.granted:
		return r, nil
	case <-l.lease.ours.Done():
		err = ledger.ErrLost
	case <-ctx.Done():
		err = ctx.Err()
	}
	a.mu.Lock()
	delete(a.wants, name)
	has := w.has
	a.mu.Unlock()
	if has != nil {
		err = errors.Join(err, has.Release(context.WithoutCancel(ctx)))
	}
	return nil, err
}

// right is a part of the work that is ours alone.
type right struct {
	l      *Ledger
	name   string
	ours   context.Context
	end    context.CancelFunc
	wanted chan struct{}
	once   sync.Once
}

func newRight(l *Ledger, name string) *right {
	r := &right{l: l, name: name, wanted: make(chan struct{})}
	r.ours, r.end = context.WithCancel(l.lease.ours)
	return r
}

func (r *right) Lost() <-chan struct{} { return r.ours.Done() }

func (r *right) Held() bool { return r.ours.Err() == nil && r.l.lease.Held() }

func (r *right) Wanted() <-chan struct{} { return r.wanted }

func (r *right) giveBack() { r.once.Do(func() { close(r.wanted) }) }

// asked reports whether it was asked back.
func (r *right) asked() bool {
	select {
	case <-r.wanted:
		return true
	default:
		return false
	}
}

// Release is ledger.Lease's. What was queued before is written before it is free.
func (r *right) Release(ctx context.Context) error {
	over := r.ours.Err() != nil // with the session, or it was given back before
	r.end()
	a := r.l.among
	if a == nil {
		return nil
	}
	var err error
	if !over {
		err = r.l.do(ctx, func(w *writing) error {
			if err := w.exec("UPDATE rights SET session = NULL WHERE name = $1 AND session = $2", r.name, w.l.lease.epoch); err != nil {
				return err
			}
			return w.exec(notifyRights)
		})
	}
	a.mu.Lock()
	if w := a.wants[r.name]; w != nil && w.has == r {
		delete(a.wants, r.name)
	}
	a.mu.Unlock()
	token(a.wake)
	if errors.Is(err, ledger.ErrLost) {
		return nil // it went with the session
	}
	return err
}
