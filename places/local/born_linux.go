package local

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Born tells a file from its copies: when it was made on its file system, as that notes it; "" where it is not known. A file that is moved or
// written to keeps it.
func Born(path string) string {
	var s unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_BTIME, &s) != nil || s.Mask&unix.STATX_BTIME == 0 || !steady(path) {
		return ""
	}
	return strconv.FormatInt(s.Btime.Sec, 10) + "." + strconv.FormatUint(uint64(s.Btime.Nsec), 10)
}
