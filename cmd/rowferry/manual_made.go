//go:build manual

package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manualCommands writes what packages carry beside the program: man pages and shell completions, made from the commands. Only a program
// that is built to make packages (-tags manual) has it.
func manualCommands() []*cobra.Command {
	return []*cobra.Command{{
		Use: "manual DIR", Short: "Write man pages and shell completions into a folder", Hidden: true, Args: takes(1, 1, "a folder"), Example: "  rowferry manual dist/manual",
		RunE: func(cmd *cobra.Command, args []string) error { return writeManual(cmd.Root(), args[0]) },
	}}
}

// writeManual writes DIR/man and DIR/completions. With SOURCE_DATE_EPOCH set, the pages bear its month.
func writeManual(root *cobra.Command, dir string) error {
	pages, completions := filepath.Join(dir, "man"), filepath.Join(dir, "completions")
	for _, d := range []string{pages, completions} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Title: "ROWFERRY", Section: "1", Source: "rowferry " + version(), Manual: "rowferry"}
	if err := doc.GenManTree(root, header, pages); err != nil {
		return err
	}
	if err := root.GenBashCompletionFileV2(filepath.Join(completions, "rowferry.bash"), true); err != nil {
		return err
	}
	if err := root.GenZshCompletionFile(filepath.Join(completions, "_rowferry")); err != nil {
		return err
	}
	return root.GenFishCompletionFile(filepath.Join(completions, "rowferry.fish"), true)
}
