package oauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/senders/oauth"
)

// tokens is a token server: it counts, and answers as it is told.
type tokens struct {
	*httptest.Server
	asked  atomic.Int64
	status int
	expire int
	body   string // of the answer, where it is another one
	kind   string // its media type
	form   bool   // the client must name itself in the form
}

func newTokens(t *testing.T) *tokens {
	s := &tokens{expire: 3600}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := s.asked.Add(1)
		_ = r.ParseForm()
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case s.body != "":
			w.Header().Set("Content-Type", s.kind)
			w.WriteHeader(s.status)
			fmt.Fprint(w, s.body)
		case s.status != 0:
			w.WriteHeader(s.status)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"unknown client"}`)
		case basic == s.form || id != "me" || secret != "s3cret" || r.Form.Get("grant_type") != "client_credentials" || r.Form.Get("scope") != "a b":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
		default:
			fmt.Fprintf(w, `{"access_token":"t-%d","token_type":"Bearer","expires_in":%d}`, n, s.expire)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func scheme(t *testing.T, s *tokens, style string) auth.Keeper {
	t.Helper()
	server, err := url.Parse("http://127.0.0.1:1/api")
	if err != nil {
		t.Fatal(err)
	}
	a := auth.Account{Server: server, Client: s.Client(),
		Scheme:      providers.Scheme{Name: "o", Kind: "oauth2", Needs: []string{"client_id", "client_secret"}, OAuth: providers.OAuth{Flow: "clientCredentials", TokenURL: s.URL + "/token", Scopes: []string{"a", "b"}, Style: style}},
		Credentials: map[string]configs.Secret{"client_id": configs.NewSecret("me"), "client_secret": configs.NewSecret("s3cret")}}
	if wrong := oauth.Check(a); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	return oauth.New(a).(auth.Keeper)
}

// One login serves all requests of an account, however many ask at once, by form and by Basic.
func TestOneLogin(t *testing.T) {
	for _, form := range []bool{true, false} {
		s := newTokens(t)
		s.form = form
		k := scheme(t, s, map[bool]string{true: "form", false: "basic"}[form])
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if token, err := k.Session(t.Context(), nil); err != nil || token != "t-1" {
					t.Errorf("got %q, %v", token, err)
				}
			})
		}
		all.Wait()
		if s.asked.Load() != 1 {
			t.Errorf("form %t: asked %d times", form, s.asked.Load())
		}
		r := &auth.Request{Session: "t-1", Header: http.Header{}}
		if k.Authorize(r); r.Header.Get("Authorization") != "Bearer t-1" {
			t.Errorf("got %v", r.Header)
		}
	}
}

// A token is asked for again when the provider refuses it, and not for one that was refused before.
func TestRenewal(t *testing.T) {
	s := newTokens(t)
	k := scheme(t, s, "basic")
	first, _ := k.Session(t.Context(), nil)
	if !k.Renew("another") {
		t.Error("no renewal")
	}
	if again, _ := k.Session(t.Context(), nil); again != first {
		t.Errorf("a token that is good was thrown away: %q", again)
	}
	k.Renew(first)
	if next, err := k.Session(t.Context(), nil); err != nil || next == first {
		t.Errorf("got %q, %v", next, err)
	}
}

// A token that has ended is not sent.
func TestExpiry(t *testing.T) {
	s := newTokens(t)
	s.expire = -1
	k := scheme(t, s, "basic")
	one, _ := k.Session(t.Context(), nil)
	two, _ := k.Session(t.Context(), nil)
	if one == two || s.asked.Load() != 2 {
		t.Errorf("got %q, %q, asked %d times", one, two, s.asked.Load())
	}
}

// A refusal is the account's; a server that cannot answer is asked again later.
func TestRefusals(t *testing.T) {
	s := newTokens(t)
	s.status = http.StatusUnauthorized
	_, err := scheme(t, s, "basic").Session(t.Context(), nil)
	if refused, ok := errors.AsType[*auth.Refused](err); !ok || refused.Code != "invalid_client" || refused.Message != "unknown client" {
		t.Errorf("got %v", err)
	}
	s.status = http.StatusServiceUnavailable
	_, err = scheme(t, s, "basic").Session(t.Context(), nil)
	if _, ok := errors.AsType[*auth.Unsure](err); !ok {
		t.Errorf("got %v", err)
	}
}

// Tokens come in many shapes. An answer without one, and one that refuses, is the account's, in the server's words where it has some.
func TestShapesOfAnswers(t *testing.T) {
	for _, c := range []struct {
		status      int
		kind, body  string
		token, code string
		said        string
	}{
		{200, "application/json", `{"access_token": "T", "expires_in": 3600.5}`, "T", "", ""},
		{200, "application/json", `{"access_token": "T", "expires_in": "never"}`, "T", "", ""},
		{200, "application/json", `{"accessToken": "T\n", "tokenType": "Bearer", "expiresIn": 3600}`, "T", "", ""},
		{200, "application/json", `{"code": 0, "data": {"access_token": "T", "expires_in": 3600}}`, "T", "", ""},
		{200, "application/json", `{"token": "T"}`, "T", "", ""},
		{200, "text/plain", `{"access_token": "T", "token_type": "Bearer"}`, "T", "", ""},
		{200, "application/x-www-form-urlencoded", `access_token=T&expires_in=3600`, "T", "", ""},
		{200, "application/json", "\ufeff" + `{"access_token": "T"}`, "T", "", ""},
		{200, "text/html", `<html><title>Maintenance</title></html>`, "", "", "access_token"},
		{200, "application/json", `{"message": "hello"}`, "", "", "access_token"},
		{200, "application/json", `{"error": "invalid_client", "error_description": "Unknown client"}`, "", "invalid_client", "Unknown client"},
		{401, "application/json", `{"response": {"errors": [{"code": "10401", "message": "ClientId is Invalid"}]}}`, "", "10401", "ClientId is Invalid"},
		{401, "application/json", `{"error": {"code": "E7", "message": "locked"}}`, "", "E7", "locked"},
	} {
		s := newTokens(t)
		s.status, s.kind, s.body = c.status, c.kind, c.body
		got, err := scheme(t, s, "basic").Session(t.Context(), nil)
		refused, _ := errors.AsType[*auth.Refused](err)
		if got != c.token || (err != nil) != (c.token == "") || refused != nil && (refused.Code != c.code || refused.Message+refused.Missing != c.said) {
			t.Errorf("%s: got %q, %+v", c.body, got, err)
		}
	}
}

// A token server that is not there is told as that.
func TestNoTokenServer(t *testing.T) {
	s := newTokens(t)
	k := scheme(t, s, "basic")
	s.Close()
	if _, err := k.Session(t.Context(), nil); !errors.As(err, new(*url.Error)) {
		t.Errorf("got %v", err)
	}
}
