package mappers

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Chains of rows that lie apart come back whole, whatever is asked for first.
func TestPile(t *testing.T) {
	var p pile
	const chains, each = 500, 12
	element := func(row int) string { return fmt.Sprintf(`{"n":%d,"text":%q}`, row, strings.Repeat("x", row%300)) }
	ends := make([]link, chains)
	for row := range chains * each {
		text := element(row)
		if row%7 == 0 {
			text = ""
		}
		ends[row%chains] = p.add(ends[row%chains], row, []byte(text))
	}
	if len(p.packed) < 2*len(p.seen) {
		t.Fatalf("%d blocks", len(p.packed))
	}
	for _, chain := range rand.Perm(chains) {
		at, n := ends[chain], each
		for ; at != 0; n-- {
			last, row, got := p.row(at)
			want := element(row)
			if row%7 == 0 {
				want = ""
			}
			if row != (n-1)*chains+chain || string(got) != want {
				t.Fatalf("row %d of chain %d: %q", row, chain, got)
			}
			at = last
		}
		if n != 0 {
			t.Fatalf("%d rows are missing", n)
		}
	}
}
