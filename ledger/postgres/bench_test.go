package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/postgres"
)

// BenchmarkPrints: see ledgertest.Prints. Most of the work is the server's, so time is measured. Remembered are 2,000,000 requests, as they
// lie in an old ledger: over 29 days.
func BenchmarkPrints(b *testing.B) {
	began, opened := time.Now(), 0
	ledgertest.Prints(b, 0, func(b *testing.B) (ledger.Owner, func() int64) {
		address := cluster.Address()
		l, err := postgres.Driver{Address: address, Data: b.TempDir()}.Open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		on := func(do func(c *pgx.Conn) error) {
			c, err := pgx.Connect(b.Context(), address)
			if err == nil {
				err = errors.Join(do(c), c.Close(b.Context()))
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		if opened++; opened == 3 {
			on(func(c *pgx.Conn) error { return older(b.Context(), c, 29, 2_000_000) })
		}
		return l, func() (n int64) {
			on(func(c *pgx.Conn) error {
				return c.QueryRow(b.Context(), "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace").Scan(&n)
			})
			return n
		}
	}, func() time.Duration { return time.Since(began) })
}

// older leaves prints that were left on earlier days.
func older(ctx context.Context, c *pgx.Conn, days, prints int) error {
	const dayBits = 36
	today := time.Now().Unix() / (24 * 60 * 60)
	for n := range int64(days) {
		day := today - n - 1
		_, err := c.Exec(ctx, fmt.Sprintf("CREATE TABLE prints_%d PARTITION OF prints FOR VALUES FROM (%d) TO (%d)", day, day<<dayBits, (day+1)<<dayBits))
		if err == nil {
			_, err = c.Exec(ctx, fmt.Sprintf("INSERT INTO prints_%d SELECT md5(n || ' of %d')::uuid, %d, n / 250, n %% 250, false FROM generate_series(1, %d) n", day, day, day<<dayBits, prints/days))
		}
		if err != nil {
			return err
		}
	}
	for _, after := range []string{"VACUUM ANALYZE prints", "CHECKPOINT"} { // that is long done in an old ledger
		if _, err := c.Exec(ctx, after); err != nil {
			return err
		}
	}
	return nil
}
