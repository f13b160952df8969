package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/outboxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	outboxtest.Run(t, func(t *testing.T, dir string) outbox.Place {
		p, err := Open(Settings{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
}

func TestOldPartsAreSweptAndNothingElse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[odd]*")
	old := time.Now().Add(-48 * time.Hour)
	for name, at := range map[string]time.Time{
		".rowferry-0011.part": old, ".rowferry-0022.part": time.Now(), "rowferry-1.part": old, ".rowferry-x.csv": old, "a.result.csv": old,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(path, nil, 0o644), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(Settings{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != ".rowferry-0022.part .rowferry-x.csv a.result.csv rowferry-1.part" {
		t.Fatalf("left: %s", got)
	}
}

func TestSettingsWithoutAFolder(t *testing.T) {
	if _, err := Open(Settings{}); err == nil || !strings.Contains(err.Error(), "dir is empty") {
		t.Fatalf("got %v", err)
	}
}
