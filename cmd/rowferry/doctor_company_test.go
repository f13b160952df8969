//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certified writes a certificate that is valid so long, and its key.
func certified(t *testing.T, dir string, lasts time.Duration) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(lasts)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err = errors.Join(err,
		os.WriteFile(filepath.Join(dir, "c.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(filepath.Join(dir, "k.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// What is well for now and needs a look is a warning and no failure: a certificate near its end, a folder that everybody may write
// in. A certificate that ended, a disk below free and a mail server that is away are failures.
func TestDoctorWarns(t *testing.T) {
	provider := httptest.NewServer(http.NotFoundHandler())
	defer provider.Close()
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "in", "processing"), 0o755), os.Chmod(filepath.Join(dir, "in"), 0o777)); err != nil {
		t.Fatal(err)
	}
	doctor := func(more string, want int) (warned, bad string) {
		t.Helper()
		config := `
accounts: {les: {provider: les, server: "` + provider.URL + `"}}
console: {listen: "127.0.0.1:0", tls: {cert: c.pem, key: k.pem}}
routes: {r: {account: les, operation: shipmentFailed, inbox: {dir: in}, outbox: {dir: out}}}
` + more
		if err := os.WriteFile(filepath.Join(dir, "rowferry.yaml"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := rowferry(t, dir, "doctor", "--json")
		out, err := cmd.Output()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Fatalf("exit code %d, want %d: %s %v", got, want, out, err)
		}
		var all []finding
		if err := json.Unmarshal(out, &all); err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			switch {
			case !one.Good:
				bad += one.What + ": " + one.Detail + "\n"
			case one.Warns:
				warned += one.What + ": " + one.Detail + "\n"
			}
		}
		return warned, bad
	}
	certified(t, dir, 10*24*time.Hour)
	warned, _ := doctor("", 0)
	for _, want := range []string{"certificate of the console: valid for 9 days", "everybody on this machine may write there, and so have rows sent"} {
		if !strings.Contains(warned, want) {
			t.Errorf("no warning %q in\n%s", want, warned)
		}
	}
	certified(t, dir, -24*time.Hour)
	_, bad := doctor("free: 900000GB\nnotices: {mail: {host: 127.0.0.1, port: 1, from: a@example.com, to: b@example.com}}\n", 1)
	for _, want := range []string{"certificate of the console: it ended on", "nothing new is taken until there is room", "mail server 127.0.0.1: "} {
		if !strings.Contains(bad, want) {
			t.Errorf("no failure %q in\n%s", want, bad)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, "in", "processing")); err != nil || len(left) > 0 {
		t.Errorf("left in processing: %v %v", left, err)
	}
}

// What a server's certificate lacks is named, and each finding is one line.
func TestDoctorNamesWhatIsWrongWithACertificate(t *testing.T) {
	dir := t.TempDir()
	certified(t, dir, -24*time.Hour)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem"))
	if err != nil {
		t.Fatal(err)
	}
	expired, other := httptest.NewUnstartedServer(http.NotFoundHandler()), httptest.NewTLSServer(http.NotFoundHandler()) // for example.com and 127.0.0.1
	expired.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	expired.StartTLS()
	defer expired.Close()
	defer other.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw})
	_, port, err := net.SplitHostPort(other.Listener.Addr().String())
	if err = errors.Join(err, os.WriteFile(filepath.Join(dir, "ca.pem"), ca, 0o600), os.WriteFile(filepath.Join(dir, "rowferry.yaml"), []byte(`
accounts:
  expired: {provider: les, server: "`+expired.URL+`", ca: c.pem}
  other: {provider: les, server: "https://localhost:`+port+`", ca: ca.pem}
routes: {r: {account: other, operation: shipmentFailed, inbox: {dir: in}, outbox: {dir: out}}}
`), 0o600)); err != nil {
		t.Fatal(err)
	}
	cmd := rowferry(t, dir, "doctor")
	out, _ := cmd.Output()
	if got := cmd.ProcessState.ExitCode(); got != 1 {
		t.Errorf("exit code %d", got)
	}
	for _, want := range []string{"TLS: the server's certificate is valid from ", "not localhost; check the name in `server`"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// The doctor says how folders are noticed, how large the ledger and its journal are, whether addresses can be opened, and logs in where that
// has no effect.
func TestDoctorLooksFurther(t *testing.T) {
	password := "right"
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch body, _ := io.ReadAll(r.Body); {
		case !strings.HasSuffix(r.URL.Path, "login.json"):
			w.WriteHeader(http.StatusNotFound)
		case strings.Contains(string(body), password):
			_, _ = io.WriteString(w, `{"metadata":{"status":200},"data":{"sessionID":"1234567890"}}`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"metadata":{"status":401},"errors":[{"code":"110005","title":"wrong password `+"given-password"+`"}]}`)
		}
	}))
	defer provider.Close()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	doctor := func(listen, secret string) (all []finding, code int) {
		t.Helper()
		config := `
accounts:
  les: {provider: les, server: "` + provider.URL + `"}
  dellin: {provider: dellin, server: "` + provider.URL + `", credentials: {appkey: some-key, login: acme, password: "` + secret + `"}}
console: {listen: "` + listen + `"}
routes:
  r: {account: les, operation: shipmentFailed, inbox: {dir: in}, outbox: {dir: out}}
  q: {account: dellin, operation: multiRequest, group: doc, inbox: {dir: in2}, outbox: {dir: out}}
`
		if err := os.WriteFile(filepath.Join(dir, "rowferry.yaml"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := rowferry(t, dir, "doctor", "--json")
		out, _ := cmd.Output()
		if err := json.Unmarshal(out, &all); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return all, cmd.ProcessState.ExitCode()
	}
	says := func(all []finding, what, detail string, good bool) {
		t.Helper()
		for _, one := range all {
			if strings.HasPrefix(one.What, what) && strings.Contains(one.Detail, detail) && one.Good == good {
				return
			}
		}
		t.Errorf("no %q %q (%v) in %+v", what, detail, good, all)
	}
	all, code := doctor("127.0.0.1:0", "right-password")
	says(all, "address of console", "free", true)
	says(all, "log-in of account dellin", "taken", true)
	says(all, "folder "+filepath.Join(dir, "in")+" ", "changes are noticed at once", true)
	if code != 0 {
		t.Errorf("exit code %d: %+v", code, all)
	}
	if out, err := rowferry(t, dir, "run", "--once").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	all, code = doctor(taken.Addr().String(), "given-password")
	says(all, "ledger", "MB", true)
	says(all, "address of console", "choose another address", false)
	says(all, "log-in of account dellin", "check credentials of the account", false)
	for _, one := range all {
		if strings.Contains(one.Detail, "given-password") {
			t.Errorf("a password is shown: %+v", one)
		}
	}
	if code != 1 {
		t.Errorf("exit code %d: %+v", code, all)
	}
}
