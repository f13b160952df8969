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
