#!/usr/bin/env bash
# github.com/riverqueue/river v0.51.2 with riverpgxv5 (PostgreSQL 15): a job that is inserted by a machine whose clock is ahead of the database's is
# "available" and is fetched by nobody until the database's clock has come so far.
#
# The client leaves the time of a job to be done at once open, its source says that what the database generates is preferred, and fetching goes by the
# database's now(). But what inserts into PostgreSQL by pgx fills the open time with the inserting program's own clock, for Insert and InsertMany alike.
# Workers are told of the job, ask, and get nothing; next time they ask when they poll. So a clock that is ahead by a minute makes each of its jobs a minute
# late, one that is ahead by a day makes it a day late, and a few milliseconds cost a whole FetchPollInterval now and then: there too the word comes
# before the job's time. Uniqueness makes it worse: the job that lies there stands for all that are like it, whoever inserts them.
#
# Here the database's clock is 6 s behind (libfaketime), polled every second. Seen (Go 1.26, Linux): the job is done seconds later, and was "available"
# meanwhile; with a hook (HookInsertBegin) that puts the database's time into the job, at once.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
dir=$(mktemp -d); chmod 755 "$dir"; cd "$dir"
as=(); [ "$(id -u)" != 0 ] || { as=(setpriv --reuid nobody --regid nogroup --clear-groups); mkdir pg; chown nobody pg; }
mkdir -p pg deb
(cd deb && apt-get download -q libfaketime=0.9.10-2.1 > /dev/null 2>&1 && dpkg -x ./*.deb .)
faketime=$(find "$dir/deb" -name libfaketime.so.1)
"${as[@]}" "$bin/initdb" -D "$dir/pg/data" -U finding -A trust > /dev/null
"${as[@]}" env LD_PRELOAD="$faketime" FAKETIME=-6s FAKETIME_DONT_FAKE_MONOTONIC=1 "$bin/pg_ctl" -D "$dir/pg/data" -o "-k $dir/pg -c listen_addresses=" -l "$dir/pg/log" -w start > /dev/null
trap '"${as[@]}" "$bin/pg_ctl" -D "$dir/pg/data" -m immediate stop > /dev/null; rm -rf "$dir"' EXIT
cat > go.mod <<'M'
module finding
go 1.26
require (
	github.com/jackc/pgx/v5 v5.13.0
	github.com/riverqueue/river v0.51.2
	github.com/riverqueue/river/riverdriver/riverpgxv5 v0.51.2
	github.com/riverqueue/river/rivertype v0.51.2
)
M
cat > main.go <<'M'
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

type job struct {
	N int `json:"n"`
}

func (job) Kind() string { return "job" }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://finding@/postgres?host="+os.Args[1])
	must(err)
	quiet := slog.New(slog.DiscardHandler)
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet})
	must(err)
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	must(err)
	var theirs time.Time
	must(pool.QueryRow(ctx, "SELECT now()").Scan(&theirs))
	fmt.Println("the database is behind by", time.Since(theirs).Round(time.Second))
	done := make(chan int, 9)
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(_ context.Context, j *river.Job[job]) error { done <- j.Args.N; return nil }))
	works, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quiet, Workers: workers, FetchPollInterval: time.Second, Queues: map[string]river.QueueConfig{"default": {MaxWorkers: 9}}})
	must(err)
	must(works.Start(ctx))
	hook := river.HookInsertBeginFunc(func(ctx context.Context, p *rivertype.JobInsertParams) error {
		var now time.Time
		err := pool.QueryRow(ctx, "SELECT now()").Scan(&now)
		p.CreatedAt, p.ScheduledAt = &now, &now
		return err
	})
	for n, hooks := range [][]rivertype.Hook{nil, {hook}} {
		inserts, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quiet, Hooks: hooks, FetchCooldown: time.Millisecond})
		must(err)
		time.Sleep(time.Second) // it listens, and has looked
		began := time.Now()
		in, err := inserts.Insert(ctx, job{n}, nil)
		must(err)
		said := "at once"
		select {
		case <-done:
		case <-time.After(3 * time.Second):
			row, err := inserts.JobGet(ctx, in.Job.ID)
			must(err)
			<-done
			said = fmt.Sprint("seconds later, ", row.State, " meanwhile")
		}
		if took := time.Since(began); n == 0 && took < 5*time.Second {
			said = fmt.Sprint("after ", took)
		}
		fmt.Println("hooks:", len(hooks), "done", said)
	}
	must(works.Stop(ctx))
}
M
GOFLAGS=-mod=mod go run . "$dir/pg" > seen
cat seen
diff - seen <<'M'
the database is behind by 6s
hooks: 0 done seconds later, available meanwhile
hooks: 1 done at once
M
