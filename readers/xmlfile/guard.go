package xmlfile

import (
	"errors"
	"io"
	"unicode/utf8"

	"github.com/rowferry/rowferry/readers"
)

var errToken = errors.New("a token is larger than allowed")

// guard hands text to the decoder byte by byte and stops it before it collects too much: a text, tag, attribute or
// comment beyond what allow granted, a document beyond its limit. It refuses characters that XML does not have and
// bytes that are not UTF-8.
type guard struct {
	src    io.Reader
	buf    []byte
	r, w   int
	valid  int   // buf[:valid] is checked
	left   int64 // bytes until errToken
	total  int64 // bytes until the document is too large
	limit  int64
	line   int   // of the first unchecked byte
	err    error // why it stopped; io.EOF at the end
	srcErr error
}

// newGuard looks at the text of a file of that size.
func newGuard(src io.Reader, size int64, l readers.Limits) *guard {
	return &guard{src: src, buf: make([]byte, min(64<<10, size+1024)), total: l.Bytes, limit: l.Bytes, line: 1}
}

// allow grants the next token n bytes.
func (g *guard) allow(n int64) { g.left = n }

// ReadByte makes the guard the decoder's own buffer, so that not a byte is read ahead of the grant.
func (g *guard) ReadByte() (byte, error) {
	if g.r >= g.valid {
		if err := g.fill(); err != nil {
			g.err = err
			return 0, err
		}
	}
	if g.left--; g.left < 0 {
		g.err = errToken
		return 0, errToken
	}
	b := g.buf[g.r]
	g.r++
	return b, nil
}

// Read is not used by the decoder, which asks for bytes.
func (g *guard) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := g.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// fill reads more text and checks it.
func (g *guard) fill() error {
	if g.err != nil && g.err != errToken {
		return g.err
	}
	rest := copy(g.buf, g.buf[g.valid:g.w]) // the beginning of a character
	g.r, g.valid, g.w = 0, 0, rest
	for g.valid == 0 {
		if g.srcErr != nil {
			if g.w > 0 && g.srcErr == io.EOF {
				return readers.Cut("xml.cut_character", "line", g.line)
			}
			return g.srcErr
		}
		n, err := g.src.Read(g.buf[g.w:])
		g.w += n
		g.total -= int64(n)
		g.srcErr = err
		if g.total < 0 {
			return readers.Refuse("xml.too_big", "limit", readers.Size(g.limit))
		}
		if err := g.check(); err != nil {
			return err
		}
	}
	return nil
}

// check moves valid forward over whole characters.
func (g *guard) check() error {
	for g.valid < g.w {
		b := g.buf[g.valid]
		if b < utf8.RuneSelf {
			switch {
			case b >= ' ':
			case b == '\n':
				g.line++
			case b == '\t', b == '\r':
			case b == 0:
				return readers.Refuse("xml.nul", "line", g.line)
			default:
				return readers.Refuse("xml.control", "line", g.line, "code", hex(rune(b)))
			}
			g.valid++
			continue
		}
		rest := g.buf[g.valid:g.w]
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && n <= 1:
			if len(rest) < utf8.UTFMax && !utf8.FullRune(rest) {
				return nil
			}
			return readers.Refuse("xml.bytes", "line", g.line, "encoding", "utf-8")
		case r == 0xfffe, r == 0xffff:
			return readers.Refuse("xml.control", "line", g.line, "code", hex(r))
		}
		g.valid += n
	}
	return nil
}
