package mappers

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Bound is a mapping matched with the columns of one file. It is immutable and safe for concurrent use.
type Bound struct {
	m     *Mapping
	t     *table
	slots []slot // one for each filler
	group int    // column of the route's `group`; -1: none
	used  []bool

	watched []bool   // fillers whose values are compared over the file
	unique  [][]int  // lists of fillers
	recheck []string // paths of fields that are looked at again when sent
	units   []unitColumn
}

// slot is a filler and the columns it reads.
type slot struct {
	*filler
	col   int // -1: none
	refs  []boundReference
	spot  int    // the column to blame; -1: none
	fixed []byte // JSON of a constant
	omit  bool   // the constant is left out
}

type boundReference struct {
	heading string // as the expression writes it
	col     int
}

// filled reports whether anything can fill the field.
func (s *slot) filled() bool {
	if s.constant != nil {
		return *s.constant != ""
	}
	return s.col >= 0 || s.program != nil || s.fallback != ""
}

// lists reports whether a text is one of those that the field's lookup or its provider's list has.
func (s *slot) lists(text string) bool {
	if s.lookup == nil {
		return slices.Contains(s.field.Schema.Enum, text)
	}
	_, found := s.look(text)
	return found && text != ""
}

// columnless reports whether no column and no constant fills the field.
func (s *slot) columnless() bool { return s.spot < 0 && s.constant == nil }

// Bind matches the mapping with a file's columns; where there are none, there are no rows either. The error is a *batch.Unreadable that names everything that does not fit.
func (m *Mapping) Bind(columns []batch.Column) (*Bound, error) {
	m = m.widened(columns)
	b, wrong := m.bind(columns)
	if len(wrong) > 0 && len(columns) > 0 {
		message := b.misfit(wrong)
		return nil, &batch.Unreadable{Message: message, Err: errors.New(message.Text.EN)}
	}
	b.watch()
	b.units = b.unitColumns()
	return b, nil
}

// In says of which sheets the rows will be, so that cells are called as their senders call them.
func (b *Bound) In(sheets batch.Sheets) *Bound {
	b.t.sheets = sheets
	return b
}

// Fit says what columns of these names would fill, for readers that look for the heading, the sheet or the record.
func (m *Mapping) Fit(columns []batch.Column) batch.Fit {
	fit := batch.Fit{Fields: make([]string, len(columns))}
	m = m.widened(columns)
	if !slices.ContainsFunc(columns, m.mayFill) {
		return fit
	}
	b, wrong := m.bind(columns)
	fit.Enough = len(wrong) == 0 && b.oneOfEach()
	for i := range b.slots {
		s := &b.slots[i]
		if s.col >= 0 {
			fit.Fields[s.col] = s.field.Path
			if s.lookup != nil || len(s.field.Schema.Enum) > 0 {
				if fit.Lists == nil {
					fit.Lists = make([]func(string) bool, len(columns))
				}
				fit.Lists[s.col] = s.lists
			}
			if s.dated() || isNumeric(s.field) {
				if fit.Days == nil {
					fit.Days, fit.Numbers = make([]bool, len(columns)), make([]bool, len(columns))
				}
				fit.Days[s.col], fit.Numbers[s.col] = s.dated(), isNumeric(s.field)
			}
		}
		for _, r := range s.refs {
			if fit.Fields[r.col] == "" {
				fit.Fields[r.col] = s.field.Path
			}
		}
	}
	if b.group >= 0 && fit.Fields[b.group] == "" {
		fit.Fields[b.group] = "group"
	}
	return fit
}

// dated reports whether what the column has is a date.
func (s *slot) dated() bool {
	return len(s.layouts) > 0 || s.field.Dated()
}

// oneOfEach reports whether of fields of which one must be given one is filled: else no row is any good.
func (b *Bound) oneOfEach() bool {
	for _, paths := range b.m.op.OneOf {
		known := 0
		filled := slices.ContainsFunc(b.slots, func(s slot) bool {
			is := slices.Contains(paths, s.field.Path)
			if is {
				known++
			}
			return is && s.filled()
		})
		if known > 0 && !filled {
			return false
		}
	}
	return true
}

