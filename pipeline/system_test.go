//go:build unix

package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
)

// raced is whether the race detector slows everything down.
var raced bool

func TestMain(m *testing.M) {
	debug.SetGCPercent(300) // as the program does
	code := m.Run()
	if code == 0 && !atRest(time.Minute) {
		code = 1
	}
	os.Exit(code)
}

// atRest reports whether no goroutine is left; a busy machine gets its time to end them.
func atRest(patience time.Duration) bool {
	for end := time.Now().Add(patience); ; {
		err := goleak.Find()
		if err == nil {
			return true
		}
		if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, err)
			return false
		}
	}
}

// notices is a provider of single rows (les) over real HTTP that keeps when each request came and whose it was.
type notices struct {
	mu     sync.Mutex
	did    map[string]int
	order  []string
	times  []time.Time
	way    time.Duration        // at random up to so much on the way here and back
	answer func(id string) bool // false: 503; nil: all well
	random *rand.Rand
}

func newNotices(t *testing.T) (*notices, string) {
	t.Helper()
	n := &notices{did: map[string]int{}, random: rand.New(rand.NewPCG(1, 2))}
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	return n, server.URL
}

func (n *notices) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var d struct{ LesBookingID string }
	if json.NewDecoder(r.Body).Decode(&d) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	n.travel()
	n.mu.Lock()
	n.times = append(n.times, time.Now())
	well := n.answer == nil || n.answer(d.LesBookingID)
	if well {
		n.did[d.LesBookingID]++
		n.order = append(n.order, d.LesBookingID)
	}
	n.mu.Unlock()
	n.travel()
	if !well {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, `{"code": 1, "message": "sucess"}`)
}

func (n *notices) travel() {
	if n.way == 0 {
		return
	}
	n.mu.Lock()
	d := time.Duration(n.random.Int64N(int64(n.way)))
	n.mu.Unlock()
	time.Sleep(d)
}

// worstSecond is the most requests that came within any second.
func (n *notices) worstSecond() (worst int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	slices.SortFunc(n.times, time.Time.Compare)
	for i, j := 0, 0; j < len(n.times); j++ {
		for n.times[j].Sub(n.times[i]) >= time.Second {
			i++
		}
		worst = max(worst, j-i+1)
	}
	return worst
}

// start runs the service over a configuration in dir. The returned function stops it and waits.
func start(t *testing.T, dir, config string) (stop func()) {
	t.Helper()
	_, stop = serve(t, dir, config)
	return stop
}

// serve is start that also gives the engine.
func serve(t *testing.T, dir, config string) (e *pipeline.Engine, stop func()) {
	t.Helper()
	return serveTo(t, dir, config, testLog{t})
}

