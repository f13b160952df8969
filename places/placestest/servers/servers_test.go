//go:build linux

package servers_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/inbox/inboxtest"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/outboxtest"
	"github.com/rowferry/rowferry/places/placestest"
	"github.com/rowferry/rowferry/places/placestest/servers"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What a place must do, and inbox and outbox over it, is done on the servers of others: docs/sftp.md says what was seen. -short leaves the inboxes
// out; make servers does not.
func TestForeignServers(t *testing.T) {
	for _, s := range servers.Foreign() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			on := placestest.Remote(placestest.Dial(t, s.Start(t)))
			on.ASCII, on.Alters, on.Loses = s.ASCII, s.Alters, s.Loses
			t.Run("place", func(t *testing.T) { placestest.Run(t, on) })
			t.Run("outbox", func(t *testing.T) { outboxtest.Run(t, on, outbox.Settings{}) })
			if !testing.Short() {
				t.Run("inbox", func(t *testing.T) { inboxtest.Run(t, on) })
			}
		})
	}
}

// A result of 7 MB goes over a slow line to servers that take writes in their order only, or lose patience with what comes late: once, whole, and
// with nothing beside it. -short tries the server that takes them in their order only.
func TestLargeResultsOnASlowLine(t *testing.T) {
	content := make([]byte, 7<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(content)
	for _, s := range servers.Foreign() {
		if testing.Short() && s.Name != "rclone" {
			continue
		}
		for what, settings := range map[string]outbox.Settings{"renamed": {}, "direct": {Direct: true}} {
			t.Run(s.Name+"/"+what, func(t *testing.T) {
				t.Parallel()
				c := s.Start(t)
				proxy := sshdtest.NewProxy(t, fmt.Sprintf("%s:%d", c.Host, c.Port))
				proxy.Slow(4 << 20)
				c.Port = proxy.Port
				on := placestest.Remote(placestest.Dial(t, c))
				w := on.New(t)
				w.Make("out")
				o := outbox.Open(on.Open(t, w, "out"), settings)
				if err := o.Put(t.Context(), "orders.result.csv", bytes.NewReader(content)); err != nil {
					t.Fatal(err)
				}
				if got, there := w.Read("out/orders.result.csv"); !there || got != string(content) {
					t.Errorf("%d bytes of %d are there", len(got), len(content))
				}
				if found := w.Files("out"); len(found) != 1 {
					t.Errorf("there lies %v", found)
				}
				if err := o.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
