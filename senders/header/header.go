// Package header authenticates by fixed headers, or by none at all (credentials in the body need no more).
package header

import (
	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/senders/auth"
)

type scheme struct{ names, values []string }

// New makes the scheme from the header templates over credentials.
func New(a auth.Account) (auth.Scheme, []batch.Mistake) {
	wrong := auth.Missing(a, a.Scheme.Needs...)
	headers, more := auth.NewHeaders(a)
	s := scheme{}
	for _, h := range headers {
		value := h.Template.Append(nil, func(dst []byte, name string) []byte { return append(dst, a.Credentials[name].Reveal()...) })
		s.names, s.values = append(s.names, h.Name), append(s.values, string(value))
	}
	return s, append(wrong, more...)
}

func (s scheme) Authorize(r *auth.Request) {
	for i, name := range s.names {
		auth.Set(r.Header, name, s.values[i])
	}
}

func (s scheme) Fixed() bool { return true }
