package mappers

import (
	"cmp"
	"slices"

	"github.com/rowferry/rowferry/batch"
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
	m := matching{fillers: fillers, table: newTable(columns), taken: make([]bool, len(columns))}
	for _, f := range fillers {
		m.out = append(m.out, Guess{Field: f.field, Column: -1, How: Nothing})
	}
	m.give(surely)
	m.give(nearly) // spellings are compared, which costs most, only of what is left
	return m.out
}

// matching is fields and columns that are given to each other.
type matching struct {
	fillers []*filler
	table   *table
	out     []Guess
	taken   []bool // by column
}

// pair is a field and a column that may fill it.
type pair struct {
	field, col int
	how        How
	score      float64
	rank       int // from 0, the surest
	needed     int // 1: a request needs the field
}

// give gives the columns that are left to the fields that have none, the surest first.
func (m *matching) give(judge judging) {
	pairs := m.pairs(judge)
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return cmp.Or(a.rank-b.rank, cmp.Compare(b.score, a.score), b.needed-a.needed) // of two that go by a heading, what a request needs
	})
	for _, p := range pairs {
		if g := &m.out[p.field]; g.Column < 0 && !m.taken[p.col] {
			g.Column, g.How, g.Score = p.col, p.how, p.score
			m.taken[p.col] = true
		}
	}
}

// pairs are those of what is left, in the order of the fields and the columns.
func (m *matching) pairs(judge judging) (pairs []pair) {
	for i, f := range m.fillers {
		if m.out[i].Column >= 0 {
			continue
		}
		names := f.names()
		for col, taken := range m.taken {
			if taken {
				continue
			}
			p := pair{field: i, col: col, rank: unlike}
			if f.field.Required {
				p.needed = 1
			}
			for _, n := range names {
				how, score, rank := judge(m.table, col, n)
				if rank < p.rank || rank == p.rank && score > p.score {
					p.how, p.score, p.rank = how, score, rank
				}
			}
			if p.score >= near {
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}

// judging compares one heading with one name of a field.
type judging func(t *table, col int, n fieldName) (How, float64, int)

// unlike is the rank of what does not compare.
const unlike = 9

// surely judges what is the same.
func surely(t *table, col int, n fieldName) (How, float64, int) {
	want, sure := n.normal, n.tier == byLabel || n.tier == byPath
	switch {
	case !named(t, col, n):
		return Nothing, 0, unlike
	case t.columns[col].Name == n.text && sure:
		return Exact, 1, 0
	case t.normal[col] != want && t.paths[col] != want && t.plain[col] != want:
		return Nothing, 0, unlike
	case sure:
		return Alike, 1, 1
	}
	return Known, 1, 2
}

// nearly judges how alike spellings are.
func nearly(t *table, col int, n fieldName) (How, float64, int) {
	if !named(t, col, n) {
		return Nothing, 0, unlike
	}
	return Near, max(likeness(t.normal[col], n.normal), likeness(t.paths[col], n.normal)), 3
}

// named reports whether there are letters to compare.
func named(t *table, col int, n fieldName) bool {
	return n.normal != "" && (t.normal[col] != "" || t.paths[col] != "")
}
