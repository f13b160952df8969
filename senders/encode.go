package senders

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// An encoder writes the body of one operation's requests for one authentication scheme: the values of the items, in
// the order of the schema, with what we fill in ourselves.
type encoder struct {
	op       *providers.Operation
	scheme   string
	encoding string
	reveal   func(credential string) string

	asIs    bool                       // JSON, and nothing to add to an item's body
	rows    *providers.Schema          // batch: the array that the items fill
	touched map[*providers.Schema]bool // something below has to be filled in
	wanted  map[*providers.Schema]bool // is there even when the item says nothing of it
}

func newEncoder(op *providers.Operation, scheme, encoding string, reveal func(string) string) *encoder {
	e := &encoder{op: op, scheme: scheme, encoding: encoding, reveal: reveal,
		touched: map[*providers.Schema]bool{}, wanted: map[*providers.Schema]bool{}}
	for _, p := range op.Parameters {
		e.look(p.Schema, []*providers.Schema{nil}) // one that is not required is there when something fills it
	}
	if op.Body == nil {
		return e
	}
	if op.Rows.Kind == providers.Batch {
		e.rows = op.Array()
	}
	e.look(op.Body, nil)
	e.asIs = encoding == "json" && e.rows == nil && !e.touched[op.Body]
	return e
}

// look notes below which schemas something is ours to write.
func (e *encoder) look(s *providers.Schema, above []*providers.Schema) {
	if slices.Contains(above, s) {
		return // a schema that refers to itself
	}
	path := append(slices.Clone(above), s)
	if s.Fill != "" || s.Const != "" || s.Scheme != "" || s == e.rows {
		for _, a := range path {
			e.touched[a] = true
		}
	}
	filled := s.Fill != "" && s.Fill != "sequence" && e.applies(s)
	fixed := s.Const != "" && e.applies(s) && !slices.ContainsFunc(path[1:], func(a *providers.Schema) bool { return !a.Required })
	if filled || fixed || s == e.rows {
		for _, a := range path {
			e.wanted[a] = true
		}
	}
	for _, p := range s.Props {
		e.look(p, path)
	}
	if s.Items != nil {
		e.look(s.Items, path)
	}
}

// applies reports whether a property is there under the account's scheme.
func (e *encoder) applies(s *providers.Schema) bool { return s.Scheme == "" || s.Scheme == e.scheme }

// request is what one body is made of.
type request struct {
	id      string // of Attempt
	items   []batch.Item
	session string
	batch   bool // items are elements
	seq     int  // position of the array element that is being written, from 1
	item    int  // position of the item that is being written
	path    []string
}

// encode returns the body; it may be an item's own bytes and must not be changed.
func (e *encoder) encode(a Attempt, session string) ([]byte, error) {
	items := a.Items
	if e.op.Body == nil {
		return nil, nil
	}
	if e.rows == nil && len(items) != 1 {
		return nil, fmt.Errorf("operation %s takes one item a request, got %d", e.op.ID, len(items))
	}
	r := &request{id: a.ID, items: items, session: session, batch: e.rows != nil}
	var raw []byte
	if e.op.Enveloped() {
		raw = bytes.TrimSpace(e.op.Part(items[0].Body, "around"))
		r.items = slices.Clone(items)
		for i := range r.items {
			r.items[i].Body = e.op.Part(items[i].Body, "body")
		}
		if e.rows == nil {
			raw = r.items[0].Body
		}
		if raw == nil && e.rows == nil && !e.wanted[e.op.Body] {
			return nil, nil // nothing fills it
		}
		return e.write(raw, r)
	}
	for i := range items {
		if b := bytes.TrimSpace(items[i].Body); len(b) == 0 || b[0] != '{' {
			return nil, fmt.Errorf("item %d of %d: %w", i, len(items), errBody)
		}
	}
	if e.asIs {
		return items[0].Body, nil
	}
	if e.rows == nil {
		raw = bytes.TrimSpace(items[0].Body)
	}
	return e.write(raw, r)
}

// write encodes what stands around the items, or the one item.
func (e *encoder) write(raw []byte, r *request) ([]byte, error) {
	size := 512
	for i := range r.items {
		size += 2*len(r.items[i].Body) + 64
	}
	out := make([]byte, 0, size)
	switch e.encoding {
	case "json":
		return e.json(out, e.op.Body, raw, r)
	case "xml":
		return e.xml(out, raw, r)
	case "form":
		return e.form(out, raw, r)
	case "multipart":
		return e.multipart(raw, r)
	}
	return nil, fmt.Errorf("unknown encoding %q", e.encoding)
}

