// Package patience says how long to wait between tries that fail: a pause that doubles from the first to the longest.
package patience

import (
	"context"
	"errors"
	"time"
)

// Pause is the pause after so many failures in a row, 1 and more.
func Pause(first, longest time.Duration, failures int) time.Duration {
	for pause := first; ; pause *= 2 {
		if failures--; failures < 1 || pause >= longest {
			return min(pause, longest)
		}
	}
}

// Patience counts the failures of one thing that is tried again and again. It is used by one goroutine.
type Patience struct {
	First, Longest time.Duration

	failures int
	until    time.Time
}

// Failed notes a failure now and gives the pause that it costs.
func (p *Patience) Failed(now time.Time) time.Duration {
	p.failures++
	pause := p.Pause()
	p.until = now.Add(pause)
	return pause
}

// Asked notes a failure now whose other side asks for a pause; it is not shorter than the failure costs by itself.
func (p *Patience) Asked(now time.Time, pause time.Duration) time.Duration {
	pause = max(pause, p.Failed(now))
	p.until = now.Add(pause)
	return pause
}

// Worked notes that a try went well: nothing is to be tried again.
func (p *Patience) Worked() { p.failures, p.until = 0, time.Time{} }

// Tried reports whether the last try failed.
func (p *Patience) Tried() bool { return p.failures > 0 }

// Pause is the pause that is under way or was the last one; 0 without a failure.
func (p *Patience) Pause() time.Duration {
	if p.failures == 0 {
		return 0
	}
	return Pause(p.First, p.Longest, p.failures)
}

// Due reports whether the pause is over.
func (p *Patience) Due(now time.Time) bool { return !now.Before(p.until) }

// Wait sits the pause out.
func (p *Patience) Wait(ctx context.Context) error {
	timer := time.NewTimer(time.Until(p.until))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// WaitOr waits as other does, and after a failure no longer than the pause.
func (p *Patience) WaitOr(ctx context.Context, other func(context.Context) error) error {
	if !p.Tried() {
		return other(ctx)
	}
	until, cancel := context.WithDeadline(ctx, p.until)
	defer cancel()
	if err := other(until); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ctx.Err()
}
