package providers

import (
	"math/big"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxMerges is how many schemas one document may have put together: some refer to each other so that they multiply.
const maxMerges = 200_000

const (
	apart  = "x-apart"  // parts of an allOf whose keywords cannot be merged; the JSON Schema validator gets them as they are
	unions = "x-unions" // further oneOf and anyOf of the parts of an allOf
)

// intersect is a schema that holds where both hold, as far as keywords can say it; the rest is set apart.
func (r *reader) intersect(a, b *yaml.Node, place string) *yaml.Node {
	if a == nil || a.Kind != yaml.MappingNode {
		return b
	}
	if b == nil || b.Kind != yaml.MappingNode {
		return a
	}
	out := slices.Clone(entries(a))
	for _, e := range entries(b) {
		i := slices.IndexFunc(out, func(o entry) bool { return o.Name == e.Name })
		switch {
		case i < 0:
			out = append(out, e)
		case out[i].Node == e.Node || same(out[i].Node, e.Node):
		default:
			out = r.both(out, i, e, place)
		}
	}
	return mapping(b, out)
}

// both puts a keyword that two schemas have in place of the first one's.
func (r *reader) both(out []entry, i int, e entry, place string) []entry {
	a, b := out[i].Node, e.Node
	switch e.Name {
	case "properties":
		out[i].Node = r.bothProperties(a, b)
	case "x-rowferry", "xml":
		out[i].Node = overlay(a, b)
	case "required", "x-rules", apart, unions:
		out[i].Node = listOf(a, append(slices.Clone(a.Content), b.Content...))
	case "items", "additionalProperties":
		if a.Kind == yaml.MappingNode && b.Kind == yaml.MappingNode {
			out[i].Node = allOf(a, b)
		} else if a.Kind != yaml.MappingNode { // true and the like
			out[i].Node = b
		}
	case "minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties":
		out[i].Node = further(a, b, 1)
	case "maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties":
		out[i].Node = further(a, b, -1)
	case "type", "enum":
		var common []*yaml.Node
		for _, x := range listed(a) {
			if slices.ContainsFunc(listed(b), func(y *yaml.Node) bool {
				return x.Value == y.Value || e.Name == "type" && x.Value == "integer" && y.Value == "number"
			}) {
				common = append(common, x)
			} else if e.Name == "type" && x.Value == "number" && slices.ContainsFunc(listed(b), func(y *yaml.Node) bool { return y.Value == "integer" }) {
				common = append(common, scalar("integer", x))
			}
		}
		if common == nil {
			r.wrong(b, place, "document.nothing_fits", "key", e.Name)
			return out
		}
		out[i].Node = listOf(a, common)
	case "const":
		r.wrong(b, place, "document.nothing_fits", "key", e.Name)
	case "oneOf", "anyOf":
		return setApart(out, unions, e)
	case "title", "description", "example", "examples", "default", "deprecated", "readOnly", "writeOnly", "format", "externalDocs", "$comment", "discriminator":
		out[i] = e
	default:
		if strings.HasPrefix(e.Name, "x-") {
			out[i] = e
			return out
		}
		return setApart(out, apart, e)
	}
	return out
}

// setApart keeps a keyword that cannot be merged beside the others.
func setApart(out []entry, where string, e entry) []entry {
	part := mapping(e.Node, []entry{e})
	if i := slices.IndexFunc(out, func(o entry) bool { return o.Name == where }); i >= 0 {
		out[i].Node = listOf(out[i].Node, append(slices.Clone(out[i].Node.Content), part))
		return out
	}
	return append(out, named(where, listOf(e.Node, []*yaml.Node{part})))
}

func (r *reader) bothProperties(a, b *yaml.Node) *yaml.Node {
	out := slices.Clone(entries(a))
	for _, e := range entries(b) {
		i := slices.IndexFunc(out, func(o entry) bool { return o.Name == e.Name })
		switch {
		case i < 0:
			out = append(out, e)
		case !same(out[i].Node, e.Node):
			out[i].Node = allOf(out[i].Node, e.Node)
		}
	}
	return mapping(b, out)
}

func allOf(a, b *yaml.Node) *yaml.Node {
	return mapping(b, []entry{named("allOf", listOf(b, []*yaml.Node{a, b}))})
}

func listOf(like *yaml.Node, content []*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: like.Line, Column: like.Column, Content: content}
}

// same reports whether two nodes are one, refer to one, or say one plain value.
func same(a, b *yaml.Node) bool {
	if a == b {
		return true
	}
	if a.Kind == yaml.ScalarNode && b.Kind == yaml.ScalarNode {
		return a.Value == b.Value
	}
	one, two := get(a, "$ref"), get(b, "$ref")
	return one != nil && two != nil && one.Value == two.Value && len(a.Content) == 2 && len(b.Content) == 2
}

func listed(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

// further is the bound that leaves less: the larger (sign 1) or the smaller.
func further(a, b *yaml.Node, sign int) *yaml.Node {
	x, ok := new(big.Rat).SetString(a.Value)
	y, fine := new(big.Rat).SetString(b.Value)
	if ok && fine && x.Cmp(y)*sign >= 0 {
		return a
	}
	return b
}
