package biff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/rowferry/rowferry/readers/ole"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// The records that are read. Where two versions number one differently, both are here.
const (
	recEOF         = 0x0a
	recBOF2        = 0x09
	recBOF3        = 0x209
	recBOF4        = 0x409
	recBOF         = 0x809
	recDate1904    = 0x22
	recContinue    = 0x3c
	recFilePass    = 0x2f
	recCodePage    = 0x42
	recUser        = 0x5c
	recUncalced    = 0x5e
	recBoundSheet  = 0x85
	recSheetHeader = 0x8f
	recMerged      = 0xe5
	recSST         = 0xfc
	recFormat2     = 0x1e
	recFormat      = 0x41e
	recXF2         = 0x43
	recXF3         = 0x243
	recXF4         = 0x443
	recXF          = 0xe0
	recIXFE        = 0x44

	recRow2     = 0x08
	recRow      = 0x208
	recInteger2 = 0x02
	recNumber2  = 0x03
	recNumber   = 0x203
	recLabel2   = 0x04
	recLabel    = 0x204
	recRString  = 0xd6
	recLabelSST = 0xfd
	recBoolErr2 = 0x05
	recBoolErr  = 0x205
	recFormula2 = 0x06 // and again from version 5 on
	recFormula3 = 0x206
	recFormula4 = 0x406
	recRK       = 0x27e
	recMulRK    = 0xbd
	recString2  = 0x07
	recString   = 0x207

	recShared = 0x4bc // what may stand between a formula and its text
	recArray2 = 0x21
	recArray  = 0x221
	recTable2 = 0x36
	recTable3 = 0x37
	recTable  = 0x236
)

// streamPart is how messages call what is read.
const streamPart = "Workbook"

func misfit(format string, args ...any) error {
	return &grid.Error{Part: streamPart, Reason: grid.Structure, Err: fmt.Errorf(format, args...)}
}

// records reads the records of a stream one after the other.
type records struct {
	r    io.ReaderAt
	size int64
	span int // how much is read ahead

	id    int
	data  []byte // of the current record; valid until the next one
	start int64  // where the current record begins
	at    int64  // where the next one does

	buf  []byte // bytes of the stream from base on
	base int64
}

const (
	spanLong  = 256 << 10
	spanShort = 8 << 10
)

// seek makes the record at offset at the next one.
func (s *records) seek(at int64) { s.at = at }

// next reads the next record. io.EOF comes where the stream ends between two records.
func (s *records) next() error {
	head, err := s.window(4)
	if err != nil {
		return err
	}
	n := int(binary.LittleEndian.Uint16(head[2:]))
	if n == 0 && head[0] == 0 && head[1] == 0 {
		return misfit("nothing but zeros at byte %d", s.at) // a sector that was never written; as records they would be passed over, with the rows in them
	}
	b, err := s.window(4 + n)
	if err == io.EOF {
		err = truncated
	}
	if err != nil {
		return err
	}
	s.id, s.data, s.start = int(binary.LittleEndian.Uint16(b)), b[4:4+n], s.at
	s.at += int64(4 + n)
	return nil
}

// peek tells the next record without reading it: -1 at the end.
func (s *records) peek() int {
	b, err := s.window(2)
	if err != nil {
		return -1
	}
	return int(binary.LittleEndian.Uint16(b))
}

// truncated is the error of a stream that ends within a record.
var truncated = &grid.Error{Part: streamPart, Reason: grid.Truncated}

// window gives at least n bytes from at on.
func (s *records) window(n int) ([]byte, error) {
	from := s.at - s.base
	if from >= 0 && from+int64(n) <= int64(len(s.buf)) {
		return s.buf[from:], nil
	}
	if left := s.size - s.at; left < int64(n) {
		if left <= 0 || n <= 4 && left < 4 {
			return nil, io.EOF
		}
		return nil, truncated
	}
	want := max(n, s.span)
	if cap(s.buf) < want {
		s.buf = make([]byte, want)
	}
	buf := s.buf[:min(int64(cap(s.buf)), s.size-s.at)]
	if len(buf) > want {
		buf = buf[:want]
	}
	got, err := s.r.ReadAt(buf, s.at)
	if got < n {
		s.buf, s.base = s.buf[:0], 0
		return nil, lost(err)
	}
	s.buf, s.base = buf[:got], s.at
	return s.buf, nil
}

// lost says what a stream that could not be read means.
func lost(err error) error {
	switch {
	case errors.Is(err, ole.ErrTruncated), errors.Is(err, io.EOF), err == nil:
		return &grid.Error{Part: streamPart, Reason: grid.Truncated, Err: err}
	case errors.Is(err, ole.ErrDamaged):
		return &grid.Error{Part: streamPart, Reason: grid.Structure, Err: err}
	}
	return err
}

// begins reports whether a record opens a substream.
func begins(id int) bool { return id == recBOF || id == recBOF4 || id == recBOF3 || id == recBOF2 }

// pieces is the content of a record and of the CONTINUE records behind it.
type pieces struct {
	rec  *records
	data []byte
}

// more goes on in the next CONTINUE record.
func (p *pieces) more() error {
	if p.rec.peek() != recContinue {
		return misfit("a text at byte %d has no end", p.rec.start)
	}
	if err := p.rec.next(); err != nil {
		return err
	}
	p.data = p.rec.data
	return nil
}

// left reports whether there is anything more.
func (p *pieces) left() bool { return len(p.data) > 0 || p.rec.peek() == recContinue }

func (p *pieces) byte() (byte, error) {
	for len(p.data) == 0 {
		if err := p.more(); err != nil {
			return 0, err
		}
	}
	b := p.data[0]
	p.data = p.data[1:]
	return b, nil
}

// number reads n bytes, the lowest first.
func (p *pieces) number(n int) (int, error) {
	v := 0
	for i := range n {
		b, err := p.byte()
		if err != nil {
			return 0, err
		}
		v |= int(b) << (8 * i)
	}
	return v, nil
}

func (p *pieces) skip(n int) error {
	for n > len(p.data) {
		n -= len(p.data)
		if err := p.more(); err != nil {
			return err
		}
	}
	p.data = p.data[n:]
	return nil
}
