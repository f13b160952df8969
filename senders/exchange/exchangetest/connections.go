package exchangetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/senders/exchange"
)

// noticed waits until a carrier must know what the server did on a kept connection: it has closed it, or, where it looks only when the
// connection is needed, its system has it.
func (w Way) noticed(t *testing.T, l *line, ended bool) {
	if !w.Looks {
		l.drain()
		return
	}
	eventually(t, "the other side has it", func() bool { return took(l.tcp, ended) })
}

// kept: what a server does with a connection that nobody uses is known before the next request leaves on it.
func (w Way) kept(t *testing.T) {
	for name, does := range map[string]func(l *line){
		"closed": func(l *line) {
			_ = l.tcp.(interface{ CloseWrite() error }).CloseWrite()
			w.noticed(t, l, true)
		},
		"something unasked": func(l *line) {
			l.says("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			w.noticed(t, l, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			s := serve(t, func(l *line) {
				if _, _, err := l.request(); err != nil {
					return
				}
				l.says(ok(small))
				if !turn(t, done) { // the answer has come
					return
				}
				does(l)
				turn(t, done)
				l.drain()
			})
			b := w.bench(t, s, nil)
			for i := range 20 {
				if b.answered(b.post(fmt.Sprint("order ", i)), 200, small); t.Failed() {
					return
				}
				done <- struct{}{}
				done <- struct{}{}
			}
			if n := s.connections(); n != 20 {
				t.Errorf("%d connections", n)
			}
		})
	}
	t.Run("reset", func(t *testing.T) {
		s := serve(t, func(l *line) {
			if _, _, err := l.request(); err == nil {
				l.reset()
				l.says(ok(small))
			}
		})
		b := w.bench(t, s, nil)
		for i := range 100 { // send knows what must hold, whenever the reset comes
			b.post(fmt.Sprint("order ", i))
		}
	})
	t.Run("closed by us after a while", func(t *testing.T) {
		s := serve(t, answering(ok(small)))
		b := w.bench(t, s, idle)
		b.answered(b.post("one"), 200, small)
		eventually(t, "the connection ends", func() bool { return s.ended(0) })
		b.answered(b.post("two"), 200, small)
		b.Close()
		eventually(t, "the connection ends", func() bool { return s.ended(1) })
		b.answered(b.post("three"), 200, small)
	})
	t.Run("closed far away", func(t *testing.T) { // by a server with a patience of a second: nothing shows it before the next request is lost
		s := serve(t, func(l *line) {
			for until := time.Now().Add(patience); ; until = time.Now().Add(700 * time.Millisecond) {
				if _, _, err := l.request(); err != nil || time.Now().After(until) {
					return
				}
				l.says(ok(small))
			}
		})
		b := w.bench(t, s, idle)
		for i := range 2 {
			b.answered(b.post(fmt.Sprint("order ", i)), 200, small)
			time.Sleep(800 * time.Millisecond)
		}
	})
	t.Run("closed behind each answer", func(t *testing.T) { // after some it is known, and none is kept: what leaves as the end arrives is lost
		done := make(chan struct{})
		s := serve(t, func(l *line) {
			if l.n >= 3 {
				answering(ok(small))(l)
				return
			}
			if _, _, err := l.request(); err != nil {
				return
			}
			l.says(ok(small))
			if turn(t, done) {
				_ = l.tcp.(interface{ CloseWrite() error }).CloseWrite()
				w.noticed(t, l, true)
				turn(t, done)
				l.drain()
			}
		})
		b := w.bench(t, s, nil)
		for i := range 6 {
			b.answered(b.post(fmt.Sprint("order ", i)), 200, small)
			if i < 3 {
				done <- struct{}{}
				done <- struct{}{}
			}
		}
		if n := s.connections(); w.Looks && n != 6 {
			t.Errorf("%d connections", n)
		}
	})
	t.Run("of HTTP/2 alone", func(t *testing.T) { // its settings, and that it goes: it has not understood the request
		s := serve(t, func(l *line) {
			if _, _, err := l.request(); err == nil {
				l.says("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64" + "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")
			}
		})
		b := w.bench(t, s, nil)
		if res := b.Exchange(t.Context(), quiet(b.request("order"))); w.Looks && (res.Left || !errors.Is(res.Err, exchange.ErrNewer)) || res.Err == nil {
			t.Errorf("got %+v", res)
		}
	})
	t.Run("of a proxy in the server's name", func(t *testing.T) { // Squid, which opens TLS, did not pass it on
		s := serve(t, answering("HTTP/1.1 403 Forbidden\r\nServer: squid/5.7\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 6\r\n\r\ndenied"))
		b := w.bench(t, s, nil)
		if res := b.Exchange(t.Context(), quiet(b.request("order"))); res.Left || !errors.Is(res.Err, exchange.ErrBeyond) {
			t.Errorf("got %+v", res)
		}
	})
	t.Run("of another server", func(t *testing.T) {
		s := serve(t, answering("HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n"))
		b := w.bench(t, s, nil)
		for i := range 2 {
			b.answered(b.post(fmt.Sprint("order ", i)), 421, "")
		}
		if n := s.connections(); w.Looks && n != 2 {
			t.Errorf("%d connections", n)
		}
	})
	t.Run("many that are closed", func(t *testing.T) {
		var all, closed sync.WaitGroup
		all.Add(4)
		shut := make(chan struct{})
		s := serve(t, func(l *line) {
			if l.n >= 4 {
				answering(ok(small))(l)
				return
			}
			if _, _, err := l.request(); err != nil {
				return
			}
			all.Done()
			all.Wait() // so that there are four
			l.says(ok(small))
			<-shut
			_ = l.tcp.(interface{ CloseWrite() error }).CloseWrite()
			w.noticed(t, l, true)
			closed.Done()
			l.drain()
		})
		b := w.bench(t, s, nil)
		closed.Add(4)
		var sent sync.WaitGroup
		for i := range 4 {
			sent.Go(func() { b.Exchange(t.Context(), quiet(b.request(fmt.Sprint("order ", i)))) })
		}
		sent.Wait()
		close(shut)
		closed.Wait()
		b.answered(b.post("after them"), 200, small)
	})
}

