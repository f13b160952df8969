package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
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
