//go:build linux

package servers_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/places/placestest"
	"github.com/rowferry/rowferry/places/placestest/servers"
	"github.com/rowferry/rowferry/places/sftp"
)

// What a server with habits cannot do is found before anything depends on it, with the setting that helps; with that setting all is well.
func TestDiagnosisOfHabits(t *testing.T) {
	for name, c := range map[string]struct {
		habits servers.Habits
		use    sftp.Use
		want   []string // what is said of steps that fail
	}{
		"results":                            {use: sftp.Use{}},
		"results that may not be renamed":    {servers.Habits{NoRename: true}, sftp.Use{}, []string{"sftp.unrenamed"}},
		"whose renaming fails":               {servers.Habits{Failure: true}, sftp.Use{}, []string{"sftp.unrenamed"}},
		"written directly":                   {servers.Habits{NoRename: true}, sftp.Use{Direct: true}, nil},
		"taken away":                         {servers.Habits{TakesAway: true}, sftp.Use{}, []string{"sftp.taken_away"}},
		"taken away and written directly":    {servers.Habits{TakesAway: true}, sftp.Use{Direct: true}, nil},
		"files that may not be moved":        {servers.Habits{NotAcross: true}, sftp.Use{Takes: true}, []string{"sftp.unmoved"}},
		"files that stay":                    {servers.Habits{NoRename: true}, sftp.Use{ReadOnly: true}, nil},
		"an inbox without types and sizes":   {servers.Habits{NoTypes: true, NoSizes: true}, sftp.Use{Takes: true}, nil},
		"a server without extensions":        {servers.Habits{Bare: true}, sftp.Use{Takes: true}, nil},
		"uploads that are there when closed": {servers.Habits{Late: true}, sftp.Use{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, partner := servers.StartOdd(t, c.habits)
			dir := filepath.Join(t.TempDir(), "folder")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			c.use.Dir = dir
			var said []string
			for step := range sftp.Diagnose(t.Context(), map[string]configs.SFTP{"partner": partner}, "partner", c.use) {
				if !step.OK() {
					said = append(said, step.Message.Key)
				}
			}
			if !slices.Equal(said, c.want) {
				t.Errorf("%q, want %q", said, c.want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// A server that puts what it gets one behind the other gets a large result whole, also where nobody may read what it has.
func TestAServerThatAppends(t *testing.T) {
	content := make([]byte, 5<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(content)
	for what, h := range map[string]servers.Habits{"readable": {Appends: true}, "write-only": {Appends: true, WriteOnly: true}} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			_, partner := servers.StartOdd(t, h)
			on := placestest.Remote(placestest.Dial(t, partner))
			w := on.New(t)
			w.Make("out")
			o := outbox.Open(on.Open(t, w, "out"), outbox.Settings{})
			for _, name := range []string{"first.xlsx", "second.xlsx"} {
				if err := o.Put(t.Context(), name, bytes.NewReader(content)); err != nil {
					t.Fatal(err)
				}
				if got, there := w.Read("out/" + name); !there || got != string(content) {
					t.Errorf("%s: %d bytes are there, and not what was written", name, len(got))
				}
			}
			if found := w.Files("out"); len(found) != 2 {
				t.Errorf("there lies %v", found)
			}
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
