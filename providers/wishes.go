package providers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
)

// wishes are what a document asks of a description besides its operation: which fields are offered, which branch of a
// oneOf is meant, what fields are filled with.
type wishes struct {
	offered []wish // nil: all
	columns []wish // maps whose members columns name: metadata.*
	choose  []wish // path → branch
	maps    []wish // path → what is ours to say of the field
}

// wish speaks of the field at a path, or of all below it.
type wish struct {
	path  string
	key   *yaml.Node
	value *yaml.Node
	met   bool
}

func (b *builder) wish(spec operationSpec, x *yaml.Node) {
	if spec.Fields != nil {
		b.offered = []wish{}
		for i, path := range spec.Fields {
			n := get(x, "fields").Content[i]
			b.offered = append(b.offered, wish{path: path, key: n, value: n})
		}
	}
	if spec.Columns != nil {
		for _, n := range listed(spec.Columns) {
			n = plain(n)
			if path, all := strings.CutSuffix(n.Value, ".*"); !all || path == "" {
				b.wrong(n, "columns", "document.columns", "value", n.Value)
			}
			b.columns = append(b.columns, wish{path: n.Value, key: n, value: n})
		}
	}
	for _, e := range entries(spec.Choose) {
		b.choose = append(b.choose, wish{path: e.Name, key: e.Key, value: e.Node})
	}
	for _, e := range entries(spec.Map) {
		b.maps = append(b.maps, wish{path: e.Name, key: e.Key, value: e.Node})
	}
}

func (at spot) is(path string) bool { return path == at.full || path == at.path && !at.outside }

// above reports whether a path leads through here to something deeper.
func (at spot) above(path string) bool {
	return at.full == "" || strings.HasPrefix(path, at.full+".") || !at.outside && (at.path == "" || strings.HasPrefix(path, at.path+"."))
}

// around reports whether a path leads to here or to something below.
func (at spot) around(path string) bool { return at.is(path) || at.full != "" && at.above(path) }

// below reports whether here is within what a path names.
func (at spot) below(path string) bool {
	return at.is(path) || strings.HasPrefix(at.full, path+".") || !at.outside && strings.HasPrefix(at.path, path+".")
}

// picked reports whether the document names this field or something around it.
func (b *builder) picked(at spot) bool {
	return slices.ContainsFunc(b.wishes.offered, func(w wish) bool { return at.below(w.path) }) ||
		slices.ContainsFunc(b.maps, func(w wish) bool { return at.is(w.path) }) || slices.ContainsFunc(b.columns, func(w wish) bool { return at.below(strings.TrimSuffix(w.path, ".*")) })
}

// wanted reports whether an optional property is offered: all are, unless the document names those that are.
func (b *builder) wanted(at spot) bool {
	if b.names(at) {
		return true
	}
	b.op.kept = append(b.op.kept, withheld{at: at})
	return false
}

// names reports whether the document leads to a property, or names none at all.
func (b *builder) names(at spot) bool {
	return b.wishes.offered == nil || b.rowsAt(at) || b.picked(at) || b.deeper(at)
}

// withheld is a field of a description, with all below it, that is not offered: nobody asked for it, or there is a reason why it cannot be.
type withheld struct {
	at  spot
	why batch.Message
}

// Withheld tells of a field that the description has and that is not offered: its path from the body's root on, and why, where it cannot
// be; known is false for one that the description has not either.
func (op *Operation) Withheld(path string) (whole string, why batch.Message, known bool) {
	for _, k := range op.kept {
		if !k.at.around(path) {
			continue
		}
		if rest, below := strings.CutPrefix(path, k.at.path); below && !strings.HasPrefix(path, k.at.full) {
			path = k.at.full + rest
		}
		return path, k.why, true
	}
	return "", batch.Message{}, false
}

// rowsAt reports whether the array that rows fill is here or deeper.
func (b *builder) rowsAt(at spot) bool {
	path := b.op.Rows.Path
	return path != "" && (path == at.full || strings.HasPrefix(path, at.full+"."))
}

