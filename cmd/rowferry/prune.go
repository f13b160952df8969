package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/retain"
)

func pruneCommand(f *flags) *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "prune",
		Short: "Let go of what was kept as long as keep says",
		Long: `Removes private copies, result files, rows and answers that are older than keep in the configuration says. A running service does so by
itself every hour, and at once when this command asks. Where none runs it is done here, and the ledger is written anew as small as it can be.

What a file became stays for ever: its names, hash and counts, and the prints of its requests.`,
		Example: `  rowferry prune --dry-run
  rowferry prune`,
		Args: takes(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.prune(cmd.Context(), dry) },
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what would go")
	return c
}

func (f *flags) prune(ctx context.Context, dry bool) error {
	cfg, err := f.loadSecretless() // what a mistaken keep lets go of does not come back
	if err != nil {
		return err
	}
	if cfg.Keep == (configs.Keep{}) {
		return errors.New("everything is kept for ever: keep in the configuration says for how long, such as keep: {originals: 90d, results: 400d, rows: 400d, answers: 30d}")
	}
	if dry {
		return f.visit(ctx, func(ctx context.Context, d *desk.Desk) error {
			return f.sweep(ctx, &retain.Sweeper{Books: d.Books, Config: cfg, Now: time.Now}, "would go")
		})
	}
	owner, err := drivers.Open(ctx, drivers.Of(cfg))
	if _, busy := errors.AsType[*ledger.InUse](err); busy {
		return f.visit(ctx, func(ctx context.Context, d *desk.Desk) error {
			r, err := d.Leave(ctx, desk.Receipt{Order: ledger.Order{Verb: ledger.Prune, By: whoami(), From: "command line"}})
			if err != nil {
				return err
			}
			return f.tell(r, true)
		})
	}
	if err != nil {
		return err
	}
	if err = f.sweep(ctx, &retain.Sweeper{Books: owner, Owner: owner, Config: cfg, Now: time.Now}, "gone"); err == nil {
		err = owner.Compact(ctx)
	}
	return errors.Join(err, owner.Close())
}

func (f *flags) sweep(ctx context.Context, s *retain.Sweeper, verb string) error {
	gone, err := s.Sweep(ctx)
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(os.Stdout, gone)
	}
	fmt.Fprintf(stdout, "%s: %s and %s (%.1f MB), %s, answers of %s\n", verb, count(gone.Originals, "original"), count(gone.Results, "result"), float64(gone.Bytes)/1e6,
		count(gone.Rows, "row"), count(gone.Answers, "file"))
	return nil
}
