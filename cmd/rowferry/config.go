package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/words"
)

func configCommand(f *flags) *cobra.Command {
	const long = `Reads the configuration and lists every mistake in it, with file, line, what is wrong and what to write. No file is needed,
nothing is sent, and neither ledger nor folders are touched. Secrets are not needed: a variable that is not set here, or a
secret's file that is not there, is named as a warning. Exit code 0 when there is no mistake, 2 when there is one.`
	run := func(*cobra.Command, []string) error { return f.configCheck() }
	const example = `  rowferry config check
  rowferry config check -c /etc/rowferry/rowferry.yaml --json`
	c := &cobra.Command{Use: "config", Short: "Every mistake of the configuration", Long: long, Example: example, RunE: run}
	c.AddCommand(&cobra.Command{Use: "check", Short: "The same: every mistake of the configuration", Long: long, Example: example, Args: takes(0, 0, ""), RunE: run})
	return c
}

func (f *flags) configCheck() error {
	cfg := configs.Load(f.config)
	cfg.WithoutSecrets()
	err := pipeline.Check(cfg)
	if f.json {
		return f.verdictJSON(cfg, err)
	}
	warn(cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: no mistake; %s, %s.\n", f.config, count(len(cfg.Accounts), "account"), count(len(cfg.Routes), "route"))
	return nil
}

// verdictJSON prints mistakes and warnings for machines.
func (f *flags) verdictJSON(cfg *configs.Config, err error) error {
	verdict := verdictAnswer{[]configs.Mistake{}, orEmpty(cfg.Warnings)}
	wrong, is := errors.AsType[*configs.MistakesError](err)
	if is {
		verdict.Mistakes = wrong.Mistakes
	}
	if err := printJSON(stdout, verdict); err != nil {
		return err
	}
	if is {
		return outcome(exitUsage)
	}
	return err
}

// warn shows what should be looked at in a configuration.
func warn(cfg *configs.Config) {
	for _, w := range cfg.Warnings {
		fmt.Fprintf(stderr, "%s: %s\n", words.Of(cfg.Language, "config.warning"), w)
	}
}
