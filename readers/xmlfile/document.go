package xmlfile

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

// kind is what a token is.
type kind uint8

const (
	start kind = iota // an element begins; it is the last of document.open
	end               // what was the last of document.open has ended and is gone
	text              // text or CDATA
)

// token is one step through the document. Its slices are valid until the next step.
type token struct {
	kind  kind
	attrs []attr // of a start
	text  []byte
}

// name is a name with its namespace resolved; prefix is how the document writes it.
type name struct{ space, local, prefix string }

type attr struct {
	name  name
	value string
}

// element is one that is open.
type element struct {
	name name
	raw  xml.Name // prefix and local name, to match the end tag
	line int
	size int // bytes of its own text so far
}

const (
	xsi     = "http://www.w3.org/2001/XMLSchema-instance"
	markup  = 64 << 10 // bytes a token may have besides the value in it
	longest = 1 << 10  // bytes of a name or a namespace; documents keep many of them

	maxBindings = 128     // namespaces declared at once; they are searched one by one
	perCheck    = 1 << 12 // tokens between two looks at the context
)

// document is a strict walk over one file: it checks what encoding/xml does not (one root, nothing after it, matching
// and unique names, no DOCTYPE, bounded sizes) and stops before memory grows.
type document struct {
	t        *opened
	guard    *guard
	dec      *xml.Decoder
	open     []element
	bindings []binding
	attrs    []attr
	seen     map[xml.Name]bool // attributes of the current element, where they are many
	rooted   bool
	typed    bool // a document type was there
	steps    int
	notes    []batch.Note
}

// binding is a declared namespace prefix.
type binding struct {
	depth         int
	prefix, space string
}

// document starts a walk from the beginning.
func (t *opened) document() (*document, error) {
	text, notes, err := t.decode()
	if err != nil {
		return nil, err
	}
	g := newGuard(text, t.file.Size, t.limits)
	dec := xml.NewDecoder(g)
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	return &document{t: t, guard: g, dec: dec, notes: notes, seen: map[xml.Name]bool{}}, nil
}

// next is the next step; io.EOF at the regular end, else a *batch.Unreadable or the cause of a failed read.
func (d *document) next() (token, error) {
	for {
		if d.steps++; d.steps%perCheck == 0 {
			if err := d.t.ctx.Err(); err != nil {
				return token{}, err
			}
		}
		d.guard.allow(int64(d.t.limits.Cell) + markup)
		raw, err := d.dec.RawToken()
		if err != nil {
			return token{}, d.trouble(err)
		}
		switch x := raw.(type) {
		case xml.StartElement:
			return d.start(x)
		case xml.EndElement:
			return d.end(x)
		case xml.CharData:
			if n := len(d.open); n > 0 {
				if d.open[n-1].size += len(x); d.open[n-1].size > d.t.limits.Cell { // CDATA comes in pieces
					return token{}, d.tooBig()
				}
				return token{kind: text, text: x}, nil
			}
			if len(strings.Trim(string(x), " \t\r\n")) > 0 {
				return token{}, d.outside()
			}
		case xml.Directive:
			if err := d.doctype(x); err != nil {
				return token{}, err
			}
		case xml.ProcInst:
			if strings.EqualFold(x.Target, "xml") && d.steps != 1 {
				return token{}, readers.Refuse("xml.declaration", "line", d.line())
			}
		}
	}
}

func (d *document) line() int {
	line, _ := d.dec.InputPos()
	return line
}

func (d *document) start(x xml.StartElement) (token, error) {
	switch {
	case len(d.open) == 0 && d.rooted:
		return token{}, readers.Refuse("xml.two_roots", "line", d.line(), "name", short(x.Name.Local))
	case len(d.open) >= d.t.limits.Depth:
		return token{}, readers.Refuse("xml.depth", "line", d.line(), "limit", d.t.limits.Depth)
	}
	if !d.named(x) {
		return token{}, readers.Refuse("xml.name", "line", d.line(), "limit", readers.Size(longest))
	}
	d.rooted = true
	depth := len(d.open) + 1
	for _, a := range x.Attr {
		switch {
		case a.Name.Space == "xmlns":
			d.bindings = append(d.bindings, binding{depth, a.Name.Local, a.Value})
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			d.bindings = append(d.bindings, binding{depth, "", a.Value})
		}
	}
	if len(d.bindings) > maxBindings {
		return token{}, readers.Refuse("xml.spaces", "line", d.line(), "limit", maxBindings)
	}
	d.attrs = d.attrs[:0]
	if len(d.seen) > 0 {
		clear(d.seen)
	}
	for i, a := range x.Attr {
		if len(a.Value) > d.t.limits.Cell {
			return token{}, d.tooBig()
		}
		if d.twice(x.Attr[:i], a.Name) {
			return token{}, readers.Refuse("xml.attribute_twice", "line", d.line(), "name", short(written(a.Name)))
		}
		if i > d.t.limits.Columns {
			return token{}, d.tooManyColumns()
		}
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		n := name{local: a.Name.Local, prefix: a.Name.Space}
		if n.prefix != "" {
			n.space = d.resolve(n.prefix)
		}
		if n.space != xsi {
			d.attrs = append(d.attrs, attr{n, a.Value})
		}
	}
	own := name{space: d.resolve(x.Name.Space), local: x.Name.Local, prefix: x.Name.Space}
	labelled := len(d.t.labels) > 0 && d.atLabels()
	if labelled {
		own = d.called(own)
	}
	d.open = append(d.open, element{name: own, raw: x.Name, line: d.line()})
	if !labelled && len(d.t.labels) > 0 && d.atLabels() {
		d.called(own) // the name of a table, no value of its row
	}
	return token{kind: start, attrs: d.attrs}, nil
}

