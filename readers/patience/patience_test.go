package patience

import (
	"fmt"
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
