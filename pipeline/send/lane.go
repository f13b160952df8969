// Package send brings items from the ledger to a provider: an account's lane takes turns between files, keeps attempts
// within bounds, and writes down what is about to happen and what came of it.
package send

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/words"
)

// Settings of a lane.
type Settings struct {
	Account     string
	Concurrency int
	Retry       configs.Retry
	Grace       time.Duration // how long what is in flight may take to end when we are told to stop
}

// Ledger is what sending needs of it.
type Ledger interface {
	ledger.Books
	ledger.Journal
}

// Lane is one account's line of requests. Its methods are safe for concurrent use; Run is called once.
type Lane struct {
	Settings
	Sender  senders.Sender
	Ledger  Ledger
	Routes  map[string]*route.Route
	Log     *slog.Logger
	Observe func(step string, r senders.Result, items int) // metrics; may be nil

	mu       sync.Mutex
	wake     chan struct{}
	queue    []*active // files with items that were not picked yet, in turn
	files    map[string]*active
	backlog  backlog
	leaving  []*active // cancelled files with something that waits
	turn     bool      // a retry had the last turn
	inFlight int
	stopped  string    // a person stopped the lane
	refusal  string    // the provider refuses the account: one request probes
	trouble  int       // attempts in a row that did not get through
	hold     time.Time // nothing leaves before
	sizes    map[string]int
	behind   []ledger.Receipt // writes that are under way
	failed   error            // the ledger failed: the lane must end
	settling sync.WaitGroup
}

// window is how many files take turns request by request; further files wait until one of them has had a chunk picked.
const window = 32

// active is a file that is being sent.
type active struct {
	id       string
	route    *route.Route
	revision int
	next     int // chunk to load
	content  *ledger.Content
	at       int // next item of content
	out      int // items picked and not settled
	done     bool
	paused   bool
	cancel   bool   // a person stopped it: what waits, and what comes back to wait, is settled
	code     string // of the last refusal, "unknown" of the last unknown outcome
	equal    int    // how many like it in a row
}

// job is one request to be made.
type job struct {
	file  *active
	chunk int
	at    []int // indexes within the chunk
	items []batch.Item
	tried int // attempts of this round
	total int // attempts ever
	lost  bool
	first time.Time
	due   time.Time
	sent  time.Time
	kept  ledger.Receipt // of its outcomes
}

// Open prepares the lane: what the ledger says is stopped is stopped.
func (l *Lane) Open(ctx context.Context) error {
	l.wake = make(chan struct{}, 1)
	l.files, l.sizes = map[string]*active{}, map[string]int{}
	stopped, err := l.Ledger.Lanes(ctx)
	if err != nil {
		return err
	}
	l.stopped = stopped[l.Account]
	return nil
}

