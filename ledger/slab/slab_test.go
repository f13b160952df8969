package slab_test

import (
	"runtime"
	"testing"

	"github.com/rowferry/rowferry/ledger/slab"
)

// Every value is zero at first and keeps what is written into it, also while the collector works and other slabs come and go; a freed slab and
// none at all have no values.
func TestSlab(t *testing.T) {
	kept := slab.New[uint64](100_000)
	for i := range kept.All() {
		if kept.All()[i] != 0 {
			t.Fatalf("value %d is %d at first", i, kept.All()[i])
		}
		kept.All()[i] = uint64(i) << 32
	}
	for n := range 50 {
		passing := slab.New[byte](1 << 20)
		passing.All()[n] = 1
		if n%2 == 0 {
			passing.Free()
			passing.Free()
			if len(passing.All()) > 0 {
				t.Fatal("a freed slab has values")
			}
		}
		runtime.GC()
	}
	for i, v := range kept.All() {
		if v != uint64(i)<<32 {
			t.Fatalf("value %d is %x", i, v)
		}
	}
	var none *slab.Slab[byte]
	none.Free()
	if len(none.All()) > 0 {
		t.Fatal("none has values")
	}
}
