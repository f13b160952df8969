package mappers

import (
	"hash/maphash"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Items turns rows into items, in the order of the items' first rows; every row is in exactly one item. Items of single
// rows and of batches come while the rows are read, groups after the last row. The items are the caller's to keep, the
// rows need to be valid only until the next one. An error of rows, or a *batch.Unreadable of our own, ends the
// sequence and speaks of the whole file. Every call starts afresh; calls may run side by side.
func (b *Bound) Items(rows iter.Seq2[*batch.Row, error]) iter.Seq2[*batch.Item, error] {
	return func(yield func(*batch.Item, error) bool) {
		st := b.newState()
		n := 0
		for row, err := range rows {
			if n++; err == nil && b.m.set.MaxRows > 0 && n > b.m.set.MaxRows {
				err = &batch.Unreadable{Message: words.Message("mapper.rows.many", "max", b.m.set.MaxRows)}
			}
			if err == nil && len(st.units) > 0 {
				st.row = row
				err = st.differ()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if st.groups != nil {
				st.addRow(row)
				continue
			}
			if !yield(st.single(row), nil) {
				return
			}
		}
		if st.groups != nil {
			st.finish(yield)
		}
	}
}

// state is the work on one file.
type state struct {
	b        *Bound
	check    bool // the operation has rules beyond single values
	row      *batch.Row
	buf      []byte
	room     room
	problems []batch.Problem
	spoiled  []string // paths of the values that a problem was noted for
	at       int      // of a group: position of the row in it
	seq      int
	env      *env
	seen     []map[[2]uint64]int // for each list of Rows.Unique: hash → row
	seeds    [2]maphash.Seed
	marks    []mark // watched fillers: what the row gave
	units    []said // for each column of units
	counted  map[int]measured

	groups   *grouping // nil where rows do not group
	elements []byte    // what the rows of the group under way contribute
	chain    []link    // those rows
	group    *group    // set while the body of a finished group is written
	key      []text    // cached texts of the key's fillers, by filler
}

type mark struct {
	json []byte
	bad  bool
}

type text struct {
	text  string
	kind  batch.Kind
	ok    bool
	valid bool // of the current row
}

func (b *Bound) newState() *state {
	st := &state{
		b: b, check: b.m.op.NeedsCheck(), buf: make([]byte, 0, 1024), env: newEnv(b.m.set.Now),
		units: make([]said, len(b.units)), marks: make([]mark, len(b.slots)), key: make([]text, len(b.slots)),
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
	for range b.unique {
		st.seen = append(st.seen, map[[2]uint64]int{})
	}
	if b.m.op.Rows.Kind == providers.Group {
		st.groups = newGrouping()
	}
	return st
}

func (st *state) begin(row *batch.Row) {
	st.row, st.problems, st.spoiled, st.at = row, nil, nil, 0
	for i := range st.marks {
		st.marks[i] = mark{json: st.marks[i].json[:0]}
		st.key[i].valid = false
	}
}

// single makes the item of one row.
func (st *state) single(row *batch.Row) *batch.Item {
	st.begin(row)
	it := st.room.item()
	it.Seq, it.Rows = st.seq, st.room.row(row.Number)
	st.seq++
	if row.Problem != nil {
		it.Problems = []batch.Problem{st.unusable()}
		return it
	}
	st.buf, _ = st.emit(st.buf[:0], st.b.m.root)
	st.compareRows()
	if st.check && len(st.buf) > 0 {
		st.checkBody(it.Rows, st.buf)
	}
	if len(st.problems) == 0 && st.saysNothing() {
		st.problems = []batch.Problem{{Row: row.Number, Code: "nothing", Text: words.Of(st.lang(), "mapper.nothing")}}
	}
	it.Problems = st.problems
	st.complete(it)
	return it
}

// saysNothing reports whether all columns that are used are blank in the row.
func (st *state) saysNothing() bool {
	for col, used := range st.b.used {
		if used && trim(st.cell(col).Text) != "" {
			return false
		}
	}
	return slices.Contains(st.b.used, true)
}

// complete gives the item its body and cells unless something is wrong with it.
func (st *state) complete(it *batch.Item) {
	if !it.Sendable() {
		return
	}
	it.Body = st.room.body(st.buf)
	if len(st.b.recheck) > 0 {
		it.Where = st.where(it.Rows)
	}
}

// spoil notes that a field's value is wrong or missing: no rule looks at it.
func (st *state) spoil(s *slot) {
	st.spoiled = append(st.spoiled, strings.Replace(s.indexed, "[*]", "["+strconv.Itoa(st.at)+"]", 1))
}

// cell is the row's cell in a column; a row that is too short gives a blank, and so does no column (-1).
func (st *state) cell(col int) batch.Cell {
	if col >= 0 && col < len(st.row.Cells) {
		return st.row.Cells[col]
	}
	return batch.Cell{}
}

// write appends the JSON of one field. It reports false where the field is left out or wrong; a problem is noted then.
func (st *state) write(dst []byte, f *filler) ([]byte, bool) {
	s := &st.b.slots[f.at]
	if st.group != nil {
		return st.writeHead(dst, s)
	}
	if s.constant != nil {
		return append(dst, s.fixed...), !s.omit
	}
	start := len(dst)
	value, kind, ok := st.text(s)
	if !ok {
		st.marks[f.at].bad = true
		st.spoil(s)
		return dst, false
	}
	if value == "" && s.nth > 0 {
		return dst, false // the list has an element less
	}
	if value == "" && s.required() && (s.inRows || st.groups == nil) {
		st.missing(s)
		st.spoil(s)
		return dst, false
	}
	out, omit, bad := f.field.Append(dst, value, kind)
	if bad != nil && kind == batch.String && isNumeric(f.field) {
		out, omit, bad = st.again(dst, s, value, bad)
	}
	if bad != nil && bad.Code == "date" && s.col >= 0 && len(s.layouts) == 0 {
		bad.Fix = st.dateSetting(s, value, bad.Fix)
	}
	if bad != nil {
		st.violation(s, bad, value)
		st.marks[f.at].bad = !bad.Warning
		st.spoil(s)
		return dst, false
	}
	if omit {
		return dst, false
	}
	if st.b.watched[f.at] && value != "" {
		st.marks[f.at].json = append(st.marks[f.at].json[:0], out[start:]...)
	}
	return out, true
}

// text is what goes into a field before it becomes JSON: the cell trimmed, looked up, computed.
func (st *state) text(s *slot) (string, batch.Kind, bool) {
	if !s.inKey {
		return st.read(s)
	}
	c := &st.key[s.at]
	if !c.valid {
		c.text, c.kind, c.ok = st.read(s)
		c.valid = true
	}
	return c.text, c.kind, c.ok
}

func (st *state) read(s *slot) (string, batch.Kind, bool) {
	var value string
	kind := batch.Blank
	switch {
	case s.constant != nil:
		return *s.constant, kindOf(*s.constant), true
	case s.col >= 0:
		c := st.cell(s.col)
		if c.Kind == batch.Faulty {
			st.faulty(s, s.col, c)
			return "", 0, false
		}
		value, kind = c.Text, c.Kind
		if !s.keep {
			value = trim(value)
		}
	}
	if s.lookup != nil {
		found, ok := s.look(value)
		if !ok {
			st.unlisted(s, value)
			return "", 0, false
		}
		value, kind = found, batch.String
	}
	if len(s.layouts) > 0 && value != "" && kind != batch.Date && kind != batch.Moment && kind != batch.Clock && !(s.zone != nil && zoned(value)) {
		out, k, ok := parseDate(value, s.layouts)
		if !ok {
			st.undated(s, value)
			return "", 0, false
		}
		value, kind = out, k
	}
	if s.program != nil {
		out, k, ok := st.compute(s, value)
		if !ok {
			return "", 0, false
		}
		value, kind = out, k
		if !s.keep {
			value = trim(value)
		}
	}
	if s.upper {
		value = strings.ToUpper(value)
	} else if s.lower {
		value = strings.ToLower(value)
	}
	if s.zone != nil && value != "" {
		var bad string
		if value, kind, bad = placed(value, kind, s.zone); bad != "" {
			st.misplaced(s, value, bad)
			return "", 0, false
		}
	}
	if value == "" && s.fallback != "" {
		return s.fallback, batch.String, true
	}
	if value == "" {
		kind = batch.Blank
	}
	return value, kind, true
}

// look finds a value in the lookup. A blank stays blank unless the lookup says what it means.
func (f *filler) look(value string) (string, bool) {
	if v, ok := f.lookup[value]; ok {
		return v, true
	}
	if v, ok := f.folded[labels.Normal(value)]; ok {
		return v, true
	}
	return "", value == ""
}

// compute runs the field's expression.
func (st *state) compute(s *slot, value string) (string, batch.Kind, bool) {
	e := st.env
	clear(e.Row)
	e.Value = value
	fill := func(heading string, col int) bool {
		c := st.cell(col)
		if c.Kind == batch.Faulty {
			st.faulty(s, col, c)
			return false
		}
		if len(c.Text) > exprInput {
			st.uncomputed(s, col, errTooLong)
			return false
		}
		e.Row[heading] = c.Text
		if !s.keep {
			e.Row[heading] = trim(c.Text)
		}
		return true
	}
	if s.program.whole {
		for col, c := range st.b.t.columns {
			if cell := st.cell(col); c.Name == "" || cell.Kind == batch.Faulty {
				continue // an expression that picks columns as it goes sees the trustworthy ones
			}
			if !fill(c.Name, col) {
				return "", 0, false
			}
		}
	}
	for _, r := range s.refs {
		if !fill(r.heading, r.col) {
			return "", 0, false
		}
	}
	out, kind, err := s.program.run(e)
	if err != nil {
		st.uncomputed(s, s.spot, err)
		return "", 0, false
	}
	return out, kind, true
}

// compareRows finds rows whose values were in an earlier row already.
func (st *state) compareRows() {
	for i, list := range st.b.unique {
		var h [2]maphash.Hash
		h[0].SetSeed(st.seeds[0])
		h[1].SetSeed(st.seeds[1])
		some, bad := false, false
		for _, at := range list {
			m := &st.marks[at]
			some, bad = some || len(m.json) > 0, bad || m.bad
			for k := range h {
				h[k].Write(m.json)
				h[k].WriteByte(0)
			}
		}
		if !some || bad {
			continue
		}
		sum := [2]uint64{h[0].Sum64(), h[1].Sum64()}
		if earlier, twice := st.seen[i][sum]; twice {
			st.repeated(list, earlier)
			continue
		}
		st.seen[i][sum] = st.row.Number
	}
}
