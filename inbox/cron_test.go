package inbox

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// changes are the moments at which a zone's clocks are set, and some without any.
func changes(zone *time.Location) (all []time.Time) {
	last := time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(2019, 12, 1, 0, 0, 0, 0, time.UTC).In(zone); t.Before(last); {
		_, end := t.ZoneBounds()
		if end.IsZero() {
			break
		}
		all, t = append(all, end), end
	}
	return append(all, time.Date(2024, 2, 29, 0, 0, 0, 0, zone), time.Date(2031, 12, 31, 0, 0, 0, 0, zone))
}

// In no zone and no year from 2020 to 2035 there is a day without its look. Between two changes of the clocks one day is as another, so the
// days around each of them are what is tried, from hour to hour. -short tries every twentieth zone.
func TestNoDayIsSkipped(t *testing.T) {
	names, err := os.ReadFile("testdata/zones.txt")
	if err != nil {
		t.Fatal(err)
	}
	tried, enough := 0, 1_000_000
	zones := strings.Fields(string(names))
	if testing.Short() {
		every, i := 20, 0
		enough /= every * 2
		zones = slices.DeleteFunc(zones, func(string) bool { i++; return i%every != 0 })
	}
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		at := changes(zone)
		for _, fields := range []string{"0 0 * * *", "30 0 * * *", "0 1 * * *", "30 2 * * *", "15 3 * * *", "59 23 * * *", "0 12 * * SUN", "0 0 1 * *"} {
			s, err := parseSchedule("CRON_TZ=" + name + " " + fields)
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range at {
				from := change.Add(-50 * time.Hour)
				due := map[string]int{}
				for next := s.Next(from); next.Before(change.Add(50 * time.Hour)); {
					due[next.In(zone).Format(time.DateOnly)]++
					again := s.Next(next)
					if !again.After(next) {
						t.Fatalf("%s %s: after %s comes %s", name, fields, next, again)
					}
					next = again
				}
				for hour := from.Add(26 * time.Hour); hour.Before(change.Add(24 * time.Hour)); hour = hour.Add(time.Hour) {
					day := hour.In(zone)
					meant := !strings.HasSuffix(fields, "SUN") || day.Weekday() == time.Sunday
					meant = meant && (!strings.HasSuffix(fields, "1 * *") || day.Day() == 1)
					if n := due[day.Format(time.DateOnly)]; meant && n == 0 || !meant && n > 0 || n > 2 {
						t.Fatalf("%s %s: %d looks on %s", name, fields, n, day.Format(time.DateOnly))
					}
					tried++
				}
			}
		}
	}
	if tried < enough {
		t.Fatalf("only %d hours were tried", tried)
	}
}

// Nothing is due later than it should be: minute by minute, while clocks go forward, back, and over midnight.
func TestEveryMinuteIsDue(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "Africa/Cairo", "America/Santiago", "Asia/Beirut", "America/Havana", "Atlantic/Azores", "Australia/Lord_Howe", "Antarctica/Troll", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseSchedule("CRON_TZ=" + name + " * * * * *")
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range changes(zone) {
			at := change.Add(-3 * time.Hour)
			for next := s.Next(at); at.Before(change.Add(3 * time.Hour)); at, next = next, s.Next(next) {
				if next.Sub(at) != time.Minute {
					t.Fatalf("%s: after %s comes %s", name, at, next)
				}
			}
		}
	}
}

func TestHoursThatAreLeftOutOrComeTwice(t *testing.T) {
	for _, c := range []struct{ schedule, after, next string }{
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"}, // at 2:00 clocks show 3:00
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}, // the same again an hour later
		{"CRON_TZ=Africa/Cairo 0 0 * * *", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"},   // the day begins at 1:00
		{"CRON_TZ=Africa/Cairo 0 0 * * *", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},
	} {
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseSchedule(c.schedule)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(after).UTC().Format(time.RFC3339); got != c.next {
			t.Errorf("%s after %s: %s, want %s", c.schedule, c.after, got, c.next)
		}
	}
}
