package providers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// fieldSpec is x-rowferry of a property.
type fieldSpec struct {
	Label    batch.Text        `key:"label"`
	Headings []string          `key:"headings"`
	Help     batch.Text        `key:"help"`
	Rule     batch.Text        `key:"rule"`
	Must     batch.Text        `key:"must"`
	Fix      batch.Text        `key:"fix"`
	Example  *string           `key:"example"`
	Fill     string            `key:"fill"`
	Scheme   string            `key:"scheme"`
	Blank    string            `key:"blank"`
	Presumed bool              `key:"presumed"`
	List     string            `key:"list"`
	ListFrom string            `key:"listFrom"`
	Reduce   string            `key:"reduce"`
	Lookup   map[string]string `key:"lookup"`
	Fold     bool              `key:"fold"`
	Decimal  *decimalSpec      `key:"decimal"`
	Date     []string          `key:"date"`
	DateOut  string            `key:"dateOut"`
	Hidden   bool              `key:"hidden"`
}

type decimalSpec struct {
	Scale     *int `key:"scale"`
	MaxLength int  `key:"maxLength"`
}

// compiledSchema is what Check needs of a node.
type compiledSchema struct {
	minItems, maxItems int // maxItems < 0: no bound
	unique             bool
	loose              bool // required, but inside an object that may be missing: Check looks at it
	rules              []*rule
	codes              bool // listFrom: code
	checked            bool // this node or one below it gives Check something to do
	ruled              bool // this node or one below it has rules
	node               *yaml.Node
	place              string
	must               batch.Text
	fix                batch.Text
}

// compiledField is what Append and Example need.
type compiledField struct {
	converter *converter
	examples  []string
}

// builder compiles the body of one operation.
type builder struct {
	*reader
	op      *Operation
	schemes []string
	found   *Schema         // the array of Rows.Path, once it has been seen
	rules   map[string]bool // names of rules seen
	sites   []ruleSite
	named   []string // paths of members of maps, as columns name them
	budget  int      // nodes that may still be built
	values  int      // nodes that may still be written out as JSON Schema
	lost    bool
	wishes
}

// spot is where in the body a schema stands.
type spot struct {
	full      string     // path from the body's root
	path      string     // path as fields have it
	required  bool       // everything around is required
	repeated  bool       // inside the array that rows fill
	outside   bool       // batch: not yet inside the repeated element
	ancestors []*Schema  // objects around, outermost first
	refs      []string   // references that led here
	sample    *yaml.Node // what an example of something around says of it; nil = nothing
	element   bool       // an element of a list, which is called as the list is
}

func (s spot) child(name string) spot {
	s.full, s.path = dotted(s.full, name), dotted(s.path, name)
	s.sample, s.element = get(s.sample, name), false
	return s
}

