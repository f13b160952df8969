package readerstest

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// most is what a reader may hold of any file. The program's collector lets the heap grow to a multiple of what is held, so
// this is well below what the program may take altogether.
const most = 80 << 20

// Scale is one weighing, from Weigh on, of what the process holds: the memory that is reachable when the collector looks, which
// neither the number of processors nor the collector's pace nor the race detector changes. What the test itself keeps counts.
type Scale struct {
	base, high atomic.Uint64
	over       atomic.Bool
	pace       int // of the collector, as it was
}

// Weigh begins to look at every collection, and makes collections so frequent that the heap grows by a quarter between two.
func Weigh() *Scale {
	s := &Scale{pace: debug.SetGCPercent(25)}
	runtime.GC()
	held := held()
	s.base.Store(held)
	s.high.Store(held)
	s.await()
	return s
}

// await looks again after the next collection, and after each that follows until Check.
func (s *Scale) await() {
	type sentinel struct{ s *Scale }
	runtime.SetFinalizer(&sentinel{s}, func(*sentinel) {
		if !s.over.Load() {
			s.high.Store(max(s.high.Load(), held()))
			s.await()
		}
	})
}

// Check ends the weighing. It calls Errorf when more was held, over what was there at the beginning, than any file may take.
func (s *Scale) Check(t interface{ Errorf(string, ...any) }) {
	s.over.Store(true)
	debug.SetGCPercent(s.pace)
	runtime.GC()
	s.high.Store(max(s.high.Load(), held()))
	if held := s.high.Load() - s.base.Load(); held > most {
		t.Errorf("held %d MiB; %d is the most", held>>20, most>>20)
	}
}

// held is what the last collection found reachable.
func held() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
