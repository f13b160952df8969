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
	for uri := range o.asked {
		if uri != "/orders/REF%20A%2F1/state?short=1" && uri != "/orders/REF%20B%2F1/state?short=1" {
			t.Errorf("asked at %s", uri)
		}
	}
}