// serveTo is serve with the log to w.
func serveTo(t *testing.T, dir, config string, w io.Writer) (e *pipeline.Engine, stop func()) {
	t.Helper()
	path := filepath.Join(dir, "rowferry.yaml")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err := pipeline.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range cfg.Routes {
		if err := os.MkdirAll(r.Inbox.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l, err := drivers.Open(t.Context(), drivers.SQLite(cfg.Data))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
	e, err = pipeline.Build(t.Context(), cfg, l, pipeline.Options{Inboxes: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return e, attend(t, e, l)
}

// attend runs an engine. The returned function stops it and waits.
func attend(t *testing.T, e *pipeline.Engine, l ledger.Owner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// drop puts a file of notices into an inbox at once, as a careful sender does.
func drop(t *testing.T, dir, name string, ids ...string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("accountNumber,lesBookingId,failReason\n")
	for _, id := range ids {
		fmt.Fprintf(&b, "3000372,%s,late\n", id)
	}
	part := filepath.Join(dir, name+".part")
	if err := os.WriteFile(part, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(part, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func ids(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return out
}

// reported waits until so many results are out. It counts files, because asking the ledger would cost it more than the work.
func reported(t *testing.T, dir string, n int, patience time.Duration) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(500 * time.Millisecond) {
		entries, _ := os.ReadDir(filepath.Join(dir, "out")) // made with the first result
		out := 0
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".result.csv") {
				out++
			}
		}
		if out >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %v there are %d of %d results", patience, out, n)
		}
	}
}

// Ten thousand small files dropped at once: each is taken once, its row is sent once, and it gets one result.
func TestTenThousandFilesAtOnce(t *testing.T) {
	files := 10_000
	if testing.Short() || raced {
		files = 120
	}
	provider, url := newNotices(t)
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.Mkdir(in, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range files {
		drop(t, in, fmt.Sprintf("f%05d.csv", i), fmt.Sprintf("B%d", i))
	}
	began, before := time.Now(), processorTime(t)
	stop := start(t, dir, fmt.Sprintf(`
accounts:
  les: {provider: les, server: %q, rate: none, concurrency: 8}
routes:
  r: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 500ms, every: 500ms}, outbox: {dir: out, formats: [csv]}}
`, url))
	defer stop()
	reported(t, dir, files, 20*time.Minute)
	took, work := time.Since(began), processorTime(t)-before
	each := work / time.Duration(files)
	t.Logf("%d files in %.1f s, %.0f a second; %v of processor time each, provider and all", files, took.Seconds(), float64(files)/took.Seconds(), each.Round(100*time.Microsecond))
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) { // a result may be out before its original is at rest
		rested, _ := filepath.Glob(filepath.Join(in, "archive", "*", "*", "*", "*.csv"))
		if len(rested) == files {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d files are in the archive", len(rested), files)
		}
	}
	stop()
	for i := range files {
		if n := provider.did[fmt.Sprintf("B%d", i)]; n != 1 {
			t.Errorf("B%d was sent %d times", i, n)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(in, "*.csv")); len(left) > 0 {
		t.Errorf("%d files are left in the inbox", len(left))
	}
	if results, _ := filepath.Glob(filepath.Join(dir, "out", "*.result.csv")); len(results) != files {
		t.Errorf("%d of %d results", len(results), files)
	}
	if left, _ := os.ReadDir(filepath.Join(in, "processing")); len(left) > 0 {
		t.Errorf("%d entries are left in processing", len(left))
	}
}

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Two routes share an account: the provider never sees more than the limit in any sliding second, with 0 to 40 ms on the
// way, with 503 answers that are tried again, and right after idling. That 95 % of it are used is held by simulation in
// senders/pace: here a busy machine may be too slow for that.
func TestRoutesOfOneAccountShareItsPace(t *testing.T) {
	const limit, rows = 50, 175
	provider, url := newNotices(t)
	provider.way = 40 * time.Millisecond
	seen := map[string]int{}
	provider.answer = func(id string) bool { // every tenth row is answered 503 at first
		seen[id]++
		return seen[id] > 1 || !strings.HasSuffix(id, "7")
	}
	dir := t.TempDir()
	stop := start(t, dir, fmt.Sprintf(`
accounts:
  les: {provider: les, server: %q, rate: %d/s, concurrency: 16, retry: {first: 20ms, most: 200ms}}
routes:
  one: {account: les, operation: shipmentFailed, inbox: {dir: one, settle: 20ms, every: 50ms}, outbox: {dir: out, formats: [csv]}}
  two: {account: les, operation: shipmentFailed, inbox: {dir: two, settle: 20ms, every: 50ms}, outbox: {dir: out, formats: [csv]}}
`, url, limit))
	defer stop()
	drop(t, filepath.Join(dir, "one"), "a.csv", ids("A", rows)...)
	drop(t, filepath.Join(dir, "two"), "b.csv", ids("B", rows)...)
	reported(t, dir, 2, 5*time.Minute)
	provider.mu.Lock()
	first := len(provider.times)
	provider.mu.Unlock()
	time.Sleep(1500 * time.Millisecond) // idle
	drop(t, filepath.Join(dir, "one"), "c.csv", ids("C", 60)...)
	drop(t, filepath.Join(dir, "two"), "d.csv", ids("D", 60)...)
	reported(t, dir, 4, 5*time.Minute)
	stop()
	span := provider.times[first-1].Sub(provider.times[0])
	worst := provider.worstSecond()
	t.Logf("%d requests; worst second %d of %d; the first %d at %.1f a second", len(provider.times), worst, limit, first, float64(first)/span.Seconds())
	if worst > limit {
		t.Errorf("%d requests within one second, the limit is %d", worst, limit)
	}
	for id, n := range provider.did {
		if n != 1 {
			t.Errorf("%s was executed %d times", id, n)
		}
	}
	if len(provider.did) != 2*rows+120 {
		t.Errorf("%d rows were executed", len(provider.did))
	}
}

// A small file that comes after a big one of the same account does not wait for it: request by request they take turns.
// One request at a time, so that what the provider saw is the order in which they left; the provider holds the big file
// until the small one has been taken, so that no machine is too slow to see them side by side.
func TestSmallFileBesideABigOne(t *testing.T) {
	provider, url := newNotices(t)
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	defer open()
	provider.answer = func(id string) bool { // called with provider.mu held: all wait
		if id == "BIG20" {
			<-gate
		}
		return true
	}
	dir := t.TempDir()
	stop := start(t, dir, fmt.Sprintf(`
accounts:
  les: {provider: les, server: %q, rate: 100/s, concurrency: 1, timeout: 10m}
routes:
  r: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 20ms, every: 50ms}, outbox: {dir: out, formats: [csv]}}
`, url))
	defer stop()
	defer open()
	in := filepath.Join(dir, "in")
	drop(t, in, "big.csv", ids("BIG", 600)...)
	archived(t, in, "big.csv")
	drop(t, in, "small.csv", ids("SMALL", 10)...)
	archived(t, in, "small.csv")
	open()
	reported(t, dir, 1, 5*time.Minute)
	if found, _ := filepath.Glob(filepath.Join(dir, "out", "small.*.result.csv")); len(found) != 1 {
		t.Error("the first result is not the small file's")
	}
	reported(t, dir, 2, 5*time.Minute)
	stop()
	between := 0 // rows of the big file between the first and the last of the small one
	a, b := slices.Index(provider.order, "SMALL0"), slices.Index(provider.order, "SMALL9")
	for _, id := range provider.order[a:b] {
		if strings.HasPrefix(id, "BIG") {
			between++
		}
	}
	if between != 9 {
		t.Errorf("%d rows of the big file went between 10 of the small one; they should take turns", between)
	}
}

// archived waits until a file has been taken.
func archived(t *testing.T, in, name string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(in, "archive", "*", "*", "*", name)); len(found) == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s was not taken", name)
		}
	}
}

func (n *notices) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.order)
}

// A service that is told to stop before it has begun ends in peace.
func TestStoppedAtOnce(t *testing.T) {
	_, url := newNotices(t)
	for range 20 {
		start(t, t.TempDir(), fmt.Sprintf(`
accounts:
  les: {provider: les, server: %q}
routes:
  r: {account: les, operation: shipmentFailed, inbox: {dir: in}, outbox: {dir: out}}
`, url))()
	}
}
