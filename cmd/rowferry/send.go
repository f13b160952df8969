package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/outbox"
	resultbook "github.com/rowferry/rowferry/outbox/workbook"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/redrop"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/pipeline/traces"
	"github.com/rowferry/rowferry/places/local"
)

func sendCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "send ROUTE FILE…",
		Short: "Send files now, with progress",
		Long: `Takes the files as if they had been dropped into the route's inbox, sends their rows, waits for the results and prints
them. The files stay where they are. Exit code 0 when every row was delivered, 1 when some were not.`,
		Example: `  rowferry send ship-points orders.xlsx
  rowferry send ship-points *.csv --json`,
		Args: needs(2, "a route and at least one file"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.send(cmd.Context(), args[0], args[1:]) },
	}
}

// route finds a route of the configuration, as load gives it, and the files.
func (f *flags) route(load func() (*configs.Config, error), route string, paths []string) (*configs.Config, error) {
	cfg, err := load()
	if err != nil {
		return nil, err
	}
	if _, known := cfg.Routes[route]; !known {
		return nil, fmt.Errorf("%s has no route %q; it has: %s", f.config, route, strings.Join(routeNames(cfg), ", "))
	}
	return cfg, regular(paths)
}

func (f *flags) send(ctx context.Context, route string, paths []string) error {
	cfg, err := f.route(f.load, route, paths)
	if err != nil {
		return err
	}
	log, err := f.logger(slog.LevelWarn)
	if err != nil {
		return err
	}
	spans, err := traces.Open(ctx, version(), log)
	if err != nil {
		return err
	}
	defer spans.Close()
	e, end, err := engine(ctx, cfg, pipeline.Options{Route: route, Log: log, Traces: spans})
	if err != nil {
		return err
	}
	p := newProgress(os.Stderr)
	files, err := e.Send(ctx, e.Routes[route], paths, p.show)
	p.end()
	if err := errors.Join(f.conclude(e, cfg, files, err), end()); err != nil {
		return err
	}
	if !allDelivered(files) {
		return outcome(exitSome)
	}
	return nil
}

func checkCommand(f *flags) *cobra.Command {
	var bodies bool
	var folder string
	c := &cobra.Command{
		Use:   "check ROUTE FILE…",
		Short: "Everything but sending: what would go, what is wrong",
		Long: `Reads and maps the files exactly as a real run would and sends nothing; it needs no secrets. Exit code 0 when every row would be sent,
1 when some would not. With --output, a workbook per file says on every row what would happen.`,
		Example: `  rowferry check ship-points orders.xlsx
  rowferry check ship-points orders.xlsx --output checked   # checked/orders.check.xlsx
  rowferry check ship-points orders.xlsx --bodies           # also print what would be sent`,
		Args: needs(2, "a route and at least one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.check(cmd.Context(), stdout, args[0], args[1:], bodies, folder)
		},
	}
	c.Flags().BoolVar(&bodies, "bodies", false, "print the items that would be sent, one a line")
	c.Flags().StringVarP(&folder, "output", "o", "", "folder for a workbook per file that says what would happen to every row")
	return c
}

func (f *flags) check(ctx context.Context, w io.Writer, name string, paths []string, bodies bool, folder string) error {
	cfg, err := f.route(f.loadSecretless, name, paths)
	if err != nil {
		return err
	}
	routes, err := pipeline.Routes(cfg, name)
	if err != nil {
		return err
	}
	checker, done, err := books(ctx, cfg)
	if err != nil {
		return err
	}
	defer done()
	var findings []*check.Finding
	good := true
	for _, path := range paths {
		finding, err := checker.File(ctx, routes[name], followed(path), filepath.Base(path), printBodies(w, bodies))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		finding.Path = path
		findings = append(findings, finding)
		good = good && finding.Good()
		if !f.json {
			printFinding(w, finding)
		}
		if folder != "" && finding.Quarantine == "" {
			if err := f.checkWorkbook(ctx, w, checker, routes[name], path, folder); err != nil {
				return err
			}
		}
	}
	if f.json {
		if err := printJSON(w, findings); err != nil {
			return err
		}
	}
	if !good {
		return outcome(exitSome)
	}
	return nil
}

