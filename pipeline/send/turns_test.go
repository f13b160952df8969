package send

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/masks"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// provider answers requests by a rule and notes in which order they came.
type provider struct {
	mu     sync.Mutex
	answer func(a senders.Attempt, n int) senders.Result // n: requests before it
	came   []string                                      // the first row of each request, as "file/row" where the file is known
	sizes  []int
}

func (p *provider) Send(ctx context.Context, a senders.Attempt) senders.Result {
	if a.Commit != nil {
		if err := a.Commit(ctx); err != nil {
			return senders.Result{Fate: senders.NotSent, Err: err}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.came)
	p.came, p.sizes = append(p.came, string(a.Items[0].Body)), append(p.sizes, len(a.Items))
	if p.answer == nil {
		return said(providers.OK)
	}
	return p.answer(a, n)
}

func (p *provider) Close() error { return nil }

func said(c providers.Class) senders.Result {
	return senders.Result{Fate: senders.Answered, Status: 200, Started: time.Now(), Reading: providers.Reading{Verdict: providers.Verdict{Class: c}}}
}

// one and many are operations with a row, or up to eight, in a request.
func one() *providers.Operation {
	return &providers.Operation{ID: "remove", Repeatable: true, Rows: providers.Rows{Kind: providers.One}}
}
func many() *providers.Operation {
	return &providers.Operation{ID: "remove", Repeatable: true, Rows: providers.Rows{Kind: providers.Batch, Max: 8}}
}

// accept puts a file of n items, ten a chunk, into the ledger; the body of an item is "file/number".
func accept(t *testing.T, l ledger.Owner, id string, n int) {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(l.Begin(t.Context(), ledgertest.File(id)))
	_, err := l.Take(t.Context(), id, "hash of "+id, 10)
	check(err)
	for seq := 0; seq*10 < n; seq++ {
		items := ledgertest.Items(seq*10, min(10, n-seq*10))
		for i := range items {
			items[i].Body = fmt.Appendf(nil, "%s/%d", id, items[i].Seq)
		}
		check(l.Stage(ledger.Chunk{File: id, Seq: seq, Items: items}).Wait(t.Context()))
	}
	check(l.Accept(t.Context(), id, ledger.Reading{Format: "csv"}, batch.Counts{Read: n}, n, n))
}

func open(t *testing.T, dir string) ledger.Owner {
	t.Helper()
	l, err := drivers.Open(t.Context(), drivers.SQLite(dir))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// lane makes a lane of one request at a time over files in the ledger.
func lane(t *testing.T, l ledger.Owner, op *providers.Operation, p *provider, files ...string) *Lane {
	t.Helper()
	lane := &Lane{Settings: Settings{Account: "otms", Concurrency: 1, Grace: time.Second, Retry: configs.Retry{First: time.Millisecond, Most: time.Millisecond, For: time.Hour}},
		Sender: p, Ledger: l, Routes: map[string]*route.Route{"orders": {Name: "orders", Operation: op, Language: batch.English}}, Log: slog.New(slog.DiscardHandler)}
	if err := lane.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range files {
		if err := lane.Add(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	return lane
}

// run lets a lane send until all rows of the files have their outcome.
func run(t *testing.T, lane *Lane, files ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- lane.Run(ctx) }()
	settled(t, lane, files...)
	stop()
	if err := errors.Join(<-ended, lane.Close()); err != nil {
		t.Fatal(err)
	}
}

// settled waits until all rows of the files have their outcome.
func settled(t *testing.T, lane *Lane, files ...string) {
	t.Helper()
	for _, id := range files {
		for deadline := time.Now().Add(5 * time.Minute); file(t, lane.Ledger, id).State != ledger.Settled; time.Sleep(2 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%+v", file(t, lane.Ledger, id))
			}
		}
	}
}

func file(t *testing.T, l ledger.Books, id string) ledger.File {
	t.Helper()
	f, err := l.File(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func sent(t *testing.T, l ledger.Owner, op *providers.Operation, p *provider, files ...string) {
	t.Helper()
	run(t, lane(t, l, op, p, files...), files...)
}

// The answers of several requests that ask for the same rest are told once, a longer or a later rest again.
func TestARestIsToldOnce(t *testing.T) {
	var log bytes.Buffer
	l := &Lane{Settings: Settings{Account: "otms", Retry: configs.Retry{Most: time.Minute}}, Log: slog.New(slog.NewTextHandler(&log, nil))}
	told := 0
	asked := func(rest time.Duration) int {
		l.careful(decision{laneWide: true, pause: rest})
		before := told
		told = strings.Count(log.String(), "asks to wait")
		return told - before
	}
	for i, want := range []int{1, 0, 0} {
		if got := asked(time.Hour); got != want {
			t.Errorf("answer %d of those at the same time is told %d times", i+1, got)
		}
	}
	if asked(3*time.Hour) != 1 {
		t.Error("a longer rest is not told")
	}
	l.hold = time.Now().Add(-time.Second)
	if asked(time.Hour) != 1 {
		t.Error("a rest after the rest is not told")
	}
}

// A file of a few rows does not wait for the many of another: they take turns, request by request.
func TestFilesTakeTurns(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	accept(t, l, "long", 60)
	accept(t, l, "short", 3)
	p := &provider{}
	sent(t, l, one(), p, "long", "short")
	want := []string{"long/0", "short/0", "long/1", "short/1", "long/2", "short/2", "long/3"}
	if len(p.came) != 63 || !slices.Equal(p.came[:len(want)], want) {
		t.Errorf("%d requests, %v", len(p.came), p.came[:len(want)])
	}
}

// More files than the window holds: those in it share the turns, and when one has had a chunk picked it goes behind all others,
// so that each file has had a chunk before any has its second.
func TestFilesBeyondTheWindowHaveTheirTurn(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	var files []string
	for n := range window + 4 {
		files = append(files, fmt.Sprintf("f%02d", n))
		accept(t, l, files[n], 12)
	}
	p := &provider{}
	sent(t, l, one(), p, files...)
	at := func(file string, n int) int { return slices.Index(p.came, fmt.Sprintf("%s/%d", file, n)) }
	if first := at(files[window], 0); first < window || first > 10*window {
		t.Errorf("the first file beyond the window began with request %d", first)
	}
	for _, early := range files {
		for _, late := range files {
			if at(early, 10) < at(late, 0) {
				t.Fatalf("the second chunk of %s went before the first one of %s", early, late)
			}
		}
	}
	if len(p.came) != 12*len(files) {
		t.Errorf("%d requests", len(p.came))
	}
}

// What is to be tried again and what is fresh take turns: neither blocks the other.
func TestRepeatsAndFreshRowsTakeTurns(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	accept(t, l, "f", 20)
	turns := lane(t, l, one(), &provider{}, "f")
	pick := func() *job {
		j, wait, err := turns.pick(t.Context(), time.Now().Add(time.Second))
		if j == nil || err != nil {
			t.Fatal(wait, err)
		}
		return j
	}
	for _, j := range []*job{pick(), pick(), pick()} {
		turns.mu.Lock()
		turns.inFlight--
		turns.wait(j)
		turns.mu.Unlock()
	}
	var came []string
	for range 6 {
		came = append(came, string(pick().items[0].Body))
	}
	repeats, fresh := []string{came[0], came[2], came[4]}, []string{came[1], came[3], came[5]}
	slices.Sort(repeats)
	if !slices.Equal(repeats, []string{"f/0", "f/1", "f/2"}) || !slices.Equal(fresh, []string{"f/3", "f/4", "f/5"}) {
		t.Errorf("they came as %v", came)
	}
}

// A provider that takes fewer items in a request than its document says: the request is cut in halves until they fit, every item
// arrives once, and the size is known after a restart.
func TestHalving(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	accept(t, l, "f", 20)
	took := map[string]int{}
	atMost := func(n int) func(senders.Attempt, int) senders.Result {
		return func(a senders.Attempt, _ int) senders.Result {
			if len(a.Items) > n {
				return said(providers.Split)
			}
			for _, item := range a.Items {
				took[string(item.Body)]++
			}
			return said(providers.OK)
		}
	}
	p := &provider{answer: atMost(2)}
	sent(t, l, many(), p, "f")
	if f := file(t, l, "f"); f.Counts.Delivered != 20 || len(took) != 20 {
		t.Errorf("%+v, %d items arrived", f.Counts, len(took))
	}
	for body, n := range took {
		if n != 1 {
			t.Errorf("%s arrived %d times", body, n)
		}
	}
	if p.sizes[0] != 8 {
		t.Errorf("the first request had %d items", p.sizes[0])
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	defer l.Close()
	accept(t, l, "g", 10)
	p = &provider{answer: atMost(2)}
	sent(t, l, many(), p, "g")
	if slices.Max(p.sizes) > 2 {
		t.Errorf("the size was forgotten: %v", p.sizes)
	}
}

// One item for which any request is too large does not have all others go one by one for ever: when many of the smaller size were taken,
// larger ones are tried again, seldom where they are refused.
func TestSizesGrowAgain(t *testing.T) {
	for name, c := range map[string]struct {
		tooLarge func(a senders.Attempt) bool
		ends     int // of the size of the last full requests
		refused  int // at most
	}{
		"one item is": {func(a senders.Attempt) bool {
			return slices.ContainsFunc(a.Items, func(i batch.Item) bool { return string(i.Body) == "f/3" })
		}, 8, 4},
		"more than two are": {func(a senders.Attempt) bool { return len(a.Items) > 2 }, 2, 12},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			accept(t, l, "f", 600)
			refused := 0
			p := &provider{answer: func(a senders.Attempt, _ int) senders.Result {
				if c.tooLarge(a) {
					refused++
					return said(providers.Split)
				}
				return said(providers.OK)
			}}
			sent(t, l, many(), p, "f")
			f := file(t, l, "f")
			if f.Counts.Delivered+f.Counts.Rejected != 600 || f.Counts.Rejected > 1 {
				t.Errorf("%+v", f.Counts)
			}
			if last := slices.Max(p.sizes[len(p.sizes)-4:]); last != c.ends || refused > c.refused {
				t.Errorf("the last requests had %d items, want %d; %d were refused, %d may be", last, c.ends, refused, c.refused)
			}
		})
	}
}

// What waited as one request when a process ended goes as one after the start.
func TestWhatWaitsTogetherGoesTogether(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	accept(t, l, "a", 10)
	first, until := time.Now().Add(-time.Second), time.Now().Add(300*time.Millisecond)
	var events []ledger.Event
	for i := range 10 {
		events = append(events, ledger.Event{File: "a", Item: i, Kind: ledger.EventSending, At: first, Attempt: 1})
	}
	for i := range 10 {
		events = append(events, ledger.Event{File: "a", Item: i, Kind: ledger.EventWaiting, At: first, Attempt: 1, Until: until})
	}
	if err := l.Record(events...).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := &provider{}
	sent(t, l, many(), p, "a")
	if slices.Sort(p.sizes); !slices.Equal(p.sizes, []int{2, 8}) {
		t.Errorf("requests of %v items", p.sizes)
	}
}

// A cancelled file gives up what waits; its neighbour goes on.
func TestCancelledFilesGiveUp(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	accept(t, l, "long", 30)
	accept(t, l, "other", 5)
	p := &provider{}
	cut := lane(t, l, one(), p, "long", "other")
	p.answer = func(_ senders.Attempt, n int) senders.Result {
		if n == 2 {
			if err := errors.Join(l.Cancel(context.Background(), "long"), cut.Add(context.Background(), "long")); err != nil {
				t.Error(err)
			}
		}
		return said(providers.OK)
	}
	run(t, cut, "long", "other")
	if long, other := file(t, l, "long").Counts, file(t, l, "other").Counts; other.Delivered != 5 || long.Delivered != 2 || long.Skipped != 28 {
		t.Errorf("long: %+v, other: %+v", long, other)
	}
}

// A file has ended, which its lane has not noticed because a person stopped it; sent again, its sealed requests are opened as before.
func TestAnEndedFileIsSentAgainSealedAsItIs(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	private := sealed(t, l, "f", masks.Fields{"name"}, `{"name":"Ann"}`)
	var came []string
	p := &provider{}
	again := lane(t, l, one(), p, "f")
	p.answer = func(a senders.Attempt, n int) senders.Result {
		came = append(came, string(a.Items[0].Body))
		if n == 0 {
			again.Stop("by hand")
			return said(providers.Rejected)
		}
		return said(providers.OK)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- again.Run(ctx) }()
	settled(t, again, "f")
	_, err := l.Requeue(t.Context(), "f", []batch.Status{batch.Rejected}, 0)
	if err := errors.Join(err, again.Add(t.Context(), "f")); err != nil {
		t.Fatal(err)
	}
	again.Stop("")
	settled(t, again, "f")
	stop()
	if err := errors.Join(<-ended, again.Close()); err != nil {
		t.Fatal(err)
	}
	if want := []string{private, private}; !slices.Equal(came, want) || file(t, l, "f").Counts.Delivered != 1 {
		t.Errorf("%v came, %+v", came, file(t, l, "f").Counts)
	}
}

// sealed puts a file of one request into the ledger whose fields are sealed with its copy, and gives the request as it is to be sent.
func sealed(t *testing.T, l ledger.Owner, id string, fields masks.Fields, body string) string {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := l.Spool().Create(t.Context(), id)
	check(err)
	_, err = c.Write([]byte("content of " + id))
	check(errors.Join(err, c.Commit(), c.Close()))
	key, err := ledger.KeyOf(t.Context(), l.Copies(), id)
	check(err)
	check(l.Begin(t.Context(), ledgertest.File(id)))
	_, err = l.Take(t.Context(), id, "hash of "+id, 10)
	check(err)
	items := ledgertest.Items(0, 1)
	items[0].Body = fields.Seal(key, []byte(body))
	if !masks.Sealed(items[0].Body) {
		t.Fatalf("%s is not sealed", items[0].Body)
	}
	check(l.Stage(ledger.Chunk{File: id, Items: items}).Wait(t.Context()))
	check(l.Accept(t.Context(), id, ledger.Reading{Format: "csv"}, batch.Counts{Read: 1}, 1, 1))
	return body
}

// A process is killed with a request under way, and the next one only hears that the provider is busy, that the account is refused, or
// nothing: what the first request did is still open, and "gone already" is its work, however often we start.
func TestWhatAKilledProcessSentIsNotForgotten(t *testing.T) {
	for name, answer := range map[string]senders.Result{
		"busy": said(providers.Retry), "refused": said(providers.Auth), "too many": said(providers.Split), "no connection": {Fate: senders.NotSent, Err: errors.New("refused")},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			accept(t, l, "f", 2)
			sending := func(i int) ledger.Event {
				return ledger.Event{File: "f", Item: i, Kind: ledger.EventSending, At: time.Now(), Attempt: 1}
			}
			if err := l.Record(sending(0), sending(1)).Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			second := lane(t, l, many(), &provider{answer: func(senders.Attempt, int) senders.Result { stop(); return answer }}, "f")
			if err := errors.Join(second.Run(ctx), second.Close()); err != nil {
				t.Fatal(err)
			}
			sent(t, l, many(), &provider{answer: func(senders.Attempt, int) senders.Result { return said(providers.Absent) }}, "f")
			if c := file(t, l, "f").Counts; c.Delivered != 2 {
				t.Errorf("%+v", c)
			}
		})
	}
}

// When a request leaves that may not be repeated, its intent is on disk, and of others no more are unsettled there than
// there are other workers, and where intents are written ahead the next one of each: so many rows, and no more, a kill can make unknown.
func TestWhatAKillCanMakeUnknown(t *testing.T) {
	for _, c := range []struct {
		workers, most int
		ahead         bool
	}{{1, 1, false}, {4, 4, false}, {1, 2, true}, {4, 8, true}} {
		workers := c.workers
		l := open(t, t.TempDir())
		defer l.Close()
		const items = 60
		accept(t, l, "f", items)
		op := one()
		op.Repeatable = false
		p := &provider{}
		p.answer = func(a senders.Attempt, _ int) senders.Result {
			open, own := 0, false
			for c, err := range l.Chunks(context.Background(), "f") {
				if err != nil {
					t.Error(err)
					break
				}
				here := 0 // each chunk is read at a moment of its own
				for i, s := range c.States {
					if s.InFlight {
						here++
						own = own || bytes.Equal(c.Items[i].Body, a.Items[0].Body)
					}
				}
				open = max(open, here)
			}
			if !own || open > c.most {
				t.Errorf("%+v, request %s: own intent on disk: %v; %d of a chunk are unsettled", c, a.Items[0].Body, own, open)
			}
			return said(providers.OK)
		}
		lane := lane(t, l, op, p, "f")
		lane.Concurrency, lane.Ahead = workers, c.ahead
		run(t, lane, "f")
		if c := file(t, l, "f").Counts; len(p.came) != items || c.Delivered != items {
			t.Errorf("%d requests, %+v", len(p.came), c)
		}
	}
}

// hanging is a ledger whose writes are on disk when the gate is open, as one whose standby hangs. It tells when somebody waits for one.
type hanging struct {
	ledger.Owner
	gate, waits chan struct{}
}

func (h *hanging) Record(events ...ledger.Event) ledger.Receipt {
	return &hangs{h.Owner.Record(events...), h}
}

type hangs struct {
	ledger.Receipt
	in *hanging
}

func (h *hangs) Done() bool {
	select {
	case <-h.in.gate:
		return h.Receipt.Done()
	default:
		return false
	}
}

func (h *hangs) Wait(ctx context.Context) error {
	select {
	case h.in.waits <- struct{}{}:
	default:
	}
	<-h.in.gate
	return h.Receipt.Wait(ctx)
}

// Where the ledger hangs, a lane stops before long: what it sends meanwhile may be sent again.
func TestALaneStopsWhereTheLedgerHangs(t *testing.T) {
	defer func(was time.Duration) { longestBehind = was }(longestBehind)
	longestBehind = time.Nanosecond
	l := open(t, t.TempDir())
	defer l.Close()
	accept(t, l, "f", 60)
	h := &hanging{l, make(chan struct{}), make(chan struct{}, 1)}
	p := &provider{}
	lane := lane(t, h, one(), p, "f")
	go func() {
		<-h.waits
		p.mu.Lock()
		came := len(p.came)
		p.mu.Unlock()
		if came > 3 {
			t.Errorf("%d requests were sent whose outcomes the ledger had not", came)
		}
		close(h.gate)
	}()
	run(t, lane, "f")
}

// paced answers no request before it is told to: each waits for its turn, as at a slow pace.
type paced struct {
	provider
	turn chan struct{}
}

func (p *paced) Send(ctx context.Context, a senders.Attempt) senders.Result {
	select {
	case <-p.turn:
		return p.provider.Send(ctx, a)
	case <-a.Quit.Done():
		return senders.Result{Fate: senders.NotSent, Err: a.Quit.Err()}
	}
}

// A pause and a cancellation hold from the moment they are taken: what waits for its turn at the provider's pace does not leave
// any more, and what was called back leaves as if nothing had been when its file or lane goes on.
func TestWhatWaitsForItsTurnIsCalledBack(t *testing.T) {
	for name, stop := range map[string]struct {
		do, undo func(l ledger.Owner, lane *Lane) error
	}{
		"file": {
			do: func(l ledger.Owner, lane *Lane) error {
				return errors.Join(l.Pause(t.Context(), "f", "a person"), lane.Add(t.Context(), "f"))
			},
			undo: func(l ledger.Owner, lane *Lane) error {
				return errors.Join(l.Pause(t.Context(), "f", ""), lane.Add(t.Context(), "f"))
			},
		},
		"lane": {do: func(_ ledger.Owner, lane *Lane) error { lane.Stop("a person"); return nil }, undo: func(_ ledger.Owner, lane *Lane) error { lane.Stop(""); return nil }},
		"cancel": {do: func(l ledger.Owner, lane *Lane) error {
			return errors.Join(l.Cancel(t.Context(), "f"), lane.Add(t.Context(), "f"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			accept(t, l, "f", 9)
			p := &paced{turn: make(chan struct{})}
			slow := lane(t, l, one(), &p.provider, "f")
			slow.Sender, slow.Concurrency = p, 3
			ctx, end := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- slow.Run(ctx) }()
			p.turn <- struct{}{}
			p.turn <- struct{}{}
			until(t, func() bool { return file(t, l, "f").Counts.Delivered == 2 })
			if err := stop.do(l, slow); err != nil {
				t.Fatal(err)
			}
			until(t, func() bool { return slow.State().InFlight == 0 })
			select {
			case p.turn <- struct{}{}:
				t.Error("a request left after the stop")
			default:
			}
			if stop.undo != nil {
				if err := stop.undo(l, slow); err != nil {
					t.Fatal(err)
				}
				close(p.turn)
			}
			until(t, func() bool { return file(t, l, "f").State == ledger.Settled })
			end()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			counts := file(t, l, "f").Counts
			switch {
			case stop.undo == nil && (counts.Delivered != 2 || counts.Skipped != 7):
				t.Errorf("%+v", counts)
			case stop.undo != nil && (counts.Delivered != 9 || len(p.came) != 9):
				t.Errorf("%+v, %d requests", counts, len(p.came))
			}
		})
	}
}

// until waits for something that will be.
func until(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to pass")
		}
	}
}

