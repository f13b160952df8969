package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// counting counts how often a file is begun to be read, and holds the first back from being accepted until the second is.
type counting struct {
	ledger.Owner
	first    string
	mu       sync.Mutex
	begun    map[string]int
	accepted chan struct{}
}

func (c *counting) Unstage(ctx context.Context, id string) error {
	c.mu.Lock()
	c.begun[id]++
	c.mu.Unlock()
	return c.Owner.Unstage(ctx, id)
}

func (c *counting) Accept(ctx context.Context, id string, r ledger.Reading, n batch.Counts, items, open int) error {
	if id != c.first {
		defer close(c.accepted)
	} else {
		select {
		case <-c.accepted:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return c.Owner.Accept(ctx, id, r, n, items, open)
}

// A file that was uploaded while the service was starting is in the ledger and in the queue; it is read once. Read twice at once, the
// one reader drops what the other has staged, and the file is accepted without its rows.
func TestUploadedWhileStarting(t *testing.T) {
	provider, url := newNotices(t)
	dir := t.TempDir()
	t.Chdir(dir)
	config := filepath.Join(dir, "rowferry.yaml")
	if err := errors.Join(os.Mkdir("in", 0o755), os.WriteFile(config, []byte(strings.ReplaceAll(beforeChange, "URL", url)), 0o644)); err != nil {
		t.Fatal(err)
	}
	cfg, err := pipeline.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := drivers.Open(t.Context(), drivers.SQLite(cfg.Data))
	if err != nil {
		t.Fatal(err)
	}
	books := &counting{Owner: l, begun: map[string]int{}, accepted: make(chan struct{})}
	e, err := pipeline.Build(t.Context(), cfg, books, pipeline.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, name := range []string{"A", "B"} {
		f, err := e.Upload(t.Context(), "failures", name+".csv", strings.NewReader("accountNumber,lesBookingId,failReason\n1,LB"+name+",late\n"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, f.ID)
	}
	books.first = ids[0]
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		a, errA := l.File(t.Context(), ids[0])
		b, errB := l.File(t.Context(), ids[1])
		if err := errors.Join(errA, errB); err != nil {
			t.Fatal(err)
		}
		if a.State == ledger.Reported && b.State == ledger.Reported {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s and %s", a.State, b.State)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	books.mu.Lock()
	defer books.mu.Unlock()
	for _, id := range ids {
		if books.begun[id] != 1 {
			t.Errorf("%s was begun to be read %d times", id, books.begun[id])
		}
	}
	if provider.did["LBA"] != 1 || provider.did["LBB"] != 1 {
		t.Errorf("sent: %v", provider.did)
	}
	if err := errors.Join(e.Close(), l.Close()); err != nil {
		t.Error(err)
	}
}

// Whoever uploads does not wait until others' files are read, however many these are, and neither does who carries out the order to release one,
// where nobody reads: each is in the ledger, and read in its turn.
func TestUploadsWaitForNoReader(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	config := filepath.Join(dir, "rowferry.yaml")
	need(t, os.Mkdir("in", 0o755), os.WriteFile(config, []byte(strings.ReplaceAll(beforeChange, "URL", "http://127.0.0.1:9")), 0o644))
	cfg, err := pipeline.Load(config)
	need(t, err)
	l, err := drivers.Open(t.Context(), drivers.SQLite(cfg.Data))
	need(t, err)
	defer l.Close()
	e, err := pipeline.Build(t.Context(), cfg, l, pipeline.Options{Log: slog.New(slog.DiscardHandler)})
	need(t, err)
	defer e.Close()
	ctx, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	const files = 70
	for i := range files {
		_, err := e.Upload(ctx, "failures", "A.csv", strings.NewReader(fmt.Sprintf("accountNumber,lesBookingId,failReason\n1,LB%d,late\n", i)))
		need(t, err, ctx.Err())
	}
	if taken, err := l.Files(t.Context(), ledger.Query{States: []ledger.State{ledger.Taken}}); err != nil || len(taken) != files {
		t.Errorf("%d files, %v", len(taken), err)
	}
}

// An order to release a duplicate whose process was killed before the order was ticked off comes again, and then another order: the file is taken
// once.
func TestReleasedOnceByAnOrder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	config := filepath.Join(dir, "rowferry.yaml")
	need(t, os.Mkdir("in", 0o755), os.WriteFile(config, []byte(strings.ReplaceAll(beforeChange, "URL", "http://127.0.0.1:9")), 0o644))
	cfg, err := pipeline.Load(config)
	need(t, err)
	l, err := drivers.Open(t.Context(), drivers.SQLite(cfg.Data))
	need(t, err)
	defer l.Close()
	e, err := pipeline.Build(t.Context(), cfg, l, pipeline.Options{Log: slog.New(slog.DiscardHandler)})
	need(t, err)
	defer e.Close()
	var twice ledger.File
	for range 2 {
		twice, err = e.Upload(t.Context(), "failures", "A.csv", strings.NewReader("accountNumber,lesBookingId,failReason\n1,LB1,late\n"))
		need(t, err)
	}
	if twice.State != ledger.Duplicate {
		t.Fatal(twice.State)
	}
	clerk := &desk.Clerk{Ledger: l, Log: slog.New(slog.DiscardHandler), House: e}
	for _, step := range []struct {
		order int64
		files int
	}{{7, 2}, {7, 2}, {8, 2}} {
		need(t, clerk.Obey(t.Context(), ledger.Order{N: step.order, Verb: ledger.Release, File: twice.ID}))
		if taken, err := l.Files(t.Context(), ledger.Query{States: []ledger.State{ledger.Taken}}); err != nil || len(taken) != step.files {
			t.Errorf("order %d: %d files are taken, want %d, %v", step.order, len(taken), step.files, err)
		}
	}
}