// followed is where a path leads: what a person names may be a link.
func followed(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// books lets a check recognise a result that was dropped before, by the ledger where there is one.
func books(ctx context.Context, cfg *configs.Config) (c check.Checker, done func(), err error) {
	l, err := drivers.Visit(ctx, drivers.Of(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return c, func() {}, nil
	}
	if err != nil {
		return c, nil, err
	}
	return check.Checker{Books: redrop.Books{Ledger: l}}, func() { _ = l.Close() }, nil
}

// checkWorkbook puts the workbook of what would happen into a folder, never over another file.
func (f *flags) checkWorkbook(ctx context.Context, w io.Writer, checker check.Checker, r *route.Route, path, folder string) (err error) {
	base := filepath.Base(path)
	_, report, err := checker.Report(ctx, r, followed(path), base, "")
	if err != nil || report == nil {
		return err
	}
	work, err := os.CreateTemp("", "rowferry-check-*")
	if err != nil {
		return err
	}
	defer os.Remove(work.Name())
	defer work.Close()
	if err := resultbook.New().Write(ctx, work, *report); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	place, err := local.Open(local.Settings{Dir: folder, Whose: "outbox"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Close()) }()
	name := strings.TrimSuffix(base, filepath.Ext(base)) + ".check.xlsx"
	if err := outbox.Open(place, outbox.Settings{}).Put(ctx, name, work); errors.Is(err, outbox.ErrExists) {
		return fmt.Errorf("%s is there already and says something else: remove it, or name another folder", filepath.Join(folder, name))
	} else if err != nil {
		return err
	}
	if !f.json {
		fmt.Fprintf(w, "  %s says what would happen to every row\n", filepath.Join(folder, name))
	}
	return nil
}

func printFinding(w io.Writer, c *check.Finding) {
	if c.Quarantine != "" {
		fmt.Fprintf(w, "%s would not be taken: %s\n", c.Path, c.Quarantine)
		return
	}
	before := ""
	if kept := c.Delivered + c.Rejected + c.Unknown; kept > 0 {
		before = fmt.Sprintf(", as before: %d delivered, %d rejected, %d unknown", c.Delivered, c.Rejected, c.Unknown)
	}
	fmt.Fprintf(w, "%s: %s read; %d would be sent in %s, %d invalid, %d skipped%s. Nothing was sent.\n",
		c.Path, count(c.Rows, "row"), c.Sendable, count(c.Requests, "request"), c.Invalid, c.Skipped, before)
	if c.Duplicate != "" {
		fmt.Fprintf(w, "  every row was in the file %s already: it would be a duplicate, and nothing of it would be sent\n", c.Duplicate)
	}
	const most = 20
	for i, p := range c.Held {
		if i == most || c.Duplicate != "" {
			break
		}
		fmt.Fprintf(w, "  row %s: %s\n", c.Row(p.Row), p.Text)
	}
	if more := c.Skipped - most; more > 0 && c.Duplicate == "" {
		fmt.Fprintf(w, "  … and %s more that would be skipped\n", count(more, "row"))
	}
	for _, p := range c.Problems {
		mark := "row"
		if p.Warning {
			mark = "warning, row"
		}
		fmt.Fprintf(w, "  %s %s: %s\n", mark, c.Row(p.Row), p.Text)
	}
	if c.More > 0 {
		fmt.Fprintf(w, "  … and %s more\n", count(c.More, "problem"))
	}
	for _, n := range c.Notes {
		fmt.Fprintf(w, "  note: %s\n", n)
	}
	if len(c.Unused) > 0 {
		fmt.Fprintf(w, "  note: no field uses these columns: %s\n", strings.Join(c.Unused, ", "))
	}
}
