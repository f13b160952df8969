package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve serves on a listener until ctx ends, and closes it. Whoever connected until then is answered, if that takes no longer than a few
// seconds: http.Server.Shutdown alone hangs up on those whose request has not been read yet. nil when ctx ended.
func Serve(ctx context.Context, server *http.Server, l net.Listener) error {
	calls := &calls{changed: make(chan struct{}, 1), open: map[net.Conn]bool{}}
	server.ConnState = calls.note
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return errors.Join(err, server.Close())
	case <-ctx.Done():
	}
	server.SetKeepAlivesEnabled(false)
	_ = l.Close()
	<-done
	calls.end(3 * time.Second)
	return server.Close()
}

// calls are the connections over which a request is read or answered.
type calls struct {
	mu      sync.Mutex
	open    map[net.Conn]bool
	changed chan struct{}
}

// note is for http.Server.ConnState.
func (c *calls) note(conn net.Conn, now http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now == http.StateNew || now == http.StateActive {
		c.open[conn] = true
		return
	}
	delete(c.open, conn)
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// end waits until there are none.
func (c *calls) end(most time.Duration) {
	late := time.After(most)
	for {
		c.mu.Lock()
		n := len(c.open)
		c.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-c.changed:
		case <-late:
			return
		}
	}
}
