// Package jobs hands work out among the machines that share a ledger in PostgreSQL, by River, in tables beside the ledger's own.
package jobs

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/rowferry/rowferry/ledger"
)

// Jobs are those of one session. It is a ledger.Jobs.
type Jobs struct {
	config  *pgxpool.Config
	pool    *pgxpool.Pool // to hand out and to ask
	session Session
	again   func(ctx context.Context, do func() error) error
	hand    *river.Client[pgx.Tx]

	mu    sync.Mutex
	under map[int64]bool // jobs that are being done here
}

const (
	// unheard is how often a machine looks for jobs when it hears of none. LISTEN tells of those that are handed out, and not of those that failed and
	// are due again.
	unheard = 10 * time.Second
	// connections for those who work; one more listens, and one hands out.
	connections = 2
	// stray is after how long a job is freed that the database takes for one of ours and that is none: its end could not be written.
	stray = 20 * time.Second
	// graceful is how long the end of a shift may take to be written.
	graceful = 3 * time.Second
	// attempts after which a job is given up; what the books say is still to be done is handed out anew.
	attempts = 100
	// remembered is how long what was done stays to be looked at.
	remembered = 2 * time.Minute
)

// Session is as whom a machine works.
type Session struct {
	Number int64
	Ours   context.Context  // until the session is lost
	Clock  func() time.Time // what the database's clock certainly has reached; several may ask at once
}

// Open opens the jobs of a session. again does something once more where the connection broke. Close after it.
func Open(ctx context.Context, c *pgxpool.Config, session Session, again func(ctx context.Context, do func() error) error) (*Jobs, error) {
	c = c.Copy()
	c.MaxConns = 1
	c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { // a job that was lost is handed out again
		_, err := conn.Exec(ctx, "SET synchronous_commit = off")
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	// River tells of the jobs that one client hands out within this time only once, and those who hear it may have fetched before the last of them.
	hand, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(slog.DiscardHandler), FetchCooldown: time.Millisecond, Hooks: session.stamps()})
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Jobs{config: c, pool: pool, session: session, again: again, hand: hand, under: map[int64]bool{}}, nil
}

// Close closes the connections.
func (j *Jobs) Close() { j.pool.Close() }

// Migrate makes River's tables, or brings them up to date, whoever else does so at the same time.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if have, err := m.ExistingVersions(ctx); err != nil || len(have) >= len(m.AllVersions()) {
		return err
	}
	return pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		const lock = "(hashtext('rowferry jobs ' || current_schema()))"
		if _, err := c.Exec(ctx, "SELECT pg_advisory_lock"+lock); err != nil {
			return err
		}
		_, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		_, unlock := c.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock"+lock)
		return errors.Join(err, unlock)
	})
}

// Free has others do what a session was doing, now that it is over: for its transaction. $1 is its number. River's own rescue goes by the time that a
// job takes, and would take a long one for lost and a lost one for long.
const Free = `WITH freed AS (UPDATE river_job SET state = 'available', scheduled_at = now() WHERE ` + ofSession + ` RETURNING queue) ` + tellOfThem

const (
	ofSession  = `state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1::bigint::text`
	freeStrays = `WITH freed AS (UPDATE river_job SET state = 'available', scheduled_at = now() WHERE ` + ofSession + ` AND attempted_at < now() - $2::interval AND id <> ALL($3) RETURNING queue) ` + tellOfThem
	freeAhead  = `WITH freed AS (UPDATE river_job SET scheduled_at = now() WHERE state = 'available' AND scheduled_at > now() + $1::interval RETURNING queue) ` + tellOfThem
	tellOfThem = `SELECT count(pg_notify(current_schema() || '.river_insert', json_build_object('queue', queue)::text)) FROM (SELECT DISTINCT queue FROM freed) f`
)

// stamps has each job that is handed out carry the database's time. Without it River's driver takes this machine's, and a job that is handed out by a
// machine whose clock is ahead, be it by milliseconds, is not there yet when those look who were told of it.
func (s Session) stamps() []rivertype.Hook {
	return []rivertype.Hook{river.HookInsertBeginFunc(func(_ context.Context, p *rivertype.JobInsertParams) error {
		now := s.Clock()
		p.CreatedAt, p.ScheduledAt = cmp.Or(p.CreatedAt, &now), cmp.Or(p.ScheduledAt, &now)
		return nil
	})}
}