// widened is the mapping with the members of maps that columns name as fields of their own: "metadata.channel".
func (m *Mapping) widened(columns []batch.Column) *Mapping {
	if !m.op.Opens() {
		return m
	}
	var names []string
	for _, c := range columns {
		names = append(names, trim(c.Name), asPath(c.Ref))
	}
	named := m.op.Members(names)
	if len(named) == 0 {
		return m
	}
	op, err := m.op.Widened(named)
	if err != nil {
		return m // too many: the columns are told as such that fill nothing
	}
	wide, err := Compile(op, m.set)
	if err != nil {
		return m
	}
	return wide
}

// mayFill is a quick look at one name: false when it fills nothing for certain.
func (m *Mapping) mayFill(c batch.Column) bool {
	if m.known[labels.Normal(c.Name)] || m.known[labels.Unmarked(c.Name)] || m.known[unjoined(c)] {
		return true
	}
	if strings.HasPrefix(c.Name, "#") {
		return m.known[labels.Unmarked(uncommented(c.Name))]
	}
	path := asPath(c.Ref)
	return path != "" && path != c.Name && m.known[labels.Normal(path)]
}

// bind matches as far as it can, and says what does not fit.
func (m *Mapping) bind(columns []batch.Column) (*Bound, []batch.Text) {
	b := &Bound{m: m, t: newTable(columns), group: -1, used: make([]bool, len(columns)), slots: make([]slot, len(m.fillers))}
	var wrong []batch.Text
	for i, f := range m.fillers {
		b.slots[i] = slot{filler: f, col: -1, spot: -1}
		if f.constant != nil {
			fixed, omit, _ := f.field.Append(nil, *f.constant, kindOf(*f.constant))
			b.slots[i].fixed, b.slots[i].omit = fixed, omit
		}
	}
	taken := make([]bool, len(columns))
	b.bindMap(taken, &wrong)
	b.bindDefaults(taken, &wrong)
	b.bindGroup(&wrong)
	for i := range b.slots {
		s := &b.slots[i]
		s.spot = s.col
		if s.spot < 0 && len(s.refs) > 0 {
			s.spot = s.refs[0].col
		}
		if len(wrong) == 0 && s.required() && !s.filled() {
			wrong = append(wrong, b.unfilled(s))
		}
	}
	if len(wrong) == 0 && len(columns) > 0 && !b.reads() {
		wrong = append(wrong, words.Every("mapper.bind.nothing"))
	}
	return b, wrong
}

// reads reports whether what is sent depends on the rows at all.
func (b *Bound) reads() bool {
	return slices.Contains(b.used, true) || slices.ContainsFunc(b.slots, func(s slot) bool { return s.program != nil })
}

// bindMap finds the columns that the map names.
func (b *Bound) bindMap(taken []bool, wrong *[]batch.Text) {
	for i := range b.slots {
		s := &b.slots[i]
		if len(s.from) > 0 {
			if s.col = b.source(s, wrong); s.col >= 0 {
				taken[s.col], b.used[s.col] = true, true
			}
		}
		if s.program == nil {
			continue
		}
		for _, r := range s.program.refs {
			if r.optional && len(b.t.find(r.heading)) == 0 {
				continue
			}
			if col := b.first(s.field.Path, []string{r.heading}, wrong); col >= 0 {
				s.refs = append(s.refs, boundReference{r.heading, col})
				b.used[col] = true
			}
		}
		if s.program.whole {
			for col := range b.used {
				b.used[col] = true
			}
		}
	}
}

// source finds the column of what the map says of a field: the first of its headings that the file has, or for an element of a list
// of plain values the one that is that element's.
func (b *Bound) source(s *slot, wrong *[]batch.Text) int {
	if s.nth == 0 {
		return b.first(s.field.Path, s.from, wrong)
	}
	there := slices.DeleteFunc(slices.Clone(s.from), func(h string) bool { return len(b.t.find(h)) == 0 })
	if s.nth >= len(there) {
		return -1
	}
	return b.first(s.field.Path, there[s.nth:s.nth+1], wrong)
}

// first finds the first heading of several that the file has.
func (b *Bound) first(path string, headings []string, wrong *[]batch.Text) int {
	for _, h := range headings {
		switch cols := b.t.find(h); len(cols) {
		case 0:
		case 1:
			return cols[0]
		default:
			*wrong = append(*wrong, words.Every("mapper.bind.twice", "heading", shown(h), "columns", b.refs(cols)))
			return -1
		}
	}
	text := words.Every("mapper.bind.heading", "path", path, "headings", quoted(headings...))
	*wrong = append(*wrong, b.meant(text, b.t.like(headings...)))
	return -1
}

