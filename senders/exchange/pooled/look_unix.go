//go:build unix

package pooled

import (
	"errors"
	"io"
	"syscall"
)

const canLook = true

// lookAt reads what has come; errNothing where that is nothing, io.EOF where nothing will.
func lookAt(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), p)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return 0, errNothing
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}
