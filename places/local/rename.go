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
func Rename(from, to string) error { return rename(spot{name: from}, spot{name: to}) }

func rename(from, to spot) error {
	err := exclusive(from, to)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := linkThenRemove(from, to); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return lookThenRename(from, to)
}

func linkThenRemove(from, to spot) error {
	err := link(from, to)
	switch {
	case err == nil, errors.Is(err, fs.ErrExist) && same(from, to):
		return from.unlink()
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return err
	}
	return errors.ErrUnsupported
}

// lookThenRename is enough where nobody else creates the new name: a folder made for this file alone.
// Of several who move the same source, one wins; the others get fs.ErrNotExist.
func lookThenRename(from, to spot) error {
	if _, err := to.lstat(); err == nil {
		return wrong(from, to, fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replace(from, to)
}

func wrong(from, to spot, err error) error {
	if err == nil {
		return nil
	}
	return &os.LinkError{Op: "rename", Old: from.path(), New: to.path(), Err: err}
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
func same(a, b spot) bool {
	if strings.EqualFold(filepath.Clean(a.path()), filepath.Clean(b.path())) {
		return false
	}
	x, err := a.lstat()
	if err != nil {
		return false
	}
	y, err := b.lstat()
	return err == nil && os.SameFile(x, y)
}
