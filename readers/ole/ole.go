// Package ole reads the compound files that old Office programs write: a file system of sectors in one file. It is strict:
// a chain that loops, leaves the file or ends too early is an error, and what it keeps in memory is bounded by the file's
// size (a 128th of it).
package ole

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/rowferry/rowferry/batch"
)

// Magic begins every compound file.
const Magic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

var (
	// ErrTruncated: the file ends before what it says it holds.
	ErrTruncated = errors.New("the compound file is cut off")

	// ErrDamaged: its tables contradict each other.
	ErrDamaged = errors.New("the compound file is damaged")
)

// Refusal says what an error of this package means to whoever sent the file; other errors stay what they are.
func Refusal(err error) error {
	switch {
	case errors.Is(err, ErrTruncated):
		return &batch.Unreadable{Message: batch.Message{Key: "kind.truncated"}, Incomplete: true, Err: err}
	case errors.Is(err, ErrDamaged):
		return &batch.Unreadable{Message: batch.Message{Key: "kind.ole_damaged"}, Err: err}
	}
	return err
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// Sector numbers that are none.
const (
	lastRegular = 0xfffffffa
	endOfChain  = 0xfffffffe
)

// What the directory of an honest file stays far below.
const maxEntries = 1 << 16

// File is an opened compound file. It is safe for concurrent use.
type File struct {
	r       io.ReaderAt
	size    int64
	shift   uint     // a sector has 1<<shift bytes
	sectors uint32   // that the file has room for, the last one perhaps not whole
	next    []uint32 // the allocation table
	entries []entry
	cutoff  int64  // shorter streams lie in the small sectors
	mini    []byte // small sectors' allocation table, as it lies in the file
	short   runs   // where the small sectors lie
}

type entry struct {
	name               string
	kind               byte
	left, right, child uint32
	start              uint32
	size               int64
}

// Kinds of entries.
const (
	storage = 1
	stream  = 2
)

// run is sectors that follow one another.
type run struct{ first, n uint32 }

type runs []run

// Open reads the tables and the directory.
func Open(r io.ReaderAt, size int64) (*File, error) {
	var head [512]byte
	if size < int64(len(head)) {
		return nil, ErrTruncated
	}
	if err := readFull(r, head[:], 0); err != nil {
		return nil, err
	}
	if string(head[:8]) != Magic {
		return nil, damaged("it has not the first bytes of one")
	}
	f := &File{r: r, size: size, shift: uint(binary.LittleEndian.Uint16(head[30:]))}
	if f.shift != 9 && f.shift != 12 {
		return nil, damaged("sectors of 1<<%d bytes", f.shift)
	}
	f.sectors = uint32(min((size-1)>>f.shift, lastRegular)) // the header takes one; the last may be shorter
	if f.cutoff = int64(binary.LittleEndian.Uint32(head[56:])); f.cutoff != 4096 {
		f.cutoff = 4096
	}
	if err := f.readTable(head[:]); err != nil {
		return nil, err
	}
	if err := f.readDirectory(binary.LittleEndian.Uint32(head[48:]), f.shift == 9); err != nil {
		return nil, err
	}
	return f, f.readSmall(binary.LittleEndian.Uint32(head[60:]))
}

// readTable reads the allocation table: which sectors hold it stands in the header and, for large files, in a chain of
// further sectors.
func (f *File) readTable(head []byte) error {
	per := 1 << (f.shift - 2)
	need := (int(f.sectors) + per - 1) / per
	f.next = make([]uint32, 0, need*per)
	block := make([]byte, 1<<f.shift)
	add := func(sector uint32) error {
		if sector >= lastRegular || len(f.next) >= need*per {
			return nil // not used, or about sectors that the file has not
		}
		if err := f.read(sector, block); err != nil {
			return err
		}
		for i := 0; i < len(block); i += 4 {
			f.next = append(f.next, binary.LittleEndian.Uint32(block[i:]))
		}
		return nil
	}
	for i := range 109 {
		if err := add(binary.LittleEndian.Uint32(head[76+4*i:])); err != nil {
			return err
		}
	}
	more := make([]byte, 1<<f.shift)
	for sector, n := binary.LittleEndian.Uint32(head[68:]), uint32(0); sector < lastRegular && len(f.next) < need*per; n++ {
		if n > f.sectors {
			return damaged("the list of its table has no end")
		}
		if err := f.read(sector, more); err != nil {
			return err
		}
		last := len(more) - 4
		for i := 0; i < last; i += 4 {
			if err := add(binary.LittleEndian.Uint32(more[i:])); err != nil {
				return err
			}
		}
		sector = binary.LittleEndian.Uint32(more[last:])
	}
	return nil
}

// read reads one sector whole, but for the file's last, whose missing bytes are zero.
func (f *File) read(sector uint32, b []byte) error {
	at := (int64(sector) + 1) << f.shift
	if at >= f.size {
		return fmt.Errorf("%w: sector %d lies behind its end", ErrTruncated, sector)
	}
	n := min(int64(len(b)), f.size-at)
	clear(b[n:])
	return readFull(f.r, b[:n], at)
}

func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return ErrTruncated
	}
	return err
}

