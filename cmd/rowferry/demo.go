package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/simulator"
)

//go:embed demo/files
var demoFiles embed.FS

// demoConfig is the demo's configuration. SERVER is where the simulators listen.
//
//go:embed demo/rowferry.yaml
var demoConfig string

func demoCommand(f *flags) *cobra.Command {
	var dir, address string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Simulators, a sample file per operation, the service, the results: one command",
		Long: `Starts simulators of all built-in providers on this machine, makes a folder with a configuration, drops one sample file
per operation into its inboxes, runs the service over them and shows what became of every row. The samples hold good
rows, invalid ones, rows the provider refuses and rows it takes only on the second try. Nothing leaves this machine.

With --console the service goes on and serves its web pages, with a user to sign in as; a longer file is then sent slowly,
so that there is something to see.`,
		Example: `  rowferry demo
  rowferry demo --dir /tmp/rowferry-demo
  rowferry demo --console 127.0.0.1:8420`,
		Args: takes(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.demo(cmd.Context(), stdout, dir, address) },
	}
	c.Flags().StringVar(&dir, "dir", "demo", "folder to make (an earlier demo in it is replaced)")
	c.Flags().StringVar(&address, "console", "", "go on, and serve the web pages at this address of this machine")
	return c
}

// here refuses an address that others reach: everybody knows the demo's password, and its user may do everything.
func here(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !configs.IsLocal(host) {
		return fmt.Errorf("--console %s: everybody knows the demo's password, so it is served on this machine only: write 127.0.0.1:8420", address)
	}
	return nil
}

func (f *flags) demo(ctx context.Context, w io.Writer, dir, address string) (err error) {
	if address != "" {
		if err := here(address); err != nil {
			return err
		}
	}
	if err := makeRoom(dir); err != nil {
		return err
	}
	server, sims, err := demoServer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	config := filepath.Join(dir, "rowferry.yaml")
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(demoConfig, "SERVER", "http://"+server.Addr())), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("demo\n"), 0o600); err != nil {
		return err
	}
	cfg, err := pipeline.Load(config)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Simulators of %d providers listen on %s.\nSample files are dropped into %s.\n", len(cfg.Accounts), server.Addr(), filepath.Join(dir, "inbox"))
	if err := dropSamples(cfg); err != nil {
		return err
	}
	files, err := f.demoRun(ctx, cfg)
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(w, files)
	}
	if err := concludeDemo(w, dir, cfg, files); err != nil || address == "" {
		return err
	}
	return f.demoConsole(ctx, w, dir, address, cfg, sims)
}

// demoPassword is for looking: whoever can reach the demo's address may know it.
const demoPassword = "look around"

// demoConsole goes on with the demo's service until it is told to stop, and serves the console over it.
func (f *flags) demoConsole(ctx context.Context, w io.Writer, dir, address string, cfg *configs.Config, sims []*simulator.Simulator) error {
	for _, s := range sims {
		if err := s.SetFaults(simulator.Faults{Delay: simulator.Duration(300 * time.Millisecond)}); err != nil {
			return err
		}
	}
	cfg.Console.Listen = address
	log, err := f.logger(slog.LevelWarn)
	if err != nil {
		return err
	}
	e, end, err := engine(ctx, cfg, pipeline.Options{Inboxes: true, Log: log})
	if err != nil {
		return err
	}
	pages, err := console.New(e, cfg, log, net.Listen)
	if err != nil {
		return errors.Join(err, end())
	}
	err = people.Book{Register: e.Ledger}.AddUser(ctx, people.Person{Name: "demo", Role: people.Admin}, demoPassword, "demo")
	if err == nil {
		err = dropLong(filepath.Join(dir, "inbox", "shipment-failures"))
	}
	if err == nil {
		fmt.Fprintf(w, "\nThe console: %s\nSign in as demo, password: %s\nCtrl-C ends it.\n", pages.Address(), demoPassword)
		err = e.Run(ctx, pages)
	}
	return errors.Join(err, pages.Close(), end())
}

