package mappers

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// filler fills one field. It is immutable once compiled.
type filler struct {
	unknown bool // the operation has no such field
	field   *providers.Field
	at      int    // position among the fillers
	indexed string // path with indexes, "[*]" for the row's
	inRows  bool   // each row of a group fills it anew
	inKey   bool   // its value makes the group
	lifted  bool   // the route lifts its required flag
	list    *node  // of an element of a list of plain values that one row fills: that list
	nth     int    // which of the headings that the file has fills it, where each fills an element

	mapped   bool // the route's map speaks of it
	from     []string
	constant *string
	program  *program
	known    []fieldName       // names, where the field is one of the operation
	lookup   map[string]string // keys as written
	folded   map[string]string // the same in normal form
	allowed  string            // the lookup's keys, for sentences
	layouts  []layout
	zone     *time.Location // of times that name none; nil: none
	keep     bool           // do not trim
	upper    bool
	lower    bool
	fallback string
}

func newFiller(field *providers.Field, indexed string, inRows bool) *filler {
	f := &filler{field: field, indexed: indexed, inRows: inRows}
	f.known = f.names()
	return f
}

func (f *filler) required() bool { return f.field.Required && !f.lifted && f.nth == 0 }

// label is how people call the field.
func (f *filler) label(l batch.Language) string {
	if s := f.field.Label.In(l); s != "" {
		return s
	}
	return f.field.Path
}

// tier says how a column's heading meets a field, the surest first.
type tier int

const (
	byLabel tier = iota
	byHeading
	byName
	byPath
	tiers
)

type fieldName struct {
	text   string
	normal string
	joined string
	tier   tier
}

// another reports whether the field is the id of an object that may be left out: a column that is called ID alone is the row's own, and
// would name a carrier, a shop or a pickup point that nobody meant.
func (f *filler) another() bool {
	at := strings.LastIndexByte(f.indexed, '.')
	if at < 0 || f.field.Required || !strings.EqualFold(f.indexed[at+1:], "id") {
		return false
	}
	around := f.indexed[:at]
	return !strings.HasSuffix(around, "]") && !slices.Contains([]string{"path", "query", "header", "cookie"}, around)
}

// names are the headings that fill the field without a word in the map.
func (f *filler) names() []fieldName {
	var out []fieldName
	add := func(t tier, texts ...string) {
		for _, s := range texts {
			if s != "" {
				out = append(out, fieldName{s, labels.Normal(s), labels.Unjoined(s), t})
			}
		}
	}
	add(byLabel, f.field.Label.EN, f.field.Label.ZH, f.field.Label.RU)
	add(byHeading, f.field.Headings...)
	if !f.another() {
		add(byName, f.field.Path[strings.LastIndexByte(f.field.Path, '.')+1:])
	}
	add(byPath, f.field.Path)
	return out
}

func (f *filler) texts() []string {
	var out []string
	for _, n := range f.names() {
		out = append(out, n.text)
	}
	return out
}

// compile takes over what the map says of the field.
func (f *filler) compile(c configs.Mapping, found *mistakes) {
	key := "map." + f.field.Path
	f.mapped = true
	f.from, f.upper, f.lower, f.fallback, f.constant = c.From, c.Upper, c.Lower, c.Blank, c.Value
	f.keep = c.Trim != nil && !*c.Trim
	f.compileForm(key, c, found)
	if c.Value != nil {
		for _, other := range beside(c) {
			found.add(key+"."+other, "value: "+*c.Value, words.Message("mapper.value.beside", "key", other))
		}
		f.checkFixed(key+".value", *c.Value, found)
		return
	}
	for i, h := range c.From {
		if labels.Normal(h) == "" {
			found.add(key+".from", f.label(batch.English), words.Message("mapper.from.blank"))
		}
		if slices.ContainsFunc(c.From[:i], func(e string) bool { return labels.Normal(e) == labels.Normal(h) }) {
			found.add(key+".from", "", words.Message("mapper.from.twice", "heading", shown(h)))
		}
	}
	if c.Upper && c.Lower {
		found.add(key+".upper", "", words.Message("mapper.case.both"))
	}
	if c.Expr != "" {
		p, mistake, suggest := compileExpression(c.Expr)
		if p == nil {
			found.add(key+".expr", suggest, mistake)
		}
		f.program = p
	}
	f.compileLookup(key, c, found)
	f.compileDates(key, c, found)
	if c.Zone != "" {
		f.zone, _ = time.LoadLocation(c.Zone) // a zone that is none was told with the configuration
	}
	if c.Blank != "" {
		f.checkFixed(key+".default", c.Blank, found)
	}
}

