// Package mappers turns rows into items: columns to fields, expressions, grouping, validation. It does no I/O.
//
// A mapping lives through three steps. Compile takes an operation and a route's `map` and finds every mistake that can
// be found without a file. Bind matches the mapping with the columns of one file. Items turns the file's rows into items.
package mappers

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Settings are what a route says about its mapping.
type Settings struct {
	Map      map[string]configs.Mapping // by field path; fields that are not in it are filled by heading
	Group    string                     // heading of the column that makes groups, where no field does
	Optional []string                   // fields whose presumed required flag is lifted
	Mask     []string                   // fields that are private, or have some below them; they are only judged here
	Language batch.Language             // of problems
	Lists    providers.Lists
	Now      func() time.Time // nil: time.Now
	MaxRows  int              // more rows than this make the file unreadable; 0: no limit
}

// Mapping is what one route does to rows. It is immutable and safe for concurrent use.
type Mapping struct {
	op       *providers.Operation
	set      Settings
	root     *node
	fillers  []*filler       // in the schema's order
	paths    map[string]int  // position of the filler of a path
	ours     map[string]bool // paths that rowferry fills by itself
	optional map[string]bool
	key      []*filler       // group: fields that make the key
	known    map[string]bool // normal forms of all headings that can fill something
}

// MistakesError is Compile's error: every mistake, in the order of their keys, which are paths below the route ("map.type.expr").
type MistakesError struct{ List []batch.Mistake }

// Error lists the mistakes in English; people read words.Say of each.
func (e *MistakesError) Error() string {
	var lines []string
	for _, m := range e.List {
		lines = append(lines, words.Chain(batch.English, m.Key+": "+words.Say(batch.English, m.What), words.Say(batch.English, m.Write)))
	}
	return strings.Join(lines, "\n")
}

// Compile checks a route's mapping against its operation. The error is a *MistakesError with all that is wrong.
func Compile(op *providers.Operation, s Settings) (*Mapping, error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Language == "" {
		s.Language = batch.English
	}
	if named := op.Members(slices.Sorted(maps.Keys(s.Map))); len(named) > 0 {
		if wide, err := op.Widened(named); err == nil { // else the map names fields that are not there
			op = wide
		}
	}
	m := &Mapping{op: op, set: s, optional: map[string]bool{}}
	m.root, m.fillers, m.ours = plan(op)
	m.paths = make(map[string]int, len(m.fillers))
	for i, f := range m.fillers {
		m.paths[f.field.Path] = i
	}
	var found mistakes
	m.compileMap(&found)
	m.compileOptional(&found)
	m.compileMask(&found)
	m.compileGroup(&found)
	m.spread()
	if len(found) > 0 {
		slices.SortStableFunc(found, func(a, b batch.Mistake) int { return strings.Compare(a.Key, b.Key) })
		return nil, &MistakesError{found}
	}
	m.learn()
	return m, nil
}

// learn collects the names that can fill something.
func (m *Mapping) learn() {
	m.known = map[string]bool{}
	add := func(headings ...string) {
		for _, h := range headings {
			for _, form := range []string{labels.Normal(h), labels.Normal(asPath(h)), labels.Unmarked(h), labels.Unjoined(h)} {
				m.known[form] = true
			}
		}
	}
	for _, f := range m.fillers {
		switch {
		case len(f.from) > 0:
			add(f.from...)
		case f.constant == nil && (f.program == nil || f.program.value):
			add(f.texts()...)
		}
		if f.program != nil {
			for _, r := range f.program.refs {
				add(r.heading)
			}
		}
	}
	add(m.set.Group)
	delete(m.known, "")
}

// spread gives a list of plain values an element for each of its headings: the lines of an address stand in columns of their own.
func (m *Mapping) spread() {
	for _, first := range m.fillers {
		if first.list == nil {
			continue
		}
		for nth := 1; nth < len(first.from); nth++ {
			more := *first
			more.nth, more.at, more.inKey, more.fallback = nth, len(m.fillers), false, ""
			more.indexed = strings.TrimSuffix(first.indexed, "[0]") + "[" + strconv.Itoa(nth) + "]"
			m.fillers = append(m.fillers, &more)
			first.list.kids = append(first.list.kids, &node{kind: valueNode, filler: &more})
		}
	}
}

type mistakes []batch.Mistake

// add notes a mistake; suggest is what to write instead, "" when nobody can know.
func (ms *mistakes) add(key, suggest string, what batch.Message) {
	m := batch.Mistake{Key: key, What: what}
	if suggest != "" {
		m.Write = words.Message("config.write", "example", suggest)
	}
	*ms = append(*ms, m)
}

