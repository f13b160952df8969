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

// renumbering are the file systems that give a file another inode when it is moved, or when they forgot about it meanwhile: most that are
// programs (of an object store or a cloud, by the file's path), Windows shares that tell no numbers, and the FAT family.
var renumbering = []uint32{unix.FUSE_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.MSDOS_SUPER_MAGIC, unix.EXFAT_SUPER_MAGIC}

// staying is whether inodes stay on a device.
type staying struct {
	device uint64
	stay   bool
}

// numbersStay reports whether a file in the folder keeps its inode as long as it is there.
func (f *folder) numbersStay(info fs.FileInfo) bool {
	s, told := info.Sys().(*syscall.Stat_t)
	if !told {
		return false
	}
	if known := f.staying.Load(); known != nil && known.device == uint64(s.Dev) {
		return known.stay
	}
	var kind unix.Statfs_t
	stay := unix.Statfs(f.Dir, &kind) != nil || !slices.Contains(renumbering, uint32(kind.Type))
	f.staying.Store(&staying{uint64(s.Dev), stay})
	return stay
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
