package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/proposal"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// A first route is made of a sample: it is proposed, a person changes the text, and sees what the sample then becomes. Sample and
// text lie in the drops folder.

// choice is an operation that a route can have.
type choice struct {
	Value, Title string
}

func choices(l batch.Language) ([]choice, error) {
	all, err := providers.Builtin()
	if err != nil {
		return nil, err
	}
	var out []choice
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			out = append(out, choice{name + "/" + op.ID, name + " · " + op.ID + " · " + op.Title.In(l)})
		}
	}
	return out, nil
}

func (c *Console) newPage(w http.ResponseWriter, r *http.Request, _ *people.Person) {
	all, err := choices(c.language(r))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.render(w, r, http.StatusOK, "new", c.view(r, "console.new", all))
}

var routeName = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

// newSample takes a sample, the operation and the route's name, and proposes.
func (c *Console) newSample(w http.ResponseWriter, r *http.Request, p *people.Person) {
	parts, err := r.MultipartReader()
	if err != nil {
		c.problem(w, r, http.StatusBadRequest, "form", "console.form")
		return
	}
	fields := map[string]string{}
	for {
		part, err := parts.NextPart()
		if err != nil {
			c.problem(w, r, http.StatusUnprocessableEntity, "no-file", "console.drop.no_file")
			return
		}
		if part.FormName() != "sample" {
			text, _ := io.ReadAll(io.LimitReader(part, 200))
			fields[part.FormName()] = string(text)
			continue
		}
		if !routeName.MatchString(fields["route"]) || part.FileName() == "" {
			c.problem(w, r, http.StatusUnprocessableEntity, "route", "console.new.name")
			return
		}
		id, err := c.propose(r.Context(), p, fields["operation"], fields["route"], part.FileName(), part, c.language(r))
		if unreadable, told := errors.AsType[*batch.Unreadable](err); told {
			c.refuse(w, r, http.StatusUnprocessableEntity, "sample", words.Say(c.language(r), unreadable.Message))
			return
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		http.Redirect(w, r, "/new/"+id, http.StatusSeeOther)
		return
	}
}

// propose keeps a sample and writes the text of a configuration for it.
func (c *Console) propose(ctx context.Context, who *people.Person, operation, route, name string, content io.Reader, l batch.Language) (string, error) {
	provider, id, _ := strings.Cut(operation, "/")
	all, err := providers.Builtin()
	if err != nil {
		return "", err
	}
	if all[provider] == nil {
		return "", ledger.ErrNotFound
	}
	op, known := all[provider].Operation(id)
	if !known {
		return "", ledger.ErrNotFound
	}
	path, err := c.keep(content)
	if err != nil {
		return "", err
	}
	found, err := proposal.Propose(ctx, proposal.Settings{Operation: op, Provider: provider, Account: provider, Route: route, Language: l}, path, name)
	if err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	d := &drop{ID: filepath.Base(path), Route: route, Name: name, By: who.Name}
	return d.ID, errors.Join(c.note(d), os.WriteFile(path+".yaml", found.Config(), 0o600))
}

// trial is a configuration's text and what its sample becomes.
type trial struct {
	*drop
	Text     string
	Mistakes string
	Check    *check.Finding
	Payload  string // of the first row that would go
	Folder   string // where it would be written; "" where that is not configured
	Written  bool
}

func (c *Console) try(ctx context.Context, d *drop) (*trial, error) {
	path := filepath.Join(c.drops, d.ID)
	text, err := os.ReadFile(path + ".yaml")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ledger.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	t := &trial{drop: d, Text: string(text), Folder: c.cfg.Console.Routes}
	cfg := configs.Load(path + ".yaml")
	cfg.WithoutSecrets() // it is tried here, and sent with there
	err = pipeline.Check(cfg)
	if wrong, told := errors.AsType[*configs.MistakesError](err); told {
		t.Mistakes = strings.ReplaceAll(wrong.Error(), path+".yaml", d.Route+".yaml")
	}
	routes, err := pipeline.Routes(cfg, d.Route)
	if err != nil || routes[d.Route] == nil {
		if t.Mistakes == "" {
			t.Mistakes = fmt.Sprint(err)
		}
		return t, nil
	}
	first := true
	t.Check, err = check.File(ctx, routes[d.Route], path, d.Name, func(it *batch.Item) {
		if first && it.Sendable() {
			first, t.Payload = false, indented(bytes.Clone(it.Body))
		}
	})
	return t, err
}

func (c *Console) newTrial(w http.ResponseWriter, r *http.Request, p *people.Person) {
	d, err := c.drop(p, r.PathValue("id"))
	var t *trial
	if err == nil {
		t, err = c.try(r.Context(), d)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	t.Written = r.URL.Query().Get("written") != ""
	c.render(w, r, http.StatusOK, "trial", c.view(r, "console.new", t))
}

// newText takes the changed text: to try it, to have it, or to write it where routes are.
func (c *Console) newText(w http.ResponseWriter, r *http.Request, p *people.Person) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	d, err := c.drop(p, r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	text := []byte(strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n"))
	if err := os.WriteFile(filepath.Join(c.drops, d.ID+".yaml"), text, 0o600); err != nil {
		c.fail(w, r, err)
		return
	}
	switch r.PostFormValue("do") {
	case "get":
		attach(w, d.Route+".yaml", "application/yaml")
		_, _ = w.Write(text)
		return
	case "write":
		if err := c.writeRoute(d.Route, text); err != nil {
			c.refuse(w, r, http.StatusConflict, "route-file", err.Error())
			return
		}
		err := c.act(r, p, ledger.Act{Verb: "route", Route: d.Route, About: d.Route})
		if err == nil {
			err = c.adopt(r.Context(), p, c.address(r), d.Route)
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		http.Redirect(w, r, "/new/"+d.ID+"?written=1", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/new/"+d.ID, http.StatusSeeOther)
}

// writeRoute writes a configuration's text where routes are, never over another.
func (c *Console) writeRoute(name string, text []byte) error {
	if c.cfg.Console.Routes == "" {
		return errors.New("console.routes names no folder")
	}
	if err := os.MkdirAll(c.cfg.Console.Routes, 0o750); err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(c.cfg.Console.Routes, name+".yaml"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return errors.Join(err, out.Sync(), out.Close())
}

// adopt has the service take up the configuration where that has the new route.
func (c *Console) adopt(ctx context.Context, p *people.Person, from, route string) error {
	if _, included := configs.Load(c.cfg.Path).Routes[route]; !included {
		return nil
	}
	_, err := c.desk.Orders.Order(ctx, ledger.Order{Verb: ledger.Reload, By: p.Name, From: from})
	return err
}
