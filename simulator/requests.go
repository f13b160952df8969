package simulator

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// decodeBody reads a request into objects, lists and plain values (json.Number keeps the digits), by the schema where the
// encoding does not tell types.
func decodeBody(op *providers.Operation, encoding string, raw []byte) (any, error) {
	if op.Body == nil || len(raw) == 0 && !op.Body.Required {
		return nil, nil
	}
	switch encoding {
	case "json":
		return decodeJSON(raw)
	case "xml":
		n, err := parseXML(raw)
		if err != nil {
			return nil, err
		}
		want := op.Body.XML.Name
		if want == "" {
			want = op.Body.Name
		}
		if want != "" && n.name != want {
			return nil, fmt.Errorf("the root element is %s, not %s", n.name, want)
		}
		return fromXML(op.Body, n), nil
	case "form":
		values, err := url.ParseQuery(string(raw))
		if err != nil {
			return nil, err
		}
		return fromForm(op, values)
	case "multipart":
		values, err := parts(raw)
		if err != nil {
			return nil, err
		}
		return fromForm(op, values)
	}
	return nil, fmt.Errorf("unknown encoding %q", encoding)
}

func decodeJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// node is one XML element.
type node struct {
	name     string
	attrs    []xml.Attr
	text     string
	children []*node
}

func parseXML(raw []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	var stack []*node
	var root *node
	for {
		token, err := d.Token()
		if err == io.EOF && root != nil && len(stack) == 0 {
			return root, nil
		}
		if err != nil {
			return nil, fmt.Errorf("not XML: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			n := &node{name: t.Name.Local, attrs: slices.Clone(t.Attr)}
			switch {
			case len(stack) > 0:
				top := stack[len(stack)-1]
				top.children = append(top.children, n)
			case root != nil:
				return nil, errors.New("more than one root element")
			default:
				root = n
			}
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(t)
			}
		}
	}
}

