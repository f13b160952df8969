package providers

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// An item of an operation whose requests are more than one JSON object is an envelope: {"?path": {…}, "?query": {…},
// "?header": {…}, "?cookie": {…}, "?around": {…}, "?body": …}. Around is what stands around the elements of a batch; the body is last, so
// that what comes before it tells which items may share a request.
const (
	inAround = "?around"
	inBody   = "?body"
)

// Places are where a parameter may stand, in the order of an envelope.
var Places = []string{"path", "query", "header", "cookie"}

// Enveloped reports whether an item's body is an envelope of parameters and body.
func (op *Operation) Enveloped() bool { return op.Item != nil && op.Item != op.compiled.element }

// Array is the array of the body that rows fill; nil where a row is a request.
func (op *Operation) Array() *Schema {
	if op.compiled.array == nil && op.Rows.Path != "" { // an operation that was put together by hand
		return descend(op.Body, strings.Split(op.Rows.Path, "."))
	}
	return op.compiled.array
}

// Part is a member of an enveloped item: a group of parameters ("query"), "around", or "body". nil: it is not there.
func (op *Operation) Part(item []byte, name string) []byte {
	if !op.Enveloped() {
		if name == "body" {
			return item
		}
		return nil
	}
	return memberOf(item, "?"+name)
}

// Surroundings is what items of one batch must have in common: parameters, and what stands around the elements.
func (op *Operation) Surroundings(item []byte) []byte {
	if !op.Enveloped() {
		return nil
	}
	before, _, _ := bytes.Cut(item, []byte(`"`+inBody+`":`))
	return before
}

// memberOf cuts one member out of a JSON object that our mapper wrote.
func memberOf(object []byte, name string) []byte {
	j := newJSONText(object, 0)
	at := j.blank(0)
	if at >= len(object) || object[at] != '{' {
		return nil
	}
	all, err := j.members(at)
	if err != nil {
		return nil
	}
	for _, m := range all {
		if m.name == name {
			return object[m.at:j.skip(m.at)]
		}
	}
	return nil
}

// parameters reads those of the operation and of the path around it.
func (b *builder) parameters(item, op *yaml.Node, place string) {
	var all []*yaml.Node
	for _, level := range []*yaml.Node{get(item, "parameters"), get(op, "parameters")} {
		if level == nil {
			continue
		}
		for _, n := range level.Content {
			n = plain(n)
			if ref := get(n, "$ref"); ref != nil {
				if n = b.locate(ref.Value); n == nil {
					b.wrong(ref, place+".parameters", "document.ref", "ref", ref.Value)
					continue
				}
			}
			all = slices.DeleteFunc(all, func(o *yaml.Node) bool {
				return textAt(o, "name") == textAt(n, "name") && textAt(o, "in") == textAt(n, "in")
			})
			all = append(all, n)
		}
	}
	for _, w := range b.maps { // a hole that the description forgot
		if name, is := strings.CutPrefix(w.path, "path."); is && b.op.opens(name) && !slices.ContainsFunc(all, func(n *yaml.Node) bool { return textAt(n, "in") == "path" && textAt(n, "name") == name }) {
			all = append(all, mapping(w.key, []entry{text("name", name, w.key), text("in", "path", w.key)}))
		}
	}
	for _, in := range Places {
		for _, n := range all {
			switch {
			case textAt(n, "in") != in:
			case in == "path" && b.theirs && !b.op.opens(textAt(n, "name")):
				b.warn(n, place, "document.no_hole", "hole", "{"+textAt(n, "name")+"}")
			default:
				b.parameter(n, in, place)
			}
		}
	}
	for _, n := range all {
		if in := textAt(n, "in"); !slices.Contains(Places, in) {
			b.cannot(n, place, spot{full: in + "." + textAt(n, "name"), required: isTrue(n, "required")}, "document.parameter_in", "in", in)
		}
	}
}

// opens reports whether the path has a hole of this name.
func (op *Operation) opens(name string) bool {
	for _, path := range op.Paths {
		if strings.Contains(path, "{"+name+"}") {
			return true
		}
	}
	return false
}

