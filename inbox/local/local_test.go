package local

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/inbox/inboxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	inboxtest.Run(t, func(t *testing.T, dir string, o inboxtest.Options) inbox.Place {
		p, err := Open(Settings{
			Dir: dir, Settle: o.Settle, Patience: o.Patience, Match: o.Match, Done: o.Done, After: o.After,
			Whole: o.Whole, Remembering: o.Remembering, Clock: o.Clock,
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
}
