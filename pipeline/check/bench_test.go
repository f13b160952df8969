package check_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
)

// A small file costs what finding out how it is written costs: each dialect is tried, and the route asked what it knows of the lines.
func BenchmarkSmall(b *testing.B) {
	r := parcels(b)
	for name, content := range parcelFiles(b, 30) {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), name)
			if err := os.WriteFile(path, content, 0o644); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				f, err := check.File(b.Context(), r, path, name, nil)
				if err != nil || f.Sendable != 30 {
					b.Fatal(err, f)
				}
			}
		})
	}
}

// Reading alone, with all that a route wants of it.
func BenchmarkReading(b *testing.B) {
	r := parcels(b)
	for _, rows := range []int{30, 20_000} {
		for name, content := range parcelFiles(b, rows) {
			b.Run(fmt.Sprint(rows, "/", name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f := readers.File{Name: name, Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}
					reader, err := formats.Of(f)
					if err != nil {
						b.Fatal(err)
					}
					t, err := reader.Open(b.Context(), f, r.Read)
					if err != nil {
						b.Fatal(err)
					}
					n := 0
					for _, err := range t.Rows() {
						if n++; err != nil {
							b.Fatal(err)
						}
					}
					if err := t.Close(); err != nil || n != rows {
						b.Fatal(n, err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
			})
		}
	}
}

func parcels(b *testing.B) *route.Route {
	cfg, err := pipeline.Load("testdata/rowferry.yaml")
	if err != nil {
		b.Fatal(err)
	}
	routes, err := pipeline.Routes(cfg, "")
	if err != nil {
		b.Fatal(err)
	}
	return routes["parcel"]
}

// parcelFiles are the same rows as text, as a workbook and as XML.
func parcelFiles(b *testing.B, rows int) map[string][]byte {
	heading := []string{"Order", "Name", "Phone", "City", "ZIP", "Weight", "Note"}
	var text, document, book bytes.Buffer
	text.WriteString(strings.Join(heading, ",") + "\n")
	document.WriteString("<parcels>")
	x := excelize.NewFile()
	defer x.Close()
	sheet, err := x.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	line := func(n int, values []string) {
		cells := make([]any, len(values))
		for i, v := range values {
			cells[i] = v
		}
		at, _ := excelize.CoordinatesToCellName(1, n)
		if err := sheet.SetRow(at, cells); err != nil {
			b.Fatal(err)
		}
	}
	line(1, heading)
	for i := range rows {
		values := []string{fmt.Sprint("A-", i), "Ann Smith", fmt.Sprintf("13800%06d", i), "Berlin", "01067", fmt.Sprint(i%50, ".5"), fmt.Sprint("note ", i)}
		text.WriteString(strings.Join(values, ",") + "\n")
		line(i+2, values)
		document.WriteString("<parcel>")
		for k, v := range values {
			fmt.Fprintf(&document, "<%[1]s>%[2]s</%[1]s>", heading[k], v)
		}
		document.WriteString("</parcel>\n")
	}
	document.WriteString("</parcels>")
	if err := sheet.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := x.Write(&book); err != nil {
		b.Fatal(err)
	}
	return map[string][]byte{"a.csv": text.Bytes(), "a.xlsx": book.Bytes(), "a.xml": document.Bytes()}
}
