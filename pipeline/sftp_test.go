//go:build unix

package pipeline_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

// partnerConfig is a route from and to a partner's server. The configuration's folder keeps ledger and spool.
func partnerConfig(s *sshdtest.Server, address, provider, root string) string {
	host, port, _ := strings.Cut(address, ":")
	return fmt.Sprintf(`
data: data
accounts:
  les: {provider: les, server: "%s", rate: none}
sftp:
  partner: {host: %s, port: %s, user: %s, key: "file:%s", host_key: "%s", timeout: 30s, keep_alive: 1s}
routes:
  failures:
    account: les
    operation: shipmentFailed
    inbox: {sftp: partner, dir: %s/outgoing, settle: 100ms, every: 200ms}
    outbox: {sftp: partner, dir: %s/incoming, formats: [csv]}
`, provider, host, port, s.User, s.KeyFile, strings.TrimSpace(s.HostKeys["ed25519"]), root, root)
}

// partnerFolder makes the folders on the server, which is this machine.
func partnerFolder(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, d := range []string{"outgoing", "incoming"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// results waits for n result files on the server.
func results(t *testing.T, root string, n int) []string {
	t.Helper()
	const patience = 5 * time.Minute
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		found, err := filepath.Glob(filepath.Join(root, "incoming", "*.result.csv"))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) >= n {
			return found
		}
		if time.Now().After(end) {
			t.Fatalf("after %v there are %d of %d results", patience, len(found), n)
		}
	}
}

// once checks that each identity was sent exactly once and every result is whole.
func (n *notices) once(t *testing.T, want []string, found []string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, id := range want {
		if n.did[id] != 1 {
			t.Errorf("%s was sent %d times", id, n.did[id])
		}
	}
	rows := 0
	for _, path := range found {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rows += strings.Count(string(content), ",delivered,")
	}
	if rows != len(want) {
		t.Errorf("the results tell of %d delivered rows, %d were sent", rows, len(want))
	}
}

// A partner's files come from a real sshd and the results go back to it; names are what partners write.
func TestRouteOverSFTP(t *testing.T) {
	provider, url := newNotices(t)
	s, root := sshdtest.Start(t, sshdtest.Options{}), partnerFolder(t)
	stop := start(t, t.TempDir(), partnerConfig(s, s.Address(), url, root))
	defer stop()
	var want []string
	names := []string{"orders.csv", "orders two.csv", "订单.csv", "заказы.csv"}
	for i, name := range names {
		mine := ids(fmt.Sprintf("F%dR", i), 5)
		want = append(want, mine...)
		drop(t, filepath.Join(root, "outgoing"), name, mine...)
	}
	found := results(t, root, len(names))
	provider.once(t, want, found)
	for _, name := range names {
		archived(t, filepath.Join(root, "outgoing"), name)
	}
	stop()
	if left, _ := filepath.Glob(filepath.Join(root, "outgoing", "*.csv")); len(left) > 0 {
		t.Errorf("still in the inbox: %v", left)
	}
	if parts, _ := filepath.Glob(filepath.Join(root, "incoming", "*.part")); len(parts) > 0 {
		t.Errorf("left in the outbox: %v", parts)
	}
}

