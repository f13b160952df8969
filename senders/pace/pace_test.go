package pace

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// network is a simulated line to a provider that counts requests when they arrive.
type network struct {
	mu       sync.Mutex
	rand     *rand.Rand
	out      func(*rand.Rand) time.Duration // from us to the provider
	back     func(*rand.Rand) time.Duration // the provider's work and the way back
	arrivals []time.Time
}

func (n *network) delays() (out, back time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.out(n.rand), n.back(n.rand)
}

func (n *network) call() {
	out, back := n.delays()
	time.Sleep(out)
	n.mu.Lock()
	n.arrivals = append(n.arrivals, time.Now())
	n.mu.Unlock()
	time.Sleep(back)
}

// worst is the largest number of arrivals in any half-open window of the period.
func worst(arrivals []time.Time, per time.Duration) int {
	slices.SortFunc(arrivals, time.Time.Compare)
	most, first := 0, 0
	for i, t := range arrivals {
		for t.Sub(arrivals[first]) >= per {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// together is a jitter that all requests of a second share.
func together(base, most time.Duration, seed uint64) func(*rand.Rand) time.Duration {
	return func(*rand.Rand) time.Duration {
		r := rand.New(rand.NewPCG(uint64(time.Now().Unix()), seed))
		return base + time.Duration(r.Int64N(int64(most)))
	}
}

func jitter(base, most time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		if most == 0 {
			return base
		}
		return base + time.Duration(r.Int64N(int64(most)))
	}
}

// drive keeps workers busy for the given time.
func drive(t *testing.T, p *Pacer, n *network, workers int, spell time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), spell)
	defer cancel()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				s, err := p.Acquire(ctx)
				if err != nil {
					return
				}
				s.Start()
				n.call()
				s.Done()
			}
		})
	}
	wg.Wait()
}

// The limit holds in every window that the provider can look at, and 95 % of it are used up to 300 ms of round trip.
func TestLimitAsTheProviderCounts(t *testing.T) {
	const ms = time.Millisecond
	cases := []struct {
		name      string
		n         int
		per       time.Duration
		out, back func(*rand.Rand) time.Duration
		use       float64 // of the limit, at least
	}{
		{"no delay", 10, time.Second, jitter(0, 0), jitter(0, 0), 0.99},
		{"0 to 40 ms both ways", 10, time.Second, jitter(0, 40*ms), jitter(0, 40*ms), 0.95},
		{"300 ms round trip", 10, time.Second, jitter(20*ms, 0), jitter(280*ms, 0), 0.97},
		{"300 ms round trip and jitter", 10, time.Second, jitter(130*ms, 40*ms), jitter(130*ms, 40*ms), 0.95},
		{"server time 300 ms and jitter", 10, time.Second, jitter(0, 40*ms), jitter(300*ms, 40*ms), 0.95},
		{"jitter only on the way there", 10, time.Second, jitter(5*ms, 40*ms), jitter(5*ms, 0), 0.95},
		{"3/s", 3, time.Second, jitter(10*ms, 40*ms), jitter(60*ms, 40*ms), 0.95},
		{"1600/h", 1600, time.Hour, jitter(10*ms, 40*ms), jitter(60*ms, 40*ms), 0.95},
		{"200/s", 200, time.Second, jitter(0, 40*ms), jitter(0, 40*ms), 0.95},
		{"jitter shared by a second", 10, time.Second, together(50*ms, 40*ms, 1), together(50*ms, 40*ms, 2), 0.95},
		{"300 ms, jitter shared by a second", 10, time.Second, together(10*ms, 40*ms, 3), together(290*ms, 40*ms, 4), 0.95},
		{"wild server", 10, time.Second, jitter(0, 40*ms), jitter(0, 3000*ms), 0.3},
		{"wild line", 10, time.Second, jitter(0, 900*ms), jitter(0, 900*ms), 0.5},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(12) {
				synctest.Test(t, func(t *testing.T) {
					p := New(Options{N: c.n, Per: c.per})
					n := &network{rand: rand.New(rand.NewPCG(seed, 1)), out: c.out, back: c.back}
					spell := 60 * c.per
					if c.per > time.Minute {
						spell = 3 * c.per
					}
					workers := max(24, c.n/2)
					drive(t, p, n, workers, spell)
					if most := worst(n.arrivals, c.per); most > c.n {
						t.Errorf("seed %d: %d requests in one window, the limit is %d", seed, most, c.n)
					}
					use := float64(len(n.arrivals)) / float64(c.n) / spell.Seconds() * c.per.Seconds()
					if use < c.use-0.0005 {
						t.Errorf("seed %d: %.1f %% of the limit used, want %.0f %%", seed, 100*use, 100*c.use)
					}
					if seed == 0 {
						t.Logf("%.1f %% used, worst window %d of %d, %+v", 100*use, worst(n.arrivals, c.per), c.n, p.Stats())
					}
				})
			}
		})
	}
}

