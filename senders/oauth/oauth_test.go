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
	form   bool // the client must name itself in the form
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
