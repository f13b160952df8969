package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
)

func routeNames(cfg *configs.Config) []string { return slices.Sorted(maps.Keys(cfg.Routes)) }

// printBodies prints what would be sent, one item a line.
func printBodies(w io.Writer, wanted bool) func(*batch.Item) {
	if !wanted {
		return nil
	}
	return func(it *batch.Item) {
		if it.Sendable() {
			fmt.Fprintf(w, "rows %s: %s\n", strings.Trim(fmt.Sprint(it.Rows), "[]"), it.Body)
		}
	}
}

func statusCommand(f *flags) *cobra.Command {
	var last int
	c := &cobra.Command{
		Use:   "status [FILE-ID]",
		Short: "Files, lanes, and the rows of one file",
		Long:  `Shows the newest files and every lane that is stopped; with a file id (or its beginning), what became of that file's rows. Works while the service runs.`,
		Example: `  rowferry status
  rowferry status 20261122-101502-7f3a
  rowferry status --json`,
		Args: takes(0, 1, "a file id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.visit(cmd.Context(), func(ctx context.Context, cfg *configs.Config, l ledger.Visitor) error {
				stops, err := stopped(ctx, cfg, l)
				if err != nil {
					return err
				}
				if len(args) == 0 {
					return f.statusAll(ctx, cfg, l, stops, last)
				}
				return f.statusFile(ctx, cfg, l, stops, args[0])
			})
		},
	}
	c.Flags().IntVar(&last, "last", 20, "how many files to list")
	return c
}

// stopped says why accounts are stopped: by a person, or because the provider refuses them.
func stopped(ctx context.Context, cfg *configs.Config, l ledger.Visitor) (map[string]string, error) {
	stops, err := l.Lanes(ctx)
	if err != nil {
		return nil, err
	}
	for account := range cfg.Accounts {
		why, err := l.Kept(ctx, pipeline.RefusedKey(account))
		if err != nil {
			return nil, err
		}
		if stops[account] == "" && why != "" {
			stops[account] = why
		}
	}
	return stops, nil
}

// visit opens the ledger to look, beside a running service or without one.
func (f *flags) visit(ctx context.Context, look func(context.Context, *configs.Config, ledger.Visitor) error) error {
	cfg, err := configs.Load(f.config) // without its warnings: nothing is sent
	if err != nil {
		return err
	}
	l, err := drivers.Visit(ctx, cfg.Ledger, cfg.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("nothing has been taken yet: there is no ledger in %s", cfg.Data)
	}
	if err != nil {
		return err
	}
	return errors.Join(look(ctx, cfg, l), l.Close())
}

func (f *flags) statusAll(ctx context.Context, cfg *configs.Config, l ledger.Visitor, stops map[string]string, last int) error {
	files, err := l.Files(ctx, ledger.Query{Last: last})
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(os.Stdout, map[string]any{"files": files, "stopped_lanes": stops})
	}
	if len(files) == 0 {
		fmt.Println("No file has been taken yet.")
		return nil
	}
	if err := filesTable(os.Stdout, files); err != nil {
		return err
	}
	h := misfits(cfg, files, stops)
	remarks(os.Stdout, slices.DeleteFunc(files, func(f ledger.File) bool { return f.Rested && f.State == ledger.Reported }), h)
	for _, account := range slices.Sorted(maps.Keys(stops)) {
		fmt.Printf("\naccount %s: %s\n", account, stops[account])
	}
	return nil
}

// misfits adds the files that the configuration does not fit any more to the accounts that are stopped.
func misfits(cfg *configs.Config, files []ledger.File, stops map[string]string) hindrances {
	h := hindrances{accounts: stops, files: map[string]string{}}
	for _, file := range files {
		if err := pipeline.Misfit(cfg, file); err != nil {
			h.files[file.ID] = err.Error()
		}
	}
	return h
}

// one finds a file by its id or the beginning of it.
func one(ctx context.Context, l ledger.Visitor, id string) (ledger.File, error) {
	if id == "" { // of a script's variable that was not set; it would fit every file
		return ledger.File{}, errors.New("the file id is empty: write one; rowferry status lists them")
	}
	files, err := l.Files(ctx, ledger.Query{ID: id})
	switch {
	case err != nil:
		return ledger.File{}, err
	case len(files) == 0:
		return ledger.File{}, fmt.Errorf("there is no file %s; see: rowferry status", id)
	case len(files) > 1 && files[0].ID != id:
		return ledger.File{}, fmt.Errorf("%d files begin with %s: write more of the id", len(files), id)
	}
	return files[0], nil
}

