package pooled

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is read as a plain answer is what net/http reads of it, and what is not plain is left for net/http.
func TestPlainAnswersAreThoseOfNetHTTP(t *testing.T) {
	const length = "Content-Length: 4\r\n"
	for head, plain := range map[string]bool{
		"HTTP/1.1 200 OK\r\n" + length: true,
		"HTTP/1.1 200 \r\n" + length:   true,
		"HTTP/1.1 404 Not Found\r\ncontent-type:application/json\r\n" + length + "Date: a:b\r\n":             true,
		"HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX:\r\n" + length: true,
		"HTTP/1.1 200 OK\r\nContent-Length:  4 \r\n":                                                         true,
		"HTTP/1.1 299 odd\r\n" + length:                                                                      true,
		"HTTP/1.1 200\r\n" + length:                                                                          false,
		"HTTP/1.0 200 OK\r\n" + length:                                                                       false,
		"HTTP/1.1 0200 OK\r\n" + length:                                                                      false,
		"HTTP/1.1 +20 OK\r\n" + length:                                                                       false,
		"HTTP/1.1 204 None\r\n":                                                                              false,
		"HTTP/1.1 304 Same\r\n" + length:                                                                     false,
		"HTTP/1.1 100 Continue\r\n":                                                                          false,
		"HTTP/1.1 200 OK\r\n":                                                                                false,
		"HTTP/1.1 200 OK\r\n" + length + length:                                                              false,
		"HTTP/1.1 200 OK\r\nContent-Length: +4\r\n":                                                          false,
		"HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n":                                                        false,
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n":                                        false,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n" + length:                                                  false,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + length:                                         false,
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" + length:                                             false,
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n" + length:                                                         false,
		"HTTP/1.1 200 OK\r\nA : b\r\n" + length:                                                              false,
		"HTTP/1.1 200 OK\r\nA\r\n" + length:                                                                  false,
		"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n" + length:                                                         false,
		"HTTP/1.1 200 OK\r\nA: b\x00\r\n" + length:                                                           false,
		"HTTP/1.1 200 OK\r\nA: é\r\n" + length:                                                               false,
		"HTTP/1.1 200 OK\nContent-Length: 4\n":                                                               false,
	} {
		text := head + "\r\nbody"
		c := &conn{in: bufio.NewReader(strings.NewReader(strings.Repeat(text, 2)))}
		c.asked.Method = http.MethodPost
		for range 2 { // the second is known by its head
			if got := c.plain(); got != plain {
				t.Errorf("%q: plain %v", head, got)
				break
			}
			if !plain {
				if left, _ := io.ReadAll(c.in); string(left) != text+text {
					t.Errorf("%q: %d bytes are left", head, len(left))
				}
				break
			}
			res, again := c.body()
			want, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), &c.asked)
			if err != nil {
				t.Errorf("%q: net/http: %v", head, err)
				break
			}
			body, _ := io.ReadAll(want.Body)
			if res.Err != nil || res.Status != want.StatusCode || string(res.Body) != string(body) || again == want.Close || !cmp.Equal(res.Header, want.Header) {
				t.Errorf("%q: %+v, %v; net/http: %+v", head, res, again, want)
			}
		}
	}
	if c := (&conn{in: bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\n" + length + "\r\nbo"))}); !c.plain() {
		t.Error("a head that is there is not read")
	} else if res, again := c.body(); again || !errors.Is(res.Err, io.ErrUnexpectedEOF) {
		t.Errorf("half an answer: %+v", res)
	}
}