// dotted is the path of something below another.
func dotted(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// schema compiles one node; nil when it is not offered or broken (then the mistake is noted).
func (b *builder) schema(raw *yaml.Node, name, place string, required bool, at spot) *Schema {
	if b.budget--; b.budget < 0 {
		if b.budget == -1 {
			b.wrong(raw, place, "document.many_fields", "max", maxFields)
		}
		return nil
	}
	for i, w := range b.wishes.offered {
		b.wishes.offered[i].met = w.met || at.is(w.path)
	}
	if !b.referred(raw, place, &at) {
		return nil
	}
	n := b.wished(b.flat(raw, place, nil), at)
	if n == nil || n.Kind != yaml.MappingNode {
		b.cannot(cmp.Or(n, raw), place, at, "document.untyped", "path", at.full)
		return nil
	}
	if n = b.united(n, place, at); n == nil {
		return nil
	}
	if example := get(n, "example"); example != nil && at.sample == nil {
		at.sample = example
	}
	var spec fieldSpec
	if x := get(n, "x-rowferry"); x != nil {
		b.decode(x, place+".x-rowferry", &spec)
	}
	s := &Schema{Name: name, Required: required, Fill: spec.Fill, Scheme: spec.Scheme, Blank: spec.Blank}
	s.node, s.place, s.must, s.fix, s.maxItems = n, place, spec.Must, spec.Fix, -1
	b.xmlHints(s, n, place)
	if !b.kind(s, n, place, at) {
		return nil
	}
	if s.Type != "object" && s.Type != "array" {
		s.Raw, _ = b.whole(n, place, nil).(map[string]any)
	}
	if c := get(n, "const"); c != nil {
		s.Const = c.Value
		if s.Type == "array" && c.Kind == yaml.SequenceNode {
			s.Const = b.fixedList(n, c, place)
		}
	}
	if b.theirs && s.Type == "string" && slices.Index(b.op.Encodings, "multipart") == 0 && (format(n) == "binary" || get(n, "contentMediaType") != nil) {
		b.cannot(n, place, at, "document.part", "path", at.full)
		return nil
	}
	if wanted := b.op.parts[at.full]; wanted != "" && s.nested() && b.op.Encodings[0] == "multipart" {
		b.cannot(n, place, at, "document.part_type", "path", at.full, "type", wanted)
		return nil
	}
	if spec.Hidden || isTrue(n, "readOnly") || isTrue(n, "deprecated") && !(b.theirs && (required || b.picked(at))) {
		return nil
	}
	b.checkSpec(s, n, spec)
	if !b.within(s, n, spec, at) {
		return nil
	}
	return s
}

// referred follows the references of a node; false where they lead in a circle.
func (b *builder) referred(raw *yaml.Node, place string, at *spot) bool {
	at.refs = slices.Clone(at.refs)
	for ref := get(raw, "$ref"); ref != nil; ref = get(b.locate(ref.Value), "$ref") {
		if slices.Contains(at.refs, ref.Value) && !b.deeper(*at) {
			b.cannot(ref, place, *at, "document.circular", "ref", ref.Value)
			return false
		}
		if at.refs = append(at.refs, ref.Value); len(at.refs) > 1000 {
			return false
		}
	}
	return true
}

// within compiles what is below a schema, or makes a field of it; false where nothing can be offered.
func (b *builder) within(s *Schema, n *yaml.Node, spec fieldSpec, at spot) bool {
	switch s.Type {
	case "object":
		return b.object(s, n, at)
	case "array":
		b.array(s, n, at)
		if b.theirs {
			b.fixed(s)
		}
		return s.Items != nil || !b.theirs
	default:
		if b.theirs && s.Required && s.Const == "" && s.Fill == "" {
			s.Const = single(n)
		}
		if s.Fill == "" && s.Const == "" {
			b.leaf(s, spec, at)
		}
		return true
	}
}

// fixed takes the fields of a list away that is always the same: as the document says, or empty, where it has to be there and nothing
// can be in it.
func (b *builder) fixed(s *Schema) {
	if s.Items == nil && s.Const == "" && s.Empty && s.Required {
		s.Const = "[]"
	}
	if s.Const == "" {
		return
	}
	if s.Items == nil {
		s.Items = &Schema{Type: "object", compiledSchema: compiledSchema{maxItems: -1}}
	}
	b.drop(s)
}

// fixedList is the text of a list of values that are always sent, each as its elements are.
func (b *builder) fixedList(n, list *yaml.Node, place string) string {
	texts := textAt(b.flat(get(n, "items"), place, nil), "type") == "string"
	all := make([]any, 0, len(list.Content))
	for _, c := range list.Content {
		if c = plain(c); texts && c.Kind == yaml.ScalarNode {
			all = append(all, c.Value)
			continue
		}
		all = append(all, value(c))
	}
	text, _ := json.Marshal(all)
	return string(text)
}

// single is the one value that an enum leaves, "" when it leaves several.
func single(n *yaml.Node) string {
	list := get(n, "enum")
	if list == nil || len(list.Content) != 1 {
		return ""
	}
	return plain(list.Content[0]).Value
}

// cannot notes what cannot be modelled: a mistake where the document is ours or a request cannot do without, else a
// warning that it is not offered.
func (b *builder) cannot(n *yaml.Node, place string, at spot, key string, args ...any) {
	if b.theirs {
		place = at.full
		if at.full == "" || slices.Contains(args, any(at.full)) { // the sentence names it
			place = b.op.ID
		}
	}
	if b.theirs && !at.required {
		b.warn(n, place, key, args...)
		b.op.kept = append(b.op.kept, withheld{at, words.Message(key, args...)})
		return
	}
	b.wrong(n, place, key, args...)
}

func isTrue(n *yaml.Node, key string) bool {
	v := get(n, key)
	return v != nil && v.Value == "true"
}

func (b *builder) xmlHints(s *Schema, n *yaml.Node, place string) {
	x := get(n, "xml")
	if x == nil {
		return
	}
	if b.theirs {
		s.XML = XML{Name: textAt(x, "name"), Attribute: isTrue(x, "attribute"), Wrapped: isTrue(x, "wrapped")}
		return
	}
	var hints struct {
		Name      string `key:"name"`
		Attribute bool   `key:"attribute"`
		Wrapped   bool   `key:"wrapped"`
	}
	b.decode(x, place+".xml", &hints)
	s.XML = XML{Name: hints.Name, Attribute: hints.Attribute, Wrapped: hints.Wrapped}
}

var kinds = []string{"object", "array", "string", "integer", "number", "boolean"}

// kind finds the one type of a schema; false when it has none that a cell could fill.
func (b *builder) kind(s *Schema, n *yaml.Node, place string, at spot) bool {
	var names []string
	if t := get(n, "type"); t != nil {
		for _, c := range listed(t) {
			names = append(names, plain(c).Value)
		}
	} else if kind := b.presumedKind(n); kind != "" {
		names = []string{kind}
	}
	if i := slices.Index(names, "null"); i >= 0 {
		s.Nullable = true
		names = slices.Delete(names, i, i+1)
	}
	if len(names) == 2 && formOf(names[0]) != formOf(names[1]) && formOf(names[0]) != "" && formOf(names[1]) != "" {
		s.Either = names[1]
		names = names[:1]
	}
	if len(names) == 1 && slices.Contains(kinds, names[0]) {
		s.Type = names[0]
		return true
	}
	if b.theirs {
		b.cannot(n, place, at, "document.untyped", "path", at.full)
	} else {
		b.wrong(n, place, "document.type")
	}
	return false
}

// presumedKind is the type that a schema without one must mean.
func (b *builder) presumedKind(n *yaml.Node) string {
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return get(n, key) != nil })
	}
	switch {
	case has("properties"):
		return "object"
	case has("const", "enum"):
		value := get(n, "const")
		if list := get(n, "enum"); value == nil && len(list.Content) > 0 {
			value = plain(list.Content[0])
		}
		if b.theirs && value != nil {
			switch value.ShortTag() {
			case "!!int":
				return "integer"
			case "!!float":
				return "number"
			case "!!bool":
				return "boolean"
			}
		}
		return "string"
	case !b.theirs:
	case has("items", "minItems", "maxItems"):
		return "array"
	case has("additionalProperties"):
		return "object"
	case has("pattern", "minLength", "maxLength", "format"):
		return "string"
	case has("minimum", "maximum", "multipleOf"):
		return "number"
	}
	return ""
}

