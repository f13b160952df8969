package senders

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	dialing   = 10 * time.Second
	headStart = 300 * time.Millisecond // of an address, before the next one is tried beside it
	avoiding  = time.Minute            // how long an address that did not answer is tried last
)

// dialer makes connections to names that may have several addresses, of which some may not answer: they are tried side by side, each with a
// head start (RFC 8305), and the first that stands is it. Nothing is sent on any.
type dialer struct {
	connect func(ctx context.Context, network, address string) (net.Conn, error)
	lookup  func(ctx context.Context, network, host string) ([]netip.Addr, error)

	mu   sync.Mutex
	dead map[netip.Addr]time.Time // and until when they are tried last
}

func newDialer() *dialer {
	one := &net.Dialer{Timeout: dialing, KeepAlive: 15 * time.Second}
	return &dialer{connect: one.DialContext, lookup: net.DefaultResolver.LookupNetIP, dead: map[netip.Addr]time.Time{}}
}

// DialContext makes a connection.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return d.connect(ctx, network, address)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return d.connect(ctx, network, address)
	}
	ctx, stop := context.WithTimeout(ctx, dialing)
	defer stop()
	found, err := d.lookup(ctx, "ip", host)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	return d.race(ctx, network, port, d.order(found))
}

// order has the families take turns, and what did not answer lately at the end.
func (d *dialer) order(found []netip.Addr) []netip.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	var turns [2][2]int // of the living and the dead: of the first one's family, and of the other
	rank := make(map[netip.Addr]int, len(found))
	for i, a := range found {
		if until, is := d.dead[a]; is && time.Now().After(until) {
			delete(d.dead, a)
		}
		dead, other := 0, 0
		if _, is := d.dead[a]; is {
			dead = 1
		}
		if a.Unmap().Is4() != found[0].Unmap().Is4() {
			other = 1
		}
		rank[found[i]] = dead<<16 + 2*turns[dead][other] + other
		turns[dead][other]++
	}
	return slices.SortedStableFunc(slices.Values(found), func(a, b netip.Addr) int { return cmp.Compare(rank[a], rank[b]) })
}

// tried is what came of one address.
type tried struct {
	at   int
	conn net.Conn
	err  error
}

// race gives the first connection that stands, or the first error when none does.
func (d *dialer) race(ctx context.Context, network, port string, to []netip.Addr) (net.Conn, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	came := make(chan tried)
	begun, open := 0, 0
	var first error
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			if begun == len(to) {
				continue
			}
			go func(at int) {
				conn, err := d.connect(ctx, network, net.JoinHostPort(to[at].Unmap().String(), port))
				came <- tried{at, conn, err}
			}(begun)
			begun, open = begun+1, open+1
			next.Reset(headStart)
		case t := <-came:
			open--
			if t.err == nil {
				stop()
				closeAll(came, open)
				d.avoid(to, t.at)
				return t.conn, nil
			}
			first = cmp.Or(first, t.err)
			if open == 0 && begun == len(to) {
				return nil, first
			}
			next.Reset(0)
		}
	}
}

// closeAll waits for those that were told to stop, and closes what stood by then.
func closeAll(came <-chan tried, open int) {
	for range open {
		if t := <-came; t.err == nil {
			_ = t.conn.Close()
		}
	}
}

// avoid notes the addresses that had a head start before the one that answered, and with them the other family, which may have no way at all.
func (d *dialer) avoid(to []netip.Addr, answered int) {
	if answered == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, a := range to {
		if i < answered || a.Unmap().Is4() != to[answered].Unmap().Is4() {
			d.dead[a] = time.Now().Add(avoiding)
		}
	}
}
