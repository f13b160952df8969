package providers

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/strictyaml"
)

// A document that says `extends:` holds only what is ours. The adopter makes a whole document of it and of the
// provider's own description, which is never changed: of that only the picked operations and what they reach are read,
// brought to OpenAPI 3.1.

// adoptSpec is a document that extends another.
type adoptSpec struct {
	Extends    source     `key:"extends,must"`
	OpenAPI    *yaml.Node `key:"openapi"`
	Info       *yaml.Node `key:"info"`
	Docs       *yaml.Node `key:"externalDocs"`
	Overlays   []source   `key:"overlays"`
	Extension  *yaml.Node `key:"x-rowferry"`
	Servers    *yaml.Node `key:"servers"`
	Security   *yaml.Node `key:"security"`
	Components *yaml.Node `key:"components"`
	Operations *yaml.Node `key:"operations,must"`
	Webhooks   *yaml.Node `key:"webhooks"`
}

// maxReach is how many nodes of a description the picked operations may reach.
const maxReach = 300_000

// adopter brings what is picked of a description into one document.
type adopter struct {
	*reader
	main    *file
	files   map[string]*file
	two     bool // Swagger 2.0
	three   bool // before OpenAPI 3.1: what stands beside a reference is nothing
	names   map[string]string
	taken   map[string]bool
	schemas []entry
	later   []func() // what was referred to and is still to be brought
	answers []func() // responses, which requests can do without
	budget  int
	spent   bool
}

// spotIn is a node of a description and the file it stands in.
type spotIn struct {
	*yaml.Node
	file *file
}

func (r *reader) adopt(path string) {
	var spec adoptSpec
	r.decode(r.root, "", &spec)
	if len(r.mistakes) > 0 {
		return
	}
	a := &adopter{reader: r, files: map[string]*file{}, names: map[string]string{}, taken: map[string]bool{}, budget: maxReach}
	r.theirs = true
	a.main = a.open(path, spec.Extends.Text, spec.Extends.Node, "extends")
	if a.main == nil {
		return
	}
	for i, o := range spec.Overlays {
		a.overlay(path, o, fmt.Sprintf("overlays[%d]", i))
	}
	if !a.version() {
		return
	}
	own := r.root
	r.root = a.document(spec)
	r.own = own
}

// open reads a file of the description, once.
func (a *adopter) open(from, ref string, n *yaml.Node, place string) *file {
	path, err := beside(from, ref)
	if err == nil {
		if f := a.files[path]; f != nil {
			return f
		}
		if len(a.files) >= maxFiles {
			err = fmt.Errorf("more than %d files", maxFiles)
		}
	}
	if err == nil {
		var f *file
		if f, err = openFile(path, len(a.files)+1); err == nil {
			a.files[path] = f
			a.reader.files = append(a.reader.files, f.name)
			return f
		}
	}
	a.wrong(n, place, "document.file", "path", ref, "error", oneLine(err))
	return nil
}

func (a *adopter) version() bool {
	swagger, _ := a.main.at("/swagger")
	version, _ := a.main.at("/openapi")
	switch {
	case swagger != nil && strings.HasPrefix(swagger.Value, "2."):
		a.two = true
	case version == nil && swagger == nil:
		a.wrong(nil, a.main.name, "document.no_openapi")
		return false
	case version == nil || !strings.HasPrefix(version.Value, "3."):
		a.wrong(cmp.Or(version, swagger), a.main.name, "document.version_theirs", "found", cmp.Or(version, swagger).Value)
		return false
	}
	a.three = a.two || strings.HasPrefix(version.Value, "3.0")
	return true
}

// beside a reference these say nothing of values.
var beside30 = []string{"title", "description", "example", "default", "deprecated", "readOnly", "writeOnly"}

// top is a part of the main file; one that cannot be read is noted.
func (a *adopter) top(pointer string) *yaml.Node {
	n, err := a.main.at(pointer)
	if err != nil {
		a.wrong(nil, a.main.name, "document.openapi", "error", oneLine(err))
	}
	return n
}