// checkSpec looks at what a property's x-rowferry may say.
func (b *builder) checkSpec(s *Schema, n *yaml.Node, spec fieldSpec) {
	x, place := get(n, "x-rowferry"), s.place+".x-rowferry"
	b.choice(get(x, "blank"), place+".blank", spec.Blank, "omit", "null", "empty")
	b.choice(get(x, "listFrom"), place+".listFrom", spec.ListFrom, "value", "code")
	b.choice(get(x, "reduce"), place+".reduce", spec.Reduce, "code")
	if spec.Scheme != "" && !slices.Contains(b.schemes, spec.Scheme) {
		b.wrong(get(x, "scheme"), place+".scheme", "document.scheme", "name", spec.Scheme)
	}
	if spec.Blank == "null" && !s.Nullable {
		b.wrong(get(x, "blank"), place+".blank", "document.choice", "value", "null", "allowed", "omit, empty")
	}
	if spec.Blank == "empty" && s.Type != "string" {
		b.wrong(get(x, "blank"), place+".blank", "document.choice", "value", "empty", "allowed", "omit, null")
	}
	if s.Blank == "" {
		s.Blank = "omit"
	}
	name, credential := strings.CutPrefix(spec.Fill, "credential:")
	switch {
	case credential && !slices.ContainsFunc(b.op.Provider.Credentials, func(c Credential) bool { return c.Name == name }):
		b.wrong(get(x, "fill"), place+".fill", "document.credential", "name", name)
	case !credential:
		b.choice(get(x, "fill"), place+".fill", spec.Fill, "credential:NAME", "session", "sequence", "id")
	}
	s.codes = spec.ListFrom == "code" || spec.Reduce == "code"
}

// choice notes a value that is none of allowed; "" is left out in the document.
func (r *reader) choice(n *yaml.Node, place, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		r.wrong(n, place, "document.choice", "value", value, "allowed", strings.Join(allowed, ", "))
	}
}

