package simulator

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// means reports whether the sender would read an answer as meant.
func (v *visit) means(a response, c providers.Class, items []providers.Class) bool {
	header := http.Header{}
	if a.contentType != "" {
		header.Set("Content-Type", a.contentType)
	}
	reading := v.op.Interpret(providers.Response{Status: a.status, Header: header, Body: a.body}, providers.Sent{Items: v.items, Encoding: v.encoding})
	if items == nil || reading.Items == nil {
		return reading.Class == c && reading.Items == nil
	}
	for i, one := range reading.Items {
		if one.Class != items[i] {
			return false
		}
	}
	return reading.Class == providers.OK
}

// examples are the documented answers in the request's encoding, and those of any when there are none.
func (v *visit) examples() []providers.AnswerExample {
	same := slices.DeleteFunc(slices.Clone(v.op.Answers), func(e providers.AnswerExample) bool {
		return e.Body != "" && encodingOf(e.ContentType) != v.encoding
	})
	if len(same) > 0 {
		return same
	}
	return v.op.Answers
}

func made(e providers.AnswerExample) response {
	status := e.Status
	if status == 0 {
		status = http.StatusOK
	}
	return response{status, e.ContentType, []byte(e.Body)}
}

// example is the first documented answer of a class to the whole request.
func (v *visit) example(c providers.Class) (response, bool) {
	for _, e := range v.examples() {
		if e.Class == c && e.Items == nil {
			return made(e), true
		}
	}
	return response{}, false
}

// answer makes the answer to a request whose items came out as classes says.
func (v *visit) answer(classes []providers.Class) response {
	if a, ok := v.itemised(classes); ok {
		return a
	}
	worst := providers.OK
	for _, c := range classes {
		if c != providers.OK {
			worst = c
			break
		}
	}
	if worst == providers.OK {
		return v.success()
	}
	return v.refusal(worst)
}

// fallbacks are the classes that stand in for one the document has no example of.
var fallbacks = map[providers.Class][]providers.Class{
	providers.Rejected: {providers.Rejected, providers.Absent, providers.Later},
	providers.Later:    {providers.Later, providers.Rejected, providers.Absent},
	providers.Absent:   {providers.Absent, providers.Rejected, providers.Later},
}

func (v *visit) refusal(c providers.Class) response {
	for _, class := range fallbacks[c] {
		for _, e := range v.examples() {
			if e.Class == class && e.Items == nil && v.means(blaming(e, v), class, nil) {
				return blaming(e, v)
			}
		}
	}
	return response{http.StatusBadRequest, "text/plain", []byte("refused")}
}

// blaming puts the values that were refused where the example names some: a run of digits as long as an id.
func blaming(e providers.AnswerExample, v *visit) response {
	a := made(e)
	var bad []string
	for _, ks := range v.keys {
		for _, k := range ks {
			if w := word(k); (w == "REFUSE" || w == "LATER" || w == "GONE") && strings.Trim(k, "0123456789") == "" {
				bad = append(bad, k)
			}
		}
	}
	if len(bad) > 0 {
		if i := bytes.Index(a.body, []byte("12345678")); i >= 0 {
			a.body = bytes.Replace(a.body, []byte("12345678"), []byte(strings.Join(bad, ", ")), 1)
		}
	}
	return a
}

// success is the documented answer of success with a reference of its own, or one that the document's expressions take for success.
func (v *visit) success() response {
	for _, e := range v.examples() {
		if e.Class != providers.OK || e.Items != nil {
			continue
		}
		a := made(e)
		if own := v.s.referenced(e, a); v.means(own, providers.OK, nil) {
			return own
		}
		if v.means(a, providers.OK, nil) {
			return a
		}
	}
	for _, guess := range []string{"", `{}`, `{"code":0}`, `{"code":1}`, `{"code":200}`, `{"code":"0"}`, `{"success":true}`, `{"ok":true}`, `{"status":"ok"}`, `{"status":"success"}`, `{"state":"success"}`, `{"result":"ok"}`} {
		a := response{http.StatusOK, "application/json", []byte(guess)}
		if v.means(a, providers.OK, nil) {
			return a
		}
	}
	v.s.note(func(*Stats) {}, words.Of(batch.English, "simulator.no_success", "operation", v.op.ID, "class", "{class: ok}"))
	return response{http.StatusOK, "application/json", []byte("{}")}
}

