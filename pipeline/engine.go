// Package pipeline runs the three loops that share nothing but the ledger: take, send, report; in one process.
package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/receipts"
	"github.com/rowferry/rowferry/pipeline/report"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/pipeline/send"
	"github.com/rowferry/rowferry/pipeline/take"
	"github.com/rowferry/rowferry/pipeline/traces"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/places/sftp"
	"github.com/rowferry/rowferry/senders"
)

// Engine is everything wired. Build makes one; Run, Once or Send is called once; Close after it.
type Engine struct {
	Ledger   ledger.Owner
	Routes   map[string]*route.Route
	Lanes    map[string]*send.Lane
	Data     string
	Log      *slog.Logger
	Metrics  *Metrics       // nil: not measured
	Traces   *traces.Traces // nil: nobody wants to see any
	Partners *sftp.Partners
	previews []*previewer
	Partial  bool // only some of the configuration's routes are wired: files of others wait in silence

	config   *configs.Config
	channels []notices.Channel
	reload   func(order int64) // nil: this process takes up no changed configuration
	told     map[string]string // refusals as the ledger has them, by account

	toldTroubles map[string]map[string]string // by key and what each concerns, as the ledger has them

	reports *report.Reporter // of the one who attends; nil: nobody does

	crew    crew
	woken   chan struct{} // has a token when orders or results may wait
	settled chan struct{} // has a token when a lane here has ended a file
	put     chan struct{} // has a token when a result is out, or was tried
	gauges  map[string]*Gauge

	mu       sync.Mutex
	inOffice bool   // this machine does what one does for all
	carried  string // the last order to reload that this machine carried out
	stalled  map[string]error
	looks    map[string]Look                    // by route
	unready  map[string]map[string]desk.Unready // what stays in inboxes, by route and name
	lookedAt bool                               // it is newer than what is written down
}

// beat is how often the engine looks for orders and settled files.
const beat = 200 * time.Millisecond

// hands are those of this process, over all its reloads.
var hands take.Hands

func (e *Engine) taker(r *route.Route) *take.Taker {
	t := &take.Taker{Route: r, Ledger: e.Ledger, Log: e.Log, Now: time.Now, Taken: e.taken, Looked: e.looked, Room: e.room, Hands: &hands}
	if r != nil {
		t.Patience = e.config.Routes[r.Name].Inbox.Patience
	}
	return t
}

func (e *Engine) newReporter() *report.Reporter {
	return &report.Reporter{Ledger: e.Ledger, Routes: e.Routes, Partial: e.Partial, Work: filepath.Join(e.Data, "outgoing"), Log: e.Log, Look: e.lookLast, Inbox: e.inboxOf, Tried: e.reported}
}

// reported notes a try to report a file.
func (e *Engine) reported(f ledger.File, began time.Time, err error) {
	e.Metrics.reported(f.Route, err)
	e.Traces.Reported(f, began, err)
	token(e.put)
}

// token leaves one, unless one is there.
func token(in chan<- struct{}) {
	select {
	case in <- struct{}{}:
	default:
	}
}

// inboxOf gives a route's inbox, and opens it for a while where it is not watched.
func (e *Engine) inboxOf(name string) (inbox.Place, func(), error) {
	r, c := e.Routes[name], e.config.Routes[name].Inbox
	if r.Inbox != nil || c.Dir == "" {
		return r.Inbox, func() {}, nil
	}
	place, err := e.inbox(e.config, c, r, Options{Log: e.Log}, "inbox", inbox.Settings{})
	if err != nil {
		return nil, nil, err
	}
	return place, func() { _ = place.Close() }, nil
}

// taken tells the lane of a file that has been taken.
func (e *Engine) taken(f ledger.File) {
	e.Metrics.file(f)
	e.Traces.Taken(f)
	if f.State == ledger.Sending {
		e.Hand(context.Background(), f)
	}
	e.crew.report(context.Background(), f)
}

