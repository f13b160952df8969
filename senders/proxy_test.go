package senders_test

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

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
