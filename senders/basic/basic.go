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

// Kind is this way to authenticate.
var Kind = auth.Kind{Check: Check, New: New}

type scheme struct {
	auth.Scheme
	value string
}

// names are the first two credentials that the document needs, by default login and password.
func names(a auth.Account) (user, password string) {
	if needs := a.Scheme.Needs; len(needs) >= 2 {
		return needs[0], needs[1]
	}
	return "login", "password"
}

// Check asks for a user name without a colon, which would end it, and a password.
func Check(a auth.Account) []batch.Mistake {
	user, password := names(a)
	wrong := auth.Missing(a, user, password)
	if strings.Contains(a.Credentials[user].Reveal(), ":") {
		wrong = append(wrong, batch.Mistake{Key: "credentials." + user, What: words.Message("sender.basic_colon"), Write: words.Message("sender.basic_colon.write")})
	}
	return append(wrong, header.Check(a)...)
}

// New makes the scheme.
func New(a auth.Account) auth.Scheme {
	user, password := names(a)
	value := a.Credentials[user].Reveal() + ":" + a.Credentials[password].Reveal()
	return scheme{header.New(a), "Basic " + base64.StdEncoding.EncodeToString([]byte(value))}
}

func (s scheme) Authorize(r *auth.Request) {
	s.Scheme.Authorize(r)
	auth.Set(r.Header, "Authorization", s.value)
}
