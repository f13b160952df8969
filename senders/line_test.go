package senders_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

func lesTo(t *testing.T, url string, change func(*configs.Account)) func(body string) senders.Result {
	t.Helper()
	p := builtin(t, "les")
	account := configs.Account{Name: "les", Server: url, Rate: "100000/s", Timeout: 2 * time.Minute}
	if change != nil {
		change(&account)
	}
	s, err := senders.Open(account, p, senders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return func(body string) senders.Result {
		return s.Send(t.Context(), senders.Attempt{Operation: p.Operations[0], Items: []batch.Item{{Rows: []int{2}, Body: []byte(body)}}})
	}
}

const lesOne = `{"accountNumber":"1","lesBookingId":"LB1","failReason":"x"}`

// A certificate is verified; an authority of one's own is given as ca.
func TestTLS(t *testing.T) {
	var count atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("%s", r.Proto)
		}
		if count.Add(1) == 3 {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
			return
		}
		io.WriteString(w, `{"code":1}`)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	if r := lesTo(t, server.URL, nil)(lesOne); r.Fate != senders.NotSent || count.Load() != 0 || !strings.Contains(r.Err.Error(), "certificate") {
		t.Errorf("%+v", r)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	send := lesTo(t, server.URL, func(a *configs.Account) { a.CA = ca })
	for range 2 {
		if r := send(lesOne); r.Fate != senders.Answered || r.Reading.Class != providers.OK {
			t.Errorf("%+v", r)
		}
	}
	if r := send(lesOne); r.Fate != senders.Lost {
		t.Errorf("cut: %+v", r)
	}
	if r := send(lesOne); r.Fate != senders.Answered {
		t.Errorf("afterwards: %+v", r)
	}
	other := server.TLS.Clone()
	other.NextProtos = []string{"other"}
	address := listen(t, func(_ int, c net.Conn) { _ = tls.Server(c, other).Handshake() })
	if r := lesTo(t, "https://"+address, func(a *configs.Account) { a.CA = ca })(lesOne); r.Fate != senders.NotSent || !strings.Contains(r.Err.Error(), "HTTP/2") {
		t.Errorf("a server of another protocol: %+v", r)
	}
	wrongName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if r := lesTo(t, wrongName, func(a *configs.Account) { a.CA = ca })(lesOne); r.Fate != senders.NotSent {
		t.Errorf("wrong name: %+v", r)
	}
}

// listen accepts connections and gives each to serve.
func listen(t *testing.T, serve func(n int, c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				serve(n, c)
			})
		}
	})
	return l.Addr().String()
}

func TestNoTLSThere(t *testing.T) {
	address := listen(t, func(_ int, c net.Conn) { io.WriteString(c, "220 mail ready\r\n") })
	if r := lesTo(t, "https://"+address, nil)(lesOne); r.Fate != senders.NotSent {
		t.Errorf("%+v", r)
	}
}

// A big request that the provider stops reading: cut, it is lost; answered early, the answer counts.
func TestBigRequest(t *testing.T) {
	body := fmt.Sprintf(`{"accountNumber":"1","lesBookingId":"LB1","failReason":%q}`, strings.Repeat("x", 8<<20))
	cut := listen(t, func(_ int, c net.Conn) { io.ReadFull(c, make([]byte, 1000)) })
	if r := lesTo(t, "http://"+cut, nil)(body); r.Fate != senders.Lost {
		t.Errorf("cut: %+v", r)
	}
	early := listen(t, func(_ int, c net.Conn) {
		io.ReadFull(c, make([]byte, 1000))
		io.WriteString(c, "HTTP/1.1 429 Slow down\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n")
		io.Copy(io.Discard, c)
	})
	if r := lesTo(t, "http://"+early, nil)(body); r.Fate != senders.Answered || r.Status != 429 || r.RetryAfter != 9*time.Second {
		t.Errorf("early: %+v", r)
	}
}

