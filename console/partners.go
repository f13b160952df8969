package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/rowferry/rowferry/console/people"
)

// partner is a server, or this machine, with the places of routes on it.
type partner struct {
	Name   string  `json:"name"` // "": this machine
	Host   string  `json:"host,omitempty"`
	Places []place `json:"places"`
}

// place is where a route's files come from and its results go.
type place struct {
	Route    string    `json:"route"`
	In       string    `json:"inbox"`
	Out      string    `json:"outbox"`
	Looked   time.Time `json:"last_look,omitzero"`
	Next     time.Time `json:"next_look,omitzero"`
	Trouble  string    `json:"trouble,omitempty"`    // why the last look failed; "" when it went well
	Last     string    `json:"last_error,omitempty"` // the last trouble since the service started, also where it is over
	Troubled time.Time `json:"last_error_at,omitzero"`
}

// partners lists the places of the routes that a person sees, by the server they are on. A route whose files come from one and whose results
// go to another is shown with the first.
func (c *Console) partners(p *people.Person) []partner {
	looks := c.engine.Looks()
	byName := map[string][]place{}
	for _, name := range c.routesOf(p) {
		route, look := c.cfg.Routes[name], looks[name]
		at := cmp.Or(route.Inbox.SFTP, route.Outbox.SFTP)
		byName[at] = append(byName[at], place{name, folderAt(route.Inbox.SFTP, route.Inbox.Dir), folderAt(route.Outbox.SFTP, route.Outbox.Dir), look.At, look.Next, look.Trouble, look.Last, look.Troubled})
	}
	all := []partner{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, partner{name, c.cfg.SFTP[name].Host, byName[name]})
	}
	return all
}

// folderAt is where a folder is.
func folderAt(partner, dir string) string {
	if partner == "" {
		return dir
	}
	return partner + ":" + dir
}

func (c *Console) partnersPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	return c.render(w, r, http.StatusOK, "partners", c.view(r, "console.partners", c.partners(p)))
}

func (c *Console) apiPartners(w http.ResponseWriter, _ *http.Request, p *people.Person) error {
	return writeJSON(w, http.StatusOK, map[string]any{"partners": c.partners(p)})
}
