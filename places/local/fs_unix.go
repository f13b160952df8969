//go:build !windows

package local

import (
	"io/fs"
	"os"
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

// owners are the user and the group that own it, by number.
func owners(info fs.FileInfo) (user, group int, known bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(s.Uid), int(s.Gid), true
}

// alone reports whether a file has no other name.
func alone(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && s.Nlink == 1
}

// writable says why files cannot be moved out of dir.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

// Restrict gives a file or folder of ours the rights of a mode.
func Restrict(path string, mode fs.FileMode) error { return os.Chmod(path, mode) }
