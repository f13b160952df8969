// Package pipeline runs the three loops that share nothing but the ledger: take, send, report; in one process.
package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/rowferry/rowferry/pipeline/notify"
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
	prune    chan struct{}     // has one token while a sweep is asked for
	reload   func(order int64) // nil: this process takes up no changed configuration
	told     map[string]string // refusals as the ledger has them, by account

	toldStalled map[string]string // by file, as the ledger has them

	reports *report.Reporter // of the one who attends; nil: nobody does

	reading  chan struct{}     // has a token when a file that was uploaded elsewhere may wait
	changed  <-chan struct{}   // has a token when another machine changed something; nil: there is none
	shared   *machines         // how work is handed out among machines; nil: there is one
	woken    chan struct{}     // has a token when orders or results may wait
	settled  chan struct{}     // has a token when a lane here has ended a file
	put      chan struct{}     // has a token when a result is out, or was tried
	reloaded string            // the last order to reload that this machine knows of
	followed bool              // it knows
	resumed  map[string]string // when a person last let an account go on, as the ledger has it
	uploaded chan ledger.File  // taken, to be read
	gauges   map[string]*Gauge

	mu       sync.Mutex
	inOffice bool   // this machine does what one does for all
	carried  string // the last order to reload that this machine carried out
	stalled  map[string]error
	looks    map[string]Look // by route
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

func (e *Engine) reporter() *report.Reporter {
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
	if e.shared != nil {
		e.shared.report(context.Background(), f)
	}
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
	if e.shared != nil {
		watching = append(watching, e.shared.loops()...)
	}
	return e.run(ctx, e.watchers, watching...)
}

// watchers are the loops of a service that one machine has: each begins anew when it is run. What several machines hand out to each other
// is not among them.
func (e *Engine) watchers() (watching []Loop) {
	for _, p := range e.previews {
		watching = append(watching, p)
	}
	if e.shared != nil {
		return watching
	}
	for _, r := range e.Routes {
		if r.Inbox != nil {
			watching = append(watching, e.taker(r))
		}
	}
	return append(watching, uploads{e, e.uploaded}, e.teller(), e.sweeper())
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
	if e.changed != nil {
		loops = append(loops, loop{"changes of other machines", e.follow})
	}
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
	if e.changed != nil && !e.previewsAll() {
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

// previewsAll reports whether this machine reaches all preview folders: these are looked into by the office.
func (e *Engine) previewsAll() bool {
	for name, r := range e.config.Routes {
		if r.Preview.Dir != "" && !e.config.Reached(name) {
			return false
		}
	}
	return true
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
	if e.inOffice = office; !office && e.changed != nil {
		e.stalled = nil
	}
}

// start ends what was begun and nobody goes on with, and gives the lanes what the ledger says is unfinished.
func (e *Engine) start(ctx context.Context) error {
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

// remembered is how long the configuration wants requests to be remembered, at most.
func (e *Engine) remembered() (longest time.Duration) {
	for _, r := range e.config.Routes {
		longest = max(longest, r.Repeats.Within)
	}
	return longest
}

// attend carries out orders and reports settled files until ctx ends; more eagerly while something is under way.
func (e *Engine) attend(ctx context.Context) error {
	r := e.reporter()
	if e.shared != nil {
		r = e.shared.reports
	} else if err := r.Tidy(); err != nil {
		return err
	}
	e.reports = r
	clerk := e.clerk()
	ctx, stop := context.WithCancel(ctx)
	defer r.Wait()
	defer stop()
	settled := e.settled
	if e.shared != nil { // whoever follows the others hears of it
		settled = nil
	}
	for {
		if err := clerk.Work(ctx); err != nil {
			return quiet(ctx, err)
		}
		if err := e.reportAll(ctx, r); err != nil {
			return quiet(ctx, err)
		}
		if err := e.tellStalled(ctx); err != nil {
			return quiet(ctx, err)
		}
		if e.changed == nil {
			if err := e.tellRefusals(ctx); err != nil {
				return quiet(ctx, err)
			}
			e.Metrics.lanes(e.Lanes)
		}
		pause := beat
		switch {
		case e.changed != nil:
			pause = 10 * beat
		case e.busy():
			pause = beat / 8
		}
		select {
		case <-ctx.Done():
			return nil
		case <-settled:
		case <-e.woken:
			pause = beat / 8 // others write too
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(pause):
			}
		case <-time.After(pause):
		}
	}
}

// reportAll has settled files reported, where machines do not hand that out to each other, and notes whose results cannot be put.
func (e *Engine) reportAll(ctx context.Context, r *report.Reporter) error {
	if e.shared != nil {
		why, err := e.shared.failing(ctx, ledger.JobReport, stubborn)
		if err == nil {
			e.stall(why)
		}
		return err
	}
	if err := r.Sweep(ctx); err != nil {
		return err
	}
	e.stall(r.Stalled())
	return nil
}

// stall notes whose results cannot be put into the outbox.
func (e *Engine) stall(why map[string]error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stalled = why
}

// Stalled says of which files, by id, the results cannot be put into the outbox for now, and why.
func (e *Engine) Stalled() map[string]error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.stalled)
}

