// Package oauth authenticates by tokens of an OAuth2 server: client credentials, or a user's password or a token of their consent where
// a provider offers nothing else. A token is kept, shared by all requests of the account, asked for again shortly before its end and
// once when the provider refuses it.
package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/words"
)

// early is how long before its end a token is asked for again.
const early = 30 * time.Second

type scheme struct {
	config clientcredentials.Config
	client *http.Client
	token  *auth.Shared
	header string   // that has the token
	around []string // what stands before and behind it there
	others []string // further headers, each with its value behind it

	account, name string         // of the account, and of the credential below
	consent       configs.Secret // the token of a person's consent, where tokens are got by it
	found         string         // what consent was when it was last read
	log           *slog.Logger
}

// Kind is this way to authenticate.
var Kind = auth.Kind{Check: Check, New: New}

// Check asks for the credentials and an address to get tokens at.
func Check(a auth.Account) []batch.Mistake {
	wrong := append(auth.Missing(a, a.Scheme.Needs...), auth.CheckHeaders(a, append(a.Scheme.Needs, "access_token")...)...)
	if _, ok := tokenURL(a); !ok {
		wrong = append(wrong, batch.Mistake{Key: "credentials.token_url", What: words.Message("sender.token_url")})
	}
	return wrong
}

// New makes the scheme. The token URL may be relative to the server; where the server is on this machine and the token
// URL elsewhere, the token is asked of this machine too: a real login never goes with a simulated provider.
func New(a auth.Account) auth.Scheme {
	o, needs := a.Scheme.OAuth, a.Scheme.Needs
	s := &scheme{client: a.Client, token: auth.NewShared("")}
	at, _ := tokenURL(a)
	s.config = clientcredentials.Config{TokenURL: at, Scopes: o.Scopes, EndpointParams: url.Values{}, AuthStyle: style(o.Style)}
	if scope := a.Credentials["scope"].Reveal(); scope != "" {
		s.config.Scopes = strings.Fields(scope)
	}
	if len(needs) >= 2 {
		s.config.ClientID, s.config.ClientSecret = a.Credentials[needs[0]].Reveal(), a.Credentials[needs[1]].Reveal()
	}
	if o.Flow == "refreshToken" && len(needs) >= 3 {
		s.account, s.name, s.consent, s.log = a.Name, needs[2], a.Credentials[needs[2]], a.Log
		s.config.EndpointParams = url.Values{"grant_type": {"refresh_token"}}
		s.reread()
	}
	filled := func(t auth.Template) string {
		return string(t.Append(nil, func(dst []byte, name string) []byte {
			if name == "access_token" {
				return append(dst, providers.AccessToken...)
			}
			return append(dst, a.Credentials[name].Reveal()...)
		}))
	}
	header, looks := a.Scheme.TokenHeader()
	s.header = header
	s.around = strings.SplitN(filled(auth.NewTemplate(looks)), providers.AccessToken, 2)
	for _, h := range auth.NewHeaders(a) {
		if h.Name != header {
			s.others = append(s.others, h.Name, filled(h.Template))
		}
	}
	if o.Flow == "password" && len(needs) >= 4 {
		s.config.EndpointParams = url.Values{"grant_type": {"password"}, "username": {a.Credentials[needs[2]].Reveal()}, "password": {a.Credentials[needs[3]].Reveal()}}
	}
	return s
}

func style(name string) oauth2.AuthStyle {
	switch name {
	case "form":
		return oauth2.AuthStyleInParams
	case "basic":
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleAutoDetect
}

func tokenURL(a auth.Account) (string, bool) {
	text := a.Scheme.OAuth.TokenURL
	given := a.Credentials["token_url"].Reveal()
	if given != "" {
		text = given
	}
	u, err := url.Parse(text)
	if err != nil || text == "" || a.Server == nil {
		return "", a.Server == nil && text != ""
	}
	switch {
	case given == "" && loopback(a.Server) && !loopback(u):
		return a.Server.JoinPath(u.Path).String(), true
	case u.IsAbs():
		return text, u.Scheme == "https" || u.Scheme == "http"
	}
	return a.Server.ResolveReference(u).String(), true
}

func loopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback() || u.Hostname() == "localhost"
}

func (s *scheme) Fixed() bool { return false }

func (s *scheme) Authorize(r *auth.Request) {
	auth.Set(r.Header, s.header, s.around[0]+r.Session+s.around[1])
	for i := 0; i < len(s.others); i += 2 {
		auth.Set(r.Header, s.others[i], s.others[i+1])
	}
}

