package sftp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// link is one live connection with what watches over it.
type link struct {
	*sftp.Client
	shell   *ssh.Client
	below   []io.Closer // what it goes through: jump hosts, the innermost last
	wire    *wire
	timeout time.Duration
	every   time.Duration // keep-alive
	born    time.Time

	mu      sync.Mutex
	calls   int       // under way
	since   time.Time // since when there is one
	done    int       // calls that ended well, or brought a transfer further
	verdict error     // why we closed it
	ending  sync.Once
	over    chan struct{} // closed when the session is
	wg      sync.WaitGroup
}

var errHung = errors.New("no answer from the server")

// watch starts the two that look after the link: one notices its end, one a server that hangs.
func (l *link) watch() {
	l.over = make(chan struct{})
	l.wg.Go(func() {
		_ = l.Client.Wait()
		close(l.over)
		l.cut(nil)
	})
	l.wg.Go(l.guard)
}

// guard closes the link when calls are under way and nothing came from the server for the timeout, and asks for a sign of life
// when nothing came for the keep-alive time.
func (l *link) guard() {
	tick := time.NewTicker(min(time.Second, max(20*time.Millisecond, l.timeout/8)))
	defer tick.Stop()
	var asked atomic.Int64 // when the sign of life was asked for that has not come, after the link was born
	for {
		select {
		case <-l.over:
			return
		case now := <-tick.C:
			quiet := now.Sub(l.lastProgress())
			if l.busy() && quiet > l.timeout {
				l.cut(errHung)
				return
			}
			if at := asked.Load(); at != 0 && now.Sub(l.born) > time.Duration(at)+l.timeout {
				l.cut(errHung)
				return
			}
			if l.every > 0 && now.Sub(l.wire.lastRead()) >= l.every && asked.CompareAndSwap(0, int64(max(1, now.Sub(l.born)))) {
				l.wg.Go(func() {
					_, _, _ = l.shell.SendRequest("keepalive@openssh.com", true, nil)
					asked.Store(0)
				})
			}
		}
	}
}

func (l *link) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls > 0
}

// lastProgress is when something last came from the server, or when the oldest stretch of calls began if that is later.
func (l *link) lastProgress() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if read := l.wire.lastRead(); read.After(l.since) {
		return read
	}
	return l.since
}

// grace is how long a request may go on after its context ended, before the connection is given up for it.
const grace = 500 * time.Millisecond

// run calls f; when ctx ends and f does not within the grace, the connection is closed under it.
func (l *link) run(ctx context.Context, f func(*sftp.Client) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.enter()
	finished := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-finished:
		case <-l.over:
		case <-timer.C:
			l.cut(ctx.Err())
		}
	})
	err := f(l.Client)
	close(finished)
	stop()
	l.leave(err)
	return err
}

func (l *link) enter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == 0 {
		l.since = time.Now()
	}
	l.calls++
}

func (l *link) leave(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls--
	if _, came := errors.AsType[further](err); came || err == nil || answered(err) {
		l.done++
	}
}

// worked reports whether the link did some good.
func (l *link) worked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done > 0 || time.Since(l.born) > 10*time.Second
}

func (l *link) alive() bool {
	select {
	case <-l.over:
		return false
	default:
		return true
	}
}

// lost reports whether err came of the end of the connection. One that does not tell may be what the end looks like to whom it struck
// before it was noticed elsewhere, so the server is asked for a sign of life, unless ctx has ended.
func (l *link) lost(ctx context.Context, err error) bool {
	switch {
	case answered(err):
		return false
	case errors.Is(err, sftp.ErrSSHFxConnectionLost), !l.alive():
		return true
	case ctx.Err() != nil:
		return l.why(nil) != nil // given up for it
	}
	err = l.run(ctx, func(s *sftp.Client) error { _, err := s.RealPath("."); return err })
	return err != nil && !answered(err)
}

// why is the best reason known for the end.
func (l *link) why(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.verdict != nil {
		return l.verdict
	}
	return err
}

// cut closes the connection at once, without a word to the server; the first reason is kept.
func (l *link) cut(why error) {
	l.ending.Do(func() {
		l.mu.Lock()
		l.verdict = why
		l.mu.Unlock()
		_ = l.wire.Close()
		_ = l.shell.Close()
		for _, b := range l.below {
			_ = b.Close()
		}
	})
}

// close ends the link and waits for what it started.
func (l *link) close() {
	l.cut(nil)
	l.wg.Wait()
}

// wire notes when something was read.
type wire struct {
	net.Conn
	born time.Time
	read atomic.Int64 // nanoseconds after that, by the monotonic clock
}

func newWire(c net.Conn) *wire { return &wire{Conn: c, born: time.Now()} }

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.read.Store(int64(time.Since(w.born)))
	}
	return n, err
}

func (w *wire) lastRead() time.Time { return w.born.Add(time.Duration(w.read.Load())) }
