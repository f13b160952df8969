//go:build unix

package slab_test

import (
	"runtime"
	"testing"

	"github.com/rowferry/rowferry/ledger/slab"
)

// What a slab has is not in the heap.
func TestSlabIsNotCounted(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	all := make([]*slab.Slab[byte], 64)
	for i := range all {
		all[i] = slab.New[byte](1 << 20)
		clear(all[i].All())
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(all)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the heap grew by %d for slabs of %d", grown, 64<<20)
	}
}
