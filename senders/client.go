package senders

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/exchange"
	"github.com/rowferry/rowferry/senders/pace"
)

// newTransport speaks HTTP/1.1 over kept connections, as many as requests may be under way. A connection that nobody
// used for a while is closed by us, before the provider does it under the next request's feet. Compressed answers are
// asked for: a provider that nobody asks may compress them all the same, and then nobody would unpack them.
func newTransport(connections int, roots *x509.CertPool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment, // never for loopback
		OnProxyConnectResponse: proxyAnswered,
		DialContext:            newDialer().DialContext,
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
		wait = patience.Until(reset, now)
	}
	return min(max(wait, 0), patience.Farthest)
}
