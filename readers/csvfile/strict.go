package csvfile

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
)

// strict decodes to UTF-8 and refuses what it cannot decode, naming the line: replacement characters, halves of
// surrogate pairs, and the C1 control characters that stand where a single-byte encoding has no letter.
type strict struct {
	src    io.Reader
	name   string
	decode func(dst, src []byte, end bool) (nDst, nSrc int, err error)
	in     []byte
	r, w   int
	end    bool
	err    error
	lines  int
	last   byte
	spare  [2 * utf8.UTFMax]byte
	over   []byte // decoded, in spare, and not yet handed out
}

func newStrict(src io.Reader, name string) *strict {
	s := &strict{src: src, name: name, in: make([]byte, 64<<10), lines: 1}
	switch name {
	case "utf-16le", "utf-16be", "utf-32le", "utf-32be":
		s.decode = wide(name)
		return s
	}
	e, err := charset.ByName(name)
	if err != nil {
		s.err = readers.Refuse("csv.encoding_unknown", "encoding", name)
		return s
	}
	d := e.NewDecoder().Transformer
	s.decode = func(dst, src []byte, end bool) (int, int, error) {
		n, m, err := d.Transform(dst, src, end)
		if at := rubbish(dst[:n]); at >= 0 && end && m == len(src) && name == "iso-2022-jp" && n-at <= 2*len("\uFFFD") {
			return at, m, errHalfShift
		} else if at >= 0 {
			return at, m, errUndecodable // m: the bytes of all n; nobody decodes on
		}
		return n, m, err
	}
	return s
}

var (
	errUndecodable = errors.New("undecodable")
	errHalfShift   = errors.New("half a character, or half of what switches between letters, at the end")
)

// rubbish finds a replacement character or a C1 control character; -1 when there is none.
func rubbish(b []byte) int {
	at := bytes.Index(b, []byte("\uFFFD"))
	if at >= 0 {
		b = b[:at]
	}
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], 0xc2)
		if j < 0 || i+j+1 >= len(b) {
			return at
		}
		if b[i+j+1] < 0xa0 {
			return i + j
		}
		i += j + 2
	}
}

// Read hands out what has been decoded, be there room for less than one character: a buffer that is nearly full asks for so much.
func (s *strict) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(s.over) == 0 && len(p) >= len(s.spare) {
		return s.read(p)
	}
	if len(s.over) == 0 {
		n, err := s.read(s.spare[:])
		if err != nil {
			return 0, err
		}
		s.over = s.spare[:n]
	}
	n := copy(p, s.over)
	s.over = s.over[n:]
	return n, nil
}

// read decodes into p, which has room for a character at least, and gives an error only where nothing was decoded.
func (s *strict) read(p []byte) (int, error) {
	for s.err == nil {
		if s.r == s.w && s.end {
			return 0, io.EOF
		}
		n, m, err := s.decode(p, s.in[s.r:s.w], s.end)
		s.r += m
		s.lines += lineEnds(p[:n], s.last)
		if n > 0 {
			s.last = p[n-1]
		}
		switch {
		case errors.Is(err, errUndecodable), errors.Is(err, errHalfShift):
			if errors.Is(err, errHalfShift) || s.end && s.halved(s.in[s.r-m:s.w]) {
				s.err = readers.Cut("csv.cut_character", "encoding", s.name)
			} else {
				s.err = readers.Refuse("csv.encoding_unfit", "encoding", s.name, "line", s.lines)
			}
		case err != nil && !errors.Is(err, transform.ErrShortSrc) && !errors.Is(err, transform.ErrShortDst):
			s.err = err
		}
		if n > 0 {
			return n, nil // the error, if any, next time
		}
		if s.err != nil {
			break
		}
		if s.end {
			if s.r < s.w {
				s.err = readers.Cut("csv.cut_character", "encoding", s.name)
			}
			continue
		}
		copy(s.in, s.in[s.r:s.w])
		s.w -= s.r
		s.r = 0
		k, err := s.src.Read(s.in[s.w:])
		s.w += k
		if errors.Is(err, io.EOF) {
			s.end = true
		} else if err != nil {
			s.err = err
		}
	}
	return 0, s.err
}

// halved reports whether the bytes are well but for the first half of a character at their end.
func (s *strict) halved(b []byte) bool {
	switch s.name {
	case "gb18030", "big5", "shift_jis", "euc-kr", "euc-jp":
	default:
		return false
	}
	out := make([]byte, 4*len(b))
	for n := 1; n <= 3 && n <= len(b); n++ {
		if b[len(b)-n] < 0x81 {
			continue
		}
		if _, m, err := s.decode(out, b[:len(b)-n], true); err == nil && m == len(b)-n {
			return true
		}
	}
	return false
}

// wide decodes UTF-16 and UTF-32.
func wide(name string) func(dst, src []byte, end bool) (int, int, error) {
	big := name[len(name)-2:] == "be"
	size := int(charset.Unit(name))
	unit := func(b []byte) rune {
		if size == 2 && big {
			return rune(b[0])<<8 | rune(b[1])
		}
		if size == 2 {
			return rune(b[1])<<8 | rune(b[0])
		}
		if big {
			return rune(b[0])<<24 | rune(b[1])<<16 | rune(b[2])<<8 | rune(b[3])
		}
		return rune(b[3])<<24 | rune(b[2])<<16 | rune(b[1])<<8 | rune(b[0])
	}
	return func(dst, src []byte, end bool) (int, int, error) {
		n, m := 0, 0
		for len(src)-m >= size {
			r, k := unit(src[m:]), size
			if size == 2 && r >= 0xd800 && r <= 0xdfff {
				if len(src)-m < 4 && !end {
					return n, m, transform.ErrShortSrc
				}
				if r >= 0xdc00 || len(src)-m < 4 {
					return n, m, errUndecodable
				}
				low := unit(src[m+2:])
				if low < 0xdc00 || low > 0xdfff {
					return n, m, errUndecodable
				}
				r, k = (r-0xd800)<<10|(low-0xdc00)+0x10000, 4
			}
			if !utf8.ValidRune(r) || r >= 0xfffe && r <= 0xffff {
				return n, m, errUndecodable
			}
			if len(dst)-n < utf8.UTFMax {
				return n, m, transform.ErrShortDst
			}
			if r < utf8.RuneSelf {
				dst[n] = byte(r)
				n++
			} else {
				n += utf8.EncodeRune(dst[n:], r)
			}
			m += k
		}
		if m < len(src) {
			return n, m, transform.ErrShortSrc
		}
		return n, m, nil
	}
}
