package local

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// written reports whether any program has the file open for writing. The kernel gives a read lease only where nobody has: to a file's owner,
// or to root. On network file systems it knows of this machine alone, and some refuse for other reasons: then it is not known.
func written(at spot) (busy, known bool) {
	f, err := at.open(os.O_RDONLY, 0)
	if err != nil {
		return false, true
	}
	defer f.Close()
	if remote[kindOf(f)] != "" {
		return false, false
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	if err != nil {
		return errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EAGAIN)
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	return false, err == nil
}

// kindOf is the kind of file system that a file lies on; 0 when that is not known.
func kindOf(f *os.File) uint32 {
	var s unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &s) != nil {
		return 0
	}
	return uint32(s.Type)
}
