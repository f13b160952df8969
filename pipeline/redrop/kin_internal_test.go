package redrop

import (
	"cmp"
	"slices"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

// The tests' files are small: their columns, too, are compared in several turns.
func init() { likenessRoom = 20 }

// An origin is told as it was read, whatever it says.
func TestOrigins(t *testing.T) {
	var n names
	seen := map[origin]string{}
	for range 2 {
		for _, text := range []string{"", "17", "10000017", "20261122-101502-7f3a:17", "20261122-101502-7f3b:17", "20261122-101502-7f3b:10000017", "a:b:3", "strange", "-4", "0"} {
			o := origin(0)
			if text != "" {
				o = n.origin(text)
			}
			if got := n.text(o); got != text {
				t.Errorf("%q is told as %q", text, got)
			}
			if was, taken := seen[o]; taken && was != text {
				t.Errorf("%q and %q are one", was, text)
			}
			seen[o] = text
		}
	}
	if n.origin("17") != n.row("", 17) || n.origin("x:17") != n.row("x", 17) {
		t.Error("a row and what is said of it differ")
	}
}

// A table has all elements of a key, in their order.
func TestTable(t *testing.T) {
	keys := []int{5, 3, 5, 9, 3, 5}
	tab := index(len(keys), func(i int32) int { return keys[i] }, cmp.Compare[int])
	for key, want := range map[int][]int32{5: {0, 2, 5}, 3: {1, 4}, 9: {3}, 4: nil, 10: nil} {
		if got := tab.all(key); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", key, got, want)
		}
	}
	if at, found := tab.last(3); at != 4 || !found {
		t.Error("last of 3:", at, found)
	}
	if _, found := tab.last(4); found {
		t.Error("4 is there")
	}
}

// Cells come back from a shelf as they were, in any order.
func TestShelf(t *testing.T) {
	var s shelf
	defer s.close()
	rows := map[int][]batch.Cell{2: {{Text: "a", Kind: batch.String}, {}, {Text: "2024-05-06", Kind: batch.Date}}, 10_000_003: {}, 7: {{Text: "", Kind: batch.Blank}, {Text: "ß\n", Kind: batch.Faulty}}}
	for row, cells := range rows {
		if err := s.put(row, cells); err != nil {
			t.Fatal(err)
		}
	}
	for row, want := range rows {
		got, err := s.appendTo(nil, row)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("row %d: %v, %v", row, got, err)
		}
	}
	if s.has(3) {
		t.Error("it has what was never put")
	}
}
