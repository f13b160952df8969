#!/usr/bin/env bash
# github.com/pkg/sftp v1.13.12, its client with its own server (NewServer): appending overwrites the beginning, and a plain rename replaces.
#
# The client passes O_APPEND on and sends offsets from 0; the server leaves the flag out and writes at the offsets. Each is enough for
# somebody: OpenSSH's server puts what comes behind the end whatever the offset. With each other the new line stands over the first one, and
# nobody returns an error. Likewise the client has PosixRename for a move that replaces, so that Rename, as the protocol says and OpenSSH does,
# may be trusted to fail where the name is taken; this server moves over it all the same. Tests against it pass where production loses files, or
# the other way round. (That servers treat the flag in different ways is known; that one package's halves do not fit is not.)
#
# Seen (Go 1.26, Linux):
#   append "two\n" to "first\n": error <nil>, the file holds "two\nt\n"
#   rename new over old: error <nil>, old holds "new"
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
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/pkg/sftp"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	ours, theirs := net.Pipe()
	server := must(sftp.NewServer(theirs))
	go server.Serve()
	client := must(sftp.NewClientPipe(ours, ours))
	here := must(os.Getwd())
	path := func(name, content string) string {
		p := filepath.Join(here, name)
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			panic(err)
		}
		return p
	}
	log := path("log", "first\n")
	f := must(client.OpenFile(log, os.O_WRONLY|os.O_APPEND))
	_, err := f.Write([]byte("two\n"))
	if err := f.Close(); err != nil {
		panic(err)
	}
	fmt.Printf("append: error %v, the file holds %q\n", err, must(os.ReadFile(log)))
	old := path("old", "old")
	err = client.Rename(path("new", "new"), old)
	fmt.Printf("rename: error %v, old holds %q\n", err, must(os.ReadFile(old)))
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
append: error <nil>, the file holds "two\nt\n"
rename: error <nil>, old holds "new"
M
