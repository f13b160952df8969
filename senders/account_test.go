package senders_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// authority signs certificates of clients.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key = a.sign(t, "authority")
	return a
}

// sign makes a certificate; without a certificate of its own yet, the authority's.
func (a *authority) sign(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: a.cert == nil, BasicConstraintsValid: true}
	parent, signer := c, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err == nil {
		c, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

// files writes a client's certificate and key.
func (a *authority) files(t *testing.T, name string) (cert, key string) {
	t.Helper()
	c, k := a.sign(t, name)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	write(t, cert, "CERTIFICATE", c.Raw)
	write(t, key, "PRIVATE KEY", der)
	return cert, key
}

func write(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A provider that knows its clients by certificates sees each account's own, and nothing of one that has none, or a stranger's.
func TestClientCertificates(t *testing.T) {
	clients, strangers := newAuthority(t), newAuthority(t)
	var mu sync.Mutex
	var seen []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.TLS.PeerCertificates[0].Subject.CommonName)
		mu.Unlock()
		fmt.Fprint(w, `{"code":1}`)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	server.TLS.ClientCAs.AddCert(clients.cert)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	write(t, ca, "CERTIFICATE", server.Certificate().Raw)
	as := func(a *authority, name string) senders.Result {
		return lesTo(t, server.URL, func(account *configs.Account) {
			if account.CA = ca; a != nil {
				account.Cert, account.Key = a.files(t, name)
			}
		})(lesOne)
	}
	for _, name := range []string{"north", "south"} {
		if r := as(clients, name); r.Fate != senders.Answered || r.Reading.Class != providers.OK {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for name, a := range map[string]*authority{"a stranger": strangers, "nobody": nil} {
		if r := as(a, name); r.Reading.Class == providers.OK {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if want := []string{"north", "south"}; !slices.Equal(seen, want) {
		t.Errorf("got %q", seen)
	}
}

// tokens is the provider of testdata/tokens.yaml with its token server.
type tokens struct {
	mu     sync.Mutex
	logins int
	good   string // the token that is taken; "": none
	orders int
	header http.Header // of the answers to orders
}

func (p *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/token" {
		p.logins++
		if p.logins < 3 {
			p.good = fmt.Sprint("token-", p.logins)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token": "token-%d", "token_type": "Bearer", "expires_in": 3600}`, p.logins)
		return
	}
	if p.good == "" || r.Header.Get("Authorization") != "Bearer "+p.good {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	p.orders++
	for name := range p.header {
		w.Header().Set(name, p.header.Get(name))
	}
	w.WriteHeader(http.StatusCreated)
}

// account opens an account at p; what is sent is an order.
func (p *tokens) account(t *testing.T) func(quit context.Context) senders.Result {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	document, err := providers.Load("testdata/tokens.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := senders.Open(configs.Account{Name: "a", Server: server.URL, Credentials: secrets("client_id", "me", "client_secret", "s3cret")}, document, senders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return func(quit context.Context) senders.Result {
		return s.Send(t.Context(), senders.Attempt{Operation: document.Operations[0], Items: []batch.Item{{Rows: []int{2}, Body: []byte(`{"no":"1"}`)}}, Quit: quit})
	}
}

// Requests that need a token at the same time make one login, and one more when the provider takes it back; each is executed
// once. A provider that refuses the new one too refuses the account.
func TestTokensUnderLoad(t *testing.T) {
	p := &tokens{}
	send := p.account(t)
	for round := 1; round <= 2; round++ {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if r := send(nil); r.Fate != senders.Answered || r.Reading.Class != providers.OK {
					t.Errorf("round %d: %+v", round, r)
				}
			})
		}
		all.Wait()
		if p.logins != round || p.orders != 8*round {
			t.Fatalf("round %d: %d logins, %d orders", round, p.logins, p.orders)
		}
		p.good = ""
		if round == 1 {
			p.good = "taken back"
		}
	}
	if r := send(nil); r.Fate != senders.Answered || r.Reading.Class != providers.Auth || p.logins != 3 || p.orders != 16 {
		t.Errorf("%+v, %d logins, %d orders", r, p.logins, p.orders)
	}
}

// Where an answer says that nothing is left of the provider's limit, nothing leaves until it begins anew, in each way to say so.
func TestSpentLimitHolds(t *testing.T) {
	later := fmt.Sprint(time.Now().Add(time.Hour).Unix())
	for said, holds := range map[string]bool{
		"RateLimit-Remaining: 0; RateLimit-Reset: 3600":                      true,
		"X-RateLimit-Remaining: 0; X-RateLimit-Reset: " + later:              true,
		"X-Rate-Limit-Remaining: 0; X-Rate-Limit-Reset: " + later + "000":    true,
		"RateLimit: limit=10, remaining=0, reset=3600":                       true,
		`RateLimit: "default";r=0;t=3600`:                                    true,
		"X-RateLimit-Remaining: 1; X-RateLimit-Reset: " + later:              false,
		"X-RateLimit-Remaining: 0; X-RateLimit-Reset: 0":                     false,
		"X-RateLimit-Limit: 0; X-RateLimit-Reset: 3600":                      false,
		"X-RateLimit-Remaining: unlimited; X-RateLimit-Reset: tomorrow noon": false,
	} {
		p := &tokens{header: http.Header{}}
		name, value, _ := strings.Cut(said, ": ")
		if rest := strings.Split(value, "; "); len(rest) == 2 {
			value = rest[0]
			other, more, _ := strings.Cut(rest[1], ": ")
			p.header.Set(other, more)
		}
		p.header.Set(name, value)
		send := p.account(t)
		if r := send(nil); r.Fate != senders.Answered {
			t.Fatalf("%s: %+v", said, r)
		}
		patience := time.Minute // nothing holds it: it leaves at once
		if holds {
			patience = 20 * time.Millisecond
		}
		quit, end := context.WithTimeout(t.Context(), patience)
		r := send(quit)
		end()
		if held := r.Fate == senders.NotSent && p.orders == 1; held != holds {
			t.Errorf("%s: %+v after %d orders", said, r, p.orders)
		}
	}
}

// consents is the provider of testdata/consent.yaml: each refresh token is good for one use, and each token for one order.
type consents struct{ given int }

func (p *consents) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/token" {
		w.WriteHeader(http.StatusCreated)
		if r.Header.Get("Authorization") != fmt.Sprint("Bearer token-", p.given) {
			panic(http.ErrAbortHandler)
		}
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.FormValue("grant_type") != "refresh_token" || r.FormValue("refresh_token") != fmt.Sprint("consent-", p.given) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error": "invalid_grant"}`)
		return
	}
	p.given++
	fmt.Fprintf(w, `{"access_token": "token-%d", "refresh_token": "consent-%d", "expires_in": -1}`, p.given, p.given)
}

// A refresh token that is replaced with each use is kept where it came from, for the next use and the next start; where it cannot be, that is told.
func TestTheNextRefreshTokenIsKept(t *testing.T) {
	for credential, told := range map[string]bool{"file:consent": false, "consent-0": true} {
		server := httptest.NewServer(&consents{})
		dir := t.TempDir()
		put := func(name, text string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		document, err := os.ReadFile("testdata/consent.yaml")
		if err != nil {
			t.Fatal(err)
		}
		put("consent.yaml", string(document))
		put("consent", "consent-0\n")
		put("rowferry.yaml", "accounts: {a: {provider: ./consent.yaml, server: \""+server.URL+"\", credentials: {client_id: me, client_secret: s3cret, refresh_token: \""+credential+"\"}}}\n")
		p, err := providers.Load(filepath.Join(dir, "consent.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var logged bytes.Buffer
		for start := range 2 {
			account := configs.Load(filepath.Join(dir, "rowferry.yaml")).Accounts["a"]
			account.Timeout = 2 * time.Minute
			s, err := senders.Open(account, p, senders.Options{Log: slog.New(slog.NewTextHandler(&logged, nil))})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				r := s.Send(t.Context(), senders.Attempt{Operation: p.Operations[0], Items: []batch.Item{{Rows: []int{2}, Body: []byte(`{"no":"1"}`)}}})
				if good := r.Fate == senders.Answered && r.Reading.Class == providers.OK; good != (start == 0 || !told) {
					t.Errorf("%s, start %d: %+v", credential, start, r)
				}
			}
			s.Close()
		}
		if got := strings.Contains(logged.String(), "could not be kept"); got != told || strings.Contains(logged.String(), "consent-") {
			t.Errorf("%s: %s", credential, logged.String())
		}
		server.Close()
	}
}
