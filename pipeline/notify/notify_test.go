package notify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/sqlite"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/pipeline/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// mailbox is a real mail server: it demands STARTTLS and a log-in.
type mailbox struct {
	mu   sync.Mutex
	mail []string
	down bool
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{m, false}, nil }

type session struct {
	box    *mailbox
	logged bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.logged = user == "rowferry" && password == "pw"; !s.logged {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}
func (s *session) Mail(string, *smtp.MailOptions) error {
	if !s.logged {
		return smtp.ErrAuthRequired
	}
	return nil
}
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.box.down {
		return errors.New("full")
	}
	s.box.mail = append(s.box.mail, string(text))
	return err
}

// serve starts the mail server and gives the configuration that reaches it.
func (m *mailbox) serve(t *testing.T) *configs.Mail {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	must(t, err)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	s := smtp.NewServer(m)
	s.Domain, s.TLSConfig = "localhost", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return &configs.Mail{Host: "localhost", Port: l.Addr().(*net.TCPAddr).Port, TLS: "starttls", User: "rowferry", Password: configs.NewSecret("pw"), From: "rowferry@example.com", To: []string{"dispatch@example.com"}, CA: ca}
}

// hook is an address that takes what is signed and refuses the rest.
type hook struct {
	mu   sync.Mutex
	got  []notices.Notice
	ids  []string
	down bool
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	signer, signErr := standardwebhooks.NewWebhook(secret)
	if err != nil || signErr != nil || h.down || signer.Verify(body, r.Header) != nil {
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	var message struct {
		Data struct{ Notices []notices.Notice }
	}
	_ = json.Unmarshal(body, &message)
	h.got, h.ids = append(h.got, message.Data.Notices...), append(h.ids, r.Header.Get("webhook-id"))
}

// told gives the titles that arrived since the last call.
func (h *hook) told() (titles []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.got {
		titles = append(titles, n.Title)
	}
	h.got = nil
	return titles
}

// What changes in the books, and what goes on, is told by both ways: grouped, once, over a restart and a server that is down.
func TestNotices(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	h, box := &hook{}, &mailbox{}
	server := httptest.NewServer(h)
	defer server.Close()
	cfg := &configs.Config{Language: batch.Chinese, Routes: map[string]configs.Route{"r": {Name: "r", Language: batch.English, Expect: &configs.Expect{By: "09:00", Days: "MON-FRI", Zone: "Asia/Shanghai"}}},
		Notices: configs.Notices{Repeat: time.Hour, Digest: "18:00", Zone: "Asia/Shanghai", Webhook: &configs.Webhook{URL: server.URL, Secret: configs.NewSecret(secret)}, Mail: box.serve(t)}}
	now := time.Date(2026, 11, 23, 0, 30, 0, 0, time.UTC) // Monday, 08:30 in Shanghai
	var going []notify.Condition
	start := func() (turn func(), stop func()) {
		channels, err := notify.Channels(cfg.Notices)
		must(t, err)
		teller := &notify.Teller{Books: l, Config: cfg, Channels: channels, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
			Going: func(context.Context) ([]notify.Condition, error) { return going, nil }}
		must(t, teller.Open(t.Context()))
		return func() { t.Helper(); must(t, teller.Turn(t.Context())) }, func() { http.DefaultTransport.(*http.Transport).CloseIdleConnections() }
	}
	want := func(titles ...string) {
		t.Helper()
		if got := h.told(); strings.Join(got, "\n") != strings.Join(titles, "\n") {
			t.Errorf("told:\n%q\nwant:\n%q", got, titles)
		}
	}
	turn, _ := start()
	turn()
	want()

	// Two files end, one of them well; the notice comes once.
	end := func(id string, s batch.Status) {
		ledgertest.Accepted(t, l, id, 2)
		must(t, l.Record(ledgertest.Settled(id, 0, s), ledgertest.Settled(id, 1, batch.Delivered)).Wait(t.Context()))
		must(t, l.Report(t.Context(), id, []string{id + ".result.csv"}))
	}
	end("f1", batch.Rejected)
	end("f2", batch.Delivered)
	turn()
	turn()
	f1, err := l.File(t.Context(), "f1")
	must(t, err)
	want(f1.Name + ": 1 of 2 rows need you")
	if len(box.mail) != 1 || !strings.Contains(box.mail[0], "Auto-Submitted: auto-generated") || !strings.Contains(box.mail[0], "delivered 1, rejected 1") {
		t.Errorf("mail: %q", box.mail)
	}

	// An account stops while nobody can be told; after a restart it is told, later again, and that it is over.
	h.down, box.down = true, true
	going = []notify.Condition{{Key: "account/otms", Kind: notices.Account, Who: "otms", Reason: "refused"}}
	turn()
	want()
	h.down, box.down = false, false
	turn, _ = start()
	turn()
	want("账户 otms 已停止发送")
	turn()
	want()
	now = now.Add(time.Hour) // and it is 09:30: no file has come to the route today
	turn()
	want("账户 otms 已停止发送", "路由 r 没有收到文件")
	going = nil
	turn()
	want("已解除：账户 otms 已停止发送")

	// The day's sum, once.
	now = now.Add(9 * time.Hour)
	turn()
	want("路由 r 没有收到文件", "截至 2026-11-23 的一天")
	turn()
	want()
	seen := map[string]bool{}
	for _, id := range h.ids {
		if seen[id] {
			t.Errorf("%s was told twice", id)
		}
		seen[id] = true
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
