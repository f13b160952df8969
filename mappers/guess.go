package mappers

import (
	"cmp"
	"slices"
	"strings"

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
	Worded  How = "words"   // words that mean the same
	Near    How = "near"    // a near spelling
	Nothing How = "nothing" // no column comes near
)

// Guess is the best column for a field.
type Guess struct {
	Field  *providers.Field
	Column int // -1: none
	How    How
	Score  float64            // 1 for all but Worded and Near
	More   []int              // columns of a list's further elements: Address 2 and 3
	Rivals []*providers.Field // that the heading's words say just as well, and that have no column
}

// Match guesses for every field, in the schema's order, which column fills it. No column is given to two fields.
func Match(op *providers.Operation, columns []batch.Column) []Guess {
	_, fillers, _ := plan(op)
	m := newMatching(fillers, columns)
	m.give(m.surely)
	m.further()
	m.give(m.nearly) // spellings are compared, which costs most, only of what is left
	return m.out
}

// matching is fields and columns that are given to each other.
type matching struct {
	fillers   []*filler
	table     *table
	out       []Guess
	taken     []bool             // by column
	said      []labels.Meaning   // by column
	fields    [][]labels.Meaning // by field: of its path, and of its label
	homes     []string           // by field: the path of the object that is the party's, or that the field is in
	at        map[string]int     // by home: how many headings are about it
	receivers map[string]bool    // what headings say that it is the receiver's: where another one names nobody, it is not
	receives  bool               // fields are the receiver's
}

func newMatching(fillers []*filler, columns []batch.Column) *matching {
	m := &matching{fillers: fillers, table: newTable(columns), taken: make([]bool, len(columns)), receivers: map[string]bool{}}
	for _, f := range fillers {
		meant := []labels.Meaning{labels.Mean(strings.Split(f.field.Path, ".")...)}
		if label := f.field.Label.EN; label != "" {
			meant = append(meant, labels.Mean(label))
		}
		m.receives = m.receives || meant[0].Party == labels.Receiver
		m.fields = append(m.fields, meant)
		m.out = append(m.out, Guess{Field: f.field, Column: -1, How: Nothing})
	}
	for _, c := range columns {
		said := labels.Mean(cmp.Or(trim(c.Name), asPath(c.Ref)))
		m.said = append(m.said, said)
		m.receivers[said.Said()] = m.receivers[said.Said()] || said.Party == labels.Receiver
	}
	m.settle()
	return m
}

// settle counts for each object that is a party's, or that holds what is nobody's, how many headings are about it.
func (m *matching) settle() {
	for _, f := range m.fillers {
		names := strings.Split(f.field.Path, ".")
		home := len(names) - 1
		for home >= 0 && labels.Mean(names[home]).Party == "" {
			home--
		}
		if home++; home == 0 { // nobody's
			home = len(names) - 1
		}
		m.homes = append(m.homes, strings.Join(names[:home], "."))
	}
	m.at = map[string]int{}
	for _, said := range m.said {
		seen := map[string]bool{}
		for i, home := range m.homes {
			if !seen[home] && said.Covers(m.fields[i][0]) > 0 {
				seen[home] = true
				m.at[home]++
			}
		}
	}
}

// pair is a field and a column that may fill it.
type pair struct {
	field, col int
	how        How
	score      float64
	rank       int // from 0, the surest
	needed     int // 1: a request needs the field
	aside      int // how far the field's party is from a heading that names none
	about      int // how many headings are about the object that it is in
	depth      int // of the path, and how much it says
}

func (p pair) before(o pair) int {
	return cmp.Or(p.rank-o.rank, cmp.Compare(o.score, p.score), o.needed-p.needed, // of two that go by a heading, what a request needs
		p.aside-o.aside, o.about-p.about, p.depth-o.depth)
}

// give gives the columns that are left to the fields that have none, the surest first.
func (m *matching) give(judge judging) {
	pairs := m.pairs(judge)
	slices.SortStableFunc(pairs, pair.before)
	for i, p := range pairs {
		g := &m.out[p.field]
		if g.Column >= 0 || m.taken[p.col] {
			continue
		}
		g.Column, g.How, g.Score = p.col, p.how, p.score
		m.taken[p.col] = true
		for _, o := range pairs[i+1:] {
			if p.how == Worded && o.col == p.col && p.before(o) == 0 && m.out[o.field].Column < 0 {
				g.Rivals = append(g.Rivals, m.out[o.field].Field)
			}
		}
	}
}

