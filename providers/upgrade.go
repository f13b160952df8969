package providers

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/patterns"
)

// upgraded is a schema of OpenAPI 3.0 or Swagger 2.0 as 3.1 writes it. One of 3.1 stays as it is.
func upgraded(n *yaml.Node, es []entry) *yaml.Node {
	nullable := isTrue(n, "nullable") || isTrue(n, "x-nullable")
	out := make([]entry, 0, len(es))
	for _, e := range es {
		switch e.Name {
		case "nullable":
			continue
		case "type":
			if nullable && e.Node.Kind == yaml.ScalarNode {
				e.Node = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: e.Node.Line, Column: e.Node.Column,
					Content: []*yaml.Node{e.Node, scalar("null", e.Node)}}
			}
		case "exclusiveMinimum", "exclusiveMaximum":
			if e.Node.ShortTag() != "!!bool" {
				break
			}
			bound := get(n, strings.ToLower(strings.TrimPrefix(e.Name, "exclusive")))
			if e.Node.Value != "true" || bound == nil {
				continue
			}
			e.Node = bound
		case "minimum", "maximum":
			if isTrue(n, "exclusive"+strings.ToUpper(e.Name[:1])+e.Name[1:]) {
				continue
			}
		}
		out = append(out, e)
	}
	return mapping(n, out)
}

// oldKeys are what a parameter of Swagger 2.0 has beside its schema.
var oldKeys = []string{"name", "in", "description", "required", "schema", "collectionFormat", "allowEmptyValue"}

// oldParameters parts the parameters of Swagger 2.0 into those that 3.1 calls so and the request body.
func (a *adopter) oldParameters(op spotIn, all []spotIn, place string) (out []spotIn, body *yaml.Node) {
	var form, styles []entry
	var needed []*yaml.Node
	consumes := a.types(op, "consumes", "application/json")
	for _, p := range all {
		switch textAt(p.Node, "in") {
		case "body":
			if schema := get(p.Node, "schema"); schema != nil {
				body = a.oldBody(p.Node, consumes, a.schema(spotIn{schema, p.file}, place+".requestBody", 0), nil)
			}
		case "formData":
			name := textAt(p.Node, "name")
			form = append(form, entry{Name: name, Key: scalar(name, p.Node), Node: a.oldSchema(p, place)})
			if style := oldStyle(p.Node); textAt(p.Node, "type") == "array" && style != nil {
				styles = append(styles, named(name, mapping(p.Node, style)))
			}
			if isTrue(p.Node, "required") {
				needed = append(needed, scalar(name, p.Node))
			}
		default:
			var es []entry
			for _, e := range entries(p.Node) {
				if slices.Contains([]string{"name", "in", "description", "required"}, e.Name) {
					es = append(es, e)
				}
			}
			es = append(es, named("schema", a.oldSchema(p, place)))
			out = append(out, spotIn{mapping(p.Node, append(es, oldStyle(p.Node)...)), p.file})
		}
	}
	if form != nil {
		schema := mapping(op.Node, []entry{text("type", "object", op.Node), named("properties", mapping(op.Node, form)),
			named("required", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: op.Line, Column: op.Column, Content: needed})})
		if !slices.Contains(consumes, "multipart/form-data") {
			consumes = []string{"application/x-www-form-urlencoded"}
		}
		body = a.oldBody(op.Node, consumes, schema, mapping(op.Node, styles))
	}
	return out, body
}

// oldStyle says in the words of 3.1 how Swagger 2.0 has a list written; nothing where its values stand each for itself.
func oldStyle(n *yaml.Node) []entry {
	style := "form"
	switch textAt(n, "collectionFormat") {
	case "multi":
		return nil
	case "pipes":
		style = "pipeDelimited"
	case "ssv":
		style = "spaceDelimited"
	case "tsv":
		style = "tabDelimited" // there is none
	}
	return []entry{text("style", style, n), text("explode", "false", n)}
}

func (a *adopter) oldBody(like *yaml.Node, types []string, schema, styles *yaml.Node) *yaml.Node {
	var content []entry
	for _, t := range types {
		media := []entry{named("schema", schema)}
		if styles != nil {
			media = append(media, named("encoding", styles))
		}
		content = append(content, named(t, mapping(like, media)))
	}
	es := []entry{named("content", mapping(like, content))}
	if r := get(like, "required"); r != nil && r.Kind == yaml.ScalarNode {
		es = append(es, named("required", r))
	}
	return mapping(like, es)
}

// types are the media types of an operation, or of the whole description.
func (a *adopter) types(op spotIn, key, otherwise string) (out []string) {
	list := cmp.Or(get(op.Node, key), a.top("/"+key))
	if list != nil {
		for _, t := range list.Content {
			out = append(out, plain(t).Value)
		}
	}
	if out == nil {
		out = []string{otherwise}
	}
	return out
}

// oldSchema is the schema that a parameter of Swagger 2.0 is itself.
func (a *adopter) oldSchema(p spotIn, place string) *yaml.Node {
	es := slices.DeleteFunc(entries(p.Node), func(e entry) bool { return slices.Contains(oldKeys, e.Name) })
	if textAt(p.Node, "type") == "file" {
		es = []entry{text("type", "string", p.Node), text("format", "binary", p.Node)}
	}
	return a.schema(spotIn{mapping(p.Node, es), p.file}, place, 0)
}

