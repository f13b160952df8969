// Package pooled speaks HTTP/1.1 with one server over connections of its own: one buffer out, a plain answer or net/http's ReadResponse in,
// and no goroutine, context or trace for a request.
//
// A connection that the server closed, or on which it said something unasked, is known the moment before a request is written on it.
package pooled

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/senders/exchange"
)

// Carrier speaks with one server.
type Carrier struct {
	settings *http.Transport
	scheme   string
	host     string // with the port where the address has one
	address  string // with the port
	tls      *tls.Config
	proxy    *url.URL      // nil: directly
	turns    chan struct{} // as many as requests may be under way
	unused   time.Duration // how long a connection may be so, and be used again

	mu    sync.Mutex
	idle  []*conn // the last one used at the end
	sweep *time.Timer
	ended int // kept connections in a row that the server had ended when they were wanted, and since then those not kept
}

// A server that ends each connection behind its answer, unsaid, is known by so many, and its connections are not kept: a request that leaves as
// the end arrives is lost. After so many more one is kept again, to see.
const (
	endsEach = 3
	unkept   = 64
)

var _ exchange.Carrier = (*Carrier)(nil)

// New makes the carrier of one server's requests. Of settings it takes how to dial, TLS, the proxy, how many connections there may be and
// how long one may be unused. false: it does not speak what is asked for (plain HTTP by a proxy, SOCKS, names that are not ASCII, systems
// on which it cannot look at a connection), and net/http does.
func New(settings *http.Transport, server *url.URL) (*Carrier, bool) {
	c := &Carrier{settings: settings, scheme: server.Scheme, host: server.Host, turns: make(chan struct{}, settings.MaxConnsPerHost),
		unused: cmp.Or(settings.IdleConnTimeout, exchange.Idle)}
	port, secure := server.Port(), server.Scheme == "https"
	if port == "" {
		port = map[bool]string{true: "443", false: "80"}[secure]
	}
	c.address = net.JoinHostPort(server.Hostname(), port)
	if settings.Proxy != nil {
		proxy, err := settings.Proxy(&http.Request{URL: server})
		if err != nil {
			return nil, false // net/http says what is wrong
		}
		c.proxy = proxy
	}
	if c.proxy != nil && (!secure || c.proxy.Scheme != "http" && c.proxy.Scheme != "https") {
		return nil, false
	}
	if !canLook || !secure && server.Scheme != "http" || strings.ContainsFunc(server.Host, func(r rune) bool { return r <= ' ' || r > '~' || r == '%' }) {
		return nil, false
	}
	if secure {
		c.tls = c.trust(server.Hostname())
		c.tls.NextProtos = []string{"http/1.1"}
	}
	return c, true
}

// trust is what TLS with a host is made of.
func (t *Carrier) trust(host string) *tls.Config {
	config := t.settings.TLSClientConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.ServerName = host
	return config
}

// Exchange is a Carrier's.
func (t *Carrier) Exchange(ctx context.Context, r exchange.Request) exchange.Result {
	if r.URL.Scheme != t.scheme || r.URL.Host != t.host {
		return exchange.Result{Err: errors.New("a request to another server")}
	}
	if err := t.turn(ctx, r.Until); err != nil {
		return exchange.Result{Err: err}
	}
	defer func() { <-t.turns }()
	commit, held := r.Commit, r.Commit != nil
	for {
		c, err := t.connection(ctx, r.Until)
		if err != nil {
			return exchange.Result{Err: ended(ctx, r.Until, err)}
		}
		if err := c.pack(r); err != nil {
			t.put(c)
			return exchange.Result{Err: err}
		}
		if commit != nil {
			if err := commit(ctx); err != nil {
				t.put(c)
				return exchange.Result{Err: err}
			}
			commit = nil
		}
		if err := over(ctx, r.Until); err != nil {
			t.put(c)
			return exchange.Result{Err: err}
		}
		kept := c.kept
		if old := kept && t.old(c); old || (kept || held) && !c.alive() {
			if kept && !old {
				t.found(true)
			}
			c.abort()
			held = false // a new one that is at its end again is for the request to find out
			continue
		}
		r.Leave()
		res, again := c.exchange(r)
		if kept && res.Err == nil {
			t.found(false)
		}
		switch {
		case res.Err == nil && again:
			t.put(c)
		case res.Err == nil:
			c.close()
		default:
			c.abort()
			if kept && !c.wire.some.Load() && over(ctx, r.Until) == nil {
				continue
			}
			res.Err = ended(ctx, r.Until, res.Err)
		}
		return res
	}
}

// over is why a request may leave no more.
func over(ctx context.Context, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !time.Now().Before(until) {
		return exchange.ErrTime
	}
	return nil
}

// ended is an error of a connection, or what ended the exchange from our side.
func ended(ctx context.Context, until time.Time, err error) error {
	if errors.Is(err, exchange.ErrTooBig) {
		return err
	}
	if now := over(ctx, until); now != nil {
		return now
	}
	return err
}

// turn waits until there may be one request more.
func (t *Carrier) turn(ctx context.Context, until time.Time) error {
	select {
	case t.turns <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case t.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return exchange.ErrTime
	}
}

