package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Each NAME.yaml in testdata/mistakes is refused by every command that would use it, with what NAME.txt says: all of its mistakes
// at once, in its own language, word for word alike, and before anything is left on the disk. Where secrets are missing on this
// machine, config check and check, which send nothing, say what NAME.check.txt says. UPDATE_SCRIPTS=1 writes what was said into the files.
func TestEveryCommandSaysTheSameMistakes(t *testing.T) {
	t.Setenv("OTMS_LOGIN", "acme")
	t.Setenv("OTMS_PASSWORD", "secret-word")
	t.Setenv("ROWFERRY_BLANK", "")
	t.Setenv("ROWFERRY_RATE", "secret-word")
	t.Setenv("ROWFERRY_URL", "ftp://secret-word.example.com?"+strings.Repeat("secret-word", 5))
	t.Setenv("ROWFERRY_LINE", "secret-word\n")
	folder, err := filepath.Abs(filepath.Join("testdata", "mistakes"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) < 115 {
		t.Fatalf("%d configurations, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".yaml")
		t.Run(filepath.Base(name), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			j := judgement{t, filepath.Base(file), content}
			withSecrets := j.said("run")
			for _, args := range []string{"send ship-points orders.csv", "doctor", "run --once"} {
				if diff := cmp.Diff(withSecrets, j.said(args)); diff != "" {
					t.Errorf("%s says something else than run\n%s", args, diff)
				}
			}
			agrees(t, name+".txt", withSecrets)
			without := name + ".check.txt"
			if _, err := os.Stat(without); errors.Is(err, fs.ErrNotExist) {
				without = name + ".txt"
			}
			agrees(t, without, j.said("config check"))
			if want, err := os.ReadFile(without); err == nil && len(want) > 0 { // else the file itself is looked at
				agrees(t, without, j.said("check ship-points orders.csv"))
			}
		})
	}
}

// judgement asks commands about a configuration.
type judgement struct {
	t      *testing.T
	name   string
	config []byte
}

// said is what a command says of the configuration, FOLDER standing for where it lies; it may leave nothing behind.
func (j judgement) said(args string) string {
	j.t.Helper()
	here := j.t.TempDir()
	j.t.Chdir(here)
	for name, content := range map[string][]byte{j.name: j.config, "orders.csv": []byte("a,b\n1,2\n")} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			j.t.Fatal(err)
		}
	}
	root := rootCommand()
	root.SetArgs(append(strings.Fields(args), "-c", j.name))
	root.SetOut(io.Discard)
	ctx, cancel := context.WithCancel(j.t.Context())
	cancel() // what takes the configuration as it is ends at once
	err := root.ExecuteContext(ctx)
	left, globbed := filepath.Glob("*")
	if globbed != nil || len(left) != 2 {
		j.t.Fatalf("%s leaves %v behind (%v, %v)", args, left, globbed, err)
	}
	if err == nil {
		return ""
	}
	said := strings.ReplaceAll(complaint(err, nil), here, "FOLDER") + "\n"
	if strings.Contains(said, "secret-word") {
		j.t.Errorf("%s shows a secret:\n%s", args, said)
	}
	return said
}

// agrees compares what was said with the file of what must be said.
func agrees(t *testing.T, file, said string) {
	t.Helper()
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(file, []byte(said), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), said); diff != "" {
		t.Errorf("the report differs from %s (-want +got):\n%s", filepath.Base(file), diff)
	}
}

// What is wrong with a server, a folder or a database is said in the configuration's language, with where it was met.
func TestTroubleIsToldInTheLanguage(t *testing.T) {
	err := fmt.Errorf("ledger postgres://db/x: %w", &places.Trouble{Message: words.Message("ledger.encoding", "encoding", "LATIN1")})
	said := complaint(err, func() batch.Language { return batch.Russian })
	if !strings.HasPrefix(said, "rowferry: ledger postgres://db/x: база данных в кодировке LATIN1") {
		t.Error(said)
	}
}