// Hand gives a file to its lane. One that the configuration does not fit any more waits, and the log says what for; its
// rows are given up when a person says so.
func (e *Engine) Hand(ctx context.Context, f ledger.File) {
	if e.elsewhere(f) {
		return
	}
	e.offer(ctx, f, func(l *send.Lane) error { return l.Add(ctx, f.ID) })
}

func (e *Engine) offer(ctx context.Context, f ledger.File, to func(*send.Lane) error) {
	err := desk.Misfit(e.config, f)
	switch {
	case err == nil:
		err = to(e.Lanes[f.Account])
	case f.Cancelled:
		err = e.clerk().GiveUp(ctx, f)
	}
	if err != nil {
		e.Log.Error("the file waits", "file", f.ID, "name", f.Name, "error", err)
	}
}

// elsewhere reports whether a file is one of a route or account that is not wired here, but is in the configuration.
func (e *Engine) elsewhere(f ledger.File) bool {
	return e.Partial && (e.Routes[f.Route] == nil || e.Lanes[f.Account] == nil)
}

// Loop is work that goes on until its context ends. Run is called once; Name is for the log.
type Loop interface {
	Name() string
	Run(ctx context.Context) error
}

// loop is a function as a Loop.
type loop struct {
	name string
	run  func(ctx context.Context) error
}

func (l loop) Name() string                  { return l.name }
func (l loop) Run(ctx context.Context) error { return l.run(ctx) }

// Run takes, sends and reports, beside other loops, until ctx ends; then what is in flight ends and what is left is in the ledger.
func (e *Engine) Run(ctx context.Context, watching ...Loop) error {
	return e.run(ctx, e.watchers, append(watching, e.crew.serviceLoops()...)...)
}

// watchers are the loops of a service that one machine has: each begins anew when it is run.
func (e *Engine) watchers() (watching []Loop) {
	for _, p := range e.previews {
		watching = append(watching, p)
	}
	return append(watching, e.crew.officeLoops()...)
}

// run sends, and does what office gives and reports while that is this machine's to do, beside other loops, until ctx or one of the loops ends
// with an error, and waits for all.
func (e *Engine) run(ctx context.Context, office func() []Loop, others ...Loop) error {
	outer := ctx
	e.Metrics.serve(e)
	for _, l := range e.Lanes {
		if err := l.Open(ctx); err != nil {
			return quiet(outer, err)
		}
	}
	loops := append(others, loop{"office", func(ctx context.Context) error { return e.office(ctx, office) }})
	for _, l := range e.Lanes {
		loops = append(loops, l)
	}
	return quiet(outer, e.together(ctx, loops))
}

// together runs loops until one ends with an error, or ctx does, and waits for all.
func (e *Engine) together(ctx context.Context, loops []Loop) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range loops {
		group.Go(func() error {
			err := l.Run(ctx)
			e.Log.Debug("loop ended", "loop", l.Name(), "error", err)
			return err
		})
	}
	return group.Wait()
}

// office does what one machine does for all, for as long as that is this one, until ctx ends.
func (e *Engine) office(ctx context.Context, watching func() []Loop) error {
	if !e.crew.fit() {
		<-ctx.Done()
		return nil
	}
	return ledger.WhileLeased(ctx, e.Ledger, ledger.Office, func(ctx context.Context, _ ledger.Lease) error {
		e.enter(true)
		defer e.enter(false)
		if err := e.start(ctx); err != nil {
			return err
		}
		loops := append(watching(), loop{"orders and results", e.attend})
		if slices.ContainsFunc(slices.Collect(maps.Values(e.Routes)), func(r *route.Route) bool { return r.Receipts }) {
			loops = append(loops, &receipts.Reviser{Ledger: e.Ledger, Log: e.Log, Every: 5 * beat})
		}
		return e.together(ctx, loops)
	})
}

