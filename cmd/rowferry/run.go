package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	process "github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/exposition"
	"github.com/rowferry/rowferry/pipeline/receipts"
	"github.com/rowferry/rowferry/pipeline/traces"
)

// load reads the configuration, checks all of it and shows its warnings.
func (f *flags) load() (*configs.Config, error) {
	cfg, err := pipeline.Load(f.config)
	warn(cfg)
	if err != nil {
		return nil, err
	}
	return cfg, nil
}

// loadSecretless does the same for a command that sends nothing: secrets that are missing on this machine are warnings.
func (f *flags) loadSecretless() (*configs.Config, error) {
	cfg := configs.Load(f.config)
	cfg.WithoutSecrets()
	err := pipeline.Check(cfg)
	warn(cfg)
	return cfg, err
}

// engine opens the ledger and wires the configuration over it. The returned function closes both.
func engine(ctx context.Context, cfg *configs.Config, o pipeline.Options) (*pipeline.Engine, func() error, error) {
	l, err := within(ctx, aMoment, func() (ledger.Owner, error) { return drivers.Open(ctx, drivers.Of(cfg)) })
	if err != nil {
		return nil, nil, err
	}
	e, err := pipeline.Build(ctx, cfg, l, o)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return e, func() error { return errors.Join(e.Close(), l.Close()) }, nil
}

// aMoment is how long a process may have the ledger that was killed just now, or that carries an order out, or only looks who owns it.
const aMoment = time.Second

// within opens a ledger that another process may have for so long yet.
func within(ctx context.Context, wait time.Duration, open func() (ledger.Owner, error)) (ledger.Owner, error) {
	for until := time.Now().Add(wait); ; {
		l, err := open()
		if inUse, ok := errors.AsType[*ledger.InUse](err); !ok || inUse.Elsewhere || !time.Now().Before(until) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func runCommand(f *flags) *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use:   "run",
		Short: "Watch the inboxes, send, and report: the service",
		Long: `Watches the inboxes of all routes, takes complete files, sends their rows at the pace each account allows, and puts
results into the outboxes. It may be killed at any moment: started again it goes on where it was. Where the configuration
says console.listen it also serves the web pages and the API there; rowferry user add makes the first user. Where the ledger
is in PostgreSQL it may be started on several machines, which share the accounts out and go on for one that ends.

Ctrl-C (or SIGTERM, or a terminal that is closed) lets what is in flight end and says what is left; a second Ctrl-C kills.
Without a terminal SIGHUP takes up a changed configuration, as rowferry reload does.`,
		Example: `  rowferry run
  rowferry run -c /etc/rowferry/rowferry.yaml --log-format json
  rowferry run --once        # take what is there, wait for the results, end (for cron)`,
		Args: takes(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.underManager(cmd.Context(), func(ctx context.Context) error { return f.run(ctx, once) })
		},
	}
	c.Flags().BoolVar(&once, "once", false, "take what is there, wait for the results, and end")
	return c
}

func (f *flags) run(ctx context.Context, once bool) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	log, err := f.logger(slog.LevelDebug)
	if err != nil {
		return err
	}
	watch := &supervised{log: log}
	defer watch.close()
	if once {
		return f.serve(ctx, cfg, log, nil)
	}
	for said := ""; ; {
		err := f.serve(ctx, cfg, log, watch)
		why := standsBy(err)
		switch {
		case toldToStop(ctx, err):
			return nil
		case why == "", ctx.Err() != nil, said == "" && !watch.told() && errors.Is(err, ledger.ErrAway): // who starts is told that nobody answers
			return err
		}
		if why != said {
			cause, _, _ := strings.Cut(err.Error(), "\n") // which disk, or what the database says
			log.Info("standing by", "reason", why, "error", cause)
			said = why
			watch.well(ctx, func(context.Context) error { return nil })
		}
		_ = drivers.StandBy(ctx, drivers.Of(cfg), cfg.Here()) // for who looks; where nobody answers, nobody looks
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// toldToStop reports whether a service ended because it was told to: while it worked, started or stood by, or while others went on without it, with whom
// everything is that was left.
func toldToStop(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ledger.ErrLost))
}

// standsBy says why a service waits for its turn: a command has the ledger for itself, other machines went on without this one, nobody answers or
// writes, or the disk is full.
// "" when err is another trouble, or none.
func standsBy(err error) string {
	if inUse, ok := errors.AsType[*ledger.InUse](err); ok && inUse.Elsewhere {
		return inUse.Error()
	}
	for _, why := range []error{ledger.ErrLost, ledger.ErrAway, ledger.ErrFrozen, ledger.ErrFull} {
		if errors.Is(err, why) {
			return why.Error()
		}
	}
	if errors.Is(err, syscall.ENOSPC) {
		return ledger.ErrFull.Error()
	}
	return ""
}

