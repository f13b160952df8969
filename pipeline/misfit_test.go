package pipeline_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
)

// changing is a house whose configuration changes between runs.
type changing struct {
	*testing.T
	dir    string
	server string
	calls  atomic.Int64
}

const beforeChange = `
data: data
accounts:
  les: {provider: les, server: "URL", rate: none, concurrency: 1, timeout: 5m, retry: {for: 1ns}}
routes:
  failures: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 1ms, every: 5ms}, outbox: {dir: out, formats: [csv]}}
`

func newChanging(t *testing.T) *changing {
	c := &changing{T: t, dir: t.TempDir()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.calls.Add(1)
		_, _ = io.WriteString(w, `{"code": 1, "message": "success"}`)
	}))
	t.Cleanup(server.Close)
	c.server = server.URL
	if err := os.MkdirAll(filepath.Join(c.dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	return c
}

// once runs the engine with --once under a configuration, as a process of its own.
func (c *changing) once(config string, before func(*pipeline.Engine)) []ledger.File {
	c.Helper()
	path := filepath.Join(c.dir, "rowferry.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(config, "URL", c.server)), 0o644); err != nil {
		c.Fatal(err)
	}
	cfg, err := pipeline.Load(path)
	if err != nil {
		c.Fatal(err)
	}
	l, err := drivers.Open(c.Context(), drivers.SQLite(cfg.Data))
	if err != nil {
		c.Fatal(err)
	}
	e, err := pipeline.Build(c.Context(), cfg, l, pipeline.Options{Inboxes: true, Log: slog.New(slog.NewTextHandler(testLog{c.T}, nil))})
	if err != nil {
		c.Fatal(err)
	}
	if before != nil {
		before(e)
	}
	ctx, cancel := context.WithTimeout(c.Context(), 5*time.Minute)
	defer cancel()
	files, err := e.Once(ctx, nil)
	if ctx.Err() != nil {
		c.Fatal("--once does not end")
	}
	if err := errors.Join(err, e.Close(), l.Close()); err != nil {
		c.Fatal(err)
	}
	return files
}

// opened leaves a file accepted and unsent: its account is paused.
func (c *changing) opened() ledger.File {
	c.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, "in", "a.csv"), []byte("accountNumber,lesBookingId,failReason\n1,LB1,late\n1,LB2,late\n"), 0o644); err != nil {
		c.Fatal(err)
	}
	files := c.once(beforeChange, func(e *pipeline.Engine) {
		if err := e.Obey(c.Context(), ledger.Order{Verb: "pause", Account: "les"}); err != nil {
			c.Fatal(err)
		}
	})
	if len(files) != 1 || files[0].State != ledger.Sending || files[0].Counts.Pending() != 2 {
		c.Fatalf("%+v", files)
	}
	return files[0]
}

