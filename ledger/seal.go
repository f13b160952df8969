package ledger

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
)

// Kind is what a sealed record holds.
type Kind byte

const (
	OfItems  Kind = 'i' // what EncodeItems wrote
	OfEvents Kind = 'e' // what EncodeEvents wrote
	OfTally  Kind = 't' // what Tally.Encode wrote
	OfPrints Kind = 'p' // prints, as a driver orders them
)

// version is how the frames of this rowferry are written. It is the first byte of a sealed record; whoever changes a frame
// raises it and goes on reading the older ones.
const version = 1

// unguarded is set by the linker alone, of a program that is built to measure what guarding costs: it writes records without
// checksums, believes what it reads, and keeps no mark.
var unguarded string

// Guarded reports whether what is written is guarded against what disks and people do to it: in every program that is not built to
// measure that.
func Guarded() bool { return unguarded == "" }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal is the form in which a driver stores a record of a chunk: version, record, and a CRC-32C over both and over what it
// is and where it belongs. So neither a changed bit nor another chunk's record is taken for it.
func Seal(k Kind, file string, seq int, record []byte) []byte {
	out := make([]byte, 0, len(record)+5)
	out = append(append(out, version), record...)
	return binary.BigEndian.AppendUint32(out, sum(k, file, seq, out))
}

// Unseal gives the record back: a part of stored. ErrAltered when it is not what was sealed there.
func Unseal(k Kind, file string, seq int, stored []byte) ([]byte, error) {
	end := len(stored) - 4
	if end < 1 || binary.BigEndian.Uint32(stored[end:]) != sum(k, file, seq, stored[:end]) {
		return nil, fmt.Errorf("file %s, chunk %d: %w", file, seq, ErrAltered)
	}
	if stored[0] != version {
		return nil, fmt.Errorf("file %s, chunk %d: written by a newer rowferry (frame %d): use that version", file, seq, stored[0])
	}
	return stored[1:end:end], nil
}

func sum(k Kind, file string, seq int, body []byte) uint32 {
	if !Guarded() {
		return 0
	}
	place := append(strconv.AppendInt(append([]byte{byte(k)}, file...), int64(seq), 36), '/')
	return crc32.Update(crc32.Checksum(place, castagnoli), castagnoli, body)
}