// An outage is told once, with its cause, to the log and to whoever asks; its end is told too.
func TestOutagesAreTold(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	accept(t, l, "a", 1)
	var log bytes.Buffer
	var asked string
	var under *Lane
	p := &provider{answer: func(_ senders.Attempt, n int) senders.Result {
		if n < 9 {
			return senders.Result{Fate: senders.NotSent, Err: errors.New("127.0.0.1:1 refused the connection")}
		}
		asked = under.State().Outage
		return said(providers.OK)
	}}
	under = lane(t, l, one(), p, "a")
	under.Log = slog.New(slog.NewTextHandler(&log, nil))
	run(t, under, "a")
	if !strings.Contains(asked, "127.0.0.1:1 refused the connection. Its rows wait") {
		t.Errorf("asked in the outage, the lane says %q", asked)
	}
	if n := strings.Count(log.String(), "refused the connection"); n != 1 || !strings.Contains(log.String(), "requests get through again") {
		t.Errorf("told %d times:\n%s", n, log.String())
	}
	if s := under.State(); s.Outage != "" {
		t.Errorf("afterwards: %q", s.Outage)
	}
}

// Items that can never be written say nothing of the way to the provider: they slow no lane down, and do not end a refusal.
func TestItemsThatCannotBeWrittenAreNoTrouble(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	accept(t, l, "a", 10)
	var under *Lane
	p := &provider{answer: func(_ senders.Attempt, n int) senders.Result {
		if n < 9 {
			return senders.Result{Fate: senders.NotSent, Err: &senders.Failure{Message: batch.Message{Text: batch.Text{EN: "a control character"}}, Final: true}}
		}
		if s := under.State(); s.Refused == "" || !s.HeldUntil.IsZero() || under.trouble > 0 {
			t.Errorf("after nine that cannot be written: %+v, %d in a row", s, under.trouble)
		}
		return said(providers.OK)
	}}
	under = lane(t, l, one(), p, "a")
	under.refusal = "the account is refused"
	run(t, under, "a")
	if f := file(t, l, "a"); f.Counts.Invalid != 9 || f.Counts.Delivered != 1 || under.State().Refused != "" {
		t.Errorf("%+v, %+v", f.Counts, under.State())
	}
}

