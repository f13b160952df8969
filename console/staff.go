package console

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
)

// The reasons for which a change of who may do what is refused, besides those of the book.
var (
	errSelf  = errors.New("nobody removes themselves")
	errRole  = errors.New("no such role")
	errRoute = errors.New("no such route")
)

// staffRefusals are the reasons as machines and the words know them.
var staffRefusals = map[error]string{people.ErrName: "name", people.ErrPassword: "password", people.ErrThere: "there", people.ErrNobody: "nobody", errSelf: "self", errRole: "role", errRoute: "route"}

// staffRefusal is the word for why a change was refused; "" where err is no refusal.
func staffRefusal(err error) string {
	for known, word := range staffRefusals {
		if errors.Is(err, known) {
			return word
		}
	}
	return ""
}

// staffChange is something that an administrator does about people: user, token, password, remove-user, remove-token, end-session.
type staffChange struct {
	do       string
	name     string // of the user; of a token its name or id; of a session its id
	role     string
	routes   []string
	password string
}

// staff carries a change out and writes it into the audit list. The secret is that of a new token. A refusal is one of staffRefusals.
func (c *Console) staff(r *http.Request, p *people.Person, s staffChange) (secret string, err error) {
	ctx, act := r.Context(), ledger.Act{About: s.name}
	fresh, err := c.granted(s)
	if err != nil {
		return "", err
	}
	switch s.do {
	case "user":
		act.Verb, err = "user", c.people.AddUser(ctx, fresh, s.password, p.Name)
	case "token":
		act.Verb = "token"
		secret, err = c.people.AddToken(ctx, fresh, p.Name)
	case "password":
		act.Verb, err = "user", c.people.SetPassword(ctx, s.name, s.password)
	case "remove-user":
		if act.Verb, err = "remove", errSelf; s.name != p.Name {
			err = c.people.RemoveUser(ctx, s.name)
		}
	case "remove-token":
		act.Verb, err = "remove", c.people.RemoveToken(ctx, s.name)
	case "end-session":
		act.Verb = "end-session"
		act.About, err = c.endSession(r, s.name)
	}
	if err != nil {
		return "", err
	}
	return secret, c.act(r, p, act)
}

// granted is the person whom a change adds; errRole and errRoute where there is no such thing to grant.
func (c *Console) granted(s staffChange) (people.Person, error) {
	fresh := people.Person{Name: s.name, Role: people.Role(s.role), Routes: s.routes}
	if s.do != "user" && s.do != "token" {
		return fresh, nil
	}
	if _, err := people.ParseRole(s.role); err != nil {
		return fresh, errRole
	}
	if slices.ContainsFunc(s.routes, func(name string) bool { _, known := c.cfg.Routes[name]; return !known }) {
		return fresh, errRoute
	}
	return fresh, nil
}

func (c *Console) peoplePage(w http.ResponseWriter, r *http.Request, _ *people.Person) error {
	return c.showPeople(w, r, http.StatusOK, "", "")
}

func (c *Console) showPeople(w http.ResponseWriter, r *http.Request, status int, wrong, secret string) error {
	users, tokens, open, err := c.everybody(r.Context())
	if err != nil {
		return err
	}
	return c.render(w, r, status, "people", c.view(r, "console.people", struct {
		Users         []people.User
		Tokens        []people.Token
		Sessions      []shownSession
		Roles, Routes []string
		Wrong, Secret string
	}{users, tokens, open, configs.Roles(), slices.Sorted(maps.Keys(c.cfg.Routes)), wrong, secret}))
}

func (c *Console) everybody(ctx context.Context) (users []people.User, tokens []people.Token, open []shownSession, err error) {
	if users, err = c.people.Users(ctx); err != nil {
		return nil, nil, nil, err
	}
	if tokens, err = c.people.Tokens(ctx); err != nil {
		return nil, nil, nil, err
	}
	open, err = c.open(ctx, users)
	return users, tokens, open, err
}