// Reports reports whether this machine is the one that reports now.
func (e *Engine) Reports() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changed == nil || e.inOffice
}

// tellRefusals writes down which accounts are refused or get nothing through, and which do again.
func (e *Engine) tellRefusals(ctx context.Context) error {
	if e.told == nil {
		e.told = map[string]string{}
	}
	for account, lane := range e.Lanes {
		if lane.Away() {
			delete(e.told, account)
			continue
		}
		if _, known := e.told[account]; !known {
			kept, err := e.Ledger.Kept(ctx, desk.RefusedKey(account))
			if err != nil {
				return err
			}
			e.told[account] = kept
		}
		s := lane.State()
		now := cmp.Or(s.Refused, s.Outage)
		if now == e.told[account] {
			continue
		}
		if err := e.Ledger.Keep(ctx, desk.RefusedKey(account), now); err != nil {
			return err
		}
		e.told[account] = now
	}
	return nil
}

// tellStalled writes down whose results cannot be put into the outbox, for those who look from outside.
func (e *Engine) tellStalled(ctx context.Context) error {
	why := map[string]string{}
	for id, err := range e.Stalled() {
		why[id] = err.Error()
	}
	if e.toldStalled != nil && maps.Equal(why, e.toldStalled) {
		return nil
	}
	text, err := json.Marshal(why)
	if err == nil {
		err = e.Ledger.Keep(ctx, desk.StalledKey, string(text))
	}
	if err == nil {
		e.toldStalled = why
	}
	return err
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
func (e *Engine) clerk() *desk.Clerk { return &desk.Clerk{Ledger: e.Ledger, Log: e.Log, House: e} }

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
	if e.changed != nil {
		if err := e.Ledger.Keep(context.Background(), reloadedKey, n); err != nil {
			e.Log.Error("other machines are not told to take up the changed configuration", "error", err)
		}
	}
	return true
}

// brief is how long an outage may last before people are sent a notice of it.
const brief = 10 * time.Minute

// troubles are what goes on that people should hear of, and of what nothing is known yet since the start.
func (e *Engine) troubles(ctx context.Context) ([]notify.Condition, error) {
	stops, err := e.Ledger.Lanes(ctx)
	if err != nil {
		return nil, err
	}
	outboxes, err := e.fullHands(ctx)
	if err != nil {
		return nil, err
	}
	going := outboxes
	for account, lane := range e.Lanes {
		s := lane.State()
		if lane.Away() { // another machine knows, and has written it down
			s = send.State{Reached: true}
			if s.Refused, err = e.Ledger.Kept(ctx, desk.RefusedKey(account)); err != nil {
				return nil, err
			}
		}
		why := cmp.Or(stops[account], s.Stopped, s.Refused)
		passing := s.Outage == "" || time.Since(s.Since) < brief
		if why == "" && s.Outage == "" && s.Reached {
			continue
		}
		going = append(going, notify.Condition{Key: "account/" + account, Kind: notices.Account, Who: account, Reason: cmp.Or(why, s.Outage), Unsure: why == "" && passing})
	}
	looks, err := e.closed(ctx)
	return append(going, looks...), err
}