// document puts the whole document together.
func (a *adopter) document(spec adoptSpec) *yaml.Node {
	root := a.reader.root
	out := []entry{text("openapi", "3.1.0", root)}
	add := func(name string, n *yaml.Node) {
		if n != nil {
			out = append(out, entry{Name: name, Key: scalar(name, root), Node: n})
		}
	}
	add("info", cmp.Or(spec.Info, a.top("/info")))
	add("externalDocs", cmp.Or(spec.Docs, a.top("/externalDocs")))
	paths, operationServers := a.operations(spec.Operations, spec.Servers)
	a.bring()
	needed := len(a.mistakes)
	for _, answer := range a.answers {
		answer()
	}
	a.bring()
	a.warnings, a.mistakes = append(a.warnings, a.mistakes[needed:]...), a.mistakes[:needed]
	servers := spec.Servers
	if servers == nil {
		servers = a.servers(operationServers)
		paths = a.shifted(paths, servers)
	}
	add("servers", servers)
	add("x-rowferry", spec.Extension)
	add("security", cmp.Or(spec.Security, a.top("/security")))
	add("paths", paths)
	schemes := a.securitySchemes()
	if own := get(spec.Components, "securitySchemes"); own != nil {
		schemes = overlay(cmp.Or(schemes, mapping(root, nil)), own)
	}
	components := []entry{named("schemas", mapping(root, a.schemas))}
	if schemes != nil {
		components = append(components, entry{Name: "securitySchemes", Key: scalar("securitySchemes", root), Node: schemes})
	}
	add("components", mapping(root, components))
	add("webhooks", spec.Webhooks)
	return mapping(root, out)
}

// bring brings what was referred to, and what that refers to.
func (a *adopter) bring() {
	for len(a.later) > 0 {
		next := a.later[0]
		a.later = a.later[1:]
		next()
	}
}

func scalar(value string, like *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Line: like.Line, Column: like.Column}
}

func text(name, value string, like *yaml.Node) entry {
	return entry{Name: name, Key: scalar(name, like), Node: scalar(value, like)}
}

// named is an entry with a key of its own.
func named(name string, n *yaml.Node) entry { return entry{Name: name, Key: scalar(name, n), Node: n} }

// operations are the paths of the picked operations, and the servers that those have for themselves.
func (a *adopter) operations(picked, own *yaml.Node) (*yaml.Node, *yaml.Node) {
	var out []entry
	var servers *yaml.Node
	all := a.everyOperation()
	for _, e := range entries(picked) {
		place := "operations." + e.Name
		want := cmp.Or(textAt(e.Node, "at"), e.Name)
		i := slices.IndexFunc(all, func(o theirOperation) bool { return o.id == want || o.is(want) })
		if i < 0 {
			known := make([]string, 0, len(all))
			for _, o := range all {
				if o.writes() {
					known = append(known, o.name())
				}
			}
			a.unknown(e, "operations", known)
			continue
		}
		o := all[i]
		if e.Name != o.id {
			o.id = e.Name
		}
		item, op, ok := a.find(o)
		if !ok {
			continue
		}
		node := op.Node
		if s := cmp.Or(get(node, "servers"), get(item.Node, "servers")); s != nil {
			if servers != nil && servers != s && own == nil {
				a.wrong(s, place, "document.servers_differ")
			}
			servers = s
		}
		operation := a.operation(o, item, op, e.Node)
		methods := []entry{{Name: o.method, Key: scalar(o.method, node), Node: operation}}
		if i := slices.IndexFunc(out, func(e entry) bool { return e.Name == o.path }); i >= 0 {
			out[i].Node = mapping(out[i].Node, append(entries(out[i].Node), methods...))
		} else {
			out = append(out, named(o.path, mapping(node, methods)))
		}
	}
	return mapping(picked, out), servers
}

// theirOperation is one operation of a description.
type theirOperation struct{ id, method, path, summary string }

func (o theirOperation) is(name string) bool {
	method, path, _ := strings.Cut(name, " ")
	return strings.EqualFold(method, o.method) && strings.TrimSpace(path) == o.path
}

func (o theirOperation) name() string { return cmp.Or(o.id, strings.ToUpper(o.method)+" "+o.path) }

func (o theirOperation) writes() bool { return o.method != "get" }

// everyOperation lists the operations of the description, in its order.
func (a *adopter) everyOperation() (out []theirOperation) {
	paths, err := a.main.keys("paths")
	if err != nil {
		a.wrong(nil, a.main.name, "document.openapi", "error", oneLine(err))
	}
	for _, path := range paths {
		if a.main.json != nil { // ids only, not what is below
			at, _ := a.main.keys("paths", path)
			for _, method := range at {
				if !slices.Contains(methods, method) {
					continue
				}
				o := theirOperation{a.short(path, method, "operationId"), method, path, a.short(path, method, "summary")}
				if o.id == "" && a.short(path, method, "$ref") != "" {
					o = a.elsewhere(o)
				}
				out = append(out, o)
			}
			if !slices.Contains(at, "$ref") {
				continue
			}
		}
		item, _ := a.resolve(spotIn{a.top("/paths/" + escaped(path)), a.main}, "paths."+path)
		if item.Node == nil || a.main.json != nil && item.file == a.main {
			continue
		}
		for _, e := range entries(item.Node) {
			if !slices.Contains(methods, e.Name) {
				continue
			}
			o := theirOperation{textAt(e.Node, "operationId"), e.Name, path, textAt(e.Node, "summary")}
			if o.id == "" && get(e.Node, "$ref") != nil {
				o = a.elsewhere(o)
			}
			out = append(out, o)
		}
	}
	return out
}

