package console

import (
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// The end that is told follows from what goes before the file's last item and from the pace; what rests is not waited for, and nobody
// guesses where nothing is known.
func TestWhenAFileEnds(t *testing.T) {
	of := func(id, account string, open int, paused string) ledger.File {
		return ledger.File{File: batch.File{ID: id}, Account: account, Open: open, Paused: paused}
	}
	short, long := of("short", "les", 100, ""), of("long", "les", 1000, "")
	under := []ledger.File{short, long, of("rests", "les", 5000, "a person"), of("elsewhere", "otms", 5000, "")}
	for _, c := range []struct {
		f    ledger.File
		want int
	}{{short, 200}, {long, 1100}} {
		if n := before(c.f, under); n != c.want {
			t.Errorf("%s: %d, want %d", c.f.ID, n, c.want)
		}
	}
	now := time.Now()
	for _, c := range []struct {
		speed float64
		items int
		want  time.Duration
	}{{10, 200, 20 * time.Second}, {0.5, 200, 400 * time.Second}} {
		if got := estimate(now, c.speed, c.items); got.Sub(now) != c.want {
			t.Errorf("%v a second, %d: %v, want %v", c.speed, c.items, got.Sub(now), c.want)
		}
	}
	if !estimate(now, 0, 200).IsZero() || !estimate(now, 10, 0).IsZero() {
		t.Error("an end is told that nobody knows")
	}
}
