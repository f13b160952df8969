//go:build !windows

package local

import (
	"errors"
	"os"
	"syscall"
)

// syncDir syncs one folder. File systems that cannot sync folders (some network and FUSE mounts) say EINVAL or
// ENOTSUP; there is nothing more to do on them.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
