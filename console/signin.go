package console

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
)

func (c *Console) signInPage(w http.ResponseWriter, r *http.Request) {
	if who(r) != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	none, err := c.nobody(r.Context())
	switch {
	case err != nil:
		c.broken(w, r, err)
	case none:
		c.stranger(w, r)
	default:
		c.signInAgain(w, r, http.StatusOK, "", "")
	}
}

// signInForm is what the sign-in page shows.
type signInForm struct {
	Name, Wrong, Then string
	Company           bool
}

func (c *Console) signInAgain(w http.ResponseWriter, r *http.Request, status int, name, wrong string, args ...any) {
	form := signInForm{Name: name, Then: back(r), Company: c.company != nil}
	v := c.view(r, "console.sign_in", nil)
	if wrong != "" {
		form.Wrong = v.T(wrong, args...)
	}
	v.Data = form
	c.render(w, r, status, "sign-in", v)
}

// signIn takes name and password. Tries are counted by name and by address; passwords are compared a few at a time.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	name, password := r.PostFormValue("name"), r.PostFormValue("password")
	keys := []string{"name " + name, "from " + c.address(r)}
	if wait := c.throttle.wait(time.Now(), keys...); wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
		c.signInAgain(w, r, http.StatusTooManyRequests, name, "console.sign_in.wait", "seconds", int(wait.Seconds())+1)
		return
	}
	c.throttle.turns <- struct{}{}
	p, err := c.people.SignIn(r.Context(), name, password)
	<-c.throttle.turns
	c.throttle.note(time.Now(), err == nil, keys...)
	switch {
	case errors.Is(err, people.ErrWrong):
		c.signInAgain(w, r, http.StatusUnauthorized, name, "console.sign_in.wrong")
		return
	case err != nil:
		c.broken(w, r, err)
		return
	}
	u, err := c.people.User(r.Context(), p.Name)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	c.welcome(w, r, &p, map[string]string{"user": u.Name, "hash": u.Hash})
}

// welcome begins a session under a new token, and leads to the page that was asked for.
func (c *Console) welcome(w http.ResponseWriter, r *http.Request, p *people.Person, facts map[string]string) {
	err := c.sessions.RenewToken(r.Context())
	if err == nil {
		err = c.act(r, p, ledger.Act{Verb: "sign-in"})
	}
	if err != nil {
		c.broken(w, r, err)
		return
	}
	facts["since"], facts["from"], facts["agent"] = time.Now().UTC().Format(time.RFC3339Nano), c.address(r), cut(r.UserAgent(), 200)
	for k, v := range facts {
		c.sessions.Put(r.Context(), k, v)
	}
	http.Redirect(w, r, back(r), http.StatusSeeOther)
}

// cut is the beginning of a text, so many bytes at most.
func cut(s string, most int) string { return strings.ToValidUTF8(s[:min(len(s), most)], "") }

func (c *Console) signOut(w http.ResponseWriter, r *http.Request) {
	if err := c.sessions.Destroy(r.Context()); err != nil {
		c.broken(w, r, err)
		return
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// company is sign-in by OpenID Connect. The provider is asked for its addresses when somebody first wants to sign in.
type company struct {
	configs.OIDC
	mu       sync.Mutex
	provider *oidc.Provider
}

func (o *company) open(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		p, err := oidc.NewProvider(context.WithoutCancel(ctx), o.Issuer)
		if err != nil {
			return nil, err
		}
		o.provider = p
	}
	return o.provider, nil
}

func (c *Console) client(r *http.Request, p *oidc.Provider) *oauth2.Config {
	base := c.company.URL
	if base == "" {
		scheme := "http"
		if c.cfg.Console.TLS != nil || c.cfg.Console.BehindProxy {
			scheme = "https"
		}
		base = scheme + "://" + r.Host
	}
	return &oauth2.Config{ClientID: c.company.Client, ClientSecret: c.company.Secret.Reveal(), Endpoint: p.Endpoint(),
		RedirectURL: base + "/sign-in/oidc", Scopes: []string{oidc.ScopeOpenID, "profile", "email", "groups"}}
}

// companyOut leads to the company's sign-in page.
func (c *Console) companyOut(w http.ResponseWriter, r *http.Request) {
	p, err := c.company.open(r.Context())
	if err != nil {
		c.log.Error("console: OpenID Connect", "error", err)
		c.signInAgain(w, r, http.StatusBadGateway, "", "console.sign_in.company_down")
		return
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	for k, v := range map[string]string{"oidc-state": state, "oidc-nonce": nonce, "oidc-verifier": verifier} {
		c.sessions.Put(r.Context(), k, v)
	}
	http.Redirect(w, r, c.client(r, p).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
}

// companyBack takes who comes back from there.
func (c *Console) companyBack(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := c.sessions.PopString(r.Context(), "oidc-state"), c.sessions.PopString(r.Context(), "oidc-nonce"), c.sessions.PopString(r.Context(), "oidc-verifier")
	if state == "" || r.URL.Query().Get("state") != state {
		c.signInAgain(w, r, http.StatusBadRequest, "", "console.sign_in.company_again")
		return
	}
	person, err := c.companyPerson(r, nonce, verifier)
	switch {
	case errors.Is(err, errNoRole):
		c.signInAgain(w, r, http.StatusForbidden, "", "console.sign_in.company_no_role")
		return
	case err != nil:
		c.log.Error("console: OpenID Connect", "error", err)
		c.signInAgain(w, r, http.StatusBadGateway, "", "console.sign_in.company_down")
		return
	}
	text, err := json.Marshal(person)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	c.welcome(w, r, person, map[string]string{"company": string(text)})
}

var errNoRole = errors.New("none of the person's groups has a role")

func (c *Console) companyPerson(r *http.Request, nonce, verifier string) (*people.Person, error) {
	p, err := c.company.open(r.Context())
	if err != nil {
		return nil, err
	}
	token, err := c.client(r, p).Exchange(r.Context(), r.URL.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: c.company.Client}).Verify(r.Context(), raw)
	if err != nil {
		return nil, err
	}
	if id.Nonce != nonce {
		return nil, errors.New("the nonce is another")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return nil, err
	}
	person := &people.Person{Name: id.Subject}
	for _, claim := range []string{"email", "preferred_username"} {
		if text, _ := claims[claim].(string); text != "" {
			person.Name = text
		}
	}
	groups, _ := claims[c.company.Claim].([]any)
	for _, g := range groups {
		name, _ := g.(string)
		if role := people.Role(c.company.Roles[name]); role.May(people.Viewer) && (person.Role == "" || role.May(person.Role)) {
			person.Role = role
		}
	}
	if person.Role == "" {
		return nil, errNoRole
	}
	return person, nil
}
