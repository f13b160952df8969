package console

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// The API's document and its handlers tell of the same operations, and of the same roles.
func TestTheDocumentIsTheAPI(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]struct {
			Role string `json:"x-role"`
		}
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	var told, served []string
	for path, methods := range doc.Paths {
		for method, o := range methods {
			told = append(told, strings.ToUpper(method)+" "+path+" "+o.Role)
		}
	}
	for _, e := range (&Console{}).endpoints() {
		served = append(served, e.pattern+" "+string(e.least))
	}
	served = append(served, "GET /api/v1/openapi.json ")
	for _, s := range served {
		if !slices.Contains(told, s) {
			t.Errorf("openapi.json does not have %s", s)
		}
	}
	for _, s := range told {
		if !slices.Contains(served, s) {
			t.Errorf("nobody serves %s", s)
		}
	}
}