func (n *node) attr(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

func (n *node) named(name string) (out []*node) {
	for _, c := range n.children {
		if c.name == name {
			out = append(out, c)
		}
	}
	return out
}

func xmlName(s *providers.Schema) string {
	if s.XML.Name != "" {
		return s.XML.Name
	}
	return s.Name
}

// elementName is what the elements of an array are called. It is written here and in senders/encode on purpose: the two
// sides of the line must agree on the document, not share a mistake in reading it.
func elementName(s *providers.Schema) string {
	switch {
	case s.XML.Item != "":
		return s.XML.Item
	case s.Items != nil && s.Items.XML.Name != "":
		return s.Items.XML.Name
	case s.XML.Wrapped:
		return s.Name
	}
	return xmlName(s)
}

func fromXML(s *providers.Schema, n *node) any {
	if s.Type != "object" && len(n.children) == 0 {
		return typed(s, n.text)
	}
	out := map[string]any{}
	for _, p := range s.Props {
		if p.XML.Attribute {
			if v, ok := n.attr(xmlName(p)); ok {
				out[p.Name] = typed(p, v)
			}
			continue
		}
		if p.Type != "array" {
			if found := n.named(xmlName(p)); len(found) > 0 {
				out[p.Name] = fromXML(p, found[0])
			}
			continue
		}
		parents := []*node{n}
		if p.XML.Wrapped {
			parents = n.named(xmlName(p))
		}
		var list []any
		for _, parent := range parents {
			for _, e := range parent.named(elementName(p)) {
				list = append(list, fromXML(p.Items, e))
			}
		}
		if list != nil {
			out[p.Name] = list
		}
	}
	return out
}

func typed(s *providers.Schema, text string) any {
	switch s.Type {
	case "integer", "number":
		if json.Valid([]byte(text)) {
			return json.Number(text)
		}
	case "boolean":
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}

// parts are the fields of multipart/form-data; its boundary is how it begins.
func parts(raw []byte) (url.Values, error) {
	line, _, _ := bytes.Cut(raw, []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte("--")) {
		return nil, errors.New("no multipart")
	}
	form, err := multipart.NewReader(bytes.NewReader(raw), string(line[2:])).ReadForm(32 << 20)
	if err != nil {
		return nil, err
	}
	return form.Value, nil
}

func fromForm(op *providers.Operation, values url.Values) (any, error) {
	out := map[string]any{}
	for _, p := range op.Body.Props {
		if op.Styles[p.Name] == providers.Deep {
			if v := bracketed(p, p.Name, values); v != nil {
				out[p.Name] = v
			}
			continue
		}
		vs, ok := values[p.Name]
		if !ok {
			continue
		}
		nested := p.Type == "object" || p.Type == "array" && p.Items != nil && (p.Items.Type == "object" || p.Items.Type == "array")
		switch {
		case nested:
			v, err := decodeJSON([]byte(vs[0]))
			if err != nil {
				return nil, err
			}
			out[p.Name] = v
		case p.Type == "array":
			if join := op.Styles[p.Name]; join != "" {
				vs = strings.Split(vs[0], join)
			}
			var list []any
			for _, v := range vs {
				list = append(list, typed(p.Items, v))
			}
			out[p.Name] = list
		default:
			out[p.Name] = typed(p, vs[0])
		}
	}
	return out, nil
}

// bracketed is the value whose parts have names in brackets behind its own; nil when there are none.
func bracketed(s *providers.Schema, name string, values url.Values) any {
	switch s.Type {
	case "object":
		out := map[string]any{}
		for _, p := range s.Props {
			if v := bracketed(p, name+"["+p.Name+"]", values); v != nil {
				out[p.Name] = v
			}
		}
		if len(out) > 0 {
			return out
		}
	case "array":
		var list []any
		for {
			v := bracketed(s.Items, fmt.Sprintf("%s[%d]", name, len(list)), values)
			if v == nil {
				break
			}
			list = append(list, v)
		}
		if list != nil {
			return list
		}
	default:
		if v, ok := values[name]; ok {
			return typed(s, v[0])
		}
	}
	return nil
}

// at follows a path of property names; lists along it give their first element, the last one itself.
func at(v any, path string) any {
	if path == "" {
		return v
	}
	for name := range strings.SplitSeq(path, ".") {
		for {
			list, ok := v.([]any)
			if !ok {
				break
			}
			if len(list) == 0 {
				return nil
			}
			v = list[0]
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// itemsOf takes the items out of a request as the mapper had made them: without what was filled in.
func (v *visit) itemsOf(root any) []batch.Item {
	op := v.op
	bodies := []any{root}
	schema := op.Body
	if op.Rows.Kind == providers.Batch {
		schema = op.Array().Items
		bodies, _ = root.([]any)
		if op.Rows.Path != "." {
			bodies, _ = at(root, op.Rows.Path).([]any)
		}
	}
	items := make([]batch.Item, 0, len(bodies))
	for i, b := range bodies {
		item := plain(schema, b)
		if op.Enveloped() {
			item = v.envelope(item, root)
		}
		body, err := json.Marshal(item)
		if err != nil {
			body = []byte("null") // cannot happen: it was decoded from JSON
		}
		items = append(items, batch.Item{Seq: i, Rows: []int{i + 1}, Body: body})
	}
	return items
}

// plain is v without the properties that the sender fills in.
func plain(s *providers.Schema, v any) any {
	if s == nil {
		return v
	}
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range x {
			i := slices.IndexFunc(s.Props, func(p *providers.Schema) bool { return p.Name == k })
			switch {
			case i < 0:
				out[k] = e
			case s.Props[i].Fill == "":
				out[k] = plain(s.Props[i], e)
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plain(s.Items, e)
		}
		return out
	}
	return v
}

func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case json.Number:
		return string(x)
	case bool:
		return strconv.FormatBool(x)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// identities are what the ledger calls an item: the values of a list of plain values, else the fields that make rows
// one group or that may occur once, else all that rows fill; joined by |.
func identities(op *providers.Operation, body []byte) []string {
	v, err := decodeJSON(body)
	if err != nil {
		return []string{string(body)}
	}
	v = opened(op, v)
	if list, ok := at(v, strings.TrimPrefix(op.Rows.Path, ".")).([]any); ok && op.Rows.Kind == providers.Group && len(list) > 0 {
		if _, nested := list[0].(map[string]any); !nested {
			var out []string
			for _, e := range list {
				out = append(out, text(e))
			}
			return out
		}
	}
	fields := op.Rows.Key
	if len(fields) == 0 && len(op.Rows.Unique) > 0 {
		fields = op.Rows.Unique[0]
	}
	if len(fields) == 0 {
		for _, f := range op.Fields {
			fields = append(fields, f.Path)
		}
	}
	var parts []string
	for _, f := range fields {
		parts = append(parts, text(at(v, f)))
	}
	return []string{strings.Trim(strings.Join(parts, "|"), "|")}
}

// check validates a request by the rules of the document.
func (v *visit) check(root any) (wrong []string) {
	wrong = v.wrongParameters()
	if v.op.Rows.Kind == providers.Batch && len(v.items) == 0 {
		return []string{v.op.Rows.Path + " is empty"}
	}
	if v.op.Body != nil && (root != nil || v.op.Body.Required) {
		wrong = walk(v.op.Body, "", root, wrong)
	}
	context := providers.CheckContext{Now: v.s.now(), Optional: map[string]bool{}}
	for _, f := range v.op.Fields {
		if f.Presumed {
			context.Optional[f.Path] = true
		}
	}
	for i := range v.items {
		for _, sending := range []bool{false, true} {
			context.Sending = sending
			for _, bad := range v.op.Check(v.items[i].Body, context) {
				if !bad.Warning {
					wrong = append(wrong, fmt.Sprintf("item %d: %s breaks %s", i+1, bad.Path, bad.Code))
				}
			}
		}
	}
	return wrong
}

// walk checks single values, required properties and constants.
func walk(s *providers.Schema, path string, v any, wrong []string) []string {
	switch x := v.(type) {
	case map[string]any:
		for _, p := range s.Props {
			e, there := x[p.Name]
			where := strings.TrimPrefix(path+"."+p.Name, ".")
			switch {
			case !there && p.Required && !p.Empty && p.Scheme == "" && (p.Field == nil || !p.Field.Presumed):
				wrong = append(wrong, where+" is missing")
			case p.Field != nil && p.Field.Required && !p.Field.Presumed && p.Type == "string" && text(e) == "":
				wrong = append(wrong, where+" is blank")
			case there && p.Const != "" && p.Type != "array" && text(e) != p.Const:
				wrong = append(wrong, where+" is not "+p.Const)
			case there:
				wrong = walk(p, where, e, wrong)
			}
		}
	case []any:
		if s.Items != nil {
			for i, e := range x {
				wrong = walk(s.Items, fmt.Sprintf("%s[%d]", path, i), e, wrong)
			}
		}
	case nil:
		if !s.Nullable && s.Blank != "null" {
			wrong = append(wrong, path+" is null")
		}
	default:
		if s.Field != nil && text(v) != "" {
			if _, _, bad := s.Field.Append(nil, text(v), batch.String); bad != nil && !bad.Warning {
				wrong = append(wrong, path+" breaks "+bad.Code)
			}
		}
	}
	return wrong
}
