package postgres

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/postgres/jobs"
)

// recently is for how long a machine counts as standing by after it said so. It says so every few seconds.
const recently = "interval '15 seconds'"

// Turn is ledger.Books's.
func (b books) Turn(ctx context.Context) (t *ledger.Turn, err error) {
	err = b.reading(ctx, func(q querier) error {
		t = &ledger.Turn{Machines: []ledger.Member{}, StandingBy: []ledger.Waiter{}}
		if t.Queues, err = jobs.Queues(ctx, q); err != nil {
			return err
		}
		sessions, length, err := b.sessions(ctx, q)
		if err != nil {
			return err
		}
		held, err := b.holders(ctx, q)
		if err != nil {
			return err
		}
		var now time.Time
		asked := time.Now()
		if err := q.QueryRow(ctx, "SELECT now()").Scan(&now); err != nil {
			return err
		}
		t.Ahead = asked.Sub(now)
		names := []string{}
		for _, h := range sessions {
			m := ledger.Member{Machine: h.holder, Since: h.since, Heard: h.heard, Silent: now.Sub(h.heard) > length, Accounts: []string{}}
			for name, session := range held {
				if account, lane := strings.CutPrefix(name, ledger.LaneOf("")); lane && session == h.id {
					m.Accounts = append(m.Accounts, account)
				}
			}
			slices.Sort(m.Accounts)
			if t.Machines = append(t.Machines, m); h.alone || held[ledger.Office] == h.id {
				t.Works, t.Since, t.Heard, t.Silent, t.Epoch = m.Machine, m.Since, m.Heard, m.Silent, h.id
			}
			names = append(names, h.holder)
		}
		rows, err := q.Query(ctx, "SELECT name, since FROM machines WHERE heard > now() - "+recently+" AND name <> ALL($1) ORDER BY since, name", names)
		if err != nil {
			return err
		}
		var w ledger.Waiter
		_, err = pgx.ForEachRow(rows, []any{&w.Machine, &w.Since}, func() error {
			t.StandingBy = append(t.StandingBy, w)
			return nil
		})
		return err
	})
	return t, err
}

// Owned is ledger.Driver's: only the database knows who owns a ledger in it.
func (Driver) Owned() bool { return false }

// StandBy is ledger.Driver's.
func (d Driver) StandBy(ctx context.Context, machine string) error {
	d.machine = machine
	b, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer b.pool.Close()
	batch := &pgx.Batch{}
	batch.Queue("INSERT INTO machines (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET since = CASE WHEN machines.heard > now() - "+recently+" THEN machines.since ELSE now() END, heard = now()", d.me())
	batch.Queue("DELETE FROM machines WHERE heard < now() - interval '1 day'")
	return b.explained(b.pool.SendBatch(ctx, batch).Close())
}
