package csvfile

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/readers"
)

func TestTmp(t *testing.T) {
	es, _ := os.ReadDir("../../../shared/corpus/csv")
	for _, e := range es {
		b, _ := os.ReadFile("../../../shared/corpus/csv/" + e.Name())
		tab, err := New().Open(context.Background(), readers.File{Name: e.Name(), Size: int64(len(b)), ReaderAt: strings.NewReader(string(b))}, readers.Settings{})
		if err != nil {
			fmt.Println(e.Name(), "ERR", err)
			continue
		}
		n, p := 0, 0
		var first []string
		var rerr error
		for r, err := range tab.Rows() {
			if err != nil {
				rerr = err
				break
			}
			if n == 0 {
				for _, c := range r.Cells {
					first = append(first, c.Text)
				}
			}
			n++
			if r.Problem != nil {
				p++
			}
		}
		var cols []string
		for _, c := range tab.Columns() {
			cols = append(cols, c.Name)
		}
		s := fmt.Sprintf("%s %v rows=%d bad=%d err=%v cols=%q first=%q d=%q notes=%v", e.Name(), tab.(*opened).text.name, n, p, rerr, cols, first, tab.(*opened).d.delimiter, tab.Notes())
		if len(s) > 400 {
			s = s[:400]
		}
		fmt.Println(s)
	}
}
