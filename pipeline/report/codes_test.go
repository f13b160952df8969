package report

import (
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// Every code that a document explains is explained in results, in all languages.
func TestCodesAreExplained(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	explained := 0
	for _, p := range all {
		for _, op := range p.Operations {
			texts := meanings(op)
			for _, c := range op.Codes() {
				got, known := texts[c.Code]
				if !known && c.Code != "" && c.Code != "*" && c.Text != (batch.Text{}) {
					t.Errorf("%s/%s: code %q has no meaning", p.Name, op.ID, c.Code)
				}
				if known && c.Item && c.Text != (batch.Text{}) {
					explained++
				}
				for _, l := range batch.Languages() {
					if known && got.In(l) == "" {
						t.Errorf("%s/%s: code %q means nothing in %s", p.Name, op.ID, c.Code, l)
					}
					if text := got.In(l); strings.ContainsAny(text, "{}") || strings.HasSuffix(text, ":") {
						t.Errorf("%s/%s: code %q means %q", p.Name, op.ID, c.Code, text)
					}
				}
			}
			if _, other := texts["*"]; other {
				t.Errorf("%s/%s: the text for any other code stands for a code", p.Name, op.ID)
			}
		}
	}
	if explained == 0 {
		t.Error("no code of an item is explained")
	}
}
