//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/notices/noticestest"
)

// The service is killed while an address of webhooks, and then a mail server, has a message that it has not answered. Nothing is lost,
// and what comes again has the same webhook-id or Message-ID.
func TestNoticesOutliveKills(t *testing.T) {
	t.Parallel()
	n := &noticed{t: t, dir: t.TempDir(), hook: &noticestest.Hook{}, box: &noticestest.Mailbox{}, gone: make(chan struct{})}
	n.hook.Came, n.box.Came = n.came("webhook"), n.came("mail")
	server := httptest.NewServer(n.hook)
	defer server.Close()
	m := n.box.Serve(t)
	config := fmt.Sprintf(`
accounts: {les: {provider: les, server: "http://127.0.0.1:1"}}
routes: {r: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 20ms, every: 30ms}, outbox: {dir: out, formats: [csv]}}}
notices: {group: 10ms, webhook: {url: %q, secret: %s}, mail: {host: %s, port: %d, user: %s, password: %q, from: %s, to: %q, ca: %q}}
`, server.URL, noticestest.Secret, m.Host, m.Port, m.User, noticestest.Password, m.From, m.To, m.CA)
	put := func(name, content string) {
		if err := os.WriteFile(filepath.Join(n.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("rowferry.yaml", config)
	if err := os.Mkdir(filepath.Join(n.dir, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		n.arm()
		name := fmt.Sprintf("f%d.csv", round)
		put("in/"+name, fmt.Sprintf("accountNumber,lesBookingId,failReason\n%d,,x\n", round))
		for !n.told(name) {
			n.live(name)
		}
	}
	again := n.again("webhook", n.hook.Got()) + n.again("mail", n.box.Got())
	if again != 4 {
		t.Errorf("%d messages came again, want one for each time that the service was killed", again)
	}
}

// noticed is a service and those who are told.
type noticed struct {
	t    *testing.T
	dir  string
	hook *noticestest.Hook
	box  *noticestest.Mailbox

	mu    sync.Mutex
	armed map[string]bool // which way's next message kills the service
	cmd   *exec.Cmd
	gone  chan struct{} // closed when it has ended
}

func (n *noticed) arm() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.armed = map[string]bool{"webhook": true, "mail": true}
}

// came kills the service before it is answered, where that is due.
func (n *noticed) came(way string) func(noticestest.Message) {
	return func(noticestest.Message) {
		n.mu.Lock()
		kill, cmd, gone := n.armed[way], n.cmd, n.gone
		n.armed[way] = false
		n.mu.Unlock()
		if kill {
			_ = cmd.Process.Kill()
			<-gone
		}
	}
}

// live runs the service until it is killed, or until all is told of a file.
func (n *noticed) live(name string) {
	n.t.Helper()
	cmd, gone := rowferry(n.t, n.dir, "run"), make(chan struct{})
	var log strings.Builder
	cmd.Stderr = &log
	n.mu.Lock()
	n.cmd, n.gone = cmd, gone
	err := cmd.Start() // under the lock: a message may come at once
	n.mu.Unlock()
	if err != nil {
		n.t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(gone) }()
	for end := time.Now().Add(3 * time.Minute); ; {
		select {
		case <-gone:
			return
		case <-time.After(50 * time.Millisecond):
		}
		late := time.Now().After(end)
		if late || n.told(name) {
			_ = cmd.Process.Signal(os.Interrupt)
			<-gone
		}
		if late {
			n.t.Fatalf("not told of %s: %s", name, log.String())
		}
	}
}

// told reports, by the ledger's word, whether everybody has been told of a file.
func (n *noticed) told(name string) bool {
	l, err := drivers.Visit(n.t.Context(), drivers.SQLite(filepath.Join(n.dir, "data")))
	if err != nil {
		return false
	}
	defer l.Close()
	text, err := l.Kept(n.t.Context(), "notices")
	var state struct{ Queue, Leaving map[string]json.RawMessage }
	if err != nil || json.Unmarshal([]byte(text), &state) != nil || len(state.Queue)+len(state.Leaving) > 0 {
		return false
	}
	for _, got := range [][]noticestest.Message{n.hook.Got(), n.box.Got()} {
		if len(got) == 0 || !strings.Contains(got[len(got)-1].Plain(), name) {
			return false
		}
	}
	return true
}

// again counts the messages that came again, and fails where one is not what it was.
func (n *noticed) again(way string, got []noticestest.Message) (times int) {
	n.t.Helper()
	first := map[string]string{}
	for _, m := range got {
		text := strings.TrimPrefix(m.Plain(), "This message may have come before: it could not be seen whether it arrived.\n\n")
		before, known := first[m.ID]
		if known {
			times++
		}
		if known && before != text {
			n.t.Errorf("%s %s came again as %q, and was %q", way, m.ID, text, before)
		}
		first[m.ID] = text
	}
	if len(first) != 2 {
		n.t.Errorf("%s: %d messages of 2 files", way, len(first))
	}
	return times
}