// Whoever waits for a file's end is told when the ledger has it, and need not ask again and again.
func TestTheEndOfAFileIsTold(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	for _, rows := range []int{1, 10, 25} {
		id := fmt.Sprint("file-", rows)
		accept(t, l, id, rows)
		lane, states := lane(t, l, one(), &provider{}, id), make(chan ledger.State, 1)
		lane.Concurrency = 4
		lane.Ended = func() {
			f, _ := l.File(context.Background(), id)
			states <- f.State
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- lane.Run(ctx) }()
		if state := <-states; state != ledger.Settled {
			t.Errorf("%d rows: the file is %s when its end is told", rows, state)
		}
		stop()
		<-ended
	}
}

// An intent that was written ahead of its turn is taken back where the request stays: after a stop nothing is in doubt, no attempt was made
// of it, and what the next process sends has one.
func TestIntentsAreTakenBack(t *testing.T) {
	for name, stop := range map[string]func(l *Lane, end func()){
		"told to stop": func(_ *Lane, end func()) { end() },
		"lane stopped": func(l *Lane, _ func()) { l.Stop("a person") },
		"refused":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			defer l.Close()
			accept(t, l, "f", 30)
			op := one()
			op.Repeatable = false
			p, hold, came := &provider{}, make(chan struct{}), make(chan struct{}, 30)
			p.answer = func(senders.Attempt, int) senders.Result {
				came <- struct{}{}
				if stop == nil {
					return said(providers.Auth)
				}
				p.mu.Unlock()
				<-hold
				p.mu.Lock()
				return said(providers.OK)
			}
			eager := lane(t, l, op, p, "f")
			eager.Concurrency, eager.Ahead = 4, true
			ctx, end := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- eager.Run(ctx) }()
			<-came
			if stop != nil {
				stop(eager, end)
			}
			close(hold)
			until(t, func() bool { return eager.State().InFlight == 0 })
			end()
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			for c, err := range l.Chunks(t.Context(), "f") {
				if err != nil {
					t.Fatal(err)
				}
				for i, s := range c.States {
					if s.Verdict == nil && (s.InFlight || s.Lost || stop != nil && s.Attempts > 0) {
						t.Errorf("%s: %+v", c.Items[i].Body, s)
					}
				}
			}
			next := &provider{}
			sent(t, l, op, next, "f")
			if counts := file(t, l, "f").Counts; counts.Delivered != 30 {
				t.Errorf("%+v", counts)
			}
		})
	}
}

