package mappers

import (
	"bytes"
	"encoding/binary"

	"github.com/klauspost/compress/s2"
)

// pile keeps what rows add to their groups until all have been read. It lies in blocks that are packed, for rows say much the same: a
// quarter of the room. Rows of one group are a chain, from the last to the first.
type pile struct {
	open   []byte   // the newest block
	packed [][]byte // the others
	seen   [16]seen // those that were looked into last
	turn   int
	room   []byte
}

type seen struct {
	at    int // in packed, from 1
	block []byte
}

// blockSize is from how many bytes on a block is full. Little of it is wanted at a time where groups lie apart.
const blockSize = 8 << 10

// link is where a row of a chain is: its block and place there, counted from 1.
type link uint64

// add puts a row before which the chain is as last says.
func (p *pile) add(last link, row int, element []byte) link {
	at := link(len(p.packed)<<32 | len(p.open) + 1)
	p.open = binary.AppendUvarint(p.open, uint64(last))
	p.open = binary.AppendUvarint(p.open, uint64(row))
	p.open = binary.AppendUvarint(p.open, uint64(len(element)))
	if p.open = append(p.open, element...); len(p.open) >= blockSize {
		p.room = s2.Encode(p.room[:cap(p.room)], p.open)
		p.packed = append(p.packed, bytes.Clone(p.room))
		p.open = p.open[:0]
	}
	return at
}

// row is what was added, and how the chain was before. element is valid until the next call.
func (p *pile) row(at link) (last link, row int, element []byte) {
	rest := p.block(int(at >> 32))[at&(1<<32-1)-1:]
	var numbers [3]uint64
	for i := range numbers {
		n, used := binary.Uvarint(rest)
		numbers[i], rest = n, rest[used:]
	}
	return link(numbers[0]), int(numbers[1]), rest[:numbers[2]]
}

func (p *pile) block(n int) []byte {
	if n == len(p.packed) {
		return p.open
	}
	for i := range p.seen {
		if p.seen[i].at == n+1 {
			return p.seen[i].block
		}
	}
	p.turn = (p.turn + 1) % len(p.seen)
	s := &p.seen[p.turn]
	block, err := s2.Decode(s.block[:cap(s.block)], p.packed[n])
	if err != nil {
		panic(err) // it was packed here
	}
	*s = seen{n + 1, block}
	return block
}