func (f *filler) compileForm(key string, c configs.Mapping, found *mistakes) {
	if c.As == "" {
		return
	}
	field := f.field.As(c.As)
	if field == nil {
		suggest := ""
		if forms := f.field.Forms(); len(forms) > 0 {
			suggest = "as: " + forms[0]
		}
		found.add(key+".as", suggest, words.Message("mapper.as", "path", f.field.Path, "form", c.As))
		return
	}
	f.field = field
}

func (f *filler) compileLookup(key string, c configs.Mapping, found *mistakes) {
	if c.Lookup == nil {
		return
	}
	if len(c.From) == 0 && c.Expr == "" {
		found.add(key+".lookup", "from: "+f.label(batch.English), words.Message("mapper.lookup.source"))
	}
	if len(c.Lookup) == 0 {
		found.add(key+".lookup", "", words.Message("mapper.lookup.empty"))
	}
	f.lookup, f.folded = c.Lookup, map[string]string{}
	first := map[string]string{}
	var keys []string
	for _, k := range slices.Sorted(maps.Keys(c.Lookup)) {
		n, v := labels.Normal(k), c.Lookup[k]
		if was, twice := f.folded[n]; twice && was != v {
			found.add(key+".lookup", "", words.Message("mapper.lookup.twice", "first", first[n], "second", k))
		}
		f.folded[n], first[n] = v, k
		if k != "" {
			keys = append(keys, k)
		}
		if c.Expr == "" && len(c.Date) == 0 && v != "" {
			if c.Upper {
				v = strings.ToUpper(v)
			} else if c.Lower {
				v = strings.ToLower(v)
			}
			f.checkFixed(key+".lookup."+k, v, found)
		}
	}
	f.allowed = strings.Join(keys, ", ")
}

func (f *filler) compileDates(key string, c configs.Mapping, found *mistakes) {
	for i, text := range c.Date {
		l, ok := newLayout(text)
		if !ok {
			found.add(key+".date", suggestLayout(text), words.Message("mapper.date.layout", "layout", text))
			continue
		}
		for _, other := range c.Date[:i] {
			if o, ok := newLayout(other); ok && contradict(o, l) {
				found.add(key+".date", "", words.Message("mapper.date.contradict", "first", other, "second", text))
			}
		}
		f.layouts = append(f.layouts, l)
	}
}

// checkFixed checks a value that stands in the configuration.
func (f *filler) checkFixed(key, value string, found *mistakes) {
	if f.unknown {
		return
	}
	_, _, bad := f.field.Append(nil, value, kindOf(value))
	if bad == nil {
		return
	}
	text := batch.InEach(func(l batch.Language) string {
		return words.Of(l, "mapper.fixed", "value", short(value), "rule", bare(words.Say(l, bad.Rule)))
	})
	suggest := ""
	if s := f.field.Schema; s != nil && len(s.Enum) > 0 {
		suggest = closest(value, s.Enum)
	}
	found.add(key, suggest, batch.Message{Text: text})
}

func kindOf(s string) batch.Kind {
	if s == "" {
		return batch.Blank
	}
	return batch.String
}

// closest is the one of several texts that comes nearest, or "".
func closest(s string, among []string) string {
	best, score := "", near
	for _, a := range among {
		if l := likeness(labels.Normal(s), labels.Normal(a)); l >= score {
			best, score = a, l
		}
	}
	return best
}

// beside lists the keys of a mapping that make no sense with a constant.
func beside(c configs.Mapping) []string {
	var out []string
	for _, k := range []struct {
		key string
		set bool
	}{
		{"from", len(c.From) > 0}, {"expr", c.Expr != ""}, {"lookup", c.Lookup != nil}, {"date", len(c.Date) > 0}, {"zone", c.Zone != ""},
		{"upper", c.Upper}, {"lower", c.Lower}, {"default", c.Blank != ""},
	} {
		if k.set {
			out = append(out, k.key)
		}
	}
	return out
}
