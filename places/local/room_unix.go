//go:build !windows

package local

import "golang.org/x/sys/unix"

// Room is how many bytes a user without privileges may still write on the disk of a folder.
func Room(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