// An answer may come compressed; one that ends too early is none.
func TestCompressedAnswer(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, `{"code":1}`)
	z.Close()
	for cut, want := range map[int]senders.Fate{0: senders.Answered, 6: senders.Lost} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(packed.Bytes()[:packed.Len()-cut])
		}))
		defer server.Close()
		if r := lesTo(t, server.URL, nil)(lesOne); r.Fate != want || want == senders.Answered && r.Reading.Class != providers.OK {
			t.Errorf("%d bytes short: %+v", cut, r)
		}
	}
}

// An answer that came whole and cannot be unpacked is called that, and no line that was cut.
func TestAnswerThatCannotBeUnpacked(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, `{"code":1,"message":"success"}`)
	z.Close()
	wrong := bytes.Clone(packed.Bytes())
	wrong[len(wrong)-6] ^= 1 // in its checksum
	for what, body := range map[string][]byte{"no gzip": []byte(`{"code":1,"message":"success"}`), "an end that is missing": packed.Bytes()[:packed.Len()-6], "a checksum that is wrong": wrong} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(body)
		}))
		defer server.Close()
		if r := lesTo(t, server.URL, nil)(lesOne); r.Fate != senders.Lost || r.Err == nil || !strings.Contains(r.Err.Error(), "cannot be unpacked") {
			t.Errorf("%s: %+v", what, r)
		}
	}
}

// Answers that nobody asked to be packed are read all the same, whatever their layers are called; one that cannot be is told, and is not
// believed because of its status.
func TestAnswersPackedUnasked(t *testing.T) {
	zip := func(b []byte) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write(b)
		z.Close()
		return out.Bytes()
	}
	plain := []byte(`{"code":1,"message":"success"}`)
	var zlibbed, flated bytes.Buffer
	z := zlib.NewWriter(&zlibbed)
	z.Write(plain)
	z.Close()
	f, _ := flate.NewWriter(&flated, 6)
	f.Write(plain)
	f.Close()
	for _, c := range []struct {
		encoding string
		body     []byte
		want     providers.Class
	}{
		{"x-gzip", zip(plain), providers.OK},
		{"gzip, gzip", zip(zip(plain)), providers.OK},
		{"identity, gzip", zip(plain), providers.OK},
		{"deflate", zlibbed.Bytes(), providers.OK},
		{"deflate", flated.Bytes(), providers.OK},
		{"", zip(plain), providers.OK},
		{"identity", plain, providers.OK},
		{"utf-8", plain, providers.OK},
		{"br", append([]byte("\x0b\x0e\x80"), plain...), providers.Unknown},
		{"zstd, gzip", zip(plain), providers.Unknown},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", c.encoding)
			w.Write(c.body)
		}))
		defer server.Close()
		r := lesTo(t, server.URL, nil)(lesOne)
		if r.Fate != senders.Answered || r.Reading.Class != c.want || c.want != providers.OK && !strings.Contains(r.Reading.Message.EN, "packed by "+c.encoding[:2]) {
			t.Errorf("%q: %+v", c.encoding, r)
		}
	}
}

// A small answer that unpacks to a huge one is not read to its end.
func TestAnswerThatUnpacksToAHugeOne(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(bytes.Repeat([]byte(" "), 9<<20))
	z.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed.Bytes())
	}))
	defer server.Close()
	if r := lesTo(t, server.URL, nil)(lesOne); r.Fate != senders.Lost || !strings.Contains(r.Err.Error(), "8 MiB") {
		t.Errorf("%+v", r)
	}
}

// What a provider says becomes one line of a bearable length, with nothing in it that a terminal would obey.
func TestWhatProvidersSayIsTidied(t *testing.T) {
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, answer) }))
	defer server.Close()
	send := lesTo(t, server.URL, nil)
	for text, want := range map[string]string{
		`a\r\n\tb\u0007\u001b[2Jc`: "failed: a b [2Jc", strings.Repeat("订", 3000): "failed: " + strings.Repeat("订", 1992) + "…", strings.Repeat("订", 1000): "failed: " + strings.Repeat("订", 1000),
	} {
		answer = `{"code":-1,"message":"` + text + `"}`
		if r := send(lesOne); r.Reading.Message.EN != want {
			t.Errorf("%.20s: %q", text, r.Reading.Message.EN)
		}
	}
}