// connection gives one that was kept, or a new one, which ctx closes when it is done, and which lasts until the time given.
func (t *Carrier) connection(ctx context.Context, until time.Time) (*conn, error) {
	for {
		c := t.latest()
		if c == nil {
			break
		}
		if !t.old(c) && c.watch(ctx) && c.allow(until, time.Now()) == nil {
			return c, nil
		}
		c.abort()
	}
	c, err := t.connect(ctx, until)
	if err != nil {
		return nil, err
	}
	if !c.watch(ctx) {
		c.abort()
		return nil, ctx.Err()
	}
	if err := c.allow(until, time.Now()); err != nil {
		c.abort()
		return nil, err
	}
	return c, nil
}

// latest gives the connection that was used last; nil where there is none.
func (t *Carrier) latest() *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.idle) == 0 {
		return nil
	}
	last := len(t.idle) - 1
	c := t.idle[last]
	t.idle[last] = nil
	t.idle = t.idle[:last]
	return c
}

// put keeps a connection for the next request.
func (t *Carrier) put(c *conn) {
	c.kept, c.since = true, time.Now()
	if !t.keep(c) {
		c.close()
	}
}

// keep is put. false: the server does not keep it.
func (t *Carrier) keep(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended >= endsEach {
		if t.ended++; t.ended > endsEach+unkept {
			t.ended = endsEach - 1
		}
		return false
	}
	t.idle = append(t.idle, c)
	switch {
	case t.sweep == nil:
		t.sweep = time.AfterFunc(t.unused, t.tidy)
	case len(t.idle) == 1:
		t.sweep.Reset(t.unused)
	}
	return true
}

// found notes how a connection that was kept was found: ended by the server, or good for another request.
func (t *Carrier) found(ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended++; !ended {
		t.ended = 0
	}
}

// old reports whether nobody has used a kept connection for so long that the server may have closed it, unseen so far.
func (t *Carrier) old(c *conn) bool { return time.Since(c.since) >= t.unused }

// tidy closes the connections that are old.
func (t *Carrier) tidy() {
	t.mu.Lock()
	n := 0
	for n < len(t.idle) && t.old(t.idle[n]) {
		n++
	}
	closing := append([]*conn(nil), t.idle[:n]...)
	t.idle = append(t.idle[:0], t.idle[n:]...)
	if len(t.idle) > 0 {
		t.sweep.Reset(t.unused - time.Since(t.idle[0].since))
	}
	t.mu.Unlock()
	for _, c := range closing {
		c.close()
	}
}

// Close is a Carrier's.
func (t *Carrier) Close() {
	t.mu.Lock()
	closing := t.idle
	t.idle = nil
	if t.sweep != nil {
		t.sweep.Stop()
	}
	t.mu.Unlock()
	for _, c := range closing {
		c.close()
	}
}

// connect makes a connection: dialled, led on by the proxy, and past its TLS handshakes.
func (t *Carrier) connect(ctx context.Context, until time.Time) (*conn, error) {
	ctx, stop := context.WithDeadline(ctx, until)
	defer stop()
	to := t.address
	if t.proxy != nil {
		to = t.through()
	}
	tcp, err := t.settings.DialContext(ctx, "tcp", to)
	if err != nil {
		return nil, t.away(err)
	}
	w, err := newWire(tcp)
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	stream, err := t.handshakes(ctx, w)
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	c := &conn{Conn: stream, wire: w, room: math.MaxInt64}
	c.in = bufio.NewReaderSize(c, 8<<10)
	return c, nil
}

// through is the proxy's address.
func (t *Carrier) through() string {
	port := t.proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[t.proxy.Scheme]
	}
	return net.JoinHostPort(t.proxy.Hostname(), port)
}

// away marks an error of the way to the proxy, as net/http does.
func (t *Carrier) away(err error) error {
	if t.proxy == nil {
		return err
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err}
}

func (t *Carrier) handshakes(ctx context.Context, w net.Conn) (net.Conn, error) {
	stream := w
	if t.proxy != nil && t.proxy.Scheme == "https" {
		var err error
		if stream, err = t.handshake(ctx, stream, t.trust(t.proxy.Hostname())); err != nil {
			return nil, t.away(err)
		}
	}
	if t.proxy != nil {
		if err := t.tunnel(ctx, stream); err != nil {
			return nil, err
		}
	}
	if t.tls == nil {
		return stream, nil
	}
	return t.handshake(ctx, stream, t.tls)
}

// handshake makes TLS of a stream. A server that lets it wait is no end of the caller's: its error is a connection's time-out.
func (t *Carrier) handshake(ctx context.Context, on net.Conn, config *tls.Config) (net.Conn, error) {
	patience, stop := context.WithTimeout(ctx, t.settings.TLSHandshakeTimeout)
	defer stop()
	c := tls.Client(on, config)
	err := c.HandshakeContext(patience)
	if err != nil && patience.Err() != nil && ctx.Err() == nil {
		return nil, &net.OpError{Op: "handshake", Net: "tls", Err: os.ErrDeadlineExceeded}
	}
	return c, err
}

// tunnel asks the proxy to lead on to the server.
func (t *Carrier) tunnel(ctx context.Context, proxy net.Conn) error {
	until, _ := ctx.Deadline()
	if err := proxy.SetDeadline(until); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = proxy.SetDeadline(time.Unix(1, 0)) })()
	ask := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: t.address}, Host: t.address, Header: http.Header{}}
	if u := t.proxy.User; u != nil {
		password, _ := u.Password()
		ask.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	if err := ask.Write(proxy); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(proxy, exchange.MaxHead)), ask)
	if err != nil {
		return err
	}
	if err := t.settings.OnProxyConnectResponse(ctx, t.proxy, ask, answer); err != nil {
		return err
	}
	return proxy.SetDeadline(time.Time{})
}