// quiet is a request whose leaving nobody watches.
func quiet(r exchange.Request) exchange.Request {
	r.Leave = func() {}
	return r
}

// ended reports whether the other side has ended a connection.
func (s *server) ended(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines) > n && s.lines[n].over
}

// once: a request of which something left is not made again, whatever its method, on a new connection or on a kept one.
func (w Way) once(t *testing.T) {
	for _, method := range []string{"POST", "GET", "PUT", "DELETE"} {
		s := serve(t, func(l *line) {
			for i := 0; ; i++ {
				r, _, err := l.request()
				if err != nil || i == l.n%2 {
					return
				}
				_ = r
				l.says(ok(small))
			}
		})
		b := w.bench(t, s, nil)
		for i := range 12 {
			r := b.request(fmt.Sprint(method, " ", i))
			r.Method = method
			r.Header.Set("Idempotency-Key", "1")
			if res := b.send(t.Context(), r); res.Err == nil != (s.count(string(r.Body)) == 1 && res.Status == http.StatusOK) || !res.Left || s.count(string(r.Body)) != 1 {
				t.Errorf("%s %d was read %d times: %+v", method, i, s.count(string(r.Body)), res)
			}
		}
	}
}

// commits: nothing leaves before its commit, and nothing after one that refuses.
func (w Way) commits(t *testing.T) {
	full := errors.New("disk full")
	s := serve(t, answering(ok(small)))
	b := w.bench(t, s, nil)
	for i := range 3 {
		r := b.request(fmt.Sprint("order ", i))
		r.Commit = func(context.Context) error { return full }
		b.stays(b.send(t.Context(), r), full)
		b.answered(b.post(string(r.Body)), 200, small)
	}
	r := b.request("too late")
	r.Until = time.Now().Add(300 * time.Millisecond)
	r.Commit = func(context.Context) error { time.Sleep(time.Until(r.Until)); return nil }
	b.stays(b.send(t.Context(), r), exchange.ErrTime)

	for name, used := range map[string]bool{"the connection ends meanwhile": true, "a new connection ends meanwhile": false} {
		t.Run(name, func(t *testing.T) {
			shut, closed := make(chan struct{}), make(chan struct{})
			s := serve(t, func(l *line) {
				if l.n > 0 {
					answering(ok(small))(l)
					return
				}
				if used {
					if _, _, err := l.request(); err != nil {
						return
					}
					l.says(ok(small))
				}
				<-shut
				_ = l.tcp.(interface{ CloseWrite() error }).CloseWrite()
				eventually(t, "the other side has it", func() bool { return took(l.tcp, true) })
				close(closed)
				l.drain()
			})
			b := w.bench(t, s, nil)
			if used {
				b.answered(b.post("one"), 200, small)
			}
			r := b.request("two")
			r.Commit = func(context.Context) error {
				close(shut)
				<-closed
				return nil
			}
			if res := b.send(t.Context(), r); w.Looks {
				b.answered(res, 200, small)
			}
		})
	}
	t.Run("the connection grows old meanwhile", func(t *testing.T) {
		s := serve(t, answering(ok(small)))
		b := w.bench(t, s, idle)
		b.answered(b.post("one"), 200, small)
		r := b.request("two")
		r.Commit = func(context.Context) error { time.Sleep(exchange.Idle); return nil }
		b.answered(b.send(t.Context(), r), 200, small)
		if n := s.connections(); w.Looks && n != 2 {
			t.Errorf("%d connections", n)
		}
	})
}

