package providers

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// Texts are looked at eight bytes at once: whatever stands at whatever place of them, it is escaped, or refused.
func TestTextsOfAllLengths(t *testing.T) {
	odd := []string{`"`, `\`, "\n", "\r", "\t", "é", "一", " ", "~", "\x7f", "\x00", "\x1f", "\xff", "\uFFFD", "\uFFFE"}
	for seed := range uint64(50_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var text []byte
		refused := false
		for range r.IntN(30) {
			if r.IntN(8) > 0 {
				text = append(text, byte(' '+1+r.IntN(90)))
				continue
			}
			i := r.IntN(len(odd))
			text = append(text, odd[i]...)
			refused = refused || i >= 10
		}
		out, ok := appendString([]byte("x"), string(text))
		if ok == refused {
			t.Fatalf("%q: %v", text, ok)
		}
		var back string
		if !ok {
			continue
		}
		if err := json.Unmarshal(out[1:], &back); err != nil || back != string(text) {
			t.Fatalf("%q became %q (%v)", text, out, err)
		}
	}
}
