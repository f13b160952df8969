package console

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
)

// companyLasts is how long a sign-in with the company's account holds: so long may somebody stay who was taken out of their group.
const companyLasts = 12 * time.Hour

// company is sign-in by OpenID Connect: the code flow with PKCE. The provider is asked for its addresses when somebody first wants to sign in.
type company struct {
	configs.OIDC
	mu       sync.Mutex
	provider *oidc.Provider
	scopes   []string
}

// asking is how the provider is asked: it has this long to answer.
var asking = &http.Client{Timeout: 15 * time.Second}

func (o *company) open(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider != nil {
		return o.provider, nil
	}
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), asking), o.Issuer)
	if err != nil {
		return nil, err
	}
	var knows struct {
		Scopes []string `json:"scopes_supported"`
	}
	if err := p.Claims(&knows); err != nil {
		return nil, err
	}
	o.scopes = []string{oidc.ScopeOpenID}
	for _, scope := range []string{"profile", "email", "groups"} { // some refuse all when one is unknown to them
		if slices.Contains(knows.Scopes, scope) || knows.Scopes == nil && scope != "groups" {
			o.scopes = append(o.scopes, scope)
		}
	}
	o.provider = p
	return p, nil
}

func (c *Console) client(r *http.Request, p *oidc.Provider) *oauth2.Config {
	base := strings.TrimSuffix(c.company.URL, "/")
	if base == "" {
		scheme := "http"
		if c.cfg.Console.TLS != nil || c.cfg.Console.BehindProxy {
			scheme = "https"
		}
		base = scheme + "://" + r.Host
	}
	return &oauth2.Config{ClientID: c.company.Client, ClientSecret: c.company.Secret.Reveal(), Endpoint: p.Endpoint(), RedirectURL: base + "/sign-in/oidc", Scopes: c.company.scopes}
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
	for k, v := range map[string]string{"oidc-state": state, "oidc-nonce": nonce, "oidc-verifier": verifier, "oidc-then": back(r)} {
		c.sessions.Put(r.Context(), k, v)
	}
	http.Redirect(w, r, c.client(r, p).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
}

// companyBack takes who comes back from there. What was begun is good for one return.
func (c *Console) companyBack(w http.ResponseWriter, r *http.Request) {
	kept := func(key string) string { return c.sessions.PopString(r.Context(), "oidc-"+key) }
	state, nonce, verifier, then := kept("state"), kept("nonce"), kept("verifier"), kept("then")
	came := r.URL.Query()
	if state == "" || came.Get("state") != state {
		c.signInAgain(w, r, http.StatusBadRequest, "", "console.sign_in.company_again")
		return
	}
	if why := came.Get("error"); why != "" {
		c.log.Warn("console: OpenID Connect: the provider refused", "error", why, "said", came.Get("error_description"))
		c.signInAgain(w, r, http.StatusForbidden, "", "console.sign_in.company_refused")
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
	c.welcome(w, r, person, map[string]string{"company": string(text)}, then)
}

var errNoRole = errors.New("none of the person's groups has a role")

// companyPerson has the code turned into who came: the token must be the provider's, for us, in time, and for this sign-in.
func (c *Console) companyPerson(r *http.Request, nonce, verifier string) (*people.Person, error) {
	ctx := oidc.ClientContext(r.Context(), asking)
	p, err := c.company.open(ctx)
	if err != nil {
		return nil, err
	}
	token, err := c.client(r, p).Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: c.company.Client}).Verify(ctx, raw)
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
	person := &people.Person{Name: id.Subject, Role: c.company.role(claims)}
	if person.Role == "" {
		return nil, errNoRole
	}
	for _, claim := range []string{"email", "preferred_username"} {
		if text, _ := claims[claim].(string); text != "" {
			person.Name = text
		}
	}
	if _, err := c.people.User(ctx, person.Name); !errors.Is(err, people.ErrNobody) { // two are never one in the audit list
		at, _ := url.Parse(c.company.Issuer)
		person.Name = fmt.Sprintf("%s (%s)", person.Name, at.Host)
	}
	return person, nil
}

// role is the highest of those that a person's groups have; "" where none has one.
func (o *company) role(claims map[string]any) (highest people.Role) {
	for _, group := range groupsIn(claims, o.Claim) {
		if role := people.Role(o.Roles[group]); role.May(people.Viewer) && (highest == "" || role.May(highest)) {
			highest = role
		}
	}
	return highest
}

// groupsIn finds the groups under a claim's name: a list, or one text; where no claim has that name, its dots lead into objects (realm_access.roles).
func groupsIn(claims map[string]any, name string) (groups []string) {
	found, there := claims[name]
	if outer, inner, nested := strings.Cut(name, "."); !there && nested {
		if below, is := claims[outer].(map[string]any); is {
			return groupsIn(below, inner)
		}
	}
	if one, is := found.(string); is {
		return []string{one}
	}
	list, _ := found.([]any)
	for _, g := range list {
		if text, is := g.(string); is {
			groups = append(groups, text)
		}
	}
	return groups
}
