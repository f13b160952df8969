package configs

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the reports that are expected")

// Each NAME.yaml in testdata/mistakes is refused with exactly the report in NAME.txt.
func TestMistakes(t *testing.T) {
	t.Chdir("testdata/mistakes")
	t.Setenv("OTMS_LOGIN", "acme")
	t.Setenv("OTMS_PASSWORD", "secret-word")
	t.Setenv("ROWFERRY_BLANK", "")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 35 {
		t.Fatalf("%d cases, %v; there are at least 35", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			err := Load(file).Verdict().Err()
			report := ""
			if err != nil {
				var list *MistakesError
				if !errors.As(err, &list) {
					t.Fatalf("%T: %v", err, err)
				}
				report = strings.ReplaceAll(err.Error(), here, "FOLDER") + "\n"
			}
			if strings.Contains(report, "secret-word") {
				t.Error("the report shows a secret")
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(report), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if report == "" {
				t.Error("no mistake was found")
			}
			if diff := cmp.Diff(string(want), report); diff != "" {
				t.Errorf("the report differs (-want +got):\n%s", diff)
			}
		})
	}
}
