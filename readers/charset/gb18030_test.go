package charset

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// Every code of two bytes is a character, each its own, however the text is cut into pieces.
func TestGB18030IsWhole(t *testing.T) {
	e, err := ByName("gb18030")
	if err != nil {
		t.Fatal(err)
	}
	seen, all := map[rune]int{}, []byte{}
	for a := 0x81; a <= 0xfe; a++ {
		for b := 0x40; b <= 0xfe; b++ {
			if b == 0x7f {
				continue
			}
			pair := []byte{byte(a), byte(b)}
			out, err := e.NewDecoder().Bytes(pair)
			r, size := utf8.DecodeRune(out)
			if err != nil || r == utf8.RuneError || size != len(out) {
				t.Fatalf("%x: %q, %v", pair, out, err)
			}
			if was, twice := seen[r]; twice {
				t.Errorf("%x and %x are both %U", was, pair, r)
			}
			seen[r] = a<<8 | b
			all = append(append(all, pair...), ","[0])
		}
	}
	out, err := e.NewDecoder().Bytes(all)
	if err != nil || utf8.RuneCount(out) != 2*len(seen) || bytes.Contains(out, []byte("\uFFFD")) {
		t.Errorf("together they are %d characters (%v)", utf8.RuneCount(out), err)
	}
	for text, want := range map[string]string{"\xfe\x59": "\u9fb4", "\xa8\xbc": "\u1e3f", "\xaa\xa1": "\ue000", "\xd6\xd0\xfe\x59,": "中\u9fb4,"} {
		got, _ := e.NewDecoder().Bytes([]byte(text))
		if string(got) != want {
			t.Errorf("%x: %q, want %q", text, got, want)
		}
	}
}
