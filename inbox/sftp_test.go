//go:build linux

package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/inbox/inboxtest"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/placestest"
	"github.com/rowferry/rowferry/places/sftp"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

func TestConformanceSFTP(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	inboxtest.Run(t, placestest.Remote(placestest.Dial(t, server.Config())))
}

// worker does what the pipeline does, with its ledger in memory: an intent, claim, fetch, archive; what fails is tried again under
// the same id.
type worker struct {
	name   string
	place  inbox.Place
	open   []*job
	done   map[string]string // id → content
	gone   int
	failed []error
	n      int
}

type job struct {
	id string
	inbox.Arrival
	fetched bool
	content string
}

// round goes on with what is open, looks, and takes what is complete.
func (w *worker) round(ctx context.Context) {
	for _, j := range slices.Clone(w.open) {
		w.carry(ctx, j)
	}
	for c, err := range w.place.Look(ctx) {
		if err != nil {
			w.failed = append(w.failed, err)
			return
		}
		w.n++
		j := &job{id: fmt.Sprintf("%s-%d", w.name, w.n), Arrival: c.Arrival}
		w.open = append(w.open, j)
		w.carry(ctx, j)
	}
}

func (w *worker) carry(ctx context.Context, j *job) {
	err := w.take(ctx, j)
	if err != nil && !errors.Is(err, inbox.ErrGone) {
		w.failed = append(w.failed, err)
		return
	}
	w.open = slices.DeleteFunc(w.open, func(o *job) bool { return o == j })
	if err != nil {
		w.gone++
		return
	}
	w.done[j.id] = j.content
}

func (w *worker) take(ctx context.Context, j *job) error {
	if !j.fetched {
		if err := w.place.Claim(ctx, j.id, j.Arrival); err != nil {
			return err
		}
		var out bytes.Buffer
		if _, err := w.place.Fetch(ctx, j.id, j.Name, &out); err != nil {
			return err
		}
		j.content, j.fetched = out.String(), true
	}
	return w.place.Archive(ctx, j.id, j.Name, taken)
}

// bed is a server behind a proxy, and a folder on it.
type bed struct {
	*testing.T
	server *sshdtest.Server
	proxy  *sshdtest.Proxy
	dir    string
}

func newBed(t *testing.T, o sshdtest.Options) *bed {
	server := sshdtest.Start(t, o)
	return &bed{T: t, server: server, proxy: sshdtest.NewProxy(t, server.Address()), dir: t.TempDir()}
}

// client is a partner's connection through the proxy.
func (b *bed) client() *sftp.Client {
	config := b.server.Config()
	config.Port, config.Timeout = b.proxy.Port, time.Minute
	return placestest.Dial(b.T, config)
}

func (b *bed) place(change func(*inbox.Settings)) inbox.Place {
	b.Helper()
	return open(b.T, b.client().Folder(b.dir), change)
}

func (b *bed) worker(name string, change func(*inbox.Settings)) *worker {
	return &worker{name: name, place: b.place(change), done: map[string]string{}}
}

func (b *bed) drop(name, content string) {
	b.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path+".part", []byte(content), 0o644); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		b.Fatal(err)
	}
}

