package csvfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"github.com/rowferry/rowferry/readers/charset"
)

// dialect is how the records of one file are written.
type dialect struct {
	delimiter string // one character
	quote     byte   // 0: none
	escape    byte   // 0: the quote is doubled
	also      byte   // a second quote that some fields have; 0: none
	blanks    bool   // blanks may stand between a delimiter and an opening quote
}

// span is one field: the bytes [from, to) of splitter.text.
type span struct{ from, to int }

// What stops a splitter, besides the errors of its source.
var (
	errCell    = errors.New("cell too big")
	errRecord  = errors.New("record too big")
	errColumns = errors.New("too many fields")
	errNUL     = errors.New("NUL byte")
)

// splitter cuts UTF-8 text into records and fields. Memory is bounded by the longest record it accepts.
//
// Line ends are LF, CRLF and CR, mixed as they come. What follows a closing quote up to the next delimiter belongs to
// the field; when that is more than white space the record is marked stray.
type splitter struct {
	src     io.Reader
	d       dialect
	cell    int // most bytes of one field
	record  int // most bytes of one record
	columns int // most fields of one record

	buf  []byte
	r, w int
	eof  bool
	err  error // of the source, given after the bytes before it are used up

	// The record read last; valid until next is called again.
	text     []byte
	fields   []span
	number   int   // of the record, from 1
	quotes   int   // how many fields were quoted
	stray    bool  // text stands after a closing quote
	unclosed bool  // the text ended within quotes
	ended    bool  // a line end followed it
	quoted   []int // which fields were
	doubled  []int // in which of them a quote is doubled; plainly's
	q        byte  // the quote of the field that is being read
	scratch  []byte
	lost     bool // U+FFFD was seen somewhere
	wide     bool // so were bytes above 127
}

// newSplitter takes records apart, in room that nobody else uses meanwhile and that grows with long records.
func newSplitter(src io.Reader, d dialect, cell, columns int, room []byte) *splitter {
	return &splitter{src: src, d: d, cell: cell, columns: columns, record: longestRecord(cell), buf: room}
}

// room is enough for a splitter of about so many bytes.
func room(size int64) []byte { return make([]byte, max(4<<10, min(128<<10, size+1))) }

// longestRecord is the most bytes of one record whose fields may have cell bytes each.
func longestRecord(cell int) int { return max(8<<20, 4*cell) }

// next reads one record; false at the end of the text or on an error. Blank lines are records with one empty field.
func (s *splitter) next() (bool, error) {
	for {
		if s.r == s.w {
			if s.eof {
				return false, s.err
			}
			s.fill()
			continue
		}
		done, err := s.split()
		if err != nil {
			return false, err
		}
		if done && len(s.text) > s.record {
			return false, errRecord
		}
		if done && !s.ended && s.err != nil {
			return false, s.err // the record is not whole
		}
		if done {
			s.number++
			return true, nil
		}
		if s.eof && s.err != nil {
			return false, s.err
		}
		if s.w-s.r > s.record {
			return false, errRecord
		}
		s.fill()
	}
}

// fill reads more behind what is unused.
func (s *splitter) fill() {
	if s.r > 0 {
		copy(s.buf, s.buf[s.r:s.w])
		s.w -= s.r
		s.r = 0
	}
	if s.w == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.src.Read(s.buf[s.w:])
		fresh := s.buf[s.w : s.w+n]
		s.w += n
		if i := bytes.IndexByte(fresh, 0); i >= 0 {
			s.w -= n - i
			fresh, n, err = fresh[:i], i, errNUL
		}
		if !s.lost && bytes.Contains(s.buf[max(0, s.w-len(fresh)-2):s.w], []byte("\uFFFD")) {
			s.lost = true
		}
		s.wide = s.wide || !charset.ASCII(fresh)
		if err != nil {
			s.eof = true
			if err != io.EOF {
				s.err = err
			}
			return
		}
		if n > 0 {
			return
		}
	}
	s.eof, s.err = true, io.ErrNoProgress
}

// bom is the byte order mark in UTF-8. Files that were joined have one where the second begins.
var bom = []byte("\ufeff")

