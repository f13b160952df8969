#!/usr/bin/env bash
# github.com/pkg/sftp v1.13.12: what a server does not say of a file is told as if it had said zero.
#
# Version 3 of the protocol lets a server leave out size, permissions and times of a file (a flag tells which are there). The client's FileInfo then
# has Size() 0, a mode of a plain file and a time of 1970, like an empty file's; Sys() is a *FileStat without the flags. Who takes a file that is
# not empty for one that has not been written yet waits for ever; who takes a folder for a file opens it.
#
# Seen (Go 1.26, Linux), a server that answers STAT with no attribute at all:
#   size 0, mode ----------, regular true, folder false, modified 1970-01-01T00:00:00Z, error <nil>
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module finding
go 1.26
require github.com/pkg/sftp v1.13.12
M
cat > main.go <<'M'
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/pkg/sftp"
)

// serve answers INIT with version 3, and every other request with ATTRS without any attribute.
func serve(conn net.Conn) {
	for {
		var head [5]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:4])-1)
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		if head[4] == 1 {
			conn.Write([]byte{0, 0, 0, 5, 2, 0, 0, 0, 3})
			continue
		}
		conn.Write(append(append([]byte{0, 0, 0, 9, 105}, body[:4]...), 0, 0, 0, 0))
	}
}

func main() {
	ours, theirs := net.Pipe()
	go serve(theirs)
	client, err := sftp.NewClientPipe(ours, ours)
	if err != nil {
		panic(err)
	}
	info, err := client.Stat("orders.csv")
	fmt.Printf("size %d, mode %s, regular %t, folder %t, modified %s, error %v\n", info.Size(), info.Mode(), info.Mode().IsRegular(), info.IsDir(),
		info.ModTime().UTC().Format(time.RFC3339), err)
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
size 0, mode ----------, regular true, folder false, modified 1970-01-01T00:00:00Z, error <nil>
M
