package inbox

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // time zones also where the system has none

	"github.com/rowferry/rowferry/configs"
)

// Timetable says when a place is looked at: after a pause, or at the times of a cron line.
type Timetable struct {
	every    time.Duration
	schedule schedule
}

// TimetableOf is that of an inbox, with which Check finds nothing wrong.
func TimetableOf(in configs.Inbox) (*Timetable, error) {
	if in.Schedule == "" {
		return &Timetable{every: in.Every}, nil
	}
	line := in.Schedule
	if in.TimeZone != "" {
		line = "CRON_TZ=" + in.TimeZone + " " + line
	}
	schedule, err := parseSchedule(line)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", in.Schedule, err)
	}
	return &Timetable{schedule: schedule}, nil
}

// Next is when the look is due that follows one which lasted from began to ended. It may lie in the past: then the time
// was missed, and one look now makes up for all that were.
func (t *Timetable) Next(began, ended time.Time) time.Time {
	if t.schedule == nil {
		return ended.Add(t.every)
	}
	return t.schedule.Next(began.Round(0))
}

// Rhythm knows when the next look of one place is worth while. The first is at once; then the timetable decides, and
// files that are settling are looked at again when they may have settled, so that one scheduled time is enough to take
// them. It is safe for concurrent use.
type Rhythm struct {
	Timetable *Timetable
	Clock     func() time.Time // nil: time.Now
	mu        sync.Mutex
	began     time.Time
	listed    time.Duration // how long the listing took
	ended     time.Time
	due       time.Time
	back      time.Time // what the clock was set back to since the last look; zero: it was not
}

// Now is the rhythm's clock.
func (r *Rhythm) Now() time.Time {
	if r.Clock == nil {
		return time.Now()
	}
	return r.Clock()
}

// Began notes that a look begins. Scheduled times up to now need no look of their own any more.
func (r *Rhythm) Began() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began, r.back = r.Now(), time.Time{}
}

// Listed notes that the folder has been looked through; what follows is work on the files.
func (r *Rhythm) Listed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listed = r.Now().Sub(r.began)
}

// Ended notes that the look is over, and when to follow it up; the zero time when nothing is settling.
func (r *Rhythm) Ended(followUp time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = r.Now()
	r.due = r.Timetable.Next(r.began, r.ended)
	if !followUp.IsZero() && followUp.Before(r.due) {
		r.due = followUp
	}
}

// Due is when the next look is worth while.
func (r *Rhythm) Due() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.due
}

// NotBefore is the earliest moment for a look that nobody scheduled: least after the last one, and long enough after
// it that listing the folder takes a twentieth of the time.
func (r *Rhythm) NotBefore(least time.Duration) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended.Add(max(least, 20*r.listed))
}

// longestNap bounds how late a step of the wall clock, or a machine that slept, can make a look.
const longestNap = 30 * time.Second

// Left is how long to sleep before asking again; 0 when the look is due. A wall clock that was set back since the last look has gone back
// over scheduled times: they count once more.
func (r *Rhythm) Left() time.Duration {
	now, due := r.Now(), r.Due()
	if again, back := r.setBack(now); back && again.Before(due.Round(0)) {
		due = again
	}
	return max(0, min(longestNap, due.Sub(now)))
}

// setBack reports whether the wall clock shows a time before the last look, and what the schedule says then.
func (r *Rhythm) setBack(now time.Time) (next time.Time, back bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Timetable.schedule == nil || !now.Round(0).Before(r.began.Round(0)) {
		return time.Time{}, false
	}
	if r.back.IsZero() || now.Round(0).Before(r.back) {
		r.back = now.Round(0)
	}
	return r.Timetable.schedule.Next(r.back), true
}
