package xmlfile

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
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
	listed   []*trail // the children in the order of the document
	total    int
	most     int    // largest number in one parent
	attrs    []name // attributes that some have, in the order in which they came
	seen     map[name]bool
	valued   bool // some have text
	labelled int  // how many have a name in an attribute: <field name="Order">

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
		case tok.kind == text:
			if here := stack[len(stack)-1].at; !here.valued {
				here.valued = len(bytes.TrimSpace(tok.text)) > 0
			}
		case tok.kind == start:
			parent := stack[len(stack)-1]
			child := s.child(parent.at, d.open[len(d.open)-1].name)
			if child == nil {
				return nil, readers.Refuse("xml.paths", "line", d.line(), "limit", maxTrails)
			}
			if child.stamp != parent.serial+1 {
				child.stamp, child.run = parent.serial+1, 0
			}
			child.run++
			child.total++
			child.most = max(child.most, child.run)
			for _, a := range tok.attrs {
				child.has(a.name)
			}
			if label(tok.attrs) >= 0 {
				child.labelled++
			}
			serial++
			stack = append(stack, frame{child, serial})
		}
	}
}

// has makes an attribute known.
func (t *trail) has(attribute name) {
	if len(t.attrs) >= mostNames || t.seen[attribute] {
		return
	}
	if t.seen == nil {
		t.seen = map[name]bool{}
	}
	t.seen[attribute] = true
	t.attrs = append(t.attrs, attribute)
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
	c := &trail{name: n, parent: parent, depth: parent.depth + 1}
	parent.children[k], parent.listed = c, append(parent.listed, c)
	s.trails = append(s.trails, c)
	return c
}

// choose gives the path of the records: the configured one; else the element that the route's fields are in; else, where
// the route does not tell, the best guess. nil: there is none, the document is an empty list.
func (s *survey) choose(record string, wants readers.Wants) (*trail, error) {
	if record != "" {
		return s.configured(record)
	}
	counted := s.counted()
	if wants == nil {
		return counted, nil
	}
	fitting, nearest := s.fitting(wants)
	switch {
	case len(fitting) > 1:
		return nil, readers.Refuse("xml.two_records", "first", short(fitting[0].String()), "count", fitting[0].total,
			"second", short(fitting[1].String()), "others", fitting[1].total)
	case len(fitting) == 1:
		notes, err := s.alone(fitting[0], wants)
		if err != nil {
			return nil, err
		}
		s.notes = append(s.notes, notes...)
		return s.together(fitting[0].names()), nil
	case len(s.trails[0].children) == 0 && !s.trails[0].valued:
		return nil, nil
	case nearest != nil:
		return s.together(nearest.names()), nil
	}
	return counted, nil
}

// counted is the outermost element that repeats, and among several the one that repeats most.
func (s *survey) counted() *trail {
	var best *trail
	for _, c := range s.trails {
		if c.most > 1 && !c.repeatsAbove() && (best == nil || c.most > best.most || c.most == best.most && c.depth < best.depth) {
			best = c
		}
	}
	if best != nil {
		return s.together(best.names())
	}
	return s.single()
}

// fitting are the elements that have all that the route must have, without those that lie in another one and know no more, and
// those that know far less. Where there is none, nearest is the one that knows most, if that is something.
func (s *survey) fitting(wants readers.Wants) (fitting []*trail, nearest *trail) {
	known, most, nearly := map[*trail]int{}, 0, 1
	paths := map[string]bool{}
	for _, c := range s.trails {
		if len(c.children)+len(c.attrs) == 0 || paths[c.String()] {
			continue
		}
		paths[c.String()] = true
		f := wants.Fit(c.columns())
		switch n := f.Known(); {
		case n == 0:
		case f.Enough && !c.inside(known, n):
			fitting, known[c], most = append(fitting, c), n, max(most, n)
		case !f.Enough && n > nearly:
			nearest, nearly = c, n
		}
	}
	fitting = slices.DeleteFunc(fitting, func(c *trail) bool { return known[c]*2 < most })
	return fitting, nearest
}

// alone refuses an element outside of which, once for each, values stand that the route takes: its rows would go without them. Of those that
// stand once for the whole file it tells, where there are several rows.
func (s *survey) alone(record *trail, wants readers.Wants) (notes []batch.Note, err error) {
	beside := s.beside(record, wants)
	var shared []string
	for around := record.parent; around != nil; around = around.parent {
		names := beside[around]
		switch {
		case len(names) == 0:
		case around.total > 1 || record.total == 1:
			return nil, readers.Refuse("xml.beside", "record", short(record.String()), "around", short(around.String()), "names", short(strings.Join(names, ", ")))
		default:
			shared = append(shared, names...)
		}
	}
	if len(shared) > 0 {
		notes = append(notes, batch.Note{Message: words.Message("xml.note.shared", "names", short(strings.Join(shared, ", ")))})
	}
	return notes, nil
}

