package senders_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// API keys in cookies stand beside each other and beside the cookies that are parameters.
func TestAPIKeyInACookie(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"ours.yaml": "extends: ./theirs.yaml\nx-rowferry: {name: x}\noperations: {a: {}}\n", "theirs.yaml": `openapi: 3.0.0
info: {title: x, version: "1"}
security: [{Badge: [], Shift: []}]
paths:
  /a: {post: {operationId: a, parameters: [{name: desk, in: cookie, schema: {type: string}}], requestBody: {content: {application/json: {schema: {type: object, properties: {n: {type: string}}}}}}}}
components: {securitySchemes: {Badge: {type: apiKey, in: cookie, name: badge}, Shift: {type: apiKey, in: cookie, name: shift}}}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := providers.Load(filepath.Join(dir, "ours.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for _, c := range r.Cookies() {
			got[c.Name] = c.Value
		}
	}))
	defer server.Close()
	s, err := senders.Open(configs.Account{Name: "a", Server: server.URL, Credentials: map[string]configs.Secret{"Badge": configs.NewSecret("k-17"), "Shift": configs.NewSecret("s-3")}}, p, senders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := s.Send(t.Context(), senders.Attempt{Operation: p.Operations[0], ID: "f", Items: []batch.Item{{Rows: []int{1}, Body: []byte(`{"?cookie":{"desk":"d1"},"?body":{"n":"1"}}`)}}})
	if r.Fate != senders.Answered || got["badge"] != "k-17" || got["shift"] != "s-3" || got["desk"] != "d1" {
		t.Errorf("%s %v %v", r.Fate, r.Err, got)
	}
}
