package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mountOf names the file system that a path lies on, or would: where it is mounted and of what kind, the same after every start of the
// machine; "" when that is not known.
func mountOf(path string) string {
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			path = real
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return ""
		}
		path = filepath.Dir(path)
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	at, kind := "", ""
	for line := range strings.Lines(string(table)) {
		before, after, ok := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if !ok || len(fields) < 5 {
			continue
		}
		// mountinfo writes blanks in names as \040; of two on one place the later is seen
		mounted := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(fields[4])
		below := path == mounted || mounted == "/" || strings.HasPrefix(path, mounted+"/")
		if below && len(mounted) >= len(at) {
			at = mounted
			kind, _, _ = strings.Cut(after, " ")
		}
	}
	return kind + " " + at
}
