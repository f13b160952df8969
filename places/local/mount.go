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
	if f.Mount == "" {
		return nil
	}
	known, err := Remounted(f.Dir, f.Mount)
	if now := mountOf(f.Dir); err == nil && !known && now != "" {
		return f.remember(now)
	}
	return err
}

// Remounted is a *places.Trouble when a folder lies on another file system than the file remembers. known is false where that remembers
// nothing of this folder. It changes nothing.
func Remounted(dir, file string) (known bool, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	of, was, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	now := mountOf(dir)
	switch {
	case of != dir: // the route names another folder now
		return false, nil
	case now == "" || was == now:
		return true, nil
	}
	return true, &places.Trouble{Message: words.Message("place.remounted", "dir", dir, "was", was, "now", now, "file", file)}
}

func (f *folder) remember(mount string) error {
	if err := os.MkdirAll(filepath.Dir(f.Mount), 0o700); err != nil {
		return err
	}
	return os.WriteFile(f.Mount, []byte(f.Dir+"\n"+mount+"\n"), 0o600)
}
