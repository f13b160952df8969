package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/proposal"
	"github.com/rowferry/rowferry/providers"
)

// A first route is made of a sample: it is proposed, a person decides what fills each field, and sees what the sample then becomes. Sample,
// decisions and text lie in the drops folder.

// choice is an operation that a route can have, with an account of the configuration or a new one.
type choice struct {
	Value, Title string // "account/operation"; of a new account "+provider/operation"
}

// choices lists the operations of the accounts that there are, and those of built-in providers for accounts that there are not.
func (c *Console) choices(l batch.Language) (here, others []choice, err error) {
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Accounts)) {
		if p := c.cfg.ProviderOf(name); p != nil {
			for _, op := range p.Operations {
				here = append(here, choice{name + "/" + op.ID, name + " · " + op.Title.In(l)})
			}
		}
	}
	all, err := providers.Builtin()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, taken := c.cfg.Accounts[name]; taken {
			continue
		}
		for _, op := range all[name].Operations {
			others = append(others, choice{"+" + name + "/" + op.ID, name + " · " + op.Title.In(l)})
		}
	}
	return here, others, nil
}

func (c *Console) newPage(w http.ResponseWriter, r *http.Request, _ *people.Person) error {
	here, others, err := c.choices(c.language(r))
	if err != nil {
		return err
	}
	return c.render(w, r, http.StatusOK, "new", c.view(r, "console.new", struct{ Here, Others []choice }{here, others}))
}

var routeName = patterns.New(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

// newSample takes a sample, the operation and the route's name, and proposes.
func (c *Console) newSample(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return refused(http.StatusBadRequest, "form", "console.form")
	}
	fields := map[string]string{}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return refused(http.StatusUnprocessableEntity, "no-file", "console.drop.no_file")
		}
		if part.FormName() != "sample" {
			text, _ := io.ReadAll(io.LimitReader(part, 200))
			fields[part.FormName()] = string(text)
			continue
		}
		d, err := c.begin(r.Context(), p, fields["operation"], fields["route"], part.FileName(), part, c.language(r))
		if err != nil {
			return err
		}
		return redirected(w, r, "/new/"+d.ID)
	}
}

// wish is what a trial is for, and what a person has decided so far.
type wish struct {
	Operation string                       `json:"operation"` // as a choice names it
	Decided   map[string]proposal.Decision `json:"decided,omitempty"`
	Group     string                       `json:"group,omitempty"`
	ByHand    bool                         `json:"by_hand,omitempty"` // the text was changed, and is no more what the decisions make
}

// begin keeps a sample and writes the first text for it.
func (c *Console) begin(ctx context.Context, who *people.Person, operation, route, name string, content io.Reader, l batch.Language) (*drop, error) {
	_, taken := c.cfg.Routes[route]
	switch {
	case !routeName.MatchString(route) || name == "":
		return nil, refused(http.StatusUnprocessableEntity, "route", "console.new.name")
	case taken:
		return nil, refused(http.StatusUnprocessableEntity, "route", "console.new.there")
	}
	path, err := c.keep(content)
	if err != nil {
		return nil, err
	}
	d := &drop{ID: filepath.Base(path), Route: route, Name: name, By: who.Name, Wish: &wish{Operation: operation}}
	if err := c.rewrite(ctx, d, l); err != nil {
		return nil, errors.Join(err, c.discard(d.ID))
	}
	return d, nil
}

// propose is what the decisions of a trial make of its sample.
func (c *Console) propose(ctx context.Context, d *drop, l batch.Language) (*proposal.Proposal, error) {
	account, id, _ := strings.Cut(d.Wish.Operation, "/")
	account, fresh := strings.CutPrefix(account, "+")
	provider, name := c.cfg.ProviderOf(account), c.cfg.Accounts[account].Provider
	if fresh {
		all, err := providers.Builtin()
		if err != nil {
			return nil, err
		}
		provider, name = all[account], account
	}
	if provider == nil {
		return nil, ledger.ErrNotFound
	}
	op, known := provider.Operation(id)
	if !known {
		return nil, ledger.ErrNotFound
	}
	set := proposal.Settings{Operation: op, Provider: name, Account: account, Route: d.Route, Language: l, Decided: d.Wish.Decided, GroupBy: d.Wish.Group, Part: true, Known: !fresh}
	return proposal.Propose(ctx, set, filepath.Join(c.drops, d.ID), d.Name)
}

// rewrite makes the text of a trial anew from its decisions.
func (c *Console) rewrite(ctx context.Context, d *drop, l batch.Language) error {
	p, err := c.propose(ctx, d, l)
	if err != nil {
		return err
	}
	d.Wish.ByHand = false
	return c.putText(d, p.Config())
}

