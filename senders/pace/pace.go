// Package pace keeps an account's rate of requests in any sliding window, as the provider counts it.
//
// A provider counts a request somewhere between the moment it leaves us and the moment its answer is back.
// Of N requests in a window of one period, the slot of each is therefore free again one period after its
// answer: that is exact at any delay, but wastes the round trip. The shortest round trip seen lately is what
// every request needs at least, so only what a round trip took beyond it can have been jitter; the slot is
// free one period after the answer less that shortest round trip (less a guard for having seen few). While a
// request has no answer its slot is not free.
package pace

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

// Options set the limit. The zero value is no limit.
type Options struct {
	N   int           // requests
	Per time.Duration // in any window of this length

	// Late is how long a request that we gave up may still be under way to the provider. Default one second.
	Late time.Duration

	// Past are the starts of requests that an earlier process of this account made within the last period.
	Past []time.Time
}

// Stats are what a pacer has seen since it was made, and how it stands now.
type Stats struct {
	Taken   int64         // slots handed out
	Waited  int64         // of these, those that had to wait
	Wait    time.Duration // how long they waited together
	Queue   int           // callers that wait now
	InUse   int           // slots that are not free now
	Credit  time.Duration // what is taken off the period after an answer
	Fastest time.Duration // shortest round trip seen lately, 0 if unknown
}

// Pacer hands out slots, first come first served. It is safe for concurrent use and has no goroutine of its own.
type Pacer struct {
	n    int
	per  time.Duration
	late time.Duration

	mu      sync.Mutex
	held    int         // handed out, answer outstanding
	ended   []time.Time // when the answers of used slots came, ascending; free a period (less the credit) later
	waiting []*waiter   // first come first
	timer   *time.Timer
	trips   trips
	stats   Stats
}

type waiter struct {
	ready chan struct{} // closed when it has its slot
	has   bool
}

// New makes a pacer. One without a limit (N or Per not positive) never waits.
func New(o Options) *Pacer {
	p := &Pacer{n: o.N, per: o.Per, late: o.Late}
	if p.n <= 0 || p.per <= 0 {
		p.n = 0
	}
	if p.late <= 0 {
		p.late = time.Second
	}
	now := time.Now()
	for _, t := range o.Past {
		if p.n > 0 && len(p.ended) < p.n && now.Sub(t) < p.per+p.late {
			p.end(now.Add(p.late - now.Sub(t))) // on the monotonic clock of this process
		}
	}
	return p
}

// Slot is the right to make one request. A nil slot is that of a pacer without a limit.
type Slot struct {
	p       *Pacer
	started time.Time
	over    bool
}

// Take waits for a slot. Whoever has one calls Start when the request's first byte leaves and then either Done or
// Lost, or Return when nothing left. An error is the context's.
func (p *Pacer) Take(ctx context.Context) (*Slot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.stats.Taken++
	if p.n == 0 {
		p.mu.Unlock()
		return nil, nil
	}
	if len(p.waiting) == 0 && p.vacant(time.Now()) {
		p.held++
		p.mu.Unlock()
		return &Slot{p: p}, nil
	}
	w := &waiter{ready: make(chan struct{})}
	p.waiting = append(p.waiting, w)
	p.serve()
	p.mu.Unlock()
	return p.await(ctx, w)
}

func (p *Pacer) await(ctx context.Context, w *waiter) (*Slot, error) {
	since := time.Now()
	select {
	case <-w.ready:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Waited++
	p.stats.Wait += time.Since(since)
	if w.has && ctx.Err() == nil {
		return &Slot{p: p}, nil
	}
	p.stats.Taken--
	if w.has {
		p.held--
	} else {
		p.leave(w)
	}
	p.serve()
	return nil, ctx.Err()
}

func (p *Pacer) leave(w *waiter) {
	for i, other := range p.waiting {
		if other == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return
		}
	}
}

// Start says that the request leaves now. Only the first call counts.
func (s *Slot) Start() {
	if s == nil || !s.started.IsZero() {
		return
	}
	s.started = time.Now()
}

// Done says that the answer is here.
func (s *Slot) Done() {
	s.finish(func(p *Pacer, now time.Time) {
		if !s.started.IsZero() {
			p.trips.add(now, now.Sub(s.started))
		}
		p.end(now)
	})
}

// Lost says that no answer will come: timed out, or the line was cut. The request may yet arrive.
func (s *Slot) Lost() {
	s.finish(func(p *Pacer, now time.Time) { p.end(now.Add(p.late)) })
}

// Return gives the slot back unused: no byte has left.
func (s *Slot) Return() { s.finish(func(*Pacer, time.Time) {}) }

func (s *Slot) finish(how func(*Pacer, time.Time)) {
	if s == nil {
		return
	}
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.over {
		return
	}
	s.over = true
	p.held--
	how(p, time.Now())
	p.serve()
}

// end notes a used slot, keeping the order (only lost requests are not the newest).
func (p *Pacer) end(at time.Time) {
	i := len(p.ended)
	p.ended = append(p.ended, at)
	for ; i > 0 && p.ended[i-1].After(at); i-- {
		p.ended[i] = p.ended[i-1]
	}
	p.ended[i] = at
}

