package sqlite

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/rowferry/rowferry/ledger"
)

// filter tells of most prints that they are not in a segment: a split block Bloom filter as Parquet has it, of about 32 bits a
// print, of which 1 in 100,000 is told wrongly to be there.
type filter []byte

const (
	blockSize = 32                                  // bytes: eight words of which a print sets one bit each
	blocks    = (tailSize + 64*256) * 4 / blockSize // of a filter; all that are made are of one size, so that one shelf holds them
)

func newFilter() filter { return make(filter, blocks*blockSize) }

// probe is where a print's bits are in any filter: in which part of it, and which of the bits of the block there.
type probe struct {
	where uint64
	bits  [8]uint8
}

// probeOf is a print's. Pages are found by its first bytes, so these are others.
func probeOf(p ledger.Print) (b probe) {
	b.where = uint64(binary.BigEndian.Uint32(p[8:]))
	key := binary.BigEndian.Uint32(p[12:])
	for i, salt := range [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31} {
		b.bits[i] = uint8(i<<5) | uint8(key*salt>>27)
	}
	return b
}

// block is the print's in filters of so many.
func (b *probe) block(blocks int) int { return int(b.where * uint64(blocks) >> 32) }

func (f filter) add(p ledger.Print) {
	b := probeOf(p)
	at := b.block(len(f)/blockSize) * blockSize
	for _, bit := range b.bits {
		f[at+int(bit>>3)] |= 1 << (bit & 7)
	}
}

// shelf holds the filters of up to 64 segments that follow one another, turned: for each bit of a filter, those of all of them
// lie side by side. So a print is looked for among ten million others by the few places in memory where its own bits are, and
// not by one for each segment.
type shelf struct {
	segments []*segment // oldest first
	blocks   int        // of each filter
	wide     int        // bytes that a bit has, one bit for each segment
	bits     []byte
}

// shelve puts the next segment's filter on the last shelf, or on a new one where it is full or the filter has another size (of an
// older rowferry).
func shelve(shelves []*shelf, s *segment, f filter) []*shelf {
	last := len(shelves) - 1
	if last < 0 || shelves[last].blocks != len(f)/blockSize || len(shelves[last].segments) == 64 {
		shelves, last = append(slices.Clip(shelves), &shelf{blocks: len(f) / blockSize}), last+1
	}
	shelves[last].put(s, f)
	return shelves
}

func (h *shelf) put(s *segment, f filter) {
	n := len(h.segments)
	if n == 8*h.wide {
		h.widen()
	}
	for at := 0; at < len(f); at += 8 {
		for word := binary.LittleEndian.Uint64(f[at:]); word != 0; word &= word - 1 {
			h.bits[(at*8+bits.TrailingZeros64(word))*h.wide+n/8] |= 1 << (n % 8)
		}
	}
	h.segments = append(h.segments, s)
}

// widen makes room for eight more filters.
func (h *shelf) widen() {
	rows, wide := h.blocks*blockSize*8, h.wide+1
	turned := make([]byte, rows*wide+8) // eight bytes are read at once
	for i := 0; h.wide > 0 && i < rows; i++ {
		copy(turned[i*wide:], h.bits[i*h.wide:(i+1)*h.wide])
	}
	h.wide, h.bits = wide, turned
}

// maybe is a print, by its index, and a segment that it may be in.
type maybe struct {
	print   int
	segment *segment
}

// among appends where the prints may be, each print's newest segment first.
func (h *shelf) among(may []maybe, probes []probe) []maybe {
	all := ^uint64(0) >> (64 - len(h.segments))
	for i := range probes {
		b := &probes[i]
		at := b.block(h.blocks) * blockSize * 8
		bit := func(n int) uint64 { return binary.LittleEndian.Uint64(h.bits[(at+int(b.bits[n]))*h.wide:]) }
		in := all & bit(0) & bit(1) & bit(2) & bit(3) // at once: memory is slow, and this decides about most
		if in != 0 {
			in &= bit(4) & bit(5) & bit(6) & bit(7)
		}
		for ; in != 0; in &^= 1 << (bits.Len64(in) - 1) {
			may = append(may, maybe{i, h.segments[bits.Len64(in)-1]})
		}
	}
	return may
}
