package pipeline_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/providers"
)

// A provider that cuts the line at every request of what may not be repeated costs a few rows, not the whole file: somebody
// must look up each one. What waits goes on when a person says so.
func TestAFileWhoseOutcomesAreUnknownIsPaused(t *testing.T) {
	var calls atomic.Int64
	var well atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if well.Load() {
			return
		}
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			c.Close()
		}
	}))
	t.Cleanup(server.Close)
	c := &changing{T: t, dir: t.TempDir(), server: server.URL}
	if err := os.MkdirAll(filepath.Join(c.dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "in", "a.csv"), []byte(bills(t, 30)), 0o644); err != nil {
		t.Fatal(err)
	}
	const config = `
data: data
accounts:
  hgj: {provider: hgj, server: "URL", rate: none, concurrency: 1, timeout: 5m, credentials: {token: token-1, staff: "1", secret: secret-1}, sign: {digest: md5, over: "{token}{secret}"}}
routes:
  bills: {account: hgj, operation: aciUpdate, inbox: {dir: in, settle: 1ms, every: 5ms}, outbox: {dir: out, formats: [csv]}, limits: {stop_after: 5}}
`
	files := c.once(config, nil)
	if len(files) != 1 || files[0].State != ledger.Sending || !strings.Contains(files[0].Paused, "5") || files[0].Counts.Unknown > 6 || int64(files[0].Counts.Unknown) != calls.Load() {
		t.Fatalf("%d calls, %+v", calls.Load(), files)
	}
	well.Store(true)
	unknown := files[0].Counts.Unknown
	files = c.once(config, func(e *pipeline.Engine) {
		if err := e.Ledger.Pause(t.Context(), files[0].ID, ""); err != nil {
			t.Fatal(err)
		}
	})
	if len(files) != 1 || files[0].Counts.Delivered != 30-unknown || files[0].Counts.Unknown != unknown || calls.Load() != 30 {
		t.Fatalf("%d calls, %+v", calls.Load(), files)
	}
}

// bills is a sheet of so many house bills.
func bills(t *testing.T, n int) string {
	t.Helper()
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	op, _ := all["hgj"].Operation("aciUpdate")
	row := op.Example()[0]
	var heads []string
	for path := range row {
		heads = append(heads, path)
	}
	slices.Sort(heads)
	var out strings.Builder
	out.WriteString(strings.Join(heads, ";") + "\n")
	for i := range n {
		var cells []string
		for _, path := range heads {
			cell := row[path]
			if path == "houseBillNo" {
				cell = fmt.Sprintf("HBL%d", i)
			}
			cells = append(cells, cell)
		}
		out.WriteString(strings.Join(cells, ";") + "\n")
	}
	return out.String()
}
