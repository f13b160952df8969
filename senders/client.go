package senders

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/exchange"
	"github.com/rowferry/rowferry/senders/pace"
)

const (
	dialing  = 10 * time.Second
	farthest = 24 * time.Hour // what Retry-After may ask for
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
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(64)},
		TLSHandshakeTimeout:    exchange.Shaking,
		Protocols:              protocols,
		MaxIdleConns:           connections,
		MaxIdleConnsPerHost:    connections,
		MaxConnsPerHost:        connections,
		IdleConnTimeout:        exchange.Idle,
		MaxResponseHeaderBytes: exchange.MaxHead,
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

// exchanged is what came of one.
type exchanged struct {
	fate     Fate
	response providers.Response
	err      error
	stranger bool // the server refused the connection because it does not know us: nothing was read of the request
	started  time.Time
	took     time.Duration
}

// do makes one HTTP request and ends its slot. The request leaves at most once.
func (s *sender) do(ctx context.Context, m message, slot *pace.Slot, commit func(context.Context) error) exchanged {
	var x exchanged
	var refused error
	until := time.Now().Add(s.timeout)
	r := exchange.Request{Method: m.method, URL: m.url, Header: m.header, Body: m.body, Until: until}
	r.Leave = func() {
		x.started = time.Now()
		slot.Start()
	}
	if commit != nil {
		r.Commit = func(ctx context.Context) error {
			refused = commit(ctx)
			return refused
		}
	}
	came := s.carrier.Exchange(ctx, r)
	if came.Err == nil {
		came.Header, came.Body = exchange.Unpack(came.Header, came.Body)
	}
	x.response = providers.Response{Status: came.Status, Header: came.Header, Body: came.Body}
	x.stranger = came.Err != nil && unknownToServer(came.Err, s.wanted.Load())
	switch {
	case came.Err == nil:
		slot.Done()
		x.fate = Answered
		x.took = time.Since(x.started)
	case came.Left:
		slot.Lost()
		x.fate = Lost
		x.err = explain(came.Err, m.url.Host)
		x.took = time.Since(x.started)
	default:
		slot.Return()
		x.fate, x.started = NotSent, time.Time{}
		x.err = refused
		if refused == nil {
			x.err = explain(came.Err, m.url.Host)
		}
	}
	return x
}

// retryAfter reads what the provider asked for: seconds or a date; whatever writes them, and what Azure says in milliseconds.
func retryAfter(h http.Header, now time.Time) time.Duration {
	var wait time.Duration
	for _, v := range h.Values("Retry-After") {
		wait = max(wait, until(strings.TrimSpace(v), now))
	}
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if n, err := strconv.ParseFloat(h.Get(name), 64); err == nil && n > 0 {
			wait = max(wait, time.Duration(min(n, farthest.Seconds()*1e3)*float64(time.Millisecond)))
		}
	}
	return min(max(wait, 0), farthest)
}

// until reads how long it is from now: seconds, a time since 1970 (no pause is as long), or a date. 0 where it is none.
func until(v string, now time.Time) time.Duration {
	if n, err := strconv.ParseFloat(strings.TrimRight(v, "s"), 64); err == nil || errors.Is(err, strconv.ErrRange) {
		switch {
		case err == nil && (math.IsNaN(n) || math.IsInf(n, 0)): // a word, not a number
			return 0
		case n > 1e12 && n < 1e14: // milliseconds since 1970
			return time.UnixMilli(int64(n)).Sub(now)
		case n > 1e9 && n < 1e11: // seconds since 1970
			return time.Unix(int64(n), 0).Sub(now)
		}
		return time.Duration(min(max(n, 0), farthest.Seconds()) * float64(time.Second))
	}
	for _, layout := range []string{http.TimeFormat, time.RFC850, time.ANSIC, time.RFC1123Z, time.RFC1123, time.RFC3339} {
		if at, err := time.Parse(layout, v); err == nil {
			return at.Sub(now)
		}
	}
	return 0
}

// spent reads how long nothing is left of a limit that the provider tells with its answers: RateLimit-Remaining and
// RateLimit-Reset with or without X-, or the one RateLimit field of the newer draft. 0: something is left, or nothing is said.
func spent(h http.Header, now time.Time) time.Duration {
	remaining, reset := "", ""
	for _, prefix := range []string{"Ratelimit-", "X-Ratelimit-", "X-Rate-Limit-"} {
		if v := strings.TrimSpace(h.Get(prefix + "Remaining")); v != "" {
			remaining, reset = v, strings.TrimSpace(h.Get(prefix+"Reset"))
			break
		}
	}
	if remaining == "" {
		for part := range strings.FieldsFuncSeq(h.Get("Ratelimit"), func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
			switch name, v, _ := strings.Cut(part, "="); name {
			case "remaining", "r":
				remaining = v
			case "reset", "t":
				reset = v
			}
		}
	}
	if remaining == "" {
		return 0
	}
	if n, err := strconv.ParseFloat(remaining, 64); err != nil || n >= 1 {
		return 0
	}
	wait := time.Second // it says that nothing is left, and not until when
	if reset != "" {
		wait = until(reset, now)
	}
	return min(max(wait, 0), farthest)
}
