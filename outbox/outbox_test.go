package outbox_test

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/outboxtest"
	"github.com/rowferry/rowferry/places/placestest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformanceLocal(t *testing.T) { outboxtest.Run(t, placestest.Local(), outbox.Settings{}) }
func TestConformanceInMemory(t *testing.T) {
	outboxtest.Run(t, placestest.InMemory(), outbox.Settings{})
}

// Whatever call of the place fails, and however, the next Put by the same or another process comes to the same end: the result is there
// once, whole, nothing else of that day is, and another file of the name is never touched.
func TestAFaultAtEveryCall(t *testing.T) {
	content := strings.Repeat("row,status\r\n", 1000)
	for _, how := range []placestest.Fault{placestest.Before, placestest.After, placestest.Half, placestest.Twice} {
		for at := 1; ; at++ {
			m := placestest.NewMemory(t)
			m.Drop("out/theirs.csv", "theirs")
			ours := outbox.Open(m.Folder("out"), outbox.Settings{})
			m.FailAt(at, how)
			err := ours.Put(t.Context(), "ours.csv", strings.NewReader(content))
			calls := m.Calls()
			other := ours.Put(t.Context(), "theirs.csv", strings.NewReader(content))
			m.FailAt(0, 0)
			if err != nil {
				err = ours.Put(t.Context(), "ours.csv", strings.NewReader(content))
			}
			if again := outbox.Open(m.Folder("out"), outbox.Settings{}).Put(t.Context(), "ours.csv", strings.NewReader(content)); err != nil || again != nil {
				t.Fatalf("call %d fails (%d): %v, %v", at, how, err, again)
			}
			if got, _ := m.Read("out/ours.csv"); got != content {
				t.Fatalf("call %d fails (%d): %d bytes", at, how, len(got))
			}
			if got, _ := m.Read("out/theirs.csv"); got != "theirs" || other == nil {
				t.Fatalf("call %d fails (%d): theirs is %q, %v", at, how, got, other)
			}
			for _, name := range m.Files("out") {
				if name != "ours.csv" && name != "theirs.csv" && !strings.HasSuffix(name, ".part") {
					t.Errorf("call %d fails (%d): there is %s", at, how, name)
				}
			}
			if at > calls {
				if calls < 6 {
					t.Errorf("only %d calls", calls)
				}
				break
			}
		}
	}
}

func TestAnotherContentIsToldAsSuch(t *testing.T) {
	m := placestest.NewMemory(t)
	o := outbox.Open(m.Folder("out"), outbox.Settings{})
	if err := o.Put(t.Context(), "a.csv", strings.NewReader("one")); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(t.Context(), "a.csv", strings.NewReader("two")); !errors.Is(err, outbox.ErrExists) {
		t.Fatal(err)
	}
}
