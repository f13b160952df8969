package ledgertest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// Rejected is a reported file of n rows, all of which were rejected with an answer.
func Rejected(t *testing.T, l ledger.Owner, id string, n int) {
	t.Helper()
	Accepted(t, l, id, n)
	for seq := 0; seq*10 < n; seq++ {
		var events []ledger.Event
		for i := range min(10, n-seq*10) {
			v := &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Rejected, Code: "7", Message: "no"}}
			events = append(events, ledger.Event{File: id, Chunk: seq, Item: i, Kind: ledger.EventSettled, At: day, Verdict: v, Rows: []int{seq*10 + i + 2}},
				ledger.Event{File: id, Chunk: seq, Item: i, Kind: ledger.EventAnswered, At: day, Answer: &batch.Answer{Status: 400, Body: fmt.Sprintf("%0200d", i)}})
		}
		l.Record(events...)
	}
	must(t, l.Record(ledger.Event{File: id, Kind: ledger.EventSending, At: day}).Wait(t.Context()))
	must(t, l.Report(t.Context(), id, nil))
}

// LetGo has a part of a file let go of, in as many steps as that takes.
func LetGo(t *testing.T, l ledger.Owner, id string, p ledger.Part) {
	t.Helper()
	for more, step := true, 0; more; step++ {
		var err error
		more, err = l.Drop(t.Context(), id, p, step)
		must(t, err)
	}
}

// Shrunk has a ledger give back all the room that is free.
func Shrunk(t *testing.T, l ledger.Owner) {
	t.Helper()
	for more := true; more; {
		var err error
		more, err = l.Shrink(t.Context())
		must(t, err)
	}
}

// retention: answers go and outcomes stay; rows go and the line stays; other files keep theirs, and the ledger is sound all the time.
func retention(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	const n = 200
	Accepted(t, l, "f0", 1)
	if _, err := l.Drop(ctx, "f0", ledger.PartRows, 0); !errors.Is(err, ledger.ErrState) {
		t.Errorf("rows of a file that is being sent: %v", err)
	}
	if _, err := l.Drop(ctx, "nothing", ledger.PartRows, 0); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("rows of no file: %v", err)
	}
	Rejected(t, l, "f1", n)
	Rejected(t, l, "f2", n)
	LetGo(t, l, "f1", ledger.PartAnswers)
	sound := func(files int) {
		t.Helper()
		if all, _, err := ledger.Examine(ctx, l); err != nil || all != files {
			t.Fatalf("%d files, %v", all, err)
		}
	}
	sound(3)
	for id, kept := range map[string]bool{"f1": false, "f2": true} {
		seen := 0
		for c, err := range l.Chunks(ctx, id) {
			must(t, err)
			for i, s := range c.States {
				if (s.Answer != nil) != kept && !(c.Seq == 0 && i == 0) || s.Verdict == nil || s.Verdict.Code != "7" {
					t.Fatalf("%s: %+v", id, s)
				}
				seen++
			}
		}
		if seen != n {
			t.Errorf("%d items of %s", seen, id)
		}
	}
	before := file(t, l, "f1")
	LetGo(t, l, "f1", ledger.PartRows)
	gone := func() {
		t.Helper()
		for range l.Chunks(ctx, "f1") {
			t.Fatal("there are rows still")
		}
		if tallies, err := l.Tallies(ctx, "f1"); err != nil || len(tallies) != 0 {
			t.Errorf("%v, %v", tallies, err)
		}
		if _, err := l.Chunk(ctx, "f1", 0); !errors.Is(err, ledger.ErrNotFound) {
			t.Error(err)
		}
		f := file(t, l, "f1")
		if d := cmp.Diff(before.Counts, f.Counts); d != "" || f.Hash != before.Hash || !f.Lost(ledger.PartRows) || !f.Lost(ledger.PartAnswers) {
			t.Errorf("%+v: %s", f, d)
		}
		if found, err := l.Files(ctx, ledger.Query{}); err != nil || len(found) != 3 {
			t.Errorf("%v, %v", found, err)
		}
		if r, err := l.Requeue(ctx, "f1", []batch.Status{batch.Rejected}, 0); err != nil || r != 0 {
			t.Errorf("%d rows that are not kept are sent again, %v", r, err)
		}
	}
	gone()
	Shrunk(t, l)
	gone()
	sound(3)
	must(t, l.Close())
	l = open.open(t)
	defer closed(t, l)
	gone()
	must(t, l.Record(Settled("f0", 0, batch.Rejected)).Wait(ctx)) // it has the same requests
	if r, err := l.Requeue(ctx, "f2", []batch.Status{batch.Rejected}, 0); err != nil || r != n {
		t.Errorf("%d rows of another file, %v", r, err)
	}
}
