//go:build unix

package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/ledger"
)

// A file that is cancelled while a request of it is under way: when the provider does not take that one, it is not tried again.
func TestNothingIsRepeatedAfterCancel(t *testing.T) {
	provider, url := newNotices(t)
	arrived, gate := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(arrived) })
	provider.answer = func(string) bool {
		first()
		<-gate
		return false
	}
	dir := t.TempDir()
	e, stop := serve(t, dir, fmt.Sprintf(`
accounts:
  les: {provider: les, server: %q, rate: 100/s, concurrency: 1, timeout: 5m, retry: {first: 10ms, most: 10ms}}
routes:
  r: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 20ms, every: 50ms}, outbox: {dir: out, formats: [csv]}}
`, url))
	defer stop()
	drop(t, filepath.Join(dir, "in"), "a.csv", "ONE", "TWO")
	<-arrived
	ctx := context.Background()
	files, err := e.Ledger.Files(ctx, ledger.Query{})
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if err := e.Obey(ctx, ledger.Order{Verb: "cancel", File: files[0].ID}); err != nil {
		t.Fatal(err)
	}
	close(gate)
	reported(t, dir, 1, 5*time.Minute)
	stop()
	if n := len(provider.times); n != 1 {
		t.Errorf("%d requests came, one was under way when the file was cancelled", n)
	}
	result, err := filepath.Glob(filepath.Join(dir, "out", "*.result.csv"))
	if err != nil || len(result) != 1 {
		t.Fatal(result, err)
	}
	content, err := os.ReadFile(result[0])
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), ",skipped,cancelled,"); n != 2 {
		t.Errorf("%d rows are skipped because of the cancel, want 2:\n%s", n, content)
	}
	if !regexp.MustCompile(`(?m)^2,skipped,cancelled,[^,]*,,1,\d{4}-`).Match(content) || !regexp.MustCompile(`(?m)^3,skipped,cancelled,[^,]*,,0,,`).Match(content) {
		t.Errorf("the row that was tried has its attempt and when it was made, the other has neither:\n%s", content)
	}
}
