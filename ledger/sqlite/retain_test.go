package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
)

// Answers go and outcomes stay; rows go and the line stays; the file shrinks; a ledger that did all that is sound.
func TestWhatIsDroppedMakesTheFileSmaller(t *testing.T) {
	dir := t.TempDir()
	l, err := at(dir).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := l.(ledger.Retainer)
	const n = 4000
	ledgertest.Accepted(t, l, "f1", n)
	if _, err := r.Drop(t.Context(), "f1", ledger.PartRows, 0); !errors.Is(err, ledger.ErrState) {
		t.Errorf("rows of a file that is being sent: %v", err)
	}
	var chunks []*ledger.Content
	for c, err := range l.Chunks(t.Context(), "f1") {
		if err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, c)
	}
	for _, c := range chunks {
		var events []ledger.Event
		for i := range c.Items {
			v := &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Rejected, Code: "7", Message: "no"}}
			events = append(events, ledger.Event{File: "f1", Chunk: c.Seq, Item: i, Kind: ledger.EventSettled, At: time.Now(), Verdict: v, Rows: c.Items[i].Rows},
				ledger.Event{File: "f1", Chunk: c.Seq, Item: i, Kind: ledger.EventAnswered, At: time.Now(), Answer: &batch.Answer{Status: 400, Body: fmt.Sprintf("%0200d", i)}})
		}
		if err := l.Record(events...).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Report(t.Context(), "f1", nil); err != nil {
		t.Fatal(err)
	}
	drop := func(p ledger.Part) (steps int) {
		for more, step := true, 0; more; step++ {
			if more, err = r.Drop(t.Context(), "f1", p, step); err != nil {
				t.Fatal(err)
			}
			steps++
		}
		return steps
	}
	drop(ledger.PartAnswers)
	seen := 0
	for c, err := range l.Chunks(t.Context(), "f1") {
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.States {
			if s.Answer != nil || s.Verdict == nil || s.Verdict.Code != "7" {
				t.Fatalf("%+v", s)
			}
			seen++
		}
	}
	if seen != n {
		t.Errorf("%d items", seen)
	}
	before, err := l.File(t.Context(), "f1")
	if err != nil {
		t.Fatal(err)
	}
	drop(ledger.PartRows)
	for range l.Chunks(t.Context(), "f1") {
		t.Fatal("there are rows still")
	}
	after, err := l.File(t.Context(), "f1")
	if err != nil || after.Counts != before.Counts || after.Hash != before.Hash || !after.Lost(ledger.PartRows) {
		t.Errorf("%+v, %v", after, err)
	}
	for more := true; more; {
		if more, err = r.Shrink(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Sound(t.Context()); err != nil {
		t.Error(err)
	}
	closed(t, l)
	if info, err := os.Stat(filepath.Join(dir, "ledger.db")); err != nil || info.Size() > 250_000 {
		t.Errorf("%v, %v", info, err)
	}
	l, err = at(dir).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
}
