package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
)

// login finds the login that listens at the request's path.
func (s *Simulator) login(r *http.Request) (providers.Login, string, bool) {
	for _, scheme := range s.provider.Schemes {
		for _, l := range scheme.Logins {
			for encoding, path := range l.Paths {
				if path == r.URL.Path && r.Method == http.MethodPost {
					return l, encoding, true
				}
			}
		}
	}
	return providers.Login{}, "", false
}

// token gives an OAuth2 token to whoever asks at the path of a scheme's token URL with an id and a secret.
func (v *visit) token() bool {
	asked := v.r.Method == http.MethodPost && slices.ContainsFunc(v.s.provider.Schemes, func(s providers.Scheme) bool {
		return slices.ContainsFunc(append(slices.Clone(s.Parts), s), func(p providers.Scheme) bool {
			u, err := url.Parse(p.OAuth.TokenURL)
			return err == nil && p.Kind == "oauth2" && strings.HasSuffix(v.r.URL.Path, u.Path)
		})
	})
	if !asked {
		return false
	}
	form, _ := url.ParseQuery(string(v.raw))
	id, secret, ok := v.r.BasicAuth()
	if !ok {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	s := v.s
	s.mu.Lock()
	s.stats.Logins++
	s.born++
	token := fmt.Sprintf("70c3e000-0000-4000-8000-%012d", s.born)
	granted := id != "" && secret != "" && !strings.Contains(secret, "WRONG") && !v.faults.RefuseLogin && form.Get("grant_type") != "" && (form.Get("grant_type") != "refresh_token" || form.Get("refresh_token") != "")
	if granted {
		s.sessions[token] = 0
	}
	s.mu.Unlock()
	if !granted {
		s.note(func(st *Stats) { st.Unauthenticated++ }, "token refused")
		v.respond(response{http.StatusUnauthorized, "application/json", []byte(`{"error":"invalid_client","error_description":"unknown client"}`)})
		return true
	}
	v.respond(response{http.StatusOK, "application/json", []byte(`{"access_token":"` + token + `","token_type":"Bearer","expires_in":3600}`)})
	return true
}

// logIn gives a session when every field of the login is there.
func (v *visit) logIn(l providers.Login, encoding string) {
	given := map[string]string{}
	if encoding == "xml" {
		if n, err := parseXML(v.raw); err == nil {
			for _, c := range n.children {
				given[c.name] = c.text
			}
		}
	} else if body, err := decodeJSON(v.raw); err == nil {
		for _, f := range l.Fields {
			given[f] = text(at(body, f))
		}
	}
	ok := !v.faults.RefuseLogin
	for _, f := range l.Fields {
		ok = ok && given[f] != "" && !strings.Contains(given[f], "WRONG")
	}
	s := v.s
	s.mu.Lock()
	s.stats.Logins++
	s.born++
	session := fmt.Sprintf("5e551011-0000-4000-8000-%012d", s.born)
	if ok {
		s.sessions[session] = 0
	}
	s.mu.Unlock()
	if !ok {
		s.note(func(st *Stats) { st.Unauthenticated++ }, "login refused")
		session = ""
	}
	v.respond(loginAnswer(l, encoding, session))
}

var member = patterns.New(`\bbody((?:\??\.[A-Za-z_]\w*)+)`)

// loginAnswer puts the session where the document's expression looks for it.
func loginAnswer(l providers.Login, encoding, session string) response {
	path := []string{"sessionID"}
	if m := member.FindStringSubmatch(l.Session); m != nil {
		path = strings.Split(strings.TrimPrefix(strings.ReplaceAll(m[1], "?", ""), "."), ".")
	}
	if encoding == "xml" {
		body := "<code>110</code>"
		if session != "" {
			body = session
			for i := len(path) - 1; i >= 0; i-- {
				body = "<" + path[i] + ">" + body + "</" + path[i] + ">"
			}
		}
		return response{http.StatusOK, "application/xml", []byte("<response>" + body + "</response>")}
	}
	var body any = map[string]any{"errors": []any{map[string]any{"code": 110, "title": "login refused", "detail": "unknown user or wrong password"}}}
	status := http.StatusUnauthorized
	if session != "" {
		status, body = http.StatusOK, session
		for i := len(path) - 1; i >= 0; i-- {
			body = map[string]any{path[i]: body}
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		raw = []byte("{}") // cannot happen: texts and maps
	}
	return response{status, "application/json", raw}
}

// authenticated checks that a request has what one of the operation's schemes asks for, and answers when it has not.
func (v *visit) authenticated(root any) bool {
	if v.faults.RefuseAuth {
		v.refuse(providers.Auth, "authentication is refused on request")
		return false
	}
	if len(v.op.Schemes) == 0 {
		return true
	}
	var whys []string
	for _, name := range v.op.Schemes {
		class, why := v.passes(name, root)
		if why == "" {
			return true
		}
		if class == providers.Renew {
			v.refuse(class, "")
			return false
		}
		whys = append(whys, name+": "+why)
	}
	v.refuse(providers.Auth, strings.Join(whys, "; "))
	return false
}

// refuse answers as the document's example of the class does, else with 401.
func (v *visit) refuse(c providers.Class, why string) {
	if why != "" {
		v.s.note(func(st *Stats) { st.Unauthenticated++ }, why)
	}
	if !v.whole(c) {
		v.fault(string(c))
		v.respond(response{http.StatusUnauthorized, "text/plain", []byte("Unauthorized")})
	}
}

func (v *visit) passes(name string, root any) (providers.Class, string) {
	scheme, known := v.s.provider.Scheme(name)
	if !known {
		scheme.Kind = name
	}
	for _, part := range scheme.Parts {
		if class, why := v.fits(part, root); why != "" {
			return class, why
		}
	}
	return v.fits(scheme, root)
}

// fits checks what one scheme asks for.
func (v *visit) fits(scheme providers.Scheme, root any) (providers.Class, string) {
	for name := range scheme.Query {
		if v.r.URL.Query().Get(name) == "" {
			return providers.Auth, "the parameter " + name + " is missing"
		}
	}
	for header := range scheme.Headers {
		if v.r.Header.Get(header) == "" {
			return providers.Auth, "the header " + header + " is missing"
		}
	}
	switch scheme.Kind {
	case "oauth2":
		name, looks := scheme.TokenHeader()
		token, ok := strings.CutPrefix(v.r.Header.Get(name), strings.TrimSuffix(looks, providers.AccessToken))
		if !ok || token == "" {
			return providers.Auth, "no " + name + " header with a token"
		}
		return v.session([]string{token})
	case "basic":
		if user, password, ok := v.r.BasicAuth(); !ok || user == "" || password == "" || strings.Contains(password, "WRONG") {
			return providers.Auth, "no Authorization header with Basic"
		}
	case "session":
		return v.session(filled(v.op.Body, root, func(s *providers.Schema) bool { return s.Fill == "session" }))
	case "body":
		values := filled(v.op.Body, root, func(s *providers.Schema) bool {
			return s.Scheme == "body" && strings.HasPrefix(s.Fill, "credential:")
		})
		if len(values) == 0 {
			return providers.Auth, "no credentials in the body"
		}
		for _, value := range values {
			if value == "" || strings.Contains(value, "WRONG") {
				return providers.Auth, "a credential in the body is empty or wrong"
			}
		}
	}
	return "", ""
}

// session counts a call of the session, which may be in the body or in a header.
func (v *visit) session(values []string) (providers.Class, string) {
	s := v.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(values) == 0 {
		for known := range s.sessions {
			for _, vs := range v.r.Header {
				if strings.Contains(strings.Join(vs, " "), known) {
					values = []string{known}
				}
			}
		}
	}
	if len(values) == 0 || values[0] == "" {
		return providers.Auth, "no session"
	}
	calls, known := s.sessions[values[0]]
	if !known || v.faults.SessionCalls > 0 && calls >= v.faults.SessionCalls {
		delete(s.sessions, values[0])
		return providers.Renew, "the session has ended"
	}
	s.sessions[values[0]]++
	return "", ""
}

// filled are the values of the properties that want picks; one that is not there is "".
func filled(s *providers.Schema, v any, want func(*providers.Schema) bool) (out []string) {
	m, ok := v.(map[string]any)
	if s == nil || !ok {
		return nil
	}
	for _, p := range s.Props {
		if want(p) {
			if e, there := m[p.Name]; there {
				out = append(out, text(e))
			}
			continue
		}
		if p.Type == "object" {
			out = append(out, filled(p, m[p.Name], want)...)
		}
	}
	return out
}
