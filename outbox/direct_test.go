package outbox_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/places/placestest"
)

// Where nothing may be renamed, results are written under their names: whole in the end whatever call fails, never over another file.
func TestDirect(t *testing.T) {
	content := strings.Repeat("row,status\r\n", 1000)
	for _, how := range []placestest.Fault{placestest.Before, placestest.After, placestest.Half, placestest.Twice} {
		for at, over := 1, false; !over; at++ {
			m := placestest.NewMemory(t)
			m.Drop("out/theirs.csv", "theirs")
			o := outbox.Open(m.Folder("out"), outbox.Settings{Direct: true})
			m.FailAt(at, how)
			err := o.Put(t.Context(), "ours.csv", strings.NewReader(content))
			over = m.Calls() < at
			m.FailAt(0, 0)
			if err != nil { // the process died of it
				o = outbox.Open(m.Folder("out"), outbox.Settings{Direct: true})
				err = o.Put(t.Context(), "ours.csv", strings.NewReader(content))
			}
			if err != nil {
				t.Fatalf("call %d fails (%d): %v", at, how, err)
			}
			if err := o.Put(t.Context(), "theirs.csv", strings.NewReader(content)); !errors.Is(err, outbox.ErrExists) {
				t.Errorf("over another file: %v", err)
			}
			ours, _ := m.Read("out/ours.csv")
			theirs, _ := m.Read("out/theirs.csv")
			if found := m.Files("out"); ours != content || theirs != "theirs" || len(found) != 2 {
				t.Fatalf("call %d fails (%d): %d bytes, %q, %q", at, how, len(ours), theirs, found)
			}
		}
	}
}
