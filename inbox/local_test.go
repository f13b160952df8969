//go:build !windows

package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/places/placestest"
)

// here opens an inbox on a folder of this machine, with file events.
func here(t *testing.T, dir string, change func(*inbox.Settings)) *inbox.Inbox {
	t.Helper()
	f, err := local.Open(local.Settings{Dir: dir, Watch: true, Logger: placestest.Quiet})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, f, change)
}

// polled opens one without.
func polled(t *testing.T, dir string, change func(*inbox.Settings)) *inbox.Inbox {
	t.Helper()
	f, err := local.Open(local.Settings{Dir: dir, Logger: placestest.Quiet})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, f, change)
}

func drop(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, p *inbox.Inbox) []inbox.Complete {
	t.Helper()
	var out []inbox.Complete
	for c, err := range p.Look(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// Ten thousand at once, with -short two thousand: a look costs little, and what is not taken at once comes again.
func TestTenThousandFilesAtOnce(t *testing.T) {
	const carried = 100
	files := 10_000
	if testing.Short() {
		files = 2000
	}
	dir := t.TempDir()
	asked := 0
	p := here(t, dir, func(s *inbox.Settings) { s.Whole = func(context.Context, string) error { asked++; return nil } })
	for i := range files {
		drop(t, dir, fmt.Sprintf("f%05d.csv", i), "a,b\n")
	}
	look(t, p)
	time.Sleep(2 * time.Millisecond)
	began, before := time.Now(), cpu(t)
	found := look(t, p)
	cost := cpu(t) - before
	if len(found) != files || cost > 30*time.Second { // a tenth of one, on a machine of today
		t.Fatalf("a look gave %d files of %d for %s of a core", len(found), files, cost)
	}
	for _, c := range found[:carried] {
		id := "id-" + c.Name
		if err := errors.Join(p.Claim(t.Context(), id, c.Arrival), p.Archive(t.Context(), id, c.Name, began)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("a look takes %s", cost)
	if left := look(t, p); len(left) != files-carried || asked != files {
		t.Fatalf("%d files are left of %d, and %d were read", len(left), files-carried, asked)
	}
}

// In a folder full of other people's files, the log names some and counts the rest.
func TestTheLogOfAFullFolderIsShort(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	p := polled(t, dir, func(s *inbox.Settings) {
		s.Match, s.Logger = []string{"orders-*.csv"}, slog.New(slog.NewTextHandler(&log, nil))
	})
	for i := range 100 {
		drop(t, dir, fmt.Sprintf("invoice-%03d.csv", i), "x\n")
	}
	look(t, p)
	look(t, p)
	if n := strings.Count(log.String(), "is left alone: "); n != 20 || !strings.Contains(log.String(), "count=80") {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
}

// An empty inbox costs next to nothing: a look is one listing.
func TestAnEmptyInboxIsCheap(t *testing.T) {
	p := here(t, t.TempDir(), nil)
	look(t, p)
	const looks = 200
	before := cpu(t)
	for range looks {
		look(t, p)
	}
	if each := (cpu(t) - before) / looks; each > 2*time.Second/100 {
		t.Errorf("a look takes %s of a core; every 2 s that is over 1 %%", each)
	}
}

// needsEvents fails a test with the reason where a folder gives no file events to anybody.
func needsEvents(t *testing.T, dir string) {
	t.Helper()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal("set TMPDIR to a folder with file events: there are none on this machine: ", err)
	}
	defer w.Close()
	if err := w.Add(dir); err != nil {
		t.Fatal("set TMPDIR to a folder with file events: there are none in this folder: ", err)
	}
	drop(t, dir, ".probe", "")
	select {
	case <-w.Events:
	case <-time.After(30 * time.Second):
		t.Fatal("set TMPDIR to a folder with file events: there are none in this folder")
	}
	if err := os.Remove(filepath.Join(dir, ".probe")); err != nil {
		t.Fatal(err)
	}
}

// Events only make it sooner: with a pause of an hour, a file that appears is given after the settle time.
func TestAnEventMakesItSooner(t *testing.T) {
	dir := t.TempDir()
	needsEvents(t, dir)
	p := here(t, dir, func(s *inbox.Settings) { s.Every = time.Hour; s.Settle = 300 * time.Millisecond })
	look(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		time.Sleep(50 * time.Millisecond)
		drop(t, dir, ".a.csv.part", "x") // no hint
		if err := os.Rename(filepath.Join(dir, ".a.csv.part"), filepath.Join(dir, "a.csv")); err != nil {
			t.Error(err)
		}
	})
	for len(look(t, p)) == 0 {
		if err := p.Wait(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// What is written in pieces settles from the last of them on: that it was written is heard, and not found out when it should have settled.
func TestWhatIsWrittenIsHeard(t *testing.T) {
	dir := t.TempDir()
	needsEvents(t, dir)
	p := here(t, dir, func(s *inbox.Settings) { s.Every = time.Hour; s.Settle = time.Hour })
	look(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	f, err := os.Create(filepath.Join(dir, "a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 3 { // the first time it appears
		if err := p.Wait(ctx); err != nil {
			t.Fatal("nobody hears of it: ", err)
		}
		look(t, p)
		if _, err := f.WriteString("x\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Wait(ctx); err != nil {
		t.Fatal("nobody hears of it: ", err)
	}
}

// Without any event the pause decides, and settling files are followed up.
func TestPollingAloneFindsEverything(t *testing.T) {
	dir := t.TempDir()
	p := polled(t, dir, func(s *inbox.Settings) { s.Every = 200 * time.Millisecond; s.Settle = 300 * time.Millisecond })
	drop(t, dir, "a.csv", "x")
	for looks := 0; len(look(t, p)) == 0; looks++ {
		if looks > 20 {
			t.Fatal("it is never found")
		}
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The watch follows the name: a folder that is replaced by another is watched again.
func TestAFolderThatIsReplacedIsWatchedAgain(t *testing.T) {
	above := t.TempDir()
	needsEvents(t, above)
	dir := filepath.Join(above, "in")
	p := here(t, dir, func(s *inbox.Settings) { s.Every = time.Hour; s.Settle = 100 * time.Millisecond })
	look(t, p)
	if err := errors.Join(os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	look(t, p)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { time.Sleep(50 * time.Millisecond); drop(t, dir, "a.csv", "x") })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	for len(look(t, p)) == 0 {
		if err := p.Wait(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// A thousand writes to one file are not a thousand looks.
func TestEventsDoNotMakeLooksDense(t *testing.T) {
	dir := t.TempDir()
	p := here(t, dir, func(s *inbox.Settings) { s.Every = time.Hour; s.Settle = 10 * time.Minute })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			drop(t, dir, fmt.Sprintf("f%d.csv", i), "x")
			time.Sleep(time.Millisecond)
		}
	})
	looks := 0
	for p.Wait(ctx) == nil {
		look(t, p)
		looks++
	}
	if looks > 25 {
		t.Fatalf("%d looks in a second", looks)
	}
}

func TestWhatIsLeftAloneIsToldOnce(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	p := polled(t, dir, func(s *inbox.Settings) { s.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "users.csv")); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		look(t, p)
	}
	if got := log.String(); strings.Count(got, "symbolic link") != 1 || !strings.Contains(got, "users.csv") {
		t.Fatalf("the log says: %s", got)
	}
	if err := os.Remove(filepath.Join(dir, "users.csv")); err != nil {
		t.Fatal(err)
	}
	look(t, p)
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "users.csv")); err != nil {
		t.Fatal(err)
	}
	look(t, p)
	if got := log.String(); strings.Count(got, "symbolic link") != 2 {
		t.Fatalf("a new link is not told: %s", got)
	}
}

func TestOurFoldersAreNotFollowedElsewhere(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	p := polled(t, dir, func(s *inbox.Settings) { s.Settle = time.Millisecond })
	drop(t, dir, "a.csv", "x")
	look(t, p)
	time.Sleep(2 * time.Millisecond)
	found := look(t, p)
	if err := os.Symlink(outside, filepath.Join(dir, "processing")); err != nil {
		t.Fatal(err)
	}
	err := p.Claim(t.Context(), "id", found[0].Arrival)
	if trouble := (*places.Trouble)(nil); !errors.As(err, &trouble) || trouble.Message.Key != "inbox.own_folder" {
		t.Fatalf("claim through a link: %v", err)
	}
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Fatalf("something went outside: %v", entries)
	}
}

// The folder's permissions are those of another user, so the test runs itself as one.
func TestAFolderThatCannotBeWrittenIsTold(t *testing.T) {
	if dir := os.Getenv("ROWFERRY_UNWRITABLE"); dir != "" {
		p := polled(t, dir, nil)
		for _, err := range p.Look(t.Context()) {
			fmt.Println("LOOK:", err)
		}
		return
	}
	if os.Getuid() == 0 {
		t.Setenv("TMPDIR", "/tmp") // which anybody may enter
	}
	dir := filepath.Join(t.TempDir(), "in")
	if err := errors.Join(os.Mkdir(dir, 0o555), os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755)); err != nil {
		t.Fatal(err)
	}
	run := func() string {
		self := filepath.Join(filepath.Dir(dir), "self.test")
		program, err := os.ReadFile(os.Args[0])
		if err == nil {
			err = os.WriteFile(self, program, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(self)
		cmd := exec.Command(self, "-test.run=^TestAFolderThatCannotBeWrittenIsTold$", "-test.v")
		cmd.Dir = "/"
		cmd.Env = append(os.Environ(), "ROWFERRY_UNWRITABLE="+dir)
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if out := run(); !strings.Contains(out, "LOOK: The inbox folder "+dir+" cannot be written to") {
		t.Fatalf("look said: %s", out)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if out := run(); strings.Contains(out, "LOOK:") {
		t.Fatalf("look still says: %s", out)
	}
}

func TestSubfoldersKeepTheInboxsPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in")
	if err := errors.Join(os.Mkdir(dir, 0o755), os.Chmod(dir, 0o775|fs.ModeSetgid)); err != nil {
		t.Fatal(err)
	}
	p := polled(t, dir, nil)
	drop(t, dir, "a.csv", "x")
	drop(t, dir, "b.csv", "y")
	look(t, p)
	time.Sleep(2 * time.Millisecond)
	for _, c := range look(t, p) {
		if err := p.Claim(t.Context(), "x-"+c.Name, c.Arrival); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Archive(t.Context(), "x-a.csv", "a.csv", taken); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"processing/x-b.csv": 0o755, "archive/2026/11/22": 0o775} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode(); got.Perm() != want || got&fs.ModeSetgid == 0 {
			t.Errorf("%s has %s, want %s and the group's mark", name, got, want)
		}
	}
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
