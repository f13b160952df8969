package senders_test

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// tunnels is a proxy that leads to where it is asked, for who knows its password.
func tunnels(t *testing.T, led *atomic.Int32) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic YWNtZTpwLXNlY3JldA==" { // acme:p-secret
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		led.Add(1)
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}))
	t.Cleanup(proxy.Close)
	return strings.TrimPrefix(proxy.URL, "http://")
}

// An account goes through its own proxy, and speaks no TLS older than it wants. What the proxy refuses has not been sent.
func TestProxyAndOldestTLS(t *testing.T) {
	var came, led atomic.Int32
	provider := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came.Add(1)
		_, _ = io.WriteString(w, `{"code":1}`)
	}))
	provider.TLS = &tls.Config{MaxVersion: tls.VersionTLS12}
	provider.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	provider.StartTLS()
	defer provider.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: provider.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy, nowhere := tunnels(t, &led), listen(t, func(_ int, c net.Conn) { _ = c.Close() })
	for _, c := range []struct {
		name, proxy, oldest string
		fate                senders.Fate
		says                string
		led                 int32
	}{
		{"through the proxy", "http://acme:p-secret@" + proxy, "", senders.Answered, "", 1},
		{"directly", "none", "1.2", senders.Answered, "", 0},
		{"a wrong password", "http://acme:p-wrong@" + proxy, "", senders.NotSent, "HTTP 407", 0},
		{"a proxy that hangs up", "http://" + nowhere, "", senders.NotSent, "", 0},
		{"a proxy that is away", "http://acme:p-secret@127.0.0.1:1", "", senders.NotSent, "the proxy cannot be reached (connection refused)", 0},
		{"too old a provider", "", "1.3", senders.NotSent, "TLS", 0},
	} {
		before := came.Load()
		led.Store(0)
		send := lesTo(t, provider.URL, func(a *configs.Account) { a.CA, a.MinTLS, a.Proxy = ca, c.oldest, configs.NewSecret(c.proxy) })
		r := send(lesOne)
		said := ""
		if r.Err != nil {
			said = r.Err.Error()
		}
		if r.Fate != c.fate || led.Load() != c.led || !strings.Contains(said, c.says) || strings.Contains(said, "p-") {
			t.Errorf("%s: %s, %q, led %d times", c.name, r.Fate, said, led.Load())
		}
		if got := came.Load() - before; (c.fate == senders.Answered) != (got == 1) || c.fate == senders.Answered && r.Reading.Class != providers.OK {
			t.Errorf("%s: %d requests came, %+v", c.name, got, r)
		}
	}
}

// A proxy that answers a plain request itself, and says that it passed nothing on, has sent nothing: also where it breaks the line off behind the
// head of its answer, as tinyproxy does. What else comes from it may be the provider's.
func TestWhatAProxyDoesNotPassOn(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		fate         senders.Fate
		says         string
	}{
		{"tinyproxy without a login", "HTTP/1.0 407 Proxy Authentication Required\r\nServer: tinyproxy/1.11.1\r\nConnection: close\r\n\r\n", senders.NotSent, "NAME:PASSWORD@"},
		{"tinyproxy, nobody there", "HTTP/1.0 500 Unable to connect\r\nServer: tinyproxy/1.11.1\r\nConnection: close\r\n\r\n", senders.NotSent, "nothing was sent"},
		{"squid without a login", "HTTP/1.1 407 Proxy Authentication Required\r\nX-Squid-Error: ERR_CACHE_ACCESS_DENIED 0\r\nContent-Length: 0\r\n\r\n", senders.NotSent, "NAME:PASSWORD@"},
		{"squid, forbidden", "HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 0\r\n\r\n", senders.NotSent, "nothing was sent"},
		{"squid, no such name", "HTTP/1.1 502 Bad Gateway\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\nContent-Length: 0\r\n\r\n", senders.NotSent, "nothing was sent"},
		{"squid, no answer", "HTTP/1.1 502 Bad Gateway\r\nX-Squid-Error: ERR_READ_ERROR 104\r\nContent-Length: 0\r\n\r\n", senders.Answered, ""},
		{"the provider's own", "HTTP/1.0 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", senders.Answered, ""},
	} {
		proxy := listen(t, func(_ int, l net.Conn) {
			if r, err := http.ReadRequest(bufio.NewReader(l)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(l, c.answer)
				if !strings.Contains(c.answer, "Content-Length") {
					_, _ = io.WriteString(l, "<html>")
					_ = l.(*net.TCPConn).SetLinger(0)
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
		r := lesTo(t, "http://provider.example", func(a *configs.Account) { a.Proxy = configs.NewSecret("http://" + proxy) })(lesOne)
		said := ""
		if r.Err != nil {
			said = r.Err.Error()
		}
		if r.Fate != c.fate || !strings.Contains(said, c.says) {
			t.Errorf("%s: %s, %q", c.name, r.Fate, said)
		}
	}
}

// What is wrong with a certificate is told with who can mend it: its names, its days, who issued it.
func TestWhatIsWrongWithACertificate(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(name string, until time.Time) (tls.Certificate, string) {
		c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Corp inspection"}, DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: until.Add(-1000 * time.Hour), NotAfter: until}
		raw, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, file
	}
	now := time.Now()
	for _, c := range []struct {
		name  string
		until time.Time
		known bool
		old   uint16
		says  string
	}{
		{"localhost", now.Add(time.Hour), false, 0, "nobody known here vouches for Corp inspection"},
		{"api.example.com", now.Add(time.Hour), true, 0, "it is for api.example.com. Check server"},
		{"localhost", time.Date(2020, 5, 17, 0, 0, 0, 0, time.UTC), true, 0, "to 2020-05-17 only"},
		{"localhost", now.Add(time.Hour), true, tls.VersionTLS10, "no version of TLS that is taken here"},
	} {
		own, ca := issue(c.name, c.until)
		address := listen(t, func(_ int, l net.Conn) {
			_ = tls.Server(l, &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS10, MaxVersion: c.old}).Handshake()
		})
		_, port, _ := net.SplitHostPort(address)
		r := lesTo(t, "https://localhost:"+port, func(a *configs.Account) {
			if c.known {
				a.CA = ca
			}
		})(lesOne)
		if r.Fate != senders.NotSent || !strings.Contains(r.Err.Error(), c.says) {
			t.Errorf("%s until %s: %s, %v", c.name, c.until.Format(time.DateOnly), r.Fate, r.Err)
		}
	}
	plain := listen(t, func(_ int, l net.Conn) { _, _ = io.WriteString(l, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	if r := lesTo(t, "https://"+plain, nil)(lesOne); r.Fate != senders.NotSent || !strings.Contains(r.Err.Error(), "does not speak TLS there") {
		t.Errorf("no TLS: %s, %v", r.Fate, r.Err)
	}
}
