package ledger

import (
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Attempts go on counting over a resend, also where nothing was written before a request left.
func TestAttemptsOutlastAResend(t *testing.T) {
	settled := func(n int, s batch.Status) Event {
		return Event{Kind: EventSettled, Verdict: &Verdict{Outcome: batch.Outcome{Status: s, Attempts: n}}}
	}
	var s ItemState
	s.Apply(settled(2, batch.Rejected))
	s.Apply(Event{Kind: EventRequeued})
	if s.Attempts != 2 || s.Verdict != nil || s.Lost {
		t.Fatalf("%+v", s)
	}
	s.Apply(Event{Kind: EventSending, Attempt: 3, At: time.Now()})
	s.Apply(settled(3, batch.Unknown))
	s.Apply(Event{Kind: EventRequeued})
	if s.Attempts != 3 || !s.Lost || s.InFlight {
		t.Fatalf("what was unknown may have been executed: %+v", s)
	}
}

// A process that is killed writes nothing of what it had under way: that it may have been executed outlasts the attempts that follow.
func TestWhatWasInFlightMayHaveBeenExecuted(t *testing.T) {
	var s ItemState
	for n := range 2 {
		s.Apply(Event{Kind: EventSending, Attempt: n + 1})
	}
	s.Apply(Event{Kind: EventWaiting, Attempt: 2})
	if !s.Lost || s.InFlight || s.Attempts != 2 {
		t.Fatalf("%+v", s)
	}
}

// Stored times are believed as far as they were meant: a clock that was set back makes nothing sleep longer than it was told
// to, and one that was set forward fails nothing early.
func TestClocksThatWereSet(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var s ItemState
	s.Apply(Event{Kind: EventSending, At: noon, Attempt: 1})
	s.Apply(Event{Kind: EventWaiting, At: noon.Add(time.Minute), Until: noon.Add(6 * time.Minute), Attempt: 1})
	for _, c := range []struct{ now, pause, tried time.Duration }{
		{2 * time.Minute, 4 * time.Minute, 2 * time.Minute},
		{6 * time.Minute, 0, 6 * time.Minute},
		{10 * time.Minute, 0, 6 * time.Minute},
		{24 * time.Hour, 0, 6 * time.Minute},
		{-time.Hour, 5 * time.Minute, time.Minute},
		{-24 * time.Hour, 5 * time.Minute, time.Minute},
	} {
		if p, w := s.Pause(noon.Add(c.now)), s.Tried(noon.Add(c.now)); p != c.pause || w != c.tried {
			t.Errorf("%v after it was sent first: pauses %v, want %v; was tried for %v, want %v", c.now, p, c.pause, w, c.tried)
		}
	}
	var fresh ItemState
	if fresh.Pause(noon) != 0 || fresh.Tried(noon) != 0 {
		t.Error("what was never tried")
	}
}
