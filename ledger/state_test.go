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
