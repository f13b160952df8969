package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// The configurations in testdata/mistakes.txt are refused by every command that would use them: with all of their mistakes at
// once, in their own language, word for word alike, and before anything is left on the disk. UPDATE_SCRIPTS=1 writes what was
// said into the file.
func TestEveryCommandSaysTheSameMistakes(t *testing.T) {
	file, err := filepath.Abs(filepath.Join("testdata", "mistakes.txt"))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		t.Run(strings.TrimSuffix(archive.Files[i].Name, ".yaml"), func(t *testing.T) {
			said := judged(t, archive.Files[i].Data)
			if os.Getenv("UPDATE_SCRIPTS") != "" {
				archive.Files[i+1].Data = []byte(said)
			}
			if diff := cmp.Diff(string(archive.Files[i+1].Data), said); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// judged is what all commands say of a configuration, and fails where one says something else or leaves something behind.
func judged(t *testing.T, config []byte) string {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range map[string][]byte{"rowferry.yaml": config, "orders.csv": []byte("a,b\n1,2\n")} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first := ""
	for _, args := range []string{"config check", "config", "check pts orders.csv", "send pts orders.csv", "doctor", "run", "run --once"} {
		root := rootCommand()
		root.SetArgs(strings.Fields(args))
		root.SetOut(io.Discard)
		err := root.ExecuteContext(t.Context())
		if err == nil {
			t.Fatalf("%s takes the configuration as it is", args)
		}
		said := complaint(err) + "\n"
		if first == "" {
			first = said
		}
		if diff := cmp.Diff(first, said); diff != "" {
			t.Errorf("%s says something else than config check\n%s", args, diff)
		}
		left, err := filepath.Glob("*")
		if err != nil || len(left) != 2 {
			t.Fatalf("%s leaves %v behind (%v)", args, left, err)
		}
	}
	return first
}
