package outbox

import (
	"bytes"
	"errors"
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

var errDiffers = errors.New("the content differs")

// comparing is a writer that compares what it is given with the content.
type comparing struct {
	content io.ReaderAt
	at      int64
	buf     []byte
}

func (c *comparing) Write(b []byte) (int, error) {
	if cap(c.buf) < len(b) {
		c.buf = make([]byte, len(b))
	}
	n, err := c.content.ReadAt(c.buf[:len(b)], c.at)
	if err != nil && err != io.EOF {
		return 0, err
	}
	if !bytes.Equal(c.buf[:n], b) {
		return 0, errDiffers
	}
	c.at += int64(len(b))
	return len(b), nil
}
