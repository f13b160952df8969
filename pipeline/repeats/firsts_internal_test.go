package repeats

import (
	"math/rand/v2"
	"testing"
)

// Every key has the row that was put under it, the least and the greatest too, and no other has one.
func TestFirsts(t *testing.T) {
	var f firsts
	want := map[uint64]int{}
	put := func(key uint64, row int) {
		if _, known := f.row(key); !known {
			f.put(key, row)
			want[key] = row
		}
	}
	put(0, 7)
	put(1<<64-1, 8)
	for i := range 20_000 {
		put(rand.Uint64(), i+2)
		put(rand.Uint64N(5000)<<24, i+2) // close to each other, and again and again
	}
	for key, row := range want {
		if got, known := f.row(key); !known || got != row {
			t.Fatalf("%x: %d %v, want %d", key, got, known, row)
		}
	}
	for range 20_000 {
		if key := rand.Uint64() | 2; want[key] == 0 {
			if row, known := f.row(key); known {
				t.Fatalf("%x, which was never put, is of row %d", key, row)
			}
		}
	}
}
