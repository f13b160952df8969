package inbox_test

import (
	"context"
	"os"
	"path/filepath"
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
	drop(t, dir, "0.tmp", "")
	for i := range most + 5000 { // nobody waits: events pile up, two for each name, a few thousand of them already read. Of such names none is a reason to look
		if err := os.Rename(filepath.Join(dir, strconv.Itoa(i)+".tmp"), filepath.Join(dir, strconv.Itoa(i+1)+".tmp")); err != nil {
			t.Fatal(err)
		}
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
