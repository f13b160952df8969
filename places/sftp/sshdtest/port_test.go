//go:build linux

package sshdtest

import (
	"fmt"
	"net"
	"testing"
)

// A free port refuses connections, is given to nobody else, and takes a server that starts there, twice.
func TestFreePort(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		port := FreePort(t)
		if seen[port] {
			t.Fatalf("port %d is given twice", port)
		}
		seen[port] = true
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			t.Fatalf("somebody listens on %s", address)
		}
		for range 2 {
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Close(), l.Close()
		}
	}
}
