//go:build unix

package main

import (
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the umask is and whatever was there before: what rowferry keeps is its user's alone, each file 0600 and each folder 0700; results and what
// was put to rest are as their folders say.
func TestWhatIsKeptIsPrivate(t *testing.T) {
	server := httptest.NewServer(&parrot{came: map[string]int{}})
	defer server.Close()
	t.Setenv("KEY", markedKey)
	t.Setenv("SECRET", markedPassword)
	dir := t.TempDir()
	config := strings.ReplaceAll(secretsConfig, "URL", server.URL) + "keep: {originals: 90d, rows: 400d}\nconsole: {listen: 127.0.0.1:0}\n"
	var wrong error
	for _, loose := range []string{"data", "data/spool", "data/outgoing", "data/console", "data/console/drops", "data/mounts", "data/downloads/failures", "kept", "in/les"} {
		path := filepath.Join(dir, filepath.FromSlash(loose))
		wrong = errors.Join(wrong, os.MkdirAll(path, 0o777), os.Chmod(path, 0o777))
	}
	for _, open := range []string{"data/spool/20261122-101502-7f3a.part", "data/console/drops/left", "data/downloads/failures/left"} {
		path := filepath.Join(dir, filepath.FromSlash(open))
		wrong = errors.Join(wrong, os.WriteFile(path, []byte("x"), 0o666), os.Chmod(path, 0o666))
	}
	wrong = errors.Join(wrong, os.Chmod(filepath.Join(dir, "data", "downloads"), 0o777), os.WriteFile(filepath.Join(dir, "rowferry.yaml"), []byte(config), 0o600), os.WriteFile(filepath.Join(dir, "pw"), []byte(markedPassword), 0o600),
		os.WriteFile(filepath.Join(dir, "in", "les", "a.csv"), []byte("accountNumber,lesBookingId,failReason\n1,ONE,x\n,TWO,x\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "b.csv"), []byte("accountNumber,lesBookingId,failReason\n1,THREE,x\n"), 0o644))
	if wrong != nil {
		t.Fatal(wrong)
	}
	var token strings.Builder
	for _, args := range []string{"token add nightly --role admin", "run --once", "send failures b.csv", "status", "check failures b.csv --output checked", "doctor", "backup kept", "restore kept",
		"prune", "resume les", "run --once"} {
		cmd := exec.Command("sh", "-c", `umask 0; exec "$0" "$@"`)
		self := rowferry(t, dir, strings.Fields(args)...)
		cmd.Args, cmd.Dir, cmd.Env = append(cmd.Args, self.Args...), dir, self.Env
		if strings.HasPrefix(args, "token") {
			cmd.Stdout = &token
		}
		if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() == 2 {
			t.Fatalf("%s: %v", args, err)
		}
	}
	seen := 0
	for _, top := range []string{"data", "kept"} {
		err := filepath.WalkDir(filepath.Join(dir, top), func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			seen++
			info, err := e.Info()
			if err != nil {
				return err
			}
			if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[e.IsDir()]; info.Mode().Perm() != want {
				t.Errorf("%s has %s, want %s", path, info.Mode().Perm(), want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if seen < 20 {
		t.Errorf("only %d files and folders were looked at", seen)
	}
	for name, want := range map[string]fs.FileMode{"in/les/archive": 0o777, "in/les/processing": 0o755} {
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %s", name, info, err, want)
		}
	}
}