// vacant drops the used slots that are free again and reports whether one is to be had.
func (p *Pacer) vacant(now time.Time) bool {
	if len(p.ended) > 0 {
		hold := p.per - p.credit(now)
		k := 0
		for k < len(p.ended) && now.Sub(p.ended[k]) >= hold {
			k++
		}
		p.ended = p.ended[k:]
	}
	return p.held+len(p.ended) < p.n
}

// serve hands free slots to those who wait and sets the timer for the next.
func (p *Pacer) serve() {
	now := time.Now()
	for len(p.waiting) > 0 && p.vacant(now) {
		w := p.waiting[0]
		p.waiting[0] = nil
		p.waiting = p.waiting[1:]
		p.held++
		w.has = true
		close(w.ready)
	}
	if len(p.waiting) == 0 || len(p.ended) == 0 {
		return
	}
	wait := p.ended[0].Add(p.per - p.credit(now)).Sub(now)
	if p.timer == nil {
		p.timer = time.AfterFunc(wait, p.ring)
		return
	}
	p.timer.Reset(wait)
}

func (p *Pacer) ring() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serve()
}

// credit is how much sooner than a period after its answer a slot is free. Where the round trip is next to
// nothing of the period there is nothing to gain.
func (p *Pacer) credit(now time.Time) time.Duration {
	sure := p.trips.sure(now)
	if sure < p.per/200 {
		return 0
	}
	return min(sure, p.per/2)
}

// Stats returns the figures so far.
func (p *Pacer) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	s := p.stats
	s.Queue = len(p.waiting)
	if p.n > 0 {
		p.vacant(now)
		s.InUse = p.held + len(p.ended)
		s.Credit = p.credit(now)
		s.Fastest = p.trips.fastest()
	}
	return s
}

// trips remembers the shortest round trips of the last one to two spells.
type trips struct {
	now, before spell
	known       time.Duration // what sure gives, until the next round trip
}

// A spell is some minutes of round trips, looked at in epochs: what happens within one second has much in common (a
// burst, a busy line) and its shortest round trip is one observation.
type spell struct {
	began  time.Time
	epoch  time.Time // when the last one began
	epochs int
	count  int
	sum    time.Duration
	low    time.Duration   // shortest of the last epoch
	lows   []time.Duration // the shortest few of the epochs before it, ascending
}

const (
	spellTime = 5 * time.Minute
	epochTime = time.Second
	few       = 5
	enough    = 8 // epochs before the shortest few say something
)

func (t *trips) add(now time.Time, took time.Duration) {
	if t.now.count > 0 && now.Sub(t.now.began) > spellTime {
		t.before, t.now = t.now, spell{}
	}
	s := &t.now
	if s.count == 0 {
		s.began = now
	}
	if s.epochs == 0 || now.Sub(s.epoch) >= epochTime {
		s.lows = s.shortest()
		s.epoch, s.low = now, took
		s.epochs++
	}
	s.low = min(s.low, took)
	s.count++
	s.sum += took
	t.known = t.judge()
}

// shortest are the few shortest round trips of the epochs, one of each.
func (s *spell) shortest() []time.Duration {
	if s.epochs == 0 {
		return nil
	}
	all := slices.Sorted(slices.Values(append(slices.Clip(s.lows), s.low)))
	return all[:min(few, len(all))]
}

func (t *trips) shortest() []time.Duration {
	all := slices.Sorted(slices.Values(append(t.now.shortest(), t.before.shortest()...)))
	return all[:min(few, len(all))]
}

func (t *trips) fastest() time.Duration {
	if t.now.count == 0 {
		return 0
	}
	return t.shortest()[0]
}

// sure is the part of a round trip that we take for granted. What was seen long ago says nothing.
func (t *trips) sure(now time.Time) time.Duration {
	if now.Sub(t.now.epoch) > 2*spellTime {
		return 0
	}
	return t.known
}

// judge takes the shortest round trip less a guard for not having met the true minimum. Let j be the mean above the
// shortest. Where every epoch has one delay of its own, the shortest of k lies more than 2.5j/√k above the minimum in
// a few cases of a hundred (round trips being the sum of two even jitters). Where delays differ within epochs more is
// known, and it shows: the shortest few lie close together. Few epochs may have missed the jitter itself: until there
// are more, some is taken for granted. The factors were found by simulation, 150 new lines of one minute each with 0 to
// 40 ms of jitter either way: at 10/s none went over the limit, using 95 % of it (even jitters allow 96.2 % at most);
// at 3/s one request of 25,000 came some milliseconds early; where all requests of a second were late together, one second
// in 500 went over, while the line was new.
func (t *trips) judge() time.Duration {
	k, n := t.now.epochs+t.before.epochs, t.now.count+t.before.count
	lows := t.shortest()
	least := lows[0]
	j := float64((t.now.sum+t.before.sum)/time.Duration(n) - least)
	guard := 2.5 * (j + float64(unseen)/float64(k)) / math.Sqrt(float64(k))
	if k >= enough {
		near := 2 * float64(lows[few-1]-least)
		guard = min(guard, max(near, 3*j*math.Sqrt(2/float64(n))))
	}
	return max(0, least-max(time.Duration(guard), 2*time.Millisecond))
}

// unseen is the jitter we take for granted before we have seen any, shared among the epochs seen.
const unseen = 50 * time.Millisecond
