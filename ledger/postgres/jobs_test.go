//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/postgres"
)

// done is which jobs were done, by whom.
type done struct {
	mu  sync.Mutex
	all map[string][]string
}

func (d *done) note(who string, j ledger.Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := fmt.Sprintf("%s %s", j.Kind, j.ID)
	d.all[name] = append(d.all[name], who)
}

func (d *done) of(name string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.all[name]...)
}

func shift(do func(context.Context, ledger.Job) error, queues ...string) ledger.Shift {
	s := ledger.Shift{Queues: map[string]int{}, Do: do, Again: func(ledger.JobKind, int) time.Duration { return time.Millisecond }, Log: slog.New(slog.DiscardHandler)}
	for _, q := range queues {
		s.Queues[q] = 4
	}
	return s
}

// eventually waits for what must come to be.
func eventually(t *testing.T, what string, good func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !good(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// Jobs are done by whoever works their queue: those that stand for each other once, those that fail again, those of a machine that dies or
// ends by another one; and regular ones by one machine at a time.
func TestJobs(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	first, second := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "first"), join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "second")
	defer closed(t, second)
	came := &done{all: map[string][]string{}}
	begun := make(chan struct{}, 8)
	hangs := func(who string) func(ctx context.Context, j ledger.Job) error {
		return func(ctx context.Context, j ledger.Job) error {
			switch {
			case j.ID == "hangs" && who == "first":
				begun <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			case j.ID == "fails" && len(came.of("report fails")) < 1:
				came.note(who, j)
				return errors.New("the outbox is full")
			}
			came.note(who, j)
			return nil
		}
	}
	var working sync.WaitGroup
	work := func(ctx context.Context, l ledger.Owner, s ledger.Shift) {
		working.Go(func() {
			if err := l.Jobs().Work(ctx, s); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	mine, endFirst := context.WithCancel(ctx)
	firsts := shift(hangs("first"), "all", "only-first")
	work(mine, first, firsts)

	hand := func(l ledger.Owner, jobs ...ledger.Job) {
		t.Helper()
		if err := l.Jobs().Hand(ctx, jobs...); err != nil {
			t.Fatal(err)
		}
	}
	hanging := ledger.Job{Kind: ledger.JobTake, ID: "hangs", Queue: "all"}
	hand(second, hanging, hanging)
	<-begun
	hand(first, hanging)
	queues := func() map[ledger.JobKind]ledger.Queue {
		all := map[ledger.JobKind]ledger.Queue{}
		for _, q := range turn(t, second).Queues {
			all[q.Kind] = q
		}
		return all
	}
	if q := queues()[ledger.JobTake]; q.Running != 1 || q.Waiting != 0 {
		t.Errorf("one job that was handed out three times is seen as %+v", q)
	}
	hand(second, ledger.Job{Kind: ledger.JobReport, ID: "fails", Queue: "all"}, ledger.Job{Kind: ledger.JobTake, ID: "his", Queue: "only-first"}, ledger.Job{Kind: ledger.JobTake, ID: "nobody's", Queue: "none"})
	eventually(t, "a job that fails is not done again", func() bool { return len(came.of("report fails")) == 2 })
	eventually(t, "the job of a machine's own queue is not done", func() bool { return len(came.of("take his")) == 1 })
	if q := queues()[ledger.JobTake]; q.Waiting != 1 || q.Oldest.IsZero() {
		t.Errorf("what nobody works is seen as %+v", q)
	}

	seconds := shift(hangs("second"), "all")
	seconds.Regular = []ledger.Regular{{Job: ledger.Job{Kind: ledger.JobPrune, Queue: "all"}, Next: ledger.Every(time.Hour)}}
	work(ctx, second, seconds)
	endFirst() // it is told to end
	eventually(t, "what a machine that ends was doing is not done by another one", func() bool { return len(came.of("take hangs")) == 1 })
	eventually(t, "a regular job is not done at the start", func() bool { return len(came.of("prune ")) == 1 })

	third, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close(ctx)
	var number int64 // what a machine that dies was doing
	if err := third.QueryRow(ctx, "SELECT min(id) FROM sessions").Scan(&number); err != nil {
		t.Fatal(err)
	}
	_, err = third.Exec(ctx, "WITH s AS (SELECT 'take'::text AS kind) INSERT INTO river_job (kind, args, queue, state, max_attempts, attempt, attempted_at, attempted_by) SELECT kind, '{\"id\":\"orphan\"}', 'all', 'running', 5, 1, now(), ARRAY['0', $1::bigint::text] FROM s", number)
	if err != nil {
		t.Fatal(err)
	}
	_, err = third.Exec(ctx, "INSERT INTO river_job (kind, args, queue, state, max_attempts, scheduled_at) VALUES ('take', '{\"id\":\"ahead\"}', 'all', 'available', 5, now() + interval '1 hour')")
	if err != nil {
		t.Fatal(err)
	}
	closed(t, first)
	eventually(t, "the job of a machine that is gone is not done", func() bool { return len(came.of("take orphan")) == 1 })
	eventually(t, "a job that is there but for its time is not done", func() bool { return len(came.of("take ahead")) == 1 })
	end()
	working.Wait()
	if q := queues(); q[ledger.JobTake].Running+q[ledger.JobReport].Running+q[ledger.JobReport].Waiting+q[ledger.JobReport].Failed != 0 {
		t.Errorf("left are %+v", q)
	}
}

// Jobs are done at once also where the clocks of a machine and of the database differ: those that are handed out, those that have failed, and regular ones.
func TestJobsWhereClocksDiffer(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"the machine is ahead": -time.Hour, "the machine is behind": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, err := cluster.Apart(by)
			if err != nil {
				t.Fatal(err)
			}
			l := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "one")
			defer closed(t, l)
			came := &done{all: map[string][]string{}}
			s := shift(func(_ context.Context, j ledger.Job) error {
				if came.note("one", j); j.ID == "fails" && len(came.of("take fails")) == 1 {
					return errors.New("the share is away")
				}
				return nil
			}, "all")
			s.Regular = []ledger.Regular{{Job: ledger.Job{Kind: ledger.JobLook, Queue: "all"}, Next: ledger.Every(time.Second)}}
			ctx, end := context.WithCancel(t.Context())
			var working sync.WaitGroup
			defer working.Wait()
			defer end()
			working.Go(func() {
				if err := l.Jobs().Work(ctx, s); err != nil {
					t.Error(err)
				}
			})
			if err := l.Jobs().Hand(ctx, ledger.Job{Kind: ledger.JobTake, ID: "his", Queue: "all"}, ledger.Job{Kind: ledger.JobTake, ID: "fails", Queue: "all"}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a job that was handed out is not done", func() bool { return len(came.of("take his")) == 1 })
			eventually(t, "a job that failed is not done again", func() bool { return len(came.of("take fails")) == 2 })
			eventually(t, "a regular job is not done again", func() bool { return len(came.of("look ")) > 2 })
		})
	}
}