// A refusal of the account that comes again and again for one request, while others of its operation get through, is one of that request: its
// file ended never. Where nothing else gets through it is the account's, and no row is lost to it.
func TestARefusalOfOneRowIsNotTheAccounts(t *testing.T) {
	for name, c := range map[string]struct {
		refused  func(body string, n int) bool
		rejected int
		ends     bool
	}{
		"one amid others": {func(body string, _ int) bool { return body == "f/3" }, 1, true},
		"two":             {func(body string, _ int) bool { return body == "f/3" || body == "f/4" }, 2, true},
		"the last":        {func(body string, _ int) bool { return body == "f/11" }, 1, true},
		"for a while":     {func(body string, n int) bool { return body == "f/3" && n < 5 }, 0, true},
		"all from then":   {func(_ string, n int) bool { return n >= 6 }, 0, false},
		"all for a while": {func(_ string, n int) bool { return n >= 6 && n < 10 }, 0, true},
		"all":             {func(string, int) bool { return true }, 0, false},
	} {
		for _, workers := range []int{1, 4} {
			t.Run(fmt.Sprint(name, workers), func(t *testing.T) {
				l := open(t, t.TempDir())
				defer l.Close()
				accept(t, l, "f", 12)
				ctx, stop := context.WithCancel(t.Context())
				p := &provider{}
				var s *Lane
				p.answer = func(a senders.Attempt, n int) senders.Result {
					if n > 200 {
						stop()
					}
					if c.refused(string(a.Items[0].Body), n) {
						return said(providers.Config)
					}
					return said(providers.OK)
				}
				s = lane(t, l, one(), p, "f")
				s.Concurrency = workers
				ended := make(chan error, 1)
				go func() { ended <- s.Run(ctx) }()
				for file(t, l, "f").State != ledger.Settled && s.Stuck() == "" && ctx.Err() == nil {
					time.Sleep(2 * time.Millisecond)
				}
				stop()
				if err := errors.Join(<-ended, s.Close()); err != nil {
					t.Fatal(err)
				}
				if f := file(t, l, "f"); f.Counts.Rejected != c.rejected || c.ends != (f.State == ledger.Settled) {
					t.Errorf("%s %+v after %d requests", f.State, f.Counts, len(p.came))
				}
			})
		}
	}
}

