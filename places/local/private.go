package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ours are the names of what lies in a data folder, or how they begin. What else is there is not ours.
var ours = []string{"ledger.", "spool", "outgoing", "console", "downloads", "mounts", "unknown", "before-restore-", "restoring", "preview-"}

// Private makes a data folder, and what of ours lies in it, the user's alone that runs rowferry: folders 0700, files 0600, whatever the umask
// is and whatever was there before. What lies in a folder that was so already is not looked through.
func Private(dir string) error {
	if err := Make(dir, 0o700); err != nil {
		return err
	}
	if err := Restrict(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		for _, name := range ours {
			if strings.HasPrefix(e.Name(), name) {
				err = errors.Join(err, tighten(filepath.Join(dir, e.Name())))
				break
			}
		}
	}
	return err
}

// tighten takes from others what rights they have to a thing, and to what lies in a folder that was open to them. Links are left alone.
func tighten(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().IsRegular() && info.Mode().Perm()&0o177 != 0:
		return Restrict(path, 0o600)
	case !info.IsDir():
		return nil
	}
	loose := info.Mode().Perm()&0o077 != 0
	if loose {
		if err := Restrict(path, 0o700); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if loose || e.IsDir() {
			err = errors.Join(err, tighten(filepath.Join(path, e.Name())))
		}
	}
	return err
}
