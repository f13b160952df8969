package main

import (
	"context"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

// Every file of the corpus is read or refused as it should be.
func TestCorpus(t *testing.T) {
	results, err := judgeAll(context.Background(), "../../../shared/corpus", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(results) < 100 {
		t.Fatalf("only %d files", len(results))
	}
	var b strings.Builder
	if misses := report(&b, results, false); misses > 0 {
		t.Errorf("%d misses\n%s", misses, b.String())
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
