package pooled

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/rowferry/rowferry/senders/exchange"
)

// A head is that of a plain answer: HTTP/1.1, of a known length, on a connection that stays. Most answers on one connection have the same.
type head struct {
	text   []byte // as it was read, with the blank line
	status int
	header http.Header // of all answers that had it; nobody changes it
	length int
}

var blank = []byte("\r\n\r\n")

// plain takes a plain answer's head off the connection. false: nothing was taken, and net/http reads what is there.
func (c *conn) plain() bool {
	if c.asked.Method == http.MethodHead {
		return false
	}
	if _, err := c.in.Peek(1); err != nil {
		return false
	}
	text, _ := c.in.Peek(c.in.Buffered())
	end := bytes.Index(text, blank)
	if end < 0 {
		return false
	}
	text = text[:end+len(blank)]
	if !bytes.Equal(text, c.head.text) {
		h, ok := parse(string(text))
		if !ok {
			return false
		}
		h.text = append(c.head.text[:0], text...)
		c.head = h
	}
	_, err := c.in.Discard(len(text))
	return err == nil
}

// body reads the body of a plain answer.
func (c *conn) body() (res exchange.Result, again bool) {
	c.room = math.MaxInt64
	body := make([]byte, c.head.length)
	if _, err := io.ReadFull(c.in, body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return exchange.Result{Err: err}, false
	}
	return exchange.Result{Status: c.head.status, Header: c.head.header, Body: body}, true
}

// parse reads a head. false where it is not plain, or there is anything to think about.
func parse(text string) (h head, plain bool) {
	line, rest, _ := strings.Cut(text, "\r\n")
	code, known := strings.CutPrefix(line, "HTTP/1.1 ")
	if !known || len(code) < 4 || code[3] != ' ' {
		return h, false
	}
	status, err := strconv.ParseUint(code[:3], 10, 16)
	if err != nil || status < 200 || status > 599 || status == http.StatusNoContent || status == http.StatusNotModified || !printed(line) {
		return h, false
	}
	h = head{status: int(status), header: make(http.Header, 8), length: -1}
	for line, rest, _ = strings.Cut(rest, "\r\n"); line != ""; line, rest, _ = strings.Cut(rest, "\r\n") {
		name, value, parted := strings.Cut(line, ":")
		if !parted || !httpguts.ValidHeaderFieldName(name) || !printed(line) {
			return h, false
		}
		name, value = textproto.CanonicalMIMEHeaderKey(name), textproto.TrimString(value)
		switch name {
		case "Content-Length":
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil || n > exchange.MaxAnswer || h.length >= 0 {
				return h, false
			}
			h.length = int(n)
		case "Connection":
			if !strings.EqualFold(value, "keep-alive") {
				return h, false
			}
		case "Transfer-Encoding", "Content-Encoding", "Trailer", "Upgrade":
			return h, false
		}
		h.header[name] = append(h.header[name], value)
	}
	return h, h.length >= 0
}

// printed reports whether a line is of printing ASCII and blanks.
func printed(line string) bool {
	return !strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' })
}