// ends: whoever waits no longer, or not at all, gets the truth about what left.
func (w Way) ends(t *testing.T) {
	there := make(chan struct{}, 100)
	s := serve(t, func(l *line) {
		for {
			_, body, err := l.request()
			if err != nil {
				return
			}
			if body == "hang" {
				there <- struct{}{}
				l.drain()
				return
			}
			l.says(ok(small))
		}
	})
	b := w.bench(t, s, func(set *http.Transport, _ *url.URL) { set.MaxConnsPerHost = 1 })
	for range 3 {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		b.stays(b.send(gone, b.request("order")), context.Canceled)

		ctx, cancel := context.WithCancel(t.Context())
		r := b.request("order")
		r.Commit = func(context.Context) error { cancel(); return nil }
		b.stays(b.send(ctx, r), context.Canceled)

		ctx, cancel = context.WithCancel(t.Context())
		go func() { <-there; cancel() }()
		res := b.send(ctx, b.request("hang"))
		if b.lost(res); !errors.Is(res.Err, context.Canceled) {
			t.Errorf("got %v", res.Err)
		}

		ctx, cancel = context.WithCancel(t.Context()) // whose connection is kept when it ends
		b.answered(b.send(ctx, b.request("order")), 200, small)
		cancel()
		b.answered(b.post("order"), 200, small)

		r = b.request("order")
		r.Until = time.Now().Add(-time.Second)
		b.stays(b.send(t.Context(), r), exchange.ErrTime)
	}
	for wait := 100 * time.Millisecond; ; wait *= 4 { // on a slow machine it may be over before it has left
		r := b.request("hang")
		r.Until = time.Now().Add(wait)
		res := b.send(t.Context(), r)
		if !errors.Is(res.Err, exchange.ErrTime) {
			t.Fatalf("got %v", res.Err)
		}
		if res.Left {
			<-there
			break
		}
		if wait > patience {
			t.Fatalf("got %+v", res)
		}
	}
	b.answered(b.post("order"), 200, small)

	var all sync.WaitGroup // one more than there may be connections waits, and no longer than it wants
	ctx, cancel := context.WithCancel(t.Context())
	all.Go(func() { b.Exchange(ctx, quiet(b.request("hang"))) })
	<-there
	r := b.request("waits")
	r.Until = time.Now().Add(50 * time.Millisecond)
	if res := b.Exchange(t.Context(), quiet(r)); !errors.Is(res.Err, exchange.ErrTime) || res.Left {
		t.Errorf("got %+v", res)
	}
	gone, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	if res := b.Exchange(gone, quiet(b.request("waits"))); !errors.Is(res.Err, context.DeadlineExceeded) || res.Left {
		t.Errorf("got %+v", res)
	}
	cancel()
	all.Wait()
	if n := s.count("waits"); n != 0 {
		t.Errorf("%d left", n)
	}

	b = w.bench(t, s, func(_ *http.Transport, to *url.URL) { to.Host = "127.0.0.1:1" }) // a free port might be taken meanwhile
	r = b.request("order")
	r.Commit = func(context.Context) error { t.Error("committed, and nobody is there"); return nil }
	b.stays(b.send(t.Context(), r), nil)
}

// many: requests at the same time get their own answers, over no more connections than there may be.
func (w Way) many(t *testing.T) {
	s := serve(t, func(l *line) {
		for {
			_, body, err := l.request()
			if err != nil {
				return
			}
			l.says(ok(body))
		}
	})
	b := w.bench(t, s, nil)
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			for i := range 50 {
				body := fmt.Sprintf("order %d of %d", i, worker)
				if res := b.Exchange(t.Context(), quiet(b.request(body))); res.Err != nil || string(res.Body) != body || s.count(body) != 1 {
					t.Errorf("%s: %q, %v, read %d times", body, res.Body, res.Err, s.count(body))
				}
			}
		})
	}
	all.Wait()
	if n := s.connections(); n > 4 && w.Looks { // net/http gives one up that is answered before it knows that all was written
		t.Errorf("%d connections", n)
	}
}
