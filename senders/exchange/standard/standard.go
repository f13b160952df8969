// Package standard carries requests by net/http, whatever the way: other proxies, names in any script, other systems.
package standard

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/rowferry/rowferry/senders/exchange"
)

// stale is how many kept connections in a row may turn out to be closed.
const stale = 8

// Carrier carries requests to any server.
type Carrier struct{ transport *http.Transport }

var _ exchange.Carrier = (*Carrier)(nil)

// New makes a carrier over a transport, which must dial by DialContext and be used by nothing before.
func New(transport *http.Transport) *Carrier {
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &line{Conn: c}, nil
	}
	return &Carrier{transport}
}

// Close is a Carrier's.
func (t *Carrier) Close() { t.transport.CloseIdleConnections() }

// Exchange is a Carrier's.
func (t *Carrier) Exchange(ctx context.Context, r exchange.Request) exchange.Result {
	if !time.Now().Before(r.Until) {
		return exchange.Result{Err: exchange.ErrTime}
	}
	ctx, stop := context.WithDeadlineCause(ctx, r.Until, exchange.ErrTime)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := &departure{ctx: ctx, cancel: cancel, commit: r.Commit, until: r.Until, leaves: r.Leave}
	d.trace.GotConn = d.connected
	defer d.release()

	traced := httptrace.WithClientTrace(ctx, &d.trace)
	res := t.roundTrip(traced, r)
	for range stale { // kept connections that the server had closed before a byte left
		if res.Err == nil || !d.again() {
			break
		}
		res = t.roundTrip(traced, r)
	}
	res.Left = d.close()
	if errors.Is(res.Err, exchange.ErrLogin) || errors.Is(res.Err, exchange.ErrBeyond) {
		res.Left = false
		return res
	}
	switch {
	case res.Err == nil, errors.Is(res.Err, exchange.ErrTooBig):
	case d.refused != nil:
		res.Err = d.refused
	case errors.Is(context.Cause(ctx), exchange.ErrTime):
		res.Err = exchange.ErrTime
	case ctx.Err() != nil:
		res.Err = ctx.Err()
	}
	return res
}

// roundTrip sends r and reads the complete answer.
func (t *Carrier) roundTrip(ctx context.Context, r exchange.Request) exchange.Result {
	ask := (&http.Request{
		Method: r.Method, URL: r.URL, Host: r.URL.Host, Header: r.Header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}).WithContext(ctx)
	if len(r.Body) > 0 {
		ask.ContentLength = int64(len(r.Body))
		ask.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.Body)), nil }
		ask.Body, _ = ask.GetBody()
	}
	answer, err := t.transport.RoundTrip(ask)
	if err != nil {
		return exchange.Result{Err: err}
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return exchange.Result{Err: exchange.ErrSwitch}
	}
	stayed := exchange.StayedAtSquid(answer.Header)
	if r.URL.Scheme == "http" {
		stayed = exchange.Stayed(answer)
	}
	if stayed != nil {
		return exchange.Result{Err: stayed}
	}
	body, err := exchange.Read(answer)
	if err != nil {
		return exchange.Result{Err: exchange.Unpacked(err, nil)}
	}
	return exchange.Result{Status: answer.StatusCode, Header: answer.Header, Body: body}
}
