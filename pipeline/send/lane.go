// Package send brings items from the ledger to a provider: an account's lane takes turns between files, keeps attempts
// within bounds, and writes down what is about to happen and what came of it.
package send

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// Settings of a lane.
type Settings struct {
	Account     string
	Concurrency int
	Retry       configs.Retry
	Ahead       bool          // an intent is written before a worker is free for its request: nothing but that, no pace, makes requests wait
	Grace       time.Duration // how long what is in flight may take to end when we are told to stop
}

// Ledger is what sending needs of it.
type Ledger interface {
	ledger.Books
	ledger.Journal
	Lease(ctx context.Context, name string) (ledger.Lease, error)
}

// Made is an attempt that was made to send items of a file.
type Made struct {
	senders.Result
	File, Route, Operation string
	Items                  int
	Attempt                int // of the items' requests that may have reached the provider, before this one
}

// Lane is one account's line of requests. Its methods are safe for concurrent use; Run is called once.
type Lane struct {
	Settings
	Sender  senders.Sender
	Ledger  Ledger
	Routes  map[string]*route.Route
	Log     *slog.Logger
	Observe func(made Made)                    // after each attempt; may be nil
	Settled func(route string, c batch.Counts) // with the outcomes that rows got; may be nil. It must return at once
	Ended   func()                             // a file has nothing left to be sent, and the ledger has its last outcome; may be nil

	// Unfinished offers the lane the files that it is to send, each time it is leased; nil where no other machine may have it meanwhile: then
	// it keeps what it has. Before it, and between two leases, the lane is away and takes no file.
	Unfinished func(ctx context.Context) error
	// Past gives the requests that other machines may have made, each time the lane is leased; may be nil.
	Past func(ctx context.Context) ([]time.Time, error)
	// Beside runs while the lane is leased: what else goes by the account's pace.
	Beside []func(ctx context.Context) error

	lease    ledger.Lease
	mu       sync.Mutex
	wake     chan struct{}
	queue    []*active // files with items that were not picked yet, in turn
	files    map[string]*active
	ended    map[string]ended // files that nothing is left of, whose last outcomes may still be on their way to the ledger
	away     bool
	backlog  backlog
	ready    []*job                      // to be sent next, their intents written where that is done
	aside    map[*job]context.CancelFunc // requests that wait for their turn to leave; each is called back by its function
	leaving  []*active                   // cancelled files with something that waits
	turn     bool                        // a retry had the last turn
	inFlight int
	stopped  string               // a person stopped the lane
	refusal  string               // the provider refuses the account: one request probes
	trouble  int                  // attempts in a row that did not get through
	barred   int                  // refusals of the account in a row
	through  map[string]time.Time // when a request of an operation left that got through, the last one
	outage   string               // why nothing gets through; "" when it does, or not for long enough
	since    time.Time            // when the outage was told
	got      bool                 // a request got through since the start
	hold     time.Time            // nothing leaves before
	sizes    map[string]int
	growths  map[string]*growth
	behind   []underWay // writes, the oldest first
	failed   error      // the ledger failed: the lane must end
	settling sync.WaitGroup
}

// underWay is a write that may not be on disk yet.
type underWay struct {
	ledger.Receipt
	since time.Time
}

// How many writes a lane goes on sending before the oldest is on disk, and for how long: so much may be sent again after a kill, or by another
// machine where the ledger hangs until the lease is lost. Only tests change how long.
const mostBehind = 1024

var longestBehind = time.Second

// Open prepares the lane: what the ledger says is stopped is stopped.
func (l *Lane) Open(ctx context.Context) error {
	l.wake = make(chan struct{}, 1)
	l.empty()
	l.away = l.Unfinished != nil
	stopped, err := l.Ledger.Lanes(ctx)
	if err != nil {
		return err
	}
	l.stopped = stopped[l.Account]
	return nil
}

// empty forgets everything but what a person said.
func (l *Lane) empty() {
	l.queue, l.backlog, l.ready, l.leaving, l.behind = nil, nil, nil, nil, nil
	l.through, l.barred = map[string]time.Time{}, 0
	l.files, l.ended, l.sizes, l.growths, l.aside = map[string]*active{}, map[string]ended{}, map[string]int{}, map[string]*growth{}, map[*job]context.CancelFunc{}
	l.turn, l.inFlight, l.refusal, l.trouble, l.outage, l.hold, l.failed = false, 0, "", 0, "", time.Time{}, nil
}

