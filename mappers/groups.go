package mappers

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
)

// grouping is the rows of a file that make groups, until the file's end.
type grouping struct {
	order []*group          // by first row
	byKey map[string]*group // by the key's normal form
	last  *group            // group of the row before
	loose int               // number of the row before when its group is not known
	rows  int               // number of the row before
	pile  pile
}

// group is the rows that become one item. There may be as many as rows, so it is small. Only their JSON is kept.
type group struct {
	last     link   // its last row in the pile
	first    int    // number of its first row
	count    int    // rows
	head     []byte // where the first value begins, and where that of each filler ends, in four bytes each; then the values that the rows share: JSON, from the first row
	spelling string // of the route's group column in the first row
	*rare
	keyless bool // nobody knows which group its one row belongs to
	broken  bool // a row of it could not be read
	warned  bool // a row beside it belongs nobody knows where
}

// rare is what few groups have.
type rare struct {
	late     []late // values that the first row left blank
	problems []batch.Problem
	spoiled  []string               // paths of values that are wrong
	blanks   map[int]*batch.Message // by filler: what the first row shows in the place of a required value
}

// most is what groups have that have nothing of it. It is never written.
var most = &rare{}

// own is for writing.
func (g *group) own() *rare {
	if g.rare == most {
		g.rare = &rare{}
	}
	return g.rare
}

// showsWord remembers what the first row shows in the place of a value.
func (g *group) showsWord(at int, word *batch.Message) {
	own := g.own()
	if own.blanks == nil {
		own.blanks = map[int]*batch.Message{}
	}
	own.blanks[at] = word
}

func (g *group) blames(field string) bool {
	return slices.ContainsFunc(g.problems, func(p batch.Problem) bool { return p.Field == field })
}

// late is a shared value that a later row gave first.
type late struct {
	at   int // filler
	row  int
	json string
}

func newGrouping() *grouping { return &grouping{byKey: map[string]*group{}} }

// shared is the JSON of a value that all rows share, and the row that gave it.
func (g *group) shared(at int) ([]byte, int) {
	start, end := binary.LittleEndian.Uint32(g.head[4*at:]), binary.LittleEndian.Uint32(g.head[4*at+4:])
	if end > start {
		return g.head[start:end], g.first
	}
	for _, l := range g.late {
		if l.at == at {
			return []byte(l.json), l.row
		}
	}
	return nil, 0
}

// begin makes room for the ends.
func (g *group) begin(fillers int) {
	g.head = make([]byte, 4*fillers+4, 4*fillers+4+64)
	for i := range fillers + 1 {
		g.end(i - 1)
	}
}

// end says that a filler's value ends here; -1 that the first begins.
func (g *group) end(at int) { binary.LittleEndian.PutUint32(g.head[4*at+4:], uint32(len(g.head))) }

// addRow adds a row to its group. A row whose group cannot be told is an item by itself, and the groups beside it are not
// sent either: they might lack it.
func (st *state) addRow(row *batch.Row) {
	st.begin(row)
	gs := st.groups
	var g *group
	key, known := st.keyOf()
	if row.Problem != nil {
		st.problems = []batch.Problem{st.unusable()}
	}
	if known {
		if g = gs.byKey[key]; g == nil {
			g = &group{rare: most}
			gs.byKey[key] = g
			gs.order = append(gs.order, g)
		}
		if gs.loose != 0 {
			st.neighbour(g, row.Number, gs.loose)
		}
		gs.last, gs.loose = g, 0
	} else {
		g = &group{keyless: true, rare: most}
		gs.order = append(gs.order, g)
		if gs.last != nil {
			st.neighbour(gs.last, gs.rows, row.Number)
		}
		gs.last, gs.loose = nil, row.Number
	}
	gs.rows = row.Number
	first := g.count == 0
	st.at = g.count
	if g.count++; first {
		g.first = row.Number
		g.begin(len(st.b.slots))
	}
	if row.Problem != nil {
		g.broken = true
		g.last = gs.pile.add(g.last, row.Number, nil)
	} else {
		st.addShared(g, first)
		g.last = gs.pile.add(g.last, row.Number, st.element())
		st.compareRows()
	}
	if first {
		g.head = bytes.Clone(g.head)
	}
	if len(st.problems)+len(st.spoiled) > 0 {
		own := g.own()
		own.problems, own.spoiled = append(own.problems, st.problems...), append(own.spoiled, st.spoiled...)
	}
}

// keyOf tells which group the row belongs to. It is not known where a part of the key cannot be trusted, is blank
// although required, or when all parts are blank. A row that could not be read is believed only when its key is valid.
func (st *state) keyOf() (string, bool) {
	var b strings.Builder
	some, known := false, true
	for _, f := range st.b.m.key {
		s := &st.b.slots[f.at]
		value, kind, ok := st.text(s)
		if st.row.Problem != nil && ok && value != "" {
			_, _, bad := f.field.Append(nil, value, kind)
			ok = bad == nil
		}
		if ok && value == "" && s.required() {
			st.keyless(s.spot, s.label(st.b.m.set.Language), f.field.Path)
			known = false
		}
		known, some = known && ok, some || value != "" && s.constant == nil
		b.WriteString(labels.Normal(value))
		b.WriteByte(0)
	}
	if col := st.b.group; col >= 0 {
		c := st.cell(col)
		value := trim(c.Text)
		switch {
		case c.Kind == batch.Faulty:
			st.faulty(&slot{filler: &filler{field: groupField}, col: col, spot: col}, col, c)
			known = false
		case value == "":
			st.keyless(col, st.b.heading(col), "")
			known = false
		}
		some = some || value != ""
		b.WriteString(labels.Normal(value))
	}
	if !some && known {
		if f := st.b.m.key; len(f) > 0 {
			st.keyless(st.b.slots[f[0].at].spot, f[0].label(st.b.m.set.Language), f[0].field.Path)
		}
		known = false
	}
	return b.String(), known
}

