package mappers_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/mappers"
)

// The same rows in every run, unless -rapid.seed says otherwise.
func init() {
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err)
	}
}

// However rows look, each row number is in exactly one item, items come in the order of their first rows with rising
// Seq, row numbers rise within an item, and only items without problems have a body.
func TestEveryRowIsInOneItem(t *testing.T) {
	shapes := []struct {
		operation string
		headings  []string
		set       mappers.Settings
	}{
		{"pay", []string{"Request", "Customer", "Date of birth", "Amount", "Note"}, mappers.Settings{}},
		{"remove", []string{"Reference", "Type", "External code"}, mappers.Settings{}},
		{"bill", []string{"HBL", "SCAC", "Arrival", "Goods", "UN number", "Contact"}, mappers.Settings{}},
		{"merge", []string{"Order", "Comment", "Master"}, mappers.Settings{Group: "Master"}},
	}
	texts := rapid.SampledFrom([]string{"", "", " ", "1", "2", "A", "a", "ABCD", "2026-12-01", "2026/12/2", "1234", "x y", "0.5", "\u3000", "\"<&\n", "-"})
	kinds := rapid.SampledFrom([]batch.Kind{batch.String, batch.String, batch.String, batch.Number, batch.Faulty})
	for _, shape := range shapes {
		m, err := mappers.Compile(operation(t, shape.operation), shape.set)
		if err != nil {
			t.Fatal(err)
		}
		var columns []batch.Column
		for i, h := range shape.headings {
			columns = append(columns, batch.Column{Name: h, Ref: string(rune('A' + i))})
		}
		b, err := m.Bind(columns)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(shape.operation, rapid.MakeCheck(func(t *rapid.T) {
			var rows []batch.Row
			number := 1
			for range rapid.IntRange(0, 12).Draw(t, "rows") {
				number += rapid.IntRange(1, 3).Draw(t, "step")
				row := batch.Row{Number: number}
				for range columns {
					c := batch.Cell{Text: texts.Draw(t, "text"), Kind: kinds.Draw(t, "kind")}
					if c.Kind == batch.Faulty {
						c.Problem = &batch.Message{Text: batch.Text{EN: "cannot be trusted"}}
					}
					row.Cells = append(row.Cells, c)
				}
				if rapid.IntRange(0, 9).Draw(t, "unreadable") == 0 {
					row.Problem = &batch.Message{Text: batch.Text{EN: "too many fields"}}
					row.Cells = row.Cells[:rapid.IntRange(0, len(columns)).Draw(t, "cells")]
				}
				rows = append(rows, row)
			}
			var seen []int
			last, seq := 0, 0
			for it, err := range b.Items(each(rows)) {
				if err != nil {
					t.Fatal(err)
				}
				if it.Seq != seq || len(it.Rows) == 0 || it.Rows[0] <= last || !slices.IsSorted(it.Rows) {
					t.Fatalf("item %d after row %d: seq %d, rows %v", seq, last, it.Seq, it.Rows)
				}
				seq, last = seq+1, it.Rows[0]
				seen = append(seen, it.Rows...)
				if (it.Body != nil) != it.Sendable() || it.Body != nil && !json.Valid(it.Body) {
					t.Fatalf("rows %v: body %s, problems %v", it.Rows, it.Body, it.Problems)
				}
				for _, p := range it.Problems {
					if !slices.Contains(it.Rows, p.Row) || p.Text == "" {
						t.Fatalf("rows %v have the problem %+v", it.Rows, p)
					}
				}
			}
			slices.Sort(seen)
			var want []int
			for _, r := range rows {
				want = append(want, r.Number)
			}
			if fmt.Sprint(seen) != fmt.Sprint(want) {
				t.Fatalf("rows %v became %v", want, seen)
			}
		}))
	}
}

// One Bound serves several files at once.
func TestItemsSideBySide(t *testing.T) {
	m, err := mappers.Compile(operation(t, "pay"), mappers.Settings{Map: map[string]configs.Mapping{
		"requestId": {Expr: `upper(row["Ref"]) + "-" + value`, From: []string{"Customer"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Bind([]batch.Column{{Name: "Ref", Ref: "A"}, {Name: "Customer", Ref: "B"}, {Name: "客户", Ref: "C"}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for file := range 4 {
		wg.Go(func() {
			var rows []batch.Row
			for i := range 200 {
				n := strconv.Itoa(i)
				rows = append(rows, batch.Row{Number: i + 2, Cells: []batch.Cell{
					{Text: "f" + strconv.Itoa(file), Kind: batch.String}, {Text: n, Kind: batch.String}, {Text: n, Kind: batch.String}}})
			}
			i := 0
			for it, err := range b.Items(each(rows)) {
				want := fmt.Sprintf(`{"version":"2","requestId":"F%d-%d","customer":{"id":"%d","name":{}},"note":null,"memo":""}`, file, i, i)
				if err != nil || string(it.Body) != want {
					t.Errorf("got %s, %v; want %s", it.Body, err, want)
				}
				i++
			}
		})
	}
	wg.Wait()
}
