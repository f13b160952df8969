//go:build unix

package pipeline_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/retain"
)

// meddled is a ledger in which something happens after the first step that drops a part of a file.
type meddled struct {
	ledger.Owner
	once func()
}

func (m *meddled) Drop(ctx context.Context, id string, p ledger.Part, step int) (bool, error) {
	more, err := m.Owner.Drop(ctx, id, p, step)
	if m.once != nil && err == nil {
		m.once()
		m.once = nil
	}
	return more, err
}

// Rows that are sent again while a sweep lets go of their file keep neither this sweep nor the next ones from the other files; the file goes
// once it is at rest again.
func TestSweepsGoOnBesideResends(t *testing.T) {
	then, ctx := time.Now().AddDate(-1, 0, 0), t.Context()
	l, err := drivers.Open(ctx, drivers.SQLite(t.TempDir()))
	need(t, err)
	defer l.Close()
	ids := []string{"20200101-000000-0001", "20200101-000000-0002", "20200101-000000-0003"}
	for i, id := range ids {
		old(t, l, id, then, []int{18, 2, 2}[i], batch.Rejected)
	}
	cfg := &configs.Config{Keep: configs.Keep{Rows: 24 * time.Hour}}
	m := &meddled{Owner: l, once: func() {
		_, err := l.Requeue(ctx, ids[0], []batch.Status{batch.Rejected}, 0)
		need(t, err)
	}}
	s := &retain.Sweeper{Books: l, Owner: m, Config: cfg, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	left := func(id string) (chunks int) {
		for _, err := range l.Chunks(ctx, id) {
			need(t, err)
			chunks++
		}
		return chunks
	}
	for range 2 {
		_, err = s.Sweep(ctx)
		need(t, err)
		if got := []int{left(ids[0]), left(ids[1]), left(ids[2])}; !slices.Equal(got, []int{2, 0, 0}) {
			t.Fatalf("chunks left: %v", got)
		}
	}
	var events []ledger.Event
	for c, err := range l.Chunks(ctx, ids[0]) {
		need(t, err)
		for i := range c.Items {
			events = append(events, ledger.Event{File: ids[0], Chunk: c.Seq, Item: i, Kind: ledger.EventSettled, At: then, Rows: c.Items[i].Rows,
				Verdict: &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Rejected, Code: "1"}}})
		}
	}
	need(t, l.Record(events...).Wait(ctx))
	f, err := l.File(ctx, ids[0])
	need(t, err)
	if f.State == ledger.Settled {
		need(t, l.Report(ctx, ids[0], nil))
	}
	_, err = s.Sweep(ctx)
	need(t, err)
	if n := left(ids[0]); n != 0 {
		t.Errorf("%d chunks are left of %s (%s)", n, ids[0], f.State)
	}
}

// BenchmarkSweepWhileSending sends files of 4,000 rows, by turns without and beside a sweep that lets go of old files' rows, and gives the
// ratio of the medians. Wanted: at most 1.05.
func BenchmarkSweepWhileSending(b *testing.B) {
	const rows, rounds = 4000, 9
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"code":1}`)
	}))
	defer server.Close()
	dir := b.TempDir()
	config := filepath.Join(dir, "rowferry.yaml")
	text := `
