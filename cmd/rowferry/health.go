package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func healthCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the running service whether it is well: for containers and supervisors",
		Long: `Asks /healthz at the address that "listen" names in the configuration. Exit code 0: the service runs and its ledger
answers; 1: it does not.`,
		Example: "  rowferry health -c /etc/rowferry/rowferry.yaml",
		Args:    takes(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.load()
			if err != nil {
				return err
			}
			if cfg.Listen == "" {
				return errors.New("the configuration names no address to ask; write listen: 127.0.0.1:9100")
			}
			if err := healthy(cmd.Context(), cfg.Listen); err != nil {
				return f.tellHealth(healthAnswer{Why: err.Error()})
			}
			return f.tellHealth(healthAnswer{Well: true})
		},
	}
}

func (f *flags) tellHealth(h healthAnswer) error {
	switch {
	case f.json:
		if err := printJSON(stdout, h); err != nil {
			return err
		}
	case h.Well:
		fmt.Fprintln(stdout, "well")
	default:
		fmt.Fprintln(stdout, "not well:", h.Why)
	}
	if !h.Well {
		return outcome(exitSome)
	}
	return nil
}

// healthy asks the service that listens on an address of this machine.
func healthy(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, end := context.WithTimeout(ctx, 10*time.Second)
	defer end()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}
