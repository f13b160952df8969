package sqlite

import (
	"encoding/binary"

	"github.com/rowferry/rowferry/ledger"
)

// filter tells of most prints that they are not in a segment: a split block Bloom filter as Parquet has it, of 24 bits a
// print, of which 2 in 100,000 are told wrongly to be there.
type filter []byte

const blockSize = 32 // bytes: eight words of which a print sets one bit each

func newFilter(prints int) filter {
	return make(filter, max(1, (prints*3+blockSize-1)/blockSize)*blockSize)
}

// probe is where a print's bits are in any filter: in which part of it, and which of the block there.
type probe struct {
	where uint64
	bits  [4]uint64
}

// probeOf is a print's. Pages are found by its first bytes, so these are others.
func probeOf(p ledger.Print) (b probe) {
	b.where = uint64(binary.BigEndian.Uint32(p[8:]))
	key := binary.BigEndian.Uint32(p[12:])
	for i, salt := range [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31} {
		b.bits[i/2] |= 1 << (key*salt>>27 + uint32(i%2)*32)
	}
	return b
}

func (f filter) block(b *probe) []byte {
	at := b.where * uint64(len(f)/blockSize) >> 32 * blockSize
	return f[at : at+blockSize : at+blockSize]
}

func (f filter) add(p ledger.Print) {
	b := probeOf(p)
	block := f.block(&b)
	for i, bits := range b.bits {
		binary.LittleEndian.PutUint64(block[i*8:], binary.LittleEndian.Uint64(block[i*8:])|bits)
	}
}

// among appends the indexes of the prints that may be in the segment. It decides once about each, on all its bits, so that the
// processor goes on to the next while memory is slow.
func (f filter) among(may []int, probes []probe) []int {
	for i := range probes {
		b := &probes[i]
		block := f.block(b)
		missing := b.bits[0]&^binary.LittleEndian.Uint64(block) | b.bits[1]&^binary.LittleEndian.Uint64(block[8:]) |
			b.bits[2]&^binary.LittleEndian.Uint64(block[16:]) | b.bits[3]&^binary.LittleEndian.Uint64(block[24:])
		if missing == 0 {
			may = append(may, i)
		}
	}
	return may
}
