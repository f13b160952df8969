package local

import (
	"errors"
	"os"

	"github.com/rowferry/rowferry/batch"
)

// original is an open file whose size is known.
type original struct {
	*os.File
	size int64
}

// Size is how long it was when it was opened.
func (o original) Size() int64 { return o.size }

// OpenFile opens a file to be read. A link is not followed: in a folder that others may write, it could lead to what only we may read.
func OpenFile(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|noFollow, 0) }

// Original is OpenFile for a file that stays as it is. fs.ErrNotExist when there is none.
func Original(path string) (batch.Original, error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return original{f, info.Size()}, nil
}
