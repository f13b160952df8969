package console

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/words"
)

// isAPI reports whether a program asks, that wants JSON.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// trouble is a problem document (RFC 9457) with our stable word for the reason.
type trouble struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Reason string `json:"reason"`
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // who asked has gone
}

// problem answers with what is wrong: as a page, or as a problem document.
func (c *Console) problem(w http.ResponseWriter, r *http.Request, status int, reason, key string, args ...any) {
	c.refuse(w, r, status, reason, words.Of(c.language(r), key, args...))
}

func (c *Console) refuse(w http.ResponseWriter, r *http.Request, status int, reason, text string) {
	if status == http.StatusUnauthorized && isAPI(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="rowferry"`)
	}
	if isAPI(r) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(trouble{http.StatusText(status), status, text, reason})
		return
	}
	c.render(w, r, status, "problem", c.view(r, "console.title.problem", text))
}

// broken answers that something of ours failed; what it was is in the log. Whoever has gone, or waited until the console ended, is
// cut off: half an answer must not look like a whole one.
func (c *Console) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	c.log.Error("console", "path", r.URL.Path, "error", err)
	c.problem(w, r, http.StatusInternalServerError, "internal", "console.internal")
}

// fail answers an error: refusals with their reason, what is not there with 404, anything else as our trouble.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	no, refused := desk.RefusalOf(err)
	bad, filter := errors.AsType[*badFilter](err)
	switch {
	case filter && bad.name == "since":
		c.problem(w, r, http.StatusUnprocessableEntity, "since", "console.api.since")
	case filter:
		c.problem(w, r, http.StatusUnprocessableEntity, bad.name, "console.api.filter", "name", bad.name, "value", bad.value)
	case refused:
		c.refuse(w, r, statusOf(no.Reason), string(no.Reason), no.Say(c.language(r)))
	case errors.Is(err, ledger.ErrNotFound):
		c.problem(w, r, http.StatusNotFound, "not-found", "console.not_found")
	default:
		c.broken(w, r, err)
	}
}

func statusOf(reason desk.Reason) int {
	switch reason {
	case desk.NoFile, desk.Ambiguous, desk.EmptyID:
		return http.StatusNotFound
	case desk.NoOutcome, desk.NoOutcomes, desk.NotAgain, desk.NoVerb:
		return http.StatusUnprocessableEntity
	}
	return http.StatusConflict
}

// handler is a page or an endpoint for somebody who is known.
type handler func(w http.ResponseWriter, r *http.Request, p *people.Person)

// may lets those in whose role includes least.
func (c *Console) may(least people.Role, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := who(r)
		if p == nil {
			c.stranger(w, r)
			return
		}
		if !p.Role.May(least) {
			c.problem(w, r, http.StatusForbidden, "role", "console.not_allowed", "role", words.Of(c.language(r), "console.role."+string(least)))
			return
		}
		h(w, r, p)
	}
}

// stranger tells somebody who is not known how to become so.
func (c *Console) stranger(w http.ResponseWriter, r *http.Request) {
	none, err := c.nobody(r.Context())
	switch {
	case err != nil:
		c.broken(w, r, err)
	case none && net.ParseIP(c.address(r)).IsLoopback():
		c.problem(w, r, http.StatusForbidden, "no-users", "console.no_users")
	case none:
		c.problem(w, r, http.StatusForbidden, "no-users", "console.no_users.remote")
	case isAPI(r):
		c.problem(w, r, http.StatusUnauthorized, "sign-in", "console.api.sign_in")
	default:
		to := "/sign-in"
		if r.Method == http.MethodGet && r.URL.Path != "/" {
			to += "?then=" + url.QueryEscape(r.URL.RequestURI())
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// language is that of whoever asks: chosen, or by the browser, or the configuration's.
func (c *Console) language(r *http.Request) batch.Language {
	if cookie, err := r.Cookie("lang"); err == nil {
		for _, l := range batch.Languages() {
			if cookie.Value == string(l) {
				return l
			}
		}
	}
	return preferred(r.Header.Get("Accept-Language"), c.cfg.Language)
}
