//go:build !linux && !darwin && !windows

package local

import "errors"

// exclusive says errors.ErrUnsupported on this system: use rename or lookThenRename.
func exclusive(_, _ spot) error { return errors.ErrUnsupported }
