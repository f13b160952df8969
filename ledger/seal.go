package ledger

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"sync"

	"github.com/klauspost/compress/s2"
)

// Kind is what a sealed record holds.
type Kind byte

const (
	OfItems  Kind = 'i' // what EncodeItems wrote
	OfEvents Kind = 'e' // what EncodeEvents wrote
	OfTally  Kind = 't' // what Tally.Encode wrote
	OfPrints Kind = 'p' // prints, as a driver orders them
)

// How the frames of this rowferry are written is the first byte of a sealed record; whoever changes a frame takes a new number and goes on
// reading the older ones.
const (
	plain  = 1 // the record as it is
	packed = 2 // the record in S2's block format, where that is shorter
)

// A record is packed where it has so many bytes: less would not grow shorter, and what says that it holds more was not written by us.
const worthPacking, mostPacked = 128, 64 << 20

// unguarded is set by the linker alone, of a program that is built to measure what guarding costs: it writes records without
// checksums, believes what it reads, and keeps no mark.
var unguarded string

// Guarded reports whether what is written is guarded against what disks and people do to it: in every program that is not built to
// measure that.
func Guarded() bool { return unguarded == "" }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal is the form in which a driver stores a record of a chunk: how it is written, record, and a CRC-32C over both and over what it
// is and where it belongs. So neither a changed bit nor another chunk's record is taken for it.
func Seal(k Kind, file string, seq int, record []byte) []byte {
	how := byte(plain)
	if (k == OfItems || k == OfEvents) && len(record) >= worthPacking && len(record) <= mostPacked {
		room := scratch.Get().(*[]byte)
		defer scratch.Put(room)
		*room = grown(*room, s2.MaxEncodedLen(len(record)))
		if short := s2.Encode(*room, record); len(short) < len(record) {
			how, record = packed, short
		}
	}
	out := make([]byte, 0, len(record)+5)
	out = append(append(out, how), record...)
	return binary.BigEndian.AppendUint32(out, sum(k, file, seq, out))
}

// SealItems is the sealed form of a chunk's items. It keeps nothing of them.
func SealItems(c Chunk) ([]byte, error) {
	room := scratch.Get().(*[]byte)
	defer scratch.Put(room)
	record, err := EncodeItems((*room)[:0], c.Items)
	if err != nil {
		return nil, err
	}
	*room = record
	return Seal(OfItems, c.File, c.Seq, record), nil
}

// scratch is room to write in what is copied right after.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// grown is room of so many bytes, as long as it can be.
func grown(room []byte, n int) []byte {
	if cap(room) < n {
		return make([]byte, n)
	}
	return room[:cap(room)]
}

// Unseal gives the record back, which may be a part of stored. ErrAltered when it is not what was sealed there.
func Unseal(k Kind, file string, seq int, stored []byte) ([]byte, error) {
	end := len(stored) - 4
	if end < 1 || binary.BigEndian.Uint32(stored[end:]) != sum(k, file, seq, stored[:end]) {
		return nil, fmt.Errorf("file %s, chunk %d: %w", file, seq, ErrAltered)
	}
	record, err := opened(stored)
	if err != nil {
		return nil, fmt.Errorf("file %s, chunk %d: %w", file, seq, err)
	}
	return record, nil
}

var errTooLong = errors.New("it is longer than any that is packed")

// opened is the record in a seal that is believed.
func opened(stored []byte) ([]byte, error) {
	end := len(stored) - 4
	if end < 1 {
		return nil, ErrAltered
	}
	switch record := stored[1:end:end]; stored[0] {
	case plain:
		return record, nil
	case packed:
		n, err := s2.DecodedLen(record)
		if err != nil || n > mostPacked {
			return nil, fmt.Errorf("%w: %w", ErrAltered, cmp.Or(err, errTooLong))
		}
		whole, err := s2.Decode(make([]byte, n), record)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAltered, err)
		}
		return whole, nil
	}
	return nil, fmt.Errorf("written by a newer rowferry (frame %d): use that version", stored[0])
}

func sum(k Kind, file string, seq int, body []byte) uint32 {
	if !Guarded() {
		return 0
	}
	place := append(strconv.AppendInt(append([]byte{byte(k)}, file...), int64(seq), 36), '/')
	return crc32.Update(crc32.Checksum(place, castagnoli), castagnoli, body)
}
