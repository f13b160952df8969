package charset

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Broken codes of GB 18030, wherever they stand, end no text: they become what the library makes of them.
func TestBrokenCodesEndNoText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []byte("\x30\x39\x3a\x3e\x3f<>\x40\x7f\x80\x81\xa1\xa5\xb5\xd0\xfe\xff\x84")
	for i := range 50_000 {
		b := make([]byte, 1+r.IntN(12))
		for k := range b {
			b[k] = letters[r.IntN(len(letters))]
		}
		for _, source := range []io.Reader{bytes.NewReader(b), iotest.OneByteReader(bytes.NewReader(b))} {
			got, err := io.ReadAll(gb18030{}.NewDecoder().Reader(source))
			if err != nil {
				t.Fatalf("text %d, %x: %v", i, b, err)
			}
			if want, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b); err != nil || len([]rune(string(got))) != len([]rune(string(want))) {
				t.Fatalf("text %d, %x: %q, and the library has %q, %v", i, b, got, want, err)
			}
		}
	}
}
