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

// Original opens a file to be read. fs.ErrNotExist when there is none.
func Original(path string) (batch.Original, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return original{f, info.Size()}, nil
}
