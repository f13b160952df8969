package senders

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// A name that has several addresses is reached by the one that answers, whichever it is, soon, and the next time at once.
func TestSeveralAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	live, silent, closed, six := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")
	gone := errors.New("refused")
	for name, c := range map[string]struct {
		found []netip.Addr
		err   error
	}{
		"one":                  {[]netip.Addr{live}, nil},
		"the first is silent":  {[]netip.Addr{silent, live}, nil},
		"the first refuses":    {[]netip.Addr{closed, live}, nil},
		"a family is silent":   {[]netip.Addr{six, netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::3"), live}, nil},
		"mapped":               {[]netip.Addr{silent, netip.AddrFrom16(live.As16())}, nil},
		"all refuse":           {[]netip.Addr{closed, closed}, gone},
		"one refuses, in time": {[]netip.Addr{silent, closed}, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries []string
			d := newDialer()
			real := d.connect
			d.lookup = func(context.Context, string, string) ([]netip.Addr, error) { return c.found, nil }
			begun := make(chan string, 100)
			d.connect = func(ctx context.Context, network, address string) (net.Conn, error) {
				begun <- address
				switch host, _, _ := net.SplitHostPort(address); host {
				case live.String():
					return real(ctx, network, address)
				case closed.String():
					return nil, gone
				}
				<-ctx.Done()
				return nil, ctx.Err()
			}
			for round := range 2 {
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				if c.err == context.DeadlineExceeded {
					ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
				}
				conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("provider.test", port))
				cancel()
				if c.err == nil && err != nil || c.err != nil && err == nil {
					t.Fatalf("round %d: %v", round, err)
				}
				if conn != nil {
					conn.Close()
				}
				for tries = nil; len(begun) > 0; {
					tries = append(tries, <-begun)
				}
				if c.err == nil && round == 1 && tries[0] != net.JoinHostPort(live.String(), port) {
					t.Errorf("%s was tried first again", tries[0])
				}
				if c.err == nil && len(tries) > 2 {
					t.Errorf("tried: %s", tries)
				}
			}
		})
	}
}
