#!/usr/bin/env bash
# github.com/xuri/excelize/v2 v2.11.0: a formula of a data validation goes into the sheet as it is, so "<" makes it no XML.
#
# AddDataValidation and WriteTo return no error for Formula1 = "AND(A1>=0,A1<5)"; what is written cannot be parsed, and excelize's own
# GetDataValidations says so. SetDropList, SetRange of a list and the formulas of conditional formats escape for the caller, so there "&lt;" would be wrong,
# and here it is what the caller must write.
#
# Seen (Go 1.26, Linux):
#   written    <formula1>AND(A1>=0,A1<5)</formula1>
#   read again XML syntax error on line 2: invalid XML name: 5
#   conditional format of the same text: <formula>A1&lt;5</formula>
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
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"regexp"

	"github.com/xuri/excelize/v2"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	f := excelize.NewFile()
	validation := excelize.NewDataValidation(true)
	validation.Sqref, validation.Type, validation.Formula1 = "A1:A9", "custom", "AND(A1>=0,A1<5)"
	fmt.Println("added:", f.AddDataValidation("Sheet1", validation))
	fmt.Println("format:", f.SetConditionalFormat("Sheet1", "B1", []excelize.ConditionalFormatOptions{{Type: "formula", Criteria: "A1<5"}}))
	written := must(f.WriteToBuffer()).Bytes()
	sheet := must(must(zip.NewReader(bytes.NewReader(written), int64(len(written)))).Open("xl/worksheets/sheet1.xml"))
	for _, formula := range regexp.MustCompile(`<formula1?>.*?</formula1?>`).FindAll(must(io.ReadAll(sheet)), -1) {
		fmt.Printf("%s\n", formula)
	}
	_, err := must(excelize.OpenReader(bytes.NewReader(written))).GetDataValidations("Sheet1")
	fmt.Println("read again:", err)
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
added: <nil>
format: <nil>
<formula>A1&lt;5</formula>
<formula1>AND(A1>=0,A1<5)</formula1>
read again: XML syntax error on line 2: invalid XML name: 5
M
