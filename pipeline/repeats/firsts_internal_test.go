package repeats

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// Every key has the row that was put for it, the least and the greatest too, whether it is still in memory or in a run of any age; no
// other has one.
func TestFirsts(t *testing.T) {
	checkFirsts(t, 40)
}

// Where no temporary file can be made they stay in memory.
func TestFirstsWithoutTemporaryFiles(t *testing.T) {
	for _, name := range []string{"TMPDIR", "TMP", "TEMP", "USERPROFILE"} {
		t.Setenv(name, filepath.Join(t.TempDir(), "nowhere"))
	}
	checkFirsts(t, 0)
}

func checkFirsts(t *testing.T, runs int) {
	t.Helper()
	defer func(size int) { runSize = size }(runSize)
	runSize = 250
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
	for i := range 10_000 {
		put(rand.Uint64(), i+2)
		put((rand.Uint64N(1000)+1)<<24, i+2) // close to each other, and again and again
	}
	if len(f.runs) < runs || runs == 0 && len(f.runs) > 0 {
		t.Fatalf("%d runs", len(f.runs))
	}
	for key, row := range want {
		if got, err := f.of(key); got != row || err != nil {
			t.Fatalf("%x: %d, want %d (%v)", key, got, row, err)
		}
	}
}
