// Package exchangetest is the conformance suite of carriers: real servers on TCP that end, hang, hurry and lie at each place, and a
// count of every byte that reached them.
package exchangetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/senders/exchange"
)

// Way is one way to carry requests.
type Way struct {
	Open func(t *testing.T, settings *http.Transport, server *url.URL) exchange.Carrier

	// Looks: a kept connection is looked at when it is needed. Otherwise it is watched, and closed as soon as the server has closed it.
	Looks bool
}

// bench is a carrier before a server.
type bench struct {
	exchange.Carrier
	t   *testing.T
	way Way
	s   *server
	url *url.URL
}

// settings are those of an account, with so many connections.
func settings(connections int) *http.Transport {
	one := new(http.Protocols)
	one.SetHTTP1(true)
	return &http.Transport{DialContext: (&net.Dialer{Timeout: patience}).DialContext, TLSHandshakeTimeout: exchange.Shaking, IdleConnTimeout: patience, Protocols: one,
		MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, MaxResponseHeaderBytes: exchange.MaxHead,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode != http.StatusOK {
				return fmt.Errorf("proxy: %d", answer.StatusCode)
			}
			return nil
		}}
}

// idle has unused connections closed when an account's are.
func idle(set *http.Transport, _ *url.URL) { set.IdleConnTimeout = exchange.Idle }

func (w Way) bench(t *testing.T, s *server, change func(*http.Transport, *url.URL)) *bench {
	t.Helper()
	set, to := settings(4), &url.URL{Scheme: "http", Host: s.Addr().String(), Path: "/base/orders"}
	if change != nil {
		change(set, to)
	}
	b := &bench{t: t, way: w, s: s, url: to, Carrier: w.Open(t, set, to)}
	t.Cleanup(b.Close)
	return b
}

// request is a POST of a body.
func (b *bench) request(body string) exchange.Request {
	return exchange.Request{Method: http.MethodPost, URL: b.url, Header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {"rowferry"}},
		Body: []byte(body), Until: time.Now().Add(patience)}
}

// send makes an exchange and checks what must hold for each: what left was committed and told before, and what the server read left.
func (b *bench) send(ctx context.Context, r exchange.Request) exchange.Result {
	b.t.Helper()
	var mu sync.Mutex
	commits, agreed, leaves := 0, 0, 0
	commit, before, read := r.Commit, b.s.count(string(r.Body)), b.s.bytes()
	r.Commit = func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if commits++; b.s.bytes() != read || leaves != 0 {
			b.t.Error("a byte left before its commit")
		}
		if commit != nil {
			if err := commit(ctx); err != nil {
				return err
			}
		}
		agreed++
		return nil
	}
	r.Leave = func() {
		mu.Lock()
		defer mu.Unlock()
		if leaves++; agreed != 1 || b.s.bytes() != read {
			b.t.Errorf("left after %d commits", agreed)
		}
	}
	res := b.Exchange(ctx, r)
	mu.Lock()
	defer mu.Unlock()
	if res.Err != nil && res.Left {
		defer b.s.forget()
	}
	executed := b.s.count(string(r.Body)) - before
	switch {
	case executed > 1:
		b.t.Errorf("%.40q was read %d times", r.Body, executed)
	case !res.Left && (b.s.bytes() != read || res.Err == nil):
		b.t.Errorf("not left, but the server has read %d bytes: %v", b.s.bytes()-read, res.Err)
	case res.Left && (agreed != 1 || leaves == 0):
		b.t.Errorf("left after %d commits, told %d times", agreed, leaves)
	case commits > 1:
		b.t.Errorf("%d commits", commits)
	case res.Err == nil && res.Status == 0:
		b.t.Errorf("neither answer nor error: %+v", res)
	}
	return res
}

// post sends a body.
func (b *bench) post(body string) exchange.Result {
	b.t.Helper()
	return b.send(b.t.Context(), b.request(body))
}

// answered fails unless the answer is this.
func (b *bench) answered(res exchange.Result, status int, body string) {
	b.t.Helper()
	if res.Err != nil || !res.Left || res.Status != status || string(res.Body) != body {
		b.t.Errorf("got %d %.60q, %v; want %d %.60q", res.Status, res.Body, res.Err, status, body)
	}
}

// lost fails unless the request left and no answer came.
func (b *bench) lost(res exchange.Result) {
	b.t.Helper()
	if res.Err == nil || !res.Left {
		b.t.Errorf("got %+v, want it lost", res)
	}
}

