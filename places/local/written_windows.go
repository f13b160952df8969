package local

import (
	"errors"

	"golang.org/x/sys/windows"
)

// written reports whether any program has the file open for writing: then it may not be opened by one that shares it with readers only. Nor may
// it be moved where a program, though it only reads, lets nobody move what it reads: who asks for that right is refused, too.
func written(at spot) (busy, known bool) {
	name, err := windows.UTF16PtrFromString(at.path())
	if err != nil {
		return false, false
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.DELETE, windows.FILE_SHARE_READ|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return errors.Is(err, windows.ERROR_SHARING_VIOLATION), true
	}
	return false, windows.CloseHandle(h) == nil
}
