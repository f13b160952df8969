//go:build !linux

package exchangetest

import (
	"net"
	"time"
)

// took gives the other side's system time to have all that was written.
func took(net.Conn, bool) bool {
	time.Sleep(100 * time.Millisecond)
	return true
}