// bell is a jitter whose extremes are rare: the shortest round trip of a minute is far from the shortest there can be.
func bell(base, most time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return base + time.Duration((r.Float64()+r.Float64()+r.Float64())/3*float64(most))
	}
}

// New lines know little; none of many may be too sure of it.
func TestManyNewLines(t *testing.T) {
	const ms = time.Millisecond
	lines := uint64(100)
	if testing.Short() {
		lines = 40
	}
	for name, c := range map[string]struct {
		n         int
		out, back func(seed uint64) func(*rand.Rand) time.Duration
	}{
		"bell": {10, func(uint64) func(*rand.Rand) time.Duration { return bell(30*ms, 40*ms) }, func(uint64) func(*rand.Rand) time.Duration { return bell(200*ms, 40*ms) }},
		"even, 2/s": {2, func(uint64) func(*rand.Rand) time.Duration { return jitter(130*ms, 40*ms) },
			func(uint64) func(*rand.Rand) time.Duration { return jitter(130*ms, 40*ms) }},
		"shared by a second": {10, func(seed uint64) func(*rand.Rand) time.Duration { return together(50*ms, 40*ms, 1000*seed+1) },
			func(seed uint64) func(*rand.Rand) time.Duration { return together(50*ms, 40*ms, 1000*seed+2) }},
	} {
		t.Run(name, func(t *testing.T) {
			early, all := 0, 0
			for seed := range lines {
				synctest.Test(t, func(t *testing.T) {
					p := New(Options{N: c.n, Per: time.Second})
					n := &network{rand: rand.New(rand.NewPCG(seed, 7)), out: c.out(seed), back: c.back(seed)}
					drive(t, p, n, 24, time.Minute)
					slices.SortFunc(n.arrivals, time.Time.Compare)
					for i := c.n; i < len(n.arrivals); i++ {
						if n.arrivals[i].Sub(n.arrivals[i-c.n]) < time.Second {
							early++
						}
					}
					all += len(n.arrivals)
				})
			}
			most := 0
			if name == "shared by a second" {
				most = all / 1500 // one delay for all of a second: nothing can be known of it before it was seen
			}
			t.Logf("%d of %d requests early", early, all)
			if early > most {
				t.Errorf("%d of %d requests were early, at most %d may be", early, all, most)
			}
		})
	}
}

// Idle spells earn nothing: the first requests after one do not add up with what follows.
func TestNoBurstAfterIdling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{N: 10, Per: time.Second})
		n := &network{rand: rand.New(rand.NewPCG(3, 1)), out: jitter(0, 40*time.Millisecond), back: jitter(100*time.Millisecond, 40*time.Millisecond)}
		for i := range 20 {
			drive(t, p, n, 24, time.Duration(500+137*i)*time.Millisecond)
			time.Sleep(time.Duration(i*i*33) * time.Millisecond)
		}
		if most := worst(n.arrivals, time.Second); most > 10 {
			t.Errorf("%d requests in one window, the limit is 10", most)
		}
	})
}