func (c *Console) putText(d *drop, text []byte) error {
	return errors.Join(os.WriteFile(filepath.Join(c.drops, d.ID+".yaml"), text, 0o600), c.note(d))
}

// trialField is a field of the operation and what fills it.
type trialField struct {
	Path     string          `json:"path"`
	Label    string          `json:"label"`
	Help     string          `json:"help,omitempty"`
	Required bool            `json:"required,omitempty"`
	Heading  string          `json:"heading,omitempty"` // of the column that fills it
	Value    string          `json:"value,omitempty"`   // a constant that fills it
	Surety   proposal.Surety `json:"surety"`
	Near     int             `json:"near,omitempty"` // per cent of a near spelling
	Offered  string          `json:"offered,omitempty"`
	Samples  []string        `json:"samples,omitempty"` // values of the column
}

// trial is a configuration's text and what its sample becomes.
type trial struct {
	Wish     *wish          `json:"-"`
	Sample   string         `json:"-"` // name of the file
	ID       string         `json:"id"`
	Route    string         `json:"route"`
	Text     string         `json:"text"`
	Mistakes []string       `json:"mistakes"`
	Fields   []trialField   `json:"fields"`
	Headings []string       `json:"headings"`
	Group    string         `json:"group,omitempty"` // heading of the column whose equal values make rows one request; where the operation needs one
	Groups   bool           `json:"-"`
	Check    *check.Finding `json:"check,omitempty"`
	Row      int            `json:"row,omitempty"` // the first that would go, and what the provider would get for it
	Payload  string         `json:"payload,omitempty"`
	Folder   string         `json:"-"` // where it would be written; "" where that is not configured
	Written  bool           `json:"written,omitempty"`
	Taken    bool           `json:"taken_up,omitempty"` // the service was told to take it up
}

// try says what a trial's text makes of its sample, as a part of the configuration that is served.
func (c *Console) try(ctx context.Context, d *drop, l batch.Language) (*trial, error) {
	path := filepath.Join(c.drops, d.ID)
	text, err := os.ReadFile(path + ".yaml")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ledger.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	p, err := c.propose(ctx, d, l)
	if err != nil {
		return nil, err
	}
	t := &trial{Wish: d.Wish, Sample: d.Name, ID: d.ID, Route: d.Route, Text: string(text), Mistakes: []string{}, Folder: c.cfg.Console.Routes, Headings: p.Headings(), Group: p.Group, Groups: p.Group != ""}
	if p.Grouped == proposal.None {
		t.Group = ""
	}
	for _, f := range p.Fields {
		t.Fields = append(t.Fields, fieldOf(p, f, l))
	}
	cfg := configs.LoadWith(c.cfg.Path, path+".yaml")
	cfg.WithoutSecrets() // it is tried here, and sent with there
	cfg.Language = l
	t.Mistakes = append(t.Mistakes, mistakesIn(pipeline.Check(cfg), d)...)
	routes, err := pipeline.Routes(cfg, d.Route)
	if err != nil || routes[d.Route] == nil {
		if len(t.Mistakes) == 0 {
			t.Mistakes = append(t.Mistakes, fmt.Sprint(err))
		}
		return t, nil
	}
	t.Check, err = check.File(ctx, routes[d.Route], path, d.Name, func(it *batch.Item) {
		if t.Row == 0 && it.Sendable() {
			t.Row, t.Payload = it.Rows[0], indented(slices.Clone(it.Body))
		}
	})
	return t, err
}

// mistakesIn are those of a trial's own text, under the name that it will have.
func mistakesIn(err error, d *drop) (lines []string) {
	wrong, _ := errors.AsType[*configs.MistakesError](err)
	if wrong == nil {
		return nil
	}
	for _, m := range wrong.Mistakes {
		if filepath.Base(m.File) == d.ID+".yaml" {
			m.File = d.Route + ".yaml"
			lines = append(lines, m.String())
		}
	}
	return lines
}

// mostSamples is how many values of a column are shown.
const mostSamples = 3

func fieldOf(p *proposal.Proposal, f *proposal.Field, l batch.Language) trialField {
	out := trialField{Path: f.Path, Label: cmp.Or(f.Label.In(l), f.Path), Help: f.Help.In(l), Required: f.Required, Surety: f.Surety}
	if f.Map != nil && f.Map.Value != nil {
		out.Value = *f.Map.Value
	}
	if f.Column < 0 {
		return out
	}
	heading := p.Headings()[f.Column]
	out.Samples = p.Values(f.Column, mostSamples)
	if f.Surety == proposal.Check || f.Surety == proposal.Perhaps {
		out.Near = int(100 * f.Score)
	}
	if f.Surety == proposal.Perhaps {
		out.Offered = heading
		return out
	}
	out.Heading = heading
	return out
}

