package batch

import "io"

// Original is a file's content as its sender wrote it, opened to be read, also by several at a time.
type Original interface {
	io.ReaderAt
	io.Closer
	Size() int64
}