// object compiles the properties; false when one that the object cannot do without cannot be modelled.
func (b *builder) object(s *Schema, n *yaml.Node, at spot) bool {
	properties := b.properties(n, at)
	needed := map[string]bool{}
	if list := get(n, "required"); list != nil {
		for _, c := range list.Content {
			if get(properties, c.Value) != nil {
				needed[c.Value] = true
				continue
			}
			if b.theirs {
				b.warn(c, at.full, "document.required_unknown", "path", c.Value)
				continue
			}
			b.wrong(c, s.place+".required", "document.path", "path", c.Value, "known", names(properties))
		}
	}
	if b.columned(at) {
		b.op.compiled.maps = append(b.op.compiled.maps, at.path)
		if at.required && len(b.named) == 0 {
			b.warn(n, b.op.ID, "document.open_map", "path", at.full)
		}
	} else if b.theirs && len(entries(properties)) == 0 && !at.root() {
		b.cannot(n, s.place, at, "document.free_map", "path", at.full)
		return false
	}
	inner := at
	inner.ancestors = append(slices.Clone(at.ancestors), s)
	before := len(b.op.Fields)
	all := b.theirs && s.Required && !at.element && !b.asked(properties, needed, inner) // it has to be there
	for _, e := range entries(properties) {
		here := inner.child(e.Name)
		here.required = at.required && needed[e.Name]
		if !needed[e.Name] && !all && !b.wanted(here) {
			continue
		}
		p := b.schema(e.Node, e.Name, s.place+".properties."+e.Name, needed[e.Name], here)
		if p == nil {
			if b.theirs && needed[e.Name] && !at.required && !isTrue(b.flat(e.Node, s.place, nil), "readOnly") {
				b.warn(e.Node, at.full, "document.incomplete", "path", here.full)
				b.op.kept = append(b.op.kept, withheld{at, words.Message("document.incomplete", "path", here.full)})
				b.op.Fields = b.op.Fields[:before] // what stands beside it
				return false
			}
			continue
		}
		p.loose = needed[e.Name] && !here.required && p.Const == "" && p.Fill == ""
		s.Props = append(s.Props, p)
	}
	if rules := get(n, "x-rules"); rules != nil {
		b.sites = append(b.sites, ruleSite{s, rules, s.place + ".x-rules", inner})
	}
	return len(s.Props) > 0 || !b.theirs || at.root() || b.columned(at)
}

// asked reports whether a property of an object is needed, or the document leads to it.
func (b *builder) asked(properties *yaml.Node, needed map[string]bool, at spot) bool {
	return slices.ContainsFunc(entries(properties), func(e entry) bool { return needed[e.Name] || b.names(at.child(e.Name)) })
}

// root reports whether this is the body itself, or an element of the batch.
func (s spot) root() bool { return s.full == "" }

func names(n *yaml.Node) string {
	var out []string
	for _, e := range entries(n) {
		out = append(out, e.Name)
	}
	return strings.Join(out, ", ")
}

func (b *builder) array(s *Schema, n *yaml.Node, at spot) {
	s.minItems = b.count(n, s.place, "minItems", 0)
	s.maxItems = b.count(n, s.place, "maxItems", -1)
	s.unique = isTrue(n, "uniqueItems")
	items := get(n, "items")
	if items == nil {
		if b.theirs {
			b.cannot(n, s.place, at, "document.untyped", "path", at.full)
		} else {
			b.wrong(n, s.place, "document.missing", "key", "items")
		}
		return
	}
	rows := &b.op.Rows
	filled := rows.Kind != One && cmp.Or(at.full, ".") == rows.Path
	switch {
	case filled:
	case b.theirs && s.minItems > 1 && !b.rowsAt(at):
		b.cannot(n, s.place, at, "document.few", "path", at.full, "min", s.minItems)
		return
	case b.rowsAt(at):
		at.required = at.required || b.theirs
	case b.theirs && s.minItems == 0 && !needs(b.flat(items, s.place, nil)):
		at.required, s.Empty = false, true
	}
	if at.sample != nil && at.sample.Kind == yaml.SequenceNode {
		at.sample = plain(slices.Concat(at.sample.Content, []*yaml.Node{nil})[0])
	}
	if filled {
		b.found = s
		at.required = true
		if rows.Kind == Batch {
			at.path, at.outside, at.ancestors = "", false, nil
		} else {
			at.repeated = true
			rows.Min = max(rows.Min, s.minItems)
			s.minItems = rows.Min
		}
	}
	at.element = true
	// An array that is there has at least one element, so an element's required fields are required as the array is.
	s.Items = b.schema(items, "", s.place+".items", true, at)
	if s.Items == nil {
		return
	}
	s.XML.Item = s.Items.XML.Name
	if f := s.Items.Field; f != nil {
		if f.Path == "" { // a batch of plain values is called as its list is
			f.Path = cmp.Or(at.full[strings.LastIndexByte(at.full, '.')+1:], "value")
		}
		f.Values = filled && rows.Kind == Group
		f.Required = at.required && (filled || s.Required)
	}
}

