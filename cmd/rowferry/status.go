package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/words"
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
	var row string
	var backlog bool
	which := listing{}
	c := &cobra.Command{
		Use:   "status [FILE-ID [--row N]]",
		Short: "Files, lanes, and the rows of one file",
		Long: `Shows the newest files and every lane that is stopped; with a file id (or its beginning), what became of that file's rows;
with --row, what was sent for one row and what the provider answered. An answer is kept where the request did not end
delivered, for as long as the file's rows are: its first 4 KiB, with passwords and tokens hidden. Works while the service runs.

The flags --route, --state, --since and --problems choose files; --problems those that need a person: not taken, stopped,
paused, or with rows that were not delivered.

With --backlog, how many rows wait for an outcome, by account (T is their total) and by how long ago their file was taken: a
backlog that moves to the right is one that the account's pace does not let out, or that somebody stopped.`,
		Example: `  rowferry status
  rowferry status 20261122-101502-7f3a
  rowferry status 20261122-101502-7f3a --row 17
  rowferry status --problems --since 24h
  rowferry status --route ship-points --state sending,settled
  rowferry status --backlog
  rowferry status --json`,
		Args: takes(0, 1, "a file id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.visit(cmd.Context(), func(ctx context.Context, d *desk.Desk) error {
				switch {
				case backlog && len(args) == 1:
					return errors.New("--backlog is of all files: leave the file id out")
				case backlog:
					return f.statusBacklog(ctx, d, time.Now())
				case len(args) == 1 && cmd.Flags().Changed("row"):
					return f.statusRow(ctx, d, args[0], row)
				case len(args) == 0 && cmd.Flags().Changed("row"):
					return errors.New("--row needs the id of the file that has the row: rowferry status FILE-ID --row N")
				case len(args) == 0:
					return f.statusAll(ctx, d, which)
				}
				return f.statusFile(ctx, d, args[0])
			})
		},
	}
	c.Flags().IntVar(&which.last, "last", 20, "how many files to list")
	c.Flags().StringVar(&which.route, "route", "", "only files of this route")
	c.Flags().StringSliceVar(&which.states, "state", nil, "only files in these states: "+strings.Join(stateNames(), ", "))
	c.Flags().StringVar(&which.since, "since", "", "only files taken since: 30m, 24h, 7d, or a day as 2026-11-22")
	c.Flags().BoolVar(&which.problems, "problems", false, "only files that need a person")
	c.Flags().BoolVar(&backlog, "backlog", false, "how many rows wait, by account and age")
	c.Flags().StringVar(&row, "row", "", "show what was sent for this row, and what the provider answered; of a file of several sheets: December!5")
	return c
}

// misplaced is an error where a mistake of the configuration may hide where the ledger is.
func misplaced(cfg *configs.Config) error {
	cfg.WithoutSecrets()
	if cfg.Verdict().Err() != nil {
		return fmt.Errorf("there is no ledger in %s, where the configuration puts it as far as it can be read; its mistakes: rowferry config check", cfg.Data)
	}
	return nil
}

// visit opens the books to look and to ask, beside a running service or without one.
func (f *flags) visit(ctx context.Context, look func(context.Context, *desk.Desk) error) error {
	cfg := configs.Load(f.config) // sound or not: nothing is sent
	l, err := drivers.Visit(ctx, drivers.Of(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		if err := misplaced(cfg); err != nil {
			return err
		}
		return &noLedger{cfg.Data}
	}
	if err != nil {
		return err
	}
	return errors.Join(look(ctx, &desk.Desk{Books: l, Orders: l, Config: cfg}), l.Close())
}

// noLedger is why nothing can be looked at: nothing was ever taken with this data folder.
type noLedger struct{ dir string }

func (e *noLedger) Error() string {
	return "nothing has been taken yet: there is no ledger in " + e.dir
}

func (f *flags) statusAll(ctx context.Context, d *desk.Desk, which listing) error {
	files, err := which.files(ctx, d)
	if err != nil {
		return err
	}
	stops, err := d.Stops(ctx)
	if err != nil {
		return err
	}
	closed, err := d.Closed(ctx)
	if err != nil {
		return err
	}
	unready, err := d.Unready(ctx)
	if err != nil {
		return err
	}
	untold, err := d.Untold(ctx)
	if err != nil {
		return err
	}
	strays, err := d.Strays(ctx, 20)
	if err != nil {
		return err
	}
	turn, err := d.Turn(ctx)
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(stdout, filesAnswer{orEmpty(files), stops, closed, unready, untold, strays, turn})
	}
	defer func() {
		l := d.Config.Language
		printEach(l, "stand.account", stops)
		printEach(l, "stand.closed", closed)
		printFull(l, d.Config.Data)
		printEach(l, "stand.unready", whyUnready(unready))
		printEach(l, "stand.untold", untold)
		printTurn(turn)
		printStrays(strays)
	}()
	if len(files) == 0 && which.all() {
		fmt.Fprintln(stdout, words.Of(d.Config.Language, "stand.none"))
		return nil
	}
	if len(files) == 0 {
		fmt.Fprintln(stdout, words.Of(d.Config.Language, "stand.no_fit"))
		return nil
	}
	if err := statusTable(stdout, files); err != nil {
		return err
	}
	remarks(stdout, files)
	return nil
}