// peopleChanged takes the forms of the people page.
func (c *Console) peopleChanged(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	change := staffChange{do: r.PostFormValue("do"), name: r.PostFormValue("name"), role: r.PostFormValue("role"), routes: r.PostForm["routes"], password: r.PostFormValue("password")}
	if !slices.Contains([]string{"user", "token", "password", "remove-user", "remove-token", "end-session"}, change.do) {
		return refused(http.StatusBadRequest, "form", "console.form")
	}
	secret, err := c.staff(r, p, change)
	why := staffRefusal(err)
	switch {
	case why != "":
		return c.showPeople(w, r, staffStatus(why), c.view(r, "", nil).T("console.people."+why), "")
	case err != nil:
		return err
	case secret != "":
		return c.showPeople(w, r, http.StatusOK, "", secret)
	default:
		return redirected(w, r, "/people")
	}
}

func staffStatus(why string) int {
	if why == "self" {
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

// apiGrant is a user or a token as the API tells of it.
type apiGrant struct {
	people.Person
	ID      string    `json:"id,omitempty"` // of a token: the beginning of its hash
	Created time.Time `json:"created"`
	By      string    `json:"by"`
}

// apiSession is a session as the API tells of it.
type apiSession struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	From  string    `json:"from"`
	Agent string    `json:"agent"`
	Since time.Time `json:"since"`
	Seen  time.Time `json:"seen,omitzero"`
}

func (c *Console) apiPeople(w http.ResponseWriter, r *http.Request, _ *people.Person) error {
	users, tokens, open, err := c.everybody(r.Context())
	if err != nil {
		return err
	}
	out := struct {
		Users    []apiGrant   `json:"users"`
		Tokens   []apiGrant   `json:"tokens"`
		Sessions []apiSession `json:"sessions"`
	}{[]apiGrant{}, []apiGrant{}, []apiSession{}}
	for _, u := range users {
		out.Users = append(out.Users, apiGrant{Person: u.Person, Created: u.Created, By: u.By})
	}
	for _, t := range tokens {
		out.Tokens = append(out.Tokens, apiGrant{t.Person, t.ID, t.Created, t.By})
	}
	for _, s := range open {
		out.Sessions = append(out.Sessions, apiSession{s.ID, s.Name, s.From, s.Agent, s.Since, s.Seen})
	}
	return writeJSON(w, http.StatusOK, out)
}

// apiStaff carries a change about people out. What is named in the path counts; the rest is in the body.
func (c *Console) apiStaff(do string) handler {
	return func(w http.ResponseWriter, r *http.Request, p *people.Person) error {
		var body struct {
			people.Person
			Password string `json:"password"`
		}
		if err := readJSON(w, r, &body); err != nil {
			return err
		}
		name := cmp.Or(r.PathValue("name"), body.Name)
		secret, err := c.staff(r, p, staffChange{do, name, string(body.Role), body.Routes, body.Password})
		why := staffRefusal(err)
		switch {
		case why == "nobody":
			return refused(http.StatusNotFound, why, "console.people."+why)
		case why == "there":
			return refused(http.StatusConflict, why, "console.people."+why)
		case why != "":
			return refused(staffStatus(why), why, "console.people."+why)
		case err != nil:
			return err
		case do == "token":
			return writeJSON(w, http.StatusCreated, struct {
				people.Person
				Token string `json:"token"` // shown this once
			}{body.Person, secret})
		case do == "user":
			return writeJSON(w, http.StatusCreated, body.Person)
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// staffEndpoints are what an administrator does about people, for programs.
func (c *Console) staffEndpoints() []endpoint {
	all := []endpoint{{"GET /api/v1/people", people.Admin, c.apiPeople}}
	for pattern, do := range map[string]string{
		"POST /api/v1/people/users": "user", "PUT /api/v1/people/users/{name}/password": "password", "DELETE /api/v1/people/users/{name}": "remove-user",
		"POST /api/v1/people/tokens": "token", "DELETE /api/v1/people/tokens/{name}": "remove-token", "DELETE /api/v1/people/sessions/{name}": "end-session",
	} {
		all = append(all, endpoint{pattern, people.Admin, c.apiStaff(do)})
	}
	return all
}
