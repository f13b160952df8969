package local

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exclusive renames in one step and never overwrites, or says errors.ErrUnsupported: use rename or lookThenRename.
func exclusive(from, to spot) error {
	err := between(from, to, func(a, b int) error {
		return unix.Renameat2(a, from.name, b, to.name, unix.RENAME_NOREPLACE)
	})
	switch err {
	case unix.ENOSYS, unix.EINVAL, unix.EOPNOTSUPP:
		return errors.ErrUnsupported
	}
	return wrong(from, to, err)
}
