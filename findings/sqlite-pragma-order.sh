#!/usr/bin/env bash
# modernc.org/sqlite v1.60.1: the _pragma parameters of a data source are not run in the order in which they stand there, but sorted by
# their text (busy_timeout before all others).
#
# So page_size(8192) followed by journal_mode(WAL) makes a new database with pages of 4096 bytes: the journal's mode is set first, and a
# database in WAL mode does not change the size of its pages. Nothing is said. For the same reason synchronous(OFF) comes after the journal's
# mode has been written with syncs. Where the order counts, the statements go over one connection by hand.
#
# Seen (Go 1.26, Linux), a new file, then CREATE TABLE and PRAGMA page_size:
#   page_size(8192), journal_mode(WAL): 4096, wal · page_size(8192) alone: 8192, delete · the same two statements by hand, in this order: 8192, wal
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module finding
go 1.26
require modernc.org/sqlite v1.60.1
M
cat > main.go <<'M'
package main

import (
	"database/sql"
	"fmt"

	_ "modernc.org/sqlite"
)

func main() {
	for name, statements := range []string{"", "", "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;"} {
		source := []string{"?_pragma=page_size(8192)&_pragma=journal_mode(WAL)", "?_pragma=page_size(8192)", ""}[name]
		db, err := sql.Open("sqlite", fmt.Sprintf("file:%d.db%s", name, source))
		if err != nil {
			panic(err)
		}
		db.SetMaxOpenConns(1)
		if _, err := db.Exec(statements + "CREATE TABLE t (a)"); err != nil {
			panic(err)
		}
		var size int
		var mode string
		if err := db.QueryRow("PRAGMA page_size").Scan(&size); err != nil {
			panic(err)
		}
		if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil {
			panic(err)
		}
		fmt.Println(size, mode)
		db.Close()
	}
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
4096 wal
8192 delete
8192 wal
M
