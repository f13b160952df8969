//go:build !linux && !darwin && !windows

package local

import "errors"

// Exclusive says errors.ErrUnsupported on this system: use Rename or LookThenRename.
func Exclusive(from, to string) error { return errors.ErrUnsupported }
