package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/packaging/licences"
)

// release and commit are set by the linker (make build, make release).
var release, commit string

// version is the release, or what the Go tool knows of the build.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

// built is what tells one build from another.
type built struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	System  string `json:"system"`
}

func (b built) String() string {
	if b.Commit != "" {
		return fmt.Sprintf("rowferry %s (%s, %s, %s)", b.Version, b.Commit, b.Go, b.System)
	}
	return fmt.Sprintf("rowferry %s (%s, %s)", b.Version, b.Go, b.System)
}

func versionCommand(f *flags) *cobra.Command {
	var texts, schema bool
	c := &cobra.Command{
		Use: "version", Short: "Print the version, the licences of what is linked in, or the schema of --json", Args: takes(0, 0, ""),
		Example: "  rowferry version\n  rowferry version --licences\n  rowferry version --schema",
		RunE: func(*cobra.Command, []string) error {
			if texts {
				return licences.WriteTo(stdout)
			}
			if schema {
				fmt.Fprint(stdout, answersSchema)
				return nil
			}
			b := built{Version: version(), Commit: commit, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
			if f.json {
				return printJSON(stdout, b)
			}
			fmt.Fprintln(stdout, b)
			return nil
		},
	}
	c.Flags().BoolVar(&texts, "licences", false, "print the licence texts of everything that is linked into the program")
	c.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of what commands print with --json, by command under $defs")
	return c
}