// bindDefaults fills what the map leaves open by the fields' own names, the surest first.
func (b *Bound) bindDefaults(taken []bool, wrong *[]batch.Text) {
	dropped := map[int]bool{} // slots whose doubt has been told
	for round := range 2 * tiers {
		claims := b.claims(round, taken, dropped)
		for _, p := range claims {
			if dropped[p.slot] {
				continue
			}
			cols, fields := b.rivals(p, claims)
			switch {
			case len(cols) > 1:
				*wrong = append(*wrong, words.Every("mapper.bind.columns", "path", b.slots[p.slot].field.Path, "columns", b.headings(cols)))
				dropped[p.slot] = true
			case len(fields) > 1:
				*wrong = append(*wrong, words.Every("mapper.bind.fields", "heading", b.heading(p.col), "fields", strings.Join(fields, ", ")))
				for _, o := range claims {
					if o.col == p.col {
						dropped[o.slot] = true
					}
				}
			default:
				b.slots[p.slot].col = p.col
				taken[p.col], b.used[p.col] = true, true
			}
		}
	}
}

// claim is a slot's, on a column whose heading is a name of its field.
type claim struct{ slot, col int }

// claims are those of a round: first all tiers, then all once more for marked headings.
func (b *Bound) claims(round tier, taken []bool, dropped map[int]bool) (claims []claim) {
	for i := range b.slots {
		s := &b.slots[i]
		if !s.open() || dropped[i] {
			continue
		}
		for _, col := range b.named(s, round%tiers, round >= tiers, taken) {
			claims = append(claims, claim{i, col})
		}
	}
	return claims
}

// rivals are the columns that the claim's slot claims and the fields that claim its column.
func (b *Bound) rivals(p claim, claims []claim) (cols []int, fields []string) {
	for _, o := range claims {
		if o.slot == p.slot {
			cols = append(cols, o.col)
		}
		if o.col == p.col {
			fields = append(fields, b.slots[o.slot].field.Path)
		}
	}
	return cols, fields
}

// open reports whether a column may fill the field by its heading.
func (s *slot) open() bool {
	if s.col >= 0 || s.constant != nil || len(s.from) > 0 {
		return false
	}
	return s.program == nil || s.program.value
}

