package local

import (
	"io/fs"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// remote are the file systems whose changes by others cause no events here.
var remote = map[uint32]string{
	0x6969:     "NFS",
	0x517b:     "SMB",
	0xfe534d42: "SMB",
	0xff534d42: "SMB",
	0x65735546: "FUSE",
	0x01021997: "9p",
	0x5346414f: "AFS",
	0x00c36400: "Ceph",
	0x73757245: "Coda",
	0x564c:     "NCP",
	0x0bd00bd0: "Lustre",
	0x47504653: "GPFS",
	0x01161970: "GFS2",
	0x7461636f: "OCFS2",
}

// Networked names the kind of network file system that holds a folder, whose changes by others cause no events here; "" for none.
func Networked(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return ""
	}
	return remote[uint32(s.Type)]
}

// kept are the file systems of this machine's own disks and memory, which note each change of a folder.
var kept = []uint32{unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, 0x2fc12fc1 /* ZFS */}

// steady reports whether the time of a folder's last change tells all that comes to it and goes.
func steady(dir string) bool {
	var s unix.Statfs_t
	return unix.Statfs(dir, &s) == nil && slices.Contains(kept, uint32(s.Type))
}

// changed is when something last came to a folder, went, or was set about it.
func changed(info fs.FileInfo) (time.Time, bool) {
	s, told := info.Sys().(*syscall.Stat_t)
	if !told {
		return time.Time{}, false
	}
	return time.Unix(s.Ctim.Unix()), true
}
