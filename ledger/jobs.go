package ledger

import (
	"context"
	"log/slog"
	"time"
)

// JobKind says what is to be done.
type JobKind string

// What machines that share a ledger hand out to each other.
const (
	JobLook   JobKind = "look"   // into the inbox of a route, the ID
	JobTake   JobKind = "take"   // a file, the ID, that was claimed or uploaded
	JobReport JobKind = "report" // a file, the ID, whose rows all have an outcome
	JobNotify JobKind = "notify" // people of what happened
	JobPrune  JobKind = "prune"  // what was kept long enough
	JobSweep  JobKind = "sweep"  // the books for what is to be done and was not handed out
)

// JobKinds are all of them.
func JobKinds() []JobKind {
	return []JobKind{JobLook, JobTake, JobReport, JobNotify, JobPrune, JobSweep}
}

// Job is a piece of work for whichever machine comes to it first. It carries an id and nothing else: what is to be done, and whether it still is,
// the books say, so that it may be lost, repeated, or done by two machines at once.
type Job struct {
	Kind  JobKind
	ID    string
	Queue string // which machines may do it: those that work this queue. Letters, digits, underscores and hyphens
}

// Jobs is how owners beside each other hand out work. It is safe for concurrent use.
type Jobs interface {
	// Hand hands jobs out. One of the same kind, id and queue that waits or is under way already stands for it.
	Hand(ctx context.Context, jobs ...Job) error
	// Work does jobs until ctx ends, and hands back what was under way then. Called again only after it has returned.
	Work(ctx context.Context, s Shift) error
	// Failing lists the jobs of a kind that have failed so many times in a row, with why.
	Failing(ctx context.Context, kind JobKind, times int) ([]Failing, error)
}

// Shift is what a machine works.
type Shift struct {
	Queues  map[string]int                               // how many jobs of each queue at the same time
	Do      func(ctx context.Context, j Job) error       // does one, which may have been done before or be done elsewhere; an error has it done again later
	Again   func(kind JobKind, failed int) time.Duration // the pause after so many failures in a row
	Regular []Regular                                    // handed out by one of the machines, whichever; the same on all
	Log     *slog.Logger
}

// Regular is a job that is handed out again and again, at the start too.
type Regular struct {
	Job
	Next func(after time.Time) time.Time
}

// Every is a Regular's Next: all that have the same pause are due at the same moment, and cost one write together.
func Every(pause time.Duration) func(time.Time) time.Time {
	return func(after time.Time) time.Time { return after.Truncate(pause).Add(pause) }
}

// Failing is a job that fails.
type Failing struct {
	ID  string
	Why string
}

// Queue is how much work of one kind there is.
type Queue struct {
	Kind    JobKind   `json:"kind"`
	Waiting int       `json:"waiting"`         // for a machine
	Running int       `json:"running"`         // on one
	Failed  int       `json:"failed"`          // to be tried again
	Oldest  time.Time `json:"oldest,omitzero"` // since when the oldest waits that could be done now
}

// Age is for how long the oldest has waited; 0 when none waits.
func (q Queue) Age(now time.Time) time.Duration {
	if q.Oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(q.Oldest))
}