// stays fails unless nothing left.
func (b *bench) stays(res exchange.Result, want error) {
	b.t.Helper()
	if res.Err == nil || res.Left || want != nil && !errors.Is(res.Err, want) {
		b.t.Errorf("got %+v, want nothing to leave: %v", res, want)
	}
}

// packed is a text in gzip.
func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

const small = `{"code":1}`

// Run is the suite.
func Run(t *testing.T, w Way) {
	t.Run("requests", func(t *testing.T) { w.requests(t) })
	t.Run("answers", func(t *testing.T) { w.answers(t) })
	t.Run("answers that are none", func(t *testing.T) { w.nonsense(t) })
	t.Run("cut at each place", func(t *testing.T) { w.cuts(t) })
	t.Run("early answers", func(t *testing.T) { w.early(t) })
	t.Run("kept connections", func(t *testing.T) { w.kept(t) })
	t.Run("nothing is repeated", func(t *testing.T) { w.once(t) })
	t.Run("commit", func(t *testing.T) { w.commits(t) })
	t.Run("ends", func(t *testing.T) { w.ends(t) })
	t.Run("many at once", func(t *testing.T) { w.many(t) })
	t.Run("TLS", func(t *testing.T) { w.secure(t) })
	t.Run("proxies", func(t *testing.T) { w.proxies(t) })
}

// requests: what is on the line is what was asked for, once and nothing more.
func (w Way) requests(t *testing.T) {
	type seen struct {
		line, host, body, length string
		header                   http.Header
	}
	got := make(chan seen, 1)
	s := serve(t, func(l *line) {
		for {
			r, body, err := l.request()
			if err != nil {
				return
			}
			if len(r.TransferEncoding) > 0 {
				t.Errorf("in pieces: %v", r.TransferEncoding)
			}
			got <- seen{r.Method + " " + r.RequestURI + " " + r.Proto, r.Host, body, r.Header.Get("Content-Length"), r.Header}
			if r.Method == http.MethodHead {
				l.says("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
				continue
			}
			l.says(ok(small))
		}
	})
	b := w.bench(t, s, nil)
	long := repeated("x", 300<<10)
	for _, c := range []struct{ method, target, body, length string }{
		{"POST", "/base/orders", small, "10"}, {"POST", "/", "", "0"}, {"PUT", "/a", "", "0"}, {"PATCH", "/a", "", "0"}, {"DELETE", "/a%2Fb/c?x=1&y=%20", small, "10"}, {"DELETE", "/a", "", ""},
		{"GET", "/%E8%AE%A2?q=%26", "", ""}, {"POST", "/big", long, fmt.Sprint(len(long))}, {"HEAD", "/a", "", ""}, {"POST", "/after", small, "10"},
	} {
		to, err := b.url.Parse(c.target)
		if err != nil {
			t.Fatal(err)
		}
		r := b.request(c.body)
		r.Method, r.URL = c.method, to
		r.Header["X-api-KEY"], r.Header["Two"] = []string{" k1 "}, []string{"a", "b"}
		res := b.send(t.Context(), r)
		if res.Err != nil || res.Status != http.StatusOK {
			t.Fatalf("%s %s: %+v", c.method, c.target, res)
		}
		one := <-got
		if one.line != c.method+" "+c.target+" HTTP/1.1" || one.host != b.url.Host || one.body != c.body || one.length != c.length {
			t.Errorf("got %q for %q, %d bytes, length %q", one.line, one.host, len(one.body), one.length)
		}
		want := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"rowferry"}, "X-Api-Key": {"k1"}, "Two": {"a", "b"}}
		if c.method != http.MethodHead {
			want["Accept-Encoding"] = []string{"gzip"}
		}
		if c.length != "" {
			want["Content-Length"] = []string{c.length}
		}
		if fmt.Sprint(one.header) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", c.method, one.header, want)
		}
	}
	if n := s.connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
	for name, value := range map[string]string{"X-A": "a\r\nX-B: b", "X B": "b", "": "b", "X-C": "a\x00b"} {
		r := b.request(small)
		r.Header[name] = []string{value}
		b.stays(b.send(t.Context(), r), nil)
	}
	b.answered(b.post("as before"), 200, small)
	<-got
}

