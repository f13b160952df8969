package exchangetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// certificate is one that vouches for itself.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err == nil {
		c, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// secure: the same over TLS, where the connection knows more of its end, and the server may want to know us.
func (w Way) secure(t *testing.T) {
	own, trusted := certificate(t, "localhost")
	ours, known := certificate(t, "ferry")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}}
		over := func(c net.Conn) net.Conn { return tls.Server(c, config) }
		trusting := func(set *http.Transport, to *url.URL) {
			to.Scheme = "https"
			set.TLSClientConfig = &tls.Config{RootCAs: trusted, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
		}
		t.Run(tls.VersionName(version), func(t *testing.T) {
			done := make(chan struct{})
			var resumed atomic.Int32
			s := serveOver(t, over, func(l *line) { // closes each connection by a word of TLS after two requests, and not by one of TCP
				for range 2 {
					if _, _, err := l.request(); err != nil {
						return
					}
					l.says(ok(small))
				}
				state := l.Conn.(*tls.Conn).ConnectionState()
				if state.DidResume {
					resumed.Add(1)
				}
				if state.NegotiatedProtocol == "h2" {
					t.Error("HTTP/2 was agreed on")
				}
				if !turn(t, done) {
					return
				}
				_ = l.Conn.(*tls.Conn).CloseWrite()
				w.noticed(t, l, false)
				turn(t, done)
				l.drain()
			})
			b := w.bench(t, s, trusting)
			for i := range 6 {
				for k := range 2 {
					b.answered(b.post(fmt.Sprintf("order %d.%d", i, k)), 200, small)
				}
				if t.Failed() {
					return
				}
				done <- struct{}{}
				done <- struct{}{}
			}
			if s.connections() != 6 || resumed.Load() != 5 {
				t.Errorf("%d connections, %d resumed", s.connections(), resumed.Load())
			}
		})
		t.Run(tls.VersionName(version)+", ended with the answer", func(t *testing.T) { // its word comes in one piece with the answer
			s := serveOver(t, over, func(l *line) {
				if _, _, err := l.request(); err != nil {
					return
				}
				l.says(ok(small))
				_ = l.Conn.(*tls.Conn).CloseWrite()
				l.drain()
			})
			b := w.bench(t, s, trusting)
			for i := range 20 { // whether the word is there yet is a matter of luck: send knows what must hold
				b.post(fmt.Sprint("order ", i))
			}
		})
		t.Run(tls.VersionName(version)+", cut", func(t *testing.T) {
			var place atomic.Int32
			answer := ok(small)
			s := serveOver(t, over, func(l *line) {
				if _, _, err := l.request(); err == nil {
					l.says(answer[:place.Load()])
					_ = l.tcp.Close() // without a word of TLS
				}
			})
			b := w.bench(t, s, trusting)
			for n := range len(answer) {
				place.Store(int32(n))
				b.lost(b.post(fmt.Sprint("order ", n)))
			}
		})
		t.Run(tls.VersionName(version)+", certificates", func(t *testing.T) {
			config := config.Clone()
			config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, known
			s := serveOver(t, func(c net.Conn) net.Conn { return tls.Server(c, config) }, func(l *line) {
				if l.Conn.(*tls.Conn).Handshake() != nil {
					_, _ = io.Copy(io.Discard, l.tcp) // until the other side has read why
					return
				}
				answering(ok(small))(l)
			})
			with := w.bench(t, s, func(set *http.Transport, to *url.URL) {
				trusting(set, to)
				set.TLSClientConfig.Certificates = []tls.Certificate{ours}
			})
			with.answered(with.post("from us"), 200, small)
			without := w.bench(t, s, trusting)
			res := without.Exchange(t.Context(), quiet(without.request("from nobody")))
			var said *net.OpError
			if s.count("from nobody") != 0 || !errors.As(res.Err, &said) || said.Op != "remote error" {
				t.Errorf("got %+v", res)
			}
			nobody := w.bench(t, s, func(set *http.Transport, to *url.URL) {
				trusting(set, to)
				set.TLSClientConfig.RootCAs = known
			})
			nobody.stays(nobody.post("to a stranger"), nil)
			old := w.bench(t, s, func(set *http.Transport, to *url.URL) {
				trusting(set, to)
				set.TLSClientConfig.MinVersion = tls.VersionTLS13
				set.TLSClientConfig.Certificates = []tls.Certificate{ours}
			})
			if res := old.post("by the newest"); version == tls.VersionTLS13 {
				old.answered(res, 200, small)
			} else {
				old.stays(res, nil)
			}
		})
	}
	t.Run("not there", func(t *testing.T) {
		for _, says := range []string{"220 mail ready\r\n", "", "HTTP/1.1 400 Bad Request\r\n\r\n"} {
			s := serve(t, func(l *line) { l.says(says) })
			b := w.bench(t, s, func(set *http.Transport, to *url.URL) {
				to.Scheme = "https"
				set.TLSClientConfig = &tls.Config{RootCAs: trusted}
			})
			if res := b.Exchange(t.Context(), quiet(b.request("order"))); res.Err == nil || res.Left {
				t.Errorf("got %+v", res)
			}
		}
	})
	t.Run("that does not shake hands", func(t *testing.T) {
		s := serve(t, func(l *line) { l.drain() })
		b := w.bench(t, s, func(set *http.Transport, to *url.URL) {
			to.Scheme = "https"
			set.TLSClientConfig, set.TLSHandshakeTimeout = &tls.Config{RootCAs: trusted}, 50*time.Millisecond
		})
		var timeout net.Error
		res := b.Exchange(t.Context(), quiet(b.request("order")))
		if res.Left || !errors.As(res.Err, &timeout) || !timeout.Timeout() || errors.Is(res.Err, context.DeadlineExceeded) {
			t.Errorf("got %+v", res)
		}
	})
}