// split cuts the record at s.r; false when it needs more bytes.
func (s *splitter) split() (bool, error) {
	if s.buf[s.r] == bom[0] && bytes.HasPrefix(s.buf[s.r:s.w], bom) {
		s.r += len(bom)
	}
	if !s.plainly() {
		return s.carefully()
	}
	if len(s.fields) > s.columns {
		return false, errColumns
	}
	return true, nil
}

// plainly cuts the record at s.r where it lies, as nearly all can be: it is whole, nothing stands behind closing quotes and nothing is
// escaped. It reports false of any other, and changes nothing then that carefully needs.
func (s *splitter) plainly() bool {
	b, i := s.buf[s.r:s.w], 0
	s.fields, s.quoted, s.doubled = s.fields[:0], s.quoted[:0], s.doubled[:0]
	for {
		open := i
		for s.d.blanks && open < len(b) && b[open] == ' ' {
			open++
		}
		var f span
		if open < len(b) && b[open] != 0 && (b[open] == s.d.quote || b[open] == s.d.also) {
			to, doubled := closing(b, open+1)
			if to < 0 {
				return false
			}
			s.quoted = append(s.quoted, len(s.fields))
			if doubled {
				s.doubled = append(s.doubled, len(s.fields))
			}
			f, i = span{open + 1, to}, to+1
		} else {
			to := s.stop(b, i)
			f, i = span{i, to}, to
		}
		s.fields = append(s.fields, f)
		if i == len(b) {
			return false
		}
		if c := b[i]; c == '\n' || c == '\r' {
			break
		}
		if !s.parts(b, i) {
			return false // something stands behind a closing quote
		}
		i += len(s.d.delimiter)
	}
	s.text = b[:i]
	if b[i] == '\r' && i+1 == len(b) && !s.eof || len(s.text) > s.cell || s.d.escape != 0 && bytes.IndexByte(s.text, s.d.escape) >= 0 {
		return false
	}
	if i++; b[i-1] == '\r' && i < len(b) && b[i] == '\n' {
		i++
	}
	for _, at := range s.doubled {
		s.fields[at].to = s.fields[at].from + undouble(b[s.fields[at].from:s.fields[at].to], b[s.fields[at].from-1])
	}
	s.quotes, s.stray, s.unclosed, s.ended = len(s.quoted), false, false, true
	s.r += i
	return true
}

// parts reports whether a delimiter stands at i.
func (s *splitter) parts(b []byte, i int) bool {
	end := i + len(s.d.delimiter)
	return end <= len(b) && string(b[i:end]) == s.d.delimiter
}

// closing is where the quote stands that closes the field which the one before from opens, and whether quotes are doubled in between; -1
// when there is none, or nothing behind it.
func closing(b []byte, from int) (at int, doubled bool) {
	q := b[from-1]
	for {
		n := bytes.IndexByte(b[from:], q)
		if n < 0 || from+n+1 == len(b) {
			return -1, false
		}
		if from += n; b[from+1] != q {
			return from, doubled
		}
		from, doubled = from+2, true
	}
}

// undouble makes one quote of two, in place, and says how many bytes are left.
func undouble(field []byte, q byte) int {
	n := 0
	for i := 0; i < len(field); i++ {
		field[n] = field[i]
		if n++; field[i] == q {
			i++
		}
	}
	return n
}

// stop is where the field ends that begins at i and is not quoted: at a delimiter, a line end or the end of b. It looks at eight bytes at
// once: of the bits that it sets, the lowest says truly where there is a delimiter's first byte, or a control character.
func (s *splitter) stop(b []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	d := s.d.delimiter[0]
	for ; i < len(b); i++ {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			x := w ^ uint64(d)*ones
			if m := ((x-ones)&^x | (w-('\r'+1)*ones)&^w) & tops; m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i == len(b) {
			break
		}
		switch c := b[i]; {
		case c == '\n', c == '\r', c == d && (len(s.d.delimiter) == 1 || s.parts(b, i)):
			return i
		}
	}
	return i
}

