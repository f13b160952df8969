package providers

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/spelling"
	"github.com/rowferry/rowferry/strictyaml"
	"github.com/rowferry/rowferry/words"
)

// reader walks the nodes of one document and collects its mistakes.
type reader struct {
	root     *yaml.Node            // the document's top mapping
	own      *yaml.Node            // that of the file itself, where it extends another
	files    []string              // of a description that the document extends; the line of a node says which
	theirs   bool                  // the document extends one that is not ours to mend
	found    map[string]*yaml.Node // what references lead to
	merges   int                   // schemas that were put together so far
	mistakes []Mistake
	warnings []Mistake
}

// wrong notes a mistake at n; args are name, value, ….
func (r *reader) wrong(n *yaml.Node, place, key string, args ...any) {
	r.mistakes = append(r.mistakes, r.mistake(n, place, key, args...))
}

// warn notes what is left out of a description, which works without.
func (r *reader) warn(n *yaml.Node, place, key string, args ...any) {
	r.warnings = append(r.warnings, r.mistake(n, place, key, args...))
}

func (r *reader) mistake(n *yaml.Node, place, key string, args ...any) Mistake {
	m := Mistake{Place: place, Message: words.Message(key, args...)}
	if n != nil {
		m.Line, m.Column = n.Line%lines, n.Column
		if i := n.Line / lines; i > 0 {
			m.File = r.files[i-1]
		}
	}
	return m
}

// What is asked of a node is asked in package strictyaml.
var (
	plain   = strictyaml.Plain
	get     = strictyaml.Get
	entries = strictyaml.Entries
)

type entry = strictyaml.Entry

// once notes the keys that are written twice, in all of a file of ours.
func (r *reader) once(n *yaml.Node, place string) {
	own, _ := strictyaml.Own(n)
	again, first := strictyaml.Twice(own)
	for i, e := range again {
		r.wrong(e.Key, dotted(place, e.Name), "document.key_twice", "line", first[i]%lines)
	}
	for _, e := range own {
		if e.Node.Kind != yaml.AliasNode {
			r.once(e.Node, dotted(place, e.Name))
		}
	}
	if n.Kind == yaml.SequenceNode {
		for i, c := range n.Content {
			r.once(c, place+"["+strconv.Itoa(i)+"]")
		}
	}
}

// mapping builds a mapping node out of entries, at the place of like.
func mapping(like *yaml.Node, es []entry) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: like.Line, Column: like.Column}
	for _, e := range es {
		n.Content = append(n.Content, e.Key, e.Node)
	}
	return n
}

// locate finds what a local reference points to.
func (r *reader) locate(ref string) *yaml.Node {
	rest, local := strings.CutPrefix(ref, "#/")
	if !local {
		return nil
	}
	if n, known := r.found[ref]; known {
		return n
	}
	if r.found == nil {
		r.found = map[string]*yaml.Node{}
	}
	n := r.look(rest)
	r.found[ref] = n
	return n
}

func (r *reader) look(rest string) *yaml.Node {
	n := r.root
	for part := range strings.SplitSeq(rest, "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~", "%25", "%").Replace(part)
		if n = plain(n); n != nil && n.Kind == yaml.SequenceNode {
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(n.Content) {
				return nil
			}
			n = plain(n.Content[i])
			continue
		}
		if n = get(n, part); n == nil {
			return nil
		}
	}
	return n
}

// flat resolves the $ref and allOf of a schema: a mapping in which neither is left at the top. What stands beside a $ref
// wins over what it refers to; the parts of an allOf all hold.
func (r *reader) flat(n *yaml.Node, place string, seen []string) *yaml.Node {
	n = plain(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return n
	}
	if r.merges++; r.merges > maxMerges {
		if r.merges == maxMerges+1 {
			r.wrong(n, place, "document.reach", "max", maxMerges)
		}
		return mapping(n, nil)
	}
	ref, all := get(n, "$ref"), get(n, "allOf")
	if ref == nil && all == nil {
		return n
	}
	out := mapping(n, nil)
	if ref != nil {
		if slices.Contains(seen, ref.Value) {
			r.wrong(ref, place, "document.circular", "ref", ref.Value)
			return mapping(n, nil)
		}
		to := r.locate(ref.Value)
		if to == nil {
			r.wrong(ref, place, "document.ref", "ref", ref.Value)
			return mapping(n, nil)
		}
		seen = append(slices.Clone(seen), ref.Value)
		out = r.flat(to, place, seen)
	}
	if all != nil {
		for _, one := range all.Content {
			out = r.intersect(out, r.flat(one, place, seen), place)
		}
	}
	own := slices.DeleteFunc(entries(n), func(e entry) bool { return e.Name == "$ref" || e.Name == "allOf" })
	if all != nil || r.theirs {
		return r.intersect(out, mapping(n, own), place)
	}
	return overlay(out, mapping(n, own))
}

// overlay puts the keys of b over those of a; objects that describe are joined key by key, lists of names and rules one after the other.
func overlay(a, b *yaml.Node) *yaml.Node {
	out := entries(a)
	for _, e := range entries(b) {
		i := slices.IndexFunc(out, func(o entry) bool { return o.Name == e.Name })
		if i < 0 {
			out = append(out, e)
			continue
		}
		switch e.Name {
		case "properties", "x-rowferry", "xml":
			out[i].Node = overlay(out[i].Node, e.Node)
		case "required", "x-rules", apart, unions:
			joined := *out[i].Node
			joined.Content = append(slices.Clone(joined.Content), e.Node.Content...)
			out[i].Node = &joined
		default:
			out[i] = e
		}
	}
	return mapping(b, out)
}