// Retry-After is seconds or a date, never less than nothing and at most a day.
func TestRetryAfter(t *testing.T) {
	value := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", value)
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	send := lesTo(t, server.URL, nil)
	for text, want := range map[string]time.Duration{
		"30": 30 * time.Second, " 7 ": 7 * time.Second, "0": 0, "-5": 0, "soon": 0, "1.5": 1500 * time.Millisecond, "": 0, "99999": 24 * time.Hour, "99999999999999999999": 24 * time.Hour,
		"Wed, 21 Oct 2015 07:28:00 GMT": 0, "Wed, 21 Oct 2099 07:28:00 GMT": 24 * time.Hour,
	} {
		value = text
		if r := send(lesOne); r.RetryAfter != want {
			t.Errorf("%q: %v, want %v", text, r.RetryAfter, want)
		}
	}
}

// Whether the line is cut before or after the request left: what the provider read is never called not sent.
func TestCutAnywhere(t *testing.T) {
	var mu sync.Mutex
	read := map[string]bool{}
	address := listen(t, func(n int, c net.Conn) {
		if n%4 == 0 {
			if tcp, ok := c.(*net.TCPConn); ok {
				tcp.SetLinger(0) // reset at once
			}
			return
		}
		b := bufio.NewReader(c)
		for k := range 3 {
			r, err := http.ReadRequest(b)
			if err != nil {
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			mu.Lock()
			read[string(body)] = true
			mu.Unlock()
			if k == n%3 {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":1}")
		}
	})
	send := lesTo(t, "http://"+address, nil)
	count := map[senders.Fate]int{}
	for i := range 300 {
		body := strings.Replace(lesOne, "LB1", fmt.Sprint("LB", i), 1)
		r := send(body)
		count[r.Fate]++
		mu.Lock()
		if r.Fate == senders.NotSent && read[body] || r.Fate == senders.Answered && !read[body] {
			t.Errorf("%d: read %v, %+v", i, read[body], r)
		}
		mu.Unlock()
	}
	t.Log(count)
}

// An account waits for its turn no longer than its caller.
func TestWaitingEnds(t *testing.T) {
	p := builtin(t, "les")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"code":1}`) }))
	defer server.Close()
	s, err := senders.Open(configs.Account{Name: "les", Server: server.URL, Rate: "1/h"}, p, senders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := senders.Attempt{Operation: p.Operations[0], Items: []batch.Item{{Rows: []int{2}, Body: []byte(lesOne)}}}
	if r := s.Send(t.Context(), a); r.Fate != senders.Answered {
		t.Errorf("%+v", r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if r := s.Send(ctx, a); r.Fate != senders.NotSent {
		t.Errorf("%+v", r)
	}
	if st := senders.Pace(s); st.InUse != 1 || st.Queue != 0 {
		t.Errorf("%+v", st)
	}
	later, err := senders.Open(configs.Account{Name: "les", Server: server.URL, Rate: "1/h"}, p, senders.Options{Past: []time.Time{time.Now()}})
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if r := later.Send(ctx, a); r.Fate != senders.NotSent {
		t.Errorf("what an earlier process sent does not count: %+v", r)
	}
}

// A server that wants a certificate of its clients refuses the account, not the rows: nothing of the request was read.
func TestServerWantsACertificate(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		var count atomic.Int32
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { count.Add(1) }))
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version}
		server.StartTLS()
		ca := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		send := lesTo(t, server.URL, func(a *configs.Account) { a.CA = ca })
		r := send(lesOne)
		for end := time.Now().Add(2 * time.Minute); r.Fate == senders.Lost && time.Now().Before(end); { // its word may be overtaken by the end of the line
			r = send(lesOne)
		}
		if r.Fate != senders.Answered || r.Reading.Class != providers.Auth || !strings.Contains(r.Reading.Message.EN, "certificate of ours") || count.Load() != 0 {
			t.Errorf("TLS %x: %+v", version, r)
		}
		server.Close()
	}
}