// rowStatus is a row that was not delivered, for status and its JSON.
type rowStatus struct {
	Row     int             `json:"row"`
	Outcome *batch.Outcome  `json:"outcome,omitempty"` // nil: waiting
	Tries   int             `json:"attempts,omitempty"`
	Until   time.Time       `json:"not_before,omitzero"`
	Why     []batch.Problem `json:"problems,omitempty"`
}

func (f *flags) statusFile(ctx context.Context, cfg *configs.Config, l ledger.Visitor, stops map[string]string, id string) error {
	file, err := one(ctx, l, id)
	if err != nil {
		return err
	}
	const most = 50
	var rows []rowStatus
	more, untried := 0, 0
	for c, err := range l.Chunks(ctx, file.ID) {
		if err != nil {
			return err
		}
		for _, r := range notDelivered(c) {
			switch {
			case f.json:
				rows = append(rows, r)
			case r.Outcome == nil && r.Tries == 0:
				untried++
			case len(rows) < most:
				rows = append(rows, r)
			default:
				more++
			}
		}
	}
	if f.json {
		return printJSON(os.Stdout, map[string]any{"file": file, "not_delivered": rows})
	}
	if err := filesTable(os.Stdout, []ledger.File{file}); err != nil {
		return err
	}
	remarks(os.Stdout, []ledger.File{file}, misfits(cfg, []ledger.File{file}, stops))
	printRows(rows, more, untried)
	for _, name := range file.Results {
		fmt.Println("result: " + name)
	}
	return nil
}

func notDelivered(c *ledger.Content) []rowStatus {
	var out []rowStatus
	for i := range c.Items {
		s := c.States[i]
		for _, row := range c.Items[i].Rows {
			if s.Verdict == nil {
				out = append(out, rowStatus{Row: row, Tries: s.Attempts, Until: s.Until})
				continue
			}
			o := s.Verdict.Of(row)
			if o.Status == batch.Delivered {
				continue
			}
			r := rowStatus{Row: row, Outcome: &o, Tries: o.Attempts}
			for _, p := range append(slices.Clone(c.Items[i].Problems), s.Verdict.Problems...) {
				if p.Row == row {
					r.Why = append(r.Why, p)
				}
			}
			out = append(out, r)
		}
	}
	return out
}

func printRows(rows []rowStatus, more, untried int) {
	if len(rows) > 0 || untried > 0 {
		fmt.Println("\nRows that are not delivered:")
	}
	for _, r := range rows {
		if r.Outcome == nil {
			fmt.Printf("  row %d waits to be tried again (%s so far)\n", r.Row, count(r.Tries, "attempt"))
			continue
		}
		var why []string
		if r.Outcome.Message != "" {
			why = append(why, r.Outcome.Message)
		}
		for _, p := range r.Why {
			why = append(why, p.Text)
		}
		fmt.Printf("  row %d %s: %s\n", r.Row, r.Outcome.Status, strings.Join(why, " | "))
	}
	if more > 0 {
		fmt.Printf("  … and %d more; --json lists all, the result file has them in the end\n", more)
	}
	if untried > 0 {
		fmt.Printf("  %s not been tried yet\n", has(untried))
	}
}

func has(rows int) string {
	if rows == 1 {
		return "1 row has"
	}
	return fmt.Sprintf("%d rows have", rows)
}

func resendCommand(f *flags) *cobra.Command {
	var statuses []string
	c := &cobra.Command{
		Use:   "resend FILE-ID --status OUTCOME[,OUTCOME…]",
		Short: "Send rows of a finished file again",
		Long: `Sends the rows again whose outcome is one of those named: failed, unknown, rejected, skipped. Delivered rows are never
sent again, and invalid rows must be mended in the spreadsheet first. Of "unknown" rows, look up at the provider what
happened before you send them again: they may have been processed. A new result file covers the whole file again.`,
		Example: `  rowferry resend 20261122-101502-7f3a --status failed
  rowferry resend 20261122-101502-7f3a --status unknown,rejected`,
		Args: takes(1, 1, "a file id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := resendable(statuses)
			if err != nil {
				return err
			}
			return f.order(cmd.Context(), ledger.Order{Verb: ledger.Resend, Statuses: wanted}, args[0])
		},
	}
	c.Flags().StringSliceVar(&statuses, "status", nil, "outcomes to send again: failed, unknown, rejected, skipped")
	return c
}

