// Package basic is HTTP Basic authentication.
package basic

import (
	"encoding/base64"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/senders/header"
	"github.com/rowferry/rowferry/words"
)

type scheme struct {
	auth.Scheme
	value string
}

// New makes the scheme. The first two needed credentials are the user name and the password (by default login, password).
func New(a auth.Account) (auth.Scheme, []batch.Mistake) {
	needs := a.Scheme.Needs
	if len(needs) < 2 {
		needs = []string{"login", "password"}
	}
	wrong := auth.Missing(a, needs...)
	user, password := a.Credentials[needs[0]].Reveal(), a.Credentials[needs[1]].Reveal()
	if strings.Contains(user, ":") {
		wrong = append(wrong, batch.Mistake{Key: "credentials." + needs[0], What: words.Message("sender.basic_colon", "name", needs[0])})
	}
	plain := a
	plain.Scheme.Needs = nil
	others, more := header.New(plain)
	value := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	return scheme{others, value}, append(wrong, more...)
}

func (s scheme) Authorize(r *auth.Request) {
	s.Scheme.Authorize(r)
	auth.Set(r.Header, "Authorization", s.value)
}
