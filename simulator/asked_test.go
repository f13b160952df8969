package simulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/simulator"
)

// What became of a request is told to who asks, by the reference that the answer gave, as the account authenticates.
func TestAsked(t *testing.T) {
	p, err := providers.Load("../pipeline/testdata/asked.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(server *httptest.Server, method, path, body, token string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Token", token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	for after, want := range map[time.Duration][2]string{0: {`{"state": "done"}`, `{"state":"refused","why":"no such street"}`}, time.Hour: {`{"state":"under way"}`, `{"state":"under way"}`}} {
		server := httptest.NewServer(simulator.New(p, simulator.Options{Faults: simulator.Faults{ReceiptsAfter: simulator.Duration(after)}}))
		for i, no := range []string{"A", "B CUSTOMS"} {
			_, taken := ask(server, http.MethodPost, "/orders", `{"no": "`+no+`"}`, "t")
			_, reference, _ := strings.Cut(taken, `"id":"`)
			reference = strings.TrimSuffix(strings.TrimSpace(reference), `"}`)
			if _, got := ask(server, http.MethodGet, "/orders/"+reference+"/state?short=1", "", "t"); got != want[i] {
				t.Errorf("%s, told after %s: %s of %q", no, after, got, reference)
			}
			if status, _ := ask(server, http.MethodGet, "/orders/"+reference+"/state?short=1", "", ""); status != http.StatusUnauthorized {
				t.Errorf("without a token: %d", status)
			}
		}
		if status, _ := ask(server, http.MethodGet, "/orders/unheard-of/state", "", "t"); status != http.StatusNotFound {
			t.Errorf("of nothing: %d", status)
		}
		server.Close()
	}
}
