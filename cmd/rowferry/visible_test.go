package main

import (
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"
)

// Names and what providers say are printed without what steers a terminal or turns the direction of a text.
func TestNothingPrintedSteersATerminal(t *testing.T) {
	var out strings.Builder
	const hostile = "a\x1b[31m\x7f\u202egpj.exe\u2066\u200f\u009bb\r"
	if n, err := (visible{&out}).Write([]byte(hostile + "\n\tx")); err != nil || n != len(hostile)+3 || out.String() != "a[31mgpj.exeb\n\tx" {
		t.Errorf("%q, %d, %v", out.String(), n, err)
	}
}

// Columns stand right under names of any script; a long name is cut in its middle.
func TestTables(t *testing.T) {
	long := strings.Repeat("订单", 30) + ".xlsx"
	var out strings.Builder
	if err := table(&out, []string{"FILE", "ID"}, [][]string{{shortName("订单.csv"), "1"}, {shortName("e\u0301té\u202e.csv"), "2"}, {shortName(long), "3"}}); err != nil {
		t.Fatal(err)
	}
	at := -1
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSpace(line)
		last := uniseg.StringWidth(line[:strings.LastIndex(line, " ")])
		if at >= 0 && last != at {
			t.Errorf("columns do not stand right:\n%s", out.String())
		}
		at = last
	}
	if short := shortName(long); uniseg.StringWidth(short) > widestName || !strings.HasPrefix(short, "订单订单") || !strings.HasSuffix(short, ".xlsx") || !strings.Contains(short, "…") {
		t.Errorf("%q", short)
	}
}

// When files were taken is said as people do.
func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{30 * time.Second: "just now", time.Minute: "1 minute ago", 47 * time.Hour: "47 hours ago", 50 * time.Hour: "2 days ago"} {
		if got := ago(now.Add(-d), now); got != want {
			t.Errorf("%s: %s", d, got)
		}
	}
}