// clock has River go by the database's clock where it would go by this machine's: when a regular job is due, and one that has failed. What it asks the
// database about goes by now() there.
type clock func() time.Time

// Now is rivertype.TimeGenerator's.
func (c clock) Now() time.Time { return c() }

// NowOrNil is rivertype.TimeGenerator's.
func (c clock) NowOrNil() *time.Time { return nil }

// args are what a job carries. River stores them as JSON.
type args struct {
	kind ledger.JobKind
	ID   string `json:"id"`
}

// Kind is river.JobArgs's.
func (a args) Kind() string { return string(a.kind) }

// options has a job stand for all of its kind, id and queue until it is done.
func options(queue string) *river.InsertOpts {
	return &river.InsertOpts{Queue: queue, MaxAttempts: attempts, UniqueOpts: river.UniqueOpts{ByArgs: true, ByQueue: true,
		ByState: []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled}}}
}

// Hand is ledger.Jobs's.
func (j *Jobs) Hand(ctx context.Context, jobs ...ledger.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	var all []river.InsertManyParams
	for i, job := range jobs {
		if !slices.Contains(jobs[:i], job) { // River takes none of them where two are alike
			all = append(all, river.InsertManyParams{Args: args{job.Kind, job.ID}, InsertOpts: options(job.Queue)})
		}
	}
	_, err := j.hand.InsertMany(ctx, all)
	return err
}

// worker does the jobs of one kind.
type worker struct {
	river.WorkerDefaults[args]
	jobs  *Jobs
	shift ledger.Shift
}

// Work does one job. What a machine that ends was doing is another one's at once.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	defer w.jobs.note(job.ID)()
	err := w.shift.Do(ctx, ledger.Job{Kind: ledger.JobKind(job.Kind), ID: job.Args.ID, Queue: job.Queue})
	if ctx.Err() != nil {
		return river.JobSnooze(0)
	}
	return err
}

// note notes that a job is being done here until the function that it returns is called.
func (j *Jobs) note(id int64) (done func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.under[id] = true
	return func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.under, id)
	}
}

// NextRetry is when a job that has failed is done again.
func (w *worker) NextRetry(job *river.Job[args]) time.Time {
	return w.jobs.session.Clock().Add(w.shift.Again(ledger.JobKind(job.Kind), job.Attempt))
}

// Work is ledger.Jobs's.
func (j *Jobs) Work(ctx context.Context, s ledger.Shift) error {
	workers := river.NewWorkers()
	for _, kind := range ledger.JobKinds() {
		river.AddWorkerArgs(workers, args{kind: kind}, &worker{jobs: j, shift: s})
	}
	queues := map[string]river.QueueConfig{}
	for name, most := range s.Queues {
		queues[name] = river.QueueConfig{MaxWorkers: most}
	}
	var regular []*river.PeriodicJob
	for _, r := range s.Regular {
		regular = append(regular, river.NewPeriodicJob(timetable(r.Next), func() (river.JobArgs, *river.InsertOpts) { return args{r.Kind, r.ID}, options(r.Queue) },
			&river.PeriodicJobOpts{RunOnStart: true}))
	}
	c := j.config.Copy()
	c.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return err
	}
	defer pool.Close()
	defer context.AfterFunc(j.session.Ours, pool.Close)() // others do by now what was under way: this machine has no word in it any more
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		ID: strconv.FormatInt(j.session.Number, 10), Hooks: j.session.stamps(), Test: river.TestConfig{Time: clock(j.session.Clock)}, Logger: slog.New(lowered{s.Log.Handler()}), Workers: workers, Queues: queues, PeriodicJobs: regular, FetchPollInterval: unheard,
		JobTimeout: -1, CompletedJobRetentionPeriod: remembered, CancelledJobRetentionPeriod: remembered, DiscardedJobRetentionPeriod: remembered,
	})
	if err != nil {
		return err
	}
	if err := j.again(ctx, func() error { return client.Start(ctx) }); err != nil {
		return quiet(ctx, err)
	}
	j.tidy(ctx)
	select {
	case <-client.Stopped():
		j.tell(context.WithoutCancel(ctx), s.Queues)
	case <-time.After(graceful): // the database does not answer: what was under way is freed with the session, or as a stray
		pool.Close()
		<-client.Stopped()
	}
	return nil
}