// Add tells the lane that a file may have items to send. A file that is here already is looked at again: paused, resumed, cancelled.
func (l *Lane) Add(ctx context.Context, id string) error {
	f, err := l.Ledger.File(ctx, id)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.signal()
	a := l.files[id]
	if f.State != ledger.Sending {
		return nil
	}
	if a == nil {
		r := l.Routes[f.Route]
		if r == nil {
			return fmt.Errorf("file %s: the configuration has no route %q any more; put it back to have its rows sent", id, f.Route)
		}
		a = &active{id: id, route: r, revision: f.Revision}
		l.files[id] = a
		l.queue = append(l.queue, a)
	}
	if a.revision != f.Revision { // sent again before we noticed that it had ended
		*a = active{id: id, route: a.route, revision: f.Revision}
		if !slices.Contains(l.queue, a) {
			l.queue = append(l.queue, a)
		}
	}
	if a.paused && f.Paused == "" {
		a.equal, a.code = 0, ""
	}
	a.paused, a.cancel = f.Paused != "", f.Cancelled
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
	if reason == "" {
		l.hold, l.refusal = time.Time{}, ""
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
}

// State tells what the lane is doing now.
func (l *Lane) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return State{Account: l.Account, InFlight: l.inFlight, Waiting: l.backlog.Len(), Stopped: l.stopped, Refused: l.refusal}
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

// Run sends until ctx ends, then lets what is in flight end within Grace. Its error is the ledger's: without it nothing may be sent.
func (l *Lane) Run(ctx context.Context) error {
	jobs := make(chan *job)
	drain, cancel := graceful(ctx, l.Grace)
	defer cancel()
	group, feeding := errgroup.WithContext(ctx)
	group.Go(func() error { defer close(jobs); return l.feed(feeding, jobs) })
	for range max(1, l.Concurrency) {
		group.Go(func() error {
			for j := range jobs {
				if err := l.attempt(ctx, drain, j); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.behind) > 0 {
		l.caughtUp()
	}
	if errors.Is(err, l.failed) {
		return err
	}
	return errors.Join(err, l.failed)
}

// write records events without waiting. A ledger that fails is noticed with the next write, and ends the lane: what is sent
// meanwhile and cannot be written down may be sent again. Call with mu held.
func (l *Lane) write(events ...ledger.Event) ledger.Receipt {
	written := l.Ledger.Record(events...)
	l.behind = append(l.behind, written)
	for len(l.behind) > 0 && (l.behind[0].Done() || len(l.behind) > 1024) {
		l.caughtUp()
	}
	return written
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

// feed hands out one job after the other.
func (l *Lane) feed(ctx context.Context, jobs chan<- *job) error {
	for {
		j, wait, err := l.pick(ctx, time.Now())
		if err != nil {
			return err
		}
		if j == nil {
			if err := l.sleep(ctx, wait); err != nil {
				return nil
			}
			continue
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			l.mu.Lock()
			l.inFlight--
			l.mu.Unlock()
			return nil
		}
	}
}

// sleep waits for a signal, at most d (0: no limit).
func (l *Lane) sleep(ctx context.Context, d time.Duration) error {
	var after <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		after = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.wake:
	case <-after:
	}
	return nil
}

func (l *Lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// pick chooses the next request, or says how long nothing is due (0: until a signal).
// Fresh items and due repeats take turns, so that neither blocks the other.
func (l *Lane) pick(ctx context.Context, now time.Time) (*job, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := errors.Join(l.failed, l.cancelled(ctx)); err != nil {
		return nil, 0, err
	}
	if l.stopped != "" {
		return nil, 0, nil
	}
	if wait := l.hold.Sub(now); wait > 0 {
		return nil, wait, nil
	}
	if (l.refusal != "" || l.trouble >= l.patience()) && l.inFlight > 0 {
		return nil, 0, nil // one request probes; the others wait for what it brings
	}
	if !l.turn {
		if j := l.again(now); j != nil {
			return j, 0, nil
		}
	}
	j, err := l.fresh(ctx)
	if j != nil || err != nil {
		l.turn = false
		return j, 0, err
	}
	if j := l.again(now); j != nil {
		return j, 0, nil
	}
	if l.backlog.Len() > 0 {
		return nil, max(l.backlog[0].due.Sub(now), time.Millisecond), nil
	}
	return nil, 0, nil
}

// patience is how many failures in a row, of whatever items, make the lane careful.
func (l *Lane) patience() int { return max(5, 2*l.Concurrency) }

// held is how long a job of a paused file rests before it is looked at again.
const held = 500 * time.Millisecond

// wait puts a job into the backlog; one of a cancelled file leaves it again before anything else is picked.
func (l *Lane) wait(j *job) {
	heap.Push(&l.backlog, j)
	if j.file.cancel {
		l.leaving = append(l.leaving, j.file)
	}
}

// again takes the first due job from the backlog whose file is not paused; nil when there is none.
func (l *Lane) again(now time.Time) *job {
	for l.backlog.Len() > 0 && !l.backlog[0].due.After(now) {
		j := heap.Pop(&l.backlog).(*job)
		if j.file.paused {
			j.due = now.Add(held)
			heap.Push(&l.backlog, j)
			continue
		}
		l.turn = true
		l.inFlight++
		return j
	}
	return nil
}

// heldBack puts a job whose file was paused or cancelled after it was picked into the backlog.
func (l *Lane) heldBack(j *job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !j.file.paused && !j.file.cancel {
		return false
	}
	j.due = time.Now().Add(held)
	l.wait(j)
	l.inFlight--
	l.signal()
	return true
}

// fresh takes the next request of the file whose turn it is.
func (l *Lane) fresh(ctx context.Context) (*job, error) {
	for n := len(l.queue); n > 0; n-- {
		a := l.queue[0]
		if a.paused {
			l.queue = append(l.queue[1:], a)
			continue
		}
		if a.content == nil || a.at >= len(a.content.Items) {
			more, err := l.load(ctx, a)
			if err != nil {
				return nil, err
			}
			if !more {
				l.queue = l.queue[1:]
				a.done = true
				l.drop(a)
				continue
			}
		}
		j := l.collect(a)
		l.rotate(a)
		if j != nil {
			l.inFlight++
			return j, nil
		}
		n++ // the chunk had nothing open: the same file again
	}
	return nil, nil
}

// rotate moves the file whose turn it was behind the others of the window, or behind all when its chunk is through.
func (l *Lane) rotate(a *active) {
	behind := min(window, len(l.queue))
	if a.at >= len(a.content.Items) {
		behind = len(l.queue)
	}
	copy(l.queue, l.queue[1:behind])
	l.queue[behind-1] = a
}

// load reads a file's next chunk. What an earlier process had in flight, and cannot be repeated, becomes unknown.
func (l *Lane) load(ctx context.Context, a *active) (bool, error) {
	c, err := l.Ledger.Chunk(ctx, a.id, a.next)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	a.next++
	a.content, a.at = c, 0
	for i := range c.States {
		if c.States[i].Verdict == nil && c.States[i].InFlight && !a.route.Operation.Repeatable {
			l.interrupted(a, c, i)
		}
	}
	return true, nil
}

func (l *Lane) interrupted(a *active, c *ledger.Content, i int) {
	v := &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Unknown, Code: "interrupted", Attempts: c.States[i].Attempts, SentAt: c.States[i].First,
		Message: words.Of(a.route.Language, "send.interrupted", "id", a.id)}}
	c.States[i].Verdict = v
	l.write(ledger.Event{File: a.id, Chunk: c.Seq, Item: i, Kind: ledger.EventSettled, At: time.Now().UTC(), Verdict: v, Rows: c.Items[i].Rows})
}

// collect makes a request of the next open items of the chunk. nil when none of them is open.
// Items that an earlier request may have carried travel together and apart from fresh ones; those that wait go to the backlog.
func (l *Lane) collect(a *active) *job {
	most := 1
	if a.route.Operation.Rows.Kind == providers.Batch {
		most = l.size(a.route.Operation)
	}
	var j *job
	for ; a.at < len(a.content.Items); a.at++ {
		state := &a.content.States[a.at]
		if state.Verdict != nil {
			continue
		}
		if state.Until.After(time.Now()) {
			one := l.job(a, a.at)
			one.due = state.Until
			a.out++
			heap.Push(&l.backlog, one)
			continue
		}
		if j == nil {
			j = l.job(a, a.at)
		} else if next := l.job(a, a.at); next.lost == j.lost {
			j.at, j.items, j.total = append(j.at, next.at...), append(j.items, next.items...), max(j.total, next.total)
		} else {
			break
		}
		a.out++
		if len(j.items) >= most {
			a.at++
			break
		}
	}
	return j
}

// job makes a request of one item, going on where its journal ends.
func (l *Lane) job(a *active, i int) *job {
	s := a.content.States[i]
	return &job{file: a, chunk: a.content.Seq, at: []int{i}, items: []batch.Item{a.content.Items[i].Item},
		total: s.Attempts, lost: s.Lost || s.InFlight, first: s.First}
}

// size is how many items go into one request: the document's number, or the smaller one that worked.
func (l *Lane) size(op *providers.Operation) int {
	key := l.sizeKey(op)
	if n, known := l.sizes[key]; known {
		return n
	}
	n := max(1, op.Rows.Max)
	kept, _ := l.Ledger.Kept(context.Background(), key)
	if smaller, err := strconv.Atoi(kept); err == nil && smaller > 0 && smaller < n {
		n = smaller
	}
	l.sizes[key] = n
	return n
}

func (l *Lane) sizeKey(op *providers.Operation) string {
	return "size/" + l.Account + "/" + op.ID
}

// drop forgets a file that has nothing left.
func (l *Lane) drop(a *active) {
	if a.done && a.out == 0 {
		delete(l.files, a.id)
	}
}

// cancelled settles what waits of files that a person stopped.
func (l *Lane) cancelled(ctx context.Context) error {
	for _, a := range l.leaving {
		l.queue = slices.DeleteFunc(l.queue, func(q *active) bool { return q == a })
		l.backlog = slices.DeleteFunc(l.backlog, func(j *job) bool {
			if j.file == a {
				l.giveUp(j)
			}
			return j.file == a
		})
		heap.Init(&l.backlog)
		if err := l.giveUpRest(ctx, a); err != nil {
			return err
		}
		l.drop(a)
	}
	l.leaving = nil
	return nil
}

// giveUpRest settles what was not picked yet.
func (l *Lane) giveUpRest(ctx context.Context, a *active) error {
	for !a.done {
		if a.content == nil || a.at >= len(a.content.Items) {
			more, err := l.load(ctx, a)
			if err != nil {
				return err
			}
			a.done = !more
			continue
		}
		if a.content.States[a.at].Verdict == nil {
			a.out++
			l.giveUp(l.job(a, a.at))
		}
		a.at++
	}
	return nil
}

// giveUp settles a job that is not to be tried again because its file was cancelled.
func (l *Lane) giveUp(j *job) {
	v := Cancelled(j.file.route.Language, j.file.id, j.total, j.last(), j.lost)
	j.file.out -= len(j.items)
	var events []ledger.Event
	for i := range j.items {
		events = append(events, j.event(i, ledger.EventSettled, time.Now(), v))
	}
	l.write(events...)
}

// last is when the last attempt began, as far as is known; zero when there was none.
func (j *job) last() time.Time {
	switch {
	case j.total == 0:
		return time.Time{}
	case j.sent.IsZero():
		return j.first.UTC()
	}
	return j.sent.UTC()
}

// Cancelled is the verdict on what is not sent any more because a person cancelled its file; sent is when its last attempt
// began, lost whether one may have been executed.
func Cancelled(l batch.Language, file string, attempts int, sent time.Time, lost bool) *ledger.Verdict {
	out := batch.Outcome{Status: batch.Skipped, Code: "cancelled", Attempts: attempts, Message: words.Of(l, "skip.cancelled")}
	if attempts > 0 {
		out.SentAt = sent
	}
	if lost {
		out.Status, out.Message = batch.Unknown, words.Of(l, "send.lost", "id", file)
	}
	return &ledger.Verdict{Outcome: out}
}

func (j *job) event(i int, k ledger.EventKind, at time.Time, v *ledger.Verdict) ledger.Event {
	return ledger.Event{File: j.file.id, Chunk: j.chunk, Item: j.at[i], Kind: k, At: at.UTC(), Attempt: j.total, Verdict: v, Rows: j.items[i].Rows}
}

// attempt makes the request once and acts on what came of it. Its error is the ledger's.
// When stop ends, a request that has not left yet stays here; one that has may end as long as drain lasts.
func (l *Lane) attempt(stop, drain context.Context, j *job) error {
	if l.heldBack(j) {
		return nil
	}
	if l.recheck(j); len(j.items) == 0 {
		return nil
	}
	op := j.file.route.Operation
	var broke error
	a := senders.Attempt{Operation: op, Items: j.items, Quit: stop, Commit: func(ctx context.Context) error {
		if stop.Err() != nil {
			return context.Canceled
		}
		if journalled(op) {
			broke = l.commit(ctx, j)
		}
		return broke
	}}
	j.sent = time.Now()
	r := l.Sender.Send(drain, a)
	if !r.Started.IsZero() {
		j.sent = r.Started
	}
	if j.first.IsZero() {
		j.first = j.sent
	}
	d := l.decide(stop, j, r, broke)
	if l.Observe != nil {
		l.Observe(string(d.step), r, len(j.items))
	}
	if l.Log.Enabled(drain, slog.LevelDebug) {
		l.Log.Debug("attempt", "account", l.Account, "file", j.file.id, "items", len(j.items), "fate", r.Fate, "step", d.step, "reason", d.reason, "took", r.Took)
	}
	if err := l.act(j, d, r); err != nil || op.Repeatable || j.kept == nil {
		return err
	}
	return j.kept.Wait(context.WithoutCancel(drain)) // what cannot be repeated is settled on disk before the next request
}

// journalled reports whether the intent to send is written first: always where a repeat could do harm or would be
// answered differently. A single row of a repeatable operation is simply sent again after a crash.
func journalled(op *providers.Operation) bool {
	return !op.Repeatable || op.Rows.Kind != providers.One
}

// commit puts "sending" on disk before the first byte leaves.
func (l *Lane) commit(ctx context.Context, j *job) error {
	now := time.Now()
	events := make([]ledger.Event, len(j.items))
	for i := range j.items {
		events[i] = j.event(i, ledger.EventSending, now, nil)
		events[i].Attempt = j.total + 1
	}
	return l.Ledger.Record(events...).Wait(ctx)
}

func (l *Lane) decide(stop context.Context, j *job, r senders.Result, broke error) decision {
	if broke != nil {
		return decision{step: broken, reason: broke.Error()}
	}
	if r.Fate == senders.NotSent && stop.Err() != nil {
		return decision{step: putBack, reason: "told to stop"}
	}
	a := attempt{op: j.file.route.Operation, items: j.items, language: j.file.route.Language, account: l.Account, file: j.file.id,
		retry: l.Retry, later: j.file.route.Later, tried: j.tried, lost: j.lost, first: j.first, now: time.Now()}
	return a.decide(r)
}

// act carries a decision out.
func (l *Lane) act(j *job, d decision, r senders.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.signal()
	l.inFlight--
	if d.attempt {
		j.total++
	}
	j.tried++
	switch d.step {
	case broken:
		return fmt.Errorf("ledger: %s", d.reason)
	case putBack:
		l.record(j, ledger.EventWaiting, time.Now(), false)
		return nil
	case refused:
		l.refuse(j, d)
		return nil
	case halve:
		l.halve(j)
		return nil
	}
	l.refusal = ""
	if r.Fate == senders.Answered && r.Reading.Class != providers.Retry {
		l.trouble = 0
	} else {
		l.trouble++
		l.careful(d)
	}
	l.settle(j, d, r)
	return nil
}

// careful slows the whole lane down while nothing gets through, so that an outage costs one request at a time.
func (l *Lane) careful(d decision) {
	if !d.laneWide && l.trouble < l.patience() {
		return
	}
	if longer := l.rest(max(d.pause, 50*time.Millisecond)); longer && d.pause > l.Retry.Most {
		l.Log.Warn("the provider asks to wait; to try sooner: rowferry resume "+l.Account, "account", l.Account, "until", l.hold.Format(time.RFC3339))
	}
}

// rest lets nothing leave for so long, unless a longer rest was begun before.
func (l *Lane) rest(d time.Duration) (longer bool) {
	until := time.Now().Add(d)
	if until.Before(l.hold) {
		return false
	}
	l.hold = until
	return true
}

// refuse keeps the job and probes with one request at a time.
func (l *Lane) refuse(j *job, d decision) {
	if l.refusal == "" {
		l.Log.Error("the lane is stopped: "+d.message, "account", l.Account)
	}
	l.refusal = d.message
	pause := min(max(l.Retry.First, time.Second)<<min(l.trouble, 9), 5*time.Minute)
	l.trouble++
	l.rest(pause)
	j.due = l.hold
	l.record(j, ledger.EventWaiting, j.due, false)
	l.wait(j)
}

// halve makes two requests of one and remembers the size.
func (l *Lane) halve(j *job) {
	half := (len(j.items) + 1) / 2
	op := j.file.route.Operation
	if key := l.sizeKey(op); half < l.size(op) {
		l.sizes[key] = half
		l.settling.Go(func() { _ = l.Ledger.Keep(context.Background(), key, strconv.Itoa(half)) })
		l.Log.Info("the provider takes fewer items in one request", "account", l.Account, "operation", op.ID, "items", half)
	}
	for _, part := range [][2]int{{0, half}, {half, len(j.items)}} {
		one := *j
		one.at, one.items, one.due = j.at[part[0]:part[1]], j.items[part[0]:part[1]], time.Now()
		l.record(&one, ledger.EventWaiting, one.due, false)
		l.wait(&one)
	}
}

func (l *Lane) record(j *job, k ledger.EventKind, until time.Time, lost bool) {
	events := make([]ledger.Event, len(j.items))
	for i := range j.items {
		events[i] = j.event(i, k, time.Now(), nil)
		events[i].Until, events[i].Lost = until.UTC(), lost
	}
	l.write(events...)
}

// settle writes the verdicts and puts the rest back into the backlog.
func (l *Lane) settle(j *job, d decision, r senders.Result) {
	rest := *j
	rest.at, rest.items = nil, nil
	events := make([]ledger.Event, 0, len(j.items))
	for i, v := range d.verdicts {
		if v == nil {
			rest.at, rest.items = append(rest.at, j.at[i]), append(rest.items, j.items[i])
			continue
		}
		v.Attempts, v.SentAt = j.total, j.last()
		for row, o := range v.Rows {
			o.Attempts, o.SentAt = v.Attempts, v.SentAt
			v.Rows[row] = o
		}
		events = append(events, j.event(i, ledger.EventSettled, time.Now(), v))
		j.file.out--
		l.refusals(j.file, v)
	}
	if len(events) > 0 {
		j.kept = l.write(events...)
	}
	if len(rest.items) > 0 {
		rest.lost = rest.lost || d.lost
		rest.due = time.Now().Add(d.pause)
		l.record(&rest, ledger.EventWaiting, rest.due, d.lost)
		l.wait(&rest)
	}
	l.drop(j.file)
}

// refusals counts equal refusals in a row, and rows whose outcome is unknown, and pauses the file when the route says so.
func (l *Lane) refusals(a *active, v *ledger.Verdict) {
	code, key := v.Code, "pause.refusals"
	switch v.Status {
	case batch.Rejected:
	case batch.Unknown: // of whatever cause: somebody must look each one up
		code, key = "unknown", "pause.unknown"
	default:
		a.equal, a.code = 0, ""
		return
	}
	if code != a.code {
		a.equal, a.code = 0, code
	}
	a.equal++
	if a.route.StopAfter <= 0 || a.equal < a.route.StopAfter || a.paused || a.done && a.out == 0 {
		return
	}
	a.paused = true
	reason := words.Of(a.route.Language, key, "count", a.equal, "code", v.Code, "message", v.Message, "id", a.id)
	l.Log.Warn("file paused after equal outcomes in a row", "file", a.id, "status", v.Status, "code", v.Code, "count", a.equal)
	l.settling.Go(func() { _ = l.Ledger.Pause(context.Background(), a.id, reason) })
}

// recheck looks once more at the rules that depend on the clock. What has become invalid is settled and leaves the job.
func (l *Lane) recheck(j *job) {
	r := j.file.route
	if len(r.Operation.RechecksWhenSent()) == 0 {
		return
	}
	var good job = *j
	good.at, good.items = nil, nil
	var events []ledger.Event
	for i, item := range j.items {
		problems := mappers.Recheck(r.Operation, item, mappers.RecheckSettings{Language: r.Language, Lists: r.Lists, Optional: r.Optional, Now: time.Now()})
		if !slices.ContainsFunc(problems, func(p batch.Problem) bool { return !p.Warning }) {
			good.at, good.items = append(good.at, j.at[i]), append(good.items, item)
			continue
		}
		v := expired(item, problems, r.Language)
		if j.lost { // an earlier attempt may have been executed: that it would not be sent now does not undo it
			v = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Unknown, Code: "lost", Message: words.Of(r.Language, "send.lost", "id", j.file.id)}, Problems: problems}
		}
		v.Attempts, v.SentAt = j.total, j.last()
		events = append(events, j.event(i, ledger.EventSettled, time.Now(), v))
	}
	if len(events) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(events...)
	j.file.out -= len(events)
	j.at, j.items = good.at, good.items
	if len(j.items) == 0 {
		l.inFlight--
		l.drop(j.file)
		l.signal()
	}
}

// expired is the verdict on an item that was valid when it was taken and is not any more.
func expired(item batch.Item, problems []batch.Problem, lang batch.Language) *ledger.Verdict {
	v := &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Invalid, Code: problems[0].Code}, Problems: problems}
	for i := range v.Problems {
		if !slices.Contains(item.Rows, v.Problems[i].Row) {
			v.Problems[i].Row = item.Rows[0]
		}
	}
	bad := map[int]bool{}
	for _, p := range v.Problems {
		bad[p.Row] = true
	}
	if len(bad) == len(item.Rows) {
		return v
	}
	v.Rows = map[int]batch.Outcome{}
	for _, row := range item.Rows {
		if !bad[row] {
			v.Rows[row] = batch.Outcome{Status: batch.Skipped, Code: "group", Message: words.Of(lang, "skip.group", "rows", item.Rows[0])}
		}
	}
	return v
}

// Close waits for what the lane still has to write.
func (l *Lane) Close() error {
	l.settling.Wait()
	return l.Sender.Close()
}

// backlog is a heap of jobs by the time they are due.
type backlog []*job

func (b backlog) Len() int           { return len(b) }
func (b backlog) Less(i, j int) bool { return b[i].due.Before(b[j].due) }
func (b backlog) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

// Push is for package heap.
func (b *backlog) Push(x any) { *b = append(*b, x.(*job)) }

// Pop is for package heap.
func (b *backlog) Pop() any {
	old := *b
	j := old[len(old)-1]
	old[len(old)-1] = nil
	*b = old[:len(old)-1]
	return j
}
