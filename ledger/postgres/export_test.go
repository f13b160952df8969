package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/rowferry/rowferry/ledger"
)

// At is a driver that goes by another clock when it chooses partitions.
func (d Driver) At(clock func() time.Time) Driver {
	d.clock = clock
	return d
}

// Suspend keeps an owner from renewing its lease, as if its process or its machine stood still.
func Suspend(l ledger.Owner) {
	lease := l.(*Ledger).lease
	lease.stop()
	<-lease.ended
}

// Lasting has sessions on a ledger that nobody has used last so long.
func Lasting(ctx context.Context, t *testing.T, address string, length time.Duration) {
	t.Helper()
	b, err := Driver{Address: address}.open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer b.pool.Close()
	if err := b.migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(ctx, "UPDATE leases SET length = $1 WHERE name = 'ledger'", length.Milliseconds()); err != nil {
		t.Fatal(err)
	}
}

// Times are how long an owner's session lasts without a beat, for how long it believes in it itself, and how often it looks at the others.
func Times(l ledger.Owner) (length, believed, glance time.Duration) {
	o := l.(*Ledger)
	return o.lease.length, o.lease.length / 5 * 4, o.among.every()
}

// Set is what is set on an owner's connections.
func Set(ctx context.Context, l ledger.Owner, name string) (value string, err error) {
	err = l.(*Ledger).pool.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value)
	return value, err
}

// Explained is an error as the ledger tells it.
func Explained(err error) error { return books{}.explained(err) }
