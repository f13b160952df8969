package console

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/rowferry/rowferry/console/people"
)

// shownSession is a browser in which somebody has signed in.
type shownSession struct {
	ID          string // its key in the register: the hash of its token
	Name        string
	From, Agent string
	Since, Seen time.Time
	Mine        bool // of who looks
}

// open lists the sessions of people who are still there, by name.
func (c *Console) open(ctx context.Context, users []people.User) ([]shownSession, error) {
	found, err := c.books.Entries(ctx, sessionKey)
	if err != nil {
		return nil, err
	}
	mine := c.sessions.GetString(ctx, "since")
	var all []shownSession
	for key, text := range found {
		var kept session
		if json.Unmarshal([]byte(text), &kept) != nil || kept.Ended || kept.Expiry.Before(time.Now()) {
			continue
		}
		deadline, values, err := c.sessions.Codec.Decode(kept.Data)
		if err != nil {
			continue // of another release: whoever has it signs in again
		}
		fact := func(name string) string { text, _ := values[name].(string); return text }
		s := shownSession{ID: key[len(sessionKey):], Name: fact("user"), From: fact("from"), Agent: fact("agent"), Mine: mine != "" && fact("since") == mine}
		if s.Since, err = time.Parse(time.RFC3339Nano, fact("since")); err != nil {
			continue // nobody has signed in
		}
		if s.Seen = kept.Expiry.Add(-c.sessions.IdleTimeout); kept.Expiry.Equal(deadline) {
			s.Seen = time.Time{} // in its last hours only its end is known
		}
		var person people.Person
		if json.Unmarshal([]byte(fact("company")), &person) == nil {
			s.Name = person.Name
		} else if !slices.ContainsFunc(users, func(u people.User) bool { return u.Name == s.Name && u.Hash == fact("hash") }) {
			continue
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(x, y shownSession) int { return cmp.Or(cmp.Compare(x.Name, y.Name), y.Since.Compare(x.Since)) })
	return all, nil
}

// endSession ends one of them; people.ErrNobody where there is no such session.
func (c *Console) endSession(r *http.Request, id string) (name string, err error) {
	users, err := c.people.Users(r.Context())
	if err != nil {
		return "", err
	}
	all, err := c.open(r.Context(), users)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(s shownSession) bool { return s.ID == id })
	if i < 0 {
		return "", people.ErrNobody
	}
	if all[i].Mine {
		return all[i].Name, c.sessions.Destroy(r.Context())
	}
	return all[i].Name, c.store.DeleteCtx(r.Context(), id)
}