// oldAnswer is what an answer of Swagger 2.0 is in 3.1: a schema and examples for each media type.
func (a *adopter) oldAnswer(op, answer spotIn, place string) *yaml.Node {
	var out []entry
	examples := get(answer.Node, "examples")
	for _, t := range a.types(op, "produces", "application/json") {
		var inner []entry
		if s := get(answer.Node, "schema"); s != nil {
			inner = append(inner, named("schema", a.schema(spotIn{s, answer.file}, place, 0)))
		}
		if x := get(examples, t); x != nil {
			inner = append(inner, named("example", x))
		}
		out = append(out, named(t, mapping(answer.Node, inner)))
	}
	return mapping(answer.Node, out)
}

// oldScheme is a security definition of Swagger 2.0 as 3.1 writes it.
func oldScheme(n *yaml.Node) *yaml.Node {
	switch textAt(n, "type") {
	case "basic":
		return mapping(n, []entry{text("type", "http", n), text("scheme", "basic", n)})
	case "oauth2":
		flow := textAt(n, "flow")
		switch flow {
		case "application":
			flow = "clientCredentials"
		case "accessCode":
			flow = "authorizationCode"
		}
		inner := slices.DeleteFunc(entries(n), func(e entry) bool { return e.Name == "type" || e.Name == "flow" })
		return mapping(n, []entry{text("type", "oauth2", n), named("flows", mapping(n, []entry{{Name: flow, Key: scalar(flow, n), Node: mapping(n, inner)}}))})
	}
	return n
}

var trial = patterns.New(`(?i)sand?box|sanbox|test|stag|uat|demo|preprod|pre-prod|non-?prod|-tem\b|\bqa\b|mock|develop|\bdev\b|integration|local`)

// servers tells which of the description's servers is which; of two of a kind the first is taken.
func (a *adopter) servers(own *yaml.Node) *yaml.Node {
	list := own
	if list == nil {
		list = a.top("/servers")
	}
	if a.two {
		list = a.oldServers()
	}
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	out := *list
	out.Content = nil
	seen := map[string]bool{}
	for _, n := range list.Content {
		n = plain(n)
		url := a.server(n)
		if !strings.Contains(url, "://") {
			continue // relative to where the description lies: the account says where that is
		}
		environment := "production"
		if trial.MatchString(url + " " + textAt(n, "description") + " " + textAt(n, "x-name")) {
			environment = "sandbox"
		}
		if seen[environment] {
			continue
		}
		seen[environment] = true
		out.Content = append(out.Content, mapping(n, []entry{text("url", url, n), text("x-environment", environment, n)}))
	}
	return &out
}

// server is the URL with its variables at their defaults; holes without one stay.
func (a *adopter) server(n *yaml.Node) string {
	return hole.ReplaceAllStringFunc(textAt(n, "url"), func(h string) string {
		return cmp.Or(textAt(get(get(n, "variables"), h[1:len(h)-1]), "default"), h)
	})
}

// shifted has a hole at the end of all servers' addresses at the beginning of the paths instead, where the parameters of that name are
// those of the operations: /api/{version}. What no operation fills is left for a mistake.
func (a *adopter) shifted(paths, servers *yaml.Node) *yaml.Node {
	if servers == nil || len(servers.Content) == 0 {
		return paths
	}
	tail := ""
	for i, s := range servers.Content {
		address := textAt(s, "url")
		at := strings.IndexByte(address, '{')
		if at < 0 {
			return paths
		}
		at = strings.LastIndexByte(address[:at], '/')
		if i > 0 && address[at:] != tail || strings.HasSuffix(address[:at+1], "//") {
			return paths
		}
		tail = address[at:]
	}
	var out []entry
	for _, e := range entries(paths) {
		for _, h := range hole.FindAllStringSubmatch(tail, -1) {
			if !fills(e.Node, h[1]) {
				return paths
			}
		}
		out = append(out, entry{Name: tail + e.Name, Key: scalar(tail+e.Name, e.Key), Node: e.Node})
	}
	for _, s := range servers.Content {
		address := get(s, "url")
		address.Value = strings.TrimSuffix(address.Value, tail)
	}
	return mapping(paths, out)
}

// fills reports whether all operations of a path have a path parameter of this name.
func fills(path *yaml.Node, name string) bool {
	for _, operation := range entries(path) {
		list := get(operation.Node, "parameters")
		if list == nil || !slices.ContainsFunc(list.Content, func(p *yaml.Node) bool { return textAt(p, "in") == "path" && textAt(p, "name") == name }) {
			return false
		}
	}
	return true
}

func (a *adopter) oldServers() *yaml.Node {
	root := a.reader.root
	host := a.top("/host")
	if host == nil {
		return nil
	}
	scheme := "https"
	if s := a.top("/schemes"); s != nil && len(s.Content) > 0 && !slices.ContainsFunc(s.Content, func(n *yaml.Node) bool { return n.Value == "https" }) {
		scheme = s.Content[0].Value
	}
	base := ""
	if b := a.top("/basePath"); b != nil {
		base = strings.TrimRight(b.Value, "/")
	}
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: root.Line, Column: root.Column,
		Content: []*yaml.Node{mapping(host, []entry{text("url", scheme+"://"+host.Value+base, host)})}}
}
