package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/exposition"
)

// A service that is stopped before it ever served gives the console's address back: the next one in this process needs it.
func TestTheConsolesAddressIsGivenBack(t *testing.T) {
	dir := t.TempDir()
	l, err := drivers.Open(t.Context(), drivers.SQLite(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	registry := &exposition.Registry{Log: slog.New(slog.DiscardHandler)}
	h := &house{ledger: l, log: slog.New(slog.DiscardHandler), registry: registry, metrics: pipeline.NewMetrics(registry), watch: &supervised{log: slog.New(slog.DiscardHandler)}, doors: doors{}, asked: make(chan struct{}, 1)}
	cfg := &configs.Config{Data: dir, Ledger: "sqlite"}
	cfg.Console.Listen = "127.0.0.1:0"
	turn, err := h.open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(turn.pages.Address(), "//")
	if err := errors.Join(turn.close(), h.doors.shut()); err != nil {
		t.Fatal(err)
	}
	again, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// Whoever asks for a page, or tells what a provider says later, while one configuration takes another's place is answered; an address that the
// next one does not name is given back.
func TestNobodyIsTurnedAwayByAReload(t *testing.T) {
	dir := t.TempDir()
	console, metrics, other := quiet(t), quiet(t), quiet(t)
	path := filepath.Join(dir, "rowferry.yaml")
	write := func(metrics string) {
		text := fmt.Sprintf("data: %s\nlisten: %s\nconsole: {listen: %q}\naccounts:\n  les: {provider: les, server: \"http://127.0.0.1:1/les\"}\nroutes:\n  failures: {account: les, operation: shipmentFailed, inbox: {dir: %s}, outbox: {dir: %s}}\n",
			filepath.Join(dir, "data"), metrics, console, filepath.Join(dir, "in"), filepath.Join(dir, "out"))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(metrics)
	cfg, err := pipeline.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := drivers.Open(t.Context(), drivers.SQLite(cfg.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	registry := &exposition.Registry{Log: slog.New(slog.DiscardHandler)}
	h := &house{ledger: l, log: slog.New(slog.DiscardHandler), registry: registry, metrics: pipeline.NewMetrics(registry), watch: &supervised{log: slog.New(slog.DiscardHandler)}, doors: doors{}, asked: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- h.serve(ctx, cfg) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(url string) error {
		answer, err := client.Get(url)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		return errors.Join(err, answer.Body.Close())
	}
	for end := time.Now().Add(2 * time.Minute); ask("http://"+console+"/sign-in") != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the console is not served")
		}
	}
	var asked atomic.Int64
	over, ended := make(chan struct{}), make(chan error, 2)
	for _, url := range []string{"http://" + console + "/sign-in", "http://" + metrics + "/healthz"} {
		go func() {
			for {
				select {
				case <-over:
					ended <- nil
					return
				default:
				}
				if err := ask(url); err != nil {
					ended <- err
					return
				}
				asked.Add(1)
			}
		}()
	}
	d := &desk.Desk{Books: l, Orders: l, Config: cfg}
	for range 4 {
		before := asked.Load()
		if came, err := d.Reload(t.Context(), "test", ""); err != nil || len(came.Wrong) > 0 {
			t.Fatalf("%+v %v", came, err)
		}
		for end := time.Now().Add(2 * time.Minute); asked.Load() < before+10 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
	}
	close(over)
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Errorf("after %d answers: %v", asked.Load(), err)
	}
	write(other)
	if came, err := d.Reload(t.Context(), "test", ""); err != nil || len(came.Wrong) > 0 {
		t.Fatalf("%+v %v", came, err)
	}
	if err := ask("http://" + other + "/healthz"); err != nil {
		t.Error(err)
	}
	if err := ask("http://" + metrics + "/healthz"); err == nil {
		t.Error("an address that the configuration does not name any more answers")
	}
}