// A line that suddenly becomes faster does not let more through than what was under way when it did.
func TestFasterLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{N: 10, Per: time.Second})
		n := &network{rand: rand.New(rand.NewPCG(3, 1)), out: jitter(150*time.Millisecond, 0), back: jitter(150*time.Millisecond, 0)}
		drive(t, p, n, 24, 20*time.Second)
		time.Sleep(3 * time.Second)
		n.out, n.back = jitter(5*time.Millisecond, 0), jitter(5*time.Millisecond, 0)
		drive(t, p, n, 24, 20*time.Second)
		if most := worst(n.arrivals, time.Second); most > 10 {
			t.Errorf("%d requests in one window, the limit is 10", most)
		}
		if got := p.Stats().Fastest; got != 10*time.Millisecond {
			t.Errorf("fastest round trip %v, want 10ms", got)
		}
	})
}

// A request given up may still arrive: its slot stays taken for the period and a while.
func TestLostKeepsItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{N: 1, Per: time.Second, Late: 500 * time.Millisecond})
		s, _ := p.Acquire(t.Context())
		s.Start()
		time.Sleep(30 * time.Second)
		began := time.Now()
		s.Lost()
		s.Done() // the second word does not count
		if _, err := p.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 1500*time.Millisecond {
			t.Errorf("next slot after %v, want 1.5s", waited)
		}
	})
}

// A slot that was not used is free at once; one whose caller went away too.
func TestReturnAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{N: 1, Per: time.Second})
		s, _ := p.Acquire(t.Context())
		ctx, cancel := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := p.Acquire(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled Acquire: %v", err)
			}
		})
		synctest.Wait()
		cancel(errors.New("gone"))
		wg.Wait()
		began := time.Now()
		wg.Go(func() {
			next, err := p.Acquire(t.Context())
			if err != nil || time.Since(began) != 2*time.Second {
				t.Errorf("slot after %v, %v", time.Since(began), err)
			}
			next.Return()
		})
		time.Sleep(2 * time.Second)
		s.Return()
		wg.Wait()
		if st := p.Stats(); st.InUse != 0 || st.Queue != 0 || st.Taken != 2 {
			t.Errorf("%+v", st)
		}
	})
}

// First come, first served.
func TestFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{N: 1, Per: time.Second})
		var mu sync.Mutex
		var order []int
		var wg sync.WaitGroup
		for i := range 9 {
			wg.Go(func() {
				s, _ := p.Acquire(t.Context())
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				s.Start()
				s.Done()
			})
			synctest.Wait()
		}
		wg.Wait()
		if !slices.IsSorted(order) {
			t.Errorf("served in the order %v", order)
		}
	})
}

// What an earlier process sent counts.
func TestPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		p := New(Options{N: 2, Per: time.Hour, Past: []time.Time{now.Add(-30 * time.Minute), now.Add(-3 * time.Hour)}})
		for range 2 {
			if _, err := p.Acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if time.Since(now) == 0 {
				continue
			}
			if got := time.Since(now); got != 30*time.Minute+time.Second {
				t.Errorf("waited %v", got)
			}
		}
	})
}

// Where the clock was set back since, what an earlier process sent counts as just now and holds no slot for as long as the clock was ahead.
func TestPastOfAClockThatWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		p := New(Options{N: 1, Per: time.Minute, Past: []time.Time{now.Add(8 * time.Hour)}})
		if _, err := p.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(now); got != time.Minute+time.Second {
			t.Errorf("waited %v", got)
		}
	})
}

func TestNoLimit(t *testing.T) {
	p := New(Options{})
	for range 1000 {
		s, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		s.Done()
	}
	if st := p.Stats(); st.Taken != 1000 || st.Waited != 0 {
		t.Errorf("%+v", st)
	}
}

func BenchmarkAcquire(b *testing.B) {
	for _, n := range []int{0, 1 << 30} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := New(Options{N: n, Per: time.Microsecond})
			for b.Loop() {
				s, _ := p.Acquire(context.Background())
				s.Start()
				s.Done()
			}
		})
	}
}
