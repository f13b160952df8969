package providers

import (
	"fmt"
	"os"

	"github.com/pb33f/jsonpath/pkg/jsonpath"
	"go.yaml.in/yaml/v4"
)

// overlaySpec is an OpenAPI Overlay 1.0.
type overlaySpec struct {
	Version source       `key:"overlay,must"`
	Info    *yaml.Node   `key:"info"`
	Extends *yaml.Node   `key:"extends"`
	Actions []actionSpec `key:"actions,must"`
}

type actionSpec struct {
	Target      source     `key:"target,must"`
	Description string     `key:"description"`
	Update      *yaml.Node `key:"update"`
	Remove      bool       `key:"remove"`
}

// overlay applies one to the whole main file, which is read to its end for it. An action whose target is not there is a
// mistake: what was to be mended looks otherwise now.
func (a *adopter) overlay(from string, o source, place string) {
	path, err := beside(from, o.Text)
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	a.reader.files = append(a.reader.files, path)
	var root *yaml.Node
	if err == nil {
		root, err = parseYAML(text, len(a.reader.files)*lines)
	}
	if err != nil {
		a.wrong(o.Node, place, "document.file", "path", o.Text, "error", oneLine(err))
		return
	}
	before := len(a.mistakes)
	var spec overlaySpec
	a.decode(root, "", &spec)
	if len(a.mistakes) > before {
		return
	}
	if a.main.root == nil {
		if a.main.root, err = a.main.json.at(nil); err != nil {
			a.wrong(nil, a.main.name, "document.openapi", "error", oneLine(err))
			return
		}
		a.main.json = nil
	}
	for i, action := range spec.Actions {
		a.act(action, fmt.Sprintf("actions[%d]", i))
	}
}

func (a *adopter) act(action actionSpec, place string) {
	query, err := jsonpath.NewPath(action.Target.Text)
	if err != nil {
		a.wrong(action.Target.Node, place+".target", "document.overlay_path", "path", action.Target.Text, "error", oneLine(err))
		return
	}
	found := query.Query(&yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{a.main.root}})
	if len(found) == 0 {
		a.wrong(action.Target.Node, place+".target", "document.overlay_target", "path", action.Target.Text)
		return
	}
	for _, n := range found {
		if action.Remove {
			remove(a.main.root, n)
		} else if action.Update != nil {
			laid(n, action.Update)
		}
	}
}

// remove takes a node out of the mapping or list that holds it.
func remove(below, n *yaml.Node) bool {
	for i, c := range below.Content {
		if c == n {
			from := i
			if below.Kind == yaml.MappingNode {
				from = i - 1
			}
			below.Content = append(below.Content[:from:from], below.Content[i+1:]...)
			return true
		}
		if remove(c, n) {
			return true
		}
	}
	return false
}

// laid merges as an overlay says: objects member by member, lists by adding, all else replaced.
func laid(n, with *yaml.Node) {
	n, with = plain(n), plain(with)
	switch {
	case n.Kind == yaml.MappingNode && with.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(with.Content); i += 2 {
			if inner := get(n, with.Content[i].Value); inner != nil {
				laid(inner, with.Content[i+1])
			} else {
				n.Content = append(n.Content, with.Content[i], with.Content[i+1])
			}
		}
	case n.Kind == yaml.SequenceNode:
		n.Content = append(n.Content, with)
	default:
		*n = *with
	}
}