func (b *builder) parameter(n *yaml.Node, in, place string) {
	name := textAt(n, "name")
	if in == "header" && slices.Contains([]string{"accept", "content-type", "authorization", "content-length", "host"}, strings.ToLower(name)) {
		return // OpenAPI says that these are not described here
	}
	at := spot{full: in, path: in, required: true, outside: b.op.Rows.Kind == Batch}.child(name)
	at.required = in == "path" || isTrue(n, "required")
	at.sample = get(n, "example")
	for _, e := range entries(get(n, "examples")) {
		if at.sample == nil {
			at.sample = get(e.Node, "value")
		}
	}
	if in == "header" && b.op.authenticates(name) || !at.required && !b.wanted(at) {
		return
	}
	raw, content := get(n, "schema"), entries(get(n, "content"))
	if raw == nil && len(content) > 0 {
		raw = get(content[0].Node, "schema")
	}
	if raw == nil {
		raw = mapping(n, []entry{text("type", "string", n)})
	}
	where := place + ".parameters." + name
	s := b.schema(raw, name, where, at.required, at)
	if s == nil {
		return
	}
	style, known := styleOf(n, in, s, len(content) > 0)
	if !known {
		b.drop(s)
		b.cannot(n, where, at, "document.parameter_style", "path", at.full)
		return
	}
	field := s.Field
	if s.Type == "array" {
		field = s.Items.Field
		s.Required = at.required
	}
	if field != nil {
		field.Required = at.required
		field.Help = orText(field.Help, textAt(n, "description"))
	}
	said := textAt(n, "explode")
	explode := in == "query" && style != Deep && style != AsJSON && (said == "true" || said == "" && style == "")
	b.op.Parameters = append(b.op.Parameters, Parameter{Name: name, In: in, Schema: s, Explode: explode, Style: style})
}

// joins are what stands between the values of a list, by the style that says so.
var joins = map[string]string{"": "", "form": "", "simple": "", "spaceDelimited": Spaced, "pipeDelimited": Piped}

// styleOf is how a parameter's value is written; false where that is none of the ways that we write.
func styleOf(n *yaml.Node, in string, s *Schema, content bool) (style string, known bool) {
	named := textAt(n, "style")
	join, known := joins[named]
	nested := func(s *Schema) bool { return s.Type == "object" || s.Type == "array" }
	switch {
	case in == "path" && !nested(s) && (named == Label || named == Matrix):
		return named, true
	case content && in == "query" && nested(s):
		return AsJSON, true
	case named == "deepObject":
		return Deep, in == "query" && s.Type == "object"
	case s.Type == "object":
		return join, known && in == "query" && !slices.ContainsFunc(s.Props, nested)
	case s.Type == "array":
		return join, known && s.Items.Field != nil
	}
	return "", known
}

// drop takes the fields of a schema that is not offered after all away again.
func (b *builder) drop(s *Schema) {
	walkSchemas(s, func(s *Schema) {
		b.op.Fields = slices.DeleteFunc(b.op.Fields, func(f *Field) bool { return f == s.Field })
	})
}

// authenticates reports whether a header is one that a scheme of the operation writes.
func (op *Operation) authenticates(header string) bool {
	for _, name := range op.Schemes {
		s, _ := op.Provider.Scheme(name)
		for _, part := range append(slices.Clone(s.Parts), s) {
			for h := range part.Headers {
				if strings.EqualFold(h, header) {
					return true
				}
			}
		}
	}
	return false
}

// holes notes what of the path no parameter fills.
func (b *builder) holes(n *yaml.Node, place string) {
	for _, encoding := range sorted(b.op.Paths) {
		for _, m := range hole.FindAllStringSubmatch(b.op.Paths[encoding], -1) {
			if !slices.ContainsFunc(b.op.Parameters, func(p Parameter) bool { return p.In == "path" && p.Name == m[1] }) {
				b.wrong(n, place, "document.hole", "hole", m[0])
			}
		}
	}
}

// bodyRequired reports whether a request needs a body. Descriptions that say nothing mostly mean that it does.
func (b *builder) bodyRequired(n *yaml.Node) bool {
	body := get(n, "requestBody")
	if ref := get(body, "$ref"); ref != nil {
		body = b.locate(ref.Value)
	}
	return textAt(body, "required") != "false"
}

// bodySample is an example of the whole body.
func (b *builder) bodySample(n *yaml.Node) *yaml.Node {
	for _, media := range entries(get(get(n, "requestBody"), "content")) {
		if x := written(get(media.Node, "example")); x != nil {
			return x
		}
		for _, e := range entries(get(media.Node, "examples")) {
			if x := written(get(e.Node, "value")); x != nil && x.Kind != yaml.ScalarNode {
				return x
			}
		}
	}
	return nil
}

