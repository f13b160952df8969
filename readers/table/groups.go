package table

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Groups knows rows that stand over or under the records of a group and add them up, as reports have them: "Warehouse North" in the column of
// orders, the sum of their weights, and nothing else. No word tells them from records, but that their numbers add up does.
type Groups struct{ shape string } // which columns such a row fills: x--x; "": there are none

// NewGroups learns from the first rows below the heading.
func NewGroups(columns int, below [][]string) Groups {
	rows, shapes := make([][]string, 0, len(below)), map[string][]int{}
	for _, row := range below {
		if Blank(row) {
			continue
		}
		if shape, is := grouping(row, columns); is {
			if what, _ := Remarked(row, columns, Near+1, false); what == Total {
				continue
			}
			shapes[shape] = append(shapes[shape], len(rows))
		}
		rows = append(rows, row)
	}
	cut := len(below) >= Sample/2 // there may be more rows below
	for shape, at := range shapes {
		if len(at) < 2 || !labelled(rows, at, shape) {
			continue
		}
		if addUp(rows, at, shape, cut) {
			return Groups{shape}
		}
		under := slices.Clone(at)
		for i := range under {
			under[i] = len(rows) - 1 - at[len(at)-1-i]
		}
		if addUp(reversed(slices.Clone(rows)), under, shape, false) {
			return Groups{shape}
		}
	}
	return Groups{}
}

func reversed(rows [][]string) [][]string {
	slices.Reverse(rows)
	return rows
}

// On reports whether Has is to be asked at all.
func (g Groups) On() bool { return g.shape != "" }

// Has reports whether a row looks like those that add others up.
func (g Groups) Has(cells []string) bool {
	shape, is := grouping(cells, len(g.shape))
	return is && shape == g.shape
}

// grouping draws which columns a row fills that has something in one cell, behind it nothing but numbers, and gaps.
func grouping(row []string, columns int) (shape string, is bool) {
	out, filled := []byte(strings.Repeat("-", columns)), 0
	for i, c := range row[:min(columns, len(row))] {
		if blank(c) {
			continue
		}
		if k := Look(c); filled > 0 && k != Amount && k != Year {
			return "", false
		}
		filled++
		out[i] = 'x'
	}
	return string(out), filled > 1 && filled < columns
}

// labelled reports whether the other rows fill the column in which those at have their label, and another that those leave blank.
func labelled(rows [][]string, at []int, shape string) bool {
	seen, label := make([]int, len(shape)), strings.IndexByte(shape, 'x')
	for i, row := range rows {
		if _, is := slices.BinarySearch(at, i); is {
			continue
		}
		for k := range min(len(row), len(seen)) {
			if !blank(row[k]) {
				seen[k]++
			}
		}
	}
	usual := max(1, (len(rows)-len(at))*4/5)
	for k := range shape {
		if shape[k] == '-' && seen[k] >= usual {
			return seen[label] >= usual
		}
	}
	return false
}

// addUp reports whether each of the rows at has in its numbers the sums of the rows that follow it, down to another such row or the end. cut: there
// may be more rows, and what reaches the last one proves nothing. One row for each is not enough to tell.
func addUp(rows [][]string, at []int, shape string, cut bool) bool {
	for _, comma := range [...]bool{false, true} {
		proved, most, all := 0, 0, 0
		failed := slices.ContainsFunc(at, func(i int) bool {
			n, ended := added(rows, i, at, shape, comma)
			if n > 0 {
				proved, all, most = proved+1, all+n, max(most, n)
			}
			return n == 0 && !(ended && cut)
		})
		if !failed && proved > 1 && most > 1 && all > 2 {
			return true
		}
	}
	return false
}

// added is how many rows below row i add up to its numbers, 0 where none do. ended: they reach the last row.
func added(rows [][]string, i int, at []int, shape string, comma bool) (n int, ended bool) {
	want, _ := numbers(rows[i], shape, comma)
	sums := make([]float64, len(want))
	for k := i + 1; k < len(rows); k++ {
		if _, group := slices.BinarySearch(at, k); group {
			if n > 0 && near(sums, want) {
				return n, false
			}
			continue
		}
		values, ok := numbers(rows[k], shape, comma)
		if !ok {
			return 0, false
		}
		for c := range sums {
			sums[c] += values[c]
		}
		n++
	}
	if n > 0 && near(sums, want) {
		return n, true
	}
	return 0, true
}

// near compares sums as people see them.
func near(a, b []float64) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-6*max(1, math.Abs(b[i])) {
			return false
		}
	}
	return true
}

// numbers are what a row has in the columns of a shape behind its label, 0 where it has nothing. comma: decimals have one.
func numbers(row []string, shape string, comma bool) ([]float64, bool) {
	var out []float64
	for i := strings.IndexByte(shape, 'x') + 1; i < len(shape); i++ {
		if shape[i] != 'x' {
			continue
		}
		if i >= len(row) || blank(row[i]) {
			out = append(out, 0)
			continue
		}
		marks, point := ",", "."
		if comma {
			marks, point = ".", ","
		}
		text := strings.Map(func(r rune) rune {
			switch {
			case r >= '0' && r <= '9', r == '-':
				return r
			case string(r) == point:
				return '.'
			}
			return -1
		}, strings.ReplaceAll(row[i], marks, ""))
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, false
		}
		out = append(out, v)
	}
	return out, true
}