// leastRoom is what a disk has at least that is not full; what the ledger keeps in reserve may just have been given up.
const leastRoom = 2 << 20

// printFull says that the disk of the data folder is full: who sends cannot write it down.
func printFull(l batch.Language, data string) {
	if room, err := local.Room(data); err == nil && room < leastRoom {
		fmt.Fprintln(stdout, words.Of(l, "stand.full", "dir", data))
	}
}

// whyUnready is why files stay in inboxes, by route and name in one.
func whyUnready(files map[string]map[string]desk.Unready) map[string]string {
	why := map[string]string{}
	for route, all := range files {
		for name, one := range all {
			why[route+": "+name] = one.Why
		}
	}
	return why
}

// printEach says why something does not go on, by name.
func printEach(l batch.Language, key string, why map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(why)) {
		fmt.Fprintf(stdout, "\n%s\n", words.Of(l, key, "name", name, "why", why[name]))
	}
}

// printTurn says which machine works, where several may; nil: there is one.
func printTurn(t *ledger.Turn) {
	if t == nil {
		return
	}
	at := func(t time.Time) string { return t.Local().Format(time.DateTime) }
	switch {
	case t.Works == "":
		fmt.Fprintln(stdout, "\nNo machine works: rowferry run")
	case t.Silent:
		fmt.Fprintf(stdout, "\n%s works since %s, and was last heard of at %s\n", t.Works, at(t.Since), at(t.Heard))
	default:
		fmt.Fprintf(stdout, "\n%s works since %s\n", t.Works, at(t.Since))
	}
	for _, m := range t.Machines {
		switch {
		case len(m.Accounts) > 0 && m.Silent:
			fmt.Fprintf(stdout, "%s sends for %s, and was last heard of at %s\n", m.Machine, strings.Join(m.Accounts, ", "), at(m.Heard))
		case len(m.Accounts) > 0:
			fmt.Fprintf(stdout, "%s sends for %s\n", m.Machine, strings.Join(m.Accounts, ", "))
		case m.Machine != t.Works:
			fmt.Fprintf(stdout, "%s is there since %s\n", m.Machine, at(m.Since))
		}
	}
	for _, w := range t.StandingBy {
		fmt.Fprintf(stdout, "%s stands by since %s\n", w.Machine, at(w.Since))
	}
	for _, q := range t.Queues {
		if q.Waiting+q.Running+q.Failed == 0 {
			continue
		}
		fmt.Fprintf(stdout, "%s: %d waiting, %d running, %d failed and tried again", q.Kind, q.Waiting, q.Running, q.Failed)
		if age := q.Age(time.Now()); age >= time.Second {
			fmt.Fprintf(stdout, "; the oldest waits for %s", age.Round(time.Second))
		}
		fmt.Fprintln(stdout)
	}
}

// printStrays lists receipts that found nothing.
func printStrays(strays []ledger.Received) {
	if len(strays) > 0 {
		fmt.Fprintln(stdout, "\nReceipts that speak of nothing that was sent from here, or cannot be understood:")
	}
	for _, r := range strays {
		fmt.Fprintf(stdout, "  %s account %s, %s: %s %s %s\n", r.Came.Format("2006-01-02 15:04:05"), r.Account, r.Kind, r.Class, r.Key, r.Message)
	}
}