// Every kind of workbook comes from the partner's server, is previewed there, and is answered there.
func TestEveryKindOverSFTP(t *testing.T) {
	provider, url := newNotices(t)
	s, root := sshdtest.Start(t, sshdtest.Options{}), partnerFolder(t)
	samples, err := filepath.Glob("../cmd/rowferry/testdata/excel/orders*.*")
	if err != nil || len(samples) < 8 {
		t.Fatal(samples, err)
	}
	for _, path := range samples {
		content, err := os.ReadFile(path)
		for _, to := range []string{"outgoing", "preview"} {
			err = errors.Join(err, os.MkdirAll(filepath.Join(root, to), 0o755), os.WriteFile(filepath.Join(root, to, filepath.Base(path)), content, 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	config := partnerConfig(s, s.Address(), url, root) + fmt.Sprintf("    preview: {sftp: partner, dir: %s/preview}\n    read: {unzip: true}\n    repeats: {mode: send}\n", root)
	stop := start(t, t.TempDir(), config)
	defer stop()
	for _, path := range results(t, root, len(samples)) {
		content, err := os.ReadFile(path)
		if err != nil || strings.Count(string(content), "delivered") != 2 || strings.Count(string(content), "invalid") != 1 {
			t.Errorf("%s: %v: %s", path, err, content)
		}
	}
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := filepath.Glob(filepath.Join(root, "incoming", "*.preview.xlsx"))
		if err != nil || time.Now().After(end) {
			t.Fatalf("previews: %v %v", out, err)
		}
		if len(out) == len(samples) {
			break
		}
	}
	if n := provider.count(); n != 2*len(samples) {
		t.Errorf("%d rows were sent, want %d", n, 2*len(samples))
	}
}

// The private copies are deleted, and the original is found again on the partner's server.
func TestTheOriginalLiesOnAServer(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	host, port, _ := strings.Cut(server.Address(), ":")
	s := newSender(t, strings.Replace(twoRoutes, "failures: {account: les, operation: shipmentFailed, inbox: {dir: in,", "failures: {account: les, operation: shipmentFailed, inbox: {sftp: partner, dir: DIR/in,", 1)+
		fmt.Sprintf("sftp:\n  partner: {host: %s, port: %s, user: %s, key: %q, host_key: %q}\n", host, port, server.User, "file:"+server.KeyFile, strings.TrimSpace(server.HostKeys["ed25519"])))
	s.loses(true, func() { s.must(os.RemoveAll(filepath.Join(s.dir, "data", "spool"))) })
}

// A file in a preview folder on the partner's server is checked, nothing of it is sent, and what would happen appears in the outbox.
func TestAPreviewFolderOnAServer(t *testing.T) {
	provider, url := newNotices(t)
	s, root := sshdtest.Start(t, sshdtest.Options{}), partnerFolder(t)
	if err := os.Mkdir(filepath.Join(root, "preview"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := partnerConfig(s, s.Address(), url, root) + fmt.Sprintf("    preview: {sftp: partner, dir: %s/preview}\n", root)
	stop := start(t, t.TempDir(), config)
	defer stop()
	drop(t, filepath.Join(root, "preview"), "orders.csv", ids("P", 3)...)
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := filepath.Glob(filepath.Join(root, "incoming", "orders.*.preview.xlsx"))
		at, aerr := filepath.Glob(filepath.Join(root, "preview", "archive", "*", "*", "*", "orders.csv"))
		if err := errors.Join(err, aerr); err != nil {
			t.Fatal(err)
		}
		if len(out) == 1 && len(at) == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("out: %v, archived: %v", out, at)
		}
	}
	provider.once(t, nil, nil)
}

// The line to the partner is cut again and again: every file is processed once, every result arrives once.
func TestRouteOverACutLine(t *testing.T) {
	provider, url := newNotices(t)
	s, root := sshdtest.Start(t, sshdtest.Options{}), partnerFolder(t)
	proxy := sshdtest.NewProxy(t, s.Address())
	stop := start(t, t.TempDir(), partnerConfig(s, fmt.Sprintf("127.0.0.1:%d", proxy.Port), url, root))
	defer stop()
	random := rand.New(rand.NewPCG(1, 2))
	var want []string
	for i := range 6 {
		mine := ids(fmt.Sprintf("C%dR", i), 20)
		want = append(want, mine...)
		drop(t, filepath.Join(root, "outgoing"), fmt.Sprintf("cut%d.csv", i), mine...)
		for range 2 {
			time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
			proxy.Cut()
		}
	}
	provider.once(t, want, results(t, root, 6))
}

// Two services with two ledgers look at one folder: each file is taken by one of them.
func TestTwoServicesOnOneFolder(t *testing.T) {
	provider, url := newNotices(t)
	s, root := sshdtest.Start(t, sshdtest.Options{}), partnerFolder(t)
	config := partnerConfig(s, s.Address(), url, root)
	for range 2 {
		stop := start(t, t.TempDir(), config)
		defer stop()
	}
	var want []string
	for i := range 20 {
		mine := ids(fmt.Sprintf("T%dR", i), 3)
		want = append(want, mine...)
		drop(t, filepath.Join(root, "outgoing"), fmt.Sprintf("two%d.csv", i), mine...)
	}
	provider.once(t, want, results(t, root, 20))
}

// A partner's server that hangs keeps neither the results of others waiting nor a person's orders. A file whose result is on
// its way there can be sent again.
func TestAPartnerThatHangsKeepsNobodyWaiting(t *testing.T) {
	provider, url := newNotices(t)
	s, root, dir := sshdtest.Start(t, sshdtest.Options{}), partnerFolder(t), t.TempDir()
	config := strings.NewReplacer("timeout: 30s, keep_alive: 1s", "timeout: 24h, keep_alive: 24h",
		fmt.Sprintf("{sftp: partner, dir: %s/outgoing, settle: 100ms, every: 200ms}", root), "{dir: in, settle: 100ms, every: 200ms}",
	).Replace(partnerConfig(s, s.Address(), url, root)) + `
  others:
    account: les
    operation: shipmentFailed
    inbox: {dir: others, settle: 100ms, every: 200ms}
    outbox: {dir: out, formats: [csv]}
`
	e, stop := serve(t, dir, config)
	defer stop()
	in := func(name string) string { return filepath.Join(dir, name) }
	drop(t, in("in"), "first.csv", "A0") // connects
	provider.once(t, []string{"A0"}, results(t, root, 1))
	s.Pause()
	drop(t, in("in"), "second.csv", "B0")
	second := func() ledger.File {
		files, err := e.Ledger.Files(t.Context(), ledger.Query{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Name == "second.csv" {
				return f
			}
		}
		return ledger.File{}
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(5 * time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("no %s", what)
			}
		}
	}
	until("rows that are done", func() bool { return second().State == ledger.Settled })
	time.Sleep(300 * time.Millisecond) // its result is on its way
	drop(t, in("others"), "third.csv", "C0")
	reported(t, dir, 1, 5*time.Minute)
	order := func(o ledger.Order) {
		if _, err := e.Ledger.Order(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	order(ledger.Order{Verb: "resend", File: second().ID, Statuses: []batch.Status{batch.Delivered}})
	until("row sent again", func() bool { f := second(); return f.Revision == 2 && f.State == ledger.Settled })
	s.Resume()
	until("result of the second revision", func() bool { return second().State == ledger.Reported })
	names := second().Results
	stop()
	if len(names) != 1 || !strings.HasSuffix(names[0], ".r2.result.csv") {
		t.Errorf("the results are %v", names)
	}
	if provider.did["B0"] != 2 {
		t.Errorf("sent %d times", provider.did["B0"])
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "data", "outgoing")); len(left) > 0 {
		t.Errorf("left of results on their way: %v", left)
	}
}