// elsewhere is an operation that the path only refers to, as descriptions of many files do.
func (a *adopter) elsewhere(o theirOperation) theirOperation {
	if _, op, ok := a.find(o); ok {
		o.id, o.summary = textAt(op.Node, "operationId"), textAt(op.Node, "summary")
	}
	return o
}

// short is a text of an operation in a JSON file.
func (a *adopter) short(path, method, key string) string {
	n, _ := a.main.at("/paths/" + escaped(path) + "/" + method + "/" + key)
	if n == nil {
		return ""
	}
	return n.Value
}

func escaped(part string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "%", "%25").Replace(part)
}

// find reads an operation and the path item around it.
func (a *adopter) find(o theirOperation) (item, op spotIn, ok bool) {
	item, ok = a.resolve(spotIn{a.top("/paths/" + escaped(o.path)), a.main}, "paths."+o.path)
	if !ok {
		return item, op, false
	}
	op, ok = a.resolve(spotIn{get(item.Node, o.method), item.file}, "paths."+o.path+"."+o.method)
	return item, op, ok
}

// resolve follows references until there is none.
func (a *adopter) resolve(at spotIn, place string) (spotIn, bool) {
	for range strictyaml.MaxNest {
		ref := get(at.Node, "$ref")
		if at.Node == nil || ref == nil || ref.Kind != yaml.ScalarNode {
			return at, at.Node != nil
		}
		next, ok := a.follow(ref, at.file, place)
		if !ok {
			return spotIn{nil, at.file}, false
		}
		at = next
	}
	a.wrong(at.Node, place, "document.circular", "ref", textAt(at.Node, "$ref"))
	return spotIn{nil, at.file}, false
}

// follow finds what a reference leads to.
func (a *adopter) follow(ref *yaml.Node, from *file, place string) (spotIn, bool) {
	f, to := from, ref.Value
	for range strictyaml.MaxNest {
		path, pointer, _ := strings.Cut(to, "#")
		if path != "" {
			if f = a.open(f.path, path, ref, place); f == nil {
				return spotIn{nil, from}, false
			}
		}
		var n *yaml.Node
		var err error
		if pointer == "" || pointer[0] == '/' {
			n, err = f.at(pointer)
		}
		if err != nil {
			a.wrong(ref, place, "document.file", "path", f.name, "error", oneLine(err))
			return spotIn{nil, f}, false
		}
		if n != nil {
			return spotIn{n, f}, true
		}
		if to = f.detour(pointer); to == "" {
			break
		}
	}
	a.wrong(ref, place, "document.ref", "ref", ref.Value)
	return spotIn{nil, f}, false
}

// operation is the whole node of a picked operation, with what is ours.
func (a *adopter) operation(o theirOperation, item, op spotIn, ours *yaml.Node) *yaml.Node {
	place := "paths." + o.path + "." + o.method
	out := []entry{text("operationId", o.id, op.Node)}
	for _, key := range []string{"summary", "description", "security"} {
		if n := get(op.Node, key); n != nil {
			out = append(out, named(key, n))
		}
	}
	parameters := a.parameters(item, op, place)
	body := a.requestBody(op, place)
	if a.two {
		parameters, body = a.oldParameters(op, parameters, place)
	}
	if len(parameters) > 0 {
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: op.Line, Column: op.Column}
		for _, p := range parameters {
			list.Content = append(list.Content, p.Node)
		}
		out = append(out, named("parameters", list))
	}
	if body != nil {
		out = append(out, named("requestBody", body))
	}
	responses := mapping(op.Node, nil)
	a.answers = append(a.answers, func() { responses.Content = a.responses(op, place).Content })
	out = append(out, named("responses", responses))
	if own := get(ours, "security"); own != nil {
		out = slices.DeleteFunc(out, func(e entry) bool { return e.Name == "security" })
		out = append(out, named("security", own))
	}
	mine := slices.DeleteFunc(entries(ours), func(e entry) bool { return e.Name == "security" || e.Name == "at" })
	out = append(out, named("x-rowferry", mapping(ours, mine)))
	return mapping(op.Node, out)
}

