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
		var f span
		if open, quoted := s.opens(b, i); quoted {
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

// wait is where a field ends of which more has to be read.
const wait = -1

// carefully cuts the record at s.r byte by byte: quotes, escapes, mixed line ends. It starts again when it has to wait
// for more bytes; as the buffer doubles, that costs no more than reading twice.
func (s *splitter) carefully() (whole bool, err error) {
	b := s.buf[:s.w]
	s.scratch, s.fields, s.quoted = s.scratch[:0], s.fields[:0], s.quoted[:0]
	s.quotes, s.stray, s.unclosed, s.ended = 0, false, false, false
	for i := s.r; ; i += len(s.d.delimiter) {
		from := len(s.scratch)
		if i, err = s.field(b, i, from); i == wait || err != nil {
			return false, err
		}
		if len(s.scratch)-from > s.cell {
			return false, errCell
		}
		s.fields = append(s.fields, span{from, len(s.scratch)})
		if len(s.fields) > s.columns {
			return false, errColumns
		}
		if i < len(b) && b[i] != '\n' && b[i] != '\r' {
			continue
		}
		if i = s.end(b, i); i == wait {
			return false, nil
		}
		s.text, s.r = s.scratch, i
		return true, nil
	}
}

// field puts what the field at i holds into scratch, where it begins at from, and gives where it ends: at a delimiter, a line end or the
// end of b.
func (s *splitter) field(b []byte, i, from int) (int, error) {
	open, quoted := s.opens(b, i)
	if !quoted {
		return s.unquoted(b, i, from, false)
	}
	s.quotes++
	s.q, s.quoted = b[open], append(s.quoted, len(s.fields))
	i, err := s.inQuotes(b, open+1, from)
	if i == wait || err != nil {
		return i, err
	}
	return s.unquoted(b, i, from, true)
}

// opens is where the field at i begins, behind blanks that the dialect passes over, and whether a quote opens it there.
func (s *splitter) opens(b []byte, i int) (open int, quoted bool) {
	for s.d.blanks && i < len(b) && b[i] == ' ' {
		i++
	}
	return i, i < len(b) && b[i] != 0 && (b[i] == s.d.quote || b[i] == s.d.also)
}

// inQuotes takes what stands from i on in quotes, and gives where the closing one has ended.
func (s *splitter) inQuotes(b []byte, i, from int) (int, error) {
	for {
		j := s.mark(b, i)
		switch {
		case j >= 0:
		case len(b)-i > s.cell:
			return 0, errCell
		case !s.eof:
			return wait, nil
		default:
			s.scratch = append(s.scratch, b[i:]...)
			s.unclosed = true
			return len(b), nil
		}
		s.scratch = append(s.scratch, b[i:j]...)
		if len(s.scratch)-from > s.cell {
			return 0, errCell
		}
		if j+1 == len(b) && !s.eof {
			return wait, nil
		}
		i = j + 1
		switch {
		case b[j] == s.d.escape && s.d.escape != 0 && s.d.escape != s.d.quote:
			c := b[j]
			if i < len(b) && (b[i] == s.d.quote || b[i] == s.d.escape) {
				c = b[i]
				i++
			}
			s.scratch = append(s.scratch, c)
		case i < len(b) && b[i] == s.q:
			s.scratch = append(s.scratch, s.q)
			i++
		default:
			return i, nil
		}
	}
}

// unquoted takes a field without quotes, or what stands behind the closing one, and gives where that ends.
func (s *splitter) unquoted(b []byte, i, from int, behind bool) (int, error) {
	d0, more := s.d.delimiter[0], s.d.delimiter[1:]
	for i < len(b) {
		c := b[i]
		if c == '\n' || c == '\r' || c == d0 && s.parts(b, i) {
			return i, nil
		}
		if c == d0 && len(b)-i-1 < len(more) && !s.eof {
			return wait, nil
		}
		if c == s.d.escape && s.d.escape != 0 && !behind {
			if i+1 == len(b) && !s.eof {
				return wait, nil
			}
			if i+1 < len(b) && (b[i+1] == d0 || b[i+1] == s.d.quote || b[i+1] == s.d.escape) {
				s.scratch = append(s.scratch, b[i+1])
				i += 2
				continue
			}
		}
		if behind && c != ' ' && c != '\t' {
			s.stray = true
		}
		to := i + 1 // many go at once
		for to < len(b) && b[to] > '"' && b[to] != d0 && b[to] != s.d.escape && b[to] != s.d.quote && !behind {
			to++
		}
		s.scratch = append(s.scratch, b[i:to]...)
		i = to
	}
	switch {
	case s.eof:
		return i, nil
	case i-s.r > s.cell && len(s.scratch)-from > s.cell:
		return 0, errCell
	}
	return wait, nil
}

// end is where the line end at i has ended, or i at the end of the file.
func (s *splitter) end(b []byte, i int) int {
	if i == len(b) {
		return i
	}
	s.ended = true
	switch {
	case b[i] == '\r' && i+1 == len(b) && !s.eof:
		return wait
	case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
		return i + 2
	}
	return i + 1
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
