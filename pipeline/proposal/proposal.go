// Package proposal writes a first configuration from a sample: which column fills which field, how sure that is, and
// what the sample's values need. It proposes; a person decides.
package proposal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

// Settings say what the configuration is for.
type Settings struct {
	Operation *providers.Operation
	Provider  string // as the configuration names it: "otms", or a document's path from the configuration's folder
	Account   string
	Route     string
	Language  batch.Language
	Read      readers.Settings    // what the sample needs to be read right; the zero value detects everything
	Decided   map[string]Decision // what a person says of fields, by their paths; it counts more than what is found
	GroupBy   string              // heading of the column that makes groups, where a person says so
	Part      bool                // the text is one of several files: accounts and routes alone
	Known     bool                // the configuration has the account: the text is the route alone
}

// Decision is what a person says fills a field: a column by its heading, a constant, or, the zero Decision, nothing.
type Decision struct {
	Heading string `json:"heading,omitempty"`
	Value   string `json:"value,omitempty"`
}

// Proposal is a configuration that was made for a sample.
type Proposal struct {
	Settings
	Sample   string // name of the file
	Format   readers.Traits
	Fields   []*Field
	Unused   []batch.Column     // columns that fill nothing
	Unfilled []*providers.Field // required fields that nothing fills
	Group    string             // heading of the column that makes groups, where the operation has no fields for it
	Grouped  Surety             // of Group

	columns []batch.Column
	cells   [][]cell // of the sample, by column: distinct ones
	rows    int      // read for that
}

// Surety says how far to trust what was found.
type Surety string

// The sureties, the surest first.
const (
	Sure    Surety = "sure"         // it is filled without a word in the map
	Check   Surety = "please check" // it is in the map, and a person must look at it
	Perhaps Surety = "perhaps"      // too unsure: the configuration has it as a comment only
	None    Surety = "none"         // nothing was found
	Chosen  Surety = "chosen"       // a person says so
)

// Field is one field of the operation and what was found for it.
type Field struct {
	*providers.Field
	Column  int   // in the sample; -1: none
	More    []int // columns of a list's further elements
	How     mappers.How
	Score   float64
	Surety  Surety
	Map     *configs.Mapping // what the map must say; nil: nothing, or nothing was found
	Usual   bool             // no column was found, and the map has what the description says is sent then
	Rivals  []string         // fields that go by the heading too and have no column
	Guessed []string         // values of the lookup that were guessed
	Remarks []string         // what a person should know of the values
}

// Propose reads a sample and finds what fills each field. A sample that is no table is a *batch.Unreadable.
func Propose(ctx context.Context, s Settings, path, name string) (*Proposal, error) {
	p := &Proposal{Settings: s, Sample: name}
	if err := p.look(ctx, path); err != nil {
		return nil, err
	}
	for _, g := range mappers.Match(s.Operation, p.columns) {
		f := &Field{Field: g.Field, Column: g.Column, More: g.More, How: g.How, Score: g.Score, Surety: Sure}
		switch {
		case g.Column < 0:
			f.Surety = None
		case g.How == mappers.Near && !p.trusted(f), g.How == mappers.Worded && !f.Required && !p.suits(f):
			f.Surety = Perhaps
		case g.How == mappers.Near, g.How == mappers.Worded:
			f.Surety = Check
		}
		if len(g.More) > 0 && f.Surety == Sure {
			f.Surety = Check
		}
		for _, r := range g.Rivals {
			f.Rivals = append(f.Rivals, r.Path)
		}
		p.Fields = append(p.Fields, f)
	}
	p.strays()
	p.rivals()
	p.twins()
	for _, f := range p.Fields {
		if d, said := p.Decided[f.Path]; said {
			p.decide(f, d)
		} else if usual := f.Default(); f.Required && f.Surety == None && usual != "" {
			f.Surety, f.Map, f.Usual = Check, &configs.Mapping{Value: &usual}, true
		}
	}
	p.group()
	for _, f := range p.Fields {
		p.values(f)
	}
	p.conclude()
	p.leftovers()
	return p, nil
}

