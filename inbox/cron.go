package inbox

import (
	"errors"
	"time"

	"github.com/netresearch/go-cron"
)

// schedule tells when something is due.
type schedule interface {
	// Next is the first time after t.
	Next(t time.Time) time.Time
}

var cronFields = cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom | cron.Descriptor)

// parseSchedule reads five cron fields (minute hour day month weekday), with CRON_TZ=Asia/Shanghai before them where the
// times are those of another zone. As with every cron, where both days are given, either will do. What would be due at an hour that
// is left out when clocks go forward is due at once then; in one that comes twice it is due twice.
func parseSchedule(line string) (schedule, error) {
	s, err := cronFields.Parse(line)
	if err != nil {
		return nil, err
	}
	if fields, ok := s.(*cron.SpecSchedule); ok {
		zone := fields.Location
		fields.Location = time.UTC
		s = &zoned{fields, zone}
	}
	if s.Next(time.Now()).IsZero() {
		return nil, errors.New("there is no such day")
	}
	return s, nil
}

// zoned asks the fields about the time that clocks on a wall show, which they take for one without summer time.
type zoned struct {
	fields cron.Schedule
	zone   *time.Location
}

// Next goes from one change of the clocks to the next: between two of them the wall's time is the world's, shifted.
func (z *zoned) Next(after time.Time) time.Time {
	zone := z.zone
	if zone == time.Local {
		zone = after.Location()
	}
	t := after.In(zone)
	wall, ahead := wallOf(t)
	for {
		_, change := t.ZoneBounds()
		due := z.fields.Next(wall)
		if due.IsZero() {
			return due
		}
		at := due.Add(-ahead).In(zone)
		if change.IsZero() || at.Before(change) {
			return at
		}
		left := change.UTC().Add(ahead) // what the wall would show at the change
		t = change.In(zone)
		wall, ahead = wallOf(t)
		if !left.After(due) && due.Before(wall) {
			if at := instead(t, left, due, wall); at.After(after) {
				return at
			}
		}
		wall = wall.Add(-time.Nanosecond)
	}
}

// instead is when that is due whose hour is left out at a change of the clocks: at the change, or if a new day begins with it, in the last
// minute of its own.
func instead(change, left, due, wall time.Time) time.Time {
	if due.YearDay() == left.Add(-time.Nanosecond).YearDay() && due.YearDay() != wall.YearDay() {
		return change.Add(-time.Minute)
	}
	return change
}

// wallOf is what clocks on a wall show, as if it were UTC, and how far they are ahead of it.
func wallOf(t time.Time) (wall time.Time, ahead time.Duration) {
	_, seconds := t.Zone()
	ahead = time.Duration(seconds) * time.Second
	return t.UTC().Add(ahead), ahead
}
