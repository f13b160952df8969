// Package slab holds memory that the garbage collector neither looks into nor counts: the heap may grow by a part of what lives in it, so that
// each byte of what lives long and has no pointers would cost more than itself.
package slab

import (
	"runtime"
	"unsafe"
)

// Slab is n values, zero at first. Its memory is given back when it is freed or cannot be reached any more: so long All is good, and whoever
// may have the slab alone keeps it alive meanwhile (runtime.KeepAlive). nil has no values.
type Slab[T byte | uint64] struct {
	all     []T
	mapped  []byte // all, as the system gave it; nil: they lie in the heap
	cleanup runtime.Cleanup
}

// New is a slab of n values. Where the system gives no such memory they lie in the heap.
func New[T byte | uint64](n int) *Slab[T] {
	var one T
	mapped := mapping(n * int(unsafe.Sizeof(one)))
	if mapped == nil {
		return &Slab[T]{all: make([]T, n)}
	}
	s := &Slab[T]{all: unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mapped))), n), mapped: mapped}
	s.cleanup = runtime.AddCleanup(s, unmap, mapped)
	return s
}

// All are its values.
func (s *Slab[T]) All() []T {
	if s == nil {
		return nil
	}
	return s.all
}

// Free gives the memory back at once; nobody may use what All gave. The slab has no values any more.
func (s *Slab[T]) Free() {
	if s == nil {
		return
	}
	if s.mapped != nil {
		s.cleanup.Stop()
		unmap(s.mapped)
	}
	s.all, s.mapped = nil, nil
}
