package xmlfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/table"
)

// recordCells bounds one record: no more bytes than this many of the largest values.
const recordCells = 16

// shape is what the records of a file have in them: a tree of elements, each with its column.
type shape struct {
	top    *node
	limit  int // columns
	size   int // elements and attributes known
	frames []frame
	serial int
	mixed  []int // columns whose text in the record just read has elements amid it
}

// node is one element at one place inside the record; the second "item" of a parent is another node than the first.
type node struct {
	name     name
	n        int // position among elements of the same name in one parent, from 1
	children map[key]*node
	order    []*node
	attrs    map[key]*column
	listed   []*column
	text     column
	valued   bool // some have text that is more than layout
	inner    bool // some have elements in them

	count, stamp int // elements of this name seen in the parent that is open; kept at n == 1
}

type column struct {
	name  name
	at    int // -1: none
	habit table.Habit
}

// learn looks at a value.
func (c *column) learn(value string) {
	c.habit.Learn(strings.TrimSpace(value))
}

// frame is one element that is open inside the record.
type frame struct {
	node   *node
	serial int
	inner  bool
	text   []byte
}

var errChanged = errors.New("the file changed while it was read")

func newShape(limit int) *shape { return &shape{top: &node{n: 1, text: column{at: -1}}, limit: limit} }

// learn reads one record and makes its elements and attributes known.
func (s *shape) learn(d *document) error { return s.walk(d, true, nil) }

// read reads one record and gives each value with its column.
func (s *shape) read(d *document, set func(column int, text string)) error {
	return s.walk(d, false, set)
}

// walk reads from the start of a record, which has just been read, to its end.
func (s *shape) walk(d *document, grow bool, set func(int, string)) error {
	s.frames, s.mixed = s.frames[:0], s.mixed[:0]
	left := int64(d.t.limits.Cell) * recordCells
	if err := s.enter(s.top, d.attrs, grow, set, &left); err != nil {
		return err
	}
	for {
		tok, err := d.next()
		if err != nil {
			return err
		}
		here := &s.frames[len(s.frames)-1]
		switch tok.kind {
		case text:
			here.text = append(here.text, tok.text...)
			left -= int64(len(tok.text))
		case start:
			child := s.child(here, d.open[len(d.open)-1].name, grow)
			if child == nil {
				return errChanged
			}
			here.inner = true
			if err := s.enter(child, tok.attrs, grow, set, &left); err != nil {
				return err
			}
		case end:
			s.leave(here, grow, set)
			s.frames = s.frames[:len(s.frames)-1]
			if len(s.frames) == 0 {
				return nil
			}
		}
		if left < 0 {
			return readers.Refuse("xml.record_too_big", "line", d.line(), "limit", readers.Size(int64(d.t.limits.Cell)*recordCells))
		}
		if s.size > 2*s.limit+len(s.frames) {
			return d.tooManyColumns()
		}
	}
}

// enter opens an element and takes its attributes.
func (s *shape) enter(n *node, attrs []attr, grow bool, set func(int, string), left *int64) error {
	s.serial++
	if len(s.frames) < cap(s.frames) { // keeps the buffer that is there
		s.frames = s.frames[:len(s.frames)+1]
		f := &s.frames[len(s.frames)-1]
		*f = frame{node: n, serial: s.serial, text: f.text[:0]}
	} else {
		s.frames = append(s.frames, frame{node: n, serial: s.serial})
	}
	for _, a := range attrs {
		*left -= int64(len(a.value))
		k := key{a.name.space, a.name.local, 0}
		c := n.attrs[k]
		switch {
		case c == nil && !grow:
			return errChanged
		case c == nil:
			if n.attrs == nil {
				n.attrs = map[key]*column{}
			}
			c = &column{name: a.name, at: -1}
			n.attrs[k] = c
			n.listed = append(n.listed, c)
			s.size++
		}
		if grow {
			c.learn(a.value)
		}
		if set != nil && c.at >= 0 {
			set(c.at, a.value)
		}
	}
	return nil
}

// leave takes the text of an element that has ended. Layout around nested elements is not text; blanks in an
// element without any are.
func (s *shape) leave(f *frame, grow bool, set func(int, string)) {
	n := f.node
	if grow {
		n.inner = n.inner || f.inner
		n.valued = n.valued || len(strings.TrimSpace(string(f.text))) > 0
		n.text.learn(string(f.text))
		return
	}
	if n.text.at < 0 || set == nil {
		return
	}
	if f.inner {
		rest := strings.TrimSpace(string(f.text))
		if set(n.text.at, rest); rest != "" {
			s.mixed = append(s.mixed, n.text.at)
		}
		return
	}
	set(n.text.at, string(f.text))
}

// child is the node of an element that begins in the open one; nil when it is not known and must not be added.
func (s *shape) child(f *frame, n name, grow bool) *node {
	first := s.known(f.node, n, 1, grow)
	if first == nil {
		return nil
	}
	if first.stamp != f.serial {
		first.stamp, first.count = f.serial, 0
	}
	first.count++
	if first.count == 1 {
		return first
	}
	return s.known(f.node, n, first.count, grow)
}

func (s *shape) known(parent *node, n name, position int, grow bool) *node {
	k := key{n.space, n.local, position}
	if c := parent.children[k]; c != nil || !grow {
		return c
	}
	c := &node{name: n, n: position, text: column{at: -1}}
	if parent.children == nil {
		parent.children = map[key]*node{}
	}
	parent.children[k] = c
	s.size++
	at := len(parent.order)
	if before := parent.children[key{n.space, n.local, position - 1}]; before != nil { // item[2] stands behind item
		at = slices.Index(parent.order, before) + 1
	}
	parent.order = slices.Insert(parent.order, at, c)
	return c
}

// layOut numbers the columns in the order of the document and names them by their path inside the record. habits are what was learnt of
// their values.
func (s *shape) layOut(record name) (out []batch.Column, habits []table.Habit) {
	add := func(c *column, name, ref string) {
		c.at = len(out)
		out, habits = append(out, batch.Column{Name: name, Ref: ref}), append(habits, c.habit)
	}
	var visit func(n *node, path string)
	visit = func(n *node, path string) {
		for _, a := range n.listed {
			p := path + "@" + a.name.among(n.listed)
			if path != "" {
				p = path + "/@" + a.name.among(n.listed)
			}
			add(a, p, p)
		}
		if n.valued || !n.inner && len(n.listed) == 0 {
			if path == "" {
				add(&n.text, record.local, ".")
			} else {
				add(&n.text, path, path)
			}
		}
		for _, c := range n.order {
			p := c.label(n.order)
			if path != "" {
				p = path + "/" + p
			}
			visit(c, p)
		}
	}
	visit(s.top, "")
	return out, habits
}

// label is the node's name among its siblings: the local name, with its prefix where another namespace has the same.
func (n *node) label(siblings []*node) string {
	text := n.name.local
	for _, o := range siblings {
		if o.name.local == n.name.local && o.name.space != n.name.space {
			text = n.name.full()
		}
	}
	if n.n > 1 {
		text = fmt.Sprintf("%s[%d]", text, n.n)
	}
	return text
}

func (n name) among(all []*column) string {
	for _, o := range all {
		if o.name.local == n.local && o.name.space != n.space {
			return n.full()
		}
	}
	return n.local
}

// full tells a name from its namesakes of other namespaces.
func (n name) full() string {
	switch {
	case n.prefix != "":
		return n.prefix + ":" + n.local
	case n.space != "":
		return "{" + n.space + "}" + n.local
	}
	return n.local
}