// resendable are the outcomes that a person named, if they can be sent again.
func resendable(statuses []string) (wanted []batch.Status, err error) {
	if len(statuses) == 0 {
		return nil, errors.New("say which rows to send again: --status failed (or unknown, rejected, skipped)")
	}
	for _, s := range statuses {
		switch batch.Status(s) {
		case batch.Failed, batch.Unknown, batch.Rejected, batch.Skipped:
			wanted = append(wanted, batch.Status(s))
		case batch.Delivered:
			return nil, errors.New("delivered rows are never sent again")
		case batch.Invalid:
			return nil, errors.New("invalid rows were never fit to be sent: mend them in the spreadsheet and drop it again")
		default:
			return nil, fmt.Errorf("--status %q is no outcome: write failed, unknown, rejected or skipped", s)
		}
	}
	return wanted, nil
}

// listed is outcomes in a sentence.
func listed(statuses []batch.Status, between string) string {
	var words []string
	for _, s := range statuses {
		words = append(words, string(s))
	}
	return strings.Join(words, between)
}

func cancelCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:     "cancel FILE-ID",
		Short:   "Give up the rows of a file that still wait",
		Long:    `Rows that wait become skipped; what is in flight ends as it ends. The result file then says what became of every row.`,
		Example: `  rowferry cancel 20261122-101502-7f3a`,
		Args:    takes(1, 1, "a file id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.order(cmd.Context(), ledger.Order{Verb: ledger.Cancel}, args[0])
		},
	}
}

func pauseCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "pause FILE-ID|ACCOUNT",
		Short: "Stop sending a file, or everything of an account",
		Example: `  rowferry pause 20261122-101502-7f3a
  rowferry pause otms`,
		Args: takes(1, 1, "a file id or an account"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.order(cmd.Context(), ledger.Order{Verb: ledger.Pause}, args[0])
		},
	}
}

func resumeCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "resume FILE-ID|ACCOUNT",
		Short: "Go on sending a paused file or account",
		Example: `  rowferry resume 20261122-101502-7f3a
  rowferry resume otms`,
		Args: takes(1, 1, "a file id or an account"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.order(cmd.Context(), ledger.Order{Verb: ledger.Resume}, args[0])
		},
	}
}

// order carries an order out: by the service where one runs, else here on the ledger.
func (f *flags) order(ctx context.Context, o ledger.Order, target string) error {
	return f.visit(ctx, func(ctx context.Context, cfg *configs.Config, l ledger.Visitor) error {
		var answer ordered
		if _, account := cfg.Accounts[target]; account && (o.Verb == ledger.Pause || o.Verb == ledger.Resume) {
			o.Account = target
		} else {
			file, err := one(ctx, l, target)
			if err != nil {
				return err
			}
			if err := errors.Join(allowed(o, file), superseded(ctx, l, o, file)); err != nil {
				return err
			}
			o.File = file.ID
			if o.Verb == ledger.Resend {
				if answer.Rows, err = again(ctx, l, o, file.ID); err != nil {
					return err
				}
				answer.Name, answer.Of = file.Name, file.Counts.Read
			}
		}
		owner, err := drivers.Open(ctx, cfg.Ledger, cfg.Data)
		if _, busy := errors.AsType[*ledger.InUse](err); busy {
			if answer.Taken, err = deliver(ctx, l, o); err != nil {
				return err
			}
			answer.Order, answer.Service = o, true
			return f.tell(answer)
		}
		if err != nil {
			return err
		}
		log, err := f.logger(8)
		if err == nil {
			err = (&pipeline.Engine{Ledger: owner, Log: log}).Obey(ctx, o)
		}
		if err = errors.Join(err, owner.Close()); err != nil {
			return err
		}
		answer.Order, answer.Taken = o, true
		return f.tell(answer)
	})
}

