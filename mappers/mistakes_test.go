package mappers_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/words"
)

// TestMistakes compares what Compile says of wrong mappings with testdata/mistakes.txt. There, a file named for the
// operation holds the route and is followed by the file of what must be said of it.
func TestMistakes(t *testing.T) {
	const file = "testdata/mistakes.txt"
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		name := archive.Files[i].Name
		t.Run(name, func(t *testing.T) {
			r := parseRoute(t, archive.Files[i].Data)
			_, err := mappers.Compile(operation(t, r.Operation), r.settings())
			var got strings.Builder
			var wrong *mappers.MistakesError
			if !errors.As(err, &wrong) {
				t.Fatalf("want mistakes, got %v", err)
			}
			for _, m := range wrong.List {
				fmt.Fprintf(&got, "%s: %s\n", m.Key, words.Say(r.language(), m.What))
				if write := words.Say(r.language(), m.Write); write != "" {
					fmt.Fprintf(&got, "    %s\n", write)
				}
			}
			if *update {
				archive.Files[i+1].Data = []byte(got.String())
				return
			}
			if diff := cmp.Diff(string(archive.Files[i+1].Data), got.String()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
