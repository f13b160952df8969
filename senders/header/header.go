// Package header authenticates by fixed headers, or by none at all (credentials in the body need no more).
package header

import (
	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/senders/auth"
)

// Kind is this way to authenticate.
var Kind = auth.Kind{Check: Check, New: New}

type scheme struct{ names, values []string }

// Check asks for the credentials that the document needs and those in the header templates.
func Check(a auth.Account) []batch.Mistake {
	return append(auth.Missing(a, a.Scheme.Needs...), auth.CheckHeaders(a)...)
}

// New makes the scheme from the header templates over credentials.
func New(a auth.Account) auth.Scheme {
	s := scheme{}
	for _, h := range auth.NewHeaders(a) {
		value := h.Template.Append(nil, func(dst []byte, name string) []byte { return append(dst, a.Credentials[name].Reveal()...) })
		s.names, s.values = append(s.names, h.Name), append(s.values, string(value))
	}
	return s
}

func (s scheme) Authorize(r *auth.Request) {
	for i, name := range s.names {
		auth.Authorize(r.Header, name, s.values[i])
	}
}

func (s scheme) Fixed() bool { return true }