func resumed(t *testing.T) func(*pipeline.Engine) {
	return func(e *pipeline.Engine) {
		for _, account := range []string{"les", "depot"} {
			if err := e.Obey(t.Context(), ledger.Order{Verb: "resume", Account: account}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A file's rows are sent by the account and the operation they were mapped for, or not at all. Given up, every row has an outcome.
func TestAConfigurationThatNoLongerFitsAnOpenFile(t *testing.T) {
	for name, change := range map[string]*strings.Replacer{
		"the route is renamed":   strings.NewReplacer("failures:", "notices:"),
		"the account is renamed": strings.NewReplacer("les: {provider", "depot: {provider", "account: les", "account: depot"),
		"another operation":      strings.NewReplacer(`les: {provider: les, server: "URL"`, `les: {provider: otms, server: "URL", credentials: {login: a, password: b}`, "shipmentFailed", "shipPointRemove"),
	} {
		t.Run(name, func(t *testing.T) {
			c := newChanging(t)
			open := c.opened()
			changed := change.Replace(beforeChange)
			files := c.once(changed, resumed(t))
			if len(files) != 1 || files[0].Counts.Pending() != 2 || c.calls.Load() != 0 {
				t.Fatalf("under the changed configuration: %d calls, %+v", c.calls.Load(), files)
			}
			files = c.once(beforeChange, nil)
			if len(files) != 1 || files[0].Counts.Delivered != 2 || c.calls.Load() != 2 || files[0].ID != open.ID {
				t.Fatalf("put back: %d calls, %+v", c.calls.Load(), files)
			}
		})
		t.Run(name+", given up", func(t *testing.T) {
			c := newChanging(t)
			open := c.opened()
			files := c.once(change.Replace(beforeChange), func(e *pipeline.Engine) {
				resumed(t)(e)
				if err := e.Obey(t.Context(), ledger.Order{Verb: "cancel", File: open.ID}); err != nil {
					t.Fatal(err)
				}
			})
			if len(files) != 1 || files[0].Counts.Skipped != 2 || files[0].Counts.Pending() != 0 || c.calls.Load() != 0 {
				t.Fatalf("%d calls, %+v", c.calls.Load(), files)
			}
			if reported := files[0].State == ledger.Reported; reported != (name != "the route is renamed") {
				t.Errorf("its result: %s", files[0].State)
			}
		})
	}
}

// What may have been executed is unknown, not skipped, when a file that no lane takes is given up.
func TestGivenUpWhatMayHaveBeenSent(t *testing.T) {
	c := newChanging(t)
	open := c.opened()
	files := c.once(strings.ReplaceAll(beforeChange, "failures:", "notices:"), func(e *pipeline.Engine) {
		lost := ledger.Event{File: open.ID, Item: 1, Kind: ledger.EventWaiting, At: time.Now(), Attempt: 1, Lost: true}
		if err := e.Ledger.Record(lost).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := e.Obey(t.Context(), ledger.Order{Verb: "cancel", File: open.ID}); err != nil {
			t.Fatal(err)
		}
	})
	if len(files) != 1 || files[0].Counts.Unknown != 1 || files[0].Counts.Skipped != 1 || c.calls.Load() != 0 {
		t.Fatalf("%d calls, %+v", c.calls.Load(), files)
	}
}

// How a route reads its files changed after a file was accepted: its result shows the rows that were sent.
func TestReadSettingsThatChangeAfterAcceptance(t *testing.T) {
	for _, read := range []string{`read: {header: "2"}`, `read: {delimiter: ";"}`, `read: {encoding: utf-16le}`} {
		c := newChanging(t)
		c.opened()
		files := c.once(strings.Replace(beforeChange, "outbox:", read+", outbox:", 1), resumed(t))
		if len(files) != 1 || files[0].State != ledger.Reported || files[0].Counts.Delivered != 2 {
			t.Fatalf("%s: %+v", read, files)
		}
		content, err := os.ReadFile(filepath.Join(c.dir, "out", files[0].Results[0]))
		if err != nil || !strings.Contains(string(content), "\n2,delivered,1,success,,1,") || !strings.Contains(string(content), ",1,LB2,late") {
			t.Errorf("%s: %v\n%s", read, err, content)
		}
	}
}

// A result that cannot be put does not keep --once running for ever; it is put by a later run.
func TestOnceEndsWhenAResultCannotBePut(t *testing.T) {
	if testing.Short() {
		t.Skip("five tries take half a minute")
	}
	c := newChanging(t)
	if err := os.WriteFile(filepath.Join(c.dir, "out"), nil, 0o644); err != nil { // where the folder should be
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "in", "a.csv"), []byte("accountNumber,lesBookingId,failReason\n1,LB1,late\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var engine *pipeline.Engine
	files := c.once(beforeChange, func(e *pipeline.Engine) { engine = e })
	if len(files) != 1 || files[0].State != ledger.Settled || files[0].Counts.Delivered != 1 || engine.Stalled()[files[0].ID] == nil {
		t.Fatalf("%+v, %v", files, engine.Stalled())
	}
	if err := os.Remove(filepath.Join(c.dir, "out")); err != nil {
		t.Fatal(err)
	}
	if files = c.once(beforeChange, nil); len(files) != 1 || files[0].State != ledger.Reported || c.calls.Load() != 1 {
		t.Fatalf("%d calls, %+v", c.calls.Load(), files)
	}
}

// A file that stays where it is (after: keep) and whose claim came to nothing is taken when it comes again unchanged.
func TestAKeptFileWhoseClaimCameToNothing(t *testing.T) {
	c := newChanging(t)
	keep := strings.Replace(beforeChange, "every: 5ms", "every: 5ms, after: keep", 1)
	path, at := filepath.Join(c.dir, "in", "a.csv"), time.Now().Add(-time.Hour).Truncate(time.Second)
	put := func() {
		if err := os.WriteFile(path, []byte("accountNumber,lesBookingId,failReason\n1,LB1,late\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	c.once(keep, func(e *pipeline.Engine) { // killed after the claim, and the file was withdrawn before the next start
		put()
		a := inbox.Arrival{Name: "a.csv", Size: 49, ModTime: at}
		if err := e.Ledger.Begin(t.Context(), ledger.File{File: batch.File{ID: "20261122-101502-7f3a", Route: "failures", Name: "a.csv"}, Account: "les",
			Operation: "shipmentFailed", Source: "inbox", Revision: 1, Arrived: ledger.Arrival{Size: a.Size, ModTime: a.ModTime}}); err != nil {
			t.Fatal(err)
		}
		if err := e.Ledger.Keep(t.Context(), "seen/failures/"+a.Identity(), "20261122-101502-7f3a"); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	})
	put()
	if files := c.once(keep, nil); len(files) != 1 || files[0].Counts.Delivered != 1 {
		t.Fatalf("it came again: %+v", files)
	}
	if files := c.once(keep, nil); len(files) != 0 {
		t.Fatalf("it was taken twice: %+v", files)
	}
}
