package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/console"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/simulator"
)

// office is a service with its console, over a simulated provider; it may be stopped and started again over the same folder.
type office struct {
	t        testing.TB
	dir      string
	address  string
	settings string // the configuration as it was opened
	sim      *simulator.Simulator
	stop     func()
	tokens   map[string]string // by name
}

const settings = `data: data
console: {listen: "127.0.0.1:0"}
accounts:
  les: {provider: les, server: "SERVER/les", rate: 500/s, retry: {for: 2s, first: 10ms, most: 50ms}}
routes:
  failures:
    account: les
    operation: shipmentFailed
    inbox: {dir: inbox/failures, settle: 50ms, every: 100ms}
    outbox: {dir: outbox/failures, formats: [csv]}
  other:
    account: les
    operation: shipmentFailed
    inbox: {dir: inbox/other, settle: 50ms, every: 100ms}
    outbox: {dir: outbox/other, formats: [csv]}
`

// open starts a service with these settings, and more below them.
func open(t testing.TB, more ...string) *office {
	t.Helper()
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, dir: t.TempDir(), sim: simulator.New(all["les"], simulator.Options{Seed: 1}), tokens: map[string]string{}, address: quiet(t)}
	server, err := simulator.Start("127.0.0.1:0", o.sim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	o.settings = strings.ReplaceAll(settings, "SERVER", "http://"+server.Addr()) + strings.Join(more, "")
	o.write(o.settings)
	o.start()
	t.Cleanup(func() { o.stop() })
	return o
}

// quiet is a free address that no system gives to outgoing connections, so that it is still free after the service was stopped.
func quiet(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10000+rand.IntN(20000)))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

func (o *office) write(text string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, "rowferry.yaml"), []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// start runs the service until stop.
func (o *office) start() {
	o.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cfg, err := pipeline.Load(filepath.Join(o.dir, "rowferry.yaml"))
	if err != nil {
		o.t.Fatal(err)
	}
	cfg.Console.Listen = o.address
	l, err := drivers.Open(ctx, drivers.Of(cfg))
	if err != nil {
		o.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	e, err := pipeline.Build(ctx, cfg, l, pipeline.Options{Inboxes: true, Log: log})
	if err != nil {
		o.t.Fatal(err)
	}
	c, err := console.New(e, cfg, log, net.Listen)
	if err != nil {
		o.t.Fatal(err)
	}
	o.address = strings.TrimPrefix(c.Address(), "http://")
	for name, p := range map[string]people.Person{"ann": {Role: people.Admin}, "vera": {Role: people.Viewer}, "sam": {Role: people.Sender, Routes: []string{"other"}}, "olga": {Role: people.Operator}} {
		p.Name = name
		if o.tokens[name] != "" {
			continue
		}
		if err := enrolled(ctx, l, p); err != nil {
			o.t.Fatal(err)
		}
		if o.tokens[name], err = (people.Book{Register: l}).AddToken(ctx, p, "test"); err != nil {
			o.t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx, c) }()
	o.stop = func() {
		cancel()
		if err := <-done; err != nil {
			o.t.Error(err)
		}
		if err := errors.Join(c.Close(), e.Close()); err != nil {
			o.t.Error(err)
		}
		if err := l.Close(); err != nil {
			o.t.Error(err)
		}
		o.stop = func() {}
	}
}

// entries are the users of the first office, by key.
var entries sync.Map

// enrolled makes a user whose password is "correct horse" and the name. To hash it is meant to be slow, and done for the first office alone.
func enrolled(ctx context.Context, l ledger.Register, p people.Person) error {
	key := "user/" + p.Name
	if entry, there := entries.Load(key); there {
		return l.Enter(ctx, key, entry.(string))
	}
	if err := (people.Book{Register: l}).AddUser(ctx, p, "correct horse "+p.Name, "test"); err != nil {
		return err
	}
	entry, err := l.Entry(ctx, key)
	entries.Store(key, entry)
	return err
}

// ask makes a request as somebody, by their token; "" is nobody. It returns the status and the answer.
func (o *office) ask(name, method, path, body string) (int, string) {
	o.t.Helper()
	return o.send(name, method, path, body, "")
}

// form posts a form whose parts stand between lines of --x, as somebody.
func (o *office) form(name, path, body string) (int, string) {
	o.t.Helper()
	return o.send(name, "POST", path, body, "multipart/form-data; boundary=x")
}

// send is ask with a body of some type; "" says none.
func (o *office) send(name, method, path, body, kind string) (int, string) {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), method, "http://"+o.address+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if name != "" {
		r.Header.Set("Authorization", "Bearer "+o.tokens[name])
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

// get reads a JSON answer that must be good.
func (o *office) get(name, path string, into any) {
	o.t.Helper()
	status, body := o.ask(name, "GET", path, "")
	if status != 200 {
		o.t.Fatalf("%s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		o.t.Fatalf("%s: %v in %s", path, err, body)
	}
}

// drop drops a file as somebody and returns its id.
func (o *office) drop(name, route, file, content string) string {
	o.t.Helper()
	status, body := o.ask(name, "POST", "/api/v1/routes/"+route+"/files?name="+file, content)
	var taken struct{ ID string }
	if err := json.Unmarshal([]byte(body), &taken); err != nil || status != http.StatusAccepted {
		o.t.Fatalf("%d %s", status, body)
	}
	return taken.ID
}

type told struct {
	State  string
	Counts map[string]int
}

// ended waits until a file has its result.
func (o *office) ended(id string) told {
	o.t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var f told
		o.get("ann", "/api/v1/files/"+id, &f)
		if f.State == "reported" || f.State == "quarantined" {
			return f
		}
	}
	o.t.Fatalf("%s does not end", id)
	return told{}
}

// tag is the ETag of what somebody may download of a file.
func (o *office) tag(what, id string) string {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), "HEAD", "http://"+o.address+"/api/v1/files/"+id+"/"+what, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+o.tokens["vera"])
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		o.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.Header.Get("ETag")
}

// sheet is a file of n good rows.
func sheet(n int, first string) string {
	var b strings.Builder
	b.WriteString("accountNumber,lesBookingId,failReason\n")
	for i := range n {
		fmt.Fprintf(&b, "3000372,%s%05d,Hold\n", first, i)
	}
	return b.String()
}

// unsure has the provider answer nothing, so that nobody knows of any row, until sure.
func (o *office) unsure() {
	o.t.Helper()
	if err := o.sim.SetFaults(simulator.Faults{CutBefore: 1}); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) sure() {
	o.t.Helper()
	if err := o.sim.SetFaults(simulator.Faults{}); err != nil {
		o.t.Fatal(err)
	}
}