// decide has a field filled as a person says.
func (p *Proposal) decide(f *Field, d Decision) {
	own := f.Surety == Sure || f.Surety == Check
	more := f.More
	if !own || p.heading(f.Column) != d.Heading {
		more = nil
	}
	f.Column, f.More, f.Surety, f.Rivals, f.Map = -1, nil, Chosen, nil, nil
	for i := range p.columns {
		if d.Heading != "" && p.heading(i) == d.Heading {
			f.Column, f.More, f.Map = i, more, &configs.Mapping{}
			return
		}
	}
	if d.Value != "" || own { // a blank one keeps the column of its name out
		f.Map = &configs.Mapping{Value: &d.Value}
	}
}

// strays leaves to a person what is near the name of a field and would be the only one in an object that may be left out: with it, cash
// on delivery or a return might be ordered that nobody wants.
func (p *Proposal) strays() {
	for _, f := range p.Fields {
		object := optionalObject(p.Operation.Item, f.Path)
		if f.Surety == Check && !f.Required && !slices.Contains(providers.Places, object) && object != "" && !p.livens(object, f) && !namesObject(p.columns[f.Column].Name, f.Path) && !p.says(f) {
			f.Surety = Perhaps
		}
	}
}

// livens reports whether another field is filled in an object.
func (p *Proposal) livens(object string, but *Field) bool {
	return slices.ContainsFunc(p.Fields, func(f *Field) bool {
		return f != but && f.Column >= 0 && f.Surety != Perhaps && strings.HasPrefix(f.Path, object+".")
	})
}

// namesObject reports whether a heading names a field with the object that it is in: "Shipper country" is shipper.country.
func namesObject(heading, path string) bool {
	named, names := labels.Unjoined(strings.ReplaceAll(heading, "/", "")), strings.Split(path, ".")
	for n := range len(names) - 1 {
		if named == labels.Unjoined(strings.Join(names[n:], "")) {
			return true
		}
	}
	return false
}

// says reports whether a heading says in words of its own what the innermost optional object is, or whose; and that nothing but that object
// comes along with it.
func (p *Proposal) says(f *Field) bool {
	heading, object := labels.Mean(p.columns[f.Column].Name), optionalObject(p.Operation.Item, f.Path)
	if whose := labels.Mean(strings.Split(f.Path, ".")...).Party; heading.Party != "" || whose == labels.Receiver {
		for name, around, more := cutLast(object); more && labels.Mean(name).Party == ""; name, around, more = cutLast(object) {
			object = around
		}
	} else if name, _, _ := cutLast(object); heading.Covers(labels.Mean(name)) == 0 {
		return false
	}
	around := optionalObject(p.Operation.Item, object)
	if name, _, _ := cutLast(around); labels.Mean(name).Said() == "package" { // there is one
		around = optionalObject(p.Operation.Item, around)
	}
	return f.How == mappers.Worded && (around == "" || p.livens(around, f))
}

// cutLast parts the last name of a path from what stands before it.
func cutLast(path string) (last, before string, more bool) {
	at := strings.LastIndexByte(path, '.')
	return path[at+1:], path[:max(at, 0)], at >= 0
}

// optionalObject is the path of the innermost object about a field that may be left out; "" where there is none.
func optionalObject(s *providers.Schema, path string) (innermost string) {
	names := strings.Split(path, ".")
	for i, name := range names[:len(names)-1] {
		if s = member(s, name); s == nil {
			return innermost
		}
		if !s.Required {
			innermost = strings.Join(names[:i+1], ".")
		}
	}
	return innermost
}

// member is a property of an object, of a list's elements, or of a body that stands beside parameters; nil where there is none.
func member(s *providers.Schema, name string) *providers.Schema {
	for s.Items != nil {
		s = s.Items
	}
	for _, is := range s.Props {
		if is.Name == name {
			return is
		}
	}
	for _, is := range s.Props {
		if is.Name == "" {
			return member(is, name)
		}
	}
	return nil
}