// referenced replaces the example's reference by one that no other answer has.
func (s *Simulator) referenced(e providers.AnswerExample, a response) response {
	if e.Reference == "" || bytes.Count(a.body, []byte(e.Reference)) != 1 {
		return a
	}
	s.mu.Lock()
	s.refs++
	n := s.refs
	s.mu.Unlock()
	own := e.Reference + "-" + strconv.Itoa(n)
	if base, err := strconv.Atoi(e.Reference); err == nil {
		own = strconv.Itoa(base + n)
	}
	a.body = bytes.Replace(a.body, []byte(e.Reference), []byte(own), 1)
	return a
}

// itemised makes an answer with an entry for each item out of the examples that have entries.
func (v *visit) itemised(classes []providers.Class) (response, bool) {
	var frame *providers.AnswerExample
	all := v.examples()
	for i := range all {
		if all[i].Class == providers.OK && len(all[i].Items) > 0 {
			frame = &all[i]
			break
		}
	}
	if frame == nil {
		return response{}, false
	}
	sequence := ""
	if s := v.op.Array(); s != nil && s.Items != nil {
		for _, p := range s.Items.Props {
			if p.Fill == "sequence" {
				sequence = p.Name
			}
		}
	}
	shape := entriesOf(*frame)
	if shape == nil {
		return response{}, false
	}
	templates := map[providers.Class]entry{}
	for _, e := range all {
		sh := entriesOf(e)
		for i, c := range e.Items {
			if _, known := templates[c]; !known && sh != nil && i < len(sh.entries()) {
				templates[c] = sh.entries()[i]
			}
		}
	}
	out := make([]entry, len(classes))
	mixed := false
	for i, c := range classes {
		for _, class := range append([]providers.Class{c}, fallbacks[c]...) {
			if t, ok := templates[class]; ok {
				out[i], classes[i] = t.clone(), class
				break
			}
		}
		if out[i] == nil {
			return response{}, false
		}
		mixed = mixed || classes[i] != providers.OK
	}
	for i, e := range out {
		item, err := decodeJSON(v.items[i].Body)
		if m, ok := item.(map[string]any); err == nil && ok {
			e.fill(v.op, m)
		}
		if mixed && sequence != "" {
			e.number(sequence, i+1)
		}
	}
	a := made(*frame)
	a.body = shape.with(out, len(frame.Items))
	if !v.means(a, providers.OK, classes) {
		v.s.note(func(*Stats) {}, v.op.ID+": the answer made of the document's examples is not read as it is meant")
	}
	return a, true
}

// shape is an example answer whose entries can be exchanged.
type shape interface {
	entries() []entry
	with(entries []entry, before int) []byte
}

// entry is one entry of an answer.
type entry interface {
	clone() entry
	fill(op *providers.Operation, item map[string]any) // with the item's own values where it names the same fields
	number(name string, n int)
}

func entriesOf(e providers.AnswerExample) shape {
	if len(e.Items) == 0 {
		return nil
	}
	if strings.HasPrefix(strings.TrimSpace(e.Body), "<") {
		root, err := parseXML([]byte(e.Body))
		if err != nil {
			return nil
		}
		if parent := repeated(root, len(e.Items)); parent != nil {
			return &xmlShape{root, parent}
		}
		return nil
	}
	root, err := decodeJSON([]byte(e.Body))
	if err != nil {
		return nil
	}
	s := &jsonShape{root: root}
	s.list = listOf(root, len(e.Items))
	if s.list == nil {
		return nil
	}
	return s
}

type xmlShape struct{ root, parent *node }

// repeated finds the element whose children are n entries of one name.
func repeated(at *node, n int) *node {
	same := len(at.children) == n
	for _, c := range at.children {
		same = same && c.name == at.children[0].name && len(c.children)+len(c.attrs) > 0
	}
	if same && n > 0 {
		return at
	}
	for _, c := range at.children {
		if found := repeated(c, n); found != nil {
			return found
		}
	}
	return nil
}

func (s *xmlShape) entries() (out []entry) {
	for _, c := range s.parent.children {
		out = append(out, (*xmlEntry)(c))
	}
	return out
}

func (s *xmlShape) with(entries []entry, before int) []byte {
	s.parent.children = nil
	for _, e := range entries {
		s.parent.children = append(s.parent.children, (*node)(e.(*xmlEntry)))
	}
	count(s.root, s.parent, strconv.Itoa(before), strconv.Itoa(len(entries)))
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n")
	s.root.write(&b)
	return b.Bytes()
}