// deeper reports whether the document names something below this.
func (b *builder) deeper(at spot) bool {
	below := func(w wish) bool { return at.above(w.path) }
	return slices.ContainsFunc(b.columns, below) || slices.ContainsFunc(b.wishes.offered, below) || slices.ContainsFunc(b.maps, below) || slices.ContainsFunc(b.choose, below)
}

// wished is a schema with what the document says of it laid over.
func (b *builder) wished(n *yaml.Node, at spot) *yaml.Node {
	for i, w := range b.maps {
		if !at.is(w.path) || at.full == "" {
			continue
		}
		b.maps[i].met = true
		fixed, schema := get(w.value, "value"), get(w.value, "schema")
		ours := slices.DeleteFunc(entries(w.value), func(e entry) bool { return e.Name == "value" || e.Name == "schema" })
		if n == nil || n.Kind != yaml.MappingNode {
			n = mapping(w.value, nil)
		}
		if schema != nil {
			n = b.laid(n, schema, at)
		}
		if fixed != nil && b.isList(n) && fixed.Kind == yaml.ScalarNode {
			fixed = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{fixed}, Line: fixed.Line, Column: fixed.Column}
		}
		if fixed != nil && !at.element {
			n = mapping(n, append(slices.DeleteFunc(entries(n), func(e entry) bool { return e.Name == "const" }), named("const", fixed)))
		}
		if len(ours) > 0 {
			n = overlay(n, mapping(w.value, []entry{named("x-rowferry", mapping(w.value, ours))}))
		}
	}
	return n
}

// laid is a schema with what the document says of it. A list is called as its elements are: what speaks of the list is no word about
// them, and a type is theirs where the description says nothing of them.
func (b *builder) laid(n, ours *yaml.Node, at spot) *yaml.Node {
	ofList := textAt(ours, "type") == "array" || get(ours, "items") != nil
	switch items := get(n, "items"); {
	case ofList && at.element:
		return n
	case !ofList && get(ours, "type") != nil && b.isList(n) && b.untyped(items):
		if items == nil {
			items = mapping(n, nil)
		}
		return b.replaced(n, mapping(ours, []entry{named("items", b.replaced(items, ours))}))
	}
	return b.replaced(n, ours)
}

func (b *builder) isList(n *yaml.Node) bool {
	if t := get(n, "type"); t != nil {
		return slices.ContainsFunc(listed(t), func(c *yaml.Node) bool { return plain(c).Value == "array" })
	}
	return b.presumedKind(n) == "array"
}

// untyped reports whether a schema says nothing of what it is.
func (b *builder) untyped(n *yaml.Node) bool {
	flat := b.flat(n, "", nil)
	return get(flat, "type") == nil && !structural(flat) && b.presumedKind(flat) == ""
}

// replaced is a schema with keywords of ours in place of its own; null takes one away.
func (b *builder) replaced(n, ours *yaml.Node) *yaml.Node {
	out := entries(n)
	for _, e := range entries(ours) {
		out = slices.DeleteFunc(out, func(o entry) bool { return o.Name == e.Name })
		if e.Node.ShortTag() != "!!null" || e.Name == "const" {
			out = append(out, e)
		}
	}
	return mapping(n, out)
}

// properties are those of an object, and those that the document names of a free map.
func (b *builder) properties(n *yaml.Node, at spot) *yaml.Node {
	properties := get(n, "properties")
	values := get(n, "additionalProperties")
	if !b.theirs || values != nil && values.Kind == yaml.ScalarNode && values.Value == "false" || values == nil && properties != nil {
		return properties
	}
	if values == nil || values.Kind != yaml.MappingNode || len(values.Content) == 0 {
		values = mapping(n, []entry{text("type", "string", n)})
	}
	out := entries(properties)
	add := func(path string) {
		for _, prefix := range []string{at.full + ".", at.path + "."} {
			name, below := strings.CutPrefix(path, prefix)
			name, _, _ = strings.Cut(name, ".")
			if below && name != "" && prefix != "." && !slices.ContainsFunc(out, func(e entry) bool { return e.Name == name }) {
				out = append(out, entry{Name: name, Key: scalar(name, n), Node: values})
			}
		}
	}
	for _, w := range slices.Concat(b.wishes.offered, b.maps) {
		if !strings.HasSuffix(w.path, ".*") {
			add(w.path)
		}
	}
	if b.columned(at) {
		for _, path := range b.named {
			name, below := strings.CutPrefix(path, at.path+".")
			if below && !slices.ContainsFunc(out, func(e entry) bool { return e.Name == name }) {
				out = append(out, entry{Name: name, Key: scalar(name, n), Node: values})
			}
		}
	}
	return mapping(n, out)
}

