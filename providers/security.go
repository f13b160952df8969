package providers

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
)

// ours are the schemes that a document of ours names by how they work; those of a description have their own names and types.
var ours = []string{"basic", "header", "signed", "session", "body"}

type schemeSpec struct {
	Needs   []string          `key:"needs"`
	Headers map[string]string `key:"headers"`
	Logins  []loginSpec       `key:"logins"`
	Given   string            `key:"given"`
	Style   string            `key:"style"` // oauth2
	Scopes  []string          `key:"scopes"`
	Token   string            `key:"tokenUrl"`
}

type loginSpec struct {
	Name    string            `key:"name,must"`
	Paths   map[string]string `key:"paths,must"`
	Fields  []string          `key:"fields,must"`
	Session source            `key:"session,must"`
	Root    string            `key:"root"`
}

func (r *reader) schemes(p *Provider) {
	for _, e := range entries(get(get(r.root, "components"), "securitySchemes")) {
		if r.theirs || !slices.Contains(ours, e.Name) && get(e.Node, "type") != nil {
			r.theirScheme(p, e)
			continue
		}
		r.ourScheme(p, e)
	}
}

func (r *reader) ourScheme(p *Provider, e entry) {
	place := "components.securitySchemes." + e.Name
	r.choice(e.Key, place, e.Name, ours...)
	var spec schemeSpec
	if x := get(e.Node, "x-rowferry"); x != nil {
		r.decode(x, place+".x-rowferry", &spec)
	}
	s := Scheme{Name: e.Name, Kind: e.Name, Headers: spec.Headers, Needs: spec.Needs, Given: spec.Given}
	if e.Name == "basic" && s.Needs == nil {
		s.Needs = []string{"login", "password"}
	}
	r.haveCredentials(p, e.Key, place, append(slices.Clone(s.Needs), spec.Given))
	for _, header := range sorted(spec.Headers) {
		r.template(p, e.Key, place+".x-rowferry.headers."+header, spec.Headers[header])
	}
	for _, l := range spec.Logins {
		r.haveCredentials(p, e.Key, place+".x-rowferry.logins", l.Fields)
		s.Logins = append(s.Logins, Login{Name: l.Name, Paths: l.Paths, Fields: l.Fields, Session: l.Session.Text, Root: l.Root, session: r.expression(&l.Session)})
	}
	if e.Name == "session" && len(s.Logins) == 0 && s.Given == "" {
		r.wrong(e.Key, place+".x-rowferry", "document.missing", "key", "logins")
	}
	p.Schemes = append(p.Schemes, s)
}

// theirScheme makes a scheme of its type. One of a type that we cannot follow has no Kind: security that asks for it is
// left out, and a mistake where nothing else is left.
func (r *reader) theirScheme(p *Provider, e entry) {
	n := e.Node
	if ref := get(n, "$ref"); ref != nil {
		n = r.locate(ref.Value)
	}
	var spec schemeSpec
	if x := get(n, "x-rowferry"); x != nil {
		r.decode(x, "components.securitySchemes."+e.Name+".x-rowferry", &spec)
	}
	s := Scheme{Name: e.Name}
	name := textAt(n, "name")
	switch kind := textAt(n, "type") + " " + strings.ToLower(textAt(n, "scheme")); {
	case kind == "http basic":
		s.Kind, s.Needs = "basic", []string{"login", "password"}
	case strings.HasPrefix(kind, "http "): // bearer, and what is like it
		word := textAt(n, "scheme")
		if strings.EqualFold(word, "bearer") {
			word = "Bearer"
		}
		s.Kind, s.Needs, s.Headers = "header", []string{e.Name}, map[string]string{"Authorization": word + " {" + e.Name + "}"}
	case kind == "apiKey " && textAt(n, "in") == "header":
		s.Kind, s.Needs, s.Headers = "header", []string{e.Name}, map[string]string{name: "{" + e.Name + "}"}
	case kind == "apiKey " && textAt(n, "in") == "query":
		s.Kind, s.Needs, s.Query = "header", []string{e.Name}, map[string]string{name: "{" + e.Name + "}"}
	case kind == "apiKey " && textAt(n, "in") == "cookie":
		s.Kind, s.Needs, s.Headers = "header", []string{e.Name}, map[string]string{"Cookie": name + "={" + e.Name + "}"}
	case kind == "oauth2 " || kind == "openIdConnect ":
		if r.oauth(&s, n, spec); s.Kind == "" { // a person logs in, elsewhere: the account has the token that came of it
			s.Kind, s.Needs, s.Headers = "header", []string{e.Name}, map[string]string{"Authorization": "Bearer {" + e.Name + "}"}
		}
	case kind == "mutualTLS ":
		s.Kind = "none" // the account's client certificate
	}
	if spec.Needs != nil {
		s.rename(spec.Needs)
	}
	if spec.Headers != nil {
		s.Headers = spec.Headers
	}
	p.Schemes = append(p.Schemes, s)
}

// rename gives the credentials names of ours.
func (s *Scheme) rename(needs []string) {
	for i, name := range needs {
		if i >= len(s.Needs) {
			break
		}
		for _, templates := range []map[string]string{s.Headers, s.Query} {
			for key, text := range templates {
				templates[key] = strings.ReplaceAll(text, "{"+s.Needs[i]+"}", "{"+name+"}")
			}
		}
	}
	s.Needs = needs
}

