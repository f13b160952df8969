//go:build unix

package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline"
)

// A result is begun while rows of its file are under way, lies in no outbox before the last one has its outcome, and says then what became of
// every row: also where a person cancels the rest meanwhile, or the program is stopped and goes on.
func TestResultIsBegunWhileRowsAreSent(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, e *pipeline.Engine, again func()){
		"all are sent": func(*testing.T, *pipeline.Engine, func()) {},
		"the rest is cancelled": func(t *testing.T, e *pipeline.Engine, _ func()) {
			files, err := e.Ledger.Files(t.Context(), ledger.Query{})
			if err != nil || len(files) != 1 {
				t.Fatalf("%d files, %v", len(files), err)
			}
			if err := e.Obey(t.Context(), ledger.Order{Verb: ledger.Cancel, File: files[0].ID}); err != nil {
				t.Fatal(err)
			}
		},
		"it is stopped and started": func(_ *testing.T, _ *pipeline.Engine, again func()) { again() },
	} {
		t.Run(name, func(t *testing.T) {
			provider, url := newNotices(t)
			const rows = 700
			arrived, gate := make(chan struct{}), make(chan struct{})
			first, open := sync.OnceFunc(func() { close(arrived) }), sync.OnceFunc(func() { close(gate) })
			defer open()
			provider.answer = func(id string) bool {
				if id == "E650" {
					first()
					<-gate
				}
				return true
			}
			dir := t.TempDir()
			config := fmt.Sprintf(`
accounts:
  les: {provider: les, server: %q, rate: none, concurrency: 1, timeout: 5m}
routes:
  r: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 20ms, every: 50ms}, outbox: {dir: out, formats: [csv]}}
`, url)
			e, stop := serve(t, dir, config)
			defer func() { stop() }()
			drop(t, filepath.Join(dir, "in"), "a.csv", ids("E", rows)...)
			<-arrived
			for end := time.Now().Add(5 * time.Minute); len(begun(dir)) == 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("no result is begun")
				}
			}
			if out, _ := filepath.Glob(filepath.Join(dir, "out", "*")); len(out) > 0 {
				t.Errorf("%v is out before the last row has its outcome", out)
			}
			meanwhile(t, e, func() {
				stopped := make(chan struct{})
				go func() { defer close(stopped); stop() }()
				open() // what is under way ends
				<-stopped
				if left := begun(dir); len(left) > 0 {
					t.Errorf("what was begun is left: %v", left)
				}
				_, stop = serve(t, dir, config)
			})
			open()
			reported(t, dir, 1, 5*time.Minute)
			stop()
			if left := begun(dir); len(left) > 0 {
				t.Errorf("%v are left", left)
			}
			whole(t, dir, provider, rows)
		})
	}
}

// begun are the results on their way out.
func begun(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "data", "outgoing", "result-*"))
	return found
}

// whole holds the one result against what the provider did: every row in its order, delivered if it was, else cancelled.
func whole(t *testing.T, dir string, provider *notices, rows int) {
	t.Helper()
	results, err := filepath.Glob(filepath.Join(dir, "out", "*.result.csv"))
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	content, err := os.ReadFile(results[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(content), "\r\n"), "\r\n")[1:]
	if len(lines) != rows {
		t.Fatalf("%d lines for %d rows", len(lines), rows)
	}
	for i, line := range lines {
		id := fmt.Sprintf("E%d", i)
		want := fmt.Sprintf("%d,skipped,cancelled,", i+2)
		if provider.did[id] > 0 {
			want = fmt.Sprintf("%d,delivered,", i+2)
		}
		if !strings.HasPrefix(line, want) || !strings.Contains(line, ","+id+",") || provider.did[id] > 1 {
			t.Fatalf("%q, sent %d times; it begins %q", line, provider.did[id], want)
		}
	}
}
