package readerstest

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

type heard []string

func (h *heard) Errorf(format string, args ...any) { *h = append(*h, fmt.Sprintf(format, args...)) }

func TestCheck(t *testing.T) {
	t.Logf("this machine is %.2f times as slow as the usual one", slowness())
	var h heard
	w := Start()
	w.Check(&h)
	if len(h) > 0 {
		t.Error(h)
	}
	w.began -= time.Duration(slowness()*float64(limit)) + time.Second
	w.Check(&h)
	if len(h) != 1 {
		t.Errorf("too much time was let pass: %v", h)
	}
}

// What is held at once counts; what is only used and given back does not.
func TestMemory(t *testing.T) {
	for name, c := range map[string]struct{ keep, want int }{"little": {10 << 20, 0}, "much": {2 * most, 1}} {
		var h heard
		s := Weigh()
		kept := make([][]byte, 0, c.keep>>20)
		for range 20 * most >> 20 {
			if len(kept) == cap(kept) {
				clear(kept)
				kept = kept[:0]
			}
			kept = append(kept, make([]byte, 1<<20))
		}
		s.Check(&h)
		runtime.KeepAlive(kept)
		if len(h) != c.want {
			t.Errorf("%s: %v", name, h)
		}
	}
}