// closed are the routes whose inboxes cannot be looked into, and those of which that is not known yet.
func (e *Engine) closed(ctx context.Context) (going []notify.Condition, err error) {
	condition := func(route, why string, unsure bool) {
		going = append(going, notify.Condition{Key: "partner/" + route, Kind: notices.Partner, Who: route, Reason: why, Unsure: unsure})
	}
	if e.shared != nil {
		failing, err := e.shared.failing(ctx, ledger.JobLook, 1)
		for route, why := range failing {
			condition(route, why.Error(), false)
		}
		return going, err
	}
	looks := e.Looks()
	for route, r := range e.Routes {
		if look := looks[route]; r.Inbox != nil && (look.Trouble != "" || look.At.IsZero()) {
			condition(route, look.Trouble, look.At.IsZero())
		}
	}
	return going, nil
}

// fullHands are the routes whose results cannot be put into the outbox, and those whose results may be on their way there.
func (e *Engine) fullHands(ctx context.Context) (going []notify.Condition, err error) {
	files, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Settled}})
	if err != nil {
		return nil, err
	}
	stalled, routes := e.Stalled(), map[string]string{}
	if e.shared != nil {
		if stalled, err = e.shared.failing(ctx, ledger.JobReport, stubborn); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		why := routes[f.Route]
		if err := stalled[f.ID]; err != nil {
			why = err.Error()
		}
		routes[f.Route] = why
	}
	for route, why := range routes {
		going = append(going, notify.Condition{Key: "outbox/" + route, Kind: notices.Outbox, Who: route, Reason: why, Unsure: why == ""})
	}
	return going, nil
}

// Prune asks for a sweep of what was kept long enough. It is an error where this configuration keeps everything.
func (e *Engine) Prune() error {
	if e.config.Keep == (configs.Keep{}) {
		return errors.New("the configuration that is in force keeps everything for ever: rowferry reload has a changed one taken up")
	}
	if e.shared != nil {
		return e.shared.jobs.Hand(context.Background(), pruning)
	}
	token(e.prune)
	return nil
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
	if e.changed != nil && reason == "" { // the machine that has the lane may hold it for a reason of its own
		if err := e.Ledger.Keep(context.Background(), resumedKey(account), time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
			e.Log.Error("another machine is not told that the account may go on", "account", account, "error", err)
		}
	}
}

// Stuck says why an account's rows do not go, be it that nothing gets through for now; "" when they do. here is false where another machine
// has the lane and knows.
func (e *Engine) Stuck(account string) (why string, here bool) {
	if lane := e.Lanes[account]; lane != nil {
		return cmp.Or(lane.Stuck(), lane.State().Outage), !lane.Away()
	}
	return "", e.changed == nil
}

// Progress is called now and then with the files under way; it must return soon.
type Progress func(files []ledger.File)

// Once takes what lies in the inboxes, waits for the results and ends. It returns the files it dealt with.
// A file that cannot go on by itself (its lane is refused, it is paused, its result cannot be put) is left for later.
func (e *Engine) Once(ctx context.Context, progress Progress) ([]ledger.File, error) {
	before, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending, ledger.Settled, ledger.Claiming, ledger.Taken}})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range before {
		ids = append(ids, f.ID)
	}
	collect := func(f ledger.File) {
		if !slices.Contains(ids, f.ID) { // not one that an earlier run began to take
			ids = append(ids, f.ID)
		}
	}
	var wrong []error // an inbox that cannot be read does not keep the others waiting
	files, err := e.until(ctx, progress, func() []string { return ids }, func(ctx context.Context) error {
		for _, r := range e.Routes {
			if r.Inbox == nil {
				continue
			}
			t := e.taker(r)
			t.Taken = func(f ledger.File) { collect(f); e.taken(f) }
			err := errors.Join(t.Resume(ctx), drain(ctx, t.Look, r.Inbox), t.Left())
			e.tellUnready(r)
			if err != nil && ctx.Err() == nil {
				wrong = append(wrong, fmt.Errorf("route %s: %w", r.Name, err))
			}
		}
		for _, p := range e.previews {
			if err := drain(ctx, p.Look, p.place); err != nil && ctx.Err() == nil {
				wrong = append(wrong, fmt.Errorf("preview of route %s: %w", p.route.Name, err))
			}
		}
		return ctx.Err()
	})
	return files, errors.Join(append(wrong, err)...)
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