// proxies: a tunnel is another way to the same server; what a proxy does not lead on has not left.
func (w Way) proxies(t *testing.T) {
	own, trusted := certificate(t, "localhost")
	s := serveOver(t, func(c net.Conn) net.Conn { return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{own}}) }, answering(ok(small)))
	proxy := func(l *line) {
		ask, err := http.ReadRequest(l.in)
		switch {
		case err != nil:
			return
		case ask.Method != http.MethodConnect || ask.Host != s.Addr().String() || ask.RequestURI != s.Addr().String():
			t.Errorf("%s %s of %s", ask.Method, ask.RequestURI, ask.Host)
		case ask.Header.Get("Proxy-Authorization") != "Basic YWNtZTpwLXNlY3JldA==": // acme:p-secret
			l.says("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			return
		}
		there, err := net.Dial("tcp", ask.Host)
		if err != nil {
			t.Error(err)
			return
		}
		l.says("HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(there, l.in); _ = there.Close() }()
		_, _ = io.Copy(l.Conn, there)
	}
	plain := serve(t, proxy)
	locked := serveOver(t, func(c net.Conn) net.Conn { return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{own}}) }, proxy)
	silent := serve(t, func(l *line) { l.drain() })
	closing := serve(t, func(l *line) {})
	garbage := serve(t, func(l *line) { l.says("SSH-2.0\r\n") })
	through := func(scheme, user, address string) func(*http.Transport, *url.URL) {
		return func(set *http.Transport, to *url.URL) {
			to.Scheme = "https"
			set.TLSClientConfig = &tls.Config{RootCAs: trusted}
			set.Proxy = http.ProxyURL(&url.URL{Scheme: scheme, User: url.UserPassword("acme", user), Host: address})
		}
	}
	for _, c := range []struct {
		name, scheme, password, address string
		leads                           bool
		says                            string
	}{
		{"led on", "http", "p-secret", plain.Addr().String(), true, ""},
		{"led on by TLS", "https", "p-secret", locked.Addr().String(), true, ""},
		{"a wrong password", "http", "wrong", plain.Addr().String(), false, "407"},
		{"one that hangs up", "http", "p-secret", closing.Addr().String(), false, ""},
		{"one that talks nonsense", "http", "p-secret", garbage.Addr().String(), false, ""},
		{"one without TLS", "https", "p-secret", garbage.Addr().String(), false, ""},
		{"one that is away", "http", "p-secret", "127.0.0.1:1", false, "proxyconnect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := w.bench(t, s, through(c.scheme, c.password, c.address))
			for i := range 2 {
				res := b.Exchange(t.Context(), quiet(b.request(fmt.Sprint(c.name, i))))
				if c.leads {
					b.answered(res, 200, small)
				} else if res.Left || res.Err == nil || !strings.Contains(res.Err.Error(), c.says) || strings.Contains(res.Err.Error(), c.password) {
					t.Errorf("got %+v", res)
				}
			}
			if n := s.count(c.name + "1"); (n == 1) != c.leads {
				t.Errorf("%d came", n)
			}
		})
	}
	t.Run("one that is silent", func(t *testing.T) {
		b := w.bench(t, s, through("http", "p-secret", silent.Addr().String()))
		r := quiet(b.request("order"))
		r.Until = time.Now().Add(50 * time.Millisecond)
		if res := b.Exchange(t.Context(), r); res.Left || res.Err == nil {
			t.Errorf("got %+v", res)
		}
	})
}