// freed is a provider whose sender keeps to its limit until it is freed.
type freed struct {
	*provider
	free chan struct{}
}

func (f *freed) Free() { close(f.free) }

// That nothing is left of the provider's limit for long is told, once, as a pause that it asks for is; whoever resumes the account lets the
// sender's requests leave, too. Rows waited for hours without a word.
func TestALimitThatIsSpentIsTold(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	accept(t, l, "f", 6)
	var log bytes.Buffer
	p := &freed{&provider{}, make(chan struct{})}
	p.answer = func(_ senders.Attempt, n int) senders.Result {
		r := said(providers.OK)
		if n == 2 {
			r.Rest = time.Hour
		}
		return r
	}
	lane := lane(t, l, one(), p.provider, "f")
	lane.Sender, lane.Log = p, slog.New(slog.NewTextHandler(&log, nil))
	go func() {
		for lane.State().HeldUntil.IsZero() {
			time.Sleep(time.Millisecond)
		}
		if n := file(t, l, "f").Counts.Delivered; n > 3 {
			t.Errorf("%d rows left", n)
		}
		lane.Stop("")
	}()
	run(t, lane, "f")
	select {
	case <-p.free:
	default:
		t.Error("the sender is not freed")
	}
	if n := strings.Count(log.String(), "asks to wait"); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
}
