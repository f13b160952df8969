package workbook_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/readers/readerstest"
)

// An OpenDocument workbook that is too large to be kept unpacked is read as a stream, also its last sheet: every row, in the memory that
// any file has.
func TestLargeOpenDocument(t *testing.T) {
	const sheets, rows = 3, 30_000 // about 15 MiB each
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	size := 0
	for _, part := range []string{"mimetype", "content.xml"} {
		w, err := z.Create(part)
		if err != nil {
			t.Fatal(err)
		}
		write := func(text string) {
			size += len(text)
			if _, err := io.WriteString(w, text); err != nil {
				t.Fatal(err)
			}
		}
		if part == "mimetype" {
			write("application/vnd.oasis.opendocument.spreadsheet")
			continue
		}
		begin, end, _ := strings.Cut(odsContent("|"), "|")
		write(begin)
		for s := range sheets {
			write(fmt.Sprintf(`<table:table table:name="sheet %d">`, s+1))
			for r := range rows {
				write("<table:table-row>")
				for c := range 5 {
					write(fmt.Sprintf(`<table:table-cell office:value-type="string" calcext:value-type="string"><text:p>%d</text:p></table:table-cell>`, (r*7919+c*104729+s)*31))
				}
				write("</table:table-row>")
			}
			write("</table:table>")
		}
		write(end)
	}
	if err := z.Close(); err != nil || size <= 32<<20 {
		t.Fatal(size, err)
	}
	defer readerstest.Weigh().Check(t)
	f := file("large.ods", b.Bytes())
	r, err := formats.Of(f)
	if err != nil {
		t.Fatal(err)
	}
	table, err := r.Open(t.Context(), f, readers.Settings{Sheet: "sheet 3", Header: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	read := 0
	for row, err := range table.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint((read*7919 + 4*104729 + 2) * 31); row.Number != read+1 || row.Cells[4].Text != want {
			t.Fatalf("row %d: %q, want %s", row.Number, row.Cells[4].Text, want)
		}
		read++
	}
	if read != rows {
		t.Errorf("%d rows were read, %d written", read, rows)
	}
}
