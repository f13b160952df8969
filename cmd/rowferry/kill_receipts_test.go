package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/simulator"
)

// doorman stands between the provider, who knows one address, and the service, which is killed and started again elsewhere. It
// kills on the way of receipts: before one reaches the service, while it is being kept, and when only its answer is lost.
type doorman struct {
	mu    sync.Mutex
	to    string // the service; "" while there is none
	kill  func()
	lives int // kills so far
	seen  int // receipts since the last start
}

// kills is how often the service is killed.
const kills = 6

func (d *doorman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	d.mu.Lock()
	to, kill, how := d.to, func() {}, d.lives%3
	d.seen++
	if to != "" && d.seen == 2 && d.lives < kills {
		kill = d.kill
		d.lives++
		d.to = ""
	}
	d.mu.Unlock()
	lost := to == ""
	switch {
	case lost:
	case how == 0:
		kill()
	case how == 1:
		go kill()
	}
	if !lost {
		answer, err := http.Post("http://"+to+r.URL.Path, "application/json", bytes.NewReader(body))
		if lost = err != nil; !lost {
			w.WriteHeader(answer.StatusCode)
			_, _ = io.Copy(w, answer.Body)
			_ = answer.Body.Close()
		}
		if how == 2 {
			kill()
		}
	}
	if lost {
		w.WriteHeader(http.StatusBadGateway)
	}
}

// welcome tells where the service listens now.
func (d *doorman) welcome(address string, kill func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.to, d.kill, d.seen = address, kill, 0
}

func (d *doorman) killed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lives
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

// Killed at any line of taking receipts, the service knows each that it said yes to, once, and its results tell of all.
func TestKilledOverReceipts(t *testing.T) {
	t.Parallel()
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	sim := simulator.New(all["hgj"], simulator.Options{Seed: 1})
	server, err := simulator.Start("127.0.0.1:0", sim)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	door := &doorman{}
	outside := httptest.NewServer(door)
	defer outside.Close()
	if err := sim.SetFaults(simulator.Faults{Receipts: outside.URL + "/receipts/hgj/{webhook}/shown-with-each-receipt", ReceiptsTwice: true}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := fmt.Sprintf(`
data: data
listen: 127.0.0.1:0
accounts:
  hgj:
    provider: hgj
    server: %s
    credentials: {token: a-token-of-ours, staff: "18036094790", secret: a-secret-of-ours}
    sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}
    receipts: {secret: shown-with-each-receipt}
    rate: 20/s
    concurrency: 2
routes:
  aci: {account: hgj, operation: aciUpdate, inbox: {dir: in, settle: 0s}, outbox: {dir: out, formats: [csv]}}
`, "http://"+server.Addr()+"/hgj")
	bills := []string{"CUSTOMS1"}
	for i := range 15 {
		bills = append(bills, fmt.Sprintf("HBL%03d", i))
	}
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"rowferry.yaml": []byte(config), "in/bills.xlsx": hgjFile(bills)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for door.killed() < kills {
		cmd := live(t, dir, door)
		if err := cmd.Wait(); err == nil {
			t.Fatal("the service ended by itself")
		}
	}
	cmd := live(t, dir, door)
	waitFor(t, "every result row of what was executed tells of its receipt", func() bool { return tells(t, dir, sim) })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if s := sim.Stats(); s.Twice > 0 {
		t.Errorf("%d bills were sent twice", s.Twice)
	}
	l, err := drivers.Visit(t.Context(), drivers.SQLite(filepath.Join(dir, "data")))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	kept, err := l.Received(context.Background(), ledger.ReceivedQuery{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, r := range kept {
		seen[r.Raw]++
		if r.File == "" {
			t.Errorf("a receipt speaks of nothing: %+v", r)
		}
	}
	for raw, n := range seen {
		if n > 1 {
			t.Errorf("kept %d times: %s", n, raw)
		}
	}
}

// live starts the service and tells the doorman where it listens.
func live(t *testing.T, dir string, door *doorman) *exec.Cmd {
	t.Helper()
	cmd := rowferry(t, dir, "run", "--log-level", "info")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			door.welcome(m[1], func() { _ = cmd.Process.Kill() })
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return cmd
		}
	}
	t.Fatalf("it does not listen: %s", strings.Join(said, "\n"))
	return nil
}

// tells reports whether the newest result has a receipt for every bill that the provider executed.
func tells(t *testing.T, dir string, sim *simulator.Simulator) bool {
	done := sim.Ledger()
	found, err := filepath.Glob(filepath.Join(dir, "out", "*.result.csv"))
	if err != nil || len(found) == 0 || len(done) == 0 {
		return false
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			return false
		}
		complete := true
		for _, e := range done {
			bill := e.Key[strings.LastIndex(e.Key, "|")+1:]
			complete = complete && told(string(text), bill)
		}
		if complete {
			return true
		}
	}
	return false
}

func told(result, bill string) bool {
	want := "later: accepted"
	if strings.HasPrefix(bill, "CUSTOMS") {
		want = "later: REFUSED"
	}
	for line := range strings.Lines(result) {
		if strings.Contains(line, bill) {
			return strings.Contains(line, want)
		}
	}
	return false
}

// waitFor waits minutes for what a slow machine does late.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(4 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came: " + what)
		}
	}
}
