package pooled

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/rowferry/rowferry/senders/exchange"
)

// small is how long a body may be that is written without looking for an answer meanwhile: the system takes that much at once.
const small = 16 << 10

// conn is one connection; one request uses it at a time.
type conn struct {
	net.Conn       // the stream: TCP, or TLS on it
	wire     *wire // below it
	in       *bufio.Reader
	room     int64  // bytes that may yet be read
	out      []byte // the request's head, with its body where that is small
	asked    http.Request
	packed   bool // the answer may come packed
	names    []string
	unpacks  *gzip.Reader
	head     head      // the last plain one
	until    time.Time // its deadline; zero: none
	kept     bool
	since    time.Time // put aside
	done     <-chan struct{}
	unwatch  func() bool
}

// Read bounds what an answer's head may take.
func (c *conn) Read(p []byte) (int, error) {
	if c.room <= 0 {
		return 0, errHead
	}
	if int64(len(p)) > c.room {
		p = p[:c.room]
	}
	n, err := c.Conn.Read(p)
	c.room -= int64(n)
	return n, err
}

// watch has the connection cut when ctx is done. It stays watched while it is kept, for the next request mostly has the same context.
// false: it is over.
func (c *conn) watch(ctx context.Context) bool {
	done := ctx.Done()
	if c.done == done {
		return done == nil || ctx.Err() == nil
	}
	if c.unwatch != nil && !c.unwatch() {
		return false
	}
	c.done, c.unwatch = done, nil
	if done != nil {
		c.unwatch = context.AfterFunc(ctx, func() { _ = c.wire.Close() })
	}
	return true
}

// allow lets the connection last until some time, or somewhat longer: a deadline costs as much as a read of what is there, so that one
// serves many requests.
func (c *conn) allow(until, now time.Time) error {
	most := max(0, min(until.Sub(now)/16, time.Second))
	if longer := c.until.Sub(until); longer >= 0 && longer <= most {
		return nil
	}
	c.until = until.Add(most)
	return c.SetDeadline(c.until)
}

// abort ends the connection at once.
func (c *conn) abort() {
	if c.unwatch != nil {
		c.unwatch()
	}
	_ = c.wire.Close()
}

// close ends it as is polite.
func (c *conn) close() {
	if c.unwatch != nil {
		c.unwatch()
	}
	_ = c.Conn.Close()
}

// alive reports whether a connection still stands, with nothing said on it that nobody asked for.
func (c *conn) alive() bool {
	c.room = exchange.MaxHead
	c.wire.looking = true
	_, err := c.in.Peek(1)
	c.wire.looking = false
	return err == errNothing // this one, and no other that is like it
}

// pack writes the request into memory.
func (c *conn) pack(r exchange.Request) error {
	path := r.URL.RequestURI()
	if strings.ContainsFunc(path, func(b rune) bool { return b <= ' ' || b == 0x7f }) || strings.ContainsFunc(r.Method, func(b rune) bool { return b <= ' ' || b >= 0x7f }) {
		return errors.New("a request line that cannot be written")
	}
	b := append(c.out[:0], r.Method...)
	b = append(append(append(b, ' '), path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, r.URL.Host...), "\r\n"...)
	c.names = c.names[:0]
	for name := range r.Header {
		c.names = append(c.names, name)
	}
	slices.Sort(c.names)
	packed := true // whether an answer may come packed
	for _, name := range c.names {
		switch {
		case framing(name):
			continue
		case strings.EqualFold(name, "Accept-Encoding"), strings.EqualFold(name, "Range"):
			packed = false
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return errors.New("a header name that cannot be written")
		}
		for _, value := range r.Header[name] {
			if !httpguts.ValidHeaderFieldValue(value) {
				return errors.New("a header value that cannot be written")
			}
			b = append(append(append(append(b, name...), ": "...), textproto.TrimString(value)...), "\r\n"...)
		}
	}
	if packed = packed && r.Method != http.MethodHead; packed {
		b = append(b, "Accept-Encoding: gzip\r\n"...)
	}
	if len(r.Body) > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(r.Body)), 10), "\r\n"...)
	}
	b = append(b, "\r\n"...)
	if len(r.Body) <= small {
		b = append(b, r.Body...)
	}
	c.out, c.asked.Method, c.packed = b, r.Method, packed
	return nil
}

