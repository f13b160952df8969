package providers

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/words"
)

// prepareChecks marks what Check has to look at, and compiles the keywords that are not plain.
func (op *Operation) prepareChecks(b *builder) {
	mark(op.Item)
	if rest := reduced(op.element(), b); rest != nil {
		c := jsonschema.NewCompiler()
		if err := c.AddResource("body.json", rest); err == nil {
			op.rest, err = c.Compile("body.json")
			if err != nil {
				b.wrong(op.element().node, op.element().place, "document.schema", "error", oneLine(err))
			}
		}
	}
	sending := map[string]bool{}
	op.OneOf = nil
	properties := map[string]bool{}
	walkSchemas(op.Item, func(s *Schema) { properties[s.Name] = true })
	walkSchemas(op.Item, func(s *Schema) {
		for _, r := range s.rules {
			if fields := r.oneOf(s, properties); fields != nil {
				op.OneOf = append(op.OneOf, fields)
			}
			if !r.sending {
				continue
			}
			for _, f := range r.fields {
				sending[f.path] = true
			}
		}
	})
	op.recheck = slices.Sorted(maps.Keys(sending))
}

// oneOf are the fields of a rule that no object meets in which all of them are blank: one at least must be given. nil: it is another rule,
// or looks at more of the properties than them.
func (r *rule) oneOf(s *Schema, properties map[string]bool) (paths []string) {
	if r.warning || !r.taking || len(r.needs) > 0 {
		return nil
	}
	env := ruleFunctions(CheckContext{})
	for _, f := range r.fields {
		i := slices.IndexFunc(s.Props, func(p *Schema) bool { return len(f.names) == 1 && !f.fromRoot && p.Name == f.names[0] })
		if i < 0 {
			return nil
		}
		env[f.names[0]] = variable(s.Props[i], nil)
		paths = append(paths, f.path)
	}
	for _, name := range r.reads {
		if _, is := env[name]; !is && properties[name] {
			return nil
		}
	}
	if met, err := r.test.run(env); err != nil || met != false {
		return nil
	}
	return paths
}

func walkSchemas(s *Schema, visit func(*Schema)) {
	visit(s)
	for _, p := range s.Props {
		walkSchemas(p, visit)
	}
	if s.Items != nil {
		walkSchemas(s.Items, visit)
	}
}

// mark tells each node whether Check finds work in it or below.
func mark(s *Schema) {
	s.ruled = len(s.rules) > 0
	s.checked = s.ruled || s.loose || s.minItems > 1 || s.maxItems >= 0 || s.unique || s.Field != nil && s.Field.List != ""
	below := s.Props
	if s.Items != nil {
		below = append(slices.Clone(below), s.Items)
	}
	for _, p := range below {
		mark(p)
		s.ruled = s.ruled || p.ruled
		s.checked = s.checked || p.checked
	}
}

// easy are the keywords that Append, the mapper or Check know themselves, or that say nothing about values.
var easy = map[string]bool{
	"type": true, "const": true, "enum": true, "pattern": true, "minLength": true, "maxLength": true, "minimum": true, "maximum": true,
	"exclusiveMinimum": true, "exclusiveMaximum": true, "multipleOf": true, "format": true, "required": true, "minItems": true, "maxItems": true,
	"uniqueItems": true, "properties": true, "items": true, "title": true, "description": true, "default": true, "example": true, "examples": true,
	"deprecated": true, "readOnly": true, "writeOnly": true, "xml": true, "externalDocs": true, "$comment": true, "additionalProperties": true,
	"unevaluatedProperties": true, "nullable": true, "$ref": true, "allOf": true, "discriminator": true, "x-rowferry": true, "x-rules": true,
}

