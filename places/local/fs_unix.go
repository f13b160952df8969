//go:build !windows

package local

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// node is the file's inode.
func node(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}

// writable says why files cannot be moved out of dir.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }
