//go:build !linux

package local

import "syscall"

// allocate keeps nothing.
func allocate(uintptr, int64) error { return syscall.ENOTSUP }
