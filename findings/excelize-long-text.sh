#!/usr/bin/env bash
# github.com/xuri/excelize/v2 v2.11.0: a text longer than a cell may hold is cut without a word.
#
# SetCellValue and the StreamWriter return no error, though the package has one for it (ErrCellCharsLength), which SetCellRichText returns. Who writes
# a long message into a report loses its end and cannot know.
#
# Seen (Go 1.26, Linux), a text of 40,000 letters:
#   SetCellValue: error <nil>, 32767 letters are there
#   StreamWriter.SetRow: error <nil>, 32767 letters are there
#   SetCellRichText: error "cell value must be 0-32767 characters"
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module finding
go 1.26
require github.com/xuri/excelize/v2 v2.11.0
M
cat > main.go <<'M'
package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	long := strings.Repeat("a", 40_000)
	f := excelize.NewFile()
	fmt.Print("SetCellValue: error ", f.SetCellValue("Sheet1", "A1", long), ", ", len(must(f.GetCellValue("Sheet1", "A1"))), " letters are there\n")
	g := excelize.NewFile()
	w := must(g.NewStreamWriter("Sheet1"))
	err := w.SetRow("A1", []any{long})
	if err := w.Flush(); err != nil {
		panic(err)
	}
	g = must(excelize.OpenReader(bytes.NewReader(must(g.WriteToBuffer()).Bytes())))
	fmt.Print("StreamWriter.SetRow: error ", err, ", ", len(must(g.GetCellValue("Sheet1", "A1"))), " letters are there\n")
	fmt.Printf("SetCellRichText: error %q\n", fmt.Sprint(f.SetCellRichText("Sheet1", "B1", []excelize.RichTextRun{{Text: long}})))
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
SetCellValue: error <nil>, 32767 letters are there
StreamWriter.SetRow: error <nil>, 32767 letters are there
SetCellRichText: error "cell value must be 0-32767 characters"
M
