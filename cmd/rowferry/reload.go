package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/exposition"
	"github.com/rowferry/rowferry/pipeline/traces"
)

func reloadCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Let the running service take up a changed configuration",
		Long: `Checks the configuration and has the running service take it up: requests in flight end first, new routes start, removed ones
end, changed credentials and pace hold from the next request. A configuration with mistakes is refused with all of them, and the
service goes on with the one it has. Where no terminal is attached (a service) SIGHUP does the same: systemctl reload rowferry.

data and ledger cannot change while the service runs.`,
		Example: `  rowferry reload
  rowferry reload -c /etc/rowferry/rowferry.yaml`,
		Args: takes(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.reload(cmd.Context()) },
	}
}

// reload has the service reload and says what came of it.
func (f *flags) reload(ctx context.Context) error {
	if _, err := os.Stat(f.config); err != nil {
		return fmt.Errorf("-c: %w: name the configuration with which the service runs", err)
	}
	err := f.visit(ctx, func(ctx context.Context, d *desk.Desk) error {
		owner, err := drivers.Open(ctx, drivers.Of(d.Config))
		if err == nil {
			return errors.Join(errors.New("no service runs: the configuration holds when it starts (rowferry run)"), owner.Close())
		}
		if _, busy := errors.AsType[*ledger.InUse](err); !busy {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
		defer cancel()
		came, err := d.Reload(ctx, whoami(), "command line")
		if err != nil {
			return fmt.Errorf("the service has not answered: %w", err)
		}
		return f.tellReload(came, d.Config.Here())
	})
	if none, ok := errors.AsType[*noLedger](err); ok {
		return fmt.Errorf("no service runs over %s, the data folder of the configuration; data and ledger cannot change while a service runs: restart it", none.dir)
	}
	return err
}

// tellReload says what came of a reload; here is this machine.
func (f *flags) tellReload(came desk.Reloading, here string) error {
	if f.json {
		if err := printJSON(stdout, came); err != nil {
			return err
		}
	}
	if came.Machine == here && f.another(came.File) {
		fmt.Fprintf(stderr, "The service runs with %s and has read that again; %s was not looked at. To go over to it, start the service anew with it.\n", came.File, f.config)
		return errors.Join(f.tellWrong(came), outcome(exitUsage))
	}
	return f.tellWrong(came)
}

// another reports whether the service of this machine runs with another file than the one that is named here. Machines that share a ledger
// have a file each, and any of them answers.
func (f *flags) another(file string) bool {
	theirs, err := os.Stat(file)
	if err != nil {
		return false
	}
	ours, err := os.Stat(f.config)
	return err == nil && !os.SameFile(ours, theirs)
}

// tellWrong says what is wrong with the configuration that was read, or that it holds.
func (f *flags) tellWrong(came desk.Reloading) error {
	if len(came.Wrong) > 0 {
		for _, line := range came.Wrong {
			fmt.Fprintln(stderr, line)
		}
		fmt.Fprintln(stderr, "The service goes on with the configuration that it has.")
		return outcome(exitUsage)
	}
	if !f.json {
		fmt.Fprintf(stdout, "The service has taken up the configuration (%s).\n", count(came.Routes, "route"))
	}
	return nil
}

// house serves one configuration after another over one open ledger.
type house struct {
	ledger   ledger.Owner
	log      *slog.Logger
	registry *exposition.Registry
	metrics  *pipeline.Metrics
	traces   *traces.Traces
	watch    *supervised
	doors    doors
	ordered  atomic.Int64  // the last order to reload
	asked    chan struct{} // has one token while a reload is asked for
	answered int64         // the last order that was answered
}

// turn is one configuration that is served: it is opened, run once and closed.
type turn struct {
	config *configs.Config
	engine *pipeline.Engine
	pages  *console.Console // nil: none is configured
	close  func() error
}

// ask asks for a reload; order is 0 for a signal, and negative where another machine answers the order.
func (h *house) ask(order int64) {
	if order != 0 {
		h.ordered.Store(max(order, 0))
	}
	select {
	case h.asked <- struct{}{}:
	default:
	}
}

// alive is nil as long as the ledger answers.
func (h *house) alive(ctx context.Context) error { _, err := h.ledger.Lanes(ctx); return err }

// open wires a configuration and opens its addresses.
func (h *house) open(ctx context.Context, cfg *configs.Config) (*turn, error) {
	e, err := pipeline.Build(ctx, cfg, h.ledger, pipeline.Options{Inboxes: true, Log: h.log, Metrics: h.metrics, Traces: h.traces, Reload: h.ask})
	if err != nil {
		return nil, err
	}
	stop, err := listen(h.doors.listen("listen"), cfg.Listen, h.registry, h.alive, e.Receiver(), h.log)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	t := &turn{config: cfg, engine: e, close: func() error { stop(); return e.Close() }}
	if cfg.Console.Listen == "" {
		return t, nil
	}
	if t.pages, err = console.New(e, cfg, h.log, h.doors.listen("console")); err != nil {
		return nil, errors.Join(err, t.close())
	}
	t.close = func() error { stop(); return errors.Join(t.pages.Close(), e.Close()) }
	return t, nil
}

// serve runs cfg, and what takes its place, until ctx ends.
func (h *house) serve(ctx context.Context, cfg *configs.Config) error {
	t, err := h.open(ctx, cfg)
	if err != nil {
		return errors.Join(err, h.doors.shut())
	}
	stop := h.hangups()
	defer stop()
	h.log.Info("rowferry is running", "version", version(), "configuration", cfg.Path, "routes", len(cfg.Routes), "data", cfg.Data)
	h.watch.well(ctx, h.alive)
	return h.turns(ctx, t)
}

// turns runs a turn, and those that follow it, until ctx ends. It closes all of them.
func (h *house) turns(ctx context.Context, t *turn) error {
	for {
		next, err := h.during(ctx, t)
		if err = errors.Join(err, t.close()); next == nil || err != nil {
			return errors.Join(err, h.doors.shut())
		}
		t, err = h.replace(ctx, t.config, next)
		if err = errors.Join(err, h.doors.shut()); err != nil {
			return err
		}
	}
}

// during runs a turn until ctx ends, or until a sound configuration is to take its place, which it returns.
func (h *house) during(ctx context.Context, t *turn) (next *configs.Config, err error) {
	group, ctx := errgroup.WithContext(ctx)
	ctx, end := context.WithCancel(ctx)
	defer end()
	serving, shut := context.WithCancel(context.WithoutCancel(ctx)) // pages answer until what is in flight has ended
	defer shut()
	group.Go(func() error { defer end(); defer shut(); return t.engine.Run(ctx) })
	if t.pages != nil {
		group.Go(func() error { defer end(); return t.pages.Run(serving) })
	}
	group.Go(func() error { defer end(); next = h.await(ctx, t.config); return nil })
	return next, group.Wait()
}

// await returns the next sound configuration that is asked for; nil when ctx ends.
func (h *house) await(ctx context.Context, now *configs.Config) *configs.Config {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.asked:
		}
		order := h.ordered.Load()
		next, err := pipeline.Load(now.Path)
		for _, w := range next.Warnings {
			h.log.Warn("configuration", "at", w.String())
		}
		if err = errors.Join(err, lasting(now, next)); err == nil {
			h.answered = order
			return next
		}
		h.refuse(ctx, order, next, err)
	}
}