// chain follows the sectors from first on, until there are enough for size bytes (-1: to the chain's end).
func (f *File) chain(first uint32, size int64) (runs, error) {
	need := int64(-1)
	if size >= 0 {
		need = (size + 1<<f.shift - 1) >> f.shift
		if need > int64(f.sectors) {
			return nil, fmt.Errorf("%w: it says that a stream has %d bytes", ErrTruncated, size)
		}
	}
	var out runs
	seen := make([]uint64, f.sectors/64+1)
	for n, sector := int64(0), first; n != need; n++ {
		if sector == endOfChain && need < 0 {
			break
		}
		switch {
		case sector >= lastRegular:
			return nil, damaged("a stream ends after %d of %d sectors", n, need)
		case sector >= f.sectors:
			return nil, fmt.Errorf("%w: sector %d lies behind its end", ErrTruncated, sector)
		case seen[sector/64]>>(sector%64)&1 == 1:
			return nil, damaged("the sectors of a stream go round in a circle")
		case int(sector) >= len(f.next):
			return nil, damaged("its table does not know sector %d", sector)
		}
		seen[sector/64] |= 1 << (sector % 64)
		if last := len(out) - 1; last >= 0 && out[last].first+out[last].n == sector {
			out[last].n++
		} else {
			out = append(out, run{sector, 1})
		}
		sector = f.next[sector]
	}
	return out, nil
}

