//go:build linux

package servers_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/inbox/inboxtest"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/outboxtest"
	"github.com/rowferry/rowferry/places/placestest"
	"github.com/rowferry/rowferry/places/placestest/servers"
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
