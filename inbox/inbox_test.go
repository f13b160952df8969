package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/inbox/inboxtest"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/placestest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var taken = time.Date(2026, 11, 22, 10, 15, 2, 0, time.UTC)

func TestConformanceLocal(t *testing.T)    { inboxtest.Run(t, placestest.Local()) }
func TestConformanceInMemory(t *testing.T) { inboxtest.Run(t, placestest.InMemory()) }

// open opens an inbox on a folder; what a test does not say are the test's own quiet values.
func open(t testing.TB, f places.Folder, change func(*inbox.Settings)) *inbox.Inbox {
	t.Helper()
	s := inbox.Settings{Inbox: configs.Inbox{Settle: time.Millisecond}, Downloads: t.TempDir(), Logger: placestest.Quiet}
	if change != nil {
		change(&s)
	}
	b, err := inbox.Open(f, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// Whatever call of the place fails, and however: a file that is claimed, copied and put to rest by calls that are made again until they
// end well, also by another process, is copied once as it is, lies where it belongs and nowhere else; its marker does not stay behind.
func TestAFaultAtEveryCall(t *testing.T) {
	ends := map[string]func(*inbox.Inbox, context.Context) error{
		"archive/2026/11/22/a.csv": func(b *inbox.Inbox, ctx context.Context) error { return b.Archive(ctx, "id", "a.csv", taken) },
		"duplicates/id/a.csv":      func(b *inbox.Inbox, ctx context.Context) error { return b.Duplicate(ctx, "id", "a.csv", "note") },
		"quarantine/id/a.csv":      func(b *inbox.Inbox, ctx context.Context) error { return b.Quarantine(ctx, "id", "a.csv", "reason") },
	}
	for where, end := range ends {
		for _, how := range []placestest.Fault{placestest.Before, placestest.After, placestest.Half, placestest.Twice} {
			for at, over := 1, false; !over; at++ {
				what := fmt.Sprintf("%s, call %d, fault %d", where, at, how)
				m := placestest.NewMemory(t)
				m.Drop("in/a.csv", "content")
				m.Drop("in/a.csv.done", "")
				memory := &inbox.Forgetful{}
				start := func() *inbox.Inbox {
					return open(t, m.Folder("in"), func(s *inbox.Settings) { s.Done, s.Remembering = "{name}.done", memory })
				}
				b := start()
				seen := settle(t, b)
				m.FailAt(at, how)
				copied := 0
				steps := []func() error{
					func() error { return b.Claim(t.Context(), "id", seen) },
					func() error {
						var got bytes.Buffer
						_, err := b.Fetch(t.Context(), "id", "a.csv", &got)
						if err == nil && got.String() != "content" {
							t.Fatalf("%s: copied %q", what, got.String())
						}
						if err == nil {
							copied++
						}
						return err
					},
					func() error { return end(b, t.Context()) },
				}
				for i, step := range steps {
					err := step()
					if err != nil && errors.Is(err, inbox.ErrGone) {
						t.Fatalf("%s: step %d says the file is gone", what, i)
					}
					if err != nil {
						b = start() // the process died of it
						err = step()
					}
					if err != nil {
						t.Fatalf("%s: step %d: %v", what, i, err)
					}
				}
				over = m.Calls() < at
				m.FailAt(0, 0)
				if err := end(start(), t.Context()); err != nil {
					t.Fatalf("%s: once more: %v", what, err)
				}
				var left []string
				for _, name := range m.Files("in") {
					if !strings.HasSuffix(name, ".txt") {
						left = append(left, name)
					}
				}
				if len(left) != 1 || left[0] != where || copied != 1 || m.Exists("in/processing/id") && over {
					t.Fatalf("%s: left %q, copied %d times", what, m.Files("in"), copied)
				}
			}
		}
	}
}

// A file that grew after it was copied goes back into the inbox from wherever it lies, beside another one of its name; one that did not stays.
func TestAFileThatGrewGoesBack(t *testing.T) {
	for folder, end := range map[string]func(*inbox.Inbox) error{
		inbox.Processing: func(b *inbox.Inbox) error { return nil },
		inbox.Archived:   func(b *inbox.Inbox) error { return b.Archive(t.Context(), "id", "a.csv", taken) },
		inbox.Duplicates: func(b *inbox.Inbox) error { return b.Duplicate(t.Context(), "id", "a.csv", "note") },
		inbox.Quarantine: func(b *inbox.Inbox) error { return b.Quarantine(t.Context(), "id", "a.csv", "reason") },
	} {
		m := placestest.NewMemory(t)
		m.Drop("in/archive/2026/11/22/a.csv", "an earlier and much longer file of the name")
		m.Age("in/archive/2026/11/22/a.csv", taken)
		m.Drop("in/a.csv", "content")
		b := open(t, m.Folder("in"), nil)
		copied := inbox.Copied{Arrival: settle(t, b), ID: "id", Taken: taken}
		if err := errors.Join(b.Claim(t.Context(), "id", copied.Arrival), end(b)); err != nil {
			t.Fatal(err)
		}
		if g, err := b.GiveBack(t.Context(), copied, folder); g != inbox.None || err != nil {
			t.Errorf("%s: %v %v of a file that is as it was", folder, g, err)
		}
		for _, name := range m.Files("in") {
			if content, _ := m.Read("in/" + name); content == "content" {
				m.Grow("in/"+name, " and more")
			}
		}
		m.Drop("in/a.csv", "another")
		if g, err := b.GiveBack(t.Context(), copied, folder); g != inbox.Grew || err != nil {
			t.Errorf("%s: %v %v of a file that grew", folder, g, err)
		}
		if got, _ := m.Read("in/a.id.csv"); got != "content and more" {
			t.Errorf("%s: %q came back; there are %q", folder, got, m.Files("in"))
		}
	}
}

// settle looks until a file is complete.
func settle(t *testing.T, b *inbox.Inbox) inbox.Arrival {
	t.Helper()
	for range 100 {
		for c, err := range b.Look(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			return c.Arrival
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatal("no file is complete")
	return inbox.Arrival{}
}
