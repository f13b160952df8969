package inbox

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowferry/rowferry/configs"
)

func timetable(t *testing.T, timing configs.Inbox) *Timetable {
	t.Helper()
	table, err := TimetableOf(timing)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestNextScheduledTime(t *testing.T) {
	for _, c := range []struct{ schedule, zone, after, next string }{
		{"*/5 8-18 * * MON-FRI", "UTC", "2026-11-20T18:55:00Z", "2026-11-23T08:00:00Z"},
		{"*/5 8-18 * * MON-FRI", "UTC", "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z"},
		{"0 9 * * *", "Asia/Shanghai", "2026-11-22T00:30:00Z", "2026-11-22T01:00:00Z"},
		{"CRON_TZ=Europe/Moscow 0 9 * * *", "", "2026-11-22T06:00:00Z", "2026-11-23T06:00:00Z"},
		{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"}, // the hour that comes twice
		{"0 0 13 * FRI", "UTC", "2026-11-12T12:00:00Z", "2026-11-13T00:00:00Z"},
		{"0 0 13 * FRI", "UTC", "2026-11-13T12:00:00Z", "2026-11-20T00:00:00Z"}, // either day will do, as in every cron
	} {
		after, _ := time.Parse(time.RFC3339, c.after)
		table := timetable(t, configs.Inbox{Schedule: c.schedule, TimeZone: c.zone})
		if got := table.Next(after, after.Add(time.Second)).UTC().Format(time.RFC3339); got != c.next {
			t.Errorf("%s %s after %s: %s, want %s", c.schedule, c.zone, c.after, got, c.next)
		}
	}
}

func TestTimingMistakes(t *testing.T) {
	for want, in := range map[string]configs.Inbox{
		"config.schedule: every day":               {Schedule: "every day"},
		"config.schedule: 61 * * * *":              {Schedule: "61 * * * *"},
		"config.schedule: 0 0 0 * * *":             {Schedule: "0 0 0 * * *"},
		"config.schedule: 0 0 30 2 *":              {Schedule: "0 0 30 2 *"},
		"config.schedule.every: 0 0 * * *":         {Schedule: "0 0 * * *", Every: time.Minute},
		"config.zone: 0 0 * * *":                   {Schedule: "0 0 * * *", TimeZone: "Mars"},
		"config.zone.twice: CRON_TZ=UTC 0 0 * * *": {Schedule: "CRON_TZ=UTC 0 0 * * *", TimeZone: "UTC"},
		"config.zone.alone: ":                      {Every: time.Minute, TimeZone: "UTC"},
	} {
		if wrong := Check(in); len(wrong) != 1 || wrong[0].What.Key+": "+in.Schedule != want {
			t.Errorf("%+v: %v, want %q", in, wrong, want)
		}
	}
}

// wait returns when the next look is due: nil, or the context's error.
func wait(ctx context.Context, r *Rhythm) error {
	for left := r.Left(); left > 0; left = r.Left() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(left):
		}
	}
	return ctx.Err()
}

// looks runs a rhythm for a while; each look takes as long as work says. It returns when they began, since the start.
func looks(ctx context.Context, timing configs.Inbox, t *testing.T, work func(n int) (takes time.Duration, followUp time.Duration)) []time.Duration {
	start := time.Now()
	r := Rhythm{Timetable: timetable(t, timing)}
	var began []time.Duration
	for n := 0; wait(ctx, &r) == nil; n++ {
		began = append(began, time.Since(start))
		takes, followUp := work(n)
		r.Began()
		time.Sleep(takes)
		if followUp > 0 {
			r.Ended(time.Now().Add(followUp))
		} else {
			r.Ended(time.Time{})
		}
	}
	return began
}

func same(t *testing.T, got []time.Duration, want ...time.Duration) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("looks at %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("looks at %v, want %v", got, want)
		}
	}
}

func TestEveryCountsFromTheEndOfALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Second)
		defer cancel()
		got := looks(ctx, configs.Inbox{Every: time.Minute}, t, func(int) (time.Duration, time.Duration) { return 10 * time.Second, 0 })
		same(t, got, 0, 70*time.Second, 140*time.Second)
	})
}

// The bubble's clock starts at midnight UTC.
func TestMissedTimesAreMadeUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour+time.Second)
		defer cancel()
		got := looks(ctx, configs.Inbox{Schedule: "*/10 * * * *", TimeZone: "UTC"}, t, func(n int) (time.Duration, time.Duration) {
			if n == 1 {
				return 35 * time.Minute, 0 // over 20, 30 and 40 past
			}
			return time.Second, 0
		})
		same(t, got, 0, 10*time.Minute, 45*time.Minute, 50*time.Minute, time.Hour)
	})
}

func TestSettlingFilesAreFollowedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour+time.Minute)
		defer cancel()
		got := looks(ctx, configs.Inbox{Schedule: "0 * * * *", TimeZone: "UTC"}, t, func(n int) (time.Duration, time.Duration) {
			if n == 1 {
				return 0, 2 * time.Second
			}
			return 0, 0
		})
		same(t, got, 0, time.Hour, time.Hour+2*time.Second, 2*time.Hour)
	})
}

// A clock that jumps ahead, as after sleep, is noticed within half a minute.
func TestAClockThatJumpsIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jump atomic.Int64
		r := Rhythm{Timetable: timetable(t, configs.Inbox{Schedule: "0 12 * * *", TimeZone: "UTC"})}
		r.Clock = func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
		r.Began()
		r.Ended(time.Time{})
		go func() { time.Sleep(time.Minute); jump.Store(int64(13 * time.Hour)) }()
		began := time.Now()
		if err := wait(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Fatalf("noticed after %s", took)
		}
	})
}

func TestNotBeforeKeepsLooksApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := Rhythm{Timetable: timetable(t, configs.Inbox{Every: time.Hour})}
		r.Began()
		time.Sleep(100 * time.Millisecond)
		r.Listed()
		time.Sleep(time.Minute) // work on the files
		r.Ended(time.Time{})
		if got := time.Until(r.NotBefore(250 * time.Millisecond)); got != 2*time.Second {
			t.Fatalf("the next look after %s, want twenty times the listing", got)
		}
	})
}

// A clock that is set back by an hour, a day or a month does not stop the looks: the schedule goes by what it shows.
func TestAClockThatIsSetBack(t *testing.T) {
	for _, back := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 31 * 24 * time.Hour} {
		now := time.Date(2026, 11, 22, 10, 0, 30, 0, time.UTC)
		r := Rhythm{Timetable: timetable(t, configs.Inbox{Schedule: "* * * * *", TimeZone: "UTC"}), Clock: func() time.Time { return now }}
		r.Began()
		r.Ended(time.Time{})
		now = now.Add(-back)
		waited := time.Duration(0)
		for left := r.Left(); left > 0; left = r.Left() {
			now, waited = now.Add(left), waited+left
			if waited > time.Minute {
				t.Fatalf("set back by %s: no look after %s", back, waited)
			}
		}
		r.Began()
		r.Ended(time.Time{})
		if left := r.Left(); left == 0 || left > time.Minute {
			t.Errorf("set back by %s: the look after the next is due in %s", back, left)
		}
	}
}
