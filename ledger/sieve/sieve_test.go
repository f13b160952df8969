package sieve_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/sieve"
)

func some(r *rand.Rand, n int) []ledger.Print {
	all := make([]ledger.Print, n)
	for i := range all {
		binary.NativeEndian.PutUint64(all[i][:], r.Uint64())
		binary.NativeEndian.PutUint64(all[i][8:], r.Uint64())
	}
	return all
}

// Whatever was added is found, in the filter that it was added to, over a change of sizes and more than one shelf; others hardly ever.
func TestNothingThatWasAddedIsMissed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var shelves sieve.Shelves[int]
	var added [][]ledger.Print
	for n := range 70 { // two shelves and an older one
		f := sieve.Read(make([]byte, 32<<10))
		if n < 2 {
			f = sieve.Read(make([]byte, 16<<10))
		}
		added = append(added, some(r, 100))
		for _, p := range added[n] {
			f.Add(p)
		}
		shelves.Put(n, f)
	}
	wrong := 0
	for n, prints := range added {
		var probes []sieve.Probe
		for _, p := range prints {
			probes = append(probes, sieve.Of(p))
		}
		found := make([]int, len(prints))
		last := 70
		for _, err := range []error{shelves.Among(probes, func(i, of int) error {
			if of == n {
				found[i]++
			} else {
				wrong++
			}
			return nil
		}), shelves.Among(probes[:1], func(_, of int) error {
			if of >= last {
				t.Errorf("filter %d after %d", of, last)
			}
			last = of
			return nil
		})} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if slices.Contains(found, 0) {
			t.Errorf("prints of filter %d are missed", n)
		}
	}
	if wrong > 10 {
		t.Errorf("%d prints were told to be where they are not", wrong)
	}
}

// A sieve that was filled over several filters has what was added, and says of nearly all others that they were not.
func TestSieve(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var s sieve.Sieve
	if may := s.May(some(r, 10)); len(may) > 0 {
		t.Errorf("an empty sieve: %v", may)
	}
	prints := some(r, sieve.Most+1000)
	for part := range slices.Chunk(prints, 10_000) {
		s.Add(part...)
	}
	if may := s.May(prints); len(may) != len(prints) {
		t.Errorf("%d of %d are found", len(may), len(prints))
	}
	if may := s.May(some(r, 20_000)); len(may) > 50 {
		t.Errorf("%d of 20,000 others may be there", len(may))
	}
}
