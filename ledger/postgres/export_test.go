package postgres

import (
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