// Away reports whether another machine has the lane, or may have it.
func (l *Lane) Away() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.away
}

// ended is a file that nothing was left of, at some revision and moment.
type ended struct {
	revision int
	at       time.Time
}

// ForgetEnded forgets the files that had ended before a moment at which the ledger said which are not settled.
func (l *Lane) ForgetEnded(before time.Time, unsettled map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, e := range l.ended {
		if e.at.Before(before) && !unsettled[id] {
			delete(l.ended, id)
		}
	}
}

// Add tells the lane that a file may have items to send. A file that is here already is looked at again: paused, resumed, cancelled.
func (l *Lane) Add(ctx context.Context, id string) error {
	f, err := l.Ledger.File(ctx, id)
	if err != nil {
		return err
	}
	return l.Offer(f)
}

// Offer is Add of a file that was just read. What was read earlier than what the lane knows changes nothing that matters.
func (l *Lane) Offer(f ledger.File) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, a := f.ID, l.files[f.ID]
	over, known := l.ended[id]
	if l.away || f.State != ledger.Sending || a != nil && f.Revision < a.revision || known && f.Revision <= over.revision {
		return nil
	}
	defer l.signal()
	if a == nil {
		r := l.Routes[f.Route]
		if r == nil {
			return fmt.Errorf("file %s: the configuration has no route %q any more; put it back to have its rows sent", id, f.Route)
		}
		a = &active{route: r}
		l.files[id] = a
	}
	if a.id == "" || a.revision != f.Revision { // new here, or sent again before we noticed that it had ended
		*a = active{id: id, route: a.route, sheets: f.Reading.Sheets, revision: f.Revision, private: ledger.Unsealer{Copies: l.Ledger.Copies(), File: id}}
		if !slices.Contains(l.queue, a) {
			l.queue = append(l.queue, a)
		}
	}
	if a.paused && f.Paused == "" {
		a.equal, a.code = 0, ""
	}
	a.paused, a.cancel = f.Paused != "", f.Cancelled
	l.recall()
	if a.cancel {
		l.leaving = append(l.leaving, a)
	}
	return nil
}

// Stop stops the lane for a reason, or ("") lets it go on.
func (l *Lane) Stop(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = reason
	l.recall()
	if reason == "" {
		l.hold, l.refusal = time.Time{}, ""
		if s, able := l.Sender.(senders.Freer); able {
			s.Free()
		}
	}
	l.signal()
}

// State is what a lane is doing, for people.
type State struct {
	Account  string `json:"account"`
	InFlight int    `json:"in_flight"`
	Waiting  int    `json:"waiting"` // requests that wait to be tried again
	Stopped  string `json:"stopped,omitempty"`
	Refused  string `json:"refused,omitempty"`

	Outage string    `json:"outage,omitempty"` // why nothing gets through, while rows wait for it
	Since  time.Time `json:"since,omitzero"`   // of Outage

	Reached bool `json:"-"` // since the start a request got through

	HeldUntil time.Time `json:"held_until,omitzero"` // the provider asked to wait: nothing leaves before
}

// State tells what the lane is doing now.
func (l *Lane) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := State{Account: l.Account, InFlight: l.inFlight, Waiting: l.backlog.Len(), Stopped: l.stopped, Refused: l.refusal, Reached: l.got}
	if l.outage != "" && s.InFlight+s.Waiting > 0 {
		s.Outage, s.Since = l.outage, l.since
	}
	if l.hold.After(time.Now()) {
		s.HeldUntil = l.hold
	}
	return s
}

// Stuck says why the lane will not go on by itself soon ("" when it will or has nothing to do).
func (l *Lane) Stuck() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inFlight > 0 {
		return ""
	}
	if l.stopped != "" {
		return l.stopped
	}
	return l.refusal
}

// Name is for the log.
func (l *Lane) Name() string { return "lane/" + l.Account }

