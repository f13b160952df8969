//go:build unix

package pipeline_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
)

// orders is the provider of testdata/asked.yaml over real HTTP.
type orders struct {
	t     *testing.T
	mu    sync.Mutex
	asked map[string]int
}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Token") != "a-token-of-ours" {
		o.t.Errorf("%s %s without the account's token", r.Method, r.URL)
	}
	if r.Method == http.MethodPost {
		var order struct{ No string }
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
			o.t.Error(err)
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id": "REF %s/1"}`, order.No)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked[r.URL.RequestURI()]++
	switch n := o.asked[r.URL.RequestURI()]; {
	case n == 1:
		w.WriteHeader(http.StatusServiceUnavailable)
	case n == 2:
		_, _ = io.WriteString(w, `{"state": "under way"}`)
	case strings.Contains(r.URL.Path, "REF B"):
		_, _ = io.WriteString(w, `{"state": "refused", "why": "no such street"}`)
	default:
		_, _ = io.WriteString(w, `{"state": "done"}`)
	}
}

// sentLately makes a ledger with a file that was taken years ago, the row of which a person had sent again a moment ago.
func sentLately(t *testing.T, data string) {
	t.Helper()
	l, err := drivers.Open(t.Context(), drivers.SQLite(data))
	need(t, err)
	f := ledger.File{File: batch.File{ID: "20200101-000000-0001", Route: "orders", Name: "old.csv", TakenAt: time.Now().AddDate(-3, 0, 0)},
		Account: "orders", Operation: "order", Source: "inbox", Revision: 1}
	need(t, l.Begin(t.Context(), f))
	_, err = l.Take(t.Context(), f.ID, "hash", 1)
	need(t, err)
	l.Stage(ledger.Chunk{File: f.ID, Items: []ledger.Staged{{Item: batch.Item{Rows: []int{2}, Body: []byte(`{"no":"OLD"}`)}}}})
	need(t, l.Accept(t.Context(), f.ID, ledger.Reading{Format: "csv"}, batch.Counts{Read: 1}, 1, 1), l.Rest(t.Context(), f.ID))
	sent := batch.Outcome{Status: batch.Delivered, Reference: "REF OLD", Attempts: 1, SentAt: time.Now().Add(-time.Minute)}
	settled := ledger.Event{File: f.ID, Kind: ledger.EventSettled, At: time.Now(), Rows: []int{2}, Verdict: &ledger.Verdict{Outcome: sent}}
	need(t, l.Record(settled).Wait(t.Context()), l.Report(t.Context(), f.ID, nil), l.Close())
}

// A provider that says nothing by itself is asked, until it has said what became of each row; then the result is written again.
func TestAskedReceipts(t *testing.T) {
	o := &orders{t: t, asked: map[string]int{}}
	server := httptest.NewServer(o)
	defer server.Close()
	document, err := filepath.Abs("testdata/asked.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sentLately(t, filepath.Join(dir, "data"))
	stop := start(t, dir, fmt.Sprintf(`
data: data
accounts:
  orders: {provider: %s, server: %s, credentials: {token: a-token-of-ours}}
routes:
  orders: {account: orders, operation: order, inbox: {dir: in, settle: 0s}, outbox: {dir: out, formats: [csv]}}
`, document, server.URL))
	defer stop()
	if err := os.WriteFile(filepath.Join(dir, "in", "orders.csv"), []byte("no\nA\nB\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if first := awaited(t, dir, "orders.2*[0-9a-f].result.csv"); !strings.Contains(first, "delivered") {
		t.Errorf("%s", first)
	}
	second := awaited(t, dir, "orders.*.r2.result.csv")
	if row := rowWith(t, second, "REF A/1"); !strings.Contains(row, "later: accepted") {
		t.Error(row)
	}
	if row := rowWith(t, second, "REF B/1"); !strings.Contains(row, "later: REFUSED") || !strings.Contains(row, "no such street") {
		t.Error(row)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asked["/orders/REF%20OLD/state?short=1"] == 0 {
		t.Error("what was sent lately of an old file was not asked about")
	}
	for uri := range o.asked {
		if uri != "/orders/REF%20OLD/state?short=1" && uri != "/orders/REF%20A%2F1/state?short=1" && uri != "/orders/REF%20B%2F1/state?short=1" {
			t.Errorf("asked at %s", uri)
		}
	}
}
