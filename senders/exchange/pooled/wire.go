package pooled

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// A wire is the TCP connection below all else. It knows whether a byte was written on it since it was asked to watch, and it can be
// read for what is there already, without waiting.
type wire struct {
	net.Conn
	raw     syscall.RawConn
	some    atomic.Bool // a byte was written
	looking bool        // reads do not wait
	into    []byte      // of a look
	got     int
	failed  error
	look    func(fd uintptr) bool
	late    bool // its time was over, and what had come was read
}

func newWire(c net.Conn) (*wire, error) {
	has, ok := c.(syscall.Conn)
	if !ok {
		return nil, errors.New("a connection without a socket")
	}
	raw, err := has.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: c, raw: raw}
	w.look = func(fd uintptr) bool {
		w.got, w.failed = lookAt(fd, w.into)
		return true
	}
	return w, nil
}

func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if n > 0 && !w.some.Load() {
		w.some.Store(true)
	}
	return n, err
}

func (w *wire) Read(p []byte) (int, error) {
	if w.looking {
		return w.there(p)
	}
	n, err := w.Conn.Read(p)
	if n > 0 || !canLook || w.late || !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	return w.overslept(p, err)
}

// there reads what has come, without waiting.
func (w *wire) there(p []byte) (int, error) {
	w.into = p
	if err := w.raw.Read(w.look); err != nil {
		return 0, err
	}
	return w.got, w.failed
}

// rest is how long what is left of an answer may take that came while nobody was awake to read it.
const rest = time.Second

// overslept reads what came in time, although the time is over: the machine was asleep, or this process was stopped. Nothing had come: it
// is over.
func (w *wire) overslept(p []byte, over error) (int, error) {
	w.late = true
	if err := w.SetReadDeadline(time.Now().Add(rest)); err != nil {
		return 0, over
	}
	n, err := w.there(p)
	if n == 0 && err == errNothing {
		return 0, over
	}
	return n, err
}

// errNothing says that nothing has come. TLS takes it for a fault that passes, and goes on from there later.
var errNothing error = &net.OpError{Op: "look", Net: "tcp", Err: os.ErrDeadlineExceeded}
