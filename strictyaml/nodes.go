package strictyaml

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// Plain follows an alias.
func Plain(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Null reports whether nothing is written at n, or null.
func Null(n *yaml.Node) bool {
	n = Plain(n)
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// Tag is the tag that is written before a value, "" for none.
func Tag(n *yaml.Node) string {
	if n.Style&yaml.TaggedStyle == 0 {
		return ""
	}
	return n.Tag
}

// Entry is one key of a mapping with its value.
type Entry struct {
	Name string
	Key  *yaml.Node
	Node *yaml.Node
}

// Own lists the keys that a mapping has itself, in the order of the file, as often as they are written and with their values as they
// are, aliases or not; and what it merges (<<) in.
func Own(n *yaml.Node) (own []Entry, merged []*yaml.Node) {
	n = Plain(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch from := Plain(value); {
		case key.Value != "<<" || key.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
			own = append(own, Entry{name(key), key, value})
		case from.Kind == yaml.SequenceNode:
			merged = append(merged, from.Content...)
		default:
			merged = append(merged, value)
		}
	}
	return own, merged
}

// name is a key as a person wrote it; a list or a mapping is none that any table has.
func name(key *yaml.Node) string {
	switch key = Plain(key); key.Kind {
	case yaml.SequenceNode:
		return "[…]"
	case yaml.MappingNode:
		return "{…}"
	}
	return key.Value
}

// mostMerged is how deep mappings may be merged into each other.
const mostMerged = 40

// Entries lists a mapping's keys in the order of the file, and behind them those that are merged in and not written. Aliases are
// followed.
func Entries(n *yaml.Node) []Entry { return entries(n, mostMerged) }

func entries(n *yaml.Node, deep int) []Entry {
	out, merged := Own(n)
	for i := range out {
		out[i].Node = Plain(out[i].Node)
	}
	if deep == 0 {
		return out
	}
	for _, m := range merged {
		out = Missing(out, entries(m, deep-1))
	}
	return out
}

// Missing appends to own what it lacks of more.
func Missing(own, more []Entry) []Entry {
	for _, e := range more {
		if !slices.ContainsFunc(own, func(o Entry) bool { return o.Name == e.Name }) {
			own = append(own, e)
		}
	}
	return own
}

// Get is the value of a key, nil when the mapping has none; of one that is written twice, the first.
func Get(n *yaml.Node, key string) *yaml.Node { return get(n, key, mostMerged) }

func get(n *yaml.Node, key string, deep int) *yaml.Node {
	n = Plain(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	merges := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return Plain(n.Content[i+1])
		}
		merges = merges || n.Content[i].Value == "<<"
	}
	if !merges || deep == 0 {
		return nil
	}
	_, merged := Own(n)
	for _, m := range merged {
		if found := get(m, key, deep-1); found != nil {
			return found
		}
	}
	return nil
}

// Twice gives the keys of a mapping that are written again, each with the line where it was first.
func Twice(own []Entry) (again []Entry, first []int) {
	seen := make(map[string]int, len(own))
	for _, e := range own {
		if line, twice := seen[e.Name]; twice {
			again, first = append(again, e), append(first, line)
			continue
		}
		seen[e.Name] = e.Key.Line
	}
	return again, first
}
