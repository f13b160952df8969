package console

import (
	"cmp"
	"encoding/json"
	"iter"
	"net/http"
	"slices"

	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/doctor"
)

// trying is what the doctor finds at one partner, each step when it has been tried.
type trying struct {
	Name  string // of the partner; "" is this machine
	Steps iter.Seq[doctor.Finding]
	Bad   int // steps that did not go well, so far
}

// diagnose begins to try a partner, with the folders of the routes that a person may know of. It is written into the audit
// list, for files are written at the partner's and removed again.
func (c *Console) diagnose(w http.ResponseWriter, r *http.Request, p *people.Person) (*trying, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	t := &trying{Name: r.FormValue("partner")}
	routes := c.routesOf(p)
	here := func(route string) bool {
		in := c.cfg.Routes[route]
		return slices.Contains([]string{in.Inbox.SFTP, in.Outbox.SFTP, in.Preview.SFTP}, t.Name)
	}
	if !slices.ContainsFunc(routes, here) {
		return nil, ledger.ErrNotFound
	}
	if err := c.act(r, p, ledger.Act{Verb: "doctor", About: cmp.Or(t.Name, "localhost")}); err != nil {
		return nil, err
	}
	found := doctor.Folders(c.cfg, routes, c.language(r))
	if t.Name != "" {
		found = doctor.Partner(r.Context(), c.cfg, t.Name, routes, c.language(r))
	}
	out := http.NewResponseController(w)
	t.Steps = func(yield func(doctor.Finding) bool) {
		_ = out.Flush()
		for one := range found {
			if !one.Good {
				t.Bad++
			}
			if !yield(one) {
				return
			}
			_ = out.Flush() // who asked has gone: the next write says so
		}
	}
	return t, nil
}

// doctorPage shows the steps as they are tried: the page is written as far as they have come.
func (c *Console) doctorPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	t, err := c.diagnose(w, r, p)
	if err != nil {
		return err
	}
	v := c.view(r, "console.doctor", t)
	v.Path, v.Section = "/partners", "partners" // where a reload or another language leads: trying again is asked for anew
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(v.Lang))
	if err := pages()["doctor"].ExecuteTemplate(w, "layout", v); err != nil && r.Context().Err() == nil {
		c.log.Error("console: page", "page", "doctor", "error", err)
	}
	return nil
}

// apiDoctor gives the steps as they are tried, one a line.
func (c *Console) apiDoctor(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	t, err := c.diagnose(w, r, p)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	for one := range t.Steps {
		if out.Encode(one) != nil {
			break // who asked has gone
		}
	}
	return nil
}
