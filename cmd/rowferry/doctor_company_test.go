//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
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
