//go:build linux

package sftp

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/inbox/inboxtest"
	"github.com/rowferry/rowferry/sftpclient"
	"github.com/rowferry/rowferry/sftpclient/sshdtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// dial opens a client, closed with the test.
func dial(t testing.TB, c configs.SFTP) *sftpclient.Client {
	t.Helper()
	client, err := sftpclient.Open(map[string]configs.SFTP{"partner": c}, "partner", sftpclient.Options{Logger: quiet, First: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func opener(client *sftpclient.Client, spool string) inboxtest.Opener {
	return func(t *testing.T, dir string, o inboxtest.Options) inbox.Place {
		p, err := Open(Settings{
			Client: client, Dir: dir, Spool: spool, Settle: o.Settle, Patience: o.Patience, Match: o.Match, Done: o.Done, After: o.After,
			Whole: o.Whole, Remembering: o.Remembering, Note: o.Note, Clock: o.Clock, Logger: quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

func TestConformance(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	inboxtest.Run(t, opener(dial(t, server.Config()), t.TempDir()))
}
