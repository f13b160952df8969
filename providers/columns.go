package providers

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Members are those of some names that name a member of a map which the document opens to columns (`columns: metadata.*`),
// and no field yet.
func (op *Operation) Members(names []string) (out []string) {
	for _, name := range names {
		_, known := op.Field(name)
		opened := slices.ContainsFunc(op.compiled.maps, func(path string) bool { return strings.HasPrefix(name, path+".") && len(name) > len(path)+1 })
		if opened && !known && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// Opens reports whether columns may name members of the operation's maps.
func (op *Operation) Opens() bool { return len(op.compiled.maps) > 0 }

// Open are the paths of these maps.
func (op *Operation) Open() []string { return slices.Clone(op.compiled.maps) }

// Opened reports whether columns may name members of the map at this path.
func (op *Operation) Opened(path string) bool { return slices.Contains(op.compiled.maps, path) }

// Widened is the operation with further members of its maps as fields. The sender needs only the operation itself: what the
// schema does not name is sent as it is. The error is a *DocumentError. Safe for concurrent use.
func (op *Operation) Widened(members []string) (*Operation, error) {
	for _, f := range op.Fields { // of an earlier widening
		if slices.ContainsFunc(op.compiled.maps, func(path string) bool { return strings.HasPrefix(f.Path, path+".") }) && !slices.Contains(members, f.Path) {
			members = append(slices.Clone(members), f.Path)
		}
	}
	return op.compiled.widen(members)
}

// widened compiles an operation again.
func (r *reader) widened(p *Provider, n *yaml.Node, item entry, method string, named []string) (*Operation, error) {
	again := &reader{root: r.root, own: r.own, files: r.files, theirs: r.theirs}
	q := *p
	q.Operations = nil
	again.operation(&q, n, item, method, named)
	if len(again.mistakes) > 0 {
		return nil, (&DocumentError{cmp.Or(p.Source, p.Name), again.mistakes}).sorted()
	}
	op := q.Operations[0]
	op.Provider = p
	if r.theirs {
		op.labels()
	}
	return op, nil
}
