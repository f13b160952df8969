package readers

import (
	"errors"
	"io/fs"
	"os"
)

// Scratch is a file for what is unpacked. It is gone when it is closed.
type Scratch struct{ *os.File }

// NewScratch makes one among the temporary files.
func NewScratch() (Scratch, error) {
	f, err := os.CreateTemp("", "rowferry-*")
	if err == nil {
		_ = os.Remove(f.Name()) // where the system lets a file go on without its name, a kill leaves nothing
	}
	return Scratch{f}, err
}

// Close removes it.
func (s Scratch) Close() error {
	err := s.File.Close()
	if gone := os.Remove(s.Name()); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
