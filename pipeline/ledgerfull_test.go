package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
)

// full is a ledger whose disk is full from the n-th settled request on.
type full struct {
	ledger.Owner
	left   atomic.Int64
	failed atomic.Bool
}

var errFull = errors.New("disk full")

type fullReceipt struct{}

func (fullReceipt) Wait(context.Context) error { return errFull }
func (fullReceipt) Done() bool                 { return true }
func (fullReceipt) Hurry()                     {}

func (l *full) Record(events ...ledger.Event) ledger.Receipt {
	if l.left.Add(-1) < 0 {
		l.failed.Store(true)
		return fullReceipt{}
	}
	r := l.Owner.Record(events...)
	_ = r.Wait(context.Background()) // so that the failure is not behind writes that are still under way
	return r
}

// When outcomes cannot be written down any more, sending stops with the requests that are under way.
func TestNothingIsSentWhileOutcomesCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	var books *full
	var unwritten atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if books.failed.Load() {
			unwritten.Add(1)
		}
		_, _ = io.WriteString(w, `{"code": 1, "message": "success"}`)
	}))
	defer server.Close()
	path := filepath.Join(dir, "rowferry.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(beforeChange, "URL", server.URL)), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err := pipeline.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := drivers.Open(t.Context(), drivers.SQLite(cfg.Data))
	if err != nil {
		t.Fatal(err)
	}
	books = &full{Owner: l}
	books.left.Store(50)
	e, err := pipeline.Build(t.Context(), cfg, books, pipeline.Options{Inboxes: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	rows.WriteString("accountNumber,lesBookingId,failReason\n")
	for i := range 2000 {
		fmt.Fprintf(&rows, "1,LB%d,late\n", i)
	}
	if err := os.WriteFile(filepath.Join(dir, "in", "a.csv"), []byte(rows.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := e.Run(ctx); !errors.Is(err, errFull) {
		t.Errorf("the run ended with %v", err)
	}
	if n := unwritten.Load(); n > 5 {
		t.Errorf("%d requests were made after the ledger had failed", n)
	}
	if err := errors.Join(e.Close(), l.Close()); err != nil {
		t.Error(err)
	}
}
