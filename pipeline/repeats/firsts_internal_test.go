package repeats

import (
	"math/rand/v2"
	"testing"
)

// Every key has the row that was put for it, the least and the greatest too, whether it is still in memory or in a run of any age; no
// other has one.
func TestFirsts(t *testing.T) {
	defer func(size int) { runSize = size }(runSize)
	runSize = 1000
	var f firsts
	defer f.close()
	want := map[uint64]int{}
	put := func(key uint64, row int) {
		t.Helper()
		at, err := f.of(key)
		if err != nil {
			t.Fatal(err)
		}
		if at != want[key] {
			t.Fatalf("%x: %d, want %d", key, at, want[key])
		}
		if at != 0 {
			return
		}
		if err := f.put(key, row); err != nil {
			t.Fatal(err)
		}
		want[key] = row
	}
	put(1, 7)
	put(1<<64-1, 8)
	for i := range 40_000 {
		put(rand.Uint64(), i+2)
		put((rand.Uint64N(5000)+1)<<24, i+2) // close to each other, and again and again
	}
	if len(f.runs) < 40 {
		t.Fatalf("%d runs", len(f.runs))
	}
	for key, row := range want {
		if got, err := f.of(key); got != row || err != nil {
			t.Fatalf("%x: %d, want %d (%v)", key, got, row, err)
		}
	}
}