// twice reports whether an attribute is among those before it. Few are compared, many are looked up.
func (d *document) twice(before []xml.Attr, n xml.Name) bool {
	const few = 16
	switch {
	case len(before) < few:
		return slices.ContainsFunc(before, func(b xml.Attr) bool { return n == b.Name })
	case len(before) == few:
		for _, b := range before {
			d.seen[b.Name] = true
		}
	}
	there := d.seen[n]
	d.seen[n] = true
	return there
}

// named reports whether the names of an element, its attributes and the namespaces declared there are as short as names are.
func (d *document) named(x xml.StartElement) bool {
	if len(x.Name.Space)+len(x.Name.Local) > longest {
		return false
	}
	for _, a := range x.Attr {
		declares := a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
		if len(a.Name.Space)+len(a.Name.Local) > longest || declares && len(a.Value) > longest {
			return false
		}
	}
	return true
}

func (d *document) end(x xml.EndElement) (token, error) {
	if len(d.open) == 0 {
		return token{}, readers.Refuse("xml.end_alone", "line", d.line(), "name", short(written(x.Name)))
	}
	last := d.open[len(d.open)-1]
	if last.raw != x.Name {
		return token{}, readers.Refuse("xml.mismatch", "line", d.line(), "name", short(written(x.Name)), "open", short(written(last.raw)), "open_line", last.line)
	}
	for len(d.bindings) > 0 && d.bindings[len(d.bindings)-1].depth == len(d.open) {
		d.bindings = d.bindings[:len(d.bindings)-1]
	}
	d.open = d.open[:len(d.open)-1]
	return token{kind: end}, nil
}

// resolve is the namespace that a prefix stands for here, or the prefix itself where none is declared.
func (d *document) resolve(prefix string) string {
	for _, b := range slices.Backward(d.bindings) {
		if b.prefix == prefix {
			return b.space
		}
	}
	return prefix
}

func written(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// doctype passes over a document type that only names its rules: nothing is fetched, and the rules do not matter here. One
// that brings an internal subset is refused, with its real danger where there is one.
func (d *document) doctype(x xml.Directive) error {
	words := strings.Fields(string(x[:min(len(x), 256)]))
	if len(words) > 0 && words[0] == "DOCTYPE" && !strings.Contains(string(x), "[") && !d.rooted && !d.typed {
		d.typed = true
		return nil
	}
	key := "xml.doctype"
	if strings.Contains(string(x), "<!ENTITY") {
		key = "xml.entities"
	}
	return readers.Refuse(key, "line", d.line())
}

func (d *document) outside() error {
	if !d.rooted {
		return readers.Refuse("xml.before_root", "line", d.line())
	}
	return readers.Refuse("xml.after_root", "line", d.line())
}

func (d *document) tooBig() error {
	where := "?"
	if len(d.open) > 0 {
		where = short(d.open[len(d.open)-1].name.local)
	}
	return readers.Refuse("xml.cell_too_big", "line", d.line(), "name", where, "limit", readers.Size(int64(d.t.limits.Cell)))
}

func (d *document) tooManyColumns() error {
	return readers.Refuse("xml.columns", "line", d.line(), "limit", d.t.limits.Columns)
}

// trouble names the cause of an error of the decoder.
func (d *document) trouble(err error) error {
	if g := d.guard.err; g != nil { // what we stopped ourselves; the decoder wraps or hides it
		switch {
		case errors.Is(g, errToken):
			return d.tooBig()
		case isUnreadable(g):
			return g
		case g != io.EOF:
			return fmt.Errorf("read: %w", g)
		}
	}
	if err == io.EOF {
		switch {
		case len(d.open) > 0:
			last := d.open[len(d.open)-1]
			return readers.Cut("xml.cut", "line", d.line(), "name", short(written(last.raw)), "open_line", last.line)
		case !d.rooted:
			return readers.Cut("xml.empty")
		}
		return io.EOF
	}
	var s *xml.SyntaxError
	if !errors.As(err, &s) {
		if strings.HasPrefix(err.Error(), "xml: ") { // an unsupported version
			return &batch.Unreadable{Message: words.Message("xml.version"), Err: err}
		}
		return fmt.Errorf("read: %w", err)
	}
	switch {
	case strings.Contains(s.Msg, "unexpected EOF"):
		return readers.Cut("xml.cut_inside", "line", s.Line)
	case strings.HasPrefix(s.Msg, "unescaped <"):
		return &batch.Unreadable{Message: words.Message("xml.bracket", "line", s.Line), Err: err}
	case strings.HasPrefix(s.Msg, "invalid character entity"):
		return &batch.Unreadable{Message: words.Message("xml.entity", "line", s.Line, "entity", short(strings.TrimPrefix(s.Msg, "invalid character entity "))), Err: err}
	}
	return &batch.Unreadable{Message: words.Message("xml.malformed", "line", s.Line), Err: err}
}

func isUnreadable(err error) bool {
	_, ok := errors.AsType[*batch.Unreadable](err)
	return ok
}

func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}
