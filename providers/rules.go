package providers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"
	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
)

// ruleSpec is one entry of x-rules.
type ruleSpec struct {
	Name    string     `key:"name,must"`
	Rule    source     `key:"rule,must"`
	Fields  []string   `key:"fields,must"`
	Needs   []string   `key:"needs"`
	When    string     `key:"when"`
	Warning bool       `key:"warning"`
	Must    batch.Text `key:"must,must"`
	Fix     batch.Text `key:"fix"`
}

// rule is a compiled one. It belongs to an object schema and is evaluated for each such object.
type rule struct {
	name    string
	test    *expression
	fields  []target
	needs   []target
	reads   []string // properties that the expression names
	taking  bool     // evaluated when a file is taken
	sending bool     // evaluated right before a request leaves
	warning bool
	must    batch.Text
	fix     batch.Text
	zone    string // of the first today()
}

// target is a field a rule speaks of: relative to its object, or from the root of the body.
type target struct {
	path     string // as fields have it, without indexes
	names    []string
	fromRoot bool
}

// ruleSite is an object schema with rules that are still to be compiled.
type ruleSite struct {
	schema *Schema
	node   *yaml.Node
	place  string
	at     spot
}

// compileRules compiles the rules of all objects, once the whole tree is known.
func (b *builder) compileRules() {
	for _, site := range b.sites {
		if site.at.outside {
			b.wrong(site.node, site.place, "document.outside", "path", site.at.full)
			continue
		}
		if site.node.Kind != yaml.SequenceNode {
			b.wrong(site.node, site.place, "document.kind", "want", "[…]")
			continue
		}
		for i, n := range site.node.Content {
			var spec ruleSpec
			site := site
			site.place = fmt.Sprintf("%s[%d]", site.place, i)
			n = plain(n)
			b.decode(n, site.place, &spec)
			b.rule(site, n, spec)
		}
	}
}

func (b *builder) rule(site ruleSite, n *yaml.Node, spec ruleSpec) {
	if b.rules[spec.Name] && spec.Name != "" {
		b.wrong(get(n, "name"), site.place, "document.twice", "name", spec.Name)
	}
	b.rules[spec.Name] = true
	b.choice(get(n, "when"), site.place+".when", spec.When, "take", "send", "both")
	if spec.Rule.Node == nil {
		return
	}
	test, err := compileRule(spec.Rule.Text, variables(site.at.ancestors))
	if err != nil {
		b.wrong(spec.Rule.Node, spec.Rule.Place, "document.expression", "error", oneLine(err))
		return
	}
	r := &rule{name: spec.Name, test: test, warning: spec.Warning, must: spec.Must, fix: spec.Fix,
		taking: spec.When != "send", sending: spec.When == "send" || spec.When == "both", zone: zoneOf(spec.Rule.Text)}
	r.reads = test.names
	r.fields = b.targets(site, get(n, "fields"), spec.Fields)
	r.needs = b.targets(site, get(n, "needs"), spec.Needs)
	site.schema.rules = append(site.schema.rules, r)
}

// oneLine is the first line of an error, without the drawing that follows it.
func oneLine(err error) string {
	first, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return first
}

func zoneOf(rule string) string {
	_, after, ok := strings.Cut(rule, `today("`)
	if !ok {
		return ""
	}
	zone, _, _ := strings.Cut(after, `"`)
	return zone
}

// variables are the properties of the objects around, inner before outer.
func variables(ancestors []*Schema) types.Map {
	out := types.Map{}
	for _, object := range ancestors {
		for _, p := range object.Props {
			if p.Type == "string" {
				out[p.Name] = types.String
			} else {
				out[p.Name] = types.Any
			}
		}
	}
	return out
}

func (b *builder) targets(site ruleSite, n *yaml.Node, paths []string) []target {
	var out []target
	for i, path := range paths {
		parts := strings.Split(path, ".")
		if found := descend(site.schema, parts); found != nil {
			out = append(out, target{path: dotted(site.at.path, path), names: parts})
			continue
		}
		if found := descend(site.at.ancestors[0], parts); found != nil {
			out = append(out, target{path: path, names: parts, fromRoot: true})
			continue
		}
		at := n
		if n != nil && i < len(n.Content) {
			at = n.Content[i]
		}
		known := make([]string, len(site.schema.Props))
		for i, p := range site.schema.Props {
			known[i] = p.Name
		}
		b.wrong(at, site.place, "document.path", "path", path, "known", strings.Join(known, ", "))
	}
	return out
}

// descend follows property names, through arrays.
func descend(s *Schema, names []string) *Schema {
	for _, name := range names {
		for s != nil && s.Type == "array" {
			s = s.Items
		}
		if s == nil {
			return nil
		}
		i := slices.IndexFunc(s.Props, func(p *Schema) bool { return p.Name == name })
		if i < 0 {
			return nil
		}
		s = s.Props[i]
	}
	return s
}
