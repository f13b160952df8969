package charset

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// gb18030 is the whole standard. The library lacks 2,067 codes of two bytes: rare characters that got their place in Unicode late
// (GB 18030-2005 and WHATWG have them so), and the areas that are kept for users' own characters.
type gb18030 struct{}

func (gb18030) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: &fromGB{inner: simplifiedchinese.GB18030.NewDecoder().Transformer}}
}

func (gb18030) NewEncoder() *encoding.Encoder { return simplifiedchinese.GB18030.NewEncoder() }

type fromGB struct {
	transform.NopResetter
	inner transform.Transformer
}

// stretch is how much is looked through for such codes at once.
const stretch = 4096

// Transform implements transform.Transformer.
func (f *fromGB) Transform(dst, src []byte, end bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		n, r := usualGB(src[nSrc:min(len(src), nSrc+stretch)])
		if n > 0 {
			d, s, err := f.inner.Transform(dst[nDst:], src[nSrc:nSrc+n], false)
			nDst, nSrc = nDst+d, nSrc+s
			if err == transform.ErrShortSrc && s > 0 { // behind a broken code the library begins anew sooner than was counted here
				continue
			}
			if err != nil {
				return nDst, nSrc, err
			}
			if s < n {
				return nDst, nSrc, transform.ErrShortDst
			}
		}
		switch {
		case r > 0:
			if len(dst)-nDst < 3 {
				return nDst, nSrc, transform.ErrShortDst
			}
			nDst += copy(dst[nDst:], string(r))
			nSrc += 2
		case n == 0: // a character whose end is still to come
			d, s, err := f.inner.Transform(dst[nDst:], src[nSrc:], end)
			return nDst + d, nSrc + s, err
		}
	}
	return nDst, nSrc, nil
}

// usualGB is how many bytes are whole characters that the library knows; r is the one behind them that it does not, 0 where the bytes
// end or are cut.
func usualGB(b []byte) (n int, r rune) {
	for n < len(b) {
		c := b[n]
		switch {
		case c < 0x81 || c == 0xff:
			n++
			continue
		case n+1 >= len(b):
			return n, 0
		}
		if d := b[n+1]; d >= '0' && d < '@' { // as the library has it: what is no code of four bytes is broken
			if n+4 > len(b) {
				return n, 0
			}
			n += 4
			continue
		}
		if r := missingGB(c, b[n+1]); r > 0 {
			return n, r
		}
		n += 2
	}
	return n, 0
}

// missingGB is the character of a code that the library lacks; 0 for all others.
func missingGB(a, b byte) rune {
	switch {
	case a < 0xa1 || a > 0xaf && a < 0xf8 && a != 0xd7 || b == 0xff:
		return 0
	case a >= 0xaa && a <= 0xaf && b >= 0xa1:
		return own(0xe000, a-0xaa, b-0xa1, 94)
	case a >= 0xf8 && b >= 0xa1:
		return own(0xe234, a-0xf8, b-0xa1, 94)
	case a <= 0xa7 && b >= 0x40 && b <= 0xa0 && b != 0x7f:
		if b > 0x7f {
			b--
		}
		return own(0xe4c6, a-0xa1, b-0x40, 96)
	}
	code := uint16(a)<<8 | uint16(b)
	for _, s := range missing {
		if code >= s.from && code <= s.to {
			return s.first + rune(code-s.from)
		}
	}
	return 0
}

// own is a character that is the user's own, in an area with so many of them in a row.
func own(first rune, row, column byte, width int) rune {
	return first + rune(int(row)*width+int(column))
}

var missing = []struct {
	from, to uint16
	first    rune
}{
	{0xa2ab, 0xa2b0, 0xe766}, {0xa2e4, 0xa2e4, 0xe76d}, {0xa2ef, 0xa2f0, 0xe76e}, {0xa2fd, 0xa2fe, 0xe770}, {0xa4f4, 0xa4fe, 0xe772},
	{0xa5f7, 0xa5fe, 0xe77d}, {0xa6b9, 0xa6c0, 0xe785}, {0xa6d9, 0xa6d9, 0xfe10}, {0xa6da, 0xa6da, 0xfe12}, {0xa6db, 0xa6db, 0xfe11},
	{0xa6dc, 0xa6df, 0xfe13}, {0xa6ec, 0xa6ed, 0xfe17}, {0xa6f3, 0xa6f3, 0xfe19}, {0xa6f6, 0xa6fe, 0xe797}, {0xa7c2, 0xa7d0, 0xe7a0},
	{0xa7f2, 0xa7fe, 0xe7af}, {0xa896, 0xa8a0, 0xe7bc}, {0xa8bc, 0xa8bc, 0x1e3f}, {0xa8c1, 0xa8c4, 0xe7c9}, {0xa8ea, 0xa8fe, 0xe7cd},
	{0xa958, 0xa958, 0xe7e2}, {0xa95b, 0xa95b, 0xe7e3}, {0xa95d, 0xa95f, 0xe7e4}, {0xa997, 0xa9a3, 0xe7f4}, {0xa9f0, 0xa9fe, 0xe801},
	{0xd7fa, 0xd7fe, 0xe810}, {0xfe51, 0xfe53, 0xe816}, {0xfe59, 0xfe59, 0x9fb4}, {0xfe61, 0xfe61, 0x9fb5}, {0xfe66, 0xfe67, 0x9fb6},
	{0xfe6c, 0xfe6c, 0xe831}, {0xfe6d, 0xfe6d, 0x9fb8}, {0xfe76, 0xfe76, 0xe83b}, {0xfe7e, 0xfe7e, 0x9fb9}, {0xfe90, 0xfe90, 0x9fba},
	{0xfe91, 0xfe91, 0xe855}, {0xfea0, 0xfea0, 0x9fbb},
}