// quiet drops the error of having been told to stop.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// enter notes that the office is here, or not; then another machine may know better which results cannot be put.
func (e *Engine) enter(office bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inOffice = office; !office && !e.crew.alone() {
		e.stalled = nil
	}
}

// start ends what was begun and nobody goes on with, and gives the lanes what the ledger says is unfinished.
func (e *Engine) start(ctx context.Context) error {
	if err := e.tellCopied(ctx); err != nil {
		return err
	}
	if err := e.taker(nil).DropHanded(ctx); err != nil {
		return err
	}
	if err := e.Ledger.ForgetPrints(ctx, time.Now().Add(-e.remembered())); err != nil {
		return err
	}
	unfinished, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending}})
	if err != nil {
		return err
	}
	for _, f := range unfinished {
		e.Hand(ctx, f)
	}
	return nil
}

// tellCopied says once that the data folder is a copy: what was taken since it was made, or is taken where it was made, is not known here.
func (e *Engine) tellCopied(ctx context.Context) error {
	from, err := e.Ledger.Kept(ctx, ledger.CopiedKey)
	if err != nil || from == "" {
		return err
	}
	e.Log.Warn("the data folder is a copy; accounts with open rows are paused, see status. If it is still used where it lay, stop one of them: neither knows what the other sends", "before", from)
	return e.Ledger.Keep(ctx, ledger.CopiedKey, "")
}

// remembered is how long the configuration wants requests to be remembered, at most.
func (e *Engine) remembered() (longest time.Duration) {
	for _, r := range e.config.Routes {
		longest = max(longest, r.Repeats.Within)
	}
	return longest
}

// attend carries out orders and has settled files reported until ctx ends; more eagerly while something is under way.
func (e *Engine) attend(ctx context.Context) error {
	r, err := e.crew.reporter()
	if err != nil {
		return err
	}
	e.reports = r
	ctx, stop := context.WithCancel(ctx)
	defer r.Wait()
	defer stop()
	for ctx.Err() == nil {
		stamp := e.Ledger.Stamp()
		pause, err := e.turn(ctx)
		if err != nil {
			return quiet(ctx, err)
		}
		e.idle(ctx, pause, stamp)
	}
	return nil
}

// idle waits for a pause, and on while nobody has written into the ledger since it had the stamp; not for long, because what failed is due again
// by the clock. A token ends it at once.
func (e *Engine) idle(ctx context.Context, pause time.Duration, stamp string) {
	for end := time.Now().Add(10 * beat); ; {
		select {
		case <-ctx.Done():
			return
		case <-e.crew.ended():
			return
		case <-e.woken:
			select {
			case <-ctx.Done():
			case <-time.After(beat / 8): // others write too
			}
			return
		case <-time.After(pause):
		}
		if stamp == "" || e.Ledger.Stamp() != stamp || time.Now().After(end) {
			return
		}
	}
}

// turn carries out the orders that are there, has settled files reported, and says how long nobody need look again.
func (e *Engine) turn(ctx context.Context) (time.Duration, error) {
	if err := e.clerk().Work(ctx); err != nil {
		return 0, err
	}
	pause, err := e.crew.results(ctx)
	if err != nil {
		return 0, err
	}
	return pause, e.tellTroubles(ctx)
}

// Reports reports whether this machine is the one that reports now.
func (e *Engine) Reports() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.crew.alone() || e.inOffice
}

// busy reports whether a request is under way.
func (e *Engine) busy() bool {
	for _, l := range e.Lanes {
		if l.State().InFlight > 0 {
			return true
		}
	}
	return false
}

// clerk carries orders out on this engine's ledger and in its lanes.
func (e *Engine) clerk() *desk.Clerk {
	return &desk.Clerk{Ledger: e.Ledger, Log: e.Log, Language: e.config.Language, House: e}
}

// Hold lets no result of a file be written until release is called.
func (e *Engine) Hold(file string) (release func()) {
	if e.reports == nil {
		return func() {}
	}
	return e.reports.Hold(file)
}

