//go:build !windows

package local

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// between gives an action the numbers of the two folders that are held.
func between(from, to spot, do func(a, b int) error) error {
	a, err := from.folder()
	if err != nil {
		return err
	}
	defer a.release()
	b, err := to.folder()
	if err != nil {
		return err
	}
	defer b.release()
	err = do(a.number, b.number)
	for errors.Is(err, unix.EINTR) {
		err = do(a.number, b.number)
	}
	return err
}

// numbered is a folder that is held, by its number.
type numbered struct {
	number int
	file   *os.File // nil: paths are as they are
}

func (n numbered) release() {
	if n.file != nil {
		_ = n.file.Close()
	}
}

func (s spot) folder() (numbered, error) {
	if s.in == nil {
		return numbered{number: unix.AT_FDCWD}, nil
	}
	dir, err := s.in.Open(".")
	if err != nil {
		return numbered{}, err
	}
	return numbered{int(dir.Fd()), dir}, nil
}

func replace(from, to spot) error {
	return wrong(from, to, between(from, to, func(a, b int) error { return unix.Renameat(a, from.name, b, to.name) }))
}

func link(from, to spot) error {
	return wrong(from, to, between(from, to, func(a, b int) error { return unix.Linkat(a, from.name, b, to.name, 0) }))
}
