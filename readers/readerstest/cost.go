// Package readerstest judges in tests whether a hostile file ended soon enough and in little memory, on whatever machine: by the
// processor's time that the process used, measured against a fixed piece of work, and by what it held, so that neither a
// busy machine nor a slow one, nor the race detector, changes the verdict.
package readerstest

import (
	"sync"
	"time"
)

// limit is how long a file may take on the machine that this was written on.
const limit = 10 * time.Second

// usual is what the fixed work takes there.
const usual = 110 * time.Millisecond

// Watch is one measurement, from Start on. Nothing else may run in the process meanwhile.
type Watch struct{ began time.Duration }

// Start begins a measurement.
func Start() Watch {
	slowness()
	return Watch{used()}
}

// Check calls Errorf when more time was used than any file may take.
func (w Watch) Check(t interface{ Errorf(string, ...any) }) {
	if took, most := used()-w.began, time.Duration(slowness()*float64(limit)); took > most {
		t.Errorf("took %v of processor time; %v is the most on this machine", took, most)
	}
}

// slowness is how many times longer than usual the fixed work takes here, at least 1.
var slowness = sync.OnceValue(func() float64 {
	table := make([]uint32, 1<<16)
	began := used()
	x := uint32(1)
	for range 1 << 25 {
		x = x*1664525 + 1013904223
		table[x>>16] += x
	}
	if table[0] == 0 && x == 0 {
		return 1 // never; the work must not be left out
	}
	return max(1, float64(used()-began)/float64(usual))
})
