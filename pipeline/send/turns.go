package send

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// window is how many files take turns request by request; further files wait until one of them has had a chunk picked.
const window = 32

// active is a file that is being sent.
type active struct {
	id       string
	route    *route.Route
	sheets   batch.Sheets // of its workbook, where several are read
	revision int
	next     int // chunk to load
	content  *ledger.Content
	at       int // next item of content
	private  ledger.Unsealer
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
	began time.Time // from when on the time that it may be tried counts: by this process's clock
	again bool      // another file's item with the same request was executed, or may have been
	first time.Time
	due   time.Time

	barred int       // times that the account was refused for it
	since  time.Time // the first of them
	sent   time.Time
	said   *batch.Answer  // the last that it got
	shown  *batch.Answer  // of those, the last that was kept while it waited
	kept   ledger.Receipt // of its outcomes

	one struct { // most requests carry one item
		at   [1]int
		item [1]batch.Item
	}
	intent ledger.Receipt // of what was written before its turn: it may leave once that is on disk; nil: nothing was
}

// next waits for a request that is due; nil when ctx is done. One worker at a time looks for it, the others wait behind.
func (l *Lane) next(ctx context.Context, looking chan struct{}) (*job, error) {
	select {
	case looking <- struct{}{}:
	case <-ctx.Done():
		return nil, nil
	}
	defer func() { <-looking }()
	for ctx.Err() == nil {
		j, wait, err := l.pick(ctx, time.Now())
		if j != nil || err != nil {
			return j, err
		}
		if err := l.written(); err != nil {
			return nil, err
		}
		if err := l.sleep(ctx, wait); err != nil {
			return nil, nil
		}
	}
	return nil, nil
}

// written waits for what was written last, once nothing is in flight that would write again and so notice that the ledger failed.
func (l *Lane) written() error {
	l.mu.Lock()
	behind := l.behind
	if l.inFlight > 0 {
		behind = nil
	}
	l.mu.Unlock()
	for _, r := range behind {
		if err := r.Wait(context.Background()); err != nil {
			return err
		}
	}
	return nil
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

// pick gives the next request, or says how long nothing is due (0: until a signal). Where intents are written ahead it makes more requests
// ready than there are workers, so that the intent of each is on disk when one is free.
func (l *Lane) pick(ctx context.Context, now time.Time) (*job, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait, pausing := l.pauses(now)
	if pausing {
		l.unready()
	}
	if err := errors.Join(l.failed, l.cancelled(ctx)); err != nil || pausing {
		return nil, wait, err
	}
	ahead, most := l.Ahead && l.lease.Held(), l.Concurrency
	if !ahead || l.probes() {
		most = 0
	}
	var intents []ledger.Event
	fresh := len(l.ready)
	for len(l.ready) <= most {
		j, pause, err := l.choose(ctx, now)
		if err != nil {
			return nil, 0, err
		}
		if j == nil {
			wait = pause
			break
		}
		l.ready = append(l.ready, j)
		if ahead && journalled(j.file.route.Operation) {
			intents = append(intents, j.intents(now)...)
		} else {
			most = 0
		}
	}
	if len(l.ready) == 0 {
		return nil, wait, nil
	}
	if len(intents) > 0 {
		l.promise(l.ready[fresh:], intents)
	}
	j := l.ready[0]
	l.ready[0] = nil
	l.ready = l.ready[1:]
	l.inFlight++
	return j, 0, nil
}

// promise writes the intents of jobs that were made ready. As soon as half of those that are ready wait for the disk it is hurried, for then
// it is done before a worker needs one.
func (l *Lane) promise(jobs []*job, intents []ledger.Event) {
	written := l.put(intents)
	for _, j := range jobs {
		if journalled(j.file.route.Operation) {
			j.intent = written
		}
	}
	if middle := l.ready[len(l.ready)/2].intent; middle != nil {
		middle.Hurry()
	}
}

// unready puts what was made ready back, and writes that it waits.
func (l *Lane) unready() {
	for _, j := range l.ready {
		j.due = time.Now()
		l.stays(j)
	}
	l.ready = nil
}

// stays puts a job back that did not leave.
func (l *Lane) stays(j *job) {
	if j.intent == nil {
		l.wait(j)
		return
	}
	j.intent = nil
	l.waits(j, false)
}

// pauses reports whether nothing may leave for now, and for how long (0: until a signal).
func (l *Lane) pauses(now time.Time) (time.Duration, bool) {
	if l.stopped != "" {
		return 0, true
	}
	if wait := l.hold.Sub(now); wait > 0 {
		return wait, true
	}
	return 0, l.probes() && l.inFlight > 0 // one request probes; the others wait for what it brings
}

// probes reports whether one request at a time finds out whether others may follow.
func (l *Lane) probes() bool { return l.refusal != "" || l.trouble >= l.tolerance() }

// choose takes the next request that is due, or says how long none is (0: until a signal).
// Fresh items and due repeats take turns, so that neither blocks the other.
func (l *Lane) choose(ctx context.Context, now time.Time) (*job, time.Duration, error) {
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

// tolerance is how many failures in a row, of whatever items, make the lane careful.
func (l *Lane) tolerance() int { return max(5, 2*l.Concurrency) }

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
		return j
	}
	return nil
}

