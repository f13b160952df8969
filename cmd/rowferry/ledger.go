package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/words"
)

func ledgerCommand(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use:   "ledger",
		Short: "What concerns the ledger as a whole: copy it into PostgreSQL",
		Long: `Looks after the ledger as a whole. Where it lies stands in the configuration, as ledger: in the data folder of one machine (SQLite, the
default), or in a PostgreSQL that several machines share.`,
		Example: `  rowferry ledger copy --to postgres://rowferry@db.example.com/rowferry?sslmode=verify-full`,
	}
	c.AddCommand(ledgerCopyCommand(f))
	return c
}

func ledgerCopyCommand(f *flags) *cobra.Command {
	var to string
	var try bool
	c := &cobra.Command{
		Use:   "copy --to postgres://USER@HOST/DATABASE",
		Short: "Copy the stopped ledger into PostgreSQL, checked row for row",
		Long: `Copies the ledger that the configuration names, while no service runs, into a PostgreSQL in which no ledger is yet: every file with
its rows, what became of them and what is under way, the private copies, stopped accounts, waiting orders, users and who did what.
The whole ledger is read against its checksums first, the copy is made in one transaction, and then both are read and compared,
row for row.

After that the ledger in SQLite is not opened any more, so that nothing is sent from both: write the new address into the
configuration, as ledger, and start the service. What is broken off, or differs, is no ledger, and says so; copying again begins anew.`,
		Example: `  rowferry ledger copy --try --to postgres://rowferry@db.example.com/rowferry?sslmode=verify-full
  rowferry ledger copy --to postgres://rowferry@db.example.com/rowferry?sslmode=verify-full`,
		Args: takes(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.copyLedger(cmd.Context(), to, try) },
	}
	c.Flags().StringVar(&to, "to", "", "address of the database, as `ledger` in the configuration has it; the password may come from PGPASSWORD or ~/.pgpass")
	c.Flags().BoolVar(&try, "try", false, "copy and compare, keep nothing of it, and leave the ledger as it is")
	return c
}

func (f *flags) copyLedger(ctx context.Context, to string, try bool) error {
	cfg := configs.Load(f.config) // sound or not: nothing is sent
	if to == "" {
		return errors.New("ledger copy needs --to postgres://USER@HOST/DATABASE")
	}
	if wrong := (drivers.Home{Ledger: to}).Check(); len(wrong) > 0 {
		return fmt.Errorf("--to: %s; %s", words.Say(cfg.Language, wrong[0].What), words.Say(cfg.Language, wrong[0].Write))
	}
	done, err := drivers.Copy(ctx, drivers.Of(cfg), to, try, func(what string) { fmt.Fprintln(stderr, what+" …") })
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(stdout, done)
	}
	fmt.Fprintf(stdout, "%s, %s and %s are in %s as they are in %s.\n", count(done.Files, "file"), count(done.Rows, "row"), count(done.Copies, "original"), done.To, cfg.Data)
	if try {
		fmt.Fprintln(stdout, "It was only tried: nothing of it was kept, and the ledger is as it was.")
		return nil
	}
	fmt.Fprintln(stdout, "Write that address into the configuration, as ledger, and start the service. The ledger in SQLite is not opened any more.")
	return nil
}