// lasting refuses to change what cannot change while the service runs.
func lasting(now, next *configs.Config) error {
	if now.Data == next.Data && now.Ledger == next.Ledger {
		return nil
	}
	return fmt.Errorf("%s: data and ledger cannot change while the service runs; restart it", next.Path)
}

// replace opens the next configuration, and where that cannot be opened the one before.
func (h *house) replace(ctx context.Context, before, next *configs.Config) (*turn, error) {
	t, err := h.open(ctx, next)
	if err != nil {
		h.refuse(ctx, h.answered, next, err)
		return h.open(ctx, before)
	}
	h.log.Info("the changed configuration holds", "configuration", next.Path, "routes", len(next.Routes))
	if h.answered == 0 { // nobody waits to hear it
		return t, nil
	}
	return t, desk.Reloading{Order: h.answered, Routes: len(next.Routes), File: next.Path, Machine: next.Here()}.Keep(context.WithoutCancel(ctx), h.ledger)
}

// refuse says why a configuration was not taken up, mistake by mistake.
func (h *house) refuse(ctx context.Context, order int64, next *configs.Config, err error) {
	came := desk.Reloading{Order: order, File: next.Path, Machine: next.Here()}
	wrong, told := errors.AsType[*configs.MistakesError](err)
	if told {
		for _, m := range wrong.Mistakes {
			came.Wrong = append(came.Wrong, m.String())
		}
	} else {
		came.Wrong = []string{err.Error()}
	}
	for _, line := range came.Wrong {
		h.log.Error("the changed configuration is refused; the service goes on with the one it has", "mistake", line)
	}
	if order == 0 {
		return
	}
	if err := came.Keep(context.WithoutCancel(ctx), h.ledger); err != nil {
		h.log.Error("what came of a reload cannot be written down", "error", err)
	}
}

// hangups has every hang-up reload until the returned function is called, where no terminal is attached: one that is closed
// ends the program.
func (h *house) hangups() (stop func()) {
	if terminal() || signal.Ignored(syscall.SIGHUP) {
		return func() {}
	}
	signal.Reset(syscall.SIGHUP) // until now it ended the program
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		defer close(done)
		for range signals {
			h.ask(0)
		}
	}()
	return func() { signal.Stop(signals); close(signals); <-done }
}

// terminal reports whether a terminal controls this process.
func terminal() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}