func (c *Console) newTrial(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	d, err := c.trialOf(r, p)
	if err != nil {
		return err
	}
	return c.showTrial(w, r, d, func(*trial) {})
}

func (c *Console) showTrial(w http.ResponseWriter, r *http.Request, d *drop, mark func(*trial)) error {
	t, err := c.try(r.Context(), d, c.language(r))
	if err != nil {
		return err
	}
	mark(t)
	v := c.view(r, "console.new", t)
	v.Path = "/new/" + d.ID
	return c.render(w, r, http.StatusOK, "trial", v)
}

// constant is what the form says for a field that a column does not fill but a text.
const constant = "="

// newText takes what a person decided, or the changed text: to try it, to have it, or to write it where routes are.
func (c *Console) newText(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	d, err := c.trialOf(r, p)
	if err == nil {
		err = c.decided(r, d)
	}
	if err != nil {
		return err
	}
	switch r.PostFormValue("do") {
	case "get":
		return c.giveText(w, d)
	case "write":
		taken, err := c.write(r, p, d)
		if err != nil {
			return err
		}
		return c.showTrial(w, r, d, func(t *trial) { t.Written, t.Taken = true, taken }) // at once: the console, too, makes room for the one with the new route
	case "discard":
		if err := c.discard(d.ID); err != nil {
			return err
		}
		return redirected(w, r, "/new")
	default:
		return redirected(w, r, "/new/"+d.ID)
	}
}

func (c *Console) giveText(w http.ResponseWriter, d *drop) error {
	text, err := os.ReadFile(filepath.Join(c.drops, d.ID+".yaml"))
	if err != nil {
		return err
	}
	attach(w, d.Route+".yaml", "application/yaml")
	_, _ = w.Write(text)
	return nil
}

// decided keeps what a form says: of the fields, or the text as it was changed by hand.
func (c *Console) decided(r *http.Request, d *drop) error {
	if err := r.ParseForm(); err != nil {
		return refused(http.StatusUnprocessableEntity, "form", "console.form")
	}
	if text, by := r.PostForm["text"]; by {
		return c.byHand(d, text[0])
	}
	if !r.PostForm.Has("fields") {
		return nil
	}
	shown, err := c.propose(r.Context(), d, c.language(r))
	if err != nil {
		return err
	}
	w := d.Wish
	if w.Decided == nil {
		w.Decided = map[string]proposal.Decision{}
	}
	for _, f := range shown.Fields {
		picked, said := r.PostForm["from:"+f.Path]
		if !said {
			continue
		}
		want := proposal.Decision{Heading: picked[0]}
		if picked[0] == constant {
			want = proposal.Decision{Value: r.PostForm.Get("value:" + f.Path)}
		}
		if now := fieldOf(shown, f, batch.English); want != (proposal.Decision{Heading: now.Heading, Value: now.Value}) {
			w.Decided[f.Path] = want
		}
	}
	if group := r.PostForm.Get("group"); group != "" && group != shown.Group {
		w.Group = group
	}
	return c.rewrite(r.Context(), d, c.language(r))
}

// byHand keeps a text that somebody changed.
func (c *Console) byHand(d *drop, text string) error {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	before, err := os.ReadFile(filepath.Join(c.drops, d.ID+".yaml"))
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == strings.TrimSpace(string(before)) {
		return nil
	}
	d.Wish.ByHand = true
	return c.putText(d, []byte(text))
}

// write writes a trial's text where routes are and, where the configuration includes that, has the service take it up. A text with which
// the configuration would have mistakes is not left there.
func (c *Console) write(r *http.Request, p *people.Person, d *drop) (taken bool, err error) {
	text, err := os.ReadFile(filepath.Join(c.drops, d.ID+".yaml"))
	if err != nil {
		return false, err
	}
	path, err := c.writeRoute(d.Route, text)
	if err != nil {
		return false, err
	}
	cfg := configs.Load(c.cfg.Path)
	_, included := cfg.Routes[d.Route]
	if included {
		if err := pipeline.Check(cfg); err != nil {
			return false, errors.Join(err, os.Remove(path))
		}
	}
	if err := c.act(r, p, ledger.Act{Verb: "route", Route: d.Route, About: d.Route}); err != nil || !included {
		return false, err
	}
	_, err = c.desk.Orders.Order(r.Context(), ledger.Order{Verb: ledger.Reload, By: p.Name, From: c.address(r)})
	return err == nil, err
}

