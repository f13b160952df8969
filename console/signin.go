package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

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
	case c.forgotten(r):
		c.signInAgain(w, r, http.StatusOK, "", "console.sign_in.forgotten")
	default:
		c.signInAgain(w, r, http.StatusOK, "", "")
	}
}

// forgotten reports whether somebody has just signed in with this browser, which sends no cookie for it.
func (c *Console) forgotten(r *http.Request) bool {
	if _, err := r.Cookie(c.sessions.Cookie.Name); err == nil {
		return false
	}
	users, err := c.people.Users(r.Context())
	if err != nil {
		return false
	}
	all, err := c.open(r.Context(), users)
	return err == nil && slices.ContainsFunc(all, func(s shownSession) bool {
		return s.From == c.address(r) && s.Agent == cut(r.UserAgent(), 200) && time.Since(s.Since) < 10*time.Second
	})
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
	_ = c.render(w, r, status, "sign-in", v)
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
	c.welcome(w, r, &p, map[string]string{"user": u.Name, "hash": u.Hash}, back(r))
}

// welcome begins a session under a new token, and leads to the page that was asked for.
func (c *Console) welcome(w http.ResponseWriter, r *http.Request, p *people.Person, facts map[string]string, then string) {
	err := c.sessions.RenewToken(r.Context())
	if err == nil {
		err = c.act(r, p, ledger.Act{Verb: "sign-in"})
	}
	if err != nil {
		c.broken(w, r, err)
		return
	}
	if facts["company"] != "" { // who may sign in there, and as what, is asked again before long
		c.sessions.SetDeadline(r.Context(), time.Now().Add(companyLasts))
	}
	facts["since"], facts["from"], facts["agent"] = time.Now().UTC().Format(time.RFC3339Nano), c.address(r), cut(r.UserAgent(), 200)
	for k, v := range facts {
		c.sessions.Put(r.Context(), k, v)
	}
	http.Redirect(w, r, then, http.StatusSeeOther)
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
