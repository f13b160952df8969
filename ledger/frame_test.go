package ledger

import (
	"bytes"
	"errors"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

// A record that was cut, or in which a byte is another, is read as other items or is ErrAltered; it never ends the program.
func TestAlteredItems(t *testing.T) {
	first := Staged{Item: batch.Item{Seq: 3, Rows: []int{2, 5, 300}, Body: []byte(`{"a":1}`)}}
	second := Staged{Item: batch.Item{Seq: 4, Rows: []int{6}, Problems: []batch.Problem{{Row: 6, Text: "no"}}}}
	one, err := EncodeItems(nil, []Staged{first})
	if err != nil {
		t.Fatal(err)
	}
	both, err := EncodeItems(nil, []Staged{first, second})
	if err != nil {
		t.Fatal(err)
	}
	for n := range both {
		if items, err := DecodeItems(both[:n]); !errors.Is(err, ErrAltered) && n != 0 && n != len(one) {
			t.Errorf("the first %d bytes: %d items, %v", n, len(items), err)
		}
	}
	for n := range both {
		for _, other := range [][]byte{{0}, {0x7f}, bytes.Repeat([]byte{0xff}, 9)} {
			_, _ = DecodeItems(append(append(bytes.Clone(both[:n]), append(other, 1)...), both[n+1:]...))
		}
	}
}
