package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// What was told of a file before a restart stands until the file has settled again, and keeps its time; of others that have not settled
// nothing is told.
func TestWhatStaysOutlivesARestart(t *testing.T) {
	now := time.Now()
	before := now.Add(-time.Hour)
	told := map[string]desk.Unready{
		"settling.csv": {Why: "A program has it open.", Since: before},
		"open.csv":     {Why: "A program has it open.", Since: before},
		"gone.csv":     {Why: "A program has it open.", Since: before},
	}
	got := pipeline.Since(map[string]desk.Unready{
		"settling.csv": {},
		"new.csv":      {},
		"open.csv":     {Why: "It is not whole.", Since: now},
		"marker.csv":   {Why: "It waits for its marker.", Since: now},
	}, told)
	want := map[string]desk.Unready{
		"settling.csv": {Why: "A program has it open.", Since: before},
		"open.csv":     {Why: "It is not whole.", Since: before},
		"marker.csv":   {Why: "It waits for its marker.", Since: now},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