// answers: each way to say where an answer ends, on a connection that is kept after it or not.
func (w Way) answers(t *testing.T) {
	most, more := repeated("m", exchange.MaxAnswer), repeated("x", 20<<10)
	zip := packed(more)
	for _, c := range []struct {
		name, says, body string
		status           int
		kept             bool
	}{
		{"a length", ok(small), small, 200, true},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", "", 204, true},
		{"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", "", 304, true},
		{"nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200, true},
		{"no reason", "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n", "", 500, true},
		{"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "hi", 200, true},
		{"pieces", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("he", "llo"), "hello", 200, true},
		{"pieces with extensions and trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2;a=b\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n", "hi", 200, true},
		{"a redirection", "HTTP/1.1 307 Elsewhere\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "", 307, true},
		{"until it ends", "HTTP/1.1 200 OK\r\n\r\nhello", "hello", 200, false},
		{"closing", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", "hi", 200, false},
		{"closing, pieces", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("hi"), "hi", 200, false},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", "hello", 200, false},
		{"HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, false},
		{"HTTP/1.0, kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, true},
		{"packed", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zip), zip), more, 200, true},
		{"packed pieces", "HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(zip[:9], zip[9:]), more, 200, true},
		{"packed twice over", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(packed("a"), packed("b")), "ab", 200, true},
		{"packed nothing", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "", 200, true},
		{"otherwise packed", "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n\x0b\x00", "\x0b\x00", 200, true},
		{"as much as may be", ok(most), most, 200, true},
		{"a long head", "HTTP/1.1 200 OK\r\nX-Long: " + repeated("h", 200<<10) + "\r\nContent-Length: 2\r\n\r\nhi", "hi", 200, true},
		{"go on", "HTTP/1.1 100 Continue\r\n\r\n" + ok(small), small, 200, true},
		{"several interim answers", "HTTP/1.1 102 Processing\r\nX-Step: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 199 Well\r\n\r\n" + ok(small), small, 200, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, func(l *line) {
				for {
					if _, _, err := l.request(); err != nil {
						return
					}
					if l.says(c.says); !c.kept {
						return
					}
				}
			})
			b := w.bench(t, s, nil)
			for i := range 3 {
				res := b.post(fmt.Sprint("order ", i))
				b.answered(res, c.status, c.body)
				if packs := strings.HasPrefix(c.name, "packed") && c.body != ""; packs && (res.Header.Get("Content-Encoding") != "" || res.Header.Get("Content-Length") != "") {
					t.Errorf("got %v", res.Header)
				}
			}
			if n := s.connections(); c.kept && n != 1 || !c.kept && n != 3 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// nonsense: what is no whole answer is none, and its connection carries nothing more.
func (w Way) nonsense(t *testing.T) {
	zip := packed(repeated("x", 20<<10))
	huge := packed(repeated(" ", exchange.MaxAnswer+1))
	for _, c := range []struct {
		name, says string
		is         error
	}{
		{"another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n", nil},
		{"no status", "HTTP/1.1 OK\r\n\r\n", nil},
		{"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", nil},
		{"a header that is none", "HTTP/1.1 200 OK\r\nhello\r\n\r\n", nil},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", nil},
		{"a length below nothing", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", nil},
		{"no number", "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n", nil},
		{"a bad piece", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n0\r\n\r\n", nil},
		{"a strange encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\nhi", nil},
		{"not packed", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\nhello, nothing is here", exchange.ErrPacked},
		{"badly packed", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zip), zip[:20]+"x"+zip[21:]), exchange.ErrPacked},
		{"too long", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", exchange.MaxAnswer+1), exchange.ErrTooBig},
		{"too long in pieces", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(repeated("x", exchange.MaxAnswer), "xx"), exchange.ErrTooBig},
		{"too long until it ends", "HTTP/1.1 200 OK\r\n\r\n" + repeated("x", exchange.MaxAnswer+1), exchange.ErrTooBig},
		{"too long unpacked", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(huge), huge), exchange.ErrTooBig},
		{"a head without end", "HTTP/1.1 200 OK\r\nX-Long: " + repeated("h", 2*exchange.MaxHead), nil},
		{"headers without end", "HTTP/1.1 200 OK\r\n" + repeated("X-Many: h\r\n", exchange.MaxHead/4), nil},
		{"interim answers without end", repeated("HTTP/1.1 102 Processing\r\n\r\n", exchange.MaxHead/4), nil},
		{"switched", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", exchange.ErrSwitch},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, func(l *line) {
				if l.n == 0 {
					if _, _, err := l.request(); err != nil {
						return
					}
					if l.says(c.says); !strings.Contains(c.says, "gzip") {
						_ = l.tcp.(*net.TCPConn).CloseWrite()
						l.drain()
						return
					}
				}
				answering(ok(small))(l)
			})
			b := w.bench(t, s, nil)
			switch res := b.post("the first"); {
			case c.is != nil && !errors.Is(res.Err, c.is):
				t.Errorf("got %v, want %v", res.Err, c.is)
			default:
				b.lost(res)
			}
			b.answered(b.post("the second"), 200, small)
		})
	}
}

// cuts: the connection ends after each byte of a request and of an answer, politely or by a reset, on a new connection or on a kept one.
func (w Way) cuts(t *testing.T) {
	zip := packed(small)
	answers := []string{ok(small), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("he", "llo"),
		fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zip), zip)}
	for which, answer := range answers {
		for _, reset := range []bool{false, true} {
			var place atomic.Int32
			s := serve(t, func(l *line) {
				for i := 0; ; i++ {
					if _, _, err := l.request(); err != nil {
						return
					}
					if i == int(place.Load()%2) { // at once, or after one that goes well
						l.says(answer[:place.Load()])
						if reset {
							l.reset()
						}
						return
					}
					l.says(ok(small))
				}
			})
			b := w.bench(t, s, nil)
			for n := range len(answer) {
				if place.Store(int32(n)); n%2 == 1 {
					b.answered(b.post(fmt.Sprint("well ", n)), 200, small)
				}
				body := fmt.Sprintf("answer %d of %d", n, which)
				if b.lost(b.post(body)); s.count(body) != 1 {
					t.Errorf("%s was read %d times", body, s.count(body))
				}
			}
		}
	}
	for _, size := range []int{10, 1 << 20} {
		for _, reset := range []bool{false, true} {
			var place atomic.Int32
			s := serve(t, func(l *line) {
				for range place.Load() % 2 {
					if _, _, err := l.request(); err != nil {
						return
					}
					l.says(ok(small))
				}
				for range place.Load() {
					if _, err := l.in.ReadByte(); err != nil {
						return
					}
				}
				if reset {
					l.reset()
				}
			})
			b := w.bench(t, s, nil)
			for _, n := range []int32{0, 1, 2, 15, 40, 90, 117, 130} {
				if place.Store(n); n%2 == 1 {
					b.answered(b.post(fmt.Sprint("well ", n)), 200, small)
				}
				if res := b.post(repeated("x", size)); res.Err == nil || n > 0 && !res.Left {
					t.Errorf("after %d bytes: %+v", n, res)
				}
			}
		}
	}
}

// early: an answer that comes before the request has been read to its end counts, whatever the server does with the rest.
func (w Way) early(t *testing.T) {
	const said = "HTTP/1.1 429 Slow down\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"
	big := repeated("x", 16<<20)
	for _, reads := range []bool{true, false} {
		t.Run(fmt.Sprint("reading on ", reads), func(t *testing.T) {
			answered, drained := make(chan struct{}), make(chan struct{})
			s := serve(t, func(l *line) {
				if l.n > 0 {
					answering(ok(small))(l)
					return
				}
				r, err := http.ReadRequest(l.in)
				if err != nil {
					return
				}
				_, _ = io.CopyN(io.Discard, r.Body, 1000)
				if l.says(said); !reads {
					<-answered
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				close(drained)
				answering(ok(small))(l)
			})
			b := w.bench(t, s, nil)
			res := b.post(big)
			close(answered)
			if reads { // else what is still read of the first would count as the second's
				<-drained
			}
			if res.Err != nil || res.Status != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "9" {
				t.Errorf("got %+v", res)
			}
			b.answered(b.post("the second"), 200, small)
		})
	}
	t.Run("hanging up", func(t *testing.T) {
		s := serve(t, func(l *line) {
			for range 1000 {
				if _, err := l.in.ReadByte(); err != nil {
					return
				}
			}
			l.says(said)
		})
		b := w.bench(t, s, nil)
		if res := b.post(big); !res.Left || res.Err == nil && res.Status != http.StatusTooManyRequests { // a reset may overtake the answer
			t.Errorf("got %+v", res)
		}
	})
}
