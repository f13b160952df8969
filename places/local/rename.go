// Package local holds the rename that never overwrites, and the synced folder that makes it last.
package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Rename moves a file on one device to a name that must be free: fs.ErrExist when it is not, fs.ErrNotExist when
// the source is gone. Where the file system cannot rename so in one step, the file is linked under the new name and
// the old name removed; killed between the two, both names hold the same file, and calling Rename again ends it.
// Only where there are no links either (some FUSE and FAT mounts) it looks first and then renames.
func Rename(from, to string) error {
	err := Exclusive(from, to)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := linkThenRemove(from, to); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return LookThenRename(from, to)
}

func linkThenRemove(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil, errors.Is(err, fs.ErrExist) && same(from, to):
		return os.Remove(from)
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return err
	}
	return errors.ErrUnsupported
}

// LookThenRename is enough where nobody else creates the new name: a folder made for this file alone.
// Of several who move the same source, one wins; the others get fs.ErrNotExist.
func LookThenRename(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}

// SyncDirs makes what was created in, moved into or removed from these folders outlast a power cut.
func SyncDirs(dirs ...string) error {
	for _, dir := range dirs {
		if err := syncDir(dir); err != nil {
			return fmt.Errorf("sync folder %s: %w", dir, err)
		}
	}
	return nil
}

// same reports whether two names that differ in more than letter case are links to one file.
func same(a, b string) bool {
	if strings.EqualFold(filepath.Clean(a), filepath.Clean(b)) {
		return false
	}
	x, err := os.Lstat(a)
	if err != nil {
		return false
	}
	y, err := os.Lstat(b)
	return err == nil && os.SameFile(x, y)
}