// decode fills the struct that into points to with the mapping n. Keys the struct does not have, values of the wrong
// kind and missing `must` keys are noted. Field tags: `key:"name"` or `key:"name,must"`.
func (r *reader) decode(n *yaml.Node, place string, into any) {
	r.fill(n, place, reflect.ValueOf(into).Elem())
}

var (
	textType = reflect.TypeFor[batch.Text]()
	nodeType = reflect.TypeFor[*yaml.Node]()
	exprType = reflect.TypeFor[source]()
	rateType = reflect.TypeFor[Rate]()
)

// source is the text of an expression and where it stands.
type source struct {
	Text  string
	Node  *yaml.Node
	Place string
}

func (r *reader) fill(n *yaml.Node, place string, v reflect.Value) {
	n = plain(n)
	switch v.Type() {
	case nodeType:
		v.Set(reflect.ValueOf(n))
		return
	case exprType:
		if r.scalar(n, place) {
			v.Set(reflect.ValueOf(source{n.Value, n, place}))
		}
		return
	case textType:
		v.Set(reflect.ValueOf(r.text(n, place)))
		return
	case rateType:
		if r.scalar(n, place) {
			rate, err := ParseRate(n.Value)
			if err != nil {
				r.wrong(n, place, "document.rate", "value", n.Value)
			}
			v.Set(reflect.ValueOf(rate))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.fill(n, place, v.Elem())
	case reflect.String:
		if r.scalar(n, place) {
			v.SetString(n.Value)
		}
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			r.wrong(n, place, "document.kind", "want", "true / false")
			return
		}
		v.SetBool(b)
	case reflect.Int:
		i, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || i < 0 {
			r.wrong(n, place, "document.kind", "want", "0, 1, 2, …")
			return
		}
		v.SetInt(int64(i))
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			r.wrong(n, place, "document.kind", "want", "[…]")
			return
		}
		for i, c := range n.Content {
			e := reflect.New(v.Type().Elem()).Elem()
			r.fill(c, place+"["+strconv.Itoa(i)+"]", e)
			v.Set(reflect.Append(v, e))
		}
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			r.wrong(n, place, "document.kind", "want", "{…}")
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for _, e := range entries(n) {
			value := reflect.New(v.Type().Elem()).Elem()
			r.fill(e.Node, place+"."+e.Name, value)
			v.SetMapIndex(reflect.ValueOf(e.Name), value)
		}
	case reflect.Struct:
		r.object(n, place, v)
	}
}

func (r *reader) object(n *yaml.Node, place string, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, place, "document.kind", "want", "{…}")
		return
	}
	slots := map[string]reflect.Value{}
	needed := map[string]bool{}
	collect(v, slots, needed)
	for _, e := range entries(n) {
		slot, known := slots[e.Name]
		if !known {
			r.unknown(e, place, sorted(slots))
			continue
		}
		delete(needed, e.Name)
		r.fill(e.Node, place+"."+e.Name, slot)
	}
	for _, key := range sorted(needed) {
		r.wrong(n, place, "document.missing", "key", key)
	}
}

// unknown notes a key that is not known here, with the one that was probably meant.
func (r *reader) unknown(e entry, place string, known []string) {
	if near := spelling.Nearest(e.Name, known); near != "" {
		r.wrong(e.Key, place+"."+e.Name, "document.misspelt_key", "key", e.Name, "meant", near)
		return
	}
	r.wrong(e.Key, place+"."+e.Name, "document.unknown_key", "key", e.Name, "known", strings.Join(known, ", "))
}

func collect(v reflect.Value, slots map[string]reflect.Value, needed map[string]bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			collect(v.Field(i), slots, needed)
			continue
		}
		name, flag, _ := strings.Cut(f.Tag.Get("key"), ",")
		if name == "" {
			continue
		}
		slots[name] = v.Field(i)
		if flag == "must" {
			needed[name] = true
		}
	}
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *reader) scalar(n *yaml.Node, place string) bool {
	if n.Kind == yaml.ScalarNode {
		return true
	}
	r.wrong(n, place, "document.kind", "want", "…")
	return false
}

// text reads one string or {en, zh, ru}.
func (r *reader) text(n *yaml.Node, place string) batch.Text {
	if n.Kind == yaml.ScalarNode {
		return batch.Text{EN: n.Value}
	}
	var t struct {
		EN string `key:"en"`
		ZH string `key:"zh"`
		RU string `key:"ru"`
	}
	r.decode(n, place, &t)
	return batch.Text(t)
}

// value converts a node to what encoding/json with UseNumber gives; x- keys are left out.
func value(n *yaml.Node) any {
	n = plain(n)
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for _, e := range entries(n) {
			if !strings.HasPrefix(e.Name, "x-") {
				out[e.Name] = value(e.Node)
			}
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			out = append(out, value(c))
		}
		return out
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		b, _ := strconv.ParseBool(n.Value)
		return b
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value)
		}
	}
	return n.Value
}