// Reload has the changed configuration taken up that an order asks for; false where this process does not do that.
func (e *Engine) Reload(order int64) bool {
	if e.reload == nil {
		return false
	}
	n := strconv.FormatInt(order, 10)
	e.mu.Lock()
	e.carried = n
	e.mu.Unlock()
	e.reload(order)
	if err := e.crew.keep(reloadedKey, n); err != nil {
		e.Log.Error("other machines are not told to take up the changed configuration", "error", err)
	}
	return true
}

// Prune asks for a sweep of what was kept long enough. It is an error where this configuration keeps everything.
func (e *Engine) Prune() error {
	if e.config.Keep == (configs.Keep{}) {
		return errors.New("the configuration that is in force keeps everything for ever: rowferry reload has a changed one taken up")
	}
	return e.crew.prune()
}

// room is an error where there is less room on the disk than the configuration wants free.
func (e *Engine) room() error {
	least := e.config.FreeBytes()
	if least == 0 {
		return nil
	}
	free, err := local.Room(e.Data)
	if err == nil && free < least {
		err = &take.NoRoom{Dir: e.Data, Free: free, Least: e.config.Free}
	}
	return err
}

// Stop stops an account's lane for a reason; "" lets it go on.
func (e *Engine) Stop(account, reason string) {
	if lane := e.Lanes[account]; lane != nil {
		lane.Stop(reason)
	}
	if reason != "" {
		return
	}
	if err := e.crew.keep(resumedKey(account), time.Now().UTC().Format(time.RFC3339Nano)); err != nil { // who has the lane may hold it for a reason of its own
		e.Log.Error("another machine is not told that the account may go on", "account", account, "error", err)
	}
}

// lookLast looks a last time at the original before its result goes out: it may have grown. Where that cannot be done the result does
// not wait for it.
func (e *Engine) lookLast(ctx context.Context, f ledger.File, r *route.Route) error {
	if !f.Rested {
		return nil
	}
	if _, err := take.GiveBack(ctx, e.Ledger, r.Inbox, f, inbox.Archived); err != nil && ctx.Err() == nil {
		e.Log.Warn("whether a file grew after it was taken is not known", "file", f.ID, "route", f.Route, "error", err)
	}
	return ctx.Err()
}

// pollers ask what became of an account's requests, one for each operation whose provider must be asked.
func (e *Engine) pollers(lane *send.Lane) (all []func(context.Context) error) {
	made := map[string]bool{}
	for _, r := range e.Routes {
		asker, can := lane.Sender.(senders.Asker)
		if can && r.Account == lane.Account && r.Receipts && r.Operation.Receipts.Poll != nil && !made[r.Operation.ID] {
			made[r.Operation.ID] = true
			all = append(all, (&receipts.Poller{Ledger: e.Ledger, Account: r.Account, Operation: r.Operation, Config: e.config, Asker: asker, Log: e.Log,
				Stopped: func() bool { return lane.Stuck() != "" }}).Run)
		}
	}
	return all
}

// Receiver takes what providers say later; for whoever serves the configuration's listen.
func (e *Engine) Receiver() *receipts.Receiver {
	return &receipts.Receiver{Ledger: e.Ledger, Config: e.config, Log: e.Log, Now: time.Now}
}

// Close ends lanes and places. The ledger is closed by whoever opened it.
func (e *Engine) Close() error {
	var all []error
	for _, l := range e.Lanes {
		all = append(all, l.Close())
	}
	for _, r := range e.Routes {
		if r.Inbox != nil {
			all = append(all, r.Inbox.Close())
		}
		if r.Outbox != nil {
			all = append(all, r.Outbox.Close())
		}
	}
	for _, p := range e.previews {
		all = append(all, p.place.Close())
	}
	if e.Partners != nil {
		all = append(all, e.Partners.Close())
	}
	return errors.Join(all...)
}
