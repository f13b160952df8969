package csvfile

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/readers"
)

// plainRows is a file as shipment lists are: 20 columns, about 180 bytes a row.
func plainRows(n int, quoted bool) []byte {
	var b bytes.Buffer
	for i := range 20 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "heading %d", i+1)
	}
	b.WriteString("\r\n")
	for r := range n {
		line := fmt.Sprintf("SHP%07d,0,EXT-%d,Shanghai,Rotterdam,MSKU%07d,12,1250.5,KGM,2026-01-05,2026-02-11,ACME Ltd,,,,contact %d,+86 21 5550 %04d,yes,%d,remark",
			r, r, r%10000000, r%97, r%10000, r*7)
		if quoted {
			line = `"` + strings.ReplaceAll(line, ",", `","`) + `"`
		}
		b.WriteString(line)
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

func file(b []byte) readers.File {
	return readers.File{Name: "test.csv", Size: int64(len(b)), ReaderAt: bytes.NewReader(b)}
}

const benchRows = 100_000

func benchmark(b *testing.B, content []byte, s readers.Settings) {
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		t, err := New().Open(context.Background(), file(content), s)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for row, err := range t.Rows() {
			if err != nil || row.Problem != nil {
				b.Fatal(err, row)
			}
			n += len(row.Cells)
		}
		if n != benchRows*20 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

func BenchmarkRows(b *testing.B)       { benchmark(b, plainRows(benchRows, false), readers.Settings{}) }
func BenchmarkQuotedRows(b *testing.B) { benchmark(b, plainRows(benchRows, true), readers.Settings{}) }
func BenchmarkGB18030(b *testing.B) {
	benchmark(b, plainRows(benchRows, false), readers.Settings{Encoding: "gb18030"})
}

func benchmarkStandard(b *testing.B, content []byte) {
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(content))
		r.ReuseRecord = true
		n := 0
		for {
			row, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			n += len(row)
		}
		if n != (benchRows+1)*20 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

func BenchmarkStandardLibrary(b *testing.B)       { benchmarkStandard(b, plainRows(benchRows, false)) }
func BenchmarkStandardLibraryQuoted(b *testing.B) { benchmarkStandard(b, plainRows(benchRows, true)) }