func (m *Mapping) compileMap(found *mistakes) {
	known := map[string]*filler{}
	for _, f := range m.fillers {
		known[f.field.Path] = f
	}
	for path, c := range m.set.Map {
		f := known[path]
		if f == nil && m.ours[path] {
			found.add("map."+path, "", words.Message("mapper.map.ours", "path", path))
			continue
		}
		if f == nil {
			m.unknown("map."+path, path, c, found)
			c.As = ""
			f = &filler{field: &providers.Field{Path: path}, unknown: true} // what fills it is judged all the same
		}
		f.compile(c, found)
	}
}

// unknown notes a path that no field has: why the description's is not offered, the one that was meant, or all there are.
func (m *Mapping) unknown(key, path string, c configs.Mapping, found *mistakes) {
	switch whole, why, known := m.op.Withheld(indexes.ReplaceAllString(path, "")); {
	case known && why.Key != "":
		found.add(key, "", batch.Message{Text: batch.InEach(func(l batch.Language) string {
			return words.Of(l, "mapper.map.left", "path", path, "why", words.Say(l, why))
		})})
		return
	case known:
		found.add(key, "", words.Message("mapper.map.withheld", "path", whole, "operation", m.op.ID, "document", m.op.Provider.Source))
		return
	}
	if near := m.suggestPath(path, c); near != "" {
		found.add(key, near, words.Message("mapper.map.unknown", "path", path, "operation", m.op.ID))
		return
	}
	paths := make([]string, len(m.fillers))
	for i, f := range m.fillers {
		paths[i] = f.field.Path
	}
	if len(paths) > 20 {
		paths = append(paths[:20], "… (rowferry providers show "+m.op.Provider.Name+")")
	}
	found.add(key, "", words.Message("mapper.map.fields", "path", path, "operation", m.op.ID, "fields", strings.Join(paths, ", ")))
}

func (m *Mapping) compileOptional(found *mistakes) {
	for _, path := range m.set.Optional {
		f := m.filler(path)
		if f == nil {
			m.unknown("optional", path, configs.Mapping{}, found)
			continue
		}
		if f.field.Required && !f.field.Presumed {
			found.add("optional", "", words.Message("mapper.optional.firm", "path", path))
			continue
		}
		m.optional[path] = true
		f.lifted = true
	}
}

func (m *Mapping) compileMask(found *mistakes) {
	for _, path := range m.set.Mask {
		if !slices.ContainsFunc(m.fillers, func(f *filler) bool { return f.field.Path == path || strings.HasPrefix(f.field.Path, path+".") }) {
			m.unknown("mask", path, configs.Mapping{}, found)
		}
	}
}

func (m *Mapping) compileGroup(found *mistakes) {
	if m.op.Rows.Kind != providers.Group {
		if m.set.Group != "" {
			found.add("group", "", words.Message("mapper.group.none", "operation", m.op.ID))
		}
		return
	}
	if len(m.op.Rows.Key) == 0 && m.set.Group == "" {
		found.add("group", "group: HEADING", words.Message("mapper.group.missing", "operation", m.op.ID))
	}
	for _, path := range m.op.Rows.Key {
		if f := m.filler(path); f != nil {
			f.inKey = true
			m.key = append(m.key, f)
		}
	}
}

func (m *Mapping) filler(path string) *filler {
	for _, f := range m.fillers {
		if f.field.Path == path {
			return f
		}
	}
	return nil
}

// suggestPath finds what the writer of an unknown path may have meant: a path with indexes or with the outer array in
// front, a label instead of a path, heading and path exchanged, or a near spelling.
func (m *Mapping) suggestPath(path string, c configs.Mapping) string {
	plain := indexes.ReplaceAllString(path, "")
	if outer := m.op.Rows.Path; m.op.Rows.Kind == providers.Batch {
		plain = strings.TrimPrefix(plain, outer+".")
	}
	if m.filler(plain) != nil {
		return plain
	}
	if len(c.From) == 1 {
		if f := m.filler(c.From[0]); f != nil {
			return f.field.Path + ": " + path
		}
	}
	want, best, score := labels.Normal(path), "", 0.0
	for _, f := range m.fillers {
		for _, name := range f.names() {
			if s := likeness(want, labels.Normal(name.text)); s > score {
				best, score = f.field.Path, s
			}
		}
	}
	if score < near {
		return ""
	}
	return best
}
