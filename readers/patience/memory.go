package patience

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// most is what a reader may hold of any file. The program's collector lets the heap grow to a multiple of what is held, so
// this is well below what the program may take altogether.
const most = 64 << 20

// scale weighs what the process holds: the memory that is reachable when the collector looks, which neither the number of
// processors nor the collector's pace nor the race detector changes.
type scale struct {
	base, high atomic.Uint64
	over       atomic.Bool
	pace       int // of the collector, as it was
}

// weigh begins to look at every collection, and makes collections so frequent that no heap grows by half between two.
func weigh() *scale {
	s := &scale{pace: debug.SetGCPercent(25)}
	runtime.GC()
	held := held()
	s.base.Store(held)
	s.high.Store(held)
	s.await()
	return s
}

// await looks again after the next collection, and after each that follows until stop.
func (s *scale) await() {
	type sentinel struct{ s *scale }
	runtime.SetFinalizer(&sentinel{s}, func(*sentinel) {
		if !s.over.Load() {
			s.high.Store(max(s.high.Load(), held()))
			s.await()
		}
	})
}

// stop ends the looking and gives the most that was held more than at the beginning.
func (s *scale) stop() uint64 {
	s.over.Store(true)
	debug.SetGCPercent(s.pace)
	runtime.GC()
	s.high.Store(max(s.high.Load(), held()))
	return s.high.Load() - s.base.Load()
}

// held is what the last collection found reachable.
func held() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
