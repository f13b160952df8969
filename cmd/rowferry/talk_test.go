package main

import (
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// Of a duplicate nothing was sent, but where somebody had it sent after all: then people are led to that file.
func TestRemarksOfDuplicates(t *testing.T) {
	for sent, want := range map[string]string{"": "nothing was sent again. What became of its rows: rowferry status f1", "f3": "it was sent after all, as f3. What became of its rows: rowferry status f3"} {
		var out strings.Builder
		f := desk.File{Standing: desk.Duplicate, Why: "f1", SentAs: sent}
		f.ID, f.Name, f.Language, f.State = "f2", "a.csv", batch.English, ledger.Duplicate
		remarks(&out, []desk.File{f})
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q, want %q", out.String(), want)
		}
	}
}
