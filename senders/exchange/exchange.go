// Package exchange carries one HTTP request to a server and its whole answer back, once, and knows whether a byte of the request left.
//
// A folder below is one way to do it: pooled over connections of our own, standard by net/http for what pooled does not speak.
// exchangetest is what holds for both.
package exchange

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	MaxAnswer = 8 << 20   // bytes of one answer's body, unpacked
	MaxHead   = 256 << 10 // bytes of its head, with those of interim answers
	Shaking   = 10 * time.Second

	// Idle is after which an unused connection is closed by us, before the server does it under the next request's feet: some keep them for
	// a second, and that one is closed is seen here only half a way later.
	Idle = 500 * time.Millisecond
)

var (
	ErrTime   = errors.New("no complete answer in time")
	ErrTooBig = errors.New("answer too big")
	ErrSwitch = errors.New("malformed answer: another protocol")
	ErrLogin  = errors.New("the proxy wants a login")        // nothing was passed on
	ErrBeyond = errors.New("the proxy does not get through") // nothing was passed on
	ErrNewer  = errors.New("HTTP/2 without being asked")     // whoever speaks it so has not understood the request
	ErrPacked = errors.New("malformed answer: it is called packed by gzip, and cannot be unpacked")
)

// Request is one HTTP request. Neither Header nor Body are changed.
type Request struct {
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
	Until  time.Time // when the whole answer must be there

	// Commit is asked right before the first byte may leave, on a connection that stands; once it agreed it is not asked again. Its error
	// keeps the request back and is the result's.
	Commit func(context.Context) error

	// Leave is told that the first byte leaves now. It is told again where the connection turned out to be closed before a byte was on it.
	Leave func()
}

// Result is what came of a request. Where Err is nil the rest is the whole answer. Nobody changes Header: answers that have the same share it.
type Result struct {
	Left   bool // a byte of the request may have reached the server
	Status int
	Header http.Header
	Body   []byte
	Err    error // ErrTime, ErrTooBig, the context's, what Commit said, or the connection's
}

// A Carrier carries requests. It is safe for concurrent use.
type Carrier interface {
	// Exchange makes one request. It never repeats one of which a byte may have left. Interim answers (1xx) are passed over, redirections
	// are answers like others, and what comes packed by gzip is unpacked.
	Exchange(ctx context.Context, r Request) Result

	// Close ends idle connections.
	Close()
}

// Unpacked makes ErrPacked of the error of a body that is there and cannot be unpacked; other errors stay what they are. packed is what
// was to be unpacked, nil where the carrier cannot see it: what ends too early is then taken for a line that was cut.
func Unpacked(err error, packed io.Reader) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	switch {
	case corrupt, errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return ErrPacked
	case errors.Is(err, io.ErrUnexpectedEOF) && packed != nil:
		if _, rest := packed.Read(make([]byte, 1)); rest == io.EOF {
			return ErrPacked
		}
	}
	return err
}

// Unpack takes off what a body was packed in: the layers that Content-Encoding names, the last one first, or a gzip that nothing names.
// Where one of them is not known (br, zstd) or is none, what is left stays as it is, under the names that are left.
func Unpack(h http.Header, body []byte) (http.Header, []byte) {
	layers := strings.FieldsFunc(strings.ToLower(strings.Join(h.Values("Content-Encoding"), ",")), func(c rune) bool { return c == ',' || c == ' ' })
	named := len(layers)
	if named == 0 && bytes.HasPrefix(body, []byte("\x1f\x8b\x08")) {
		layers = []string{"gzip"}
	}
	left := len(layers)
	for ; left > 0; left-- {
		inside, ok := unpack(layers[left-1], body)
		if !ok {
			break
		}
		body = inside
	}
	if left == named {
		return h, body
	}
	h = h.Clone()
	if h.Del("Content-Encoding"); left > 0 {
		h.Set("Content-Encoding", strings.Join(layers[:left], ", "))
	}
	return h, body
}

// unpack takes off one layer. false: it is not known, or what it holds is not whole or too big.
func unpack(layer string, body []byte) ([]byte, bool) {
	var in io.Reader
	var err error
	switch layer {
	case "identity":
		return body, true
	case "gzip", "x-gzip":
		in, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		if in, err = zlib.NewReader(bytes.NewReader(body)); err != nil { // some leave out its head
			in, err = flate.NewReader(bytes.NewReader(body)), nil
		}
	default:
		return nil, false
	}
	if len(body) == 0 {
		return body, true
	}
	if err != nil {
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(in, MaxAnswer+1))
	return out, err == nil && len(out) <= MaxAnswer
}

// Stayed says why a request for a plain server went no further than a proxy on its way, where the head of an answer says so; nil where it does
// not. Some proxies break the line off behind it.
func Stayed(answer *http.Response) error {
	if answer.StatusCode == http.StatusProxyAuthRequired {
		return ErrLogin
	}
	if err := StayedAtSquid(answer.Header); err != nil {
		return err
	}
	if strings.HasPrefix(answer.Header.Get("Server"), "tinyproxy/") && strings.HasSuffix(answer.Status, " Unable to connect") {
		return ErrBeyond
	}
	return nil
}

// StayedAtSquid is what Squid says of a request that it did not pass on. Where it opens TLS, it says so in the provider's name.
func StayedAtSquid(head http.Header) error {
	switch name, _, _ := strings.Cut(head.Get("X-Squid-Error"), " "); name {
	case "ERR_CACHE_ACCESS_DENIED":
		return ErrLogin
	case "ERR_ACCESS_DENIED", "ERR_DNS_FAIL", "ERR_CONNECT_FAIL":
		return ErrBeyond
	}
	return nil
}

// Read gives the whole body of an answer; one that is cut short or too big is an error. It reads to the end that the answer says, so
// that the connection can be used again.
func Read(answer *http.Response) ([]byte, error) {
	if answer.ContentLength > MaxAnswer {
		return nil, ErrTooBig
	}
	if answer.Body == http.NoBody { // whatever length is told: an answer to HEAD
		return []byte{}, nil
	}
	if answer.ContentLength < 0 {
		body, err := io.ReadAll(io.LimitReader(answer.Body, MaxAnswer+1))
		if err == nil && len(body) > MaxAnswer {
			err = ErrTooBig
		}
		return body, err
	}
	body := make([]byte, answer.ContentLength, answer.ContentLength+1)
	if _, err := io.ReadFull(answer.Body, body); err != nil {
		return nil, err
	}
	if _, err := answer.Body.Read(body[len(body) : len(body)+1]); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return body, nil
}
