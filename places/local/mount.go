package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// mounted is nil when the folder lies on the file system that it was first used on, and remembers that one. A folder whose mount came off would
// be taken for an empty one, and results be written below the mount point.
func (f *folder) mounted() error {
	now := mountOf(f.Dir)
	if f.Mount == "" || now == "" {
		return nil
	}
	text, err := os.ReadFile(f.Mount)
	if errors.Is(err, fs.ErrNotExist) {
		return f.remember(now)
	} else if err != nil {
		return err
	}
	dir, was, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if dir != f.Dir { // the route names another folder now
		return f.remember(now)
	}
	if was == now {
		return nil
	}
	return &places.Trouble{Message: words.Message("place.remounted", "dir", f.Dir, "was", was, "now", now, "file", f.Mount)}
}

func (f *folder) remember(mount string) error {
	if err := os.MkdirAll(filepath.Dir(f.Mount), 0o700); err != nil {
		return err
	}
	return os.WriteFile(f.Mount, []byte(f.Dir+"\n"+mount+"\n"), 0o600)
}
