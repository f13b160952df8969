package mappers

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// groupField stands for the route's group column, which is no field.
var groupField = &providers.Field{}

// ref names the cell of a row as the sender calls it: "C5"; for XML the path.
func (t *table) ref(col, row int) string {
	if col < 0 {
		return ""
	}
	if t.sheet {
		return t.sheets.Cell(row, col, t.columns[col].Ref)
	}
	return t.columns[col].Ref
}

// spot is where a problem is.
type spot struct {
	row    int
	column string // heading as the sender wrote it, or the field's label
	cell   string
	field  string
	where  string // the beginning of the sentence
	blank  string // what to say of a cell without a value that shows a word for it; "" where it shows nothing
}

// shows makes a place say what a cell shows that counts as blank.
func (p spot) shows(l batch.Language, c batch.Cell) spot {
	if c.Kind == batch.Blank && c.Problem != nil {
		p.blank = words.Say(l, *c.Problem)
	}
	return p
}

// empty says that there is no value at a place, by the words for that, or by those for a cell that shows a word.
func (p spot) empty(l batch.Language, key string, args ...any) string {
	if p.blank != "" {
		key += ".word"
	}
	return words.Of(l, key, append(args, "where", p.where, "word", p.blank)...)
}

func (b *Bound) place(row int, s *slot, col int) spot {
	l := b.m.set.Language
	p := spot{row: row, field: s.field.Path, cell: b.t.ref(col, row)}
	if col < 0 {
		p.column = s.label(l)
		p.where = words.Of(l, "mapper.where.field", "row", b.t.sheets.Row(row), "field", p.column)
		return p
	}
	p.column = b.t.columns[col].Name
	switch {
	case !b.t.sheet:
		p.column = cmp.Or(p.column, p.cell)
		p.where = words.Of(l, "mapper.where.record", "row", row, "cell", p.cell)
	case p.column == "":
		p.column = b.t.columns[col].Ref
		p.where = words.Of(l, "mapper.where.bare", "cell", p.cell)
	default:
		p.where = words.Of(l, "mapper.where.cell", "column", shown(p.column), "cell", p.cell)
	}
	return p
}

func (st *state) lang() batch.Language { return st.b.m.set.Language }

// add notes a problem: what is wrong and how to mend it, each a phrase.
func (st *state) add(p spot, code, value, what, fix string) {
	st.problems = append(st.problems, batch.Problem{
		Row: p.row, Column: p.column, Cell: p.cell, Field: p.field, Value: short(value), Code: code,
		Text: sentences(st.lang(), what, fix), Fix: sentence(st.lang(), fix),
	})
}

// unusable is a record that the reader could not take apart.
func (st *state) unusable() batch.Problem {
	text := words.Say(st.lang(), *st.row.Problem)
	return batch.Problem{Row: st.row.Number, Code: cmp.Or(st.row.Problem.Key, "record"), Text: sentence(st.lang(), text)}
}

func (st *state) faulty(s *slot, col int, c batch.Cell) {
	p := st.b.place(st.row.Number, s, col)
	code, text := "cell", c.Text
	if c.Problem != nil {
		code, text = cmp.Or(c.Problem.Key, code), words.Say(st.lang(), *c.Problem)
	}
	for i := range st.problems {
		if st.problems[i].Cell == p.cell && st.problems[i].Code == code {
			return // one cell may fill several fields
		}
	}
	st.add(p, code, c.Text, words.Of(st.lang(), "mapper.faulty", "where", p.where, "problem", text), "")
}

// blank is the cell that a field without a value is read from; of a group the one in its first row.
func (st *state) blank(s *slot) batch.Cell {
	if st.group != nil {
		return batch.Cell{Problem: st.group.blanks[s.at]}
	}
	return st.cell(s.spot)
}

