package local

import "syscall"

// allocate has room of that size kept for a file.
func allocate(fd uintptr, size int64) error { return syscall.Fallocate(int(fd), 0, 0, size) }
