package mappers

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
)

var indexes = patterns.New(`\[[^\]]*\]`)

type nodeKind uint8

const (
	objectNode nodeKind = iota
	listNode            // an array with one element
	rowsNode            // the array that the rows of a group fill; its kid makes one element
	valueNode           // filled by a filler
	constNode
)

// node is one part of the body to write, in the schema's order.
type node struct {
	kind     nodeKind
	key      string // `"name":` with the quotes, "" for elements
	required bool   // an object or list that is written although nothing is in it
	kids     []*node
	filler   *filler
	literal  string // of a constant
}

// plan turns the operation's schema into what is written for an item: the whole body, or one element of a batch. It
// gives the fields that rows fill, and the paths that rowferry fills by itself.
func plan(op *providers.Operation) (*node, []*filler, map[string]bool) {
	p := &planner{op: op, ours: map[string]bool{}}
	root := p.node(op.Item, "", "", false)
	if root == nil {
		root = &node{kind: objectNode}
	}
	root.required, root.key = true, ""
	return root, p.fillers, p.ours
}

type planner struct {
	op      *providers.Operation
	fillers []*filler
	ours    map[string]bool
}

// node returns nil for what rows never write: fills, and what is there under one authentication scheme only.
// indexed is path with the indexes that the rules use; "[*" stands where the row's index goes.
func (p *planner) node(s *providers.Schema, path, indexed string, inRows bool) *node {
	if s != nil && s.Fill+s.Scheme+s.Const != "" {
		p.ours[path] = true
	}
	if s == nil || s.Fill != "" || s.Scheme != "" {
		return nil
	}
	n := &node{required: s.Required}
	if s.Member() != "" {
		n.key = quote(s.Member()) + ":"
	}
	isRows := p.op.Rows.Kind == providers.Group && s == p.op.Array()
	switch {
	case s.Const != "":
		n.kind, n.literal = constNode, literal(s)
		return n
	case isRows || s.Type == "array":
		return p.list(n, s, path, indexed, inRows, isRows)
	case s.Field != nil:
		return p.value(n, s.Field, indexed, inRows)
	}
	n.kind = objectNode
	for _, prop := range s.Props {
		if kid := p.node(prop, join(path, prop.Name), join(indexed, prop.Name), inRows); kid != nil {
			n.kids = append(n.kids, kid)
		}
	}
	if len(n.kids) == 0 && !(s.Required && p.op.Opened(path)) {
		return nil
	}
	return n
}

// list is an array: the one that the rows of a group fill, or one with one element.
func (p *planner) list(n *node, s *providers.Schema, path, indexed string, inRows, isRows bool) *node {
	at, required := "[0]", s.Required && !s.Empty
	if n.kind = listNode; isRows {
		n.kind, at, required, inRows = rowsNode, "[*]", true, true
	}
	field := s.Field
	if s.Items != nil && s.Items.Field != nil {
		field = s.Items.Field
	}
	if field != nil { // a list of plain values
		n.kids = []*node{p.value(&node{}, field, indexed+at, inRows)}
		if !isRows {
			n.kids[0].filler.list = n
		}
		return n
	}
	kid := p.node(s.Items, path, indexed+at, inRows)
	if kid == nil {
		return nil
	}
	kid.required = required
	n.kids = []*node{kid}
	return n
}

func (p *planner) value(n *node, field *providers.Field, indexed string, inRows bool) *node {
	f := newFiller(field, indexed, inRows)
	f.at = len(p.fillers)
	p.fillers = append(p.fillers, f)
	n.kind, n.filler = valueNode, f
	return n
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	if name == "" {
		return path
	}
	return path + "." + name
}

func literal(s *providers.Schema) string {
	if s.Bare() {
		return s.Const
	}
	return quote(s.Const)
}

// quote is s as JSON writes it.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a builder takes everything
	return strings.TrimSuffix(b.String(), "\n")
}

// presence tells what a node wrote.
type presence uint8

const (
	absent presence = iota // nothing
	weak                   // constants only: they do not keep an optional object alive
	filled
)

// emit appends what the node makes of the current row (or of the finished group).
func (st *state) emit(dst []byte, n *node) ([]byte, presence) {
	switch n.kind {
	case constNode:
		return append(append(dst, n.key...), n.literal...), weak
	case valueNode:
		mark := len(dst)
		dst = append(dst, n.key...)
		out, ok := st.write(dst, n.filler)
		if !ok {
			return out[:mark], absent
		}
		return out, filled
	case rowsNode:
		dst = append(append(dst, n.key...), '[')
		dst = append(dst, st.elements...)
		return append(dst, ']'), filled
	}
	opening, closing := byte('{'), byte('}')
	if n.kind == listNode {
		opening, closing = '[', ']'
	}
	mark, at := len(dst), absent
	dst = append(append(dst, n.key...), opening)
	for _, kid := range n.kids {
		start := len(dst)
		if at != absent {
			dst = append(dst, ',')
		}
		out, p := st.emit(dst, kid)
		if p == absent {
			dst = out[:start]
			continue
		}
		dst, at = out, max(at, p)
	}
	if at != filled && !n.required {
		return dst[:mark], absent
	}
	return append(dst, closing), max(at, weak)
}

// rowIndex finds the index that path has at the array of the rows, or -1.
func rowIndex(path, array string) int {
	rest, names := path, ""
	for rest != "" {
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			return -1
		}
		names = join(names, rest[:end])
		rest = rest[end:]
		for strings.HasPrefix(rest, "[") {
			shut := strings.IndexByte(rest, ']')
			if shut < 0 {
				return -1
			}
			if names == array {
				i, err := strconv.Atoi(rest[1:shut])
				if err != nil {
					return -1
				}
				return i
			}
			rest = rest[shut+1:]
		}
		rest = strings.TrimPrefix(rest, ".")
	}
	return -1
}