// addShared keeps the first row's values and compares those of the others with them. A blank says nothing.
func (st *state) addShared(g *group, first bool) {
	if col := st.b.group; col >= 0 {
		st.addSpelling(g, col, first)
	}
	for i := range st.b.slots {
		s := &st.b.slots[i]
		if !s.inRows && (first || s.constant == nil) {
			st.addValue(g, i, first)
		}
		if first {
			g.end(i)
		}
	}
}

// addSpelling keeps how the first row writes what the group is called, in the column that names it.
func (st *state) addSpelling(g *group, col int, first bool) {
	now := trim(st.cell(col).Text)
	if first {
		g.spelling = strings.Clone(now)
		return
	}
	if now != g.spelling && g.spelling != "" && now != "" {
		st.disagree(&slot{filler: &filler{field: groupField}, col: col, spot: col}, now, g.spelling, g.first)
	}
}

// addValue is addShared for the value of one slot.
func (st *state) addValue(g *group, i int, first bool) {
	s := &st.b.slots[i]
	st.buf = st.buf[:0]
	value, kind, ok := st.text(s)
	var out []byte
	if !ok {
		st.spoil(s)
	}
	if ok && value != "" {
		out = st.convert(s, value, kind)
	}
	if first {
		g.head = append(g.head, out...)
		if c := st.blank(s); ok && value == "" && s.required() && c.Problem != nil {
			g.showsWord(i, c.Problem)
		}
		return
	}
	if len(out) == 0 {
		return
	}
	switch was, row := g.shared(i); {
	case was == nil:
		g.own().late = append(g.late, late{i, st.row.Number, string(out)})
	case !bytes.Equal(was, out):
		st.disagree(s, value, plain(was), row)
		st.spoil(s)
	}
}

// convert is the JSON of one shared value; a problem is noted where it is wrong.
func (st *state) convert(s *slot, value string, kind batch.Kind) []byte {
	out, omit, bad := s.field.Append(st.buf[:0], value, kind)
	if bad != nil {
		st.violation(s, bad, value)
		st.marks[s.at].bad = true
		st.spoil(s)
		return nil
	}
	if omit {
		return nil
	}
	st.buf = out
	if st.b.watched[s.at] {
		st.marks[s.at].json = append(st.marks[s.at].json[:0], out...)
	}
	return out
}

// element is what the row itself contributes, valid until the next; nil for nothing.
func (st *state) element() []byte {
	n := st.b.m.rowsNode(st.b.m.root)
	if n == nil {
		return nil
	}
	kid := n.kids[0]
	before := len(st.problems)
	var p presence
	st.buf, p = st.emit(st.buf[:0], kid)
	if p == absent && kid.kind == valueNode {
		if len(st.problems) == before {
			st.missing(&st.b.slots[kid.filler.at]) // a list takes one value from each row
			st.spoil(&st.b.slots[kid.filler.at])
		}
		return nil
	}
	return st.buf
}

// gather gives a group's rows, and has what they contribute written, joined by commas.
func (st *state) gather(g *group) (rows []int) {
	rows = make([]int, g.count)
	st.chain = slices.Grow(st.chain[:0], g.count)[:g.count]
	for at, i := g.last, g.count-1; i >= 0; i-- {
		st.chain[i] = at
		at, rows[i], _ = st.groups.pile.row(at)
	}
	st.elements = st.elements[:0]
	for _, at := range st.chain {
		_, _, element := st.groups.pile.row(at)
		if len(element) > 0 && len(st.elements) > 0 {
			st.elements = append(st.elements, ',')
		}
		st.elements = append(st.elements, element...)
	}
	return rows
}

func (m *Mapping) rowsNode(n *node) *node {
	if n.kind == rowsNode {
		return n
	}
	for _, kid := range n.kids {
		if found := m.rowsNode(kid); found != nil {
			return found
		}
	}
	return nil
}

// writeHead appends a shared value to the body of the finished group.
func (st *state) writeHead(dst []byte, s *slot) ([]byte, bool) {
	if json, _ := st.group.shared(s.at); json != nil {
		return append(dst, json...), true
	}
	if s.required() {
		if !st.group.blames(s.field.Path) {
			st.missing(s)
		}
		st.spoil(s)
		return dst, false
	}
	out, omit, bad := s.field.Append(dst, "", batch.Blank)
	if bad != nil {
		st.violation(s, bad, "")
		st.spoil(s)
		return dst, false
	}
	return out, !omit
}

// finish hands out the groups in the order of their first rows.
func (st *state) finish(yield func(*batch.Item, error) bool) {
	blank := &batch.Row{}
	st.groups.byKey = nil // what is handed out goes
	for i, g := range st.groups.order {
		st.groups.order[i] = nil
		it := &batch.Item{Seq: st.seq, Rows: st.gather(g), Problems: g.problems}
		st.seq++
		blank.Number = g.first
		st.begin(blank)
		if !g.broken {
			st.group, st.spoiled = g, g.spoiled
			st.tooFew(g)
			st.buf, _ = st.emit(st.buf[:0], st.b.m.root)
			if st.check && len(st.buf) > 0 {
				st.checkBody(it.Rows, st.buf)
			}
		}
		it.Problems = append(it.Problems, st.problems...)
		slices.SortStableFunc(it.Problems, func(a, b batch.Problem) int { return a.Row - b.Row })
		st.complete(it)
		st.group = nil
		if !yield(it, nil) {
			return
		}
	}
}