// parameters are those of the operation and of the path around it, the operation's before the path's of the same name.
func (a *adopter) parameters(item, op spotIn, place string) []spotIn {
	var out []spotIn
	same := func(x spotIn, y *yaml.Node) bool {
		return textAt(x.Node, "name") == textAt(y, "name") && textAt(x.Node, "in") == textAt(y, "in")
	}
	for _, level := range []spotIn{{get(item.Node, "parameters"), item.file}, {get(op.Node, "parameters"), op.file}} {
		if level.Node == nil {
			continue
		}
		for i, n := range level.Content {
			where := place + ".parameters[" + strconv.Itoa(i) + "]"
			p, ok := a.resolve(spotIn{plain(n), level.file}, where)
			if !ok {
				continue
			}
			if k := slices.IndexFunc(out, func(o spotIn) bool { return same(o, p.Node) }); k >= 0 {
				out[k] = p
			} else {
				out = append(out, p)
			}
		}
	}
	if a.two {
		return out
	}
	for i, p := range out {
		es := slices.Clone(entries(p.Node))
		for k, e := range es {
			switch e.Name {
			case "schema":
				es[k].Node = a.schema(spotIn{e.Node, p.file}, place, 0)
			case "content": // one media type, whose schema describes the text
				es[k].Node = a.content(spotIn{e.Node, p.file}, place)
			case "examples":
				es[k].Node = a.examplesOf(spotIn{e.Node, p.file}, place)
			}
		}
		out[i].Node = mapping(p.Node, es)
	}
	return out
}

func (a *adopter) requestBody(op spotIn, place string) *yaml.Node {
	n := get(op.Node, "requestBody")
	if n == nil {
		return nil
	}
	body, ok := a.resolve(spotIn{n, op.file}, place+".requestBody")
	if !ok {
		return nil
	}
	var out []entry
	for _, e := range entries(body.Node) {
		switch e.Name {
		case "required":
			out = append(out, e)
		case "content":
			out = append(out, entry{Name: e.Name, Key: e.Key, Node: a.content(spotIn{e.Node, body.file}, place+".requestBody")})
		}
	}
	return mapping(body.Node, out)
}

// content brings the media types of a body or an answer.
func (a *adopter) content(at spotIn, place string) *yaml.Node {
	var out []entry
	for _, media := range entries(at.Node) {
		m, ok := a.resolve(spotIn{media.Node, at.file}, place+".content."+media.Name)
		if !ok {
			continue
		}
		var inner []entry
		for _, e := range entries(m.Node) {
			switch e.Name {
			case "schema":
				inner = append(inner, entry{Name: e.Name, Key: e.Key, Node: a.schema(spotIn{e.Node, m.file}, place+".content."+media.Name+".schema", 0)})
			case "example", "encoding":
				inner = append(inner, e)
			case "examples":
				inner = append(inner, entry{Name: e.Name, Key: e.Key, Node: a.examplesOf(spotIn{e.Node, m.file}, place)})
			}
		}
		out = append(out, entry{Name: media.Name, Key: media.Key, Node: mapping(m.Node, inner)})
	}
	return mapping(at.Node, out)
}

// examplesOf are named examples, with references followed; one that lies elsewhere is left out.
func (a *adopter) examplesOf(at spotIn, place string) *yaml.Node {
	if at.Kind == yaml.SequenceNode { // as 3.1 schemas have them
		return at.Node
	}
	var out []entry
	for _, e := range entries(at.Node) {
		x, ok := a.resolve(spotIn{e.Node, at.file}, place+".examples."+e.Name)
		if ok && get(x.Node, "value") != nil {
			out = append(out, entry{Name: e.Name, Key: e.Key, Node: x.Node})
		}
	}
	return mapping(at.Node, out)
}

func (a *adopter) responses(op spotIn, place string) *yaml.Node {
	var out []entry
	for _, e := range entries(get(op.Node, "responses")) {
		answer, ok := a.resolve(spotIn{e.Node, op.file}, place+".responses."+e.Name)
		if !ok {
			continue
		}
		var inner []entry
		if content := get(answer.Node, "content"); content != nil {
			inner = append(inner, named("content", a.content(spotIn{content, answer.file}, place+".responses."+e.Name)))
		}
		if a.two {
			inner = append(inner, named("content", a.oldAnswer(op, answer, place+".responses."+e.Name)))
		}
		out = append(out, entry{Name: e.Name, Key: e.Key, Node: mapping(answer.Node, inner)})
	}
	return mapping(op.Node, out)
}

