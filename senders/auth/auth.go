// Package auth is what the authentication schemes under senders have in common: the interface they implement, what
// they are made of, and templates over credentials.
package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Account is what a scheme is made of.
type Account struct {
	Name        string // of the account
	Scheme      providers.Scheme
	Credentials map[string]configs.Secret
	Sign        *configs.Sign
	Login       string       // generation of the login; "" = the first whose credentials are there
	Server      *url.URL     // where the provider listens; nil where that is not known
	Client      *http.Client // for logins elsewhere: the account's certificates and time limit
	Log         *slog.Logger // nil: none
}

// Has reports whether the account gives a credential, though its value may not be at hand.
func (a Account) Has(name string) bool {
	value, given := a.Credentials[name]
	return given && (value.Withheld() || !value.Empty())
}

// Request is one request that is about to leave.
type Request struct {
	Method   string
	Path     string // with the server's base path
	Encoding string
	Body     []byte
	Session  string
	Header   http.Header // what the scheme adds to; not shared with other requests
}

// A Scheme authenticates the requests of one account. It is safe for concurrent use.
type Scheme interface {
	// Authorize adds the scheme's headers. It is called for every attempt, right before it leaves.
	Authorize(r *Request)

	// Fixed reports whether Authorize adds the same headers every time.
	Fixed() bool
}

// A Keeper is a scheme that has to log in first.
type Keeper interface {
	Scheme

	// Session gives the session, logging in with call when there is none. Concurrent callers share one login.
	Session(ctx context.Context, call Call) (string, error)

	// Renew says that the provider has ended the session old. It reports whether Session can give another one.
	Renew(old string) bool
}

// Call makes one login request, within the account's pace, and gives the complete answer. An error means there is none.
type Call func(ctx context.Context, path, encoding string, body []byte) (providers.Response, error)

// Refused is the error of a login that the provider refused.
type Refused struct {
	Status  int
	Code    string
	Message string // the provider's words
	Missing string // what an answer that refused nothing should have and has not
}

func (r *Refused) Error() string { return "login refused" }

// Unsure is the error of a login whose answer says neither yes nor no: try again later.
type Unsure struct {
	Status int
	Header http.Header
}

func (u *Unsure) Error() string { return "login not answered" }

// A Kind is one way to authenticate.
type Kind struct {
	Check func(Account) []batch.Mistake // everything that is wrong with the account's settings, keys below the account
	New   func(Account) Scheme          // of an account that Check has nothing against
}

// Missing lists the needed credentials that the account does not give.
func Missing(a Account, needs ...string) []batch.Mistake {
	var out []batch.Mistake
	for _, name := range needs {
		if a.Has(name) {
			continue
		}
		variable := strings.ToUpper(strings.ReplaceAll(a.Name, "-", "_") + "_" + name)
		out = append(out, batch.Mistake{Key: "credentials." + name, What: words.Message("sender.credential.missing", "scheme", a.Scheme.Name), Write: words.Example(name + `: "${` + variable + `}"`)})
	}
	return out
}

// Template is text with {placeholders}.
type Template struct {
	parts []part
}

type part struct {
	text string
	hole bool
}

var hole = patterns.New(`\{[A-Za-z_][A-Za-z0-9_.-]*\}`)

// NewTemplate compiles a template. Braces around anything but a word are text.
func NewTemplate(s string) Template {
	var t Template
	last := 0
	for _, at := range hole.FindAllStringIndex(s, -1) {
		if at[0] > last {
			t.parts = append(t.parts, part{text: s[last:at[0]]})
		}
		t.parts = append(t.parts, part{text: s[at[0]+1 : at[1]-1], hole: true})
		last = at[1]
	}
	if last < len(s) {
		t.parts = append(t.parts, part{text: s[last:]})
	}
	return t
}

// Holes lists the names of its placeholders, each once.
func (t Template) Holes() []string {
	var out []string
	for _, p := range t.parts {
		if p.hole && !slices.Contains(out, p.text) {
			out = append(out, p.text)
		}
	}
	return out
}

// Append appends the template filled in.
func (t Template) Append(dst []byte, fill func(dst []byte, name string) []byte) []byte {
	for _, p := range t.parts {
		if p.hole {
			dst = fill(dst, p.text)
		} else {
			dst = append(dst, p.text...)
		}
	}
	return dst
}

// Headers are a scheme's header templates, ordered by name.
type Headers []Header

// Header is one of them.
type Header struct {
	Name     string
	Template Template
}

// CheckHeaders lists the credentials that the scheme's header templates need and the account does not give. extra are the
// placeholders it knows besides credentials.
func CheckHeaders(a Account, extra ...string) []batch.Mistake {
	var needs []string
	for _, h := range NewHeaders(a) {
		needs = append(needs, h.Template.Holes()...)
	}
	return Missing(a, slices.DeleteFunc(needs, func(name string) bool { return slices.Contains(extra, name) })...)
}

// NewHeaders compiles the scheme's header templates.
func NewHeaders(a Account) Headers {
	var out Headers
	for name, text := range a.Scheme.Headers {
		out = append(out, Header{name, NewTemplate(text)})
	}
	slices.SortFunc(out, func(x, y Header) int { return strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)) })
	return out
}

// Authorize puts the header of a scheme. Cookies stand beside those that are there already.
func Authorize(h http.Header, name, value string) {
	if name == "Cookie" {
		value = strings.Join(append(slices.Clone(h[name]), value), "; ")
	}
	Set(h, name, value)
}

// Set puts one header as its name is written in the document.
func Set(h http.Header, name, value string) { h[name] = []string{value} }