// ours returns the value that we write for s ourselves, and whether there is one.
func (e *encoder) ours(s *providers.Schema, raw []byte, r *request) (string, bool) {
	switch {
	case s.Fill == "session":
		return r.session, true
	case s.Fill == "sequence":
		return strconv.Itoa(max(1, r.seq)), true
	case s.Fill == "id":
		return r.unique(), true
	case strings.HasPrefix(s.Fill, "credential:"):
		return e.reveal(strings.TrimPrefix(s.Fill, "credential:")), true
	case s.Const != "" && raw == nil:
		return s.Const, true
	}
	return "", false
}

// unique is an id of the request, or of the element that is written: the same whenever this is written again.
func (r *request) unique() string {
	h := sha256.New()
	fmt.Fprintln(h, r.id, strings.Join(r.path, "."))
	if len(r.items) == 1 && !r.batch {
		fmt.Fprintln(h, r.seq)
	}
	for i := range r.items {
		if !r.batch || r.seq == 0 || i == r.item { // an element's own id does not depend on what travels with it
			fmt.Fprintln(h, r.items[i].Seq, r.items[i].Rows)
		}
	}
	sum := h.Sum(nil)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // a UUID of version 8: its makers' own
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// present reports whether a property of an object that is written is written too.
func (e *encoder) present(s *providers.Schema, raw []byte) bool {
	return e.applies(s) && (raw != nil || s.Fill != "" || s.Const != "" || e.wanted[s])
}

// elements gives the values of an array: the items for the one that rows fill, else what stands there.
func (e *encoder) elements(s *providers.Schema, raw []byte, r *request, each func(raw []byte) error) error {
	outer, item := r.seq, r.item
	defer func() { r.seq, r.item = outer, item }()
	if s == e.rows {
		for i := range r.items {
			r.seq, r.item = i+1, i
			if err := each(bytes.TrimSpace(r.items[i].Body)); err != nil {
				return err
			}
		}
		return nil
	}
	i := 0
	return arrayOf(raw, func(v []byte) error {
		i++
		r.seq = i
		return each(v)
	})
}

func (e *encoder) json(dst []byte, s *providers.Schema, raw []byte, r *request) ([]byte, error) {
	if v, ok := e.ours(s, raw, r); ok {
		if s.Bare() {
			return append(dst, v...), nil
		}
		return appendString(dst, v), nil
	}
	if !e.touched[s] || raw != nil && raw[0] != '{' && raw[0] != '[' {
		if raw == nil {
			return append(dst, "null"...), nil
		}
		return append(dst, raw...), nil
	}
	if s.Type == "array" {
		dst = append(dst, '[')
		first := true
		err := e.elements(s, raw, r, func(v []byte) (err error) {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst, err = e.json(dst, s.Items, v, r)
			return err
		})
		return append(dst, ']'), err
	}
	members, err := membersOf(raw)
	if err != nil {
		return nil, err
	}
	dst = append(dst, '{')
	first := true
	write := func(name string) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, name), ':')
	}
	for _, p := range s.Props {
		v := members.pull(p.Name)
		if !e.present(p, v) {
			continue
		}
		write(p.Name)
		if dst, err = e.json(dst, p, v, r); err != nil {
			return nil, err
		}
	}
	for _, m := range members {
		if !m.taken { // free-form members that the schema does not name
			write(m.name)
			dst = append(dst, m.raw...)
		}
	}
	return append(dst, '}'), nil
}

const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

func (e *encoder) xml(dst, raw []byte, r *request) ([]byte, error) {
	name := e.op.Body.XML.Name
	if name == "" {
		name = e.op.Body.Name
	}
	if name == "" {
		name = "request"
	}
	dst = append(dst, declaration...)
	dst, err := e.element(dst, 0, name, e.op.Body, raw, r)
	return append(dst, '\n'), err
}

func indent(dst []byte, depth int) []byte {
	for range depth {
		dst = append(dst, "    "...)
	}
	return dst
}