// framing reports a header that says how the request lies on the line, which is told by us alone.
func framing(name string) bool {
	switch len(name) {
	case len("Host"), len("Content-Length"), len("Transfer-Encoding"), len("Trailer"):
		return strings.EqualFold(name, "Host") || strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding") ||
			strings.EqualFold(name, "Trailer")
	}
	return false
}

// exchange writes the request that was packed and reads the answer. again: the connection is good for another one.
func (c *conn) exchange(r exchange.Request) (res exchange.Result, again bool) {
	c.wire.some.Store(false)
	c.wire.late = false
	if len(r.Body) > small {
		res, again = c.both(r.Body)
	} else {
		_, err := c.Write(c.out)
		if err != nil && !c.wire.some.Load() {
			return exchange.Result{Err: err}, false
		}
		res, again = c.answer() // also where not all was taken: the server may have answered before it hung up
		again = again && err == nil
	}
	if err := exchange.StayedAtSquid(res.Header); err != nil {
		return exchange.Result{Err: err}, false
	}
	res.Left = c.wire.some.Load() && res.Err != exchange.ErrNewer
	return res, again && res.Status != http.StatusMisdirectedRequest // that says: on another connection
}

// linger is how long a request that was answered early may take to be written to its end, before its connection is given up.
const linger = 50 * time.Millisecond

// both writes and reads at the same time: a server may answer a long request before it has read it, and read no further.
func (c *conn) both(body []byte) (res exchange.Result, again bool) {
	wrote := make(chan error, 1)
	go func() {
		_, err := c.Write(c.out)
		if err == nil {
			_, err = c.Write(body)
		}
		wrote <- err
	}()
	res, again = c.answer()
	if again {
		timer := time.NewTimer(linger)
		defer timer.Stop()
		select {
		case err := <-wrote:
			return res, err == nil
		case <-timer.C:
		}
	}
	_ = c.wire.Close()
	<-wrote
	return res, false
}

// newer reports whether what came begins as HTTP/2 does: with its settings.
func (c *conn) newer() bool {
	if first, err := c.in.Peek(1); err != nil || first[0] != 0 {
		return false
	}
	b, _ := c.in.Peek(9)
	return len(b) == 9 && b[3] == 4 && b[4] == 0 && binary.BigEndian.Uint32(b[5:]) == 0
}

var errHead = errors.New("malformed answer: its head has no end")

// answer reads one. Interim answers are passed over.
func (c *conn) answer() (res exchange.Result, again bool) {
	c.room = exchange.MaxHead
	if c.plain() {
		return c.body()
	}
	if c.newer() {
		return exchange.Result{Err: exchange.ErrNewer}, false
	}
	answer, err := http.ReadResponse(c.in, &c.asked)
	for err == nil && answer.StatusCode/100 == 1 && answer.StatusCode != http.StatusSwitchingProtocols {
		answer, err = http.ReadResponse(c.in, &c.asked)
	}
	switch {
	case err != nil:
		return exchange.Result{Err: err}, false
	case answer.StatusCode == http.StatusSwitchingProtocols:
		return exchange.Result{Err: exchange.ErrSwitch}, false
	}
	c.room = math.MaxInt64
	packed := answer.Body
	if c.packed && c.asked.Method != http.MethodHead && answer.ContentLength != 0 && strings.EqualFold(answer.Header.Get("Content-Encoding"), "gzip") {
		if err := c.unpack(answer); err != nil {
			return exchange.Result{Err: exchange.Unpacked(err, packed)}, false
		}
	}
	body, err := exchange.Read(answer)
	if err != nil {
		return exchange.Result{Err: exchange.Unpacked(err, packed)}, false
	}
	return exchange.Result{Status: answer.StatusCode, Header: answer.Header, Body: body}, !answer.Close
}

// unpack puts what is packed in an answer's body into its place, as net/http does.
func (c *conn) unpack(answer *http.Response) error {
	if c.unpacks == nil {
		c.unpacks = new(gzip.Reader)
	}
	if err := c.unpacks.Reset(answer.Body); err != nil {
		return err
	}
	answer.Header.Del("Content-Encoding")
	answer.Header.Del("Content-Length")
	answer.Body, answer.ContentLength = c.unpacks, -1
	return nil
}
