package simulator

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/providers"
)

// filledPath gives the values of a path's {holes}, by their names; false when the path is another one.
func filledPath(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	values := map[string]string{}
	for i := range want {
		rest := got[i]
		part := want[i]
		for part != "" {
			before, after, hole := strings.Cut(part, "{")
			var fits bool
			if rest, fits = strings.CutPrefix(rest, before); !fits || !hole && rest != "" {
				return nil, false
			}
			if !hole {
				break
			}
			name, next, _ := strings.Cut(after, "}")
			literal, _, _ := strings.Cut(next, "{")
			end := len(rest)
			if literal != "" {
				end = strings.Index(rest, literal)
			}
			if end <= 0 {
				return nil, false
			}
			value, err := url.PathUnescape(rest[:end])
			if err != nil {
				return nil, false
			}
			values[name], rest, part = value, rest[end:], next
		}
		if want[i] == "" && got[i] != "" || part == "" && rest != "" && strings.HasSuffix(want[i], "}") {
			return nil, false
		}
	}
	return values, true
}

func pathFits(template, path string) bool {
	_, ok := filledPath(template, path)
	return ok
}

// parameters reads those of the request, typed as the document says.
func (v *visit) parameters() {
	v.params = map[string]map[string]any{}
	var inPath map[string]string
	for _, path := range v.op.Paths {
		if values, ok := filledPath(path, v.r.URL.EscapedPath()); ok {
			inPath = values
		}
	}
	query := v.r.URL.Query()
	for _, p := range v.op.Parameters {
		var values []string
		switch p.In {
		case "path":
			if value, ok := inPath[p.Name]; ok {
				values = []string{value}
			}
		case "query":
			if p.Schema.Type == "object" || p.Style == providers.AsJSON {
				v.nested(p, query)
				continue
			}
			values = query[p.Name]
		case "header":
			values = v.r.Header.Values(p.Name)
		case "cookie":
			for _, c := range v.r.CookiesNamed(p.Name) {
				value, err := url.PathUnescape(c.Value)
				if err != nil {
					value = c.Value
				}
				values = append(values, value)
			}
		}
		if len(values) == 0 {
			continue
		}
		if v.params[p.In] == nil {
			v.params[p.In] = map[string]any{}
		}
		if p.Schema.Type != "array" {
			v.params[p.In][p.Name] = typed(p.Schema, values[0])
			continue
		}
		if !p.Explode {
			values = strings.Split(values[0], cmp.Or(p.Style, ","))
		}
		list := []any{}
		for _, one := range values {
			list = append(list, typed(p.Schema.Items, one))
		}
		v.params[p.In][p.Name] = list
	}
}

// nested reads an object of the query, or what is written there as JSON. What cannot be read is not there.
func (v *visit) nested(p providers.Parameter, query url.Values) {
	var value any
	switch {
	case p.Style == providers.AsJSON:
		value, _ = decodeJSON([]byte(query.Get(p.Name)))
	case p.Style == providers.Deep:
		value = bracketed(p.Schema, p.Name, query)
	default:
		members := query
		if !p.Explode {
			members = url.Values{}
			for pair := range slices.Chunk(strings.Split(query.Get(p.Name), cmp.Or(p.Style, ",")), 2) {
				members[pair[0]] = pair[1:]
			}
		}
		read := map[string]any{}
		for _, m := range p.Schema.Props {
			if texts := members[m.Name]; len(texts) > 0 {
				read[m.Name] = typed(m, texts[0])
			}
		}
		if len(read) > 0 {
			value = read
		}
	}
	if value == nil {
		return
	}
	if v.params[p.In] == nil {
		v.params[p.In] = map[string]any{}
	}
	v.params[p.In][p.Name] = value
}

// wrongParameters checks them by the rules of the document.
func (v *visit) wrongParameters() (wrong []string) {
	for _, p := range v.op.Parameters {
		value, there := v.params[p.In][p.Name]
		name := p.In + "." + p.Name
		switch {
		case !there && p.Schema.Required:
			wrong = append(wrong, name+" is missing")
		case there && p.Schema.Const != "" && p.Schema.Type != "array" && text(value) != p.Schema.Const:
			wrong = append(wrong, name+" is not "+p.Schema.Const)
		case there:
			wrong = walk(p.Schema, name, value, wrong)
		}
	}
	return wrong
}

// envelope is an item with its parameters and what stands around it, as the mapper had made it.
func (v *visit) envelope(item, root any) map[string]any {
	out := map[string]any{}
	for in, values := range v.params {
		group := map[string]any{}
		for _, p := range v.op.Parameters {
			if value, there := values[p.Name]; there && p.In == in && p.Schema.Fill == "" {
				group[p.Name] = value
			}
		}
		if len(group) > 0 {
			out["?"+in] = group
		}
	}
	if item != nil {
		out["?body"] = item
	}
	if v.op.Rows.Kind == providers.Batch {
		around := plain(v.op.Body, root)
		if m, ok := around.(map[string]any); ok {
			delete(m, strings.SplitN(v.op.Rows.Path, ".", 2)[0])
			out["?around"] = m
		}
	}
	return out
}

// opened is an item with its body at the top and its parameters beside it, as field paths have them.
func opened(op *providers.Operation, v any) any {
	envelope, ok := v.(map[string]any)
	if !op.Enveloped() || !ok {
		return v
	}
	out := map[string]any{}
	for _, part := range []string{"?around", "?body"} {
		if m, ok := envelope[part].(map[string]any); ok {
			for name, value := range m {
				out[name] = value
			}
		}
	}
	for _, in := range providers.Places {
		if group, ok := envelope["?"+in]; ok {
			if _, taken := out[in]; !taken {
				out[in] = group
			}
		}
	}
	return out
}
