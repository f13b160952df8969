package standard

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rowferry/rowferry/senders/exchange"
)

var errTwice = errors.New("a request leaves once")

// A line is a connection that knows which request is about to leave on it. net/http hands a request a connection
// before it writes the first byte of it; the first Write of a request asks its departure.
type line struct {
	net.Conn
	departure atomic.Pointer[departure]
}

func (l *line) Write(p []byte) (int, error) {
	d := l.departure.Load()
	if d == nil {
		return l.Conn.Write(p) // a handshake
	}
	if err := d.leave(l); err != nil {
		return 0, err
	}
	n, err := l.Conn.Write(p)
	d.wrote(l, n)
	return n, err
}

// departure watches the one moment at which a request begins to leave: there its commit is called and it is told that it
// leaves. After a byte of it may have left, no other connection carries it again.
type departure struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	commit func(context.Context) error // nil after it was called
	until  time.Time                   // when nothing may leave any more
	leaves func()
	trace  httptrace.ClientTrace

	mu      sync.Mutex
	kept    bool  // the connection had carried another request before
	on      *line // where it leaves or has left
	some    bool  // a byte of it is on the line
	shut    bool  // it is over: nothing may leave any more
	refused error // what commit said, or that it is too late
}

// connected gives the departure the connection that net/http chose.
func (d *departure) connected(info httptrace.GotConnInfo) {
	c := info.Conn
	for t, ok := c.(*tls.Conn); ok; t, ok = c.(*tls.Conn) { // TLS to the server, and below it to the proxy
		c = t.NetConn()
	}
	if l, ok := c.(*line); ok {
		l.departure.Store(d)
	}
	d.mu.Lock()
	d.kept = info.Reused
	d.mu.Unlock()
}

// again reports whether a failed request may be tried once more at once: nothing of it left, and all that failed was
// a kept connection.
func (d *departure) again() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := d.kept
	d.kept = false
	return kept && d.on == nil && !d.shut && d.ctx.Err() == nil
}

// leave is asked before every write.
func (d *departure) leave(l *line) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.shut:
		return errTwice
	case d.on == l:
		return nil
	case d.on != nil:
		return errTwice
	}
	if d.commit != nil {
		if err := d.commit(d.ctx); err != nil {
			d.shut, d.refused = true, err
			d.cancel(err)
			return err
		}
		d.commit = nil
	}
	if d.ctx.Err() != nil {
		d.shut = true
		return d.ctx.Err()
	}
	if !time.Now().Before(d.until) { // the context hears of it a moment later
		d.shut, d.refused = true, exchange.ErrTime
		d.cancel(d.refused)
		return d.refused
	}
	d.on = l
	d.leaves()
	return nil
}

// wrote notes what a write did. When it put nothing on the line, as on a kept connection that the provider has
// closed, the request may leave on another.
func (d *departure) wrote(l *line, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.on != l {
		return
	}
	d.some = d.some || n > 0
	if !d.some {
		d.on = nil
	}
}

// close ends the departure and reports whether a byte of the request may have left. It waits for a commit that is
// being made.
func (d *departure) close() (left bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	return d.on != nil
}

// release lets the connection go on to other requests.
func (d *departure) release() {
	d.mu.Lock()
	l := d.on
	d.mu.Unlock()
	if l != nil {
		l.departure.CompareAndSwap(d, nil)
	}
}