// beside are the names of the values outside of the record that the route takes and the record has not, by the innermost element that is around
// both; of those right in the element around each record, the ones that it has too. Elements that stand more often than the one around are lists.
func (s *survey) beside(record *trail, wants readers.Wants) map[*trail][]string {
	own, out := wants.Fit(record.columns()).Fields, map[*trail][]string{}
	toward := map[*trail]string{record: ""} // by the elements on the way to the record, the name of the next one
	for at := record; at.parent != nil; at = at.parent {
		toward[at.parent] = at.name.local
	}
	for _, c := range s.trails {
		around := c
		for _, on := toward[around]; !on; _, on = toward[around] {
			around = around.parent
		}
		if around == record || around.depth == 0 || c.total > around.total || len(c.children)+len(c.attrs) == 0 || c.String() == record.String() || c.under(record) {
			continue
		}
		columns := slices.DeleteFunc(c.columns(), func(o batch.Column) bool {
			first, _, _ := strings.Cut(repeated.ReplaceAllString(o.Name, ""), "/")
			return c == around && first == toward[around]
		})
		inner := strings.Join(c.names()[around.depth:], "/")
		for i, field := range wants.Fit(columns).Fields {
			name := strings.TrimPrefix(inner+"/"+columns[i].Name, "/")
			missed := !slices.Contains(own, field) || c == around && around.total > 1 && around.total == record.total
			if field != "" && missed && !slices.Contains(out[around], name) {
				out[around] = append(out[around], name)
			}
		}
	}
	return out
}

// inside reports whether the element lies in one that knows as much: then that one is the record, and this is a part of it.
func (t *trail) inside(known map[*trail]int, n int) bool {
	for at := t.parent; at != nil; at = at.parent {
		if known[at] >= n {
			return true
		}
	}
	return false
}

// What is asked of one element is bounded: by names, of which more are refused as columns anyway, and by how many elements of one
// name in it are thought to be columns of their own. With more of them they are the records.
const (
	mostNames  = 2000
	mostEquals = 9
)

// columns are what the element would have as a record, by names.
func (t *trail) columns() []batch.Column {
	var out []batch.Column
	var visit func(t *trail, path string)
	visit = func(t *trail, path string) {
		add := func(name string) {
			if len(out) < mostNames {
				out = append(out, batch.Column{Name: name, Ref: name})
			}
		}
		inner := ""
		if path != "" {
			inner = path + "/"
		}
		for _, a := range t.attrs {
			add(inner + "@" + a.local)
		}
		if path != "" && (t.valued || len(t.children)+len(t.attrs) == 0) {
			add(path)
		}
		for _, c := range t.listed {
			for n := 1; n <= min(c.most, mostEquals) && len(out) < mostNames; n++ {
				label := c.name.local
				if n > 1 {
					label += "[" + strconv.Itoa(n) + "]"
				}
				visit(c, inner+label)
			}
		}
	}
	visit(t, "")
	return out
}

// leftOut lists the elements beside the record that have values of their own; beside several records, those that repeat.
func (s *survey) leftOut(record *trail) []*trail {
	var out []*trail
	for _, c := range s.trails {
		if (c.total > 1 || record.total == 1) && len(c.children)+len(c.attrs) > 0 && c.String() != record.String() && !c.under(record) && !record.under(c) &&
			!slices.ContainsFunc(out, func(o *trail) bool { return c.under(o) || c.String() == o.String() }) {
			out = append(out, c)
		}
	}
	return out
}

// under reports whether the element lies in the other one, by names.
func (t *trail) under(other *trail) bool {
	return strings.HasPrefix(t.String()+"/", other.String()+"/") && t.depth > other.depth
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
	if parent := s.together(names[:len(names)-1]); parent != nil && len(parent.children) == 0 {
		return nil, nil
	}
	if len(names) == 1 && len(root.children) == 0 && !root.valued {
		return nil, nil
	}
	there := s.counted()
	return nil, readers.Refuse("xml.no_records", "path", short(record), "found", short(there.String()))
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
		only := at.listed[0]
		if len(only.children)+len(only.attrs) == 0 {
			break
		}
		at = only
	}
	return at
}
