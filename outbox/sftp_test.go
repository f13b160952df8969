//go:build linux

package outbox_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/outboxtest"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/placestest"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
	"github.com/rowferry/rowferry/words"
)

func TestConformanceSFTP(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	outboxtest.Run(t, placestest.Remote(placestest.Dial(t, server.Config())), outbox.Settings{})
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

func (b *bed) place() *outbox.Outbox {
	config := b.server.Config()
	config.Port, config.Timeout = b.proxy.Port, time.Minute
	return outbox.Open(placestest.Dial(b.T, config).Folder(b.dir), outbox.Settings{})
}

// only checks that the folder holds this file and nothing else.
func (b *bed) only(name string, content []byte) {
	b.Helper()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != name {
			b.Errorf("left behind: %s", e.Name())
		}
	}
	got, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil || !bytes.Equal(got, content) {
		b.Errorf("%s has %d bytes, want %d (%v)", name, len(got), len(content), err)
	}
}

func noise(size int) []byte {
	b := make([]byte, size)
	var seed [32]byte
	binary.NativeEndian.PutUint64(seed[:], rand.Uint64())
	_, _ = rand.NewChaCha8(seed).Read(b)
	return b
}

// An upload is cut after each part of its exchange with the server, so that each reply is lost once.
func TestEveryReplyIsLostOnce(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	config := b.server.Config()
	config.Port, config.Timeout = b.proxy.Port, time.Minute
	client := placestest.Dial(t, config)
	p := outbox.Open(client.Folder(b.dir), outbox.Settings{})
	content := []byte("row,status\r\n1,delivered\r\n")
	if err := p.Put(t.Context(), "warm-up", strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	cuts := 0
	for at := int64(0); ; at += 100 {
		b.dir = t.TempDir()
		p := outbox.Open(client.Folder(b.dir), outbox.Settings{})
		opened := b.proxy.Opened()
		b.proxy.CutNext(at)
		if err := p.Put(t.Context(), "a.csv", bytes.NewReader(content)); err != nil {
			t.Fatalf("cut after %d bytes: %v", at, err)
		}
		b.only("a.csv", content)
		if b.proxy.Opened() == opened {
			break
		}
		cuts++
	}
	if t.Logf("%d cuts", cuts); cuts < 8 {
		t.Errorf("only %d cuts", cuts)
	}
}

// A big upload over a line that is cut again and again, and a server that is killed, arrives whole, once, and goes on where it stopped.
func TestUploadsAreResumed(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	const size = 18 << 20
	content := noise(size)
	p := b.place()
	b.proxy.CutAfter(10 << 20) // 8 MiB are on their way at a time; starting over at each cut it would never arrive
	for tries := 0; ; tries++ {
		err := p.Put(t.Context(), "big.xlsx", bytes.NewReader(content))
		if err == nil {
			break
		}
		if tries > 10 {
			t.Fatal(err)
		}
	}
	b.only("big.xlsx", content)

	b.proxy.CutAfter(0)
	b.dir = t.TempDir()
	p = b.place()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; n < 4 && ctx.Err() == nil; n++ {
			time.Sleep(time.Duration(50+rand.IntN(150)) * time.Millisecond)
			b.server.Restart()
		}
	})
	var err error
	for end := time.Now().Add(4 * time.Minute); time.Now().Before(end); {
		if err = p.Put(t.Context(), "big.xlsx", bytes.NewReader(content)); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	b.only("big.xlsx", content)
}

// The line is cut at random points; the call is repeated, as the pipeline does, by the same process or a new one.
func TestCutAnywhere(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 2))
		b.dir = t.TempDir()
		content := noise(random.IntN(400_000))
		p := b.place()
		b.proxy.CutAfter(8_000 + random.Int64N(500_000))
		var err error
		for tries := range 8 {
			if tries == 5 {
				b.proxy.CutAfter(0)
			}
			if err = p.Put(t.Context(), "a.csv", bytes.NewReader(content)); err == nil {
				break
			}
		}
		b.proxy.CutAfter(0)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := b.place().Put(t.Context(), "a.csv", bytes.NewReader(content)); err != nil {
			t.Fatalf("seed %d: put again: %v", seed, err)
		}
		b.only("a.csv", content)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// said checks that err says this in three languages, for a person.