// columned reports whether the document says that columns name the members of the map here.
func (b *builder) columned(at spot) bool {
	found := false
	for i, w := range b.columns {
		if path := strings.TrimSuffix(w.path, ".*"); at.full != "" && at.is(path) {
			b.columns[i].met, found = true, true
		}
	}
	return found
}

// united is a schema with the branch that is meant of each oneOf and anyOf, nil when nobody says which.
func (b *builder) united(n *yaml.Node, place string, at spot) *yaml.Node {
	for {
		key, list := union(n)
		if list == nil {
			return n
		}
		next := b.branch(n, key, list, place, at)
		if next == nil {
			return nil
		}
		if next == n {
			return n
		}
		n = next
	}
}

// union is the first oneOf or anyOf that is still to be decided.
func union(n *yaml.Node) (string, *yaml.Node) {
	for _, key := range []string{"oneOf", "anyOf"} {
		if list := get(n, key); list != nil && list.Kind == yaml.SequenceNode {
			return key, list
		}
	}
	if more := get(n, unions); more != nil && len(more.Content) > 0 {
		return unions, more
	}
	return "", nil
}

// branch puts the branch that is meant in place of a oneOf or anyOf. n itself: the branches only bound what stands
// beside them, which the validator looks at.
func (b *builder) branch(n *yaml.Node, key string, list *yaml.Node, place string, at spot) *yaml.Node {
	without := func() []entry {
		return slices.DeleteFunc(entries(n), func(e entry) bool { return e.Name == key })
	}
	if key == unions { // the next one comes up as a oneOf of its own
		first := entries(plain(list.Content[0]))
		rest := without()
		if len(list.Content) > 1 {
			rest = append(rest, named(unions, listOf(list, list.Content[1:])))
		}
		return mapping(n, append(rest, first...))
	}
	var raw, flat []*yaml.Node
	null := false
	for _, one := range list.Content {
		f := b.flat(one, place, nil)
		if isNull(f) {
			null = true
			continue
		}
		if isEmpty(f) && len(list.Content) > 1 {
			continue
		}
		raw, flat = append(raw, plain(one)), append(flat, f)
	}
	if len(flat) == 0 { // a list without a branch says nothing
		return mapping(n, without())
	}
	if len(flat) == 1 {
		out := b.intersect(mapping(n, without()), flat[0], place)
		if t := get(out, "type"); null && t != nil && t.Kind == yaml.ScalarNode {
			out = b.replaced(out, mapping(n, []entry{named("type", listOf(t, []*yaml.Node{t, scalar("null", t)}))}))
		}
		return out
	}
	if i := b.chosen(raw, flat, n, at); i >= 0 {
		out := b.intersect(mapping(n, without()), flat[i], place)
		return b.discriminated(n, out, raw[i])
	} else if i == none {
		return nil
	}
	if values := constants(flat); values != nil {
		return b.intersect(mapping(n, without()), mapping(list, values), place)
	}
	if !slices.ContainsFunc(flat, structural) {
		return n
	}
	if get(n, "format") == nil && days(flat) {
		said := slices.DeleteFunc(entries(flat[0]), func(e entry) bool {
			return !slices.Contains([]string{"title", "description", "example", "examples"}, e.Name)
		})
		return b.intersect(mapping(n, without()), mapping(list, append(said, text("type", "string", list), text("format", dayOrMoment, list))), place)
	}
	if key == "oneOf" && b.theirs && get(n, "anyOf") == nil && plainKinds(flat) != nil { // that two branches take a plain value is nobody's mistake
		return mapping(n, append(without(), named("anyOf", list)))
	}
	if kinds := plainKinds(flat); kinds != nil && get(n, "type") == nil {
		return mapping(n, append(entries(n), named("type", listOf(n, kinds))))
	} else if kinds != nil || get(n, "type") != nil && !slices.ContainsFunc(flat, hasProperties) {
		return n
	}
	names := make([]string, len(flat))
	for i := range flat {
		names[i] = branchName(raw[i], flat[i], i)
	}
	b.cannot(n, place, at, "document.choose", "path", cmp.Or(at.full, "."), "first", names[0], "branches", strings.Join(names, ", "))
	return nil
}

