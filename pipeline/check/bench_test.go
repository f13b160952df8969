package check_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
)

// A small file costs what finding out how it is written costs: each dialect is tried, and the route asked what it knows of the lines.
func BenchmarkSmall(b *testing.B) {
	cfg, err := pipeline.Load("testdata/rowferry.yaml")
	if err != nil {
		b.Fatal(err)
	}
	routes, err := pipeline.Routes(cfg, "")
	if err != nil {
		b.Fatal(err)
	}
	var s strings.Builder
	s.WriteString("Order,Name,Phone,City,ZIP,Weight,Note\n")
	for i := range 30 {
		fmt.Fprintf(&s, "A-%d,Ann Smith,13800138%03d,Berlin,01067,%d.5,note %d\n", i, i, i, i)
	}
	path := filepath.Join(b.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(s.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f, err := check.File(b.Context(), routes["parcel"], path, "a.csv", nil)
		if err != nil || f.Sendable != 30 {
			b.Fatal(err, f)
		}
	}
}
