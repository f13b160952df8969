package exchangetest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long what must come may take on the slowest machine.
const patience = 2 * time.Minute

// server is a listener whose connections do what a case says. It knows every byte it has read.
type server struct {
	net.Listener
	mu    sync.Mutex
	lines []*line
	whole []string // bodies of the requests that were read to their end
}

// line is one connection of it.
type line struct {
	net.Conn
	s    *server
	in   *bufio.Reader
	n    int      // the how manieth, from 0
	tcp  net.Conn // below TLS
	over bool     // the other side has ended it
	read int64
	lost bool // it may yet bring something of an earlier request
}

// serve starts a server. each has the connection closed when it returns.
func serve(t *testing.T, each func(l *line)) *server {
	t.Helper()
	return serveOver(t, func(c net.Conn) net.Conn { return c }, each)
}

// serveOver is serve with something between TCP and the requests.
func serveOver(t *testing.T, over func(net.Conn) net.Conn, each func(l *line)) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: listener}
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		for _, l := range s.lines {
			_ = l.tcp.Close()
		}
		s.mu.Unlock()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			l := &line{Conn: over(c), s: s, n: len(s.lines), tcp: c}
			l.in = bufio.NewReader(l)
			s.lines = append(s.lines, l)
			s.mu.Unlock()
			all.Go(func() {
				defer l.tcp.Close()
				defer l.Close()
				each(l)
			})
		}
	})
	return s
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.s.mu.Lock()
	l.read += int64(n)
	l.over = l.over || err != nil
	l.s.mu.Unlock()
	return n, err
}

// request reads one, or fails where the connection ends.
func (l *line) request() (*http.Request, string, error) {
	r, err := http.ReadRequest(l.in)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, "", err
	}
	l.s.mu.Lock()
	l.s.whole = append(l.s.whole, string(body))
	l.s.mu.Unlock()
	return r, string(body), nil
}

// says writes an answer.
func (l *line) says(text string) { _, _ = io.WriteString(l.Conn, text) }

// reset has the connection's end be a reset.
func (l *line) reset() { _ = l.tcp.(*net.TCPConn).SetLinger(0) }

// drain reads until the other side ends.
func (l *line) drain() { _, _ = io.Copy(io.Discard, l.in) }

// bytes is how many were read so far.
func (s *server) bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum int64
	for _, l := range s.lines {
		if !l.lost {
			sum += l.read
		}
	}
	return sum
}

// forget leaves the connections that are there out of the count: a request was lost on one of them.
func (s *server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		l.lost = true
	}
}

// count is how often a request with this body was read to its end.
func (s *server) count(body string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.whole {
		if one == body {
			n++
		}
	}
	return n
}

// connections is how many were made.
func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines)
}

// ok is an answer with a body of known length.
func ok(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// chunked is a body in pieces.
func chunked(pieces ...string) string {
	var b strings.Builder
	for _, p := range pieces {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(p), p)
	}
	return b.String() + "0\r\n\r\n"
}

// answering answers each request with the text, on kept connections.
func answering(text string) func(*line) {
	return func(l *line) {
		for {
			if _, _, err := l.request(); err != nil {
				return
			}
			l.says(text)
		}
	}
}

// eventually waits for something.
func eventually(t *testing.T, what string, there func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !there(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it does not come", what)
		}
	}
}

func repeated(text string, n int) string { return string(bytes.Repeat([]byte(text), n)) }

// turn waits until the test has come to where the server goes on; false: it has ended.
func turn(t *testing.T, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-t.Context().Done():
		return false
	}
}