// ordered is what came of an order.
type ordered struct {
	ledger.Order
	Service bool   `json:"service"` // a service runs
	Taken   bool   `json:"taken"`   // it has taken the order, or the order was carried out here
	Rows    int    `json:"rows,omitempty"`
	Of      int    `json:"of,omitempty"`
	Name    string `json:"name,omitempty"`
}

func (f *flags) tell(o ordered) error {
	if f.json {
		return printJSON(os.Stdout, o)
	}
	if o.Verb == ledger.Resend {
		fmt.Printf("%s: %s of %d to be sent again.\n", o.Name, count(o.Rows, "row"), o.Of)
	}
	switch {
	case !o.Service:
		fmt.Println("Done. It takes effect when rowferry runs: rowferry run")
	case o.Taken:
		fmt.Println("Done: the running service has taken the order.")
	default:
		fmt.Println("The order is in the ledger; the running service has not taken it yet.")
	}
	return nil
}

// again counts the rows that a resend sends again: those of an item travel together. It is an error when there are none.
func again(ctx context.Context, l ledger.Visitor, o ledger.Order, id string) (rows int, err error) {
	for c, err := range l.Chunks(ctx, id) {
		if err != nil {
			return 0, err
		}
		for i := range c.Items {
			item, v := &c.Items[i], c.States[i].Verdict
			if v != nil && item.Body != nil && slices.ContainsFunc(item.Rows, func(r int) bool { return slices.Contains(o.Statuses, v.Of(r).Status) }) {
				rows += len(item.Rows)
			}
		}
	}
	if rows == 0 {
		return 0, fmt.Errorf("the rows of %s that are %s were never fit to be sent (their document has an invalid row, or they were delivered before): mend what the result says and drop that, there is nothing to send again",
			id, listed(o.Statuses, " or "))
	}
	return rows, nil
}

// allowed says why an order makes no sense for a file in its present state.
func allowed(o ledger.Order, f ledger.File) error {
	finished := f.State == ledger.Settled || f.State == ledger.Reported
	switch {
	case f.State == ledger.Quarantined || f.State == ledger.Duplicate:
		return fmt.Errorf("%s was not accepted (%s): no row of it is or was to be sent", f.ID, f.State)
	case o.Verb == ledger.Resend && !finished:
		return fmt.Errorf("%s is still being sent: wait until it has ended, or cancel it", f.ID)
	case o.Verb != ledger.Resend && finished:
		return fmt.Errorf("%s has ended: every row has its outcome", f.ID)
	case o.Verb == ledger.Resend && concerned(o.Statuses, f.Counts) == 0:
		return fmt.Errorf("no row of %s is %s: there is nothing to send again. See: rowferry status %s", f.ID, listed(o.Statuses, " or "), f.ID)
	}
	return nil
}

// superseded refuses to send rows of a file again whose result was dropped since.
func superseded(ctx context.Context, l ledger.Visitor, o ledger.Order, f ledger.File) error {
	if o.Verb != ledger.Resend {
		return nil
	}
	family, err := l.Files(ctx, ledger.Query{Family: f.Root(), States: []ledger.State{ledger.Sending, ledger.Settled, ledger.Reported}})
	if err != nil {
		return err
	}
	newest := f
	for _, m := range family {
		if m.Generation() > newest.Generation() {
			newest = m
		}
	}
	if newest.ID != f.ID {
		return fmt.Errorf("the result of %s was dropped again since: %s now speaks for all its rows. Use: rowferry resend %s --status %s",
			f.ID, newest.ID, newest.ID, listed(o.Statuses, ","))
	}
	return nil
}

// concerned counts the rows that have one of the outcomes.
func concerned(statuses []batch.Status, c batch.Counts) (n int) {
	for _, s := range statuses {
		n += c.Of(s)
	}
	return n
}

// deliver leaves the order for the running service and waits until it has taken it.
func deliver(ctx context.Context, l ledger.Visitor, o ledger.Order) (taken bool, err error) {
	n, err := l.Order(ctx, o)
	if err != nil {
		return false, err
	}
	for range 50 {
		time.Sleep(100 * time.Millisecond)
		if taken, err := l.Taken(ctx, n); err == nil && taken {
			return true, nil
		}
	}
	return false, nil
}
