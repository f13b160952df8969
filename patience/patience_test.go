package patience_test

import (
	"context"
	"errors"
	"net/http"
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

// How long to wait is said in many ways: seconds in parts, a time since 1970, dates of all kinds, twice, in milliseconds.
func TestWaysToAskForAPause(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "2.5", 2500 * time.Millisecond},
		{"Retry-After", "3s", 3 * time.Second},
		{"Retry-After", "1800000003", 3 * time.Second},
		{"Retry-After", "1800000003000", 3 * time.Second},
		{"Retry-After", "1700000000", 0},
		{"Retry-After", "2027-01-15T08:00:03Z", 3 * time.Second},
		{"Retry-After", "Fri, 15 Jan 2027 08:00:03 UTC", 3 * time.Second},
		{"Retry-After", "Fri, 15 Jan 2027 09:00:03 +0100", 3 * time.Second},
		{"Retry-After", "Friday, 15-Jan-27 08:00:03 GMT", 3 * time.Second},
		{"Retry-After", "NaN", 0},
		{"Retry-After", "inf", 0},
		{"Retry-After-Ms", "1500", 1500 * time.Millisecond},
		{"X-Ms-Retry-After-Ms", "800", 800 * time.Millisecond},
	} {
		if got := patience.Asked(http.Header{c.name: {c.value}}, now); got != c.want {
			t.Errorf("%s: %s: got %s, want %s", c.name, c.value, got, c.want)
		}
	}
	if got := patience.Asked(http.Header{"Retry-After": {"1", "3"}}, now); got != 3*time.Second {
		t.Errorf("twice: got %s", got)
	}
}
