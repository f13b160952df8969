package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/pipeline/notify"
	"github.com/rowferry/rowferry/words"
)

func notifyCommand(f *flags) *cobra.Command {
	c := &cobra.Command{Use: "notify", Short: "Notices by webhook and e-mail", Args: subcommands,
		Example: "  rowferry notify test"}
	c.AddCommand(&cobra.Command{
		Use:     "test",
		Short:   "Send a notice by every way that the configuration names",
		Example: `  rowferry notify test`,
		Args:    takes(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.load()
			if err != nil {
				return err
			}
			return tryNotices(cmd, cfg)
		},
	})
	return c
}

func tryNotices(cmd *cobra.Command, cfg *configs.Config) error {
	channels, err := notify.Channels(cfg.Notices)
	if err != nil {
		return err
	}
	if len(channels) == 0 {
		return errors.New("notices in the configuration names no way: webhook or mail")
	}
	now := time.Now().UTC()
	n := notices.Notice{ID: "test/" + now.Format(time.RFC3339Nano), Kind: notices.Test, Language: cfg.Language, At: now,
		Title: words.Of(cfg.Language, "notice.test"), Text: words.Of(cfg.Language, "notice.test.text")}
	failed := false
	for _, channel := range channels {
		if err := channel.Tell(cmd.Context(), []notices.Notice{n}); err != nil {
			failed = true
			fmt.Fprintf(stdout, "%s: %v\n", channel.Name(), err)
			continue
		}
		fmt.Fprintf(stdout, "%s: ok\n", channel.Name())
	}
	if failed {
		return outcome(exitSome)
	}
	return nil
}