// element writes one element with its attributes and content; no line break before or after.
func (e *encoder) element(dst []byte, depth int, name string, s *providers.Schema, raw []byte, r *request) ([]byte, error) {
	dst = append(append(dst, '<'), name...)
	v, mine := e.ours(s, raw, r)
	if mine {
		return e.plain(dst, name, v, r)
	}
	if raw != nil && raw[0] != '{' || raw == nil && s.Type != "object" {
		v, err := scalar(raw)
		if err != nil {
			return nil, err
		}
		return e.plain(dst, name, v, r)
	}
	members, err := membersOf(raw)
	if err != nil {
		return nil, err
	}
	for _, p := range s.Props {
		if !p.XML.Attribute {
			continue
		}
		if dst, err = e.attribute(dst, p, members.pull(p.Name), r); err != nil {
			return nil, err
		}
	}
	open := len(dst)
	dst = append(dst, '>')
	for _, p := range s.Props {
		if p.XML.Attribute {
			continue
		}
		if dst, err = e.child(dst, depth+1, p, members.pull(p.Name), r); err != nil {
			return nil, err
		}
	}
	for _, m := range members {
		if m.taken {
			continue
		}
		if dst, err = e.child(dst, depth+1, free(m.name, m.raw), m.raw, r); err != nil {
			return nil, err
		}
	}
	if len(dst) == open+1 {
		return append(dst[:open], "/>"...), nil
	}
	dst = indent(append(dst, '\n'), depth)
	dst = append(append(dst, "</"...), name...)
	return append(dst, '>'), nil
}

// plain writes the rest of an element, whose tag is open, that holds a text and nothing else.
func (e *encoder) plain(dst []byte, name, text string, r *request) ([]byte, error) {
	if text == "" {
		return append(dst, "/>"...), nil
	}
	dst, err := e.text(append(dst, '>'), text, false, r)
	if err != nil {
		return nil, err
	}
	dst = append(append(dst, "</"...), name...)
	return append(dst, '>'), nil
}

// free is the schema of a member that the document does not name.
func free(name string, raw []byte) *providers.Schema {
	s := &providers.Schema{Name: name, Type: "string"}
	switch raw[0] {
	case '{':
		s.Type = "object"
	case '[':
		s.Type, s.Items = "array", &providers.Schema{Type: "object"}
	}
	return s
}

func (e *encoder) attribute(dst []byte, s *providers.Schema, raw []byte, r *request) ([]byte, error) {
	if !e.present(s, raw) || string(raw) == "null" {
		return dst, nil
	}
	v, mine := e.ours(s, raw, r)
	if !mine {
		var err error
		if v, err = scalar(raw); err != nil {
			return nil, err
		}
	}
	dst = append(append(append(dst, ' '), elementName(s)...), '=', '"')
	r.path = append(r.path, s.Name)
	dst, err := e.text(dst, v, true, r)
	r.path = r.path[:len(r.path)-1]
	return append(dst, '"'), err
}

func elementName(s *providers.Schema) string {
	if s.XML.Name != "" {
		return s.XML.Name
	}
	return s.Name
}

// itemName is the name of an array's elements: their own, or the array's.
func itemName(s *providers.Schema) string {
	switch {
	case s.XML.Item != "":
		return s.XML.Item
	case s.Items != nil && s.Items.XML.Name != "":
		return s.Items.XML.Name
	case s.XML.Wrapped:
		return s.Name
	}
	return elementName(s)
}

// child writes a property as an element on a line of its own, or an array as many. A null is left out.
func (e *encoder) child(dst []byte, depth int, s *providers.Schema, raw []byte, r *request) (_ []byte, err error) {
	if !e.present(s, raw) || string(raw) == "null" {
		return dst, nil
	}
	r.path = append(r.path, s.Name)
	defer func() { r.path = r.path[:len(r.path)-1] }()
	if s.Type != "array" {
		return e.element(indent(append(dst, '\n'), depth), depth, elementName(s), s, raw, r)
	}
	inner := depth
	if s.XML.Wrapped {
		inner++
		dst = indent(append(dst, '\n'), depth)
		dst = append(append(append(dst, '<'), elementName(s)...), '>')
	}
	err = e.elements(s, raw, r, func(v []byte) (err error) {
		dst, err = e.element(indent(append(dst, '\n'), inner), inner, itemName(s), s.Items, v, r)
		return err
	})
	if s.XML.Wrapped {
		dst = indent(append(dst, '\n'), depth)
		dst = append(append(append(dst, "</"...), elementName(s)...), '>')
	}
	return dst, err
}