accounts: {les: {provider: les, server: "` + server.URL + `", rate: none, concurrency: 8}}
routes: {notes: {account: les, operation: shipmentFailed, repeats: {mode: send, within: 24h}, inbox: {dir: in, settle: 0s, every: 20ms}, outbox: {dir: out, formats: [summary]}}}
`
	need(b, os.Mkdir(filepath.Join(dir, "in"), 0o755), os.WriteFile(config, []byte(text), 0o600))
	cfg, err := pipeline.Load(config)
	need(b, err)
	l, err := drivers.Open(b.Context(), drivers.SQLite(cfg.Data))
	need(b, err)
	defer l.Close()
	years := time.Now().AddDate(-3, 0, 0)
	for i := range 900 { // most files are small
		old(b, l, fmt.Sprintf("%s-%04d", years.Format("20060102-150405"), i), years, 4, batch.Delivered)
	}
	e, err := pipeline.Build(b.Context(), cfg, l, pipeline.Options{Inboxes: true, Log: slog.New(slog.DiscardHandler)})
	need(b, err)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	defer func() { stop(); need(b, <-ended, e.Close()) }()
	sweeping := *cfg // the engine's own sweep, which would go on beside the control too, has nothing to do
	sweeping.Keep = configs.Keep{Rows: 1000 * 24 * time.Hour}
	n := 0
	send := func() time.Duration {
		n++
		var file strings.Builder
		file.WriteString("accountNumber,lesBookingId,failReason\n")
		for i := range rows {
			fmt.Fprintf(&file, "1,F%dR%d,late\n", n, i)
		}
		path := filepath.Join(dir, "in", fmt.Sprintf("f%d.csv", n))
		need(b, os.WriteFile(path+".tmp", []byte(file.String()), 0o600), os.Rename(path+".tmp", path))
		for ; ; time.Sleep(5 * time.Millisecond) {
			files, err := l.Files(ctx, ledger.Query{Last: 1})
			need(b, err)
			if len(files) == 1 && files[0].Name == filepath.Base(path) && files[0].State == ledger.Reported {
				return files[0].Finished.Sub(files[0].Started)
			}
		}
	}
	send()
	for b.Loop() {
		var alone, beside []time.Duration
		for range rounds {
			alone = append(alone, send())
			while, enough := context.WithCancel(ctx)
			swept := make(chan error, 1)
			s := &retain.Sweeper{Books: l, Owner: l, Config: &sweeping, Log: slog.New(slog.DiscardHandler), Now: time.Now, Gentle: true}
			go func() { _, err := s.Sweep(while); swept <- err }()
			beside = append(beside, send())
			select {
			case err := <-swept:
				b.Fatalf("the sweep was over before the file was: %v", err)
			default:
			}
			enough()
			<-swept
		}
		slices.Sort(alone)
		slices.Sort(beside)
		b.ReportMetric(beside[rounds/2].Seconds()/alone[rounds/2].Seconds(), "ratio")
		b.ReportMetric(rows/alone[rounds/2].Seconds(), "rows/s")
	}
}

// old is a file that was reported long ago, of so many chunks of 256 rows.
func old(b testing.TB, l ledger.Owner, id string, then time.Time, chunks int, status batch.Status) {
	b.Helper()
	ctx, rows := b.Context(), chunks*256
	need(b, l.Begin(ctx, ledger.File{File: batch.File{ID: id, Route: "notes", Name: id, TakenAt: then}, Account: "les", Operation: "shipmentFailed", State: ledger.Claiming, Source: "inbox", Revision: 1}))
	_, err := l.Take(ctx, id, id, 1)
	need(b, err)
	for seq := range chunks {
		c := ledger.Chunk{File: id, Seq: seq}
		for i := range 256 {
			c.Items = append(c.Items, ledger.Staged{Item: batch.Item{Seq: seq*256 + i, Rows: []int{seq*256 + i + 2}, Body: fmt.Appendf(nil, `{"accountNumber":"1","lesBookingId":"%s-%d","failReason":"late"}`, id, i)}, Free: true})
		}
		l.Stage(c)
	}
	need(b, l.Accept(ctx, id, ledger.Reading{Format: "csv"}, batch.Counts{Read: rows}, rows, rows), l.Rest(ctx, id))
	for seq := range chunks {
		var events []ledger.Event
		for i := range 256 {
			events = append(events, ledger.Event{File: id, Chunk: seq, Item: i, Kind: ledger.EventSettled, At: then, Rows: []int{seq*256 + i + 2},
				Verdict: &ledger.Verdict{Outcome: batch.Outcome{Status: status, Code: "1", SentAt: then, Attempts: 1}}})
		}
		l.Record(events...)
	}
	need(b, l.Report(ctx, id, nil))
}

func need(b testing.TB, all ...error) {
	b.Helper()
	for _, err := range all {
		if err != nil {
			b.Fatal(err)
		}
	}
}
