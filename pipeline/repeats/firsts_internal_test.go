package repeats

import (
	"math/rand/v2"
	"testing"
)

// Every key has the row that was written for it, the least and the greatest too, and no other has one.
func TestFirsts(t *testing.T) {
	var f firsts
	want := map[uint64]int{}
	put := func(key uint64, row int) {
		at := f.at(key)
		if *at != want[key] {
			t.Fatalf("%x: %d, want %d", key, *at, want[key])
		}
		if *at == 0 {
			*at, want[key] = row, row
		}
	}
	put(0, 7)
	put(1<<64-1, 8)
	for i := range 20_000 {
		put(rand.Uint64(), i+2)
		put((rand.Uint64N(5000)+1)<<24, i+2) // close to each other, and again and again
	}
	for key, row := range want {
		if got := *f.at(key); got != row {
			t.Fatalf("%x: %d, want %d", key, got, row)
		}
	}
}
