package console

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/mend"
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

// writeJSON answers with a value. It gives no error.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // who asked has gone
	return nil
}

// redirected leads a form to a page. It gives no error.
func redirected(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
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
	_ = c.render(w, r, status, "problem", c.view(r, "console.title.problem", text))
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

// refusal is the error of a request that cannot be as it is: what it is answered with, in our stable word for the reason and in words.
type refusal struct {
	status int
	reason string
	said   batch.Message
}

func (n *refusal) Error() string { return n.reason }

func refused(status int, reason, key string, args ...any) error {
	return &refusal{status, reason, words.Message(key, args...)}
}

// unfit is the refusal of a filter that has no such value.
func unfit(name, value string) error {
	return refused(http.StatusUnprocessableEntity, name, "console.api.filter", "name", name, "value", value)
}

// fail answers an error: refusals with their reason, what is not there with 404, anything else as our trouble.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	no, by := desk.RefusalOf(err)
	own, ours := errors.AsType[*refusal](err)
	unreadable, told := errors.AsType[*batch.Unreadable](err)
	mistakes, mistaken := errors.AsType[*configs.MistakesError](err)
	cell, wrong := errors.AsType[*mend.Wrong](err)
	switch {
	case ours:
		c.refuse(w, r, own.status, own.reason, words.Say(c.language(r), own.said))
	case by:
		c.refuse(w, r, statusOf(no.Reason), string(no.Reason), no.Say(c.language(r)))
	case told:
		c.refuse(w, r, http.StatusUnprocessableEntity, "sample", words.Say(c.language(r), unreadable.Message))
	case mistaken:
		c.refuse(w, r, http.StatusConflict, "mistakes", mistakes.Error())
	case wrong:
		c.problem(w, r, http.StatusUnprocessableEntity, cell.Reason, "console.mend."+cell.Reason, "row", cell.Row, "column", cell.Column)
	case errors.Is(err, pipeline.ErrNoRoute):
		c.problem(w, r, http.StatusConflict, "route-gone", "console.result.no_route")
	case errors.Is(err, pipeline.ErrNotEnded):
		c.problem(w, r, http.StatusConflict, string(desk.NotEnded), "console.result.not_ended")
	case errors.Is(err, ledger.ErrNotFound):
		c.problem(w, r, http.StatusNotFound, "not-found", "console.not_found")
	case errors.Is(err, ledger.ErrCursor):
		c.problem(w, r, http.StatusUnprocessableEntity, "cursor", "console.api.cursor")
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

// handler is a page or an endpoint for somebody who is known. Its error is answered by fail; nothing was written then.
type handler func(w http.ResponseWriter, r *http.Request, p *people.Person) error

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
		if err := h(w, r, p); err != nil {
			c.fail(w, r, err)
		}
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
	case r.Header.Get("HX-Request") == "true": // a part of a page: in the sign-in's page it would find nothing, and show that
		w.Header().Set("HX-Refresh", "true")
		w.WriteHeader(http.StatusUnauthorized)
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