// tidy frees now and then, until ctx ends, strays and those whose time is far ahead though they are there to be done: what handed them out, an older rowferry
// maybe, went by another clock, or the database's was put back.
func (j *Jobs) tidy(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(stray):
		}
		j.mu.Lock()
		under := slices.Collect(maps.Keys(j.under))
		j.mu.Unlock()
		_, _ = j.pool.Exec(ctx, freeStrays, j.session.Number, stray, append([]int64{}, under...)) // else the next time
		_, _ = j.pool.Exec(ctx, freeAhead, stray)
	}
}

// timetable is a Regular's Next as River wants it.
type timetable func(time.Time) time.Time

// Next is river.PeriodicSchedule's.
func (t timetable) Next(after time.Time) time.Time { return t(after) }

// tell has the others look for what was handed back.
func (j *Jobs) tell(ctx context.Context, queues map[string]int) {
	soon, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	b := &pgx.Batch{}
	for name := range queues {
		b.Queue("SELECT pg_notify(current_schema() || '.river_insert', json_build_object('queue', $1::text)::text)", name)
	}
	_ = j.pool.SendBatch(soon, b).Close() // else they find it by themselves, a little later
}

// quiet drops the error of having been told to stop.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Failing is ledger.Jobs's.
func (j *Jobs) Failing(ctx context.Context, kind ledger.JobKind, times int) (all []ledger.Failing, err error) {
	err = j.again(ctx, func() error {
		all = nil
		rows, err := j.pool.Query(ctx, `SELECT args->>'id', coalesce(errors[array_upper(errors, 1)]->>'error', '') FROM river_job
			WHERE kind = $1 AND state IN ('retryable', 'available', 'running') AND attempt >= $2 AND array_upper(errors, 1) > 0`, string(kind), times)
		if err != nil {
			return err
		}
		var f ledger.Failing
		_, err = pgx.ForEachRow(rows, []any{&f.ID, &f.Why}, func() error { all = append(all, f); return nil })
		return err
	})
	return all, err
}

// Queues says how much work there is of each kind; none where no machine has ever handed any out.
func Queues(ctx context.Context, q interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}) ([]ledger.Queue, error) {
	all := []ledger.Queue{}
	rows, err := q.Query(ctx, `SELECT kind, count(*) FILTER (WHERE state = 'available'), count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state IN ('retryable', 'scheduled', 'pending')),
		min(scheduled_at) FILTER (WHERE state = 'available') FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled', 'pending') GROUP BY kind`)
	if err == nil {
		for _, kind := range ledger.JobKinds() {
			all = append(all, ledger.Queue{Kind: kind})
		}
		var one ledger.Queue
		var oldest *time.Time
		_, err = pgx.ForEachRow(rows, []any{&one.Kind, &one.Waiting, &one.Running, &one.Failed, &oldest}, func() error {
			if one.Oldest = (time.Time{}); oldest != nil {
				one.Oldest = *oldest
			}
			if i := slices.IndexFunc(all, func(q ledger.Queue) bool { return q.Kind == one.Kind }); i >= 0 {
				all[i] = one
			}
			return nil
		})
	}
	if missing, ok := errors.AsType[*pgconn.PgError](err); ok && missing.Code == "42P01" { // no such table
		return []ledger.Queue{}, nil
	}
	return all, err
}

// lowered is a log in which River's own news is of interest to whoever looks for trouble only: what a job came to is told by who did it.
type lowered struct{ slog.Handler }

// Enabled is slog.Handler's.
func (l lowered) Enabled(ctx context.Context, level slog.Level) bool {
	return l.Handler.Enabled(ctx, min(level, slog.LevelDebug))
}

// Handle is slog.Handler's.
func (l lowered) Handle(ctx context.Context, r slog.Record) error {
	r.Level = min(r.Level, slog.LevelDebug)
	return l.Handler.Handle(ctx, r)
}

// WithAttrs is slog.Handler's.
func (l lowered) WithAttrs(attrs []slog.Attr) slog.Handler {
	return lowered{l.Handler.WithAttrs(attrs)}
}

// WithGroup is slog.Handler's.
func (l lowered) WithGroup(name string) slog.Handler { return lowered{l.Handler.WithGroup(name)} }
