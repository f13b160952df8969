package mappers

import (
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/providers"
)

// How says why a column is thought to fill a field, the surest first.
type How string

const (
	Exact   How = "exact"   // the heading is the field's label or path, letter by letter
	Alike   How = "alike"   // the same but for case, width and blanks
	Known   How = "known"   // a heading that senders are known to use, or the field's name
	Near    How = "near"    // a near spelling
	Nothing How = "nothing" // no column comes near
)

// Guess is the best column for a field.
type Guess struct {
	Field  *providers.Field
	Column int // -1: none
	How    How
	Score  float64 // 1 for all but Near
}

// Match guesses for every field, in the schema's order, which column fills it. No column is given to two fields.
func Match(op *providers.Operation, columns []batch.Column) []Guess {
	_, fillers, _ := plan(op)
	t := newTable(columns)
	type pair struct {
		field, col int
		how        How
		score      float64
		rank       int
		needed     int // 1: a request needs the field
	}
	var pairs []pair
	for i, f := range fillers {
		for col := range columns {
			p := pair{field: i, col: col, rank: 9}
			if f.field.Required {
				p.needed = 1
			}
			for _, n := range f.names() {
				how, score, rank := judge(t, col, n)
				if rank < p.rank || rank == p.rank && score > p.score {
					p.how, p.score, p.rank = how, score, rank
				}
			}
			if p.score >= near {
				pairs = append(pairs, p)
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		switch {
		case a.rank != b.rank:
			return a.rank - b.rank
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return b.needed - a.needed // of two that go by a heading, what a request needs
	})
	out := make([]Guess, len(fillers))
	for i, f := range fillers {
		out[i] = Guess{Field: f.field, Column: -1, How: Nothing}
	}
	taken := make([]bool, len(columns))
	for _, p := range pairs {
		if g := &out[p.field]; g.Column < 0 && !taken[p.col] {
			g.Column, g.How, g.Score = p.col, p.how, p.score
			taken[p.col] = true
		}
	}
	return out
}

// judge compares one heading with one name of a field. Ranks go from 0, the surest.
func judge(t *table, col int, n fieldName) (How, float64, int) {
	want := labels.Normal(n.text)
	sure := n.tier == byLabel || n.tier == byPath
	switch {
	case want == "" || t.normal[col] == "" && t.paths[col] == "":
		return Nothing, 0, 9
	case t.columns[col].Name == n.text && sure:
		return Exact, 1, 0
	case t.normal[col] == want || t.paths[col] == want || t.plain[col] == want:
		if sure {
			return Alike, 1, 1
		}
		return Known, 1, 2
	}
	return Near, max(likeness(t.normal[col], want), likeness(t.paths[col], want)), 3
}
