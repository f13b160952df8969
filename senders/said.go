package senders

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// mostSaid is how many bytes are kept of an answer's body, and of its headers.
const mostSaid = 4 << 10

// said is an answer as people may see it.
func (s *sender) said(op *providers.Operation, r providers.Response, session string) *batch.Answer {
	hide := s.hiding(session)
	header, more := cut(hide.Replace(lines(r.Header)))
	body, cutOff := cut(hide.Replace(visible(op.Text(r))))
	return &batch.Answer{Status: r.Status, Headers: header, Body: body, Cut: more || cutOff}
}

// lines are headers, one a line. A cookie may be as good as a password.
func lines(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			if name == "Set-Cookie" {
				v = "***"
			}
			b.WriteString(name + ": " + strings.ToValidUTF8(visible(v), "\ufffd") + "\n")
		}
	}
	return b.String()
}

// visible drops what would steer a terminal.
func visible(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, text)
}

// cut is the beginning of a text, and whether there was more.
func cut(text string) (string, bool) {
	if len(text) <= mostSaid {
		return text, false
	}
	return strings.ToValidUTF8(text[:mostSaid], ""), true
}

// hiding puts stars in place of the account's secrets and of the session.
func (s *sender) hiding(session string) *strings.Replacer {
	if session == "" {
		return s.hide
	}
	return hiding(append(slices.Clone(s.secrets), session)...)
}

// shortest is how many bytes a secret must have to be hidden: shorter ones would be found everywhere.
const shortest = 4

// hiding puts stars in place of secrets in every form in which a provider may give them back, the longest first.
func hiding(secrets ...string) *strings.Replacer {
	var all []string
	for _, secret := range secrets {
		if len(secret) >= shortest {
			all = append(all, forms(secret)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(all) {
		if len(form) >= shortest {
			pairs = append(pairs, form, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}

// forms are a secret as it is, and as it looks in JSON, XML, addresses and base64, be it that something stands before it there.
func forms(secret string) []string {
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret)}
	if quoted, err := json.Marshal(secret); err == nil {
		out = append(out, string(quoted[1:len(quoted)-1]))
	}
	var plain strings.Builder
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if err := e.Encode(secret); err == nil {
		out = append(out, strings.Trim(plain.String(), "\"\n"), strings.ReplaceAll(strings.Trim(plain.String(), "\"\n"), "/", `\/`))
	}
	for before := range 3 { // bytes before it in its group of three
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), secret...))
		text = text[[]int{0, 2, 3}[before]:]
		if (before+len(secret))%3 != 0 {
			text = text[:len(text)-1] // the last character holds bits of what follows
		}
		out = append(out, text, strings.NewReplacer("+", "-", "/", "_").Replace(text))
	}
	return out
}
