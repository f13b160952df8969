package senders

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/pace"
)

const (
	maxAnswer  = 8 << 20 // bytes of one answer
	idle       = 3 * time.Second
	dialing    = 10 * time.Second
	farthest   = 24 * time.Hour // what Retry-After may ask for
	maxHeaders = 256 << 10
	stale      = 8 // kept connections in a row that may turn out to be closed
)

// newTransport speaks HTTP/1.1 over kept connections, as many as requests may be under way. A connection that nobody
// used for a while is closed by us, before the provider does it under the next request's feet. Compressed answers are
// asked for: a provider that nobody asks may compress them all the same, and then nobody would unpack them.
func newTransport(connections int, roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{Timeout: dialing, KeepAlive: 15 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment, // never for loopback
		OnProxyConnectResponse: proxyAnswered,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &line{Conn: c}, nil
		},
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(64)},
		TLSHandshakeTimeout:    dialing,
		Protocols:              protocols,
		MaxIdleConns:           connections,
		MaxIdleConnsPerHost:    connections,
		MaxConnsPerHost:        connections,
		IdleConnTimeout:        idle,
		MaxResponseHeaderBytes: maxHeaders,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         8 << 10,
	}
}

// message is one HTTP request.
type message struct {
	method string
	url    *url.URL
	header http.Header // not changed
	body   []byte      // not changed
}

// exchange is what came of one.
type exchange struct {
	fate     Fate
	response providers.Response
	err      error
	stranger bool // the server refused the connection because it does not know us: nothing was read of the request
	started  time.Time
	took     time.Duration
}

// do makes one HTTP request and ends its slot. The request leaves at most once.
func (s *sender) do(ctx context.Context, m message, slot *pace.Slot, commit func(context.Context) error) exchange {
	ctx, stop := context.WithTimeoutCause(ctx, s.timeout, errTimeout)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := &departure{ctx: ctx, cancel: cancel, commit: commit, slot: slot}
	d.trace.GotConn = d.connected
	defer d.release()

	traced := httptrace.WithClientTrace(ctx, &d.trace)
	response, err := s.roundTrip(traced, m)
	for range stale { // kept connections that the provider had closed before a byte left
		if err == nil || !d.again() {
			break
		}
		response, err = s.roundTrip(traced, m)
	}
	left := d.close()
	x := exchange{response: response, started: d.started, stranger: err != nil && unknownToServer(err, s.wanted.Load())}
	switch {
	case err == nil:
		slot.Done()
		x.fate = Answered
		x.took = time.Since(d.started)
	case left:
		slot.Lost()
		x.fate = Lost
		x.err = explain(ctx, err, m.url.Host)
		x.took = time.Since(d.started)
	default:
		slot.Return()
		x.fate, x.started = NotSent, time.Time{}
		x.err = explain(ctx, err, m.url.Host)
		if d.refused != nil {
			x.err = d.refused
		}
	}
	return x
}

// roundTrip sends m and reads the complete answer.
func (s *sender) roundTrip(ctx context.Context, m message) (providers.Response, error) {
	r := (&http.Request{
		Method: m.method, URL: m.url, Host: m.url.Host, Header: m.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}).WithContext(ctx)
	if len(m.body) > 0 {
		r.ContentLength = int64(len(m.body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m.body)), nil }
		r.Body, _ = r.GetBody()
	}
	answer, err := s.transport.RoundTrip(r)
	if err != nil {
		return providers.Response{}, err
	}
	defer answer.Body.Close()
	body, err := read(answer)
	if err != nil {
		return providers.Response{}, err
	}
	return providers.Response{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
}

// read gives the whole body of an answer; one that is cut short or too big is an error.
func read(r *http.Response) ([]byte, error) {
	if r.ContentLength > maxAnswer {
		return nil, errTooBig
	}
	if r.ContentLength >= 0 {
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, err
		}
		if _, err := r.Body.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) { // to its end, so that the connection is kept
			return nil, err
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errTooBig
	}
	return body, err
}

// retryAfter reads what the provider asked for: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	var wait time.Duration
	if n, err := strconv.ParseInt(v, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) { // out of range: the nearest
		wait = time.Duration(min(max(n, 0), int64(farthest/time.Second))) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), farthest)
}

// spent reads how long nothing is left of a limit that the provider tells with its answers: RateLimit-Remaining and
// RateLimit-Reset with or without X-, or the one RateLimit field of the newer draft. 0: something is left, or nothing is said.
func spent(h http.Header, now time.Time) time.Duration {
	remaining, reset := "", ""
	for _, prefix := range []string{"RateLimit-", "X-RateLimit-", "X-Rate-Limit-"} {
		if v := strings.TrimSpace(h.Get(prefix + "Remaining")); v != "" {
			remaining, reset = v, strings.TrimSpace(h.Get(prefix+"Reset"))
			break
		}
	}
	if remaining == "" {
		for part := range strings.FieldsFuncSeq(h.Get("RateLimit"), func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
			switch name, v, _ := strings.Cut(part, "="); name {
			case "remaining", "r":
				remaining = v
			case "reset", "t":
				reset = v
			}
		}
	}
	if n, err := strconv.ParseFloat(remaining, 64); err != nil || n >= 1 {
		return 0
	}
	wait := time.Second // it says that nothing is left, and not until when
	if n, err := strconv.ParseFloat(reset, 64); err == nil {
		switch {
		case n > 1e12: // milliseconds since 1970
			wait = time.UnixMilli(int64(n)).Sub(now)
		case n > 1e9: // seconds since 1970
			wait = time.Unix(int64(n), 0).Sub(now)
		default:
			wait = time.Duration(min(n, farthest.Seconds()) * float64(time.Second))
		}
	} else if at, err := http.ParseTime(reset); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), farthest)
}
