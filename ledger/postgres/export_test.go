package postgres

import "github.com/rowferry/rowferry/ledger"

// Suspend keeps an owner from renewing its lease, as if its process or its machine stood still.
func Suspend(l ledger.Owner) {
	lease := l.(*Ledger).lease
	lease.stop()
	<-lease.ended
}