// Run waits until the lane is leased to this process, and sends until ctx ends, the lease is lost (ledger.ErrLost), or another
// machine should have it; then it lets what is in flight end within Grace, gives the lane back and waits again. Its error is the ledger's:
// without it nothing may be sent.
func (l *Lane) Run(ctx context.Context) error {
	return ledger.WhileLeased(ctx, l.Ledger, l.Name(), l.whileLeased)
}

// whileLeased sends, and does what goes beside it, until ctx ends.
func (l *Lane) whileLeased(ctx context.Context, lease ledger.Lease) error {
	defer l.leave()
	if err := l.begin(ctx, lease); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	sending, end := context.WithCancel(ctx)
	defer end()
	group.Go(func() error { defer end(); return l.run(sending) })
	for _, beside := range l.Beside {
		group.Go(func() error { return beside(sending) })
	}
	err := group.Wait()
	l.settling.Wait()
	return err
}

// begin takes up what there is to do, where another machine may have had the lane: as if this process had just started.
func (l *Lane) begin(ctx context.Context, lease ledger.Lease) error {
	l.lease = lease
	if l.Past != nil {
		past, err := l.Past(ctx)
		if err != nil {
			return err
		}
		if paced, able := l.Sender.(interface{ Past([]time.Time) }); able {
			paced.Past(past)
		}
	}
	if l.Unfinished == nil {
		return nil
	}
	stopped, err := l.Ledger.Lanes(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.empty()
	l.stopped, l.away = stopped[l.Account], false
	l.mu.Unlock()
	return l.Unfinished(ctx)
}

// leave forgets what was to be done, where another machine may have the lane next.
func (l *Lane) leave() {
	if l.Unfinished == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.empty()
	l.away = true
}

// run sends until ctx ends.
func (l *Lane) run(ctx context.Context) error {
	drain, cancel := graceful(ctx, l.Grace)
	defer cancel()
	looking := make(chan struct{}, 1)
	group, going := errgroup.WithContext(ctx)
	for range max(1, l.Concurrency) {
		group.Go(func() error {
			w := &worker{lane: l}
			defer w.end()
			for {
				j, err := l.next(going, looking)
				if err != nil {
					return err
				}
				if j == nil {
					return w.written(context.WithoutCancel(drain))
				}
				if err := w.attempt(ctx, drain, j); err != nil {
					return err
				}
			}
		})
	}
	err := group.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if (l.failed == nil || errors.Is(l.failed, ledger.ErrFull)) && l.lease.Held() { // on a full disk there is room for what stays
		l.unready()
	}
	for len(l.behind) > 0 {
		l.caughtUp()
	}
	return cmp.Or(l.failed, err) // that the ledger failed counts more than that we were told to stop
}

// write records events without waiting. A ledger that fails is noticed with the next write, and ends the lane: what is sent
// meanwhile and cannot be written down may be sent again. Call with mu held.
func (l *Lane) write(events ...ledger.Event) ledger.Receipt {
	l.tell(events)
	return l.put(events)
}

// put is write of what tells no outcome.
func (l *Lane) put(events []ledger.Event) ledger.Receipt {
	written := l.Ledger.Record(events...)
	l.behind = append(l.behind, underWay{written, time.Now()})
	for len(l.behind) > 0 && (l.behind[0].Done() || len(l.behind) > mostBehind || time.Since(l.behind[0].since) > longestBehind) {
		l.caughtUp()
	}
	return written
}

// tell says which outcomes the rows of one file got. Call with mu held.
func (l *Lane) tell(events []ledger.Event) {
	if l.Settled == nil || len(events) == 0 || l.files[events[0].File] == nil {
		return
	}
	var c batch.Counts
	for _, e := range events {
		if e.Kind == ledger.EventSettled {
			e.Verdict.Count(&c, e.Rows, 1)
		}
	}
	l.Settled(l.files[events[0].File].route.Name, c)
}

// caughtUp waits for the oldest write that is under way.
func (l *Lane) caughtUp() {
	if err := l.behind[0].Wait(context.Background()); err != nil && l.failed == nil {
		l.failed = err
	}
	l.behind = l.behind[1:]
}

// graceful is a context that ends some time after ctx.
func graceful(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return out, func() { stop(); cancel() }
}

// worker makes one request after the other.
type worker struct {
	lane *Lane
	kept ledger.Receipt // of the outcomes of its last request, where that cannot be repeated; nil: they are on disk
	quit context.Context
	call context.CancelFunc // ends quit
}

// recallable gives a context that ends with stop or when a request that has not left is called back. Only then the next one gets another.
func (w *worker) recallable(stop context.Context) (context.Context, context.CancelFunc) {
	if w.quit == nil || w.quit.Err() != nil {
		w.end()
		w.quit, w.call = context.WithCancel(stop)
	}
	return w.quit, w.call
}

func (w *worker) end() {
	if w.call != nil {
		w.call()
	}
}

// written waits until what came of the last request is on disk.
func (w *worker) written(ctx context.Context) error {
	if w.kept == nil {
		return nil
	}
	err := w.kept.Wait(ctx)
	if err == nil {
		w.kept = nil
	}
	return err
}

// attempt makes the request once and acts on what came of it. Its error is the ledger's.
// When stop ends, or a person stops the file or the lane, a request that has not left yet stays here; one that has may end as
// long as drain lasts.
func (w *worker) attempt(stop, drain context.Context, j *job) error {
	l := w.lane
	quit, called := w.recallable(stop)
	if l.heldBack(j, called) {
		return nil
	}
	defer l.forget(j)
	intent := j.intent
	j.intent = nil
	if l.recheck(j); len(j.items) == 0 {
		return nil
	}
	op := j.file.route.Operation
	var broke error
	a := senders.Attempt{Operation: op, Items: j.items, ID: j.file.id, Quit: quit, Commit: func(ctx context.Context) error {
		if !l.leaves(j) || stop.Err() != nil {
			return errHalted
		}
		switch {
		case intent != nil:
			broke = intent.Wait(ctx)
		case journalled(op) && l.lease.Held():
			broke = l.commit(ctx, j)
		}
		if broke == nil { // what cannot be repeated is settled on disk before the next request leaves: most often in one commit with its intent
			broke = w.written(ctx)
		}
		if broke == nil && !l.lease.Held() { // another process may be sending, and takes what is written for sent
			broke = ledger.ErrLost
		}
		return broke
	}}
	j.sent = time.Now()
	r := l.Sender.Send(drain, a)
	j.discreet(&r)
	if !r.Started.IsZero() {
		j.sent = r.Started
	}
	fresh := j.first.IsZero()
	if fresh {
		j.first, j.began = j.sent, j.sent
	}
	d := l.decide(quit, j, r, broke)
	if fresh && d.step == putBack {
		j.first, j.began, j.sent = time.Time{}, time.Time{}, time.Time{}
	}
	if l.Observe != nil {
		l.Observe(Made{Result: r, File: j.file.id, Route: j.file.route.Name, Operation: op.ID, Items: len(j.items), Attempt: j.total})
	}
	if l.Log.Enabled(drain, slog.LevelDebug) {
		l.Log.Debug("attempt", "account", l.Account, "file", j.file.id, "items", len(j.items), "fate", r.Fate, "step", d.step, "reason", d.reason, "took", r.Took)
	}
	err := l.act(j, d, r)
	if broke != nil {
		return fmt.Errorf("ledger: %w", broke)
	}
	if err == nil && !op.Repeatable && j.kept != nil && intent == nil { // an intent that was written ahead stands behind the outcome of an earlier request
		w.kept = j.kept
	}
	return err
}

// journalled reports whether the intent to send is written first: always where a repeat could do harm or would be
// answered differently. A single row of a repeatable operation is simply sent again after a crash.
func journalled(op *providers.Operation) bool {
	return !op.Repeatable || op.Rows.Kind != providers.One
}

// commit puts "sending" on disk before the first byte leaves.
func (l *Lane) commit(ctx context.Context, j *job) error {
	return l.Ledger.Record(j.intents(time.Now())...).Wait(ctx)
}

// intents say that a job's request may leave.
func (j *job) intents(now time.Time) []ledger.Event {
	events := make([]ledger.Event, len(j.items))
	for i := range j.items {
		events[i] = j.event(i, ledger.EventSending, now, nil)
		events[i].Attempt = j.total + 1
	}
	return events
}

// Close waits for what the lane still has to write.
func (l *Lane) Close() error {
	l.settling.Wait()
	return l.Sender.Close()
}