// tellUnready logs what stays in an inbox because it waits or is not whole: nobody else says so before the patience is over.
func (e *Engine) tellUnready(r *route.Route) {
	for name, why := range r.Inbox.Unready() {
		e.Log.Warn("a file stays in the inbox", "route", r.Name, "file", name, "why", why)
	}
}

// drain takes until nothing complete or settling is left.
func drain(ctx context.Context, look func(context.Context) (int, error), place inbox.Place) error {
	for {
		taken, err := look(ctx)
		if err != nil {
			return err
		}
		if taken == 0 && place.Waiting() == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(beat):
		}
	}
}

// Send takes the files that a person named on one route and waits for their results. One that cannot be taken is told in the
// error and keeps no other from being sent.
func (e *Engine) Send(ctx context.Context, r *route.Route, paths []string, progress Progress) ([]ledger.File, error) {
	var ids []string
	var wrong []error
	files, err := e.until(ctx, progress, func() []string { return ids }, func(ctx context.Context) error {
		for _, path := range paths {
			f, err := e.taker(r).Hand(ctx, path)
			if f.ID != "" {
				ids = append(ids, f.ID)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", path, err))
			}
		}
		return nil
	})
	return files, errors.Join(append(wrong, err)...)
}

// until runs lanes and reports while first works, and afterwards until the files it brought are reported or cannot go on.
func (e *Engine) until(ctx context.Context, progress Progress, ids func() []string, first func(context.Context) error) ([]ledger.File, error) {
	outer := ctx
	ctx, end := context.WithCancel(ctx)
	defer end()
	err := e.run(ctx, func() []Loop { return nil }, loop{"errand", func(ctx context.Context) error {
		defer end()
		if err := first(ctx); err != nil {
			return err
		}
		return e.await(ctx, ids(), progress)
	}})
	err = errors.Join(err, e.tellRefusals(context.WithoutCancel(outer)))
	files, readErr := e.files(context.WithoutCancel(outer), ids())
	return files, errors.Join(err, readErr)
}

func (e *Engine) files(ctx context.Context, ids []string) ([]ledger.File, error) {
	var files []ledger.File
	for _, id := range ids {
		f, err := e.Ledger.File(ctx, id)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

// await returns when every file is reported or cannot go on by itself.
func (e *Engine) await(ctx context.Context, ids []string, progress Progress) error {
	var ended []ledger.File // need no second look
	for {
		open, err := e.files(ctx, ids)
		if err != nil {
			return err
		}
		var going []ledger.File
		ids = nil
		for _, f := range open {
			if f.State.AtRest() {
				ended = append(ended, f)
				continue
			}
			going, ids = append(going, f), append(ids, f.ID)
		}
		files := slices.Concat(ended, going)
		if progress != nil {
			progress(files)
		}
		if e.allDone(files) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.put:
		case <-time.After(beat / 4):
		}
	}
}

func (e *Engine) allDone(files []ledger.File) bool {
	return !slices.ContainsFunc(files, e.going)
}

// going reports whether something will happen to a file by itself. Nothing is being taken any more.
func (e *Engine) going(f ledger.File) bool {
	switch f.State {
	case ledger.Sending:
		return f.Paused == "" && !e.elsewhere(f) && desk.Misfit(e.config, f) == nil && e.Lanes[f.Account].Stuck() == ""
	case ledger.Settled:
		return e.Routes[f.Route] != nil && e.Stalled()[f.ID] == nil
	}
	return false
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
