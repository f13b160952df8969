//go:build linux

package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

// The doctor goes through folders, providers and partners' servers; what is wrong is the exit code, and says what to do.
func TestDoctor(t *testing.T) {
	provider := httptest.NewTLSServer(http.NotFoundHandler())
	defer provider.Close()
	server := sshdtest.Start(t, sshdtest.Options{})
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("company.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: provider.Certificate().Raw})))
	for _, d := range []string{"outgoing", "incoming"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config := fmt.Sprintf(`
accounts:
  les: {provider: les, server: "%s", ca: company.pem}
sftp:
  partner: {host: 127.0.0.1, port: %d, user: %s, key: "file:%s", host_key: %q}
routes:
  local: {account: les, operation: shipmentFailed, inbox: {dir: in}, outbox: {dir: out}}
  remote: {account: les, operation: shipmentFailed, inbox: {sftp: partner, dir: DIR/outgoing}, outbox: {sftp: partner, dir: DIR/incoming}}
`, provider.URL, server.Port, server.User, server.KeyFile, server.HostKeys["ed25519"])
	config = strings.ReplaceAll(config, "DIR", dir)
	doctor := func(want int, args ...string) (good, bad []string) {
		t.Helper()
		cmd := rowferry(t, dir, append([]string{"doctor", "--json"}, args...)...)
		out, err := cmd.Output()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Fatalf("exit code %d, want %d: %s %v", got, want, out, err)
		}
		var all []finding
		if err := json.Unmarshal(out, &all); err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if one.Good {
				good = append(good, one.What)
			} else {
				bad = append(bad, one.What+": "+one.Detail)
			}
		}
		return good, bad
	}
	write("rowferry.yaml", config)
	if good, bad := doctor(0); len(bad) > 0 || len(good) != 20 {
		t.Errorf("good: %q, bad: %q", good, bad)
	}
	lying := []string{"in/last year.csv", "outgoing/last year.csv", "outgoing/letter.docx", "outgoing/x.csv.part"} // as when a route begins
	for _, name := range lying {
		write(name, "x")
	}
	if said, err := rowferry(t, dir, "doctor").Output(); err != nil || !strings.Contains(string(said), "1 file there with names for this route") ||
		!strings.Contains(string(said), "3 entries; 1 by their names for this route") {
		t.Errorf("%s, %v", said, err)
	}
	for _, name := range lying {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for what, c := range map[string]struct{ from, to, says string }{
		"a certificate nobody knows": {"ca: company.pem", "timeout: 1m", "name its certificate with `ca: FILE`"},
		"a provider that is down":    {provider.URL, "http://127.0.0.1:1", "check host, port and firewall"},
		"a folder that is a file":    {"inbox: {dir: in}", "inbox: {dir: company.pem}", "name another folder"},
		"no folder at the partner":   {dir + "/incoming", dir + "/none", "ask the partner to create it"},
		"another host key":           {strings.TrimSpace(server.HostKeys["ed25519"]), "SHA256:" + strings.Repeat("A", 43), "only if they confirm it"},
	} {
		write("rowferry.yaml", strings.ReplaceAll(config, c.from, c.to))
		if _, bad := doctor(1); len(bad) != 1 || !strings.Contains(bad[0], c.says) {
			t.Errorf("%s: %q", what, bad)
		}
	}
	write("rowferry.yaml", config)
	if good, bad := doctor(0, "partner"); len(bad) > 0 || len(good) != 12 {
		t.Errorf("only the partner: %q %q", good, bad)
	}
	if out, err := rowferry(t, dir, "doctor", "nobody").CombinedOutput(); err == nil || !strings.Contains(string(out), `no sftp entry "nobody"; it has: [partner]`) {
		t.Errorf("an unknown partner: %s", out)
	}
	for _, d := range []string{"outgoing", "incoming", "in", "out"} {
		if left, _ := os.ReadDir(filepath.Join(dir, d)); len(left) > 0 {
			t.Errorf("left in %s: %v", d, left)
		}
	}
}