// rivals finds headings that are the names of two fields of which only one can have the column.
func (p *Proposal) rivals() {
	for _, f := range p.Fields {
		if f.Surety != Sure {
			continue
		}
		heading := squeezed(p.columns[f.Column].Name)
		for _, other := range p.Fields {
			if other != f && other.Surety != Sure && heading != "" && slices.ContainsFunc(names(other.Field), func(n string) bool { return squeezed(n) == heading }) {
				f.Rivals = append(f.Rivals, other.Path)
			}
		}
	}
	for _, f := range p.Fields {
		if len(f.Rivals) > 0 && f.Surety == Sure {
			f.Surety = Check
		}
	}
}

// twins gives a parameter and the field of the body that is called as it is one column, where a request needs both and one is left without.
func (p *Proposal) twins() {
	for _, f := range p.Fields {
		if f.Surety != None || !f.Required {
			continue
		}
		for _, twin := range p.Fields {
			if (twin.Surety == Sure || twin.Surety == Check) && twinned(f.Path, twin.Path) {
				f.Column, f.How, f.Score, f.Surety, f.Rivals = twin.Column, twin.How, twin.Score, Check, []string{twin.Path}
				if twin.Surety = Check; !slices.Contains(twin.Rivals, f.Path) {
					twin.Rivals = append(twin.Rivals, f.Path)
				}
				break
			}
		}
	}
}

// twinned reports whether of two paths one is a parameter and the other what the body calls so, and not what something in it does.
func twinned(a, b string) bool {
	for range 2 {
		in, name, more := strings.Cut(a, ".")
		if more && slices.Contains(providers.Places, in) && !strings.Contains(b, ".") && labels.Unjoined(name) == labels.Unjoined(b) {
			return true
		}
		a, b = b, a
	}
	return false
}

// names are what a field is called in the document.
func names(f *providers.Field) []string {
	return append([]string{f.Label.EN, f.Label.ZH, f.Label.RU, f.Path, f.Path[strings.LastIndexByte(f.Path, '.')+1:]}, f.Headings...)
}

func squeezed(s string) string { return strings.Join(strings.Fields(fold(s)), "") }

// conclude decides what the map must say: everything that would not be filled as it was matched.
func (p *Proposal) conclude() {
	for _, f := range p.Fields {
		if f.Map == nil && f.Surety == Check {
			f.Map = &configs.Mapping{}
		}
	}
	for range 2 { // an ambiguous heading is settled by naming the columns of all
		bound, err := p.trial()
		wrong := 0
		for i, f := range p.Fields {
			if f.Surety != Sure || f.Map != nil {
				continue
			}
			if err != nil || !p.fills(bound[i], f) {
				f.Map = &configs.Mapping{}
				wrong++
			}
		}
		if wrong == 0 {
			break
		}
	}
	for _, f := range p.Fields {
		if f.Map != nil && f.Column >= 0 {
			f.Map.From = p.from(f)
		}
	}
}

// from is how the map names a field's columns.
func (p *Proposal) from(f *Field) []string {
	out := []string{p.heading(f.Column)}
	for _, more := range f.More {
		out = append(out, p.heading(more))
	}
	return out
}

// trial binds the sample's columns as the map stands. What nothing fills is filled by the document's example meanwhile.
func (p *Proposal) trial() ([][]batch.Column, error) {
	set := mappers.Settings{Map: map[string]configs.Mapping{}, Group: p.Group}
	for _, f := range p.Fields {
		switch {
		case f.Map != nil:
			m := *f.Map
			if f.Column >= 0 {
				m.From = p.from(f)
			}
			set.Map[f.Path] = m
		case f.Surety != Sure && f.Required && f.Example != "":
			set.Map[f.Path] = configs.Mapping{Value: &f.Example}
		}
	}
	if p.Grouped == None && p.Group != "" {
		set.Group = p.heading(0)
	}
	m, err := mappers.Compile(p.Operation, set)
	if err != nil {
		return nil, err
	}
	b, err := m.Bind(p.columns)
	if err != nil {
		return nil, err
	}
	return b.Reads(), nil
}

// fills reports whether a field's column is all that fills it.
func (p *Proposal) fills(read []batch.Column, f *Field) bool {
	return len(read) == 1 && read[0].Ref == p.columns[f.Column].Ref
}

