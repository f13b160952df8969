package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
)

// recently is for how long a machine counts as standing by after it said so. It says so every few seconds.
const recently = "interval '15 seconds'"

// Turn is ledger.Books's.
func (b books) Turn(ctx context.Context) (t *ledger.Turn, err error) {
	err = b.reading(ctx, func(q querier) error {
		t = &ledger.Turn{StandingBy: []ledger.Waiter{}}
		err := q.QueryRow(ctx, `SELECT holder, since, heard, heard < now() - length * interval '1 millisecond', epoch FROM leases JOIN epochs USING (name) WHERE name = 'ledger'`).
			Scan(&t.Works, &t.Since, &t.Heard, &t.Silent, &t.Epoch)
		if err != nil {
			return err
		}
		if t.Works == "" {
			t = &ledger.Turn{Epoch: t.Epoch, StandingBy: t.StandingBy}
		}
		rows, err := q.Query(ctx, "SELECT name, since FROM machines WHERE heard > now() - "+recently+" AND name <> $1 ORDER BY since, name", t.Works)
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
func (d Driver) StandBy(ctx context.Context) error {
	b, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer b.pool.Close()
	batch := &pgx.Batch{}
	batch.Queue("INSERT INTO machines (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET since = CASE WHEN machines.heard > now() - "+recently+" THEN machines.since ELSE now() END, heard = now()", me())
	batch.Queue("DELETE FROM machines WHERE heard < now() - interval '1 day'")
	return b.explained(b.pool.SendBatch(ctx, batch).Close())
}
