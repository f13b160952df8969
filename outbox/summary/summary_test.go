package summary

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
)

var at = time.Date(2026, 11, 22, 10, 15, 2, 500, time.UTC)

func report(outcomes ...batch.Outcome) outbox.Report {
	r := outbox.Report{
		File:     batch.File{ID: "20261122-101502-7f3a", Route: "ship-points", Name: "订单 <5>.csv", Hash: "ab12", Size: 4096, TakenAt: at},
		Revision: 1, Account: "otms", Operation: "shipPointRemove", Language: batch.English,
		Started: at.Add(time.Second), Finished: at.Add(3500 * time.Millisecond), Unused: []string{"Comment"},
		Notes: []batch.Note{{Message: batch.Message{Text: batch.Text{EN: "A totals row was left out.", RU: "Строка итогов пропущена."}}, Row: 9, Count: 1}},
		Codes: map[string]batch.Text{"1045": {EN: "not found", ZH: "未找到"}},
	}
	for _, o := range outcomes {
		r.File.Counts.Read++
		r.File.Counts.Add(o.Status, 1)
	}
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			for i, o := range outcomes {
				if !yield(&outbox.Line{Row: &batch.Row{Number: i + 2}, Outcome: o}, nil) {
					return
				}
			}
		}
	}
	return r
}

func five() []batch.Outcome {
	return []batch.Outcome{
		{Status: batch.Delivered, Code: "1000"}, {Status: batch.Delivered, Code: "1000"}, {Status: batch.Rejected, Code: "1045"},
		{Status: batch.Invalid, Code: "required"}, {Status: batch.Skipped},
	}
}

func TestDocument(t *testing.T) {
	for _, l := range batch.Languages() {
		r := report(five()...)
		r.Language = l
		var got bytes.Buffer
		if err := New().Write(t.Context(), &got, r); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "summary."+string(l)+".json")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", golden, diff)
		}
	}
}

func TestNothingIsWrittenWhenTheCountsDoNotBalance(t *testing.T) {
	lost := report(five()...)
	lost.File.Counts.Read++
	moved := report(five()...)
	moved.File.Counts.Delivered, moved.File.Counts.Rejected = 1, 2
	open := report(append(five(), batch.Outcome{})...)
	strange := report(append(five(), batch.Outcome{Status: "sent?"})...)
	for name, r := range map[string]outbox.Report{"a line is lost": lost, "lines disagree with the counts": moved, "a row has no outcome": open, "an outcome is none of ours": strange} {
		var out bytes.Buffer
		err := New().Write(t.Context(), &out, r)
		if err == nil || !strings.Contains(err.Error(), "does not balance") || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes written", name, err, out.Len())
		}
	}
}

func TestPreview(t *testing.T) {
	r := report(batch.Outcome{}, batch.Outcome{Status: batch.Invalid}, batch.Outcome{Status: batch.Skipped}, batch.Outcome{})
	r.Preview, r.Started, r.Finished = true, time.Time{}, time.Time{}
	var out bytes.Buffer
	if err := New().Write(t.Context(), &out, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"preview": true`, "rows read 4 = 2 would be sent + 1 invalid + 1 skipped; nothing was sent"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "started") {
		t.Errorf("a start without a request: %s", out.String())
	}
}

func TestFaultsEndTheWriting(t *testing.T) {
	boom := errors.New("boom")
	r := report()
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) { yield(nil, boom) }
	}
	if err := New().Write(t.Context(), io.Discard, r); !errors.Is(err, boom) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := New().Write(ctx, io.Discard, report(make([]batch.Outcome, 2000)...)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
