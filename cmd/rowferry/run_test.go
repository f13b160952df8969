package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
)

// A result on a partner's server is not looked for on this machine.
func TestResultsAreShownWhereTheyLie(t *testing.T) {
	if got := resultAt(configs.Outbox{SFTP: "partner", Dir: "/incoming"}, "a.result.csv"); got != "partner:/incoming/a.result.csv" {
		t.Error(got)
	}
	if got, want := resultAt(configs.Outbox{Dir: "out"}, "a.result.csv"), filepath.Join("out", "a.result.csv"); got != want {
		t.Error(got)
	}
}

// A service that is told to end, and hears in the midst of ending that others went on without it, has ended well; what else went wrong counts.
func TestToldToStop(t *testing.T) {
	over, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want bool
	}{
		{over, nil, true}, {over, context.Canceled, true}, {over, fmt.Errorf("lane: %w", ledger.ErrLost), true}, {over, errors.New("disk"), false}, {over, ledger.ErrAway, false},
		{t.Context(), nil, false}, {t.Context(), ledger.ErrLost, false}, {t.Context(), context.Canceled, false},
	} {
		if got := toldToStop(c.ctx, c.err); got != c.want {
			t.Errorf("%v, told %v: %v", c.err, c.ctx.Err() != nil, got)
		}
	}
}

// A ledger that another process has for a moment yet, for it was killed just now or only looked, is opened a moment later; one that a process keeps is not.
func TestALedgerThatIsInUseForAMoment(t *testing.T) {
	tries := 0
	_, err := within(t.Context(), time.Hour, func() (ledger.Owner, error) {
		if tries++; tries < 3 {
			return nil, &ledger.InUse{}
		}
		return nil, nil
	})
	if err != nil || tries != 3 {
		t.Errorf("%d tries: %v", tries, err)
	}
	if _, err := within(t.Context(), 0, func() (ledger.Owner, error) { return nil, &ledger.InUse{PID: 7} }); err == nil {
		t.Error("a ledger that another process keeps was opened")
	}
}

// What the service could not start with is said when it is installed: that another process has the data.
func TestServiceIsNotInstalledBesideARunningOne(t *testing.T) {
	dir := t.TempDir()
	f := &flags{config: filepath.Join(dir, "rowferry.yaml")}
	text := "accounts: {les: {provider: les, server: \"http://127.0.0.1:9\"}}\nroutes: {r: {account: les, operation: shipmentFailed, inbox: {dir: in}, outbox: {dir: out}}}\n"
	if err := os.WriteFile(f.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := drivers.Open(t.Context(), drivers.SQLite(filepath.Join(dir, "data")))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := f.installService(nil); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("%v", err)
	}
}
