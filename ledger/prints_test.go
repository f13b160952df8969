package ledger_test

import (
	"testing"

	"github.com/rowferry/rowferry/ledger"
)

// Requests that differ in the zeros behind their decimals are the same; what is text, or another value, is not.
func TestPrintsCountNumbersByValue(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"w":1.50,"n":"x"}`, `{"w":1.5,"n":"x"}`, true},
		{`{"w":[1.0,20.00]}`, `{"w":[1,20]}`, true},
		{`{"n":"a\\\"1.50"}`, `{"n":"a\\\"1.5"}`, false},
		{`{"n":"1.50"}`, `{"n":"1.5"}`, false},
		{`{"w":10}`, `{"w":1}`, false},
		{`{"w":1.05}`, `{"w":1.5}`, false},
		{`{"w":0.0}`, `{"w":0}`, true},
		{`1.10`, `1.1`, true},
	} {
		if same := ledger.PrintOf("p", "o", []byte(c.a)) == ledger.PrintOf("p", "o", []byte(c.b)); same != c.same {
			t.Errorf("%s and %s: same %v", c.a, c.b, same)
		}
	}
}