// serve is run while the ledger is this process's, or its and others'. Without a watch it takes what is there, and ends.
func (f *flags) serve(ctx context.Context, cfg *configs.Config, log *slog.Logger, watch *supervised) error {
	registry := &exposition.Registry{Log: log}
	registry.Beside(process.WriteProcessMetrics)
	registry.Beside(process.WriteFDMetrics)
	metrics := pipeline.NewMetrics(registry)
	spans, err := traces.Open(ctx, version(), log)
	if err != nil {
		return err
	}
	defer spans.Close()
	if watch == nil {
		return f.once(ctx, cfg, log, registry, pipeline.Options{Inboxes: true, Log: log, Metrics: metrics, Traces: spans})
	}
	l, err := within(ctx, aMoment, func() (ledger.Owner, error) { return drivers.Join(ctx, drivers.Of(cfg), cfg.Here()) })
	if err != nil {
		return err
	}
	err = (&house{ledger: l, log: log, registry: registry, metrics: metrics, traces: spans, watch: watch, doors: doors{}, asked: make(chan struct{}, 1)}).serve(ctx, cfg)
	left := left(l)
	if err = errors.Join(err, l.Close()); err == nil {
		log.Info("stopped", "rows_left", left)
	}
	return err
}

// left counts the rows that wait in the ledger.
func left(l ledger.Books) int {
	files, err := l.Files(context.Background(), ledger.Query{States: []ledger.State{ledger.Sending}})
	n := 0
	for _, file := range files {
		n += file.Counts.Pending()
	}
	if err != nil {
		return -1
	}
	return n
}

// once takes what is there. A duplicate has had its turn before, so it is no reason for another exit code than 0.
func (f *flags) once(ctx context.Context, cfg *configs.Config, log *slog.Logger, registry *exposition.Registry, o pipeline.Options) error {
	e, end, err := engine(ctx, cfg, o)
	if err != nil {
		return err
	}
	alive := func(ctx context.Context) error { _, err := e.Ledger.Lanes(ctx); return err }
	stop, err := listen(net.Listen, cfg.Listen, registry, alive, e.Receiver(), log)
	if err != nil {
		return errors.Join(err, end())
	}
	defer stop()
	p := newProgress(os.Stderr)
	files, err := e.Once(ctx, p.show)
	p.end()
	if err := errors.Join(f.conclude(e, cfg, files, err), end()); err != nil {
		return err
	}
	fresh := slices.DeleteFunc(files, func(file ledger.File) bool { return file.State == ledger.Duplicate })
	if len(fresh) > 0 && !allDelivered(fresh) {
		return outcome(exitSome)
	}
	return nil
}

// listen serves metrics and /healthz on an address, and receives there what providers say later, if there is one.
func listen(open func(network, address string) (net.Listener, error), address string, registry *exposition.Registry,
	alive func(context.Context) error, receiver http.Handler, log *slog.Logger) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	l, err := open("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", registry)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := alive(r.Context()); err != nil {
			http.Error(w, "the ledger does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle(receipts.Prefix, receiver)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := console.Serve(ctx, server, l); err != nil {
			log.Error("listen", "error", err)
		}
	}()
	log.Info("listening", "address", l.Addr().String())
	return func() { end(); <-done }, nil
}

// standings says where files stand that this process has worked on.
func standings(e *pipeline.Engine, cfg *configs.Config, files []ledger.File) ([]desk.File, error) {
	d := &desk.Desk{Books: e.Ledger, Orders: e.Ledger, Config: cfg, Live: e}
	stops, err := d.Stops(context.Background())
	stalled, failed := d.Stalled(context.Background())
	return d.Standings(files, stops, stalled), errors.Join(err, failed)
}

// conclude prints what became of files and where their results lie, also when err ended the work; it returns err.
func (f *flags) conclude(e *pipeline.Engine, cfg *configs.Config, files []ledger.File, err error) error {
	if err != nil && len(files) == 0 {
		return err
	}
	return errors.Join(err, f.printConclusion(e, cfg, files))
}

func (f *flags) printConclusion(e *pipeline.Engine, cfg *configs.Config, files []ledger.File) error {
	if f.json {
		if files == nil {
			files = []ledger.File{}
		}
		return printJSON(stdout, files)
	}
	if len(files) == 0 {
		fmt.Fprintln(stdout, "No file was taken.")
		return nil
	}
	stand, err := standings(e, cfg, files)
	if err != nil {
		return err
	}
	if err := filesTable(stdout, stand); err != nil {
		return err
	}
	remarks(stdout, stand)
	first := true
	for _, file := range files {
		for _, name := range file.Results {
			if first {
				fmt.Fprintln(stdout, "\nResults:")
				first = false
			}
			fmt.Fprintln(stdout, "  "+resultAt(cfg.Routes[file.Route].Outbox, name))
		}
	}
	return nil
}

// resultAt is where a result lies: on this machine, or PARTNER:PATH on a partner's server.
func resultAt(o configs.Outbox, name string) string {
	if o.SFTP != "" {
		return o.SFTP + ":" + path.Join(o.Dir, name)
	}
	return filepath.Join(o.Dir, name)
}
