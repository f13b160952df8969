// Package corpus judges the readers by files that other people wrote: it reads every file of a corpus with the reader that its
// content asks for, and compares the rows with what is expected. A file that must be read and is refused, garbled, shortened or shifted is a
// miss, and so is one that must be refused and is read, or refused for the wrong reason.
package corpus

import (
	"flag"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

var dir = flag.String("corpus", "../../../shared/corpus", "the corpus: a folder with MANIFEST.tsv")

// Every file of the corpus is read or refused as it should be.
func TestCorpus(t *testing.T) {
	results, err := judgeAll(t.Context(), *dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) < 100 {
		t.Fatalf("only %d files", len(results))
	}
	report(t, results)
}

// report logs the score by format and verdict, with -v also what was remarked, and fails for each miss.
func report(t *testing.T, results []result) {
	type line struct{ format, verdict string }
	var order []line
	right, total := map[line]int{}, map[line]int{}
	for _, r := range results {
		l := line{r.format, r.Verdict}
		if total[l] == 0 {
			order = append(order, l)
		}
		total[l]++
		if r.miss != "" {
			t.Errorf("%s (%s): %s", r.Path, r.Verdict, r.miss)
			continue
		}
		right[l]++
		if len(r.remarks) > 0 {
			t.Logf("%s (%s): %s", r.Path, r.Verdict, strings.Join(r.remarks, "; "))
		}
	}
	for _, l := range order {
		t.Logf("%-5s %-30s %3d of %3d", l.format, l.verdict, right[l], total[l])
	}
}

// A judge that finds nothing is worth nothing: each of these must be a miss.
func TestJudgeFindsMisses(t *testing.T) {
	read := &taken{
		columns: columns("a", "b"),
		rows:    map[int]row{2: {cells: cells("1", "2")}, 3: {cells: cells("3", "5")}},
		order:   []int{2, 3},
	}
	for name, truth := range map[string]csvTruth{
		"another value": {Total: 3, Heading: []byte("0"), Rows: [][]string{{"a", "b"}, {"1", "2"}, {"3", "4"}}},
		"a lost row":    {Total: 4, Heading: []byte("0"), Rows: [][]string{{"a", "b"}, {"1", "2"}, {"3", "5"}, {"6", "7"}}},
		"a shifted row": {Total: 3, Heading: []byte("0"), Rows: [][]string{{"a", "b"}, {"", "1", "2"}, {"3", "5"}}},
		"the heading":   {Total: 3, Heading: []byte("1"), Rows: [][]string{{"x", "y"}, {"a", "b"}, {"3", "5"}}},
	} {
		r := result{entry: entry{Verdict: mustRead}}
		judgeRecords(&r, &truth, read)
		if r.miss == "" {
			t.Errorf("%s is not found", name)
		}
	}
	r := result{entry: entry{Verdict: mustRead}}
	judgeRecords(&r, &csvTruth{Total: 3, Heading: []byte("0"), Rows: [][]string{{"a", "b"}, {"1", "2"}, {"3", "5"}}}, read)
	if r.miss != "" {
		t.Error(r.miss)
	}
}

func columns(names ...string) []batch.Column {
	var out []batch.Column
	for _, n := range names {
		out = append(out, batch.Column{Name: n})
	}
	return out
}

func cells(texts ...string) []batch.Cell {
	var out []batch.Cell
	for _, s := range texts {
		out = append(out, batch.Cell{Text: s, Kind: batch.String})
	}
	return out
}
