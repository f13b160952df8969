// Package sieve tells quickly which prints are surely not among millions of others.
package sieve

import (
	"encoding/binary"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/slab"
)

// Most is how many prints a filter is made for; a tenth more does no harm.
const Most = 1 << 18

// Filter tells of most prints that they are not among those that were added: a split block Bloom filter as Parquet has it, of about
// 32 bits a print, of which 1 in 100,000 is told wrongly to be there. All that are made are of one size, so that one shelf holds them.
type Filter struct{ bits *slab.Slab[byte] }

const (
	blockSize = 32 // bytes: eight words of which a print sets one bit each
	blocks    = (Most + Most/16) * 4 / blockSize
)

// New is an empty filter.
func New() *Filter { return &Filter{slab.New[byte](blocks * blockSize)} }

// Read is the filter whose Bytes were stored.
func Read(stored []byte) *Filter {
	f := &Filter{slab.New[byte](len(stored))}
	copy(f.bits.All(), stored)
	return f
}

// Bytes is what is stored of a filter, good for as long as the filter is reachable.
func (f *Filter) Bytes() []byte { return f.bits.All() }

// Free gives its memory back at once: nobody may use it any more. nil has none.
func (f *Filter) Free() {
	if f != nil {
		f.bits.Free()
	}
}

// Probe is where a print's bits are in any filter: in which part of it, and which of the bits of the block there.
type Probe struct {
	where uint64
	bits  [8]uint8
}

// Of is a print's probe. It is made of the print's last eight bytes.
func Of(p ledger.Print) (b Probe) {
	b.where = uint64(binary.BigEndian.Uint32(p[8:]))
	key := binary.BigEndian.Uint32(p[12:])
	for i, salt := range [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31} {
		b.bits[i] = uint8(i<<5) | uint8(key*salt>>27)
	}
	return b
}

// block is the print's in filters of so many.
func (b *Probe) block(blocks int) int { return int(b.where * uint64(blocks) >> 32) }

// Add adds a print.
func (f *Filter) Add(p ledger.Print) {
	b, all := Of(p), f.bits.All()
	at := b.block(len(all)/blockSize) * blockSize
	for _, bit := range b.bits {
		all[at+int(bit>>3)] |= 1 << (bit & 7)
	}
	runtime.KeepAlive(f.bits)
}

// Has reports whether a print may be among those that were added.
func (f *Filter) Has(b *Probe) bool {
	defer runtime.KeepAlive(f.bits)
	all := f.bits.All()
	at := b.block(len(all)/blockSize) * blockSize
	for _, bit := range b.bits {
		if all[at+int(bit>>3)]&(1<<(bit&7)) == 0 {
			return false
		}
	}
	return true
}

// Shelves hold filters, each with what it is the filter of, oldest first. Looking does not change them.
type Shelves[S any] struct {
	all   []*shelf[S]
	loose []put[S] // newer than what is on shelves, and fewer than there is room made for at a time
}

// put is a filter as it was put.
type put[S any] struct {
	of S
	*Filter
}

// shelf holds the filters of up to 64 that follow one another, turned: for each bit of a filter, those of all of them
// lie side by side. So a print is looked for among ten million others by the few places in memory where its own bits are, and
// not by one for each filter.
type shelf[S any] struct {
	of     []S // oldest first
	blocks int // of each filter
	wide   int // bytes that a bit has, one bit for each filter
	bits   *slab.Slab[byte]
}

// Put adds a filter.
func (s *Shelves[S]) Put(of S, f *Filter) {
	if s.loose = append(s.loose, put[S]{of, f}); len(s.loose) < 8 {
		return
	}
	for _, p := range s.loose {
		s.shelve(p)
		p.Free()
	}
	s.loose = nil
}

// Free gives back what the filters had, which nobody may look into any more. It may be called again.
func (s *Shelves[S]) Free() {
	for _, p := range s.loose {
		p.Free()
	}
	for _, h := range s.all {
		h.bits.Free()
	}
	*s = Shelves[S]{}
}

