package console_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// acme is a small OpenID Connect provider over real HTTP: discovery, keys, an authorize page that lets everybody in at once, and a token
// endpoint that wants the client's secret, the code it gave, once, and the PKCE verifier of that code's challenge.
type acme struct {
	t   *testing.T
	srv *httptest.Server
	key *rsa.PrivateKey

	mu     sync.Mutex
	claims map[string]any         // of whoever signs in next, besides those of every token
	spoil  func(token *idToken)   // what is wrong with the next token; nil: nothing
	codes  map[string]authRequest // that were given and not used
	seen   []authRequest
}

type authRequest struct{ client, redirect, nonce, challenge, scope string }

// idToken is a token before it is signed.
type idToken struct {
	header, claims map[string]any
	key            *rsa.PrivateKey
}

func newAcme(t *testing.T) *acme {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := &acme{t: t, key: key, codes: map[string]authRequest{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": a.srv.URL, "authorization_endpoint": a.srv.URL + "/authorize", "token_endpoint": a.srv.URL + "/token", "jwks_uri": a.srv.URL + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid", "email"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]string{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one", "n": encode(a.key.N.Bytes()), "e": encode(big.NewInt(int64(a.key.E)).Bytes())}}})
	})
	mux.HandleFunc("GET /authorize", a.authorize)
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		token, err := a.token(r)
		if err != "" {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]string{"error": err})
			return
		}
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token})
	})
	a.srv = httptest.NewServer(mux)
	t.Cleanup(a.srv.Close)
	return a
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *acme) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := authRequest{q.Get("client_id"), q.Get("redirect_uri"), q.Get("nonce"), q.Get("code_challenge"), q.Get("scope")}
	a.seen = append(a.seen, asked)
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || asked.client != "rowferry" || asked.nonce == "" || q.Get("state") == "" {
		http.Error(w, "no such request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	a.codes[code] = asked
	http.Redirect(w, r, asked.redirect+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (a *acme) token(r *http.Request) (signed, wrong string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != "rowferry" || secret != "acme's word" {
		return "", "invalid_client"
	}
	asked, given := a.codes[r.PostFormValue("code")]
	delete(a.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !given || asked.redirect != r.PostFormValue("redirect_uri") || encode(sum[:]) != asked.challenge {
		return "", "invalid_grant"
	}
	now := time.Now()
	t := &idToken{header: map[string]any{"alg": "RS256", "kid": "one"}, key: a.key,
		claims: map[string]any{"iss": a.srv.URL, "sub": "4711", "aud": "rowferry", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": asked.nonce}}
	maps.Copy(t.claims, a.claims)
	if a.spoil != nil {
		a.spoil(t)
	}
	return a.sign(t), ""
}

func (a *acme) sign(t *idToken) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			a.t.Error(err)
		}
		return encode(b)
	}
	text := part(t.header) + "." + part(t.claims)
	if t.key == nil {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, t.key, crypto.SHA256, sum[:])
	if err != nil {
		a.t.Error(err)
	}
	return text + "." + encode(signature)
}

// signsInAs says who comes next, and what is wrong with their token.
func (a *acme) signsInAs(claims map[string]any, spoil func(*idToken)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.claims, a.spoil = claims, spoil
}

// leads makes a request, keeps the cookie that comes with the answer, and returns where that leads.
func (v *visitor) leads(path string) string {
	v.o.t.Helper()
	answer, _ := v.do("GET", path, nil)
	for _, c := range answer.Cookies() {
		if c.Name == "rowferry" {
			v.cookie = c
		}
	}
	return answer.Header.Get("Location")
}

// follow asks another site, and returns the path on ours that it leads back to.
func (v *visitor) follow(address string) string {
	v.o.t.Helper()
	r, err := http.NewRequestWithContext(v.o.t.Context(), "GET", address, nil)
	if err != nil {
		v.o.t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		v.o.t.Fatal(err)
	}
	answer.Body.Close()
	back, ours := strings.CutPrefix(answer.Header.Get("Location"), "http://"+v.o.address)
	if !ours {
		v.o.t.Fatalf("%s leads to %d %q", address, answer.StatusCode, answer.Header.Get("Location"))
	}
	return back
}

// People sign in with the company's accounts: as what their groups may, in this browser, for this sign-in alone. Whatever is wrong with
// the way or with the token is refused, and nobody is signed in.
func TestTheCompanysAccounts(t *testing.T) {
	a := newAcme(t)
	o := open(t)
	o.stop()
	o.write(strings.Replace(o.settings, `console: {listen: "127.0.0.1:0"}`, `console: {listen: "127.0.0.1:0", oidc: {issuer: "`+a.srv.URL+`", client: rowferry, secret: "acme's word", roles: {lookers: viewer, rowferry-admins: admin, movers: operator}}}`, 1))
	o.start()
	if _, page := (&visitor{o: o}).do("GET", "/sign-in?then=%2Ffiles", nil); !strings.Contains(page, `href="/sign-in/company?then=%2ffiles"`) {
		t.Errorf("the company's sign-in is not offered: %s", page)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, v any) func(*idToken) { return func(t *idToken) { t.claims[name] = v } }
	admins := map[string]any{"groups": []string{"staff", "lookers", "rowferry-admins"}, "email": "eve@acme.example"}
	for name, c := range map[string]struct {
		claims map[string]any
		spoil  func(*idToken)
		role   string // "" where the sign-in is refused
		status int
		called string
	}{
		"the highest of several groups":    {admins, nil, "admin", 303, "eve@acme.example"},
		"one group":                        {map[string]any{"groups": []string{"movers"}, "preferred_username": "max"}, nil, "operator", 303, "max"},
		"a group that is one text":         {map[string]any{"groups": "lookers"}, nil, "viewer", 303, "4711"},
		"the name of a user of ours":       {map[string]any{"groups": "lookers", "preferred_username": "ann"}, nil, "viewer", 303, "ann (" + strings.TrimPrefix(a.srv.URL, "http://") + ")"},
		"no group that has a role":         {map[string]any{"groups": []string{"staff"}}, nil, "", 403, ""},
		"no groups at all":                 {map[string]any{}, nil, "", 403, ""},
		"another nonce":                    {admins, claim("nonce", "another"), "", 502, ""},
		"no nonce":                         {admins, func(t *idToken) { delete(t.claims, "nonce") }, "", 502, ""},
		"a token for somebody else":        {admins, claim("aud", "payroll"), "", 502, ""},
		"a token of another provider":      {admins, claim("iss", "https://elsewhere.example"), "", 502, ""},
		"a token that is over":             {admins, claim("exp", time.Now().Add(-time.Hour).Unix()), "", 502, ""},
		"a token that another key signed":  {admins, func(t *idToken) { t.key = other }, "", 502, ""},
		"a token that nobody signed":       {admins, func(t *idToken) { t.key, t.header["alg"] = nil, "none" }, "", 502, ""},
		"a key that is not the provider's": {admins, func(t *idToken) { t.key, t.header["kid"] = other, "two" }, "", 502, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a.signsInAs(c.claims, c.spoil)
			v := &visitor{o: o}
			back := v.follow(v.leads("/sign-in/company?then=/files"))
			before := v.cookie.Value
			answer, page := v.do("GET", back, nil)
			if answer.StatusCode != c.status {
				t.Fatalf("%d, want %d: %s", answer.StatusCode, c.status, page)
			}
			for _, cookie := range answer.Cookies() {
				v.cookie = cookie
			}
			if c.role == "" {
				if answer, _ := v.do("GET", "/api/v1/me", nil); answer.StatusCode != 401 {
					t.Errorf("somebody is signed in: %d", answer.StatusCode)
				}
				return
			}
			if answer.Header.Get("Location") != "/files" || v.cookie.Value == before || !v.cookie.Secure || !v.cookie.HttpOnly || v.cookie.SameSite != http.SameSiteLaxMode {
				t.Errorf("leads to %q with %v", answer.Header.Get("Location"), v.cookie)
			}
			var me struct{ Name, Role string }
			if _, text := v.do("GET", "/api/v1/me", nil); json.Unmarshal([]byte(text), &me) != nil || me.Role != c.role || me.Name != c.called {
				t.Errorf("%s is not %s, %s", text, c.called, c.role)
			}
			if answer, page := v.do("GET", back, nil); answer.StatusCode != 400 {
				t.Errorf("the same return is good twice: %d %s", answer.StatusCode, page)
			}
		})
	}
	t.Run("another state", func(t *testing.T) {
		a.signsInAs(admins, nil)
		v := &visitor{o: o}
		back := v.follow(v.leads("/sign-in/company"))
		if answer, _ := v.do("GET", back+"x", nil); answer.StatusCode != 400 {
			t.Errorf("%d", answer.StatusCode)
		}
	})
	t.Run("another browser", func(t *testing.T) {
		a.signsInAs(admins, nil)
		v, eve := &visitor{o: o}, &visitor{o: o}
		back := v.follow(v.leads("/sign-in/company"))
		eve.leads("/sign-in/company")
		for _, there := range []*visitor{{o: o}, eve} {
			if answer, _ := there.do("GET", back, nil); answer.StatusCode != 400 {
				t.Errorf("%d", answer.StatusCode)
			}
		}
	})
	t.Run("the code of another sign-in", func(t *testing.T) {
		a.signsInAs(admins, nil)
		v, eve := &visitor{o: o}, &visitor{o: o}
		stolen, _ := url.Parse(v.follow(v.leads("/sign-in/company")))
		mine, _ := url.Parse(eve.follow(eve.leads("/sign-in/company")))
		q := mine.Query()
		q.Set("code", stolen.Query().Get("code"))
		if answer, _ := eve.do("GET", mine.Path+"?"+q.Encode(), nil); answer.StatusCode != 502 { // its challenge is another
			t.Errorf("%d", answer.StatusCode)
		}
	})
	t.Run("the provider refuses", func(t *testing.T) {
		v := &visitor{o: o}
		back, _ := url.Parse(v.follow(v.leads("/sign-in/company")))
		if answer, page := v.do("GET", back.Path+"?error=access_denied&state="+url.QueryEscape(back.Query().Get("state")), nil); answer.StatusCode != 403 || !strings.Contains(page, "did not let you in") {
			t.Errorf("%d %s", answer.StatusCode, page)
		}
	})
	for _, asked := range a.seen {
		if asked.redirect != "http://"+o.address+"/sign-in/oidc" || asked.scope != "openid email" || len(asked.challenge) != 43 {
			t.Errorf("asked %+v", asked)
		}
	}
	var list struct {
		Acts []struct{ By, Verb string }
	}
	if o.get("olga", "/api/v1/audit?verb=sign-in&by=eve@acme.example", &list); len(list.Acts) != 1 {
		t.Errorf("audit: %+v", list)
	}
	// signed in, and then the company's sign-in is taken out of the configuration: nobody of theirs stays
	a.signsInAs(admins, nil)
	v := &visitor{o: o}
	answer, _ := v.do("GET", v.follow(v.leads("/sign-in/company")), nil)
	v.cookie = answer.Cookies()[0]
	if answer, _ := v.do("GET", "/people", nil); answer.StatusCode != 200 {
		t.Fatalf("%d", answer.StatusCode)
	}
	o.stop()
	o.write(o.settings)
	o.start()
	if answer, _ := v.do("GET", "/people", nil); answer.StatusCode == 200 {
		t.Error("somebody of the company is still signed in")
	}
}
