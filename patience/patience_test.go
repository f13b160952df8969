package patience_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rowferry/rowferry/patience"
)

// The pause doubles up to the longest, and begins anew once a try went well.
func TestPauseDoubles(t *testing.T) {
	p := patience.Patience{First: time.Second, Longest: 5 * time.Second}
	now := time.Now()
	if !p.Due(now) || p.Tried() || p.Pause() != 0 {
		t.Errorf("before the first try: %+v", p)
	}
	for i, want := range []time.Duration{1, 2, 4, 5, 5} {
		got := p.Failed(now)
		if got != want*time.Second || p.Pause() != got || p.Due(now.Add(got-1)) || !p.Due(now.Add(got)) {
			t.Errorf("failure %d: %s", i+1, got)
		}
	}
	p.Worked()
	if !p.Due(now) || p.Failed(now) != time.Second {
		t.Error("it did not begin anew")
	}
	if got := patience.Pause(time.Second, time.Hour, 10_000); got != time.Hour {
		t.Errorf("after very many failures: %s", got)
	}
	if got := patience.Pause(time.Minute, time.Second, 1); got != time.Second {
		t.Errorf("a first pause beyond the longest: %s", got)
	}
}

// After a failure nobody waits longer than the pause, whatever else there is to wait for; without one, as long as that lasts.
func TestWaitOr(t *testing.T) {
	p := patience.Patience{First: time.Millisecond, Longest: time.Millisecond}
	forever := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	p.Failed(time.Now())
	if err := p.WaitOr(t.Context(), forever); err != nil {
		t.Error(err)
	}
	other := errors.New("other")
	if err := p.WaitOr(t.Context(), func(context.Context) error { return other }); !errors.Is(err, other) {
		t.Error(err)
	}
	p.Worked()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.WaitOr(ended, forever); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.Failed(time.Now().Add(time.Hour))
	if err := p.Wait(ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