func (f *flags) statusFile(ctx context.Context, d *desk.Desk, id string) error {
	file, err := d.File(ctx, id)
	if err != nil {
		return err
	}
	const most = 50
	var rows []desk.Row
	more, untried := 0, 0
	for r, err := range d.Rows(ctx, file.ID, desk.Rows{Undelivered: true}) {
		switch {
		case err != nil:
			return err
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
	receipts, err := d.Receipts(ctx, file.ID)
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(stdout, fileAnswer{file, orEmpty(rows), receipts})
	}
	if err := statusTable(stdout, []desk.File{file}); err != nil {
		return err
	}
	remarks(stdout, []desk.File{file})
	if receipts != nil {
		fmt.Fprintf(stdout, "receipts: %d accepted, %d refused, %d awaited\n", receipts[batch.Accepted], receipts[batch.Refused], receipts[batch.Awaited]+receipts[batch.Told])
	}
	l := file.Language
	printRows(l, rows, more, untried)
	for _, n := range file.Reading.Notes {
		if !n.Unread { // that was remarked
			fmt.Fprintln(stdout, words.Of(l, "stand.note", "note", words.Say(l, n.Message)))
		}
	}
	if file.Lost(ledger.PartRows) {
		fmt.Fprintln(stdout, words.Of(l, "stand.forgotten"))
	}
	for _, name := range file.Results {
		fmt.Fprintln(stdout, words.Of(l, "stand.result", "name", name))
	}
	return nil
}

func (f *flags) statusRow(ctx context.Context, d *desk.Desk, id, name string) error {
	file, err := d.File(ctx, id)
	if err != nil {
		return err
	}
	row, found := file.Reading.Sheets.Find(name)
	if !found {
		row, _ = strconv.Atoi(name)
	}
	e, err := d.Exchange(ctx, file.File, row)
	if errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("%s has no row %s: rows have the numbers that the spreadsheet shows", file.Name, name)
	}
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(stdout, e)
	}
	printExchange(stdout, file, e)
	return nil
}

func printExchange(w io.Writer, file desk.File, e desk.Exchange) {
	state := "waits"
	if e.Outcome != nil {
		state = string(e.Outcome.Status)
	}
	fmt.Fprintf(w, "%s row %s: %s, %s\n", file.Name, e.Name(), state, count(e.Tries, "attempt"))
	if said := e.Said(); said != "" {
		fmt.Fprintf(w, "  %s\n", said)
	}
	if len(e.Together) > 1 {
		fmt.Fprintf(w, "Together with rows %s\n", file.Reading.Sheets.Rows(e.Together))
	}
	switch {
	case len(e.Sent) == 0:
		fmt.Fprintf(w, "\nNothing was sent.\n")
		return
	case e.Tries == 0:
		fmt.Fprintf(w, "\nTo be sent:\n%s\n", e.Sent)
		return
	}
	fmt.Fprintf(w, "\nSent:\n%s\n", e.Sent)
	if e.Answered == nil {
		fmt.Fprintf(w, "\nNo answer is kept: there was none, or the row was delivered.\n")
		return
	}
	fmt.Fprintf(w, "\nAnswered:\nHTTP %d\n%s\n%s\n", e.Answered.Status, e.Answered.Headers, desk.Indented(e.Answered))
	if e.Answered.Cut {
		fmt.Fprintln(w, "… (cut)")
	}
}

func printRows(l batch.Language, rows []desk.Row, more, untried int) {
	refused := func(r desk.Row) bool {
		return r.Outcome != nil && r.Outcome.Receipt != nil && r.Outcome.Receipt.Class == batch.Refused
	}
	switch {
	case slices.ContainsFunc(rows, refused):
		fmt.Fprintf(stdout, "\n%s\n", words.Of(l, "stand.rows.later"))
	case len(rows) > 0 || untried > 0:
		fmt.Fprintf(stdout, "\n%s\n", words.Of(l, "stand.rows"))
	}
	say := func(key string, args ...any) { fmt.Fprintf(stdout, "  %s\n", words.Of(l, key, args...)) }
	for _, r := range rows {
		if r.Outcome == nil {
			say("stand.row.again", "row", r.Name(), "tries", r.Tries)
			continue
		}
		status := string(r.Outcome.Status)
		if refused(r) {
			status = words.Of(l, "stand.refused", "status", status)
		}
		say("stand.row", "row", r.Name(), "status", status, "said", r.Said())
	}
	if more > 0 {
		say("stand.more", "rows", more)
	}
	if untried > 0 {
		say("stand.untried", "rows", untried)
	}
}

func resendCommand(f *flags) *cobra.Command {
	var statuses []string
	c := &cobra.Command{
		Use:   "resend FILE-ID --status OUTCOME[,OUTCOME…]",
		Short: "Send rows of a finished file again",
		Long: `Sends the rows again whose outcome is one of those named: failed, unknown, rejected, skipped. Delivered rows are never
sent again, and invalid rows must be mended in the spreadsheet first. Of "unknown" rows, look up at the provider what
happened before you send them again: they may have been processed. Rows that are skipped because the same was sent before are not
meant while others have the outcome; where they alone have it, they go. A new result file covers the whole file again.`,
		Example: `  rowferry resend 20261122-101502-7f3a --status failed
  rowferry resend 20261122-101502-7f3a --status unknown,rejected`,
		Args: takes(1, 1, "a file id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var wanted []batch.Status
			for _, s := range statuses {
				wanted = append(wanted, batch.Status(s))
			}
			if err := desk.Resendable(wanted); err != nil {
				return err
			}
			return f.order(cmd.Context(), ledger.Order{Verb: ledger.Resend, Statuses: wanted}, args[0])
		},
	}
	c.Flags().StringSliceVar(&statuses, "status", nil, "outcomes to send again: failed, unknown, rejected, skipped")
	return c
}

