package local

import (
	"errors"
	"os"
)

// Reserve has a file of ours keep so much room on its disk: whoever removes it has that room. It is the disk's error when there is not
// so much, and errors.ErrUnsupported where room cannot be kept.
func Reserve(path string, size int64) error {
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && info.Size() == size {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(allocate(f.Fd(), size), f.Close())
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}
