//go:build linux

package sftp

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
	"github.com/rowferry/rowferry/words"
)

func diagnose(t *testing.T, c configs.SFTP, folders ...Use) (names []string, last Step) {
	t.Helper()
	for step := range Diagnose(t.Context(), map[string]configs.SFTP{"partner": c}, "partner", folders...) {
		names, last = append(names, step.Name), step
	}
	return names, last
}

func TestDiagnoseGoesThroughEveryStep(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	dir, second := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "theirs.csv"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	names, last := diagnose(t, server.Config(), Use{Dir: dir}, Use{Dir: dir, Takes: true}, Use{Dir: second, ReadOnly: true})
	each := []string{StepList, StepWrite, StepRename, StepRemove}
	want := slices.Concat([]string{StepResolve, StepConnect, StepKey, StepLogin}, each, each, []string{StepList})
	if !slices.Equal(names, want) || !last.OK() {
		t.Fatalf("%v, the last: %+v", names, last)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	for _, early := range []string{StepWrite, StepRename} {
		for step := range Diagnose(t.Context(), map[string]configs.SFTP{"partner": server.Config()}, "partner", Use{Dir: dir, Takes: true}) {
			if step.Name == StepKey && !strings.Contains(step.Detail, "SHA256:") {
				t.Errorf("the key's fingerprint is not shown: %+v", step)
			}
			if step.Name == early {
				break // whoever has seen enough leaves nothing behind
			}
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("left behind after leaving early: %v", entries)
		}
	}
}

// Each step can be the one that fails, is the last then, and says what to do.
func TestDiagnoseSaysWhichStepFails(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	for _, c := range []struct {
		step, key string
		subsystem string
		change    func(*configs.SFTP)
		dir       string
		takes     bool
	}{
		{step: "settings", change: func(c *configs.SFTP) { c.HostKey = "nonsense" }},
		{step: StepResolve, key: "sftp.resolve", change: func(c *configs.SFTP) { c.Host = "no-such-host..invalid" }},
		{step: StepConnect, key: "sftp.connect", change: func(c *configs.SFTP) { c.Port = sshdtest.FreePort(t) }},
		{step: StepKey, key: "sftp.pinned", change: func(c *configs.SFTP) { c.HostKey = "SHA256:" + strings.Repeat("A", 43) }},
		{step: StepLogin, key: "sftp.login", change: func(c *configs.SFTP) { c.User = "nobody-we-know" }},
		{step: StepSession, key: "sftp.session", subsystem: "/bin/false"},
		{step: StepList, key: "sftp.missing", dir: "/no/such/folder"},
		{step: StepWrite, key: "sftp.unwritable", subsystem: "internal-sftp -R"},
		{step: StepRename, key: "sftp.unrenamed", subsystem: "internal-sftp -P rename,posix-rename"},
		{step: StepWrite, key: "sftp.read_only", subsystem: "internal-sftp -R", takes: true},
		{step: StepRename, key: "sftp.unmoved", subsystem: "internal-sftp -P rename,posix-rename", takes: true},
		{step: StepRename, key: "sftp.unmoved", subsystem: "internal-sftp -P mkdir", takes: true},
		{step: StepRemove, key: "sftp.unremoved", subsystem: "internal-sftp -P remove"},
	} {
		t.Run(c.step, func(t *testing.T) {
			s := server
			if c.subsystem != "" {
				s = sshdtest.Start(t, sshdtest.Options{Subsystem: c.subsystem})
			}
			config := s.Config()
			if c.change != nil {
				c.change(&config)
			}
			dir := c.dir
			if dir == "" {
				dir = t.TempDir()
			}
			names, last := diagnose(t, config, Use{Dir: dir, Takes: c.takes})
			if last.Name != c.step || last.OK() || last.Message.Key != c.key {
				t.Fatalf("%v; the last: %+v", names, last)
			}
			for _, l := range batch.Languages() {
				if said := words.Say(l, last.Message); said == "" || strings.Contains(said, "{") {
					t.Errorf("%s: %q", l, said)
				}
			}
			entries, _ := os.ReadDir(dir)
			if c.step != StepRemove && len(entries) > 0 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}