// change gives a file of the server another first byte; its size and time stay.
func (b *bed) change(name string, first byte) {
	b.Helper()
	f, err := os.OpenFile(filepath.Join(b.dir, name), os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	_, err = f.WriteAt([]byte{first}, 0)
	if err := errors.Join(err, f.Close(), os.Chtimes(f.Name(), info.ModTime(), info.ModTime())); err != nil {
		b.Fatal(err)
	}
}

// archived lists what lies in the archive; anything elsewhere is an error.
func (b *bed) archived() map[string]string {
	b.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(b.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(b.dir, path)
		if filepath.Dir(rel) != filepath.Join("archive", "2026", "11", "22") {
			b.Errorf("left behind: %s", rel)
			return nil
		}
		content, err := os.ReadFile(path)
		out[filepath.Base(rel)] = string(content)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// onceEach checks that every file was processed once, whole, by one of the workers, and lies in the archive.
func (b *bed) onceEach(want map[string]string, workers ...*worker) {
	b.Helper()
	got := map[string]int{}
	for _, w := range workers {
		for _, content := range w.done {
			got[content]++
		}
		for _, j := range w.open {
			b.Errorf("%s: %s (%s) is still open; last errors: %v", w.name, j.Name, j.id, w.failed[max(0, len(w.failed)-3):])
		}
	}
	for name, content := range want {
		if got[content] != 1 {
			b.Errorf("%s was processed %d times", name, got[content])
		}
	}
	if len(got) != len(want) {
		b.Errorf("%d contents were processed, want %d: something was read half", len(got), len(want))
	}
	archived := b.archived()
	for name, content := range want {
		if archived[name] != content {
			b.Errorf("%s: the archive has %d bytes, want %d", name, len(archived[name]), len(content))
		}
	}
	if len(archived) != len(want) {
		b.Errorf("the archive has %d files, want %d", len(archived), len(want))
	}
}

func (b *bed) fill(files, size int) map[string]string {
	b.Helper()
	want := map[string]string{}
	for i := range files {
		name := fmt.Sprintf("Заказ %d 订单.csv", i)
		want[name] = strings.Repeat(fmt.Sprintf("%d;строка\r\n", i), size/12) + "end"
		b.drop(name, want[name])
	}
	return want
}

// The line is cut at random points of everything, again and again.
func TestCutAnywhere(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		b.dir = t.TempDir()
		want := b.fill(4, 200_000)
		w := b.worker(fmt.Sprint("w", seed), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		for rounds := 0; len(w.done) < len(want) && ctx.Err() == nil; rounds++ {
			if rounds < 12 {
				b.proxy.CutNext(random.Int64N(250_000))
				b.proxy.CutAfter(5_000 + random.Int64N(400_000))
			} else {
				b.proxy.CutAfter(0)
			}
			w.round(ctx)
			time.Sleep(2 * time.Millisecond)
		}
		cancel()
		b.proxy.CutAfter(0)
		b.onceEach(want, w)
		if t.Failed() {
			t.Fatalf("seed %d; %d errors, the last: %v", seed, len(w.failed), w.failed[max(0, len(w.failed)-3):])
		}
	}
	// Four files of 200 KB do not pass over a line that lives for 405,000 bytes at most.
	if b.proxy.Opened() < 2*5 {
		t.Errorf("only %d connections: the line was hardly ever cut", b.proxy.Opened())
	}
}

// A claim is cut after each part of its exchange with the server, so that each reply is lost once.
func TestEveryReplyOfAClaimIsLostOnce(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	client := b.client()
	cuts := 0
	for at := int64(0); ; at += 200 {
		b.dir = t.TempDir()
		b.drop("a.csv", "content")
		b.drop("a.csv.done", "")
		p := open(t, client.Folder(b.dir), func(s *inbox.Settings) { s.Done = "{name}.done" })
		a := settle(t, p)
		before, opened := b.proxy.Bytes(), b.proxy.Opened()
		b.proxy.CutNext(at)
		err := p.Claim(t.Context(), "id", a)
		if err == nil {
			err = p.Archive(t.Context(), "id", "a.csv", taken)
		}
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", at, err)
		}
		if got := b.archived(); got["a.csv"] != "content" || len(got) != 1 {
			t.Fatalf("cut after %d bytes: the archive holds %q", at, got)
		}
		if b.proxy.Opened() == opened {
			t.Logf("%d cuts over an exchange of %d bytes", cuts, b.proxy.Bytes()-before)
			break
		}
		cuts++
	}
	if cuts < 10 {
		t.Errorf("only %d cuts", cuts)
	}
}

// The last request of a killed process, to move the file, is carried out while the next process claims the file again: at
// every moment of that claim.
func TestAClaimThatIsCarriedOutLate(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	client := b.client()
	hung := 0
	for at := int64(1); ; at += 60 {
		b.dir = t.TempDir()
		b.drop("a.csv", "content")
		info, err := os.Stat(filepath.Join(b.dir, "a.csv"))
		if err != nil {
			t.Fatal(err)
		}
		p := open(t, client.Folder(b.dir), func(s *inbox.Settings) { s.Settle = time.Hour })
		for range p.Look(t.Context()) { // connects
		}
		held := filepath.Join(b.dir, "processing", "id")
		if err := os.MkdirAll(held, 0o755); err != nil {
			t.Fatal(err)
		}
		b.proxy.HangAfter(at)
		done := make(chan error, 1)
		go func() {
			done <- p.Claim(t.Context(), "id", inbox.Arrival{Name: "a.csv", Size: info.Size(), ModTime: info.ModTime().Truncate(time.Second)})
		}()
		for !b.proxy.Hangs() && len(done) == 0 {
			time.Sleep(time.Millisecond)
		}
		late := b.proxy.Hangs()
		if late {
			hung++
			_ = os.Rename(filepath.Join(b.dir, "a.csv"), filepath.Join(held, "a.csv")) // or the claim was quicker
		}
		b.proxy.Hang(false)
		if err := <-done; err != nil {
			t.Fatalf("carried out after %d bytes: %v", at, err)
		}
		if content, err := os.ReadFile(filepath.Join(held, "a.csv")); err != nil || string(content) != "content" {
			t.Fatalf("carried out after %d bytes: %q %v", at, content, err)
		}
		if !late {
			break
		}
	}
	if hung < 10 {
		t.Errorf("only %d moments", hung)
	}
}

// The server is killed and started again while two processes with two ledgers work on one folder that is being filled.
func TestTwoProcessesAndAServerThatIsKilled(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	workers := []*worker{b.worker("A", nil), b.worker("B", nil)}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var filling, working sync.WaitGroup
	var filled atomic.Bool
	want := map[string]string{}
	filling.Go(func() {
		for n := range 40 {
			name := fmt.Sprintf("f%02d.csv", n)
			want[name] = strings.Repeat(fmt.Sprintf("%d;row\r\n", n), 4000)
			b.drop(name, want[name])
			time.Sleep(50 * time.Millisecond)
		}
	})
	filling.Go(func() {
		for range 6 {
			time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
			b.server.Restart()
		}
	})
	for _, w := range workers {
		working.Go(func() {
			for idle := 0; idle < 3 && ctx.Err() == nil; {
				over := filled.Load()
				before := len(w.failed) + len(w.done) + w.gone
				w.round(ctx)
				idle++
				if !over || len(w.open) > 0 || len(w.failed)+len(w.done)+w.gone != before {
					idle = 0
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	filling.Wait()
	filled.Store(true)
	working.Wait()
	b.onceEach(want, workers...)
	t.Logf("A took %d, B took %d; %d and %d errors on the way, %d connections", len(workers[0].done), len(workers[1].done),
		len(workers[0].failed), len(workers[1].failed), b.proxy.Opened())
}

// A download goes on where it stopped: after a cut, and in a new process.
func TestDownloadsAreResumed(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	const size = 12 << 20
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	b.drop("big.csv", string(content))
	spool := t.TempDir()
	w := b.worker("w", func(s *inbox.Settings) { s.Downloads = spool })
	for range w.place.Look(t.Context()) {
	}
	time.Sleep(2 * time.Millisecond)
	var a inbox.Arrival
	for c, err := range w.place.Look(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		a = c.Arrival
	}
	if err := w.place.Claim(t.Context(), "id", a); err != nil {
		t.Fatal(err)
	}
	// The first process comes as far as the line lets it, and is then told to stop.
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	b.proxy.HangAfter(size / 3)
	wg.Go(func() {
		for !b.proxy.Hangs() && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	})
	if _, err := w.place.Fetch(ctx, "id", "big.csv", &bytes.Buffer{}); err == nil {
		t.Fatal("the first process was meant to be stopped")
	}
	wg.Wait()
	b.proxy.Hang(false)
	// What has come is not asked for again: nobody sees that the server's file has another beginning now.
	b.change(filepath.Join("processing", "id", "big.csv"), ^content[0])
	// The second has a line that is cut every 2 MB: starting over at each cut it would never arrive.
	b.proxy.CutAfter(2 << 20)
	b.proxy.Cut()
	second := b.worker("w", func(s *inbox.Settings) { s.Downloads = spool })
	var got bytes.Buffer
	fetched, err := second.place.Fetch(t.Context(), "id", "big.csv", &got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), content) || fetched.Size != size {
		t.Fatal("another content arrived")
	}
	left, err := filepath.Glob(filepath.Join(spool, "*", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in the spool: %v %v", left, err)
	}
}

// A server that permits no rename, or no change at all: files stay and are taken once, also after a restart.
func TestServersThatPermitLittle(t *testing.T) {
	for name, o := range map[string]struct {
		subsystem, after string
		deleted          bool
	}{
		"no rename":            {"internal-sftp -P rename,posix-rename", "archive", false},
		"no folder":            {"internal-sftp -P mkdir", "archive", false},
		"read only":            {"internal-sftp -R", "archive", false},
		"no rename but delete": {"internal-sftp -P rename,posix-rename", "delete", true},
		"read only, delete":    {"internal-sftp -R", "delete", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, sshdtest.Options{Subsystem: o.subsystem})
			memory := &inbox.Forgetful{}
			settings := func(s *inbox.Settings) { s.After, s.Remembering = o.after, memory }
			for n, content := range []string{"one", "two", "three"} {
				b.drop(fmt.Sprintf("f%d.csv", n), content)
			}
			seen := map[string]int{}
			for run := range 2 {
				w := b.worker(fmt.Sprint("run", run), settings)
				for range 4 {
					w.round(t.Context())
					time.Sleep(2 * time.Millisecond)
				}
				if len(w.failed) > 0 || len(w.open) > 0 {
					t.Fatalf("errors: %v", w.failed)
				}
				for _, content := range w.done {
					seen[content]++
				}
			}
			for _, content := range []string{"one", "two", "three"} {
				if seen[content] != 1 {
					t.Errorf("%s was taken %d times", content, seen[content])
				}
			}
			entries, err := os.ReadDir(b.dir)
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			for _, e := range entries {
				if !e.IsDir() {
					files = append(files, e.Name())
				}
			}
			if o.deleted != (len(files) == 0) {
				t.Errorf("left: %v", files)
			}
			w := b.worker("last", settings)
			b.drop("bad.csv", "bad")
			for range 3 {
				for c, err := range w.place.Look(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if err := errors.Join(w.place.Claim(t.Context(), "bad", c.Arrival), w.place.Quarantine(t.Context(), "bad", c.Name, "reason")); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(2 * time.Millisecond)
			}
			if _, err := os.Stat(filepath.Join(b.dir, "bad.csv")); err != nil {
				t.Errorf("a bad file that cannot be moved: %v", err)
			}
		})
	}
}

// A partner who uploads slowly, with pauses longer than the settle time: the structure check keeps the file until it is whole.
func TestAPartnerWhoUploadsSlowly(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	w := b.worker("w", func(s *inbox.Settings) {
		s.Whole = func(_ context.Context, path string) error {
			content, err := os.ReadFile(path)
			if err != nil || filepath.Base(path) != "slow.xml" {
				return errors.Join(err, fmt.Errorf("asked for %s", path))
			}
			if !strings.HasSuffix(string(content), "</end>") {
				return &batch.Unreadable{Incomplete: true, Message: batch.Message{Text: batch.Text{EN: "open"}}}
			}
			return nil
		}
	})
	path := filepath.Join(b.dir, "slow.xml")
	want := ""
	for n := range 6 {
		want += fmt.Sprintf("<row>%d</row>", n)
		if n == 5 {
			want += "</end>"
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			w.round(t.Context())
			time.Sleep(5 * time.Millisecond)
		}
		if n < 5 && len(w.done) > 0 {
			t.Fatalf("taken after %d of 6 parts", n+1)
		}
	}
	b.onceEach(map[string]string{"slow.xml": want}, w)
}

// A file that grows while it is read goes back and is taken whole later.
func TestAFileThatGrowsWhileItIsRead(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	w := b.worker("w", nil)
	first := strings.Repeat("0123456789abcde\n", 1<<19)
	b.drop("a.csv", first)
	sender, err := os.OpenFile(filepath.Join(b.dir, "a.csv"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	for range w.place.Look(t.Context()) {
	}
	time.Sleep(2 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	grown := 0
	b.proxy.HangAfter(1 << 20)
	wg.Go(func() {
		for !b.proxy.Hangs() && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		for ctx.Err() == nil {
			if _, err := sender.WriteString("late\n"); err != nil {
				t.Error(err)
				return
			}
			grown++
			b.proxy.Hang(false)
			time.Sleep(time.Millisecond)
		}
	})
	w.round(t.Context())
	cancel()
	wg.Wait()
	if grown == 0 || len(w.done) > 0 || w.gone != 1 {
		t.Fatalf("%d writes, %d taken, %d given back (%v)", grown, len(w.done), w.gone, w.failed)
	}
	for range 3 {
		w.round(t.Context())
		time.Sleep(2 * time.Millisecond)
	}
	b.onceEach(map[string]string{"a.csv": first + strings.Repeat("late\n", grown)}, w)
}

// Ten thousand files, with -short two thousand, are one listing, not ten thousand questions.
func TestTenThousandFilesAreListedOnce(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	files := 10_000
	if testing.Short() {
		files = 2000
	}
	for i := range files {
		if err := os.WriteFile(filepath.Join(b.dir, fmt.Sprintf("f%05d.csv", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := b.place(nil)
	for range p.Look(t.Context()) {
	}
	time.Sleep(2 * time.Millisecond)
	before, found := b.proxy.Bytes(), 0
	for _, err := range p.Look(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found++
	}
	passed := b.proxy.Bytes() - before
	t.Logf("%d files, %d bytes each", found, passed/int64(files))
	if found != files || passed > int64(files)*250 {
		t.Errorf("%d files, %d bytes", found, passed)
	}
}

// What is wrong is told in words, and passes by itself.
func TestTroubleIsToldAndPasses(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	b.dir = filepath.Join(b.dir, "later")
	p := open(t, placestest.Dial(t, b.server.Config()).Folder(b.dir), nil)
	expect := func(key string) {
		t.Helper()
		for _, err := range p.Look(t.Context()) {
			var trouble *places.Trouble
			if !errors.As(err, &trouble) || trouble.Message.Key != key {
				t.Fatalf("got %v, want %s", err, key)
			}
			return
		}
		t.Fatalf("no trouble, want %s", key)
	}
	expect("sftp.missing")
	if err := os.WriteFile(b.dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	expect("sftp.missing") // servers say so of a file, too
	b.server.Kill()
	expect("sftp.connect")
	b.server.Restart()
	if err := errors.Join(os.Remove(b.dir), os.Mkdir(b.dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, err := range p.Look(t.Context()) {
		t.Fatal(err)
	}
	if os.Getuid() != 0 { // to root nothing is forbidden
		if err := os.Chmod(b.dir, 0); err != nil {
			t.Fatal(err)
		}
		expect("sftp.unlisted")
	}
}