// needs reports whether an object cannot be without one of its members.
func needs(n *yaml.Node) bool {
	list := get(n, "required")
	return list != nil && len(list.Content) > 0
}

func (b *builder) count(n *yaml.Node, place, key string, otherwise int) int {
	v := get(n, key)
	if v == nil {
		return otherwise
	}
	i, err := strconv.Atoi(v.Value)
	if err != nil || i < 0 {
		b.wrong(v, place+"."+key, "document.kind", "want", "0, 1, 2, …")
		return otherwise
	}
	return i
}

// leaf makes a field of a plain property.
func (b *builder) leaf(s *Schema, spec fieldSpec, at spot) {
	f := &Field{Path: at.path, Outside: at.outside, Schema: s, Label: spec.Label, Headings: spec.Headings, Help: spec.Help, Rule: spec.Rule,
		Required: at.required && s.Required, Presumed: spec.Presumed, List: spec.List, Repeated: at.repeated}
	c := &converter{field: f, blank: s.Blank, reduce: spec.Reduce == "code", minLen: 0, maxLen: -1, scale: -1,
		must: spec.Must, fix: spec.Fix, dateOut: spec.DateOut, layouts: spec.Date}
	f.converter, s.Field = c, f
	n := s.node
	c.minLen = b.count(n, s.place, "minLength", 0)
	c.maxLen = b.count(n, s.place, "maxLength", -1)
	b.enum(s, c, spec)
	b.limits(s, c)
	c.unsigned = c.limits.min == nil && measures(f.Path)
	if spec.Decimal != nil {
		c.digits = spec.Decimal.MaxLength
		if spec.Decimal.Scale != nil {
			c.scale = *spec.Decimal.Scale
		}
	}
	if p := get(n, "pattern"); p != nil {
		var err error
		if c.pattern, err = compilePattern(p.Value); err != nil {
			b.cannot(p, s.place+".pattern", at, "document.pattern", "pattern", p.Value, "error", err)
			c.pattern, _ = compilePattern(withoutLooks(p.Value)) // so much of it is checked
		}
	}
	if b.theirs {
		f.Label, f.Help = orText(f.Label, textAt(n, "title")), orText(f.Help, textAt(n, "description"))
	}
	if c.dateOut == "" {
		c.dateOut = time.DateOnly
	}
	c.put = putting(s.Type, format(n))
	b.examples(s, c, spec, at)
	b.op.Fields = append(b.op.Fields, f)
}

func format(n *yaml.Node) string {
	if f := get(n, "format"); f != nil {
		return f.Value
	}
	return ""
}

func putting(kind, format string) func(*converter, []byte, string, batch.Kind) ([]byte, *Violation) {
	switch {
	case kind == "integer":
		return putInteger
	case kind == "number":
		return putNumber
	case kind == "boolean":
		return putBoolean
	case format == "date":
		return putDate
	case format == "date-time":
		return putMoment
	case format == dayOrMoment:
		return putDayOrMoment
	}
	return putString
}

func (b *builder) enum(s *Schema, c *converter, spec fieldSpec) {
	if list := get(s.node, "enum"); list != nil {
		c.enum = map[string]bool{}
		for _, v := range list.Content {
			if v = plain(v); v.ShortTag() == "!!null" {
				continue
			}
			c.enum[v.Value] = true
			c.allowed = append(c.allowed, v.Value)
		}
		s.Enum = c.allowed
	}
	for from, to := range spec.Lookup {
		if c.lookup == nil {
			c.lookup = map[string]string{}
		}
		c.lookup[foldKey(from)] = to
		if c.enum != nil && !c.enum[to] {
			b.wrong(get(get(get(s.node, "x-rowferry"), "lookup"), from), s.place+".x-rowferry.lookup."+from, "document.choice", "value", to, "allowed", strings.Join(c.allowed, ", "))
		}
	}
	if spec.Fold {
		c.folded = map[string]string{}
		for _, v := range c.allowed {
			c.folded[foldKey(v)] = v
		}
	}
}

