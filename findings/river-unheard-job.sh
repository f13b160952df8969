#!/usr/bin/env bash
# github.com/riverqueue/river v0.51.2 with riverpgxv5 (PostgreSQL 15, LISTEN/NOTIFY): a job may be inserted without anybody hearing of it.
#
# River's documents let one expect that a worker hears of a job as soon as it is inserted, that FetchPollInterval is a safety net, and that FetchCooldown
# bounds how often a client fetches. But the cooldown also holds for clients that insert: a client tells of its inserts into a queue once in that time and
# drops what would be told in between; nothing is told at its end. A job that is inserted right after another one, which has been fetched and done already,
# lies there until somebody polls, with every worker idle. With the usual values (100 ms, polled every second) it is hardly seen; who polls less often to
# spare the database, because jobs are told of, waits that long. Here, so that the speed of a machine does not matter: 2 s, and polled every 10 s.
#
# Seen (Go 1.26, Linux): the first job is done at once; the second, inserted right after it, seconds later; the third, 3 s after that, at once.
# A client that only inserts, with FetchCooldown: 1ms, has all three done at once.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
dir=$(mktemp -d); chmod 755 "$dir"; cd "$dir"
as=(); [ "$(id -u)" != 0 ] || { as=(setpriv --reuid nobody --regid nogroup --clear-groups); mkdir pg; chown nobody pg; }
mkdir -p pg
"${as[@]}" "$bin/initdb" -D "$dir/pg/data" -U finding -A trust > /dev/null
"${as[@]}" "$bin/pg_ctl" -D "$dir/pg/data" -o "-k $dir/pg -c listen_addresses=" -l "$dir/pg/log" -w start > /dev/null
trap '"${as[@]}" "$bin/pg_ctl" -D "$dir/pg/data" -m immediate stop > /dev/null; rm -rf "$dir"' EXIT
cat > go.mod <<'M'
module finding
go 1.26
require (
	github.com/jackc/pgx/v5 v5.13.0
	github.com/riverqueue/river v0.51.2
	github.com/riverqueue/river/riverdriver/riverpgxv5 v0.51.2
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
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	must(err)
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	must(err)
	done := make(chan int, 9)
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(_ context.Context, j *river.Job[job]) error { done <- j.Args.N; return nil }))
	quiet := slog.New(slog.DiscardHandler)
	works, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quiet, Workers: workers, FetchPollInterval: 10 * time.Second, Queues: map[string]river.QueueConfig{"default": {MaxWorkers: 9}}})
	must(err)
	must(works.Start(ctx))
	for _, cooldown := range []time.Duration{2 * time.Second, time.Millisecond} {
		inserts, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quiet, FetchCooldown: cooldown, FetchPollInterval: 10 * time.Second})
		must(err)
		time.Sleep(time.Second) // it listens, and has looked
		for n, pause := range []time.Duration{0, 0, 3 * time.Second} {
			time.Sleep(pause)
			began := time.Now()
			_, err := inserts.Insert(ctx, job{n}, nil)
			must(err)
			<-done
			said := "at once"
			if time.Since(began) > 1900*time.Millisecond {
				said = "seconds later"
			}
			fmt.Println("FetchCooldown", cooldown, "job", n+1, "done", said)
		}
	}
	must(works.Stop(ctx))
}
M
GOFLAGS=-mod=mod go run . "$dir/pg" > seen
cat seen
diff - seen <<'M'
FetchCooldown 2s job 1 done at once
FetchCooldown 2s job 2 done seconds later
FetchCooldown 2s job 3 done at once
FetchCooldown 1ms job 1 done at once
FetchCooldown 1ms job 2 done at once
FetchCooldown 1ms job 3 done at once
M