// oauth reads the flow that a program alone can follow.
func (r *reader) oauth(s *Scheme, n *yaml.Node, spec schemeSpec) {
	flows := get(n, "flows")
	if f := get(flows, "authorizationCode"); f != nil && len(spec.Needs) >= 3 { // a person agreed once, and the account has what came of it
		s.Kind, s.Needs = "oauth2", []string{"client_id", "client_secret", "refresh_token"}
		s.OAuth = OAuth{Flow: "refreshToken", TokenURL: cmp.Or(spec.Token, textAt(f, "tokenUrl")), Style: spec.Style, Scopes: spec.Scopes}
		return
	}
	for _, flow := range []string{"clientCredentials", "password"} {
		f := get(flows, flow)
		if f == nil {
			continue
		}
		s.Kind, s.Needs = "oauth2", []string{"client_id", "client_secret"}
		if flow == "password" {
			s.Needs = append(s.Needs, "login", "password")
		}
		s.OAuth = OAuth{Flow: flow, TokenURL: cmp.Or(spec.Token, textAt(f, "tokenUrl")), Style: spec.Style, Scopes: spec.Scopes}
		return
	}
}

// security finds the ways in which an operation may authenticate, its own or the document's.
func (r *reader) security(op *Operation, n *yaml.Node, place string) {
	list := get(n, "security")
	if list == nil {
		list, place = get(r.root, "security"), ""
	}
	lost := ""
	if list != nil {
		for _, requirement := range list.Content {
			names, missing := r.requirement(op, plain(requirement), place)
			lost = cmp.Or(lost, missing)
			op.Schemes = append(op.Schemes, names...)
		}
	}
	if len(op.Schemes) == 0 && lost != "" {
		key := "document.security"
		if _, described := op.Provider.Scheme(lost); !described {
			key = "document.security_unknown"
		}
		r.wrong(list, place+".security", key, "name", lost)
	}
	if len(op.Schemes) == 0 {
		op.Schemes = []string{"none"}
	}
}

// requirement names the scheme that one entry of security asks for; several at once make one of their own, and those that would write
// one header can only be alternatives.
func (r *reader) requirement(op *Operation, n *yaml.Node, place string) (schemes []string, missing string) {
	var parts []Scheme
	for _, e := range entries(n) {
		s, known := op.Provider.Scheme(e.Name)
		if !known && !r.theirs {
			r.wrong(e.Key, place+".security", "document.scheme", "name", e.Name)
			return []string{e.Name}, ""
		}
		if !known || s.Kind == "" {
			r.warn(e.Key, place+".security", "document.scheme_unknown", "name", e.Name)
			return nil, e.Name
		}
		if s.Kind == "oauth2" && s.OAuth.Scopes == nil && e.Node != nil {
			for _, scope := range e.Node.Content {
				s.OAuth.Scopes = append(s.OAuth.Scopes, plain(scope).Value)
			}
			op.Provider.replace(s)
		}
		parts = append(parts, s)
	}
	switch len(parts) {
	case 0:
		return []string{"none"}, ""
	case 1:
		return []string{parts[0].Name}, ""
	}
	var names []string
	for _, s := range parts {
		names = append(names, s.Name)
	}
	if header := shared(parts); header != "" && r.theirs {
		r.warn(n, place+".security", "document.one_header", "names", strings.Join(names, ", "), "header", header)
		return names, ""
	}
	all := Scheme{Kind: "all", Parts: parts}
	for _, s := range parts {
		for _, need := range s.Needs {
			if !slices.Contains(all.Needs, need) {
				all.Needs = append(all.Needs, need)
			}
		}
	}
	all.Name = strings.Join(names, "+")
	if _, known := op.Provider.Scheme(all.Name); !known {
		op.Provider.Schemes = append(op.Provider.Schemes, all)
	}
	return []string{all.Name}, ""
}

// shared is a header that more than one of the schemes writes. Cookies stand beside each other.
func shared(parts []Scheme) string {
	seen := map[string]bool{"Cookie": false}
	for _, s := range parts {
		headers := sorted(s.Headers)
		if name, _ := s.TokenHeader(); s.Kind == "basic" || s.Kind == "oauth2" && s.Headers[name] == "" {
			headers = append(headers, "Authorization")
		}
		for _, h := range headers {
			if h = http.CanonicalHeaderKey(h); seen[h] {
				return h
			}
			seen[h] = h != "Cookie"
		}
	}
	return ""
}

func (p *Provider) replace(s Scheme) {
	for i := range p.Schemes {
		if p.Schemes[i].Name == s.Name {
			p.Schemes[i] = s
		}
	}
}

// keepCredentials keeps the schemes that operations use, and has a credential for all that they need.
func (p *Provider) keepCredentials() {
	p.Schemes = slices.DeleteFunc(p.Schemes, func(s Scheme) bool {
		return !slices.ContainsFunc(p.Operations, func(op *Operation) bool { return slices.Contains(op.Schemes, s.Name) })
	})
	for _, s := range p.Schemes {
		for _, name := range s.Needs {
			p.need(Credential{Name: name, Label: batch.Text{EN: name}, Secret: !slices.Contains([]string{"login", "client_id"}, name)})
		}
		for _, part := range append(slices.Clone(s.Parts), s) {
			if part.Kind == "oauth2" {
				p.need(Credential{Name: "token_url", Label: batch.Text{EN: "token_url"}, Optional: true})
				p.need(Credential{Name: "scope", Label: batch.Text{EN: "scope"}, Optional: true})
			}
		}
	}
}

func (p *Provider) need(c Credential) {
	if !slices.ContainsFunc(p.Credentials, func(o Credential) bool { return o.Name == c.Name }) {
		p.Credentials = append(p.Credentials, c)
	}
}
