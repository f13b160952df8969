package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/pipeline/backup"
	"github.com/rowferry/rowferry/words"
)

func backupCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "backup TO",
		Short: "Copy ledger, spool and results into a new folder, while the service runs",
		Long: `Writes one consistent copy of everything the books need into the folder TO, which must be new or empty: the ledger as of one
moment, the private copies of the files it knows, and the results that lie in outboxes on this machine. The configuration and its
secrets are not in it. The list backup.json is written last; a folder without it is no whole backup.`,
		Example: `  rowferry backup /backup/rowferry-$(date +%F)`,
		Args:    takes(1, 1, "a folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := backup.Make(cmd.Context(), configs.Load(f.config), args[0])
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(stdout, list)
			}
			var size int64
			for _, p := range list.Files {
				size += p.Size
			}
			fmt.Fprintf(stdout, "%s: %s, %.1f MB, as of %s.\n", args[0], count(len(list.Files), "file"), float64(size)/1e6, list.At.Format("2006-01-02 15:04:05Z07:00"))
			return nil
		},
	}
}

func restoreCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FROM",
		Short: "Put a backup back, and pause every account whose rows may have been sent since",
		Long: `Puts a backup in the place of ledger, spool and results, while no service runs. The whole backup is read and compared with its
list before anything is touched, and what is there now is moved aside, not deleted.

Rows that had no outcome then may have been sent since: they are named, and count as sent without an answer. Their accounts are
paused until a person says rowferry resume ACCOUNT.`,
		Example: `  rowferry restore /backup/rowferry-2026-11-22`,
		Args:    takes(1, 1, "a backup's folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg := configs.Load(f.config)
			done, err := backup.Put(cmd.Context(), cfg, args[0])
			if err != nil {
				return err
			}
			if f.json {
				done.Said, done.Paused = orEmpty(done.Said), orEmpty(done.Paused)
				return printJSON(stdout, done)
			}
			fmt.Fprintln(stdout, words.Of(cfg.Language, "restore.done", "at", done.At.Format("2006-01-02 15:04:05Z07:00"), "aside", filepath.Base(done.Aside)))
			for _, line := range done.Said {
				fmt.Fprintln(stdout, "- "+line)
			}
			if len(done.Paused) > 0 {
				fmt.Fprintln(stdout, words.Of(cfg.Language, "restore.paused", "accounts", strings.Join(done.Paused, ", ")))
			}
			return nil
		},
	}
}