// shelve puts a filter on the last shelf, or on a new one where it is full or the filter has another size (of an older rowferry).
func (s *Shelves[S]) shelve(p put[S]) {
	last := len(s.all) - 1
	blocks := len(p.Bytes()) / blockSize
	if last < 0 || s.all[last].blocks != blocks || len(s.all[last].of) == 64 {
		s.all, last = append(s.all, &shelf[S]{blocks: blocks}), last+1
	}
	s.all[last].put(p.of, p.Bytes())
}

// Among says, newest filter first, of which filters prints may be, each by its index. It ends with the first error of may.
func (s *Shelves[S]) Among(probes []Probe, may func(i int, of S) error) error {
	for _, p := range slices.Backward(s.loose) {
		for i := range probes {
			if !p.Has(&probes[i]) {
				continue
			}
			if err := may(i, p.of); err != nil {
				return err
			}
		}
	}
	for _, h := range slices.Backward(s.all) {
		if err := h.among(probes, may); err != nil {
			return err
		}
	}
	return nil
}

func (h *shelf[S]) put(of S, filter []byte) {
	n := len(h.of)
	if n == 8*h.wide {
		h.widen()
	}
	turned := h.bits.All()
	for at := 0; at < len(filter); at += 8 {
		for word := binary.LittleEndian.Uint64(filter[at:]); word != 0; word &= word - 1 {
			turned[(at*8+bits.TrailingZeros64(word))*h.wide+n/8] |= 1 << (n % 8)
		}
	}
	h.of = append(h.of, of)
}

// widen makes room for eight more filters.
func (h *shelf[S]) widen() {
	rows, wide := h.blocks*blockSize*8, h.wide+1
	turned := slab.New[byte](rows*wide + 8) // eight bytes are read at once
	to, from := turned.All(), h.bits.All()
	for i := 0; h.wide > 0 && i < rows; i++ {
		copy(to[i*wide:], from[i*h.wide:(i+1)*h.wide])
	}
	h.bits.Free()
	h.wide, h.bits = wide, turned
}

func (h *shelf[S]) among(probes []Probe, may func(i int, of S) error) error {
	defer runtime.KeepAlive(h.bits)
	all, turned := ^uint64(0)>>(64-len(h.of)), h.bits.All()
	for i := range probes {
		b := &probes[i]
		at := b.block(h.blocks) * blockSize * 8
		bit := func(n int) uint64 { return binary.LittleEndian.Uint64(turned[(at+int(b.bits[n]))*h.wide:]) }
		in := all & bit(0) & bit(1) & bit(2) & bit(3) // at once: memory is slow, and this decides about most
		if in != 0 {
			in &= bit(4) & bit(5) & bit(6) & bit(7)
		}
		for ; in != 0; in &^= 1 << (bits.Len64(in) - 1) {
			if err := may(i, h.of[bits.Len64(in)-1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sieve is filters of all prints that were ever added. The zero Sieve is empty. It is safe for concurrent use.
type Sieve struct {
	mu   sync.RWMutex
	open *Filter
	n    int // in open
	full Shelves[struct{}]
}

// Add adds prints.
func (s *Sieve) Add(prints ...ledger.Print) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range prints {
		if s.open == nil {
			s.open = New()
		}
		s.open.Add(p)
		if s.n++; s.n == Most {
			s.full.Put(struct{}{}, s.open)
			s.open, s.n = nil, 0
		}
	}
}

// Clear takes all prints out.
func (s *Sieve) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full.Free()
	s.open.Free()
	s.open, s.n = nil, 0
}

// May lists the indexes of the prints that may have been added, in order; the others were not.
func (s *Sieve) May(prints []ledger.Print) (may []int) {
	probes := make([]Probe, len(prints))
	for i, p := range prints {
		probes[i] = Of(p)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range probes {
		if s.open != nil && s.open.Has(&probes[i]) {
			may = append(may, i)
		}
	}
	_ = s.full.Among(probes, func(i int, _ struct{}) error { // nothing fails
		may = append(may, i)
		return nil
	})
	slices.Sort(may)
	return slices.Compact(may)
}