// missing is a required value that is blank.
func (st *state) missing(s *slot) {
	l := st.lang()
	p := st.b.place(st.row.Number, s, s.spot).shows(l, st.blank(s))
	fix := words.Of(l, "mapper.required.fix")
	switch example := s.field.Example; {
	case s.columnless():
		fix = words.Of(l, "mapper.column.fix", "heading", s.label(l))
	case s.lookup != nil:
		fix = words.Of(l, "mapper.lookup.fix", "allowed", s.allowed)
	case len(s.layouts) > 0:
		fix = words.Of(l, "mapper.required.example", "example", examples(s.layouts))
	case example != "" && !strings.Contains(example, "{"):
		fix = words.Of(l, "mapper.required.example", "example", example)
	}
	st.add(p, "required", "", p.empty(l, "mapper.required"), fix)
}

// violation is a value that breaks the field's own rule.
func (st *state) violation(s *slot, v *providers.Violation, value string) {
	st.broken(st.b.place(st.row.Number, s, s.spot).shows(st.lang(), st.blank(s)), v, cmp.Or(value, v.Value), s.columnless())
}

// broken notes a broken rule.
func (st *state) broken(p spot, v *providers.Violation, value string, columnless bool) {
	st.problems = append(st.problems, problemOf(st.lang(), p, v, value, columnless))
}

// problemOf is the problem of a broken rule.
func problemOf(l batch.Language, p spot, v *providers.Violation, value string, columnless bool) batch.Problem {
	rule, fix := bare(words.Say(l, v.Rule)), words.Say(l, v.Fix)
	what := words.Of(l, "mapper.bad", "where", p.where, "value", line(value), "rule", rule)
	if value == "" {
		what = p.empty(l, "mapper.bad.blank", "rule", rule)
		if columnless {
			fix = words.Chain(l, words.Of(l, "mapper.column.fix", "heading", p.column), fix)
		}
	}
	return batch.Problem{
		Row: p.row, Column: p.column, Cell: p.cell, Field: p.field, Value: short(value), Code: v.Code,
		Text: sentences(l, what, fix), Fix: sentence(l, fix), Warning: v.Warning,
	}
}

func (st *state) unlisted(s *slot, value string) {
	p := st.b.place(st.row.Number, s, s.spot)
	st.add(p, "lookup", value, words.Of(st.lang(), "mapper.lookup", "where", p.where, "value", line(value)),
		words.Of(st.lang(), "mapper.lookup.fix", "allowed", s.allowed))
}

func (st *state) undated(s *slot, value string) {
	p := st.b.place(st.row.Number, s, s.spot)
	st.add(p, "date", value, words.Of(st.lang(), "mapper.date", "where", p.where, "value", line(value)),
		words.Of(st.lang(), "mapper.date.fix", "examples", examples(s.layouts)))
}

func (st *state) uncomputed(s *slot, col int, err error) {
	p := st.b.place(st.row.Number, s, col)
	value := ""
	if col >= 0 {
		value = st.cell(col).Text
	}
	st.add(p, "expression", value, words.Of(st.lang(), "mapper.expr", "where", p.where, "path", s.field.Path, "cause", short(err.Error())),
		words.Of(st.lang(), "mapper.expr.fix"))
}

// keyNames is how sentences call what makes a group.
func (st *state) keyNames() string {
	var names []string
	for _, f := range st.b.m.key {
		if s := &st.b.slots[f.at]; s.spot >= 0 {
			names = append(names, st.b.heading(s.spot))
		}
	}
	if st.b.group >= 0 {
		names = append(names, st.b.heading(st.b.group))
	}
	return quotedIn(st.lang(), names...)
}

// keyColumn is the heading of the last column that makes the group.
func (st *state) keyColumn() string {
	if st.b.group >= 0 {
		return st.b.t.columns[st.b.group].Name
	}
	for _, f := range slices.Backward(st.b.m.key) {
		if s := &st.b.slots[f.at]; s.spot >= 0 {
			return st.b.t.columns[s.spot].Name
		}
	}
	return ""
}