// named lists the free columns whose heading is one of the field's names of a tier; those that a form has marked
// ("Name *", "Name (required)"), or that have other signs for its blanks, are asked for apart, when all others are given away.
func (b *Bound) named(s *slot, t tier, marked bool, taken []bool) []int {
	var out []int
	for _, n := range s.known {
		want := n.normal
		if n.tier != t || want == "" {
			continue
		}
		for i := range b.t.columns {
			is := b.t.normal[i] == want || b.t.paths[i] == want
			if marked {
				is = b.t.plain[i] == want || n.joined != "" && b.t.joined[i] == n.joined
			}
			if owner := b.owner(i); owner != nil && owner != s && owner.open() {
				continue
			}
			if is && !taken[i] && !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	slices.Sort(out)
	return out
}

// owner is the slot of the field whose path a heading is, letter by letter: such a heading is never ambiguous.
func (b *Bound) owner(col int) *slot {
	i, known := b.m.paths[b.t.columns[col].Name]
	if !known {
		return nil
	}
	return &b.slots[i]
}

func (b *Bound) bindGroup(wrong *[]batch.Text) {
	if b.m.set.Group == "" {
		return
	}
	if b.group = b.first("group", []string{b.m.set.Group}, wrong); b.group >= 0 {
		b.used[b.group] = true
	}
}

// unfilled says that nothing fills a required field, what would, and which headings come near.
func (b *Bound) unfilled(s *slot) batch.Text {
	text := batch.InEach(func(l batch.Language) string {
		return words.Of(l, "mapper.bind.required", "field", s.label(l), "path", s.field.Path)
	})
	return b.meant(text, b.t.like(s.texts()...))
}

// meant adds the headings of the file that come near.
func (b *Bound) meant(text batch.Text, like []string) batch.Text {
	if len(like) == 0 {
		return text
	}
	return batch.InEach(func(l batch.Language) string {
		return text.In(l) + words.Of(l, "mapper.bind.near", "headings", quotedIn(l, like...))
	})
}

// misfit is all that is wrong as one message.
func (b *Bound) misfit(wrong []batch.Text) batch.Message {
	text := batch.InEach(func(l batch.Language) string {
		if len(wrong) == 1 {
			return wrong[0].In(l)
		}
		lines := []string{words.Of(l, "mapper.bind.many", "count", len(wrong))}
		for _, w := range wrong {
			lines = append(lines, "- "+w.In(l))
		}
		return strings.Join(lines, "\n")
	})
	return batch.Message{Text: text}
}

// heading is how a sentence names a column.
func (b *Bound) heading(col int) string {
	c := b.t.columns[col]
	return cmp.Or(shown(c.Name), c.Ref)
}

func (b *Bound) headings(cols []int) string {
	var out []string
	for _, c := range cols {
		out = append(out, b.heading(c)+" ("+b.t.columns[c].Ref+")")
	}
	return strings.Join(out, ", ")
}

func (b *Bound) refs(cols []int) string {
	var out []string
	for _, c := range cols {
		out = append(out, b.t.columns[c].Ref)
	}
	return strings.Join(out, ", ")
}

// watch notes what is compared over the file and what is looked at again when sent.
func (b *Bound) watch() {
	b.watched = make([]bool, len(b.slots))
	op := b.m.op
	for _, list := range op.Rows.Unique {
		var ids []int
		inRows := false
		for _, path := range list {
			for _, f := range b.m.fillers {
				if f.field.Path == path {
					ids = append(ids, f.at)
					inRows = inRows || f.inRows
				}
			}
		}
		if len(ids) == 0 || op.Rows.Kind == providers.Group && !inRows {
			continue // what all rows of a group share is not repeated by them
		}
		for _, id := range ids {
			b.watched[id] = true
		}
		b.unique = append(b.unique, ids)
	}
	b.recheck = op.RechecksWhenSent()
	if op.Points() {
		b.recheck = nil
		for i := range b.slots {
			if b.slots[i].spot >= 0 {
				b.recheck = append(b.recheck, b.slots[i].field.Path)
			}
		}
	}
}

// Unused lists the columns with a heading that fill nothing.
func (b *Bound) Unused() []batch.Column {
	var out []batch.Column
	for i, c := range b.t.columns {
		if !b.used[i] && c.Name != "" {
			out = append(out, c)
		}
	}
	return out
}

// Notes tells which columns fill nothing, for the summary, and Nearly.
func (b *Bound) Notes() []batch.Note {
	unused := b.Unused()
	if len(unused) == 0 {
		return nil
	}
	var names []string
	for _, c := range unused {
		names = append(names, shown(c.Name))
	}
	return append([]batch.Note{{Message: words.Message("mapper.note.unused", "columns", strings.Join(names, ", "))}}, b.Nearly()...)
}

// Nearly tells of columns that fill nothing though they have the name of a field that nothing fills, with a remark behind it:
// "Weight (kg)". Whether the provider counts in the same unit only a person knows.
func (b *Bound) Nearly() (notes []batch.Note) {
	for i := range b.slots {
		s := &b.slots[i]
		if s.filled() || s.mapped {
			continue
		}
		for col, c := range b.t.columns {
			if !b.used[col] && c.Name != "" && remarked(b.t.normal[col], s.texts()) {
				notes = append(notes, batch.Note{Message: words.Message("mapper.note.nearly", "heading", shown(c.Name), "path", s.field.Path)})
				break
			}
		}
	}
	return notes
}

// remarked reports whether a heading is one of the names, and a bracket or a separator with a remark.
func remarked(heading string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		name = labels.Normal(name)
		rest, begins := strings.CutPrefix(heading, name)
		return begins && name != "" && rest != "" && strings.ContainsRune("([{<【〔,:/-", []rune(rest)[0])
	})
}

// Reads tells for every field, in the schema's order, which columns fill it: none for a constant, a default, or nothing.
func (b *Bound) Reads() [][]batch.Column {
	out := make([][]batch.Column, len(b.slots))
	for i := range b.slots {
		s := &b.slots[i]
		if s.col >= 0 {
			out[i] = append(out[i], b.t.columns[s.col])
		}
		for _, r := range s.refs {
			out[i] = append(out[i], b.t.columns[r.col])
		}
	}
	return out
}
