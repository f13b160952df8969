// Package session authenticates by a session that a login gives: kept, shared by all requests of the account, and
// asked for again once when the provider says that it has ended.
package session

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/words"
)

type scheme struct {
	account auth.Account
	headers auth.Headers
	login   *providers.Login // nil: the account gives a session and nothing to log in with
	session *auth.Shared
}

// Kind is this way to authenticate.
var Kind = auth.Kind{Check: Check, New: New}

// New makes the scheme. The account's login names the generation; without it the first whose credentials are there is used.
func New(a auth.Account) auth.Scheme {
	given := a.Credentials[a.Scheme.Given] // none where the document names none
	return &scheme{account: a, headers: auth.NewHeaders(a), login: choose(a), session: auth.NewShared(given.Reveal())}
}

// choose gives the login to use; nil when the account gives a session and nothing to log in with.
func choose(a auth.Account) *providers.Login {
	for i, l := range a.Scheme.Logins {
		if a.Login == l.Name || a.Login == "" && len(auth.Missing(a, l.Fields...)) == 0 {
			return &a.Scheme.Logins[i]
		}
	}
	return nil
}

// Check asks for a login of the document and its credentials, or for a session.
func Check(a auth.Account) []batch.Mistake {
	logins := a.Scheme.Logins
	wrong := append(auth.Missing(a, a.Scheme.Needs...), auth.CheckHeaders(a, "session")...)
	login := choose(a)
	switch {
	case login != nil:
		return append(wrong, auth.Missing(a, login.Fields...)...)
	case a.Login != "":
		return append(wrong, batch.Mistake{Key: "login", What: words.Message("sender.login", "name", words.Short(a.Login)), Write: words.Meant(a.Login, names(logins))})
	case a.Scheme.Given != "" && a.Has(a.Scheme.Given):
		return wrong
	case len(logins) == 0:
		return append(wrong, auth.Missing(a, a.Scheme.Given)...)
	}
	return append(wrong, auth.Missing(a, nearest(a, logins).Fields...)...)
}

// nearest is the login of which the account gives most; of equals the one the document prefers.
func nearest(a auth.Account, logins []providers.Login) providers.Login {
	return slices.MaxFunc(logins, func(x, y providers.Login) int {
		return (len(x.Fields) - len(auth.Missing(a, x.Fields...))) - (len(y.Fields) - len(auth.Missing(a, y.Fields...)))
	})
}

func names(logins []providers.Login) []string {
	var out []string
	for _, l := range logins {
		out = append(out, l.Name)
	}
	return out
}

func (s *scheme) Fixed() bool { return len(s.headers) == 0 }

func (s *scheme) Authorize(r *auth.Request) {
	for _, h := range s.headers {
		auth.Authorize(r.Header, h.Name, string(h.Template.Append(nil, func(dst []byte, name string) []byte {
			if name == "session" {
				return append(dst, r.Session...)
			}
			return append(dst, s.account.Credentials[name].Reveal()...)
		})))
	}
}

// Session gives the session. Of callers that find none, one logs in and the others wait for what it gets.
func (s *scheme) Session(ctx context.Context, call auth.Call) (string, error) {
	return s.session.Get(ctx, func(ctx context.Context) (string, time.Time, error) {
		session, err := s.ask(ctx, call)
		return session, time.Time{}, err
	})
}

// Renew forgets the session old.
func (s *scheme) Renew(old string) bool {
	if s.login == nil {
		return false
	}
	s.session.Forget(old)
	return true
}

// ask logs in.
func (s *scheme) ask(ctx context.Context, call auth.Call) (string, error) {
	encoding := "json"
	if s.login.Paths["json"] == "" {
		encoding = "xml"
	}
	r, err := call(ctx, s.login.Paths[encoding], encoding, s.body(encoding))
	if err != nil {
		return "", err
	}
	session := s.login.SessionID(r, encoding)
	switch {
	case session != "":
		return session, nil
	case r.Status == http.StatusTooManyRequests || r.Status >= 500 || r.Status < 400 && !readable(r.Body, encoding):
		return "", &auth.Unsure{Status: r.Status, Header: r.Header}
	}
	code, message := said(r.Body)
	return "", &auth.Refused{Status: r.Status, Code: code, Message: message}
}

func (s *scheme) body(encoding string) []byte {
	var out strings.Builder
	if encoding == "xml" {
		root := s.login.Root
		if root == "" {
			root = "request"
		}
		out.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n<" + root + ">")
		for _, name := range s.login.Fields {
			out.WriteString("<" + name + ">")
			xml.EscapeText(&out, []byte(s.account.Credentials[name].Reveal()))
			out.WriteString("</" + name + ">")
		}
		out.WriteString("</" + root + ">\n")
		return []byte(out.String())
	}
	for i, name := range s.login.Fields {
		if i > 0 {
			out.WriteByte(',')
		}
		k, _ := json.Marshal(name)
		v, _ := json.Marshal(s.account.Credentials[name].Reveal())
		out.Write(k)
		out.WriteByte(':')
		out.Write(v)
	}
	return []byte("{" + out.String() + "}")
}

// readable reports whether an answer is what a login gives, be it yes or no, and not some other page.
func readable(body []byte, encoding string) bool {
	if encoding == "json" {
		return json.Valid(body)
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	for n := 0; ; n++ {
		if _, err := d.Token(); err != nil {
			return err == io.EOF && n > 0
		}
	}
}

// said finds the words of a refusal, wherever the provider puts them.
func said(body []byte) (code, message string) {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return "", ""
	}
	var texts []string
	var look func(v any, depth int)
	look = func(v any, depth int) {
		if depth > 8 || len(texts) > 4 {
			return
		}
		switch x := v.(type) {
		case string:
			texts = append(texts, x)
		case []any:
			for _, e := range x {
				look(e, depth+1)
			}
		case map[string]any:
			for _, k := range []string{"errors", "error", "title", "detail", "message", "login", "password", "appkey"} {
				if e, ok := x[k]; ok {
					look(e, depth+1)
				}
			}
			if c, ok := x["code"]; ok && code == "" {
				raw, _ := json.Marshal(c)
				code = strings.Trim(string(raw), `"`)
			}
		}
	}
	look(v, 0)
	return code, strings.Join(texts, "; ")
}