// schema brings a schema to 3.1; what it refers to becomes a component of its own.
func (a *adopter) schema(at spotIn, place string, depth int) *yaml.Node {
	n := plain(at.Node)
	if a.budget--; a.budget < 0 || depth > strictyaml.MaxNest {
		if !a.spent {
			a.spent = true
			a.wrong(n, place, "document.reach", "max", maxReach)
		}
		return mapping(cmp.Or(n, a.reader.root), nil)
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return n
	}
	inner := func(x *yaml.Node) *yaml.Node { return a.schema(spotIn{x, at.file}, place, depth+1) }
	alone := a.three && textAt(n, "$ref") != ""
	var out []entry
	for _, e := range entries(n) {
		if alone && e.Name != "$ref" && !slices.Contains(beside30, e.Name) {
			continue
		}
		switch e.Name {
		case "$ref":
			if to := a.reference(e.Node, at.file, place); to != nil {
				out = append(out, entry{Name: e.Name, Key: e.Key, Node: to})
			}
			continue
		case "properties", "patternProperties", "dependentSchemas":
			var props []entry
			for _, p := range entries(e.Node) {
				props = append(props, entry{Name: p.Name, Key: p.Key, Node: inner(p.Node)})
			}
			e.Node = mapping(e.Node, props)
		case "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames":
			e.Node = inner(e.Node)
		case "allOf", "oneOf", "anyOf", "prefixItems":
			list := *e.Node
			list.Content = nil
			for _, c := range e.Node.Content {
				list.Content = append(list.Content, inner(c))
			}
			e.Node = &list
		case "discriminator":
			e.Node = a.discriminator(spotIn{e.Node, at.file}, place)
		case "definitions", "$defs", "x-rowferry", "x-rules":
			continue // reached by reference where they are; extensions of this name are ours to write
		}
		out = append(out, e)
	}
	return upgraded(n, out)
}

// discriminator brings the names of a mapping, as references to components.
func (a *adopter) discriminator(at spotIn, place string) *yaml.Node {
	var out []entry
	for _, e := range entries(at.Node) {
		if e.Name == "mapping" {
			var inner []entry
			for _, m := range entries(e.Node) {
				ref := *m.Node
				if !strings.ContainsAny(ref.Value, "#/.") {
					ref.Value = "#/components/schemas/" + ref.Value
				}
				if to := a.reference(&ref, at.file, place); to != nil {
					inner = append(inner, entry{Name: m.Name, Key: m.Key, Node: to})
				}
			}
			e.Node = mapping(e.Node, inner)
		}
		out = append(out, e)
	}
	return mapping(at.Node, out)
}

// reference is a reference of the whole document to what one of the description leads to; nil when that is nothing.
func (a *adopter) reference(ref *yaml.Node, from *file, place string) *yaml.Node {
	to, ok := a.follow(ref, from, place)
	if !ok {
		return nil
	}
	_, pointer, _ := strings.Cut(ref.Value, "#")
	target := to.file.path + "#" + pointer
	name, known := a.names[target]
	if !known {
		name = a.free(to.file, pointer)
		a.names[target] = name
		i := len(a.schemas)
		a.schemas = append(a.schemas, entry{})
		a.schemas[i] = entry{Name: name, Key: scalar(name, to.Node), Node: nil}
		a.later = append(a.later, func() { a.schemas[i].Node = a.schema(to, "components.schemas."+name, 0) })
	}
	out := *ref
	out.Value = "#/components/schemas/" + escaped(name)
	return &out
}

// free is a name for what a pointer leads to: its last part, or the file's name.
func (a *adopter) free(f *file, pointer string) string {
	name := pointer[strings.LastIndexByte(pointer, '/')+1:]
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(f.path), filepath.Ext(f.path))
	}
	name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	for i, base := 2, name; a.taken[name]; i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	a.taken[name] = true
	return name
}

// securitySchemes brings those of the description.
func (a *adopter) securitySchemes() *yaml.Node {
	pointer := "/components/securitySchemes"
	if a.two {
		pointer = "/securityDefinitions"
	}
	n := a.top(pointer)
	if n == nil {
		return nil
	}
	all, _ := a.resolve(spotIn{n, a.main}, "components.securitySchemes")
	var out []entry
	for _, e := range entries(all.Node) {
		if s, ok := a.resolve(spotIn{e.Node, all.file}, "components.securitySchemes."+e.Name); ok {
			node := s.Node
			if a.two {
				node = oldScheme(node)
			}
			out = append(out, entry{Name: e.Name, Key: e.Key, Node: node})
		}
	}
	return mapping(n, out)
}
