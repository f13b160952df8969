package inbox_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/inbox"
)

// More events than the kernel keeps: the last file's event is lost, and the overflow leads to a look that finds the file.
func TestAnOverflowOfEventsLeadsToAFullLook(t *testing.T) {
	dir := t.TempDir()
	needsEvents(t, dir)
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Fatal(err)
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	p := here(t, dir, func(s *inbox.Settings) { s.Every = time.Hour; s.Settle = time.Millisecond })
	look(t, p)
	for i := range most + 5000 { // nobody waits: events pile up, a few thousand of them already read. Of such names none is a reason to look
		drop(t, dir, strconv.Itoa(i)+".tmp", "")
	}
	drop(t, dir, "a.csv", "x")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	for range 3 {
		if err := p.Wait(ctx); err != nil {
			t.Fatalf("no look before the hour is over: %v", err)
		}
		for _, c := range look(t, p) {
			if c.Name == "a.csv" {
				return
			}
		}
	}
	t.Fatal("the file was not found")
}
