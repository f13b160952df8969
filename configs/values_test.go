package configs

import (
	"testing"
	"time"
)

// Durations are written as they are read.
func TestBrief(t *testing.T) {
	for _, text := range []string{"60d", "2d", "24h", "36h", "1h30m", "10m", "90s", "1.5s"} {
		d, ok := Duration(text)
		if !ok {
			t.Fatal(text)
		}
		if back, ok := Duration(Brief(d)); !ok || back != d {
			t.Errorf("%s becomes %s", text, Brief(d))
		}
		if got := Brief(d); text != "90s" && got != text {
			t.Errorf("%s is written %s", text, got)
		}
	}
	for _, wrong := range []string{"", "-2h", "30", "2x", "-1d"} {
		if d, ok := Duration(wrong); ok {
			t.Errorf("%q is %s", wrong, d)
		}
	}
	if got := Brief(90 * 24 * time.Hour); got != "90d" {
		t.Error(got)
	}
}
