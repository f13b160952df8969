package desk

import (
	"time"

	"github.com/rowferry/rowferry/configs"
)

// Since reads from when on files are asked for: how long before now (30m, 24h, 7d), or a day or a time, of now's time zone where the
// text names none. false when it is neither.
func Since(text string, now time.Time) (time.Time, bool) {
	if d, ok := configs.Duration(text); ok {
		return now.Add(-d), true
	}
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