// constants are the keywords of branches that are one value each, with the words for them as help: an enum; nil when one is not.
func constants(flat []*yaml.Node) []entry {
	values := listOf(flat[0], nil)
	var help []string
	for _, n := range flat {
		value := get(n, "const")
		if list := get(n, "enum"); value == nil && list != nil && len(list.Content) == 1 {
			value = plain(list.Content[0])
		}
		if value == nil || value.Kind != yaml.ScalarNode {
			return nil
		}
		values.Content = append(values.Content, value)
		if words := cmp.Or(textAt(n, "title"), textAt(n, "description")); words != "" {
			help = append(help, value.Value+": "+words)
		}
	}
	out := []entry{named("enum", values)}
	if help != nil {
		out = append(out, text("description", strings.Join(help, "; "), flat[0]))
	}
	return out
}

const (
	open = -1 // nothing is chosen
	none = -2 // what is chosen is not there
)

// chosen is the branch that the document names.
func (b *builder) chosen(raw, flat []*yaml.Node, n *yaml.Node, at spot) int {
	for k, w := range b.choose {
		if !at.is(w.path) && !(w.path == "." && at.full == "") {
			continue
		}
		b.choose[k].met = true
		var known []string
		for i := range flat {
			name := branchName(raw[i], flat[i], i)
			if w.value.Value == name || w.value.Value == fmt.Sprint(i+1) || w.value.Value == textAt(flat[i], "title") || mappedTo(n, raw[i]) == w.value.Value {
				return i
			}
			known = append(known, name)
		}
		b.wrong(w.value, "choose."+w.path, "document.choice", "value", w.value.Value, "allowed", strings.Join(known, ", "))
		return none
	}
	return open
}

// branchName is what a branch is called: what it refers to, its title, or its number.
func branchName(raw, flat *yaml.Node, i int) string {
	if ref := textAt(raw, "$ref"); ref != "" {
		return strings.NewReplacer("~1", "/", "~0", "~").Replace(ref[strings.LastIndexByte(ref, '/')+1:])
	}
	if title := textAt(flat, "title"); title != "" {
		return title
	}
	return fmt.Sprint(i + 1)
}

// mappedTo is the discriminator's value for a branch, "" when it has none.
func mappedTo(n, branch *yaml.Node) string {
	for _, e := range entries(get(get(n, "discriminator"), "mapping")) {
		if e.Node.Value == textAt(branch, "$ref") && e.Node.Value != "" {
			return e.Name
		}
	}
	return ""
}

// discriminated fixes the property that tells the branches apart.
func (b *builder) discriminated(n, out, branch *yaml.Node) *yaml.Node {
	property := textAt(get(n, "discriminator"), "propertyName")
	value := mappedTo(n, branch)
	if ref := textAt(branch, "$ref"); value == "" && ref != "" {
		value = ref[strings.LastIndexByte(ref, '/')+1:]
	}
	p := get(get(out, "properties"), property)
	if property == "" || value == "" || p == nil {
		return out
	}
	flat := b.flat(p, "", nil)
	if get(flat, "const") != nil || get(flat, "enum") != nil && !slices.ContainsFunc(get(flat, "enum").Content, func(v *yaml.Node) bool { return plain(v).Value == value }) {
		return out
	}
	fixed := overlay(flat, mapping(flat, []entry{text("const", value, flat)}))
	return overlay(out, mapping(out, []entry{named("properties", mapping(out, []entry{{Name: property, Key: scalar(property, out), Node: fixed}}))}))
}

func isNull(n *yaml.Node) bool {
	if n == nil || n.Kind != yaml.MappingNode {
		return false
	}
	if textAt(n, "type") == "null" {
		return true
	}
	list := get(n, "enum")
	return list != nil && len(list.Content) == 1 && list.Content[0].ShortTag() == "!!null"
}

