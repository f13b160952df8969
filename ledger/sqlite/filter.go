package sqlite

import (
	"encoding/binary"
	"math/bits"

	"github.com/rowferry/rowferry/ledger"
)

// filter tells of most prints that they are not in a segment: a split block Bloom filter as Parquet has it, of 16 bits a
// print, of which 3 in 10,000 are told wrongly to be there.
type filter []byte

const blockSize = 32 // bytes: eight words of which a print sets one bit each

func newFilter(prints int) filter {
	return make(filter, max(1, (prints*2+blockSize-1)/blockSize)*blockSize)
}

var salts = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

// block is where a print's bits are and the key that says which. Pages are found by the first bytes, so these are others.
func (f filter) block(p ledger.Print) (block []byte, key uint32) {
	where, key := binary.BigEndian.Uint32(p[8:]), binary.BigEndian.Uint32(p[12:])
	at, _ := bits.Mul32(where, uint32(len(f)/blockSize))
	return f[at*blockSize : (at+1)*blockSize], key
}

func (f filter) add(p ledger.Print) {
	block, key := f.block(p)
	for i, salt := range salts {
		bit := key * salt >> 27
		block[i*4+int(bit>>3)] |= 1 << (bit & 7)
	}
}

func (f filter) may(p ledger.Print) bool {
	block, key := f.block(p)
	for i, salt := range salts {
		bit := key * salt >> 27
		if block[i*4+int(bit>>3)]&(1<<(bit&7)) == 0 {
			return false
		}
	}
	return true
}
