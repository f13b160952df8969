package inbox_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/words"
)

// nobody is another user of this machine.
const nobody = 65534

// A neighbour is another user's process that exchanges two names of a folder for each other, over and over, from one line of its input to the next.
type neighbour struct {
	orders io.WriteCloser
	said   *bufio.Reader
}

// beNeighbour is the neighbour's program.
func beNeighbour() {
	orders := bufio.NewScanner(os.Stdin)
	var done chan bool
	var stopped chan int
	for orders.Scan() {
		if done != nil {
			close(done)
			fmt.Println(<-stopped)
			done = nil
			continue
		}
		a, b, _ := strings.Cut(orders.Text(), "\t")
		done, stopped = make(chan bool), make(chan int)
		go func() {
			n := 0
			for ; ; n++ {
				select {
				case <-done:
					if n%2 == 1 && exchange(a, b) == nil { // everything is as it was
						n++
					}
					stopped <- n
					return
				default:
					if err := exchange(a, b); err != nil {
						fmt.Fprintln(os.Stderr, err)
						n--
						time.Sleep(time.Millisecond)
					}
				}
			}
		}()
	}
}

func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// start makes the two names change places; stop ends that, with both as they were.
func (n neighbour) start(t *testing.T, a, b string) {
	t.Helper()
	if _, err := fmt.Fprintf(n.orders, "%s\t%s\n", a, b); err != nil {
		t.Fatal(err)
	}
}

func (n neighbour) stop(t *testing.T) (exchanges int) {
	t.Helper()
	if _, err := fmt.Fprintln(n.orders, "stop"); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscanln(n.said, &exchanges); err != nil {
		t.Fatal(err)
	}
	return exchanges
}

// newNeighbour starts a copy of this program as another user, who can reach dir.
func newNeighbour(t *testing.T) neighbour {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(entered(t), "neighbour.test")
	if err := os.WriteFile(self, program, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestANeighbourExchangesProcessing$")
	cmd.Dir, cmd.Stderr = "/", os.Stderr
	cmd.Env = append(os.Environ(), "ROWFERRY_NEIGHBOUR=1")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	orders, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = orders.Close()
		_ = cmd.Wait()
	})
	return neighbour{orders, bufio.NewReader(said)}
}