// carefully cuts the record at s.r byte by byte: quotes, escapes, mixed line ends. It starts again when it has to wait
// for more bytes; as the buffer doubles, that costs no more than reading twice.
func (s *splitter) carefully() (bool, error) {
	b, i := s.buf[:s.w], s.r
	d0, more := s.d.delimiter[0], s.d.delimiter[1:]
	s.scratch, s.fields, s.quoted = s.scratch[:0], s.fields[:0], s.quoted[:0]
	s.quotes, s.stray, s.unclosed, s.ended = 0, false, false, false
	for {
		from := len(s.scratch)
		open := i
		if s.d.blanks {
			for open < len(b) && b[open] == ' ' {
				open++
			}
		}
		if open < len(b) && b[open] != 0 && (b[open] == s.d.quote || b[open] == s.d.also) {
			s.quotes++
			s.q, s.quoted = b[open], append(s.quoted, len(s.fields))
			i = open + 1
			closed := false
			for !closed {
				j := s.mark(b, i)
				if j < 0 {
					if len(b)-i > s.cell {
						return false, errCell
					}
					if !s.eof {
						return false, nil
					}
					s.scratch = append(s.scratch, b[i:]...)
					s.unclosed = true
					i = len(b)
					break
				}
				s.scratch = append(s.scratch, b[i:j]...)
				if len(s.scratch)-from > s.cell {
					return false, errCell
				}
				if j+1 == len(b) && !s.eof {
					return false, nil
				}
				switch {
				case b[j] == s.d.escape && s.d.escape != 0 && s.d.escape != s.d.quote:
					if j+1 < len(b) && (b[j+1] == s.d.quote || b[j+1] == s.d.escape) {
						s.scratch = append(s.scratch, b[j+1])
						i = j + 2
					} else {
						s.scratch = append(s.scratch, b[j])
						i = j + 1
					}
				case j+1 < len(b) && b[j+1] == s.q:
					s.scratch = append(s.scratch, s.q)
					i = j + 2
				default:
					i, closed = j+1, true
				}
			}
		}
		// The unquoted field, or what stands after the closing quote.
		isTail := i > open
		for {
			if i == len(b) {
				if !s.eof {
					if i-s.r > s.cell && len(s.scratch)-from > s.cell {
						return false, errCell
					}
					return false, nil
				}
				break
			}
			c := b[i]
			if c == '\n' || c == '\r' {
				break
			}
			if c == d0 {
				if len(more) == 0 {
					break
				}
				if len(b)-i-1 < len(more) && !s.eof {
					return false, nil
				}
				if bytes.HasPrefix(b[i+1:], []byte(more)) {
					break
				}
			}
			if c == s.d.escape && s.d.escape != 0 && !isTail {
				if i+1 == len(b) && !s.eof {
					return false, nil
				}
				if i+1 < len(b) && (b[i+1] == d0 || b[i+1] == s.d.quote || b[i+1] == s.d.escape) {
					s.scratch = append(s.scratch, b[i+1])
					i += 2
					continue
				}
			}
			if isTail && c != ' ' && c != '\t' {
				s.stray = true
			}
			j := i + 1
			for j < len(b) && b[j] > '"' && b[j] != d0 && b[j] != s.d.escape && b[j] != s.d.quote && !isTail {
				j++
			}
			s.scratch = append(s.scratch, b[i:j]...)
			i = j
		}
		if len(s.scratch)-from > s.cell {
			return false, errCell
		}
		s.fields = append(s.fields, span{from, len(s.scratch)})
		if len(s.fields) > s.columns {
			return false, errColumns
		}
		if i == len(b) {
			break
		}
		if b[i] == '\n' {
			i++
			s.ended = true
			break
		}
		if b[i] == '\r' {
			if i+1 == len(b) && !s.eof {
				return false, nil
			}
			i++
			if i < len(b) && b[i] == '\n' {
				i++
			}
			s.ended = true
			break
		}
		i += len(s.d.delimiter)
	}
	s.text = s.scratch
	s.r = i
	return true, nil
}

// mark finds the next quote or escape at or after i.
func (s *splitter) mark(b []byte, i int) int {
	if s.d.escape == 0 || s.d.escape == s.q {
		if q := bytes.IndexByte(b[i:], s.q); q >= 0 {
			return i + q
		}
		return -1
	}
	for ; i < len(b); i++ { // one search for both: many escapes before a far quote must not be searched through again and again
		if b[i] == s.q || b[i] == s.d.escape {
			return i
		}
	}
	return -1
}

// strings copies the fields of the record.
func (s *splitter) strings() []string {
	text := string(s.text)
	out := make([]string, len(s.fields))
	for i, f := range s.fields {
		out[i] = text[f.from:f.to]
	}
	return out
}