// text appends v escaped. XML has no way to write most control characters: they are refused.
func (e *encoder) text(dst []byte, v string, attribute bool, r *request) ([]byte, error) {
	for i, c := range v {
		switch {
		case c == '&':
			dst = append(dst, "&amp;"...)
		case c == '<':
			dst = append(dst, "&lt;"...)
		case c == '>':
			dst = append(dst, "&gt;"...)
		case c == '"' && attribute:
			dst = append(dst, "&quot;"...)
		case c == '\r':
			dst = append(dst, "&#xD;"...)
		case c == '\n' && attribute:
			dst = append(dst, "&#xA;"...)
		case c == '\t' && attribute:
			dst = append(dst, "&#x9;"...)
		case c < 0x20 && c != '\n' && c != '\t', c == 0xFFFE, c == 0xFFFF,
			c == utf8.RuneError && !strings.HasPrefix(v[i:], "\uFFFD"):
			return nil, &Failure{Message: words.Message("sender.control", "field", strings.Join(r.path, "."), "character", fmt.Sprintf("U+%04X", c)), Item: r.item, Final: true}
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return dst, nil
}

// form writes application/x-www-form-urlencoded: lists of plain values repeat their name, what is nested is JSON, unless the document
// has it otherwise.
func (e *encoder) form(dst, raw []byte, r *request) ([]byte, error) {
	pair := func(name, v string) {
		if len(dst) > 0 {
			dst = append(dst, '&')
		}
		dst = append(append(append(dst, url.QueryEscape(name)...), '='), url.QueryEscape(v)...)
	}
	err := e.members(raw, r, func(name string, raw []byte, nested bool) error {
		if nested && e.op.Styles[name] == providers.Deep {
			return deep(name, raw, pair)
		}
		v, err := scalar(raw)
		pair(name, v)
		return err
	})
	return dst, err
}

// members gives the values of a form one after the other: those of a list of plain values each, unless they are joined; nested: it is
// a list or an object still.
func (e *encoder) members(raw []byte, r *request, each func(name string, raw []byte, nested bool) error) error {
	full, err := e.json(nil, e.op.Body, raw, r)
	if err != nil {
		return err
	}
	all, err := membersOf(full)
	for _, m := range all {
		plain := m.raw[0] == '[' && !bytes.ContainsAny(m.raw[1:], "{[")
		switch style := e.op.Styles[m.name]; {
		case string(m.raw) == "null":
		case plain && style != "" && style != providers.Deep:
			var texts []string
			err = arrayOf(m.raw, func(v []byte) error {
				text, err := scalar(v)
				texts = append(texts, text)
				return err
			})
			err = errors.Join(err, each(m.name, appendString(nil, strings.Join(texts, style)), false))
		case plain && style == "":
			err = arrayOf(m.raw, func(v []byte) error { return each(m.name, v, false) })
		default:
			err = each(m.name, m.raw, m.raw[0] == '{' || m.raw[0] == '[')
		}
		if err != nil {
			return err
		}
	}
	return err
}

// deep writes what is in a list or object under names in brackets: a[b], a[0][c].
func deep(name string, raw []byte, pair func(name, value string)) error {
	switch {
	case string(raw) == "null":
		return nil
	case raw[0] == '{':
		all, err := membersOf(raw)
		for _, m := range all {
			err = errors.Join(err, deep(name+"["+m.name+"]", m.raw, pair))
		}
		return err
	case raw[0] == '[':
		n := -1
		return arrayOf(raw, func(v []byte) error {
			n++
			return deep(name+"["+strconv.Itoa(n)+"]", v, pair)
		})
	}
	v, err := scalar(raw)
	pair(name, v)
	return err
}

// boundary parts the fields of multipart/form-data. No cell has it.
const boundary = "rowferry-6f1d3c0a9be24d1d8f5c7a40"

// multipart writes multipart/form-data: a field as text, what is nested as JSON.
func (e *encoder) multipart(raw []byte, r *request) ([]byte, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary(boundary); err != nil {
		return nil, err
	}
	err := e.members(raw, r, func(name string, raw []byte, nested bool) error {
		header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + quotes.Replace(name) + `"`}}
		v := string(raw)
		var err error
		if nested {
			header.Set("Content-Type", "application/json")
		} else if v, err = scalar(raw); err != nil {
			return err
		}
		part, err := w.CreatePart(header)
		if err == nil {
			_, err = io.WriteString(part, v)
		}
		return err
	})
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

var quotes = strings.NewReplacer("\\", "\\\\", `"`, "\\\"", "\r", "%0D", "\n", "%0A")

// appendString appends s as a JSON string, without the escapes for HTML.
func appendString(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(dst, '"'), s...), '"')
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return strconv.AppendQuote(dst, s) // cannot happen: a string always encodes
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
