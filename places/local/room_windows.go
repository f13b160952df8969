package local

import "golang.org/x/sys/windows"

// Room is how many bytes a user without privileges may still write on the disk of a folder.
func Room(dir string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free, total, all uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, &total, &all)
	return free, err
}