// further gives lists of plain values the columns that go on where theirs ends.
func (m *matching) further() {
	for i, f := range m.fillers {
		g := &m.out[i]
		if f.list == nil || g.Column < 0 {
			continue
		}
		first := m.said[g.Column]
		for nth := 2; nth <= 9; nth++ {
			col := slices.IndexFunc(m.said, func(s labels.Meaning) bool { return s.Follows(first, nth) })
			if col < 0 || m.taken[col] {
				break
			}
			m.taken[col] = true
			g.More = append(g.More, col)
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
			p := pair{field: i, col: col, rank: unlike, aside: m.aside(i, col), about: m.at[m.homes[i]], depth: strings.Count(f.field.Path, ".")<<8 + len(m.fields[i][0].Words)}
			if f.field.Required {
				p.needed = 1
			}
			if judge(&p, names); p.score >= near {
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}

// aside is how far a field is from a heading that does not say whose it is.
func (m *matching) aside(field, col int) int {
	said, is := m.said[col], m.fields[field][0]
	if said.Party == "" && is.Party == labels.Receiver && m.receivers[said.Said()] {
		return 2 // another heading says that it is the receiver's
	}
	return said.Aside(is)
}

// judging compares a heading with the names of a field.
type judging func(p *pair, names []fieldName)

// Ranks of pairs, the surest first.
const (
	sameName    = iota // the label or the path
	sameLetters        // but for case, width and blanks
	otherSigns         // but for what stands for blanks
	usualName          // a heading that senders are known to use, or the last part of the path
	namedParty         // the words of the field, with whose it is
	lastPart           // the last part of the path, where the heading does not say whose it is
	sameWords          // the words of the field
	unlike             // it does not compare
)

func (p *pair) be(how How, score float64, rank int) {
	if rank < p.rank || rank == p.rank && score > p.score {
		p.how, p.score, p.rank = how, score, rank
	}
}

// surely judges what is the same, or says the same.
func (m *matching) surely(p *pair, names []fieldName) {
	t := m.table
	for _, n := range names {
		want, sure := n.normal, n.tier == byLabel || n.tier == byPath
		joined := t.joined[p.col] != "" && t.joined[p.col] == n.joined // as bindDefaults takes it
		same := t.normal[p.col] == want || t.paths[p.col] == want || t.plain[p.col] == want
		switch {
		case !named(t, p.col, n) || !same && !joined:
		case !same && sure:
			p.be(Alike, 1, otherSigns)
		case t.columns[p.col].Name == n.text && sure:
			p.be(Exact, 1, sameName)
		case sure:
			p.be(Alike, 1, sameLetters)
		case n.tier == byName && (p.aside > 0 || m.fields[p.field][0].Party != "" && m.said[p.col].Covers(m.fields[p.field][0]) < 0.9):
			p.be(Known, 1, lastPart)
		default:
			p.be(Known, 1, usualName)
		}
	}
	if p.aside > 1 && m.receives {
		return
	}
	rank := sameWords
	if m.said[p.col].Party != "" || m.fields[p.field][0].Party == labels.Receiver && p.aside == 0 {
		rank = namedParty
	}
	for _, field := range m.fields[p.field] {
		if score := m.said[p.col].Covers(field); score >= near {
			p.be(Worded, score, rank)
		}
	}
}

// nearly judges how alike spellings are, where they do not say that it is of different parties.
func (m *matching) nearly(p *pair, names []fieldName) {
	if m.said[p.col].Contradicts(m.fields[p.field][0]) {
		return
	}
	t := m.table
	for _, n := range names {
		if named(t, p.col, n) {
			p.be(Near, max(likeness(t.normal[p.col], n.normal), likeness(t.paths[p.col], n.normal)), sameWords)
		}
	}
}

// named reports whether there are letters to compare.
func named(t *table, col int, n fieldName) bool {
	return n.normal != "" && (t.normal[col] != "" || t.paths[col] != "")
}