// heading is how the map names a column: in one line, or by its place where the heading does not tell it from others.
func (p *Proposal) heading(column int) string {
	c := p.columns[column]
	name := strings.Join(strings.Fields(c.Name), " ")
	same := 0
	for _, other := range p.columns {
		if strings.Join(strings.Fields(other.Name), " ") == name {
			same++
		}
	}
	if name == "" || same > 1 && !p.Format.Grid {
		return c.Ref
	}
	return name
}

// leftovers lists what has no counterpart.
func (p *Proposal) leftovers() {
	used := map[int]bool{}
	for _, f := range p.Fields {
		switch {
		case f.Column >= 0 && f.Surety != Perhaps:
			used[f.Column] = true
			for _, more := range f.More {
				used[more] = true
			}
		case f.Map != nil && f.Map.Value != nil && *f.Map.Value != "":
		case f.Required:
			p.Unfilled = append(p.Unfilled, f.Field)
		}
	}
	for i, c := range p.columns {
		if !used[i] && c.Name != "" && (p.Grouped == None || p.heading(i) != p.Group) {
			p.Unused = append(p.Unused, c)
		}
	}
}

// Doubtful reports whether something in the configuration wants a person's eyes.
func (p *Proposal) Doubtful() bool {
	return p.Group != "" && p.Grouped != Sure || slices.ContainsFunc(p.Fields, func(f *Field) bool {
		return f.Surety == Check || f.Surety == Perhaps || len(f.Guessed)+len(f.Remarks) > 0
	})
}

// Columns are those of the sample.
func (p *Proposal) Columns() []batch.Column { return p.columns }

// Headings are the columns as a Decision and the map name them.
func (p *Proposal) Headings() []string {
	all := make([]string, len(p.columns))
	for i := range p.columns {
		all[i] = p.heading(i)
	}
	return all
}

// Values are the first distinct values of a column of the sample.
func (p *Proposal) Values(column, most int) []string {
	var all []string
	for _, c := range p.cells[column][:min(most, len(p.cells[column]))] {
		all = append(all, c.text)
	}
	return all
}

// Wired is the route as the configuration will make it, without account and places: enough to check files.
func (p *Proposal) Wired() (*route.Route, error) {
	set := mappers.Settings{Map: map[string]configs.Mapping{}, Group: p.Group, Language: p.Language}
	for _, f := range p.Fields {
		if f.Map != nil {
			set.Map[f.Path] = *f.Map
		}
	}
	m, err := mappers.Compile(p.Operation, set)
	if err != nil {
		return nil, err
	}
	read := p.Read
	read.Wants = m
	return &route.Route{Name: p.Route, Account: p.Account, Operation: p.Operation, Language: p.Language, Mapping: m, Read: read}, nil
}

// Complaint is why a sample cannot be read, for people; ok is false when err is no such reason.
func Complaint(l batch.Language, err error) (text string, ok bool) {
	u, ok := errors.AsType[*batch.Unreadable](err)
	if !ok {
		return "", false
	}
	return words.Say(l, u.Message), true
}

func others(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// Sureness says in a few words why a column was taken for the field.
func (f *Field) Sureness() string {
	switch {
	case f.Surety == Chosen:
		return "chosen"
	case f.Usual:
		return "please check: no column was found, and this is the default of the provider's document"
	case f.Column < 0:
		return "nothing found"
	case len(f.Rivals) > 0 && f.Surety != Perhaps:
		return "please check: " + strings.Join(f.Rivals[:min(len(f.Rivals), 3)], ", ") + others(len(f.Rivals)-3) + " goes by this name too"
	case f.How == mappers.Exact:
		return "sure: the provider's own name"
	case f.How == mappers.Alike:
		return "sure: the provider's own name, but for case, width or blanks"
	case f.How == mappers.Known:
		return "sure: a name in use for it"
	case f.How == mappers.Worded && f.Surety == Check:
		return "please check: by its words"
	case f.How == mappers.Worded:
		return "perhaps: by its words, not used"
	case f.Surety == Perhaps:
		return fmt.Sprintf("perhaps: near spelling (%.0f%%), not used", 100*f.Score)
	}
	return fmt.Sprintf("please check: near spelling (%.0f%%)", 100*f.Score)
}