func (st *state) disagree(s *slot, value, first string, row int) {
	p := st.b.place(st.row.Number, s, s.spot)
	st.add(p, "disagree", value, words.Of(st.lang(), "mapper.disagree", "where", p.where, "value", line(value), "first", line(first), "row", st.b.t.sheets.Row(row)),
		words.Of(st.lang(), "mapper.disagree.fix", "key", st.keyNames()))
}

// keyless is a row whose group cannot be told because the column is blank.
func (st *state) keyless(col int, label, path string) {
	p := st.b.place(st.row.Number, &slot{filler: &filler{field: &providers.Field{Path: path, Label: batch.Text{EN: label}}}}, col).shows(st.lang(), st.cell(col))
	st.add(p, "group", "", p.empty(st.lang(), "mapper.key.blank"),
		words.Of(st.lang(), "mapper.key.blank.fix", "key", st.keyNames()))
}

// neighbour keeps back a group that may lack the row beside it.
func (st *state) neighbour(g *group, row, other int) {
	if g.warned {
		return
	}
	g.warned = true
	names := st.b.t.sheets
	fix := words.Of(st.lang(), "mapper.key.neighbour.fix", "key", st.keyNames(), "other", names.Row(other))
	g.own().problems = append(g.problems, batch.Problem{
		Row: row, Column: st.keyColumn(), Code: "group",
		Text: sentences(st.lang(), words.Of(st.lang(), "mapper.key.neighbour", "row", names.Row(row), "other", names.Row(other)), fix),
		Fix:  sentence(st.lang(), fix),
	})
}

// tooFew notes a group with too few rows.
func (st *state) tooFew(g *group) {
	least := st.b.m.op.Rows.Min
	if g.count >= least {
		return
	}
	if !g.keyless && !g.warned { // else nobody knows how many there are
		p := spot{row: g.first, column: st.keyColumn()}
		st.add(p, "min_items", "", words.Of(st.lang(), "mapper.group.few", "row", st.b.t.sheets.Row(g.first), "count", g.count, "min", least),
			words.Of(st.lang(), "mapper.group.few.fix", "key", st.keyNames()))
	}
	for _, f := range st.b.m.fillers {
		if list, _, inRows := strings.Cut(f.indexed, "[*]"); inRows {
			st.spoiled = append(st.spoiled, list) // Check need not count them again
			return
		}
	}
}

// repeated is a row whose values were in an earlier row already.
func (st *state) repeated(list []int, earlier int) {
	var names []string
	var at *slot
	for _, i := range list {
		s := &st.b.slots[i]
		if len(st.marks[i].json) == 0 {
			continue
		}
		if at == nil || at.spot < 0 {
			at = s
		}
		if s.spot >= 0 {
			names = append(names, st.b.heading(s.spot))
		} else {
			names = append(names, s.label(st.lang()))
		}
	}
	p := st.b.place(st.row.Number, at, at.spot)
	st.add(p, "unique", plain(st.marks[at.at].json), words.Of(st.lang(), "mapper.unique", "where", p.where, "row", st.b.t.sheets.Row(earlier), "columns", quotedIn(st.lang(), names...)),
		words.Of(st.lang(), "mapper.unique.fix"))
}

// plain is a JSON value as a person writes it.
func plain(v []byte) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// breach is a broken rule and the cell it is told at.
type breach struct {
	providers.Violation
	slot *slot
	row  int
}

