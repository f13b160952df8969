package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/postgres"
)

// BenchmarkPrints: see ledgertest.Prints. Most of the work is the server's, so time is measured, and it is fewer rows.
func BenchmarkPrints(b *testing.B) {
	began := time.Now()
	ledgertest.Prints(b, 2_000_000, func(b *testing.B) (ledger.Owner, func() int64) {
		address := cluster.Address()
		l, err := postgres.Driver{Address: address, Data: b.TempDir()}.Open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		return l, func() (n int64) {
			c, err := pgx.Connect(b.Context(), address)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close(b.Context())
			if err := c.QueryRow(b.Context(), "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace").Scan(&n); err != nil {
				b.Fatal(err)
			}
			return n
		}
	}, func() time.Duration { return time.Since(began) })
}
