package csvfile

import (
	"bytes"
	"errors"
	"io"

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
	end     byte

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
	q        byte  // the quote of the field that is being read
	scratch  []byte
	lost     bool // U+FFFD was seen somewhere
	wide     bool // so were bytes above 127
}

// newSplitter takes records apart; size is about how many bytes there are.
func newSplitter(src io.Reader, d dialect, cell, columns int, size int64) *splitter {
	return &splitter{
		src: src, d: d, cell: cell, columns: columns, record: longestRecord(cell), end: '\n',
		buf: make([]byte, max(4<<10, min(128<<10, size+1))),
	}
}

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
	at := bytes.IndexByte(s.buf[s.r:s.w], s.end)
	if at < 0 {
		return s.carefully()
	}
	line := s.buf[s.r : s.r+at]
	other := byte('\n')
	if s.end == '\n' {
		other = '\r'
		if at > 0 && line[at-1] == '\r' {
			line = line[:at-1]
		}
	} else if s.r+at+1 == s.w && !s.eof || s.r+at+1 < s.w && s.buf[s.r+at+1] == '\n' {
		return s.carefully()
	}
	if bytes.IndexByte(line, other) >= 0 ||
		s.d.quote != 0 && bytes.IndexByte(line, s.d.quote) >= 0 ||
		s.d.also != 0 && bytes.IndexByte(line, s.d.also) >= 0 ||
		s.d.escape != 0 && bytes.IndexByte(line, s.d.escape) >= 0 || len(line) > s.cell {
		return s.carefully()
	}
	s.text, s.fields, s.quoted = line, s.fields[:0], s.quoted[:0]
	s.quotes, s.stray, s.unclosed, s.ended = 0, false, false, true
	s.r += at + 1
	from := 0
	if len(s.d.delimiter) == 1 {
		c := s.d.delimiter[0]
		for i, b := range line {
			if b == c {
				s.fields = append(s.fields, span{from, i})
				from = i + 1
			}
		}
	} else {
		for {
			i := bytes.Index(line[from:], []byte(s.d.delimiter))
			if i < 0 {
				break
			}
			s.fields = append(s.fields, span{from, from + i})
			from += i + len(s.d.delimiter)
		}
	}
	s.fields = append(s.fields, span{from, len(line)})
	if len(s.fields) > s.columns {
		return false, errColumns
	}
	return true, nil
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