func (b *builder) limits(s *Schema, c *converter) {
	l := &c.limits
	if s.Type != "integer" && s.Type != "number" && b.theirs {
		return // such keywords say nothing of texts
	}
	l.min, l.minText = b.rat(s, "minimum")
	l.max, l.maxText = b.rat(s, "maximum")
	if v, text := b.rat(s, "exclusiveMinimum"); v != nil && (l.min == nil || v.Cmp(l.min) >= 0) {
		l.min, l.minText, l.openMin = v, text, true
	}
	if v, text := b.rat(s, "exclusiveMaximum"); v != nil && (l.max == nil || v.Cmp(l.max) <= 0) {
		l.max, l.maxText, l.openMax = v, text, true
	}
	l.multiple, l.multipleText = b.rat(s, "multipleOf")
	switch format(s.node) {
	case "int32":
		l.within(math.MinInt32, math.MaxInt32)
	case "int64":
		l.within(math.MinInt64, math.MaxInt64)
	}
	l.shrink()
}

func (b *builder) rat(s *Schema, key string) (*big.Rat, string) {
	n := get(s.node, key)
	if n == nil {
		return nil, ""
	}
	v, ok := new(big.Rat).SetString(n.Value)
	if !ok || len(n.Value) > 40 || key == "multipleOf" && v.Sign() <= 0 {
		b.wrong(n, s.place+"."+key, "document.number", "value", n.Value)
		return nil, ""
	}
	return v, n.Value
}

// within narrows the limits to those of an integer format.
func (l *limits) within(least, most int64) {
	if lo := new(big.Rat).SetInt64(least); l.min == nil || l.min.Cmp(lo) < 0 {
		l.min, l.minText, l.openMin = lo, fmt.Sprint(least), false
	}
	if hi := new(big.Rat).SetInt64(most); l.max == nil || l.max.Cmp(hi) > 0 {
		l.max, l.maxText, l.openMax = hi, fmt.Sprint(most), false
	}
}

// shrink prepares the comparison of integers without big numbers.
func (l *limits) shrink() {
	if l.multiple != nil || l.openMin || l.openMax {
		return
	}
	l.smallMin, l.smallMax, l.small = math.MinInt64, math.MaxInt64, true
	for _, bound := range []struct {
		v  *big.Rat
		to *int64
	}{{l.min, &l.smallMin}, {l.max, &l.smallMax}} {
		if bound.v == nil {
			continue
		}
		if !bound.v.IsInt() || !bound.v.Num().IsInt64() {
			l.small = false
			return
		}
		*bound.to = bound.v.Num().Int64()
	}
}

// orText is t, or a text of the description where t says nothing.
func orText(t batch.Text, otherwise string) batch.Text {
	if t == (batch.Text{}) {
		t.EN = strings.TrimSpace(otherwise)
	}
	return t
}

func (b *builder) examples(s *Schema, c *converter, spec fieldSpec, at spot) {
	f := c.field
	list := get(s.node, "examples")
	switch {
	case spec.Example != nil:
		f.examples = []string{*spec.Example}
	case b.theirs && at.sample != nil && at.sample.Kind == yaml.ScalarNode && at.sample.ShortTag() != "!!null" && strings.TrimSpace(at.sample.Value) != "":
		f.examples = []string{at.sample.Value}
	case get(s.node, "example") != nil:
		f.examples = []string{get(s.node, "example").Value}
	case list != nil && list.Kind == yaml.SequenceNode:
		for _, e := range list.Content {
			f.examples = append(f.examples, plain(e).Value)
		}
	case len(c.allowed) > 0:
		f.examples = c.allowed[:1]
	}
	now := time.Now()
	for _, e := range slices.Clone(f.examples) {
		was := e
		if e = dated(e, now); e == "" {
			continue
		}
		if _, _, bad := c.append(nil, e, batch.String); bad != nil {
			if b.theirs {
				b.warn(s.node, at.full, "document.example", "value", e, "rule", words.Say(batch.English, bad.Rule))
				f.examples = slices.DeleteFunc(f.examples, func(x string) bool { return x == was })
				continue
			}
			b.wrong(s.node, s.place, "document.example", "value", e, "rule", words.Say(batch.English, bad.Rule))
		}
	}
	if len(f.examples) == 0 && b.theirs {
		f.examples = b.madeUp(s, c)
	}
	if len(f.examples) > 0 {
		f.Example = dated(f.examples[0], now)
	}
}
