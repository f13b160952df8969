package ledger_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/ledger"
)

// What is sealed is read again, whether it was worth packing or not, and so is what rowferry wrote before it packed. Nothing else is.
func TestSeals(t *testing.T) {
	noise := make([]byte, 500)
	for i := range noise {
		noise[i] = byte(rand.N(256))
	}
	for name, c := range map[string]struct {
		record  []byte
		shorter bool
	}{
		"empty":  {nil, false},
		"short":  {[]byte("delivered"), false},
		"noise":  {noise, false},
		"alike":  {bytes.Repeat([]byte(`{"customer":{"id":"17","city":"Springfield"}}`), 100), true},
		"a word": {[]byte(strings.Repeat("delivered", 20)), true},
	} {
		for _, kind := range []ledger.Kind{ledger.OfItems, ledger.OfEvents, ledger.OfTally, ledger.OfPrints} {
			stored := ledger.Seal(kind, "f1", 7, c.record)
			if packed := kind == ledger.OfItems || kind == ledger.OfEvents; (len(stored) < len(c.record)) != (c.shorter && packed) || len(stored) > len(c.record)+5 {
				t.Errorf("%s as %c: %d bytes are stored as %d", name, kind, len(c.record), len(stored))
			}
			if got, err := ledger.Unseal(kind, "f1", 7, stored); err != nil || !bytes.Equal(got, c.record) {
				t.Errorf("%s as %c: %v", name, kind, err)
			}
			for i := range stored {
				changed := bytes.Clone(stored)
				changed[i] ^= 4
				if _, err := ledger.Unseal(kind, "f1", 7, changed); !errors.Is(err, ledger.ErrAltered) {
					t.Errorf("%s as %c: byte %d is another: %v", name, kind, i, err)
				}
			}
		}
	}
	for _, stored := range []string{"02ffffffff0f00000000000000", "02ffffffffffffffffff0100000000", "02"} { // it says that it holds 4 GB, or no length at all
		b, err := hex.DecodeString(stored)
		if err != nil {
			t.Fatal(err)
		}
		if !ledger.SealedMentions(b, "x") {
			t.Errorf("%s: what cannot be read is looked at closely", stored)
		}
	}
	before, err := hex.DecodeString("0164656c69766572656464656c69766572656464656c6976657265647d6a054a")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ledger.Unseal(ledger.OfEvents, "f1", 7, before); err != nil || string(got) != strings.Repeat("delivered", 3) {
		t.Errorf("as it was written before: %q, %v", got, err)
	}
}

// A text is looked for in what is packed as well.
func TestSealsMention(t *testing.T) {
	record := bytes.Repeat([]byte(`{"city":"Springfield","no":"LB1"}`), 50)
	stored := ledger.Seal(ledger.OfItems, "f1", 0, record)
	for text, want := range map[string]bool{"springFIELD": true, "lb1": true, "Shelbyville": false} {
		if got := ledger.SealedMentions(stored, text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
