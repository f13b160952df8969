package local

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Exclusive renames in one step and never overwrites, or says errors.ErrUnsupported: use Rename or LookThenRename.
func Exclusive(from, to string) error {
	switch err := unix.RenamexNp(from, to, unix.RENAME_EXCL); err {
	case nil:
		return nil
	case unix.ENOTSUP, unix.EINVAL, unix.ENOSYS:
		return errors.ErrUnsupported
	default:
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
}
