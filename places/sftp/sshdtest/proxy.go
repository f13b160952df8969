package sshdtest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands before a server and breaks the line on request.
type Proxy struct {
	Port int

	t        testing.TB
	target   string
	listener net.Listener
	mu       sync.Mutex
	lines    map[*line]bool
	cut      int64 // bytes after which the next line is cut, both directions together; 0 = never
	hung     atomic.Bool
	hangAt   atomic.Int64 // total of bytes from which on the proxy hangs; 0 = never
	total    atomic.Int64
	pause    atomic.Int64 // nanoseconds before each 16 KiB, or less, pass
	opened   atomic.Int64
	wg       sync.WaitGroup
}

// line is one connection through the proxy.
type line struct {
	a, b net.Conn
	left atomic.Int64
	cuts bool
}

func (l *line) close() {
	_ = l.a.Close()
	_ = l.b.Close()
}

// NewProxy starts a proxy before a server. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Port: listener.Addr().(*net.TCPAddr).Port, t: t, target: target, listener: listener, lines: map[*line]bool{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.Hang(false)
		p.Cut()
		p.wg.Wait()
	})
	return p
}

// CutAfter cuts the next line, and each one after it, when so many bytes have passed; 0 lets lines live.
func (p *Proxy) CutAfter(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = bytes
}

// CutNext cuts the present lines when so many more bytes have passed; lines opened later live.
func (p *Proxy) CutNext(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.lines {
		l.left.Store(bytes)
		l.cuts = true
	}
}

// Cut cuts every line now.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.lines {
		l.close()
	}
}

// Hang lets no byte pass, and no line end, until it is called with false.
func (p *Proxy) Hang(hang bool) {
	if !hang {
		p.hangAt.Store(0)
	}
	p.hung.Store(hang)
}

// HangAfter lets so many more bytes pass, or a few more, and then hangs.
func (p *Proxy) HangAfter(bytes int64) { p.hangAt.Store(p.total.Load() + bytes) }

// Hangs reports whether no byte passes now.
func (p *Proxy) Hangs() bool {
	at := p.hangAt.Load()
	return p.hung.Load() || at > 0 && p.total.Load() >= at
}

// Slow lets so many bytes a second pass in each direction, and no more.
func (p *Proxy) Slow(bytes int) { p.pause.Store(int64(time.Second) * chunk / int64(bytes)) }

// chunk is what passes at once.
const chunk = 16 << 10

// Bytes is how many bytes have passed in all.
func (p *Proxy) Bytes() int64 { return p.total.Load() }

// Opened is how many connections were made.
func (p *Proxy) Opened() int { return int(p.opened.Load()) }

// Open is how many there are now.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}

func (p *Proxy) accept() {
	for {
		a, err := p.listener.Accept()
		if err != nil {
			return
		}
		b, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = a.Close()
			continue
		}
		p.opened.Add(1)
		l := &line{a: a, b: b}
		p.mu.Lock()
		l.left.Store(p.cut)
		l.cuts = p.cut > 0
		p.lines[l] = true
		p.mu.Unlock()
		var both sync.WaitGroup
		both.Go(func() { p.pump(l, a, b) })
		both.Go(func() { p.pump(l, b, a) })
		p.wg.Go(func() {
			both.Wait()
			p.mu.Lock()
			delete(p.lines, l)
			p.mu.Unlock()
		})
	}
}

func (p *Proxy) pump(l *line, from, to net.Conn) {
	defer l.close()
	buf := make([]byte, chunk)
	for {
		n, err := from.Read(buf)
		for p.Hangs() {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(p.pause.Load() * int64(n) / chunk))
		p.mu.Lock()
		cuts := l.cuts
		p.mu.Unlock()
		if cuts {
			if left := l.left.Add(-int64(n)) + int64(n); left < int64(n) {
				_, _ = to.Write(buf[:max(0, left)]) // to the very byte
				return
			}
		}
		p.total.Add(int64(n))
		if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
			return
		}
	}
}