// entered is a folder that any user of this machine may enter.
func entered(t *testing.T) string {
	t.Helper()
	if os.Getuid() == 0 {
		t.Setenv("TMPDIR", "/tmp")
	}
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

const hidden = "what only we may read,1\n"

// A neighbour who may write the inbox puts, again and again and at any moment, a folder of his in the place of processing, in which the file's own
// folder is a link: to a folder that only we may read, and to one that we may write. Nothing in these is read, moved or written, and every
// file comes to rest as it was dropped, once.
func TestANeighbourExchangesProcessing(t *testing.T) {
	if os.Getenv("ROWFERRY_NEIGHBOUR") != "" {
		beNeighbour()
		return
	}
	n := newNeighbour(t)
	for what, mode := range map[string]fs.FileMode{"a folder that only we may read": 0o500, "a folder that we may write": 0o700} {
		t.Run(what, func(t *testing.T) {
			dir, target := shared(t, mode)
			p := polled(t, dir, func(s *inbox.Settings) { s.Settle = time.Millisecond })
			tricked, exchanges := 0, 0
			for round := range 200 {
				id := fmt.Sprintf("20261122-101502-%04x", round)
				c := dropped(t, p, dir, round)
				lay(t, dir, id, target)
				n.start(t, filepath.Join(dir, "processing"), filepath.Join(dir, "theirs"))
				tricked += carry(t, p, id, c, false)
				exchanges += n.stop(t)
				carry(t, p, id, c, true)
				if err := os.RemoveAll(filepath.Join(dir, "theirs")); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%d exchanges, %d steps were refused", exchanges, tricked)
			if exchanges < 200 || tricked == 0 {
				t.Error("the neighbour was too slow to be tried")
			}
			untouched(t, dir, target)
		})
	}
}

// A neighbour exchanges the file itself for a link, while it is looked at, claimed and copied.
func TestANeighbourExchangesTheFile(t *testing.T) {
	n := newNeighbour(t)
	dir, target := shared(t, 0o700)
	var read atomic.Int32
	p := polled(t, dir, func(s *inbox.Settings) {
		s.Settle = time.Millisecond
		s.Whole = func(_ context.Context, path string) error {
			f, err := local.OpenFile(path)
			if err != nil {
				return err
			}
			defer f.Close()
			if content, _ := io.ReadAll(f); string(content) == hidden {
				read.Add(1)
			}
			return &batch.Unreadable{Message: words.Message("csv.cut"), Incomplete: true} // so it is read again at every look
		}
	})
	name := filepath.Join(dir, "a.csv")
	drop(t, dir, "a.csv", "a\n")
	theirs := filepath.Join(dir, "theirs")
	if err := errors.Join(os.Symlink(filepath.Join(target, "a.csv"), theirs), os.Lchown(theirs, nobody, nobody), os.Chown(name, nobody, nobody)); err != nil && os.Getuid() == 0 {
		t.Fatal(err)
	}
	n.start(t, name, theirs)
	for round := range 200 {
		for c := range p.Look(t.Context()) {
			id := fmt.Sprintf("20261122-101502-%04x", round)
			carry(t, p, id, c, false)
		}
		var got bytes.Buffer
		if _, err := p.Fetch(t.Context(), "20261122-101502-0000", "a.csv", &got); err == nil || got.String() == hidden {
			t.Fatalf("fetched %q, %v", got.String(), err)
		}
	}
	n.stop(t)
	if read.Load() > 0 {
		t.Errorf("what only we may read was read %d times", read.Load())
	}
	untouched(t, dir, target)
}

// Where processing, archive or quarantine is somebody else's, nothing is taken into it, and a sentence says so in the person's language.
func TestFoldersThatAreNotOurs(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("run the tests as root: nobody else can make a folder somebody else's")
	}
	for folder, step := range map[string]func(p *inbox.Inbox, c inbox.Complete) error{
		"processing": func(p *inbox.Inbox, c inbox.Complete) error { return p.Claim(t.Context(), "id", c.Arrival) },
		"archive": func(p *inbox.Inbox, c inbox.Complete) error {
			return errors.Join(p.Claim(t.Context(), "id", c.Arrival), p.Archive(t.Context(), "id", c.Name, taken))
		},
		"quarantine": func(p *inbox.Inbox, c inbox.Complete) error {
			return errors.Join(p.Claim(t.Context(), "id", c.Arrival), p.Quarantine(t.Context(), "id", c.Name, "why"))
		},
		"duplicates": func(p *inbox.Inbox, c inbox.Complete) error {
			return errors.Join(p.Claim(t.Context(), "id", c.Arrival), p.Duplicate(t.Context(), "id", c.Name, "why"))
		},
	} {
		t.Run(folder, func(t *testing.T) {
			dir, _ := shared(t, 0o700)
			theirs := filepath.Join(dir, folder)
			if err := errors.Join(os.RemoveAll(theirs), os.Mkdir(theirs, 0o777), os.Chown(theirs, nobody, nobody)); err != nil {
				t.Fatal(err)
			}
			p := polled(t, dir, func(s *inbox.Settings) { s.Settle = time.Millisecond })
			c := dropped(t, p, dir, 1)
			err := step(p, c)
			trouble, ok := errors.AsType[*places.Trouble](err)
			if !ok || trouble.Message.Key != "inbox.foreign" {
				t.Fatalf("got %v", err)
			}
			for _, language := range batch.Languages() {
				if said := words.Say(language, trouble.Message); !strings.Contains(said, theirs) {
					t.Errorf("%s: %s", language, said)
				}
			}
			if err := os.Chown(theirs, 0, 0); err != nil {
				t.Fatal(err)
			}
			if folder == "processing" {
				look(t, p)
			}
			if err := step(p, c); err != nil {
				t.Fatalf("now that it is ours: %v", err)
			}
			if info, err := os.Stat(filepath.Join(dir, "processing")); err != nil || info.Mode().Perm()&0o022 != 0 {
				t.Errorf("others may write into processing: %v %v", info.Mode(), err)
			}
		})
	}
}

// shared is an inbox that anybody may write, with a processing of ours, and a folder of ours elsewhere with a file as the neighbour drops them.
func shared(t *testing.T, mode fs.FileMode) (dir, target string) {
	t.Helper()
	top := entered(t)
	dir, target = filepath.Join(top, "in"), filepath.Join(top, "private")
	err := errors.Join(os.Mkdir(dir, 0o777), os.Chmod(dir, 0o777), os.Mkdir(filepath.Join(dir, "processing"), 0o755), os.Mkdir(target, 0o700),
		os.WriteFile(filepath.Join(target, "a.csv"), []byte(hidden), 0o600), os.Chmod(target, mode))
	if err != nil {
		t.Fatal(err)
	}
	return dir, target
}

// lay makes the neighbour's processing, where the file's folder is a link.
func lay(t *testing.T, dir, id, target string) {
	t.Helper()
	theirs := filepath.Join(dir, "theirs")
	err := errors.Join(os.Mkdir(theirs, 0o777), os.Symlink(target, filepath.Join(theirs, id)))
	if os.Getuid() == 0 {
		err = errors.Join(err, os.Chown(theirs, nobody, nobody), os.Lchown(filepath.Join(theirs, id), nobody, nobody))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func dropped(t *testing.T, p *inbox.Inbox, dir string, round int) inbox.Complete {
	t.Helper()
	drop(t, dir, "a.csv", fmt.Sprintf("round,%d\n", round))
	look(t, p)
	time.Sleep(2 * time.Millisecond)
	found := look(t, p)
	if len(found) != 1 {
		t.Fatalf("a look gave %v", found)
	}
	return found[0]
}

// carry takes a file through its life, as far as that goes now, and counts what was refused. At last nothing may be.
func carry(t *testing.T, p *inbox.Inbox, id string, c inbox.Complete, last bool) (refused int) {
	t.Helper()
	var got bytes.Buffer
	steps := []func() error{
		func() error { return p.Claim(t.Context(), id, c.Arrival) },
		func() error { _, err := p.Fetch(t.Context(), id, c.Name, &got); return err },
	}
	if last {
		steps = append(steps, func() error { return p.Archive(t.Context(), id, c.Name, taken) })
	}
	for _, step := range steps {
		err := step()
		if strings.Contains(got.String(), "only we may read") {
			t.Fatal("what only we may read was copied")
		}
		if err != nil && last {
			t.Fatalf("in the end: %v", err)
		}
		if err != nil {
			refused++
		}
	}
	return refused
}

// untouched looks whether the folder elsewhere is as it was, and nothing of it lies in the inbox.
func untouched(t *testing.T, dir, target string) {
	t.Helper()
	found, err := os.ReadDir(target)
	content, rerr := os.ReadFile(filepath.Join(target, "a.csv"))
	if err != nil || rerr != nil || len(found) != 1 || string(content) != hidden {
		t.Errorf("the folder elsewhere has %v, %v %v", found, err, rerr)
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), "only we may read") {
			t.Errorf("%s has what only we may read", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
