package retain_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/sqlite"
	"github.com/rowferry/rowferry/pipeline/retain"
)

// What providers said later goes with the rows it speaks of, and what speaks of nothing known when it is as old: neither sooner.
func TestReceiptsGoWithTheirRows(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	mark := func(key string) ledger.Print { return ledger.MarkOf("a", "k", key) }
	receive := func(key string, came time.Time) {
		t.Helper()
		_, err := l.Receive(t.Context(), ledger.MarkOf("a", "id", key), mark(key), batch.Receipt{Account: "a", Kind: "k", Key: key, Class: batch.Accepted, Came: came})
		must(err)
	}
	ledgertest.Accepted(t, l, "f1", 1)
	f, err := l.File(t.Context(), "f1")
	must(err)
	sent := f.TakenAt.Add(time.Minute)
	e := ledgertest.Settled("f1", 0, batch.Delivered)
	e.Verdict.SentAt, e.Marks = sent, []ledger.Print{mark("K")}
	must(l.Record(e).Wait(t.Context()))
	receive("K", sent.Add(time.Second))
	receive("of nothing", sent.Add(time.Second))
	now := f.TakenAt.Add(100 * 24 * time.Hour)
	sweep := func() {
		t.Helper()
		s := retain.Sweeper{Books: l, Owner: l, Config: &configs.Config{Keep: configs.Keep{Rows: 90 * 24 * time.Hour}}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}
		_, err := s.Sweep(t.Context())
		must(err)
	}
	left := func() string {
		t.Helper()
		all, err := l.Received(context.Background(), ledger.ReceivedQuery{})
		must(err)
		out := ""
		for _, r := range all {
			out += fmt.Sprintf("%s of %q; ", r.Key, r.File)
		}
		return out
	}
	sweep() // its rows are not reported yet
	if got := left(); got != `K of "f1"; of nothing of ""; ` {
		t.Error(got)
	}
	must(l.Report(t.Context(), "f1", []string{"f1.result.csv"}))
	if f, err = l.File(t.Context(), "f1"); err != nil {
		t.Fatal(err)
	}
	now = f.Finished.Add(91 * 24 * time.Hour)
	sweep()
	if got := left(); got != "" {
		t.Error(got)
	}
}
