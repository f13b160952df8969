package senders

import (
	"net/http"
	"testing"
	"time"
)

// A limit that is spent is read from the headers that providers use for it, of the drafts and before them.
func TestSpentLimits(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"nothing said":      {http.Header{}, 0},
		"something left":    {http.Header{"X-Ratelimit-Remaining": {"3"}, "X-Ratelimit-Reset": {"60"}}, 0},
		"seconds":           {http.Header{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"7"}}, 7 * time.Second},
		"since 1970":        {http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"1800000030"}}, 30 * time.Second},
		"milliseconds":      {http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"1800000030000"}}, 30 * time.Second},
		"one field, old":    {http.Header{"Ratelimit": {"limit=100, remaining=0, reset=50"}}, 50 * time.Second},
		"one field, new":    {http.Header{"Ratelimit": {`"default";r=0;t=20`}}, 20 * time.Second},
		"no word of an end": {http.Header{"X-Ratelimit-Remaining": {"0"}}, time.Second},
		"long past":         {http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"1700000000"}}, 0},
		"no number":         {http.Header{"X-Ratelimit-Remaining": {"many"}}, 0},
	} {
		if got := spent(c.header, now); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// How long to wait is said in many ways: seconds in parts, a time since 1970, dates of all kinds, twice, in milliseconds.
func TestWaysToAskForAPause(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "2.5", 2500 * time.Millisecond},
		{"Retry-After", "3s", 3 * time.Second},
		{"Retry-After", "1800000003", 3 * time.Second},
		{"Retry-After", "1800000003000", 3 * time.Second},
		{"Retry-After", "1700000000", 0},
		{"Retry-After", "2027-01-15T08:00:03Z", 3 * time.Second},
		{"Retry-After", "Fri, 15 Jan 2027 08:00:03 UTC", 3 * time.Second},
		{"Retry-After", "Fri, 15 Jan 2027 09:00:03 +0100", 3 * time.Second},
		{"Retry-After", "Friday, 15-Jan-27 08:00:03 GMT", 3 * time.Second},
		{"Retry-After", "NaN", 0},
		{"Retry-After", "inf", 0},
		{"Retry-After-Ms", "1500", 1500 * time.Millisecond},
		{"X-Ms-Retry-After-Ms", "800", 800 * time.Millisecond},
	} {
		if got := retryAfter(http.Header{c.name: {c.value}}, now); got != c.want {
			t.Errorf("%s: %s: got %s, want %s", c.name, c.value, got, c.want)
		}
	}
	if got := retryAfter(http.Header{"Retry-After": {"1", "3"}}, now); got != 3*time.Second {
		t.Errorf("twice: got %s", got)
	}
}
