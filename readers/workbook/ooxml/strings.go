package ooxml

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rowferry/rowferry/readers/workbook/grid"
)

var errNoSheets = errors.New("the workbook lists no sheets")

// Strings reads the shared strings; at most limit of them.
func (a *Archive) Strings(part string, limit int) (*grid.Strings, error) {
	s, err := a.Scan(part)
	if err != nil {
		return nil, err
	}
	t := &grid.Strings{}
	if err := s.Root("sst"); err != nil {
		return nil, err
	}
	var value []byte
	for {
		k, err := s.Next()
		if err == io.EOF {
			t.Done()
			return t, nil
		}
		if err != nil {
			return nil, s.Wrap(err)
		}
		if k != Start || s.Depth() != 2 {
			continue
		}
		if !s.Is("si") {
			if err := s.Skip(); err != nil {
				return nil, s.Wrap(err)
			}
			continue
		}
		if value, err = s.RichText(value[:0], a.limits.Token); err != nil {
			return nil, err
		}
		if err := t.Add(value, limit); err != nil {
			return nil, err.In(s.Part)
		}
		if s.Crossed {
			t.Cross()
		}
	}
}

// RichText appends the text of the element that has just started (si, is): its t and the t of its runs, without
// phonetic guides, _xHHHH_ escapes resolved. It ends behind the element. Crossed is set where some of it is struck through and some is not.
func (s *PartScanner) RichText(dst []byte, limit int) ([]byte, error) {
	depth, struck, kept := s.Depth(), false, false
	strike := false // of the run
	s.Crossed = false
	for {
		k, err := s.Next()
		if err != nil {
			return dst, s.Wrap(err)
		}
		switch k {
		case End:
			if s.Depth() < depth {
				return dst, nil
			}
		case Start:
			switch {
			case s.Is("t"):
				from := len(dst)
				if dst, err = s.Content(dst, limit); err != nil {
					return dst, err
				}
				if shows := len(bytes.TrimSpace(dst[from:])) > 0; shows {
					struck, kept = struck || strike, kept || !strike
					s.Crossed = struck && kept
				}
			case s.Is("r"):
				strike = false
			case s.Is("rPr"):
				if strike, err = s.strikes(); err != nil {
					return dst, err
				}
			default:
				if err := s.Skip(); err != nil {
					return dst, s.Wrap(err)
				}
			}
		}
	}
}

// strikes reads the properties of a run, which have just started, and reports whether its letters are struck through.
func (s *PartScanner) strikes() (struck bool, err error) {
	for t, err := range s.Within() {
		switch {
		case err != nil:
			return false, s.Wrap(err)
		case t == Start && s.Is("strike"):
			struck = s.isSet()
		}
	}
	return struck, nil
}

// isSet reports whether the element that has just started says yes.
func (s *PartScanner) isSet() bool {
	v, said := s.Attr("val")
	return !said || string(v) == "1" || string(v) == "true"
}

// Content appends the text of the element that has just started, _xHHHH_ escapes resolved, and ends behind it.
func (s *PartScanner) Content(dst []byte, limit int) ([]byte, error) {
	from, depth := len(dst), s.Depth()
	for {
		k, err := s.Next()
		if err != nil {
			return dst, s.Wrap(err)
		}
		switch {
		case k == Text:
			dst = append(dst, s.Text...)
			if limit > 0 && len(dst) > limit {
				return dst, &grid.Error{Part: s.Part, Reason: grid.TooLong, Limit: limit}
			}
		case k == End && s.Depth() < depth:
			return Unescape(dst, from), nil
		}
	}
}

// Unescape resolves _xHHHH_ in b[from:], in place. Halves of letters that find no other half stay as they are written.
func Unescape(b []byte, from int) []byte {
	i := from
	for ; i+7 <= len(b); i++ {
		if b[i] == '_' && b[i+1] == 'x' {
			if _, ok := escape(b[i:]); ok {
				break
			}
		}
	}
	if i+7 > len(b) {
		return b
	}
	out := i
	for i < len(b) {
		u, ok := escape(b[i:])
		if !ok {
			b[out] = b[i]
			out++
			i++
			continue
		}
		r, n := u, 7
		if utf16.IsSurrogate(u) {
			low, ok := escape(b[min(i+7, len(b)):])
			r = utf16.DecodeRune(u, low)
			n = 14
			if !ok || r == utf8.RuneError {
				out += copy(b[out:], b[i:i+7])
				i += 7
				continue
			}
		}
		out += utf8.EncodeRune(b[out:out+4], r)
		i += n
	}
	return b[:out]
}

func escape(b []byte) (rune, bool) {
	if len(b) < 7 || b[0] != '_' || b[1] != 'x' || b[6] != '_' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