// written is an example, read where somebody wrote it as a text of JSON.
func written(x *yaml.Node) *yaml.Node {
	if x == nil || x.Kind != yaml.ScalarNode || !strings.HasPrefix(strings.TrimSpace(x.Value), "{") {
		return x
	}
	n, err := newJSONText([]byte(x.Value), 0).at(nil)
	if err != nil {
		return nil
	}
	return n
}

// envelop makes the schema of an item's body. What is one JSON object and no more stays as it is.
func (b *builder) envelop() {
	op := b.op
	element := op.compiled.element
	op.Item = element
	var around *Schema
	if op.Rows.Kind == Batch {
		around = without(op.Body, op.compiled.array)
	}
	outside := around != nil && hasField(around)
	if len(op.Parameters) == 0 && !outside && element.Type == "object" && op.Body != nil {
		return
	}
	env := &Schema{Type: "object", Required: true, compiledSchema: compiledSchema{maxItems: -1}}
	add := func(s *Schema) { env.Props = append(env.Props, s) }
	for _, in := range Places {
		group := &Schema{Name: in, Key: "?" + in, Type: "object", compiledSchema: compiledSchema{maxItems: -1}}
		for _, p := range op.Parameters {
			if p.In == in {
				group.Props = append(group.Props, p.Schema)
			}
		}
		if len(group.Props) > 0 {
			add(group)
		}
	}
	if outside {
		around.Name, around.Key, around.Required = "", inAround, true
		add(around)
	}
	if op.Body != nil {
		body := *element
		body.Name, body.Key = "", inBody
		add(&body)
		op.compiled.element = &body
		if op.Rows.Kind != Batch {
			op.Body = &body
			if op.compiled.array == element {
				op.compiled.array = &body
			}
		}
	}
	op.Item = env
	b.apartFromInside()
	if op.Rows.Kind == Group && len(op.Rows.Key) > 0 {
		for _, f := range op.Fields {
			in, _, _ := strings.Cut(f.Path, ".")
			parameter := slices.Contains(Places, in) && slices.ContainsFunc(op.Parameters, func(p Parameter) bool { return p.field() == f })
			if parameter && f.Required && !slices.Contains(op.Rows.Key, f.Path) {
				op.Rows.Key = append(op.Rows.Key, f.Path)
			}
		}
	}
}

func (p Parameter) field() *Field {
	if p.Schema.Type == "array" {
		return p.Schema.Items.Field
	}
	return p.Schema.Field
}

// apartFromInside gives fields outside a batch's element a path of their own where one inside has the same.
func (b *builder) apartFromInside() {
	for _, f := range b.op.Fields {
		if f.Outside && slices.ContainsFunc(b.op.Fields, func(o *Field) bool { return o != f && o.Path == f.Path }) {
			f.Path = "body." + f.Path
		}
	}
}

// without is a copy of a schema without one array; nil when that leaves nothing.
func without(s, array *Schema) *Schema {
	if s == nil || s == array {
		return nil
	}
	out := *s
	out.Props = nil
	for _, p := range s.Props {
		if p = without(p, array); p != nil {
			out.Props = append(out.Props, p)
		}
	}
	if s.Type == "object" && len(out.Props) == 0 {
		return nil
	}
	return &out
}

func hasField(s *Schema) bool {
	found := false
	walkSchemas(s, func(s *Schema) { found = found || s.Field != nil })
	return found
}

// complete ends the reading of a description: credentials that its schemes need, labels that tell its fields apart.
func (p *Provider) complete(theirs bool) {
	if slices.ContainsFunc(p.Schemes, func(s Scheme) bool { return !slices.Contains(ours, s.Name) }) {
		p.keepCredentials()
	}
	if !theirs {
		return
	}
	for _, op := range p.Operations {
		op.labels()
	}
}

// labels clears those that do not tell a field from others: an exact field path is never ambiguous.
func (op *Operation) labels() {
	count := map[string]int{}
	for _, f := range op.Fields {
		count[foldKey(f.Label.EN)]++
		count[foldKey(f.Path)]++
	}
	for _, f := range op.Fields {
		key := foldKey(f.Label.EN)
		if key != "" && key != foldKey(f.Path) && count[key] > 1 {
			f.Help.EN = cmp.Or(f.Help.EN, f.Label.EN)
			f.Label.EN = ""
		}
	}
}