// isEmpty reports whether a schema is the empty text alone, which some write for "none".
func isEmpty(n *yaml.Node) bool {
	list := get(n, "enum")
	return list != nil && len(list.Content) == 1 && list.Content[0].Value == "" && textAt(n, "type") != "object"
}

func hasProperties(n *yaml.Node) bool {
	return get(n, "properties") != nil || get(n, "items") != nil || get(n, "oneOf") != nil || get(n, "anyOf") != nil
}

// structural reports whether a branch says what a value is, and not only which of its parts must be there.
func structural(n *yaml.Node) bool {
	return get(n, "type") != nil || hasProperties(n) || get(n, "enum") != nil
}

// dayOrMoment is the format of a text that is a date, or a date with a time. Formats are not checked by the validator: to it both would fit.
const dayOrMoment = "date or date-time"

// days reports whether the branches are dates, and dates with a time, and nothing else.
func days(flat []*yaml.Node) bool {
	seen := map[string]bool{}
	for _, n := range flat {
		if get(n, "type") == nil || get(n, "type").Value != "string" {
			return false
		}
		seen[format(n)] = true
	}
	return len(seen) == 2 && seen["date"] && seen["date-time"]
}

// plainKinds are the types of branches that are all plain values; nil when one is not.
func plainKinds(flat []*yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for _, n := range flat {
		t := get(n, "type")
		if t == nil || t.Kind != yaml.ScalarNode || t.Value == "object" || t.Value == "array" {
			return nil
		}
		if !slices.ContainsFunc(out, func(o *yaml.Node) bool { return o.Value == t.Value }) {
			out = append(out, t)
		}
	}
	return out
}

// unmet notes wishes that nothing of the description answers.
func (b *builder) unmet() {
	var known []string
	for _, f := range b.op.Fields {
		known = append(known, f.Path)
	}
	for _, list := range []struct {
		key    string
		wishes []wish
	}{{"fields", b.wishes.offered}, {"columns", b.columns}, {"choose", b.choose}, {"map", b.maps}} {
		for _, w := range list.wishes {
			if !w.met {
				b.wrong(w.key, list.key, "document.path", "path", w.path, "known", strings.Join(firstOf(known), ", "))
			}
		}
	}
}

// firstOf are so many names that a sentence stays readable.
func firstOf(names []string) []string {
	if len(names) > 30 {
		return append(slices.Clone(names[:30]), "…")
	}
	return names
}

// byFormat is a text of each format.
var byFormat = map[string]string{"date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z", "time": "12:00:00Z", "duration": "PT1H", "email": "name@example.com",
	"uri": "https://example.com", "url": "https://example.com", "uuid": "a0000000-0000-4000-8000-000000000000", "byte": "dGV4dA==", "base64": "dGV4dA==",
	"ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "hostname": "example.com"}

// madeUp is a value that fits where the description has no example: enough for a simulated request.
func (b *builder) madeUp(s *Schema, c *converter) []string {
	tries := []string{"1", c.limits.minText, "true", "2026-01-31", "2026-01-31T12:00:00Z", "a", "A1", "12:00", "12345", "DE", "EUR", "DEU", "name@example.com", "https://example.com", "a0000000-0000-4000-8000-000000000000", "1.5"}
	if s.Type == "string" {
		word := []rune(cmp.Or(strings.ToLower(s.Name), "text") + " 1") // not the name alone: a row of such would be taken for the heading
		for len(word) < c.minLen && len(word) < 200 {
			word = append(word, '1')
		}
		if c.maxLen > 0 && len(word) > c.maxLen {
			word = append(word[:c.maxLen-1], '1')
		}
		tries = slices.Concat([]string{byFormat[format(s.node)], string(word)}, tries, c.pattern.samples())
		for n := 2; n <= 200; n++ {
			tries = append(tries, strings.Repeat("1", n), strings.Repeat("A", n))
		}
	}
	for _, try := range tries {
		if try == "" {
			continue
		}
		if _, omit, bad := c.append(nil, try, batch.String); bad == nil && !omit {
			return []string{try}
		}
	}
	return nil
}