func said(t *testing.T, err error, key string, parts ...string) {
	t.Helper()
	var trouble *places.Trouble
	if !errors.As(err, &trouble) || trouble.Message.Key != key {
		t.Fatalf("got %v, want %s", err, key)
	}
	for _, l := range batch.Languages() {
		text := words.Say(l, trouble.Message)
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%q is missing in %s: %s", part, l, text)
			}
		}
	}
}

func TestServersThatRefuse(t *testing.T) {
	for name, o := range map[string]struct {
		subsystem, key string
		missing        bool
	}{
		"read only":        {"internal-sftp -R", "sftp.unwritable", false},
		"no new files":     {"internal-sftp -P write,open", "sftp.unwritable", false},
		"no rename":        {"internal-sftp -P rename,posix-rename", "sftp.unrenamed", false},
		"no folder either": {"internal-sftp -P mkdir", "sftp.unwritable", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, sshdtest.Options{Subsystem: o.subsystem})
			if o.missing {
				b.dir = filepath.Join(b.dir, "missing")
			}
			err := b.place().Put(t.Context(), "a.csv", strings.NewReader("x"))
			said(t, err, o.key, b.dir)
			entries, _ := os.ReadDir(b.dir)
			if len(entries) > 0 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}

// A server that permits no renaming is written to directly where the route says so.
func TestAServerWithoutRenaming(t *testing.T) {
	b := newBed(t, sshdtest.Options{Subsystem: "internal-sftp -P rename,posix-rename"})
	o := outbox.Open(placestest.Dial(t, b.server.Config()).Folder(b.dir), outbox.Settings{Direct: true})
	content := noise(300_000)
	for range 2 {
		if err := o.Put(t.Context(), "a.xlsx", bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		b.only("a.xlsx", content)
	}
}

// A full disk is told as such, leaves nothing, and passes when there is room again.
func TestAFullDisk(t *testing.T) {
	b := newBed(t, sshdtest.Options{FileLimit: 1 << 20})
	content := noise(3 << 20)
	mounted := os.Getuid() == 0 && syscall.Mount("tmpfs", b.dir, "tmpfs", 0, "size=1m") == nil
	if mounted {
		t.Cleanup(func() { _ = syscall.Unmount(b.dir, syscall.MNT_DETACH) })
	}
	p := b.place()
	err := p.Put(t.Context(), "a.xlsx", bytes.NewReader(content))
	if err == nil {
		t.Fatal("3 MB fit on a disk of 1 MB")
	}
	if mounted {
		said(t, err, "sftp.full", b.dir)
	} else {
		t.Log("no mount here: the server has a limit on file sizes instead")
	}
	if entries, _ := os.ReadDir(b.dir); len(entries) > 0 {
		t.Errorf("left behind: %v", entries)
	}
	small := noise(300 << 10)
	if err := p.Put(t.Context(), "a.xlsx", bytes.NewReader(small)); err != nil {
		t.Fatal(err)
	}
	b.only("a.xlsx", small)
}

// While the server is away Put fails with a reason; when it is back, the next call succeeds.
func TestAServerThatIsAway(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	p := outbox.Open(placestest.Dial(t, b.server.Config()).Folder(b.dir), outbox.Settings{})
	b.server.Kill()
	said(t, p.Put(t.Context(), "a.csv", strings.NewReader("x")), "sftp.connect", "partner")
	b.server.Restart()
	if err := p.Put(t.Context(), "a.csv", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	b.only("a.csv", []byte("x"))
}

// Two processes put other contents under one name at the same time: one has it, the other is told.
func TestTwoProcessesContestAName(t *testing.T) {
	b := newBed(t, sshdtest.Options{})
	for round := range 10 {
		name := fmt.Sprintf("r%d.csv", round)
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		contents := [][]byte{noise(200_000), noise(200_000)}
		for _, content := range contents {
			p := b.place()
			wg.Go(func() {
				switch err := p.Put(t.Context(), name, bytes.NewReader(content)); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, outbox.ErrExists):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil || won.Load() != 1 || lost.Load() != 1 || !bytes.Equal(got, contents[0]) && !bytes.Equal(got, contents[1]) {
			t.Fatalf("round %d: %d won, %d lost, %d bytes (%v)", round, won.Load(), lost.Load(), len(got), err)
		}
	}
	if parts, _ := filepath.Glob(filepath.Join(b.dir, ".rowferry-*")); len(parts) > 0 {
		t.Errorf("left behind: %v", parts)
	}
}
