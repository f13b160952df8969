//go:build !windows

package local

import (
	"errors"
	"os"
	"syscall"
)

// syncDir syncs one folder.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return synced(f)
}

// syncHeld syncs a folder that is held.
func syncHeld(in *os.Root) error {
	f, err := in.Open(".")
	if err != nil {
		return err
	}
	return synced(f)
}

// synced syncs and closes a folder. File systems that cannot sync folders (some network and FUSE mounts) say EINVAL or
// ENOTSUP; there is nothing more to do on them.
func synced(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
