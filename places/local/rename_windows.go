package local

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// exclusive renames in one step and never overwrites; on Windows every file system can.
func exclusive(from, to spot) error {
	old, err := windows.UTF16PtrFromString(from.path())
	if err != nil {
		return err
	}
	new, err := windows.UTF16PtrFromString(to.path())
	if err != nil {
		return err
	}
	err = windows.MoveFileEx(old, new, windows.MOVEFILE_WRITE_THROUGH)
	if errors.Is(err, windows.ERROR_ALREADY_EXISTS) || errors.Is(err, windows.ERROR_FILE_EXISTS) {
		err = fs.ErrExist
	}
	return wrong(from, to, err)
}

func replace(from, to spot) error { return os.Rename(from.path(), to.path()) }

func link(from, to spot) error { return os.Link(from.path(), to.path()) }

// syncDir has nothing to do: moves are written through, and a folder cannot be opened for syncing here.
func syncDir(string) error { return nil }

func syncHeld(*os.Root) error { return nil }