// dropLong drops a file that takes minutes.
func dropLong(inbox string) error {
	var b strings.Builder
	b.WriteString("accountNumber,lesBookingId,failReason\n")
	for i := range 3000 {
		word, reason := "", "Address not found"
		switch {
		case i%29 == 7:
			word = "-REFUSE"
		case i%97 == 5:
			reason = ""
		}
		fmt.Fprintf(&b, "3000372,LB2026%05d%s,%s\n", i, word, reason)
	}
	return os.WriteFile(filepath.Join(inbox, "november.csv"), []byte(b.String()), 0o644)
}

// makeRoom makes the folder, and removes an earlier demo in it; anything else that is there is left alone.
func makeRoom(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(dir, 0o755)
	case err != nil:
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	old, err := os.ReadFile(filepath.Join(dir, "rowferry.yaml"))
	if err != nil || !strings.HasPrefix(string(old), `# Made by "rowferry demo"`) {
		return fmt.Errorf("the folder %s holds something else than an earlier demo: name another with --dir", dir)
	}
	for _, name := range []string{"data", "inbox", "outbox", "rowferry.yaml", "secret"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func demoServer() (server *simulator.Server, sims []*simulator.Simulator, err error) {
	all, err := providers.Builtin()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sims = append(sims, simulator.New(all[name], simulator.Options{Seed: 1}))
	}
	server, err = simulator.Start("127.0.0.1:0", sims...)
	return server, sims, err
}

// dropSamples puts each sample into the inbox of the route that has its name.
func dropSamples(cfg *configs.Config) error {
	samples, err := fs.ReadDir(demoFiles, "demo/files")
	if err != nil {
		return err
	}
	for _, s := range samples {
		content, err := demoFiles.ReadFile("demo/files/" + s.Name())
		if err != nil {
			return err
		}
		inbox := cfg.Routes[strings.TrimSuffix(s.Name(), filepath.Ext(s.Name()))].Inbox.Dir
		if err := os.MkdirAll(inbox, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(inbox, s.Name()), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (f *flags) demoRun(ctx context.Context, cfg *configs.Config) ([]ledger.File, error) {
	log, err := f.logger(slog.LevelError)
	if err != nil {
		return nil, err
	}
	e, end, err := engine(ctx, cfg, pipeline.Options{Inboxes: true, Log: log})
	if err != nil {
		return nil, err
	}
	p := newProgress(os.Stderr)
	files, err := e.Once(ctx, p.show)
	p.end()
	return files, errors.Join(err, end())
}

// concludeDemo prints the table of outcomes, where the results lie, and whether the books balance.
func concludeDemo(w io.Writer, dir string, cfg *configs.Config, files []ledger.File) error {
	slices.SortFunc(files, func(a, b ledger.File) int { return strings.Compare(a.Name, b.Name) })
	fmt.Fprintln(w)
	stand := (&desk.Desk{Config: cfg}).Standings(files, nil, nil)
	if err := filesTable(w, stand); err != nil {
		return err
	}
	remarks(w, stand)
	fmt.Fprintln(w, "\nResults (what became of every row, and why):")
	for _, file := range files {
		for _, name := range file.Results {
			fmt.Fprintln(w, "  "+shorter(filepath.Join(cfg.Routes[file.Route].Outbox.Dir, name)))
		}
	}
	for _, file := range files {
		if file.State != ledger.Reported || file.Counts.Pending() != 0 {
			return fmt.Errorf("%s is %s with %s left: the demo did not end as it should", file.Name, file.State, count(file.Counts.Pending(), "row"))
		}
	}
	if samples, err := fs.ReadDir(demoFiles, "demo/files"); err != nil || len(files) != len(samples) {
		return errors.Join(err, fmt.Errorf("%d of %d sample files were taken", len(files), len(samples)))
	}
	fmt.Fprintf(w, "\nEvery row is accounted for. Look into %s, then write a route of your own: README.md shows how.\n", dir)
	return nil
}

// shorter is a path from here where that is shorter.
func shorter(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || len(rel) >= len(path) {
		return path
	}
	return rel
}
