package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/pipeline/notify"
	"github.com/rowferry/rowferry/words"
)

func notifyCommand(f *flags) *cobra.Command {
	c := &cobra.Command{Use: "notify", Short: "Notices by webhook and e-mail",
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
			return f.tryNotices(cmd.Context(), cfg)
		},
	})
	return c
}

func (f *flags) tryNotices(ctx context.Context, cfg *configs.Config) error {
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
	tried := []noticeAnswer{}
	for _, channel := range channels {
		one := noticeAnswer{Way: channel.Name(), Sent: true}
		if err := channel.Tell(ctx, notices.MessageOf([]notices.Notice{n}, now)); err != nil {
			one.Sent, one.Why = false, err.Error()
		}
		tried = append(tried, one)
		if !f.json {
			fmt.Fprintf(stdout, "%s: %s\n", one.Way, cmp.Or(one.Why, "ok"))
		}
	}
	if f.json {
		if err := printJSON(stdout, tried); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(tried, func(one noticeAnswer) bool { return !one.Sent }) {
		return outcome(exitSome)
	}
	return nil
}