// bytes reads the whole of a chain.
func (f *File) bytes(r runs, limit int64) ([]byte, error) {
	total := int64(0)
	for _, part := range r {
		total += int64(part.n) << f.shift
	}
	if total > limit {
		return nil, damaged("a table of %d bytes", total)
	}
	out := make([]byte, 0, total)
	for _, part := range r {
		from := len(out)
		out = out[:from+int(part.n)<<f.shift]
		for i := range part.n {
			if err := f.read(part.first+i, out[from+int(i)<<f.shift:][:1<<f.shift]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (f *File) readDirectory(first uint32, short bool) error {
	where, err := f.chain(first, -1)
	if err != nil {
		return err
	}
	b, err := f.bytes(where, maxEntries*128)
	if err != nil {
		return err
	}
	for ; len(b) >= 128; b = b[128:] {
		e := entry{
			kind: b[66], left: binary.LittleEndian.Uint32(b[68:]), right: binary.LittleEndian.Uint32(b[72:]),
			child: binary.LittleEndian.Uint32(b[76:]), start: binary.LittleEndian.Uint32(b[116:]),
			size: int64(binary.LittleEndian.Uint64(b[120:]) & (1<<63 - 1)),
		}
		if short {
			e.size &= 1<<32 - 1 // the upper half may hold anything
		}
		if n := int(binary.LittleEndian.Uint16(b[64:])); n >= 2 && n <= 64 {
			e.name = wide(b[:n-2])
		}
		f.entries = append(f.entries, e)
	}
	if len(f.entries) == 0 {
		return damaged("it has no directory")
	}
	return nil
}

func wide(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// readSmall finds where the small sectors lie. A file whose streams are all long needs none of it, so trouble here is told by
// the stream that does.
func (f *File) readSmall(first uint32) error {
	if first >= lastRegular {
		return nil
	}
	table, err := f.chain(first, -1)
	if err != nil {
		return nil
	}
	if f.mini, err = f.bytes(table, f.size); err != nil {
		return err
	}
	f.short, err = f.chain(f.entries[0].start, f.entries[0].size)
	if err != nil {
		f.mini = nil
	}
	return nil
}

// top are the entries directly in the root: a tree. In a file without storages that is all of them, however broken the tree.
func (f *File) top() []int {
	var out []int
	flat := true
	for i, e := range f.entries {
		flat = flat && e.kind != storage
		if e.kind == stream {
			out = append(out, i)
		}
	}
	if flat {
		return out
	}
	out = nil
	seen := make([]bool, len(f.entries))
	waiting := []uint32{f.entries[0].child}
	for len(waiting) > 0 {
		i := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if int64(i) >= int64(len(f.entries)) || seen[i] {
			continue
		}
		seen[i] = true
		e := f.entries[i]
		waiting = append(waiting, e.left, e.right)
		if e.kind == stream || e.kind == storage {
			out = append(out, int(i))
		}
	}
	return out
}

// Has reports whether a stream or storage of this name lies directly in the file; letter case does not count.
func (f *File) Has(name string) bool {
	for _, i := range f.top() {
		if strings.EqualFold(f.entries[i].name, name) {
			return true
		}
	}
	return false
}

// Stream opens the stream of this name; letter case does not count. There being none is an io.EOF.
func (f *File) Stream(name string) (*Stream, error) {
	for _, i := range f.top() {
		e := f.entries[i]
		if e.kind != stream || !strings.EqualFold(e.name, name) {
			continue
		}
		s := &Stream{f: f, size: e.size, shift: f.shift}
		var err error
		if e.size < f.cutoff {
			s.small = true
			s.where, err = f.smallChain(e.start, e.size)
			s.shift = smallShift
		} else {
			s.where, err = f.chain(e.start, e.size)
		}
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	return nil, io.EOF
}

// smallShift: a small sector has 64 bytes.
const smallShift = 6

func (f *File) smallChain(first uint32, size int64) (runs, error) {
	total := int64(len(f.mini) / 4)
	need := (size + 1<<smallShift - 1) >> smallShift
	if need > total {
		return nil, damaged("it has no small sectors for a stream of %d bytes", size)
	}
	var out runs
	for sector := first; need > 0; need-- {
		if int64(sector) >= total {
			return nil, damaged("there is no small sector %d", sector)
		}
		out = append(out, run{sector, 1})
		sector = binary.LittleEndian.Uint32(f.mini[4*sector:])
	}
	return out, nil
}

// Stream is one stream, for reading anywhere in it.
type Stream struct {
	f     *File
	where runs
	shift uint
	small bool
	size  int64

	run  int   // the one that was read last
	from int64 // where in the stream it begins
}

// Size is how many bytes it has.
func (s *Stream) Size() int64 { return s.size }

// ReadAt reads like any io.ReaderAt, but is not safe for concurrent use. Bytes that the file should have and has not are an ErrTruncated.
func (s *Stream) ReadAt(b []byte, at int64) (int, error) {
	if at < 0 || at >= s.size {
		return 0, io.EOF
	}
	want := int(min(int64(len(b)), s.size-at))
	n := 0
	for n < want {
		got, err := s.piece(b[n:want], at+int64(n))
		if err != nil {
			return n, err
		}
		n += got
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// piece reads from the run of sectors in which at lies.
func (s *Stream) piece(b []byte, at int64) (int, error) {
	if at < s.from {
		s.run, s.from = 0, 0
	}
	for s.run < len(s.where) && at >= s.from+int64(s.where[s.run].n)<<s.shift {
		s.from += int64(s.where[s.run].n) << s.shift
		s.run++
	}
	if s.run == len(s.where) {
		return 0, ErrTruncated
	}
	r := s.where[s.run]
	within := at - s.from
	b = b[:min(int64(len(b)), int64(r.n)<<s.shift-within)]
	start := int64(r.first) << s.shift
	if s.small {
		inner := Stream{f: s.f, where: s.f.short, shift: s.f.shift, size: s.f.entries[0].size}
		n, err := inner.ReadAt(b, start+within)
		if n < len(b) && (err == nil || errors.Is(err, io.EOF)) {
			err = ErrTruncated
		} else if n == len(b) {
			err = nil
		}
		return n, err
	}
	if err := readFull(s.f.r, b, start+1<<s.shift+within); err != nil {
		return 0, err
	}
	return len(b), nil
}