// count replaces the number of entries wherever the example says it.
func count(at, skip *node, before, after string) {
	if at == skip {
		return
	}
	if len(at.children) == 0 && strings.TrimSpace(at.text) == before {
		at.text = after
	}
	for _, c := range at.children {
		count(c, skip, before, after)
	}
}

func (n *node) write(b *bytes.Buffer) {
	b.WriteString("<" + n.name)
	for _, a := range n.attrs {
		b.WriteString(" " + a.Name.Local + `="`)
		_ = xml.EscapeText(b, []byte(a.Value)) // a buffer takes everything
		b.WriteString(`"`)
	}
	if len(n.children) == 0 && strings.TrimSpace(n.text) == "" {
		b.WriteString("/>")
		return
	}
	b.WriteString(">")
	if len(n.children) == 0 {
		_ = xml.EscapeText(b, []byte(n.text))
	}
	for _, c := range n.children {
		c.write(b)
	}
	b.WriteString("</" + n.name + ">")
}

type xmlEntry node

func (e *xmlEntry) clone() entry {
	var deep func(n *node) *node
	deep = func(n *node) *node {
		c := &node{name: n.name, text: n.text, attrs: slices.Clone(n.attrs)}
		for _, child := range n.children {
			c.children = append(c.children, deep(child))
		}
		return c
	}
	return (*xmlEntry)(deep((*node)(e)))
}

func (e *xmlEntry) fill(op *providers.Operation, item map[string]any) {
	e.children = slices.DeleteFunc(e.children, func(c *node) bool {
		i := slices.IndexFunc(op.Fields, func(f *providers.Field) bool { return xmlName(f.Schema) == c.name })
		if i < 0 || len(c.children) > 0 {
			return false
		}
		v, there := item[op.Fields[i].Path]
		c.text = text(v)
		return !there
	})
}

func (e *xmlEntry) number(name string, n int) {
	e.attrs = slices.DeleteFunc(e.attrs, func(a xml.Attr) bool { return a.Name.Local == name })
	e.attrs = append(e.attrs, xml.Attr{Name: xml.Name{Local: name}, Value: strconv.Itoa(n)})
}

type jsonShape struct {
	root any
	list []any
}

// listOf finds the list of n objects.
func listOf(v any, n int) []any {
	switch x := v.(type) {
	case []any:
		if len(x) == n && n > 0 {
			if _, ok := x[0].(map[string]any); ok {
				return x
			}
		}
	case map[string]any:
		for _, e := range x {
			if l := listOf(e, n); l != nil {
				return l
			}
		}
	}
	return nil
}

func (s *jsonShape) entries() (out []entry) {
	for _, e := range s.list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, jsonEntry(m))
		}
	}
	return out
}

func (s *jsonShape) with(entries []entry, before int) []byte {
	list := make([]any, len(entries))
	for i, e := range entries {
		list[i] = map[string]any(e.(jsonEntry))
	}
	var exchange func(v any) any
	exchange = func(v any) any {
		switch x := v.(type) {
		case []any:
			if len(x) == len(s.list) && len(x) > 0 && &x[0] == &s.list[0] {
				return list
			}
		case map[string]any:
			for k, e := range x {
				x[k] = exchange(e)
			}
		case json.Number:
			if string(x) == strconv.Itoa(before) {
				return json.Number(strconv.Itoa(len(entries)))
			}
		}
		return v
	}
	b, err := json.Marshal(exchange(s.root))
	if err != nil {
		return []byte("{}") // cannot happen: it was decoded from JSON
	}
	return b
}

type jsonEntry map[string]any

func (e jsonEntry) clone() entry {
	raw, err := json.Marshal(map[string]any(e))
	if err != nil {
		return e // cannot happen: it was decoded from JSON
	}
	v, err := decodeJSON(raw)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return e
	}
	return jsonEntry(m)
}

func (e jsonEntry) fill(op *providers.Operation, item map[string]any) {
	for _, f := range op.Fields {
		if _, ok := e[f.Path]; !ok {
			continue
		}
		if v, there := item[f.Path]; there {
			e[f.Path] = v
		} else {
			delete(e, f.Path)
		}
	}
}

func (e jsonEntry) number(name string, n int) { e[name] = n }