func cancelCommand(f *flags) *cobra.Command {
	c := f.orderCommand(ledger.Cancel, "FILE-ID", "Give up the rows of a file that still wait", "a file id", "20261122-101502-7f3a")
	c.Long = `Rows that wait become skipped; what is in flight ends as it ends. The result file then says what became of every row.`
	return c
}

func pauseCommand(f *flags) *cobra.Command {
	return f.orderCommand(ledger.Pause, "FILE-ID|ACCOUNT", "Stop sending a file, or everything of an account", "a file id or an account", "20261122-101502-7f3a", "otms")
}

func resumeCommand(f *flags) *cobra.Command {
	return f.orderCommand(ledger.Resume, "FILE-ID|ACCOUNT", "Go on sending a paused file or account", "a file id or an account", "20261122-101502-7f3a", "otms")
}

// orderCommand gives an order about what its argument names.
func (f *flags) orderCommand(verb ledger.Verb, argument, short, takesWhat string, examples ...string) *cobra.Command {
	run := "  rowferry " + string(verb) + " "
	return &cobra.Command{Use: string(verb) + " " + argument, Short: short, Args: takes(1, 1, takesWhat), Example: run + strings.Join(examples, "\n"+run),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.order(cmd.Context(), ledger.Order{Verb: verb}, args[0])
		}}
}

// order carries an order out: by the service where one runs, else here on the ledger.
func (f *flags) order(ctx context.Context, o ledger.Order, target string) error {
	return f.visit(ctx, func(ctx context.Context, d *desk.Desk) error {
		o.File, o.By, o.From = target, whoami(), "command line"
		account, err := d.Account(ctx, target)
		if err != nil {
			return err
		}
		either := o.Verb == ledger.Pause || o.Verb == ledger.Resume
		if account && either {
			o.File, o.Account = "", target
		}
		answer, err := d.Weigh(ctx, o)
		if no, ok := errors.AsType[*desk.Refusal](err); ok && no.Reason == desk.NoFile && either {
			return fmt.Errorf("there is neither a file nor an account %s; files: rowferry status; accounts: %s", target,
				cmp.Or(strings.Join(slices.Sorted(maps.Keys(d.Config.Accounts)), ", "), "none can be read in the configuration"))
		}
		if err != nil {
			return err
		}
		owner, err := drivers.Open(ctx, drivers.Of(d.Config))
		if _, busy := errors.AsType[*ledger.InUse](err); busy {
			if answer, err = d.Leave(ctx, answer); err != nil {
				return err
			}
			return f.tell(answer, true)
		}
		if err != nil {
			return err
		}
		log, err := f.logger(8)
		if err == nil {
			err = (&desk.Clerk{Ledger: owner, Log: log, Language: d.Config.Language}).Obey(ctx, answer.Order)
		}
		if err = errors.Join(err, owner.Close()); err != nil {
			return err
		}
		answer.Taken = true
		return f.tell(answer, false)
	})
}

// tell says what came of an order; service: whether one runs.
func (f *flags) tell(o desk.Receipt, service bool) error {
	if f.json {
		return printJSON(stdout, orderAnswer{o, service})
	}
	if o.Verb == ledger.Resend {
		fmt.Fprintf(stdout, "%s: %s of %d to be sent again.\n", o.Name, count(o.Rows, "row"), o.Of)
		if slices.Contains(o.Statuses, batch.Unknown) {
			fmt.Fprintf(stdout, "What is unknown may have been processed, and would be twice. Where nobody looked it up at the provider: rowferry cancel %s\n", o.File)
		}
		if o.Twice > 0 {
			fmt.Fprintf(stdout, "They were held because the same was sent before, or zeros may be lost. Where they are not meant to go all the same: rowferry cancel %s\n", o.File)
		}
	}
	switch {
	case !service:
		fmt.Fprintln(stdout, "Done. It takes effect when rowferry runs: rowferry run")
	case o.Taken:
		fmt.Fprintln(stdout, "Done: the running service has taken the order.")
	default:
		fmt.Fprintln(stdout, "The order is in the ledger; the running service has not taken it yet.")
	}
	return nil
}

// whoami is the name of the person at the terminal, as far as the system knows it.
func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "?"
}
