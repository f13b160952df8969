package patience

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Farthest is the longest pause that anybody may ask for.
const Farthest = 24 * time.Hour

// Asked reads how long the other side asked to be left alone: seconds or a date; whatever writes them, and what Azure says in milliseconds.
func Asked(h http.Header, now time.Time) time.Duration {
	var wait time.Duration
	for _, v := range h.Values("Retry-After") {
		wait = max(wait, Until(strings.TrimSpace(v), now))
	}
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if n, err := strconv.ParseFloat(h.Get(name), 64); err == nil && n > 0 {
			wait = max(wait, time.Duration(min(n, Farthest.Seconds()*1e3)*float64(time.Millisecond)))
		}
	}
	return min(max(wait, 0), Farthest)
}

// Until reads how long it is from now: seconds, a time since 1970 (no pause is as long), or a date. 0 where it is none.
func Until(v string, now time.Time) time.Duration {
	if n, err := strconv.ParseFloat(strings.TrimRight(v, "s"), 64); err == nil || errors.Is(err, strconv.ErrRange) {
		switch {
		case err == nil && (math.IsNaN(n) || math.IsInf(n, 0)): // a word, not a number
			return 0
		case n > 1e12 && n < 1e14: // milliseconds since 1970
			return time.UnixMilli(int64(n)).Sub(now)
		case n > 1e9 && n < 1e11: // seconds since 1970
			return time.Unix(int64(n), 0).Sub(now)
		}
		return time.Duration(min(max(n, 0), Farthest.Seconds()) * float64(time.Second))
	}
	for _, layout := range []string{http.TimeFormat, time.RFC850, time.ANSIC, time.RFC1123Z, time.RFC1123, time.RFC3339} {
		if at, err := time.Parse(layout, v); err == nil {
			return at.Sub(now)
		}
	}
	return 0
}
