package outbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckName refuses names that are no plain file names.
func CheckName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > 255 || !utf8.ValidString(name) ||
		strings.ContainsAny(name, `/\`) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("outbox: %q is not a file name", name)
	}
	return nil
}

// Same reports whether r, which is size bytes long, holds exactly the content. It moves nothing.
func Same(r io.Reader, size int64, content Content) (bool, error) {
	length, err := Size(content)
	if err != nil || length != size {
		return false, err
	}
	a, b := make([]byte, 256<<10), make([]byte, 256<<10)
	for at := int64(0); at < length; {
		n := min(int64(len(a)), length-at)
		if _, err := io.ReadFull(r, a[:n]); err == io.EOF || err == io.ErrUnexpectedEOF {
			return false, nil // it shrank meanwhile
		} else if err != nil {
			return false, err
		}
		if _, err := content.ReadAt(b[:n], at); err != nil && err != io.EOF {
			return false, err
		}
		if !bytes.Equal(a[:n], b[:n]) {
			return false, nil
		}
		at += n
	}
	return true, nil
}

// Size is the length of the content; its position stays where it was.
func Size(content Content) (int64, error) {
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	size, err := content.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	_, err = content.Seek(at, io.SeekStart)
	return size, err
}

// Until reads from r until the context ends.
func Until(ctx context.Context, r io.Reader) io.Reader { return &until{ctx, r} }

type until struct {
	ctx context.Context
	r   io.Reader
}

func (u *until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}
