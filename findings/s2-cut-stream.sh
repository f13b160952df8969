#!/usr/bin/env bash
# github.com/klauspost/compress v1.20.1: of the packings in this module, a stream of s2 has no end, so one that lacks its second half reads as whole.
#
# A writer that flushes now and then, and is killed before it closes, leaves a file that ends behind a block. The readers of gzip and zstd then return
# io.ErrUnexpectedEOF, s2's (and snappy's) io.EOF: io.ReadAll gives what there is and no error. An empty file is a whole stream too. The
# framing has no mark of the end, checksums are of single blocks, and neither WriterAddIndex nor its documents change or say that. Who must know
# writes the length, or an end of his own.
#
# Seen (Go 1.26, Linux), "rows 1 to 1000" flushed, "rows 1001 to 2000" closed; the file is cut where it was flushed:
#   gzip "rows 1 to 1000", unexpected EOF · zstd "rows 1 to 1000", unexpected EOF · s2 "rows 1 to 1000", <nil>
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module finding
go 1.26
require github.com/klauspost/compress v1.20.1
M
cat > main.go <<'M'
package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type writer interface {
	io.WriteCloser
	Flush() error
}

func main() {
	for _, kind := range []struct {
		name  string
		write func(io.Writer) writer
		read  func(io.Reader) io.Reader
	}{
		{"gzip", func(w io.Writer) writer { return gzip.NewWriter(w) }, func(r io.Reader) io.Reader { return must(gzip.NewReader(r)) }},
		{"zstd", func(w io.Writer) writer { return must(zstd.NewWriter(w)) }, func(r io.Reader) io.Reader { return must(zstd.NewReader(r)) }},
		{"s2", func(w io.Writer) writer { return s2.NewWriter(w) }, func(r io.Reader) io.Reader { return s2.NewReader(r) }},
		{"s2 with an index", func(w io.Writer) writer { return s2.NewWriter(w, s2.WriterAddIndex()) }, func(r io.Reader) io.Reader { return s2.NewReader(r) }},
	} {
		var file bytes.Buffer
		w := kind.write(&file)
		must(io.WriteString(w, "rows 1 to 1000 "))
		if err := w.Flush(); err != nil {
			panic(err)
		}
		flushed := file.Len()
		must(io.WriteString(w, "rows 1001 to 2000"))
		if err := w.Close(); err != nil {
			panic(err)
		}
		got, err := io.ReadAll(kind.read(bytes.NewReader(file.Bytes()[:flushed])))
		fmt.Printf("%s: %q, %v\n", kind.name, got, err)
	}
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
gzip: "rows 1 to 1000 ", unexpected EOF
zstd: "rows 1 to 1000 ", unexpected EOF
s2: "rows 1 to 1000 ", <nil>
s2 with an index: "rows 1 to 1000 ", <nil>
M
