package local

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exclusive renames in one step and never overwrites, or says errors.ErrUnsupported: use rename or lookThenRename.
func exclusive(from, to spot) error {
	err := between(from, to, func(a, b int) error {
		return unix.RenameatxNp(a, from.name, b, to.name, unix.RENAME_EXCL)
	})
	switch err {
	case unix.ENOTSUP, unix.EINVAL, unix.ENOSYS:
		return errors.ErrUnsupported
	}
	return wrong(from, to, err)
}