// writeRoute writes a configuration's text where routes are, never over another.
func (c *Console) writeRoute(name string, text []byte) (path string, err error) {
	if c.cfg.Console.Routes == "" {
		return "", refused(http.StatusUnprocessableEntity, "no-folder", "console.new.no_folder")
	}
	if err := os.MkdirAll(c.cfg.Console.Routes, 0o750); err != nil {
		return "", err
	}
	path = filepath.Join(c.cfg.Console.Routes, name+".yaml")
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return "", refused(http.StatusUnprocessableEntity, "route", "console.new.there")
	}
	if err != nil {
		return "", err
	}
	_, err = out.Write(text)
	return path, errors.Join(err, out.Sync(), out.Close())
}

// trialEndpoints make a first route for programs.
func (c *Console) trialEndpoints() []endpoint {
	return []endpoint{
		{"POST /api/v1/proposals", people.Admin, c.apiPropose},
		{"GET /api/v1/proposals/{id}", people.Admin, c.ofTrial(func(w http.ResponseWriter, r *http.Request, _ *people.Person, d *drop) error {
			return c.tellTrial(w, r, d, http.StatusOK, nil)
		})},
		{"PUT /api/v1/proposals/{id}", people.Admin, c.ofTrial(c.apiDecide)},
		{"POST /api/v1/proposals/{id}/write", people.Admin, c.ofTrial(func(w http.ResponseWriter, r *http.Request, p *people.Person, d *drop) error {
			return c.tellTrial(w, r, d, http.StatusOK, func(t *trial) (err error) {
				t.Taken, err = c.write(r, p, d)
				t.Written = err == nil
				return err
			})
		})},
		{"DELETE /api/v1/proposals/{id}", people.Admin, c.ofTrial(func(w http.ResponseWriter, r *http.Request, _ *people.Person, d *drop) error {
			if err := c.discard(d.ID); err != nil {
				return err
			}
			w.WriteHeader(http.StatusNoContent)
			return nil
		})},
		{"GET /api/v1/proposals/{id}/route.yaml", people.Admin, c.ofTrial(func(w http.ResponseWriter, r *http.Request, _ *people.Person, d *drop) error {
			return c.giveText(w, d)
		})},
	}
}

// apiPropose begins a trial: the body is the sample.
func (c *Console) apiPropose(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	get := r.URL.Query()
	operation := get.Get("account") + "/" + get.Get("operation")
	if provider := get.Get("provider"); provider != "" {
		operation = "+" + provider + "/" + get.Get("operation")
	}
	d, err := c.begin(r.Context(), p, operation, get.Get("route"), get.Get("name"), r.Body, c.language(r))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/proposals/"+d.ID)
	return c.tellTrial(w, r, d, http.StatusCreated, nil)
}

// apiDecide keeps what fills the fields, or another text.
func (c *Console) apiDecide(w http.ResponseWriter, r *http.Request, _ *people.Person, d *drop) error {
	var body struct {
		Fields map[string]proposal.Decision `json:"fields"`
		Group  string                       `json:"group"`
		Text   *string                      `json:"text"`
	}
	err := readJSON(w, r, &body)
	switch {
	case err != nil:
	case body.Text != nil:
		err = c.byHand(d, *body.Text)
	default:
		d.Wish.Decided, d.Wish.Group = body.Fields, body.Group
		err = c.rewrite(r.Context(), d, c.language(r))
	}
	if err != nil {
		return err
	}
	return c.tellTrial(w, r, d, http.StatusOK, nil)
}

// trialOf finds the trial of a request.
func (c *Console) trialOf(r *http.Request, p *people.Person) (*drop, error) {
	d, err := c.drop(p, r.PathValue("id"))
	if err == nil && d.Wish == nil {
		err = ledger.ErrNotFound
	}
	return d, err
}

// ofTrial handles a request with the trial that it is about.
func (c *Console) ofTrial(h func(http.ResponseWriter, *http.Request, *people.Person, *drop) error) handler {
	return func(w http.ResponseWriter, r *http.Request, p *people.Person) error {
		d, err := c.trialOf(r, p)
		if err != nil {
			return err
		}
		return h(w, r, p, d)
	}
}

// tellTrial answers with what a trial's text makes of its sample, and with what came of do; nil: nothing is done.
func (c *Console) tellTrial(w http.ResponseWriter, r *http.Request, d *drop, status int, do func(*trial) error) error {
	t, err := c.try(r.Context(), d, c.language(r))
	if err == nil && do != nil {
		err = do(t)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, status, t)
}
