package main

import (
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
)

// A service that is stopped before it ever served gives the console's address back: the next one in this process needs it.
func TestTheConsolesAddressIsGivenBack(t *testing.T) {
	dir := t.TempDir()
	l, err := drivers.Open(t.Context(), "sqlite", dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	registry := prometheus.NewRegistry()
	h := &house{ledger: l, log: slog.New(slog.DiscardHandler), registry: registry, metrics: pipeline.NewMetrics(registry), asked: make(chan struct{}, 1)}
	cfg := &configs.Config{Data: dir, Ledger: "sqlite"}
	cfg.Console.Listen = "127.0.0.1:0"
	turn, err := h.open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(turn.others[0].(*console.Console).Address(), "//")
	if err := turn.close(); err != nil {
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
