package console

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/pipeline/check"
)

// A drop is a file that somebody uploaded to see what would become of it. It lies in the drops folder under an id that nobody
// guesses, with what is known of it beside it, until it is sent or discarded, or a day is over.
type drop struct {
	ID      string        `json:"-"`
	Route   string        `json:"route"`
	Name    string        `json:"name"`
	By      string        `json:"by"`
	Finding check.Finding `json:"finding"`
	Wish    *wish         `json:"wish,omitempty"` // of a sample for a first route
	Sent    string        `json:"sent,omitempty"` // the file that it became; only this is kept of it then
}

// keepDrops is how long a drop that nobody decided about is kept.
const keepDrops = 24 * time.Hour

var dropPattern = patterns.New(`^[0-9a-f]{32}$`)

// keep writes content into the drops folder and returns its path.
func (c *Console) keep(content io.Reader) (string, error) {
	if err := errors.Join(os.MkdirAll(c.drops, 0o700), c.sweepDrops()); err != nil {
		return "", err
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return "", err
	}
	path := filepath.Join(c.drops, hex.EncodeToString(id))
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, content)
	if err = errors.Join(err, out.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// newDrop keeps an uploaded file and finds out what would become of it.
func (c *Console) newDrop(ctx context.Context, p *people.Person, route, name string, content io.Reader) (*drop, error) {
	path, err := c.keep(content)
	if err != nil {
		return nil, err
	}
	finding, err := c.checkPath(ctx, c.engine.Routes[route], path, name)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	d := &drop{ID: filepath.Base(path), Route: route, Name: name, By: p.Name, Finding: *finding}
	if err := c.note(d); err != nil {
		return nil, errors.Join(err, c.discard(d.ID))
	}
	return d, nil
}

// note writes down what is known of a drop.
func (c *Console) note(d *drop) error {
	about, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.drops, d.ID+".json"), about, 0o600)
}

// drop finds one of a person's drops; ledger.ErrNotFound.
func (c *Console) drop(p *people.Person, id string) (*drop, error) {
	if !dropPattern.MatchString(id) {
		return nil, ledger.ErrNotFound
	}
	about, err := os.ReadFile(filepath.Join(c.drops, id+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ledger.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	d := &drop{}
	if err := json.Unmarshal(about, d); err != nil {
		return nil, err
	}
	if d.ID = id; d.By != p.Name || d.Wish == nil && !p.Sees(d.Route) {
		return nil, ledger.ErrNotFound
	}
	return d, nil
}

func (c *Console) discard(id string) error {
	var all []error
	for _, path := range []string{filepath.Join(c.drops, id), filepath.Join(c.drops, id+".json"), filepath.Join(c.drops, id+".yaml")} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// sweepDrops removes what nobody decided about.
func (c *Console) sweepDrops() error {
	left, err := os.ReadDir(c.drops)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range left {
		if info, wrong := e.Info(); wrong == nil && time.Since(info.ModTime()) > keepDrops {
			if gone := os.Remove(filepath.Join(c.drops, e.Name())); !errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
	}
	return err
}

// dropPage is where a file is chosen.
func (c *Console) dropPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	return c.render(w, r, http.StatusOK, "drop", c.view(r, "console.drop", struct {
		Routes []string
		Route  string
	}{c.routesOf(p), r.URL.Query().Get("route")}))
}

// dropped takes the form of the drop page: the file is looked at, and nothing of it is sent.
func (c *Console) dropped(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return refused(http.StatusBadRequest, "form", "console.form")
	}
	route := ""
	for {
		part, err := parts.NextPart()
		if err != nil {
			return refused(http.StatusUnprocessableEntity, "no-file", "console.drop.no_file")
		}
		switch part.FormName() {
		case "route":
			text, _ := io.ReadAll(io.LimitReader(part, 200))
			route = string(text)
		case "file":
			if c.engine.Routes[route] == nil || !p.Sees(route) {
				return refused(http.StatusNotFound, "no-route", "console.no_route", "route", route)
			}
			if part.FileName() == "" {
				return refused(http.StatusUnprocessableEntity, "no-file", "console.drop.no_file")
			}
			d, err := c.newDrop(r.Context(), p, route, part.FileName(), part)
			if err != nil {
				return err
			}
			if err := alone(parts); err != nil {
				return errors.Join(err, c.discard(d.ID))
			}
			return redirected(w, r, "/drop/"+d.ID)
		}
	}
}

// alone reads a form to its end; its error is that more files came with the first: whoever is shown one would take all for sent.
func alone(parts *multipart.Reader) error {
	more := 0
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF) && more > 0:
			return refused(http.StatusUnprocessableEntity, "several", "console.drop.several", "files", more+1)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return refused(http.StatusUnprocessableEntity, "no-file", "console.drop.no_file")
		case part.FileName() != "":
			more++
		}
	}
}

// dropShown says what would become of a drop.
func (c *Console) dropShown(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	d, err := c.drop(p, r.PathValue("id"))
	if err != nil {
		return err
	}
	if d.Sent != "" {
		return redirected(w, r, "/files/"+d.Sent)
	}
	return c.render(w, r, http.StatusOK, "dropped", c.view(r, "console.drop", d))
}

// dropDecided sends a drop, or discards it.
func (c *Console) dropDecided(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	d, err := c.drop(p, r.PathValue("id"))
	if err != nil {
		return err
	}
	if d.Sent != "" {
		return redirected(w, r, "/files/"+d.Sent)
	}
	if r.PostFormValue("do") != "send" {
		if err := c.discard(d.ID); err != nil {
			return err
		}
		return redirected(w, r, "/drop?route="+d.Route)
	}
	content, err := os.Open(filepath.Join(c.drops, d.ID))
	if err != nil {
		return err
	}
	defer content.Close()
	f, err := c.engine.Upload(r.Context(), d.Route, d.Name, content)
	if err != nil {
		return err // it can be sent again
	}
	err = c.act(r, p, ledger.Act{Verb: "drop", File: f.ID, Name: f.Name, Route: d.Route, Rows: d.Finding.Rows})
	become := drop{ID: d.ID, Route: d.Route, Name: d.Name, By: d.By, Sent: f.ID}
	if err = errors.Join(err, c.discard(d.ID), c.note(&become)); err != nil {
		return err
	}
	return redirected(w, r, "/files/"+f.ID)
}
