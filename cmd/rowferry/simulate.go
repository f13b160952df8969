package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/simulator"
)

func simulateCommand(f *flags) *cobra.Command {
	var address, faults string
	var seed uint64
	c := &cobra.Command{
		Use:   "simulate [PROVIDER…]",
		Short: "Providers on this machine, from their documents, with faults on request",
		Long: `Serves the named providers (all built-in ones without a name, or your own by the path of its document) at
http://ADDRESS/NAME until Ctrl-C. They check requests as the documents say, answer as their examples do, and keep the
truth of what they executed: GET /NAME/__executed, GET /NAME/__stats.

A row whose identity contains REFUSE is refused, SECOND is taken on the second try, LATER is not allowed now, GONE is
already gone. --faults (or POST /NAME/__faults) makes more go wrong, for example:
  {"cut_after": 0.1, "unavailable": 0.1, "rate": "10/s", "delay": "50ms"}

Of all requests, from 0 to 1: cut_before, cut_after (the line is cut before or after it was executed), late (answered
late_by later), garbage (what comes back is no answer), too_many (429, with retry_after), unavailable (503), close_idle
(the connection is closed after the answer). Times: delay, jitter, late_by, retry_after, receipts_after. Bounds: rate,
max_items (of a request), session_calls. true: refuse_login, refuse_auth, receipts_twice. receipts is the address that
receipts are posted to, with {webhook} in it.`,
		Example: `  rowferry simulate
  rowferry simulate otms --listen 127.0.0.1:8427
  rowferry simulate ./my-provider.yaml --faults '{"too_many": 0.2, "retry_after": "1s"}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.simulate(cmd.Context(), stdout, args, address, faults, seed)
		},
	}
	c.Flags().StringVar(&address, "listen", "127.0.0.1:8427", "address on this machine")
	c.Flags().StringVar(&faults, "faults", "", "what goes wrong, as JSON")
	c.Flags().Uint64Var(&seed, "seed", 1, "decides which requests the faults hit")
	return c
}

func (f *flags) simulate(ctx context.Context, w io.Writer, names []string, address, faults string, seed uint64) error {
	o := simulator.Options{Seed: seed}
	if faults != "" {
		d := json.NewDecoder(strings.NewReader(faults))
		d.DisallowUnknownFields()
		if err := d.Decode(&o.Faults); err != nil {
			if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
				err = fmt.Errorf("%s cannot be a %s", wrong.Field, wrong.Value)
			}
			return fmt.Errorf("--faults: %w\nSee: rowferry simulate --help", err)
		}
	}
	if len(names) == 0 {
		all, err := providers.Builtin()
		if err != nil {
			return err
		}
		names = slices.Sorted(maps.Keys(all))
	}
	var sims []*simulator.Simulator
	for _, name := range names {
		p, err := provider(name)
		if err != nil {
			return err
		}
		sims = append(sims, simulator.New(p, o))
	}
	server, err := simulator.Start(address, sims...)
	if err != nil {
		return fmt.Errorf("%w; name another address with --listen 127.0.0.1:PORT", err)
	}
	if f.json {
		addresses := map[string]string{}
		for _, s := range sims {
			addresses[s.Name()] = fmt.Sprintf("http://%s/%s", server.Addr(), s.Name())
		}
		if err := printJSON(w, addresses); err != nil {
			return errors.Join(err, server.Close())
		}
		<-ctx.Done()
		return server.Close()
	}
	for _, s := range sims {
		fmt.Fprintf(w, "%s: http://%s/%s\n", s.Name(), server.Addr(), s.Name())
	}
	fmt.Fprintln(w, "Put such an address into an account's `server`. Ctrl-C ends.")
	<-ctx.Done()
	return server.Close()
}