// heldBack puts a job that a person stopped after it was picked into the backlog. Any other may be called back until it leaves.
func (l *Lane) heldBack(j *job, call context.CancelFunc) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.halted(j) {
		l.aside[j] = call
		return false
	}
	j.due = time.Now().Add(held)
	l.stays(j)
	l.inFlight--
	l.signal()
	return true
}

// errHalted is a commit's word that a request stays here after all.
var errHalted = errors.New("stopped before it left")

// halted reports whether a person, or the route's limit of equal refusals, keeps a job from leaving.
func (l *Lane) halted(j *job) bool { return l.stopped != "" || j.file.paused || j.file.cancel }

// recall calls back what waits to leave and may not any more.
func (l *Lane) recall() {
	for j, call := range l.aside {
		if l.halted(j) {
			call()
			delete(l.aside, j)
		}
	}
}

// leaves reports whether a job may leave now; if so nothing calls it back any more.
func (l *Lane) leaves(j *job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.aside, j)
	return !l.halted(j)
}

func (l *Lane) forget(j *job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.aside, j)
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
	if err := l.unseal(ctx, a, c); err != nil {
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
	l.write(ledger.Event{File: a.id, Chunk: c.Seq, Item: i, Kind: ledger.EventSettled, At: time.Now().UTC(), Verdict: v, Rows: c.Items[i].Rows,
		Marks: l.marks(a.route.Operation, &c.Items[i].Item, v)})
}

// collect makes a request of the next open items of the chunk. nil when none of them is open.
// Items that an earlier request may have carried travel together and apart from fresh ones; those that wait go to the backlog, and together
// where they wait for the same moment.
func (l *Lane) collect(a *active) *job {
	most := 1
	if a.route.Operation.Rows.Kind == providers.Batch {
		most = l.size(a.route.Operation)
	}
	var j, waits *job
	for ; a.at < len(a.content.Items); a.at++ {
		state := &a.content.States[a.at]
		if state.Verdict != nil {
			continue
		}
		if pause := state.Pause(time.Now()); pause > 0 {
			one := l.job(a, a.at)
			a.out++
			if waits != nil && len(waits.items) < most && a.waitAlike(waits.at[0], a.at) && together(a.route.Operation, waits, one) {
				waits.at, waits.items = append(waits.at, one.at...), append(waits.items, one.items...)
				continue
			}
			one.due, waits = time.Now().Add(pause), one
			heap.Push(&l.backlog, one)
			continue
		}
		if j == nil {
			j = l.job(a, a.at)
		} else if next := l.job(a, a.at); next.lost == j.lost && next.again == j.again && together(a.route.Operation, j, next) {
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

// waitAlike reports whether two items wait for the same moment and have the same behind them: one request carried both.
func (a *active) waitAlike(i, k int) bool {
	one, other := &a.content.States[i], &a.content.States[k]
	return one.Until.Equal(other.Until) && one.First.Equal(other.First) && one.Attempts == other.Attempts && one.Lost == other.Lost && one.InFlight == other.InFlight && one.Repeat == other.Repeat
}

// together reports whether two items may share a request: what stands around them is the same.
func together(op *providers.Operation, j, next *job) bool {
	return bytes.Equal(op.Surroundings(j.items[0].Body), op.Surroundings(next.items[0].Body))
}

// job makes a request of one item, going on where its journal ends.
func (l *Lane) job(a *active, i int) *job {
	s := &a.content.States[i]
	j := &job{file: a, chunk: a.content.Seq, total: s.Attempts, lost: s.Lost || s.InFlight, again: s.Repeat, first: s.First}
	j.one.at[0], j.one.item[0] = i, a.content.Items[i].Item
	j.at, j.items = j.one.at[:], j.one.item[:]
	if !s.First.IsZero() {
		now := time.Now()
		j.began = now.Add(-s.Tried(now))
	}
	return j
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
		if l.Unfinished != nil { // only then the ledger is asked again and again what is unfinished
			l.ended[a.id] = ended{a.revision, time.Now()}
		}
		l.over()
	}
}

// over has what was written last put on disk without waiting for company, and then says that a file has ended.
func (l *Lane) over() {
	if l.Ended == nil {
		return
	}
	var last ledger.Receipt // nil: all is on disk
	if n := len(l.behind); n > 0 {
		last = l.behind[n-1]
	}
	l.settling.Go(func() {
		if last == nil || last.Wait(context.Background()) == nil { // else whoever writes next is told
			l.Ended()
		}
	})
}

// backlog is a heap of jobs by the time they are due.
type backlog []*job

func (b backlog) Len() int { return len(b) }

func (b backlog) Less(i, j int) bool { return b[i].due.Before(b[j].due) }

func (b backlog) Swap(i, j int) { b[i], b[j] = b[j], b[i] }

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