// checkBody applies the rules beyond single values.
func (st *state) checkBody(rows []int, body []byte) {
	var found []breach
	c := st.b.m.context(st.b.m.set.Now())
	c.Spoiled = st.spoiled
	for _, v := range st.b.m.op.Check(body, c) {
		f := st.b.m.filler(v.Field)
		if f == nil {
			f = &filler{field: &providers.Field{Path: v.Field}, at: -1}
		}
		row, s := rows[0], &slot{filler: f, col: -1, spot: -1}
		if f.at >= 0 {
			s = &st.b.slots[f.at]
			row = st.rowOf(s, v.Path, rows)
		} else if i := rowIndex(v.Path, st.b.m.op.Rows.Path); i >= 0 && i < len(rows) {
			row = rows[i]
		}
		found = append(found, breach{v, s, row})
	}
	for _, v := range found {
		if !v.slot.columnless() || !slices.ContainsFunc(found, v.betterAt) {
			st.broken(st.b.place(v.row, v.slot, v.slot.spot), &v.Violation, v.Value, v.slot.columnless())
		}
	}
}

// betterAt reports whether the same rule is broken at a cell that the file has, and none of the values is given.
func (v breach) betterAt(o breach) bool {
	return o.Code == v.Code && o.row == v.row && o.Value == "" && v.Value == "" && !o.slot.columnless()
}

// rowOf is the row whose cell gave a value of the body.
func (st *state) rowOf(s *slot, path string, rows []int) int {
	if s.inRows {
		if i := rowIndex(path, st.b.m.op.Rows.Path); i >= 0 && i < len(rows) {
			return rows[i]
		}
	}
	if st.group != nil && !s.inRows {
		if _, row := st.group.shared(s.at); row != 0 {
			return row
		}
	}
	return rows[0]
}

func (m *Mapping) context(now time.Time) providers.CheckContext {
	return providers.CheckContext{Now: now, Lists: m.set.Lists, Optional: m.optional}
}

// where notes the cells of the values that are looked at again when the item is sent.
func (st *state) where(rows []int) map[string]string {
	out := map[string]string{}
	for _, path := range st.b.recheck {
		f := st.b.m.filler(path)
		if f == nil || st.b.slots[f.at].spot < 0 {
			continue
		}
		s := &st.b.slots[f.at]
		out[path] = st.b.t.ref(s.spot, st.rowOf(s, "", rows))
		if !s.inRows {
			continue
		}
		for i, row := range rows {
			out[strings.Replace(f.indexed, "[*]", "["+strconv.Itoa(i)+"]", 1)] = st.b.t.ref(s.spot, row)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// RecheckSettings are what Recheck needs besides the item.
type RecheckSettings struct {
	Now      time.Time
	Language batch.Language
	Lists    providers.Lists
	Optional []string     // the route's
	Sheets   batch.Sheets // of the file
}

// Recheck applies the rules that must hold when a request leaves ("arrival after today") to an item that was taken
// earlier, perhaps by another process. It gives the problems; none: send it.
func Recheck(op *providers.Operation, item batch.Item, c RecheckSettings) []batch.Problem {
	optional := map[string]bool{}
	for _, path := range c.Optional {
		optional[path] = true
	}
	l := cmp.Or(c.Language, batch.English)
	var out []batch.Problem
	for _, v := range op.Check(item.Body, providers.CheckContext{Now: c.Now, Lists: c.Lists, Optional: optional, Sending: true}) {
		p := spot{row: item.Rows[0], field: v.Field, column: v.Field, cell: cmp.Or(item.Where[v.Path], item.Where[v.Field])}
		if i := rowIndex(v.Path, op.Rows.Path); op.Rows.Kind == providers.Group && i >= 0 && i < len(item.Rows) {
			p.row = item.Rows[i]
		}
		for _, f := range op.Fields {
			if f.Path == v.Field {
				p.column = cmp.Or(f.Label.In(l), f.Path)
			}
		}
		p.where = words.Of(l, "mapper.where.field", "row", c.Sheets.Row(p.row), "field", p.column)
		if p.cell != "" {
			p.where = words.Of(l, "mapper.where.cell", "column", p.column, "cell", p.cell)
		}
		out = append(out, problemOf(l, p, &v, v.Value, false))
	}
	return out
}