// Session gives a token that is still good. Of callers that find none, one asks and the others wait for what it gets.
func (s *scheme) Session(ctx context.Context, _ auth.Call) (string, error) {
	return s.token.Get(ctx, func(ctx context.Context) (string, time.Time, error) {
		asking := context.WithValue(ctx, oauth2.HTTPClient, s.reading())
		if s.reread(); s.name != "" {
			asking = context.WithoutCancel(asking) // what is given once is not to be lost because nobody waits any more
		}
		got, err := s.config.Token(asking)
		if err != nil && s.reread() { // another program got one by it just now
			got, err = s.config.Token(asking)
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return "", time.Time{}, ctx.Err()
		case err != nil:
			return "", time.Time{}, explained(err)
		}
		s.keep(got.RefreshToken)
		if got.Expiry.IsZero() {
			return got.AccessToken, time.Time{}, nil
		}
		return got.AccessToken, got.Expiry.Add(-ahead(got)), nil
	})
}

// reread takes the token of a person's consent as its file has it now, and reports whether that is another one than before.
func (s *scheme) reread() bool {
	now := s.consent.Again().Reveal()
	if now == s.found {
		return false
	}
	s.found = now
	s.config.EndpointParams.Set("refresh_token", now)
	return true
}

// keep has the next token asked for by the one that came along with this, where providers give another with each use: the old one is no good
// any more, also after a restart.
func (s *scheme) keep(next string) {
	if s.name == "" || next == "" || next == s.config.EndpointParams.Get("refresh_token") {
		return
	}
	s.config.EndpointParams.Set("refresh_token", next)
	if err := s.consent.Keep(next); err != nil {
		if s.log != nil {
			s.log.Warn("the provider replaced the refresh token, and the new one could not be kept: after a restart a person has to agree anew. Write "+
				s.name+": file:PATH, with a file that rowferry may write", "account", s.account, "cause", err.Error())
		}
		return
	}
	s.found = next
}

// ahead is early, but no more than a tenth of a token's life.
func ahead(t *oauth2.Token) time.Duration {
	if t.ExpiresIn > 0 {
		return min(early, time.Duration(t.ExpiresIn)*time.Second/10)
	}
	return early
}

// Renew forgets the token that the provider refused.
func (s *scheme) Renew(old string) bool {
	s.token.Forget(old)
	return true
}

// explained tells a refusal from a server that cannot answer now. An answer without a token is one that people must look at.
func explained(err error) error {
	var refused *oauth2.RetrieveError
	var away *url.Error
	switch {
	case errors.As(err, &away):
		return away
	case !errors.As(err, &refused) || refused.Response == nil:
		return &auth.Refused{Status: http.StatusOK, Missing: "access_token"}
	}
	status := refused.Response.StatusCode
	if status == http.StatusTooManyRequests || status >= 500 || status < 400 && refused.ErrorCode == "" {
		return &auth.Unsure{Status: status, Header: refused.Response.Header}
	}
	code, said := providers.Complaint(providers.Response{Status: status, Header: refused.Response.Header, Body: refused.Body})
	if refused.ErrorCode != "" { // as the standard has it
		code, said = refused.ErrorCode, refused.ErrorDescription
	}
	return &auth.Refused{Status: status, Code: code, Message: said}
}

// reading is the client that asks for tokens and reads answers of unusual shape.
func (s *scheme) reading() *http.Client {
	c := *s.client
	c.Transport = shaping{c.Transport}
	return &c
}

// shaping makes the standard's answer of others that give a token: in a wrapper, under names of another manner, called plain text, with a
// life in parts of a second.
type shaping struct{ next http.RoundTripper }

func (s shaping) RoundTrip(r *http.Request) (*http.Response, error) {
	next := s.next
	if next == nil {
		next = http.DefaultTransport
	}
	answer, err := next.RoundTrip(r)
	if err != nil || answer.StatusCode/100 != 2 {
		return answer, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	_ = answer.Body.Close()
	if err != nil {
		return nil, err
	}
	if shaped := standard(body); shaped != nil {
		body = shaped
		answer.Header.Set("Content-Type", "application/json")
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return answer, nil
}

// standard is an answer with a token in the standard's words; nil where it has none.
func standard(body []byte) []byte {
	var m map[string]any
	if json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &m) != nil {
		return nil
	}
	for range 3 {
		if token, _ := named(m, "accesstoken", "token").(string); strings.TrimSpace(token) != "" {
			out := map[string]any{"access_token": strings.TrimSpace(token), "token_type": "Bearer"}
			if next, _ := named(m, "refreshtoken").(string); next != "" {
				out["refresh_token"] = next
			}
			if life, err := strconv.ParseFloat(fmt.Sprint(named(m, "expiresin")), 64); err == nil && life < 1e9 {
				out["expires_in"] = int64(life)
			}
			shaped, _ := json.Marshal(out) // of texts and a number
			return shaped
		}
		m, _ = named(m, "data", "result", "response").(map[string]any)
	}
	return nil
}

// named is the first member of some names, in any manner of writing.
func named(m map[string]any, names ...string) any {
	for _, name := range names {
		for key, v := range m {
			if strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key)) == name {
				return v
			}
		}
	}
	return nil
}

var _ auth.Keeper = (*scheme)(nil)
