package xmlfile

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
)

// maxTrails bounds the different paths of a document: a bomb of ever new names must not fill the memory.
const maxTrails = 20_000

// key tells names apart; n is the position among equal names in one parent, from 1, where that matters.
type key struct {
	space, local string
	n            int
}

// trail is one path from the root and how often elements stand at it.
type trail struct {
	name     name
	parent   *trail
	depth    int // the root's is 1
	children map[key]*trail
	order    int // of first appearance
	total    int
	most     int  // largest number in one parent
	attrs    bool // some have attributes

	run   int // number in the parent that is open
	stamp int // which parent that is
}

// String is the path as `record` is written.
func (t *trail) String() string { return strings.Join(t.names(), "/") }

func (t *trail) names() []string {
	var out []string
	for at := t; at != nil && at.depth > 0; at = at.parent {
		out = append(out, at.name.local)
	}
	slices.Reverse(out)
	return out
}

// matches reports whether the open elements stand at this path, by local names.
func (t *trail) matches(open []element) bool {
	at := t
	for i := len(open) - 1; i >= 0; i-- {
		if at == nil || open[i].name.local != at.name.local {
			return false
		}
		at = at.parent
	}
	return true
}

// survey is what one walk over the document found.
type survey struct {
	top    trail // above the root
	trails []*trail
	notes  []batch.Note
}

// survey walks over the whole document, so that whatever is wrong with it is known before anything else happens.
func (t *opened) survey() (*survey, error) {
	d, err := t.document()
	if err != nil {
		return nil, err
	}
	s := &survey{notes: d.notes}
	type frame struct {
		at     *trail
		serial int
	}
	stack, serial := []frame{{&s.top, 0}}, 0
	for {
		tok, err := d.next()
		switch {
		case err == io.EOF:
			return s, nil
		case err != nil:
			return nil, err
		case tok.kind == end:
			stack = stack[:len(stack)-1]
		case tok.kind == start:
			parent := stack[len(stack)-1]
			child := s.child(parent.at, d.open[len(d.open)-1].name)
			if child == nil {
				return nil, unreadable("xml.paths", "line", d.line(), "limit", maxTrails)
			}
			if child.stamp != parent.serial+1 {
				child.stamp, child.run = parent.serial+1, 0
			}
			child.run++
			child.total++
			child.most = max(child.most, child.run)
			child.attrs = child.attrs || len(tok.attrs) > 0
			serial++
			stack = append(stack, frame{child, serial})
		}
	}
}

func (s *survey) child(parent *trail, n name) *trail {
	k := key{n.space, n.local, 0}
	if c := parent.children[k]; c != nil {
		return c
	}
	if len(s.trails) == maxTrails {
		return nil
	}
	if parent.children == nil {
		parent.children = map[key]*trail{}
	}
	c := &trail{name: n, parent: parent, depth: parent.depth + 1, order: len(s.trails)}
	parent.children[k] = c
	s.trails = append(s.trails, c)
	return c
}

// choose gives the path of the records: the configured one, or the best guess: the outermost element that repeats, and
// among several the one that repeats most.
func (s *survey) choose(record string) (*trail, error) {
	if record != "" {
		return s.configured(record)
	}
	var best *trail
	for _, c := range s.trails {
		if c.most > 1 && !c.repeatsAbove() && (best == nil || c.most > best.most || c.most == best.most && c.depth < best.depth) {
			best = c
		}
	}
	if best != nil {
		return s.together(best.names()), nil
	}
	return s.single(), nil
}

// repeatsAbove reports whether an element around this one repeats too: then that one is the record, and this is a list in it.
func (t *trail) repeatsAbove() bool {
	for at := t.parent; at != nil; at = at.parent {
		if at.most > 1 {
			return true
		}
	}
	return false
}

// configured finds the path with the root's name first, or without it.
func (s *survey) configured(record string) (*trail, error) {
	names := strings.Split(strings.Trim(record, "/"), "/")
	for i, n := range names {
		if _, local, prefixed := strings.Cut(n, ":"); prefixed {
			names[i] = local
		}
	}
	root := s.trails[0]
	if found := s.together(names); found != nil {
		return found, nil
	}
	if found := s.together(append([]string{root.name.local}, names...)); found != nil {
		return found, nil
	}
	there, _ := s.choose("")
	return nil, unreadable("xml.no_records", "path", short(record), "found", short(there.String()))
}

// together is the trail of these local names, counting all namespaces in which they occur; nil when there is none.
func (s *survey) together(names []string) *trail {
	var found *trail
	total := 0
	for _, c := range s.trails {
		if c.depth == len(names) && slices.Equal(c.names(), names) {
			total += c.total
			if found == nil {
				found = c
			}
		}
	}
	if found != nil {
		found.total = total
	}
	return found
}

// single is the record of a document in which nothing repeats: the first element on the way down from the root that is
// more than a wrapper around one other.
func (s *survey) single() *trail {
	at := s.trails[0]
	for len(at.children) == 1 {
		only := slices.Collect(maps.Values(at.children))[0]
		if len(only.children) == 0 && !only.attrs {
			break
		}
		at = only
	}
	return at
}