// reduced is the schema reduced to the keywords that are not plain; nil when there are none.
func reduced(s *Schema, b *builder) map[string]any {
	out := map[string]any{}
	for _, e := range entries(s.node) {
		if easy[e.Name] || strings.HasPrefix(e.Name, "x-") {
			continue
		}
		b.lost = false
		v := b.whole(e.Node, s.place, nil)
		if b.lost {
			b.warn(e.Key, s.place, "document.keyword_lost", "key", e.Name)
			continue
		}
		out[e.Name] = v
	}
	if all := get(s.node, apart); all != nil {
		out["allOf"] = b.whole(all, s.place, nil)
	}
	props := map[string]any{}
	for _, p := range s.Props {
		if rest := reduced(p, b); rest != nil {
			props[p.Name] = rest
		}
	}
	if len(props) > 0 {
		out["properties"] = props
	}
	if s.Items != nil {
		if rest := reduced(s.Items, b); rest != nil {
			out["items"] = rest
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// whole is a node as JSON with all references inside it resolved; refs are those that led to it.
func (b *builder) whole(n *yaml.Node, place string, refs []string) any {
	n = plain(n)
	if b.values--; b.values < 0 {
		b.lost = true
		if !b.theirs && b.values == -1 {
			b.wrong(n, place, "document.many_fields", "max", maxFields)
		}
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		if ref := get(n, "$ref"); ref != nil {
			if slices.Contains(refs, ref.Value) {
				b.lost = true
				if !b.theirs {
					b.wrong(ref, place, "document.circular", "ref", ref.Value)
				}
				return nil
			}
			refs = append(slices.Clone(refs), ref.Value)
		}
		out := map[string]any{}
		for _, e := range entries(b.flat(n, place, nil)) {
			if !strings.HasPrefix(e.Name, "x-") {
				out[e.Name] = b.whole(e.Node, place, refs)
			}
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, b.whole(c, place, refs))
		}
		return out
	}
	return value(n)
}

func (op *Operation) needsCheck() bool {
	return op.Item != nil && (op.Item.checked || op.rest != nil)
}

func (op *Operation) rechecks() []string { return op.recheck }

// checker is one run of Check.
type checker struct {
	op    *Operation
	c     CheckContext
	found []Violation
	root  map[string]any
}

// scope is what the rules of an object see.
type scope struct {
	env   map[string]any    // functions, and the properties of the objects around, inner before outer
	paths map[string]string // where each property stands; kept only where values are spoiled
}

func (op *Operation) check(body []byte, c CheckContext) []Violation {
	if c.Sending && len(op.recheck) == 0 || !c.Sending && !op.needsCheck() {
		return nil
	}
	v, err := parseJSON(body)
	root, object := v.(map[string]any)
	if err != nil || !object {
		return []Violation{{Code: "type", Rule: words.Message("value.text"), Fix: words.Message("value.pattern.fix")}}
	}
	k := &checker{op: op, c: c, root: root}
	var rest any = root
	if op.Enveloped() {
		rest = root[inBody]
		k.root, _ = rest.(map[string]any)
	}
	k.node(op.Item, root, "", "", scope{env: ruleFunctions(c)})
	if op.rest != nil && !c.Sending && len(c.Spoiled) == 0 && rest != nil {
		k.others(rest)
	}
	return k.found
}

// node checks a value and what is inside it. path has indexes, field has none.
func (k *checker) node(s *Schema, v any, path, field string, around scope) {
	if !s.checked || v == nil {
		return
	}
	switch x := v.(type) {
	case map[string]any:
		k.object(s, x, path, field, around)
	case []any:
		if !k.c.Sending && !k.spoiled(path) {
			k.bounds(s, x, path, field)
		}
		if s.Items == nil {
			return
		}
		for i, one := range x {
			k.node(s.Items, one, path+"["+strconv.Itoa(i)+"]", field, around)
		}
	default:
		k.listed(s, v, path, field)
	}
}

func (k *checker) object(s *Schema, x map[string]any, path, field string, around scope) {
	inside := around
	if s.ruled {
		inside = k.enter(s, x, path, around)
	}
	for _, p := range s.Props {
		v, there := x[p.Member()]
		at, name := within(path, p.Name), within(field, p.Name)
		if p.loose && !k.c.Sending && (!there || v == nil || v == "") && !k.lifted(p, name) && !k.spoiled(at) {
			k.add(p, at, name, "required", "", words.Message("value.required"), words.Message("value.required.fix"))
			continue
		}
		k.node(p, v, at, name, inside)
	}
	for _, r := range s.rules {
		if k.c.Sending && r.sending || !k.c.Sending && r.taking {
			k.rule(r, x, path, inside)
		}
	}
}

// within is the path of a property; one without a name is the object's own.
func within(path, name string) string {
	if name == "" {
		return path
	}
	return dotted(path, name)
}

// enter adds the properties of an object to what rules see.
func (k *checker) enter(s *Schema, x map[string]any, path string, around scope) scope {
	in := scope{env: maps.Clone(around.env)}
	for _, p := range s.Props {
		in.env[p.Name] = variable(p, x[p.Member()])
	}
	if len(k.c.Spoiled) == 0 {
		return in
	}
	in.paths = map[string]string{}
	maps.Copy(in.paths, around.paths)
	for _, p := range s.Props {
		in.paths[p.Name] = within(path, p.Name)
	}
	return in
}

// spoiled reports whether the value at a path, or one inside it, is known to be wrong.
func (k *checker) spoiled(path string) bool {
	return slices.ContainsFunc(k.c.Spoiled, func(bad string) bool {
		rest, below := strings.CutPrefix(bad, path)
		return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// blind reports whether a rule would look at a value that is known to be wrong.
func (k *checker) blind(r *rule, path string, inside scope) bool {
	if len(k.c.Spoiled) == 0 {
		return false
	}
	for _, name := range r.reads {
		if at, property := inside.paths[name]; property && k.spoiled(at) {
			return true
		}
	}
	return slices.ContainsFunc(slices.Concat(r.needs, r.fields), func(t target) bool {
		return !t.fromRoot && k.spoiled(k.pathOf(t, path)) || t.fromRoot && k.spoiledField(t.path)
	})
}

// spoiledField does the same for a path without indexes, whichever elements it leads through.
func (k *checker) spoiledField(field string) bool {
	return slices.ContainsFunc(k.c.Spoiled, func(bad string) bool { return withoutIndexes.ReplaceAllString(bad, "") == field })
}

var withoutIndexes = patterns.New(`\[[0-9]+\]`)

func (k *checker) lifted(p *Schema, field string) bool {
	return p.Field != nil && p.Field.Presumed && k.c.Optional[field]
}

// variable is a value as rules see it.
func variable(s *Schema, v any) any {
	if s.Type == "string" {
		return plainTextKept(v)
	}
	if s.Type == "number" || s.Type == "integer" {
		if f, ok := v.(interface{ Float64() (float64, error) }); ok {
			n, _ := f.Float64()
			return n
		}
	}
	return v
}

func plainTextKept(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return plainText(v)
}

// inOne is a list of plain values as a person writes them.
func inOne(list []any) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = plainTextKept(v)
	}
	return strings.Join(texts, ", ")
}

func (k *checker) add(s *Schema, path, field, code, value string, rule, fix batch.Message) {
	if s.must != (batch.Text{}) && code != "required" {
		rule = batch.Message{Text: s.must, Args: []any{"value", value}}
	}
	if s.fix != (batch.Text{}) {
		fix = batch.Message{Text: s.fix, Args: []any{"value", value}}
	}
	k.found = append(k.found, Violation{Path: path, Field: field, Code: code, Value: value, Rule: rule, Fix: fix})
}

func (k *checker) bounds(s *Schema, list []any, path, field string) {
	n := len(list)
	if n < s.minItems {
		k.add(s, path, field, "min_items", "", words.Message("value.min_items", "min", s.minItems, "count", n), words.Message("value.min_items.fix"))
	}
	switch plain := s.Items != nil && s.Items.Field != nil && !s.Items.Field.Values; {
	case s.maxItems < 0 || n <= s.maxItems:
	case plain: // columns of one row fill it
		k.add(s, path, field, "max_items", inOne(list), words.Message("value.max_values", "max", s.maxItems, "count", n), words.Message("value.max_values.fix"))
	default:
		k.add(s, path, field, "max_items", "", words.Message("value.max_items", "max", s.maxItems, "count", n), words.Message("value.max_items.fix"))
	}
	if !s.unique {
		return
	}
	seen := map[string]bool{}
	for i, v := range list {
		key := fmt.Sprintf("%T %v", v, v)
		if seen[key] {
			k.add(s, path+"["+strconv.Itoa(i)+"]", field, "unique", plainText(v), words.Message("value.unique"), words.Message("value.unique.fix"))
		}
		seen[key] = true
	}
}

// listed checks a value against the code list the user has loaded.
func (k *checker) listed(s *Schema, v any, path, field string) {
	if s.Field == nil || s.Field.List == "" || k.c.Sending {
		return
	}
	name, text := s.Field.List, plainText(v)
	if text == "" || k.c.Lists.Has(name, text) || s.codes && k.c.Lists.hasCode(name, codeOf(text)) {
		return
	}
	k.add(s, path, field, "list", text, words.Message("value.list", "list", name), words.Message("value.list.fix", "list", name))
}

// hasCode reports whether a value of the list begins with this code.
func (l Lists) hasCode(list, code string) bool {
	if l[list][code] {
		return true
	}
	for entry := range l[list] {
		if codeOf(entry) == code {
			return true
		}
	}
	return false
}

func (k *checker) rule(r *rule, object map[string]any, path string, inside scope) {
	if k.blind(r, path, inside) {
		return
	}
	for _, t := range r.needs {
		if !isSet(k.at(t, object)) {
			return
		}
	}
	out, err := r.test.run(inside.env)
	if yes, _ := out.(bool); yes && err == nil {
		return
	}
	for _, t := range k.toBlame(r, object) {
		value := plainText(k.at(t, object))
		args := []any{"value", value, "today", ""}
		if r.zone != "" {
			args[3], _ = today(k.c.Now, r.zone)
		}
		v := Violation{Path: k.pathOf(t, path), Field: t.path, Code: r.name, Value: value, Warning: r.warning,
			Rule: batch.Message{Text: r.must, Args: args}, Fix: batch.Message{Text: r.fix, Args: args}}
		if r.fix == (batch.Text{}) {
			v.Fix = words.Message("value.pattern.fix")
		}
		if err != nil {
			v.Warning = false
			v.Rule = words.Message("value.rule_failed", "rule", r.name, "problem", oneLine(err))
			v.Fix = words.Message("value.rule_failed.fix")
		}
		k.found = append(k.found, v)
	}
}

// toBlame are the fields a broken rule is told at: where some of them are blank and others not, the blank ones.
func (k *checker) toBlame(r *rule, object map[string]any) []target {
	var blank []target
	for _, t := range r.fields {
		if !isSet(k.at(t, object)) {
			blank = append(blank, t)
		}
	}
	if blank != nil {
		return blank
	}
	return r.fields
}

// at is the value a rule speaks of.
func (k *checker) at(t target, object map[string]any) any {
	var v any = object
	if t.fromRoot {
		v = k.root
	}
	for _, name := range t.names {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		o, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = o[name]
	}
	return v
}

func (k *checker) pathOf(t target, path string) string {
	if t.fromRoot {
		path = ""
	}
	return dotted(path, strings.Join(t.names, "."))
}

// others reports what the JSON Schema validator finds.
func (k *checker) others(root any) {
	v, ok := k.op.rest.Validate(root).(*jsonschema.ValidationError)
	if !ok || v == nil {
		return
	}
	for _, cause := range leaves(v) {
		s, path, field := k.schemaAt(cause.InstanceLocation)
		if missing, ok := cause.ErrorKind.(*kind.Required); ok {
			for _, name := range missing.Missing {
				k.add(s, dotted(path, name), dotted(field, name), "required", "", words.Message("value.required"), words.Message("value.required.fix"))
			}
			continue
		}
		if k.alternatives(s, path, field, cause, root) {
			continue
		}
		problem := cause.ErrorKind.LocalizedString(printer())
		k.add(s, path, field, "schema", valueAt(root, cause.InstanceLocation), words.Message("value.schema", "problem", problem), words.Message("value.schema.fix"))
	}
}

// alternatives tells of which fields an object must have some, or only some, where that is all that the branches of a oneOf or anyOf ask for.
func (k *checker) alternatives(s *Schema, path, field string, cause *jsonschema.ValidationError, root any) bool {
	var list *yaml.Node
	met := []int{}
	switch failed := cause.ErrorKind.(type) {
	case *kind.AnyOf:
		list = get(s.node, "anyOf")
	case *kind.OneOf:
		list, met = get(s.node, "oneOf"), failed.Subschemas
	}
	if list == nil {
		return false
	}
	var first, ways []string
	for _, branch := range list.Content {
		keywords := entries(plain(branch))
		if len(keywords) != 1 || keywords[0].Name != "required" || len(keywords[0].Node.Content) == 0 {
			return false
		}
		var names []string
		for _, name := range keywords[0].Node.Content {
			names = append(names, plain(name).Value)
		}
		first, ways = append(first, names[0]), append(ways, strings.Join(names, " + "))
	}
	all := strings.Join(ways, ", ")
	if len(met) == 0 {
		k.add(s, dotted(path, first[0]), dotted(field, first[0]), "required", "", words.Message("value.one_of", "ways", all), words.Message("value.required.fix"))
		return true
	}
	name := first[met[0]]
	value := valueAt(root, append(slices.Clone(cause.InstanceLocation), name))
	k.add(s, dotted(path, name), dotted(field, name), "schema", value, words.Message("value.only_one_of", "ways", all), words.Message("value.only_one_of.fix"))
	return true
}

// valueAt is what a location of the validator holds: a plain value as a text; "" where there is an object or a list.
func valueAt(v any, location []string) string {
	for _, part := range location {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(in) {
				return ""
			}
			v = in[i]
		}
	}
	switch v.(type) {
	case map[string]any, []any, nil:
		return ""
	}
	return plainText(v)
}

var printer = sync.OnceValue(func() *message.Printer { return message.NewPrinter(language.English) })

// leaves are the findings worth telling: what lies under keywords that only group others.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		var out []*jsonschema.ValidationError
		for _, c := range e.Causes {
			out = append(out, leaves(c)...)
		}
		return out
	}
	return []*jsonschema.ValidationError{e}
}

// schemaAt finds the node that an instance location of the validator speaks of.
func (k *checker) schemaAt(location []string) (s *Schema, path, field string) {
	s = k.op.element()
	for _, part := range location {
		if s.Type == "array" && s.Items != nil {
			s, path = s.Items, path+"["+part+"]"
			continue
		}
		path, field = dotted(path, part), dotted(field, part)
		if p := descend(s, []string{part}); p != nil {
			s = p
		}
	}
	return s, path, field
}
