// Package noticestest has the other sides of notices for tests: a mail server and an address that webhooks call.
package noticestest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/notices"
)

// Secret is the webhook's.
const Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// Message is one that arrived.
type Message struct {
	ID      string // webhook-id or Message-ID
	Body    string
	To      []string         // of a mail
	Notices []notices.Notice // of a webhook
}

// Plain is what it says: the whole of a webhook, the text of a mail.
func (m Message) Plain() string {
	if m.To == nil {
		return m.Body
	}
	letter, err := mail.ReadMessage(strings.NewReader(m.Body))
	if err != nil {
		return err.Error()
	}
	body, coding := letter.Body, letter.Header.Get("Content-Transfer-Encoding")
	if kind, more, _ := mime.ParseMediaType(letter.Header.Get("Content-Type")); strings.HasPrefix(kind, "multipart/") {
		part, err := multipart.NewReader(body, more["boundary"]).NextRawPart()
		if err != nil {
			return m.Body
		}
		body, coding = part, part.Header.Get("Content-Transfer-Encoding")
	}
	if coding == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return m.Body
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// box keeps what arrived.
type box struct {
	mu   sync.Mutex
	got  []Message
	down bool

	// Came is called with each message that arrived, before it is answered; nil: nothing. It is set before the first.
	Came func(Message)
}

// Down has it refuse what comes, or take it again.
func (b *box) Down(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// Got gives all that arrived.
func (b *box) Got() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// Forget forgets all that arrived.
func (b *box) Forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = nil
}

func (b *box) refuses() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.down
}

func (b *box) put(m Message) {
	b.mu.Lock()
	b.got = append(b.got, m)
	b.mu.Unlock()
	if b.Came != nil {
		b.Came(m)
	}
}

// Hook is an address that takes what is signed and refuses the rest.
type Hook struct {
	box
	Never string // it refuses what has this in it, for ever; "": nothing. It is set before the first.
}

func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	signer, signErr := standardwebhooks.NewWebhook(Secret)
	if err != nil || signErr != nil || h.refuses() || signer.Verify(body, r.Header) != nil {
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	var message struct {
		Data struct{ Notices []notices.Notice }
	}
	if err := json.Unmarshal(body, &message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if h.Never != "" && bytes.Contains(body, []byte(h.Never)) {
		http.Error(w, "not this one", http.StatusBadRequest)
		return
	}
	h.put(Message{ID: r.Header.Get("webhook-id"), Body: string(body), Notices: message.Data.Notices})
}

// User, Password and Stranger are whom the mail server knows, and to whom it delivers nothing.
const (
	User     = "rowferry"
	Password = "m4il pass/word"
	Stranger = "left@example.com"
)

// Mailbox is a mail server: it demands STARTTLS and a log-in, and repeats a wrong password.
type Mailbox struct {
	box
	Most    int // recipients of one letter, and no more, now or later; 0: any number
	Longest int // bytes of one letter; 0: any number
	named   int
	full    string
}

// Fill has the mailbox of one recipient take nothing for now; of "" it is that of nobody.
func (m *Mailbox) Fill(to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.full = to
}

// Named is how often a recipient was named to it.
func (m *Mailbox) Named() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.named
}

func (m *Mailbox) filled() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.full
}

// Serve starts it and gives the configuration that reaches it.
func (m *Mailbox) Serve(t *testing.T) *configs.Mail {
	t.Helper()
	der, key, ca := certificate(t)
	s := smtp.NewServer(m)
	s.Domain, s.TLSConfig = "localhost", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return &configs.Mail{Host: "localhost", Port: l.Addr().(*net.TCPAddr).Port, TLS: "starttls", User: User, Password: configs.NewSecret(Password), From: "rowferry@example.com", To: []string{"dispatch@example.com"}, CA: ca}
}

func certificate(t *testing.T) (der []byte, key *ecdsa.PrivateKey, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	if der, err = x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key); err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return der, key, ca
}

// NewSession implements smtp.Backend.
func (m *Mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{box: m}, nil }

type session struct {
	box    *Mailbox
	logged bool
	to     []string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.logged = user == User && password == Password; !s.logged {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "who is " + user + " with " + password + "?"}
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

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	s.box.named++
	s.box.mu.Unlock()
	if to == Stranger {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	if to == s.box.filled() {
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
	}
	if s.box.Most > 0 && len(s.to) == s.box.Most {
		return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 5, 3}, Message: "too many recipients"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.box.Longest > 0 && len(text) > s.box.Longest {
		return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "too long"}
	}
	if s.box.refuses() {
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "full"}
	}
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return err
	}
	s.box.put(Message{ID: m.Header.Get("Message-Id"), Body: string(text), To: s.to})
	return nil
}
