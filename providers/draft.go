package providers

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/words"
)

// Offer is one operation of a provider's own description that could be called.
type Offer struct {
	Name    string `json:"name"` // the operationId, or METHOD /path
	Method  string `json:"method"`
	Path    string `json:"path"`
	Summary string `json:"summary"`
}

// Survey lists the operations of a description that change something, in its order.
func Survey(path string) ([]Offer, error) {
	a, err := surveyed(path)
	if err != nil {
		return nil, err
	}
	var out []Offer
	for _, o := range a.everyOperation() {
		if o.writes() {
			out = append(out, Offer{o.name(), strings.ToUpper(o.method), o.path, o.summary})
		}
	}
	if len(a.mistakes) > 0 {
		return nil, (&DocumentError{path, a.mistakes}).sorted()
	}
	return out, nil
}

func surveyed(path string) (*adopter, error) {
	f, err := openFile(path, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	a := &adopter{reader: &reader{files: []string{path}}, main: f, files: map[string]*file{path: f}, names: map[string]string{}, taken: map[string]bool{}, budget: maxReach}
	if !a.version() {
		return nil, (&DocumentError{path, a.mistakes}).sorted()
	}
	return a, nil
}

// Draft is a document of ours that extends a description: the few lines, and what they come to.
type Draft struct {
	Text     string
	Provider *Provider // nil: something is still missing
	Missing  []Mistake // what only a person can say

	path, out string
	made      *draft
}

// Choice is one that the description leaves open, as a draft decided it.
type Choice struct {
	Path, Branch string
	Branches     []string // all of them
}

// Choices are what the draft decided, the outer ones first.
func (d *Draft) Choices() []Choice {
	var out []Choice
	for _, c := range d.made.choose {
		out = append(out, Choice{c[0], c[1], strings.Split(d.made.branches[c[0]], ", ")})
	}
	return out
}

// draft is one while it is written.
type draft struct {
	name, theirs, operation string
	batch                   string   // the array that rows could fill, a hint
	lists                   []string // those that rows of one group could fill, hints
	fields                  []string
	choose, schemas         [][2]string
	columns                 []string          // maps that columns open
	branches                map[string]string // by path of a choice: all of them
	meant                   map[string]string // by path of a choice: the one that is meant, where it is not the first
	security                string
}

// Draw writes a document for one operation of the description at path; it is meant to lie at out.
func Draw(path, operation, out string) (*Draft, error) {
	return (&Draft{path: path, out: out, made: &draft{operation: operation}}).draw(nil)
}

// Offering is the same document, with fields that people are offered besides the required ones.
func (d *Draft) Offering(fields []string) (*Draft, error) {
	return d.draw(fields)
}

// Choosing is the same document with another branch of a choice.
func (d *Draft) Choosing(path, branch string) (*Draft, error) {
	meant := maps.Clone(d.made.meant)
	if meant == nil {
		meant = map[string]string{}
	}
	meant[path] = branch
	return (&Draft{path: d.path, out: d.out, made: &draft{operation: d.made.operation, meant: meant}}).draw(nil)
}

// draw makes the draft of what an earlier one was made for; what that one chose stays where it is about what is offered.
func (earlier *Draft) draw(offered []string) (*Draft, error) {
	path, out := earlier.path, earlier.out
	a, err := surveyed(path)
	if err != nil {
		return nil, err
	}
	title := a.top("/info/title")
	d := &draft{operation: earlier.made.operation, fields: offered, meant: earlier.made.meant, branches: map[string]string{}, name: nameOf(path)}
	if title != nil && slug(title.Value) != "" {
		d.name = slug(title.Value)
	}
	d.theirs = between(filepath.Dir(out), path)
	d.theirs = filepath.ToSlash(d.theirs)
	if !strings.HasPrefix(d.theirs, "../") && !filepath.IsAbs(d.theirs) {
		d.theirs = "./" + d.theirs
	}
	for _, c := range earlier.made.choose {
		if slices.ContainsFunc(offered, func(f string) bool { return f == c[0] || strings.HasPrefix(f, c[0]+".") }) {
			d.choose, d.branches[c[0]] = append(d.choose, c), earlier.made.branches[c[0]]
		}
	}
	var good *Draft       // what could be used already
	for range maxDecide { // each round decides what the description leaves open, until nothing of it is left
		p, err := Compile([]byte(d.text(nil, nil)), out)
		wrong, isDocument := errors.AsType[*DocumentError](err)
		switch {
		case err == nil:
			d.batch, d.lists = p.Operations[0].batchHint(), p.Operations[0].lists()
			good = &Draft{Text: d.text(p, nil), Provider: p, path: path, out: out, made: d.copy()}
			if !d.decide(a, choices(p.Warnings)) {
				return good, nil
			}
		case !isDocument:
			return nil, err
		case good != nil && tooMany(wrong.Mistakes) || !d.decide(a, wrong.Mistakes):
			if good == nil {
				good = &Draft{Text: d.text(nil, wrong.Mistakes), Missing: wrong.Mistakes}
			}
			return good, nil
		}
	}
	if good != nil {
		return good, nil
	}
	return nil, errors.New("the description leaves too much open")
}

const maxDecide = 40

// choices are the warnings of what is left out because nobody said which branch is meant: the first is as good as none.
func choices(warnings []Mistake) []Mistake {
	return slices.DeleteFunc(slices.Clone(warnings), func(m Mistake) bool { return m.Message.Key != "document.choose" })
}

func tooMany(wrong []Mistake) bool {
	return slices.ContainsFunc(wrong, func(m Mistake) bool { return m.Message.Key == "document.many_fields" })
}

func (d *draft) copy() *draft {
	c := *d
	c.choose = slices.Clone(d.choose)
	return &c
}

// between is a path as it is named from a folder; whole where there is no way from one to the other.
func between(dir, path string) string {
	from, err := filepath.Abs(dir)
	to, wrong := filepath.Abs(path)
	if err != nil || wrong != nil {
		return path
	}
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return to
	}
	return rel
}

// decide answers what can be answered; false when nothing can.
func (d *draft) decide(a *adopter, wrong []Mistake) bool {
	decided := false
	for _, m := range wrong {
		arg := map[string]string{}
		for i := 0; i+1 < len(m.Message.Args); i += 2 {
			arg[fmt.Sprint(m.Message.Args[i])] = fmt.Sprint(m.Message.Args[i+1])
		}
		path := cmp.Or(arg["path"], m.Place)
		switch m.Message.Key {
		case "document.choose":
			if !slices.ContainsFunc(d.choose, func(c [2]string) bool { return c[0] == path }) {
				d.choose = append(d.choose, [2]string{path, cmp.Or(d.meant[path], arg["first"])})
				d.branches[path] = arg["branches"]
				decided = true
			}
		case "document.untyped", "document.pattern":
			schema := "{type: string}"
			if m.Message.Key == "document.pattern" {
				schema = "{pattern: null}"
			}
			if !slices.ContainsFunc(d.schemas, func(c [2]string) bool { return c[0] == path }) && path != "" {
				d.schemas = append(d.schemas, [2]string{path, schema})
				decided = true
			}
		case "document.hole":
			path = "path." + strings.Trim(arg["hole"], "{}")
			if !slices.ContainsFunc(d.schemas, func(c [2]string) bool { return c[0] == path }) {
				d.schemas, decided = append(d.schemas, [2]string{path, "{type: string}"}), true
			}
		case "document.free_map":
			if open := path + ".*"; !slices.Contains(d.columns, open) {
				d.columns, decided = append(d.columns, open), true
			}
		case "document.security", "document.security_unknown":
			if d.security == "" {
				d.security = a.usableScheme()
				decided = d.security != ""
			}
		case "document.many_fields":
			if d.fields == nil {
				d.fields, decided = []string{}, true
			}
		}
	}
	return decided
}

// usableScheme is the first scheme of the description that a program can follow alone.
func (a *adopter) usableScheme() string {
	n := a.securitySchemes()
	p := &Provider{}
	for _, e := range entries(n) {
		a.theirScheme(p, e)
	}
	for _, s := range p.Schemes {
		if s.Kind != "" {
			return s.Name
		}
	}
	return ""
}

// batchHint is the one list of objects in the body that several rows could fill; "" when there is none or several.
func (op *Operation) batchHint() string {
	if op.Body == nil {
		return ""
	}
	if op.Body.Type == "array" {
		return "."
	}
	var found []string
	for _, p := range op.Body.Props {
		if p.Type == "array" && p.Items != nil && p.Items.Type == "object" && p.Required {
			found = append(found, p.Name)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// lists are the lists of objects in the body, those that must be there first: rows of one group could fill one of them.
func (op *Operation) lists() []string {
	var must, may []string
	var walk func(s *Schema, path string, required bool, depth int)
	walk = func(s *Schema, path string, required bool, depth int) {
		for _, p := range s.Props {
			at, in, needed := strings.TrimPrefix(path+"."+p.Name, "."), p, required && p.Required
			if p.Type == "array" && p.Items != nil && p.Items.Type == "object" {
				in = p.Items
				if needed {
					must = append(must, at)
				} else {
					may = append(may, at)
				}
			}
			if depth < 6 {
				walk(in, at, needed, depth+1)
			}
		}
	}
	if op.Body != nil && op.Body.Type == "object" {
		walk(op.Body, "", true, 0)
	}
	return append(must, may...)
}

// text is the document. p tells what of the description is left out, missing what is still to be said.
func (d *draft) text(p *Provider, missing []Mistake) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("extends: %s", quoted(d.theirs))
	line("x-rowferry: {name: %s}   # also limits: {rate: 5/s, concurrency: 4}, title", d.name)
	line("operations:")
	line("  %s:", quoted(d.operation))
	line("    rows: one   # each row is a request")
	if d.batch != "" {
		line("    # rows: {batch: %s, max: 20}   # instead: so many rows travel in one request, each stands alone: a wrong one stays behind", quoted(d.batch))
	}
	if len(d.lists) > 0 {
		line("    # rows: {group: column, items: %s}   # instead: rows of one order are one request, all or none, each fills one of this list%s; the route's group is the column that tells", quoted(d.lists[0]), others(d.lists[1:]))
	}
	if d.security != "" {
		line("    security: [{%s: []}]", quoted(d.security))
	}
	if len(d.choose) > 0 {
		line("    choose:")
		for _, c := range d.choose {
			line("      %s: %s   # one of %s", quoted(c[0]), quoted(c[1]), d.branches[c[0]])
		}
	}
	if len(d.schemas) > 0 {
		line("    map:")
		for _, c := range d.schemas {
			line("      %s: {schema: %s}", quoted(c[0]), c[1])
		}
	}
	if d.columns != nil {
		line("    columns: [%s]   # any names: a column %s fills one of them", strings.Join(quotedAll(d.columns), ", "), strings.TrimSuffix(d.columns[0], "*")+"NAME")
	}
	if d.fields != nil {
		line("    fields: [%s]   # what people are offered; required ones are added", strings.Join(quotedAll(d.fields), ", "))
	}
	for _, m := range missing {
		line("    # missing: %s", words.Say(batch.English, m.Message))
	}
	if p == nil {
		return b.String()
	}
	op := p.Operations[0]
	if d.fields == nil && len(op.Fields) > 40 {
		line("    # fields: [%s]   # of %d fields, these are required; add what you use, the others are not offered then", strings.Join(op.required(), ", "), len(op.Fields))
	}
	if len(p.Warnings) > 0 {
		line("# Left out of the provider's document:")
	}
	for i, w := range p.Warnings {
		if i == 40 {
			line("# … and %d more: rowferry providers show", len(p.Warnings)-i)
			break
		}
		line("# %s", w.say("", batch.English))
	}
	return b.String()
}

// others says which lists there are besides.
func others(lists []string) string {
	if len(lists) == 0 {
		return ""
	}
	if len(lists) > 5 {
		lists = append(slices.Clone(lists[:5]), "…")
	}
	return " (or of " + strings.Join(lists, ", ") + ")"
}

func (op *Operation) required() []string {
	var out []string
	for _, f := range op.Fields {
		if f.Required {
			out = append(out, f.Path)
		}
	}
	return out
}

var unquoted = patterns.New(`^[A-Za-z./_][A-Za-z0-9./_-]*$`)

// quoted is a text as YAML takes it.
func quoted(s string) string {
	if unquoted.MatchString(s) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "~"}, strings.ToLower(s)) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

func quotedAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quoted(s)
	}
	return out
}

var improper = patterns.New(`[^a-z0-9]+`)

// slug is a provider's name made of a title.
func slug(title string) string {
	s := strings.Trim(improper.ReplaceAllString(strings.ToLower(title), "-"), "-0123456789")
	if len(s) > 24 {
		s = strings.TrimRight(s[:24], "-")
		if i := strings.LastIndexByte(s, '-'); i > 8 {
			s = s[:i]
		}
	}
	return s
}

func nameOf(path string) string {
	base := filepath.Base(path)
	return cmp.Or(slug(strings.TrimSuffix(base, filepath.Ext(base))), "provider")
}

// Write puts the draft into a new file; one that is there stays.
func (d *Draft) Write(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(d.Text)
	return errors.Join(err, f.Close())
}

// Told are the warnings of a description in a language, one a line.
func (p *Provider) Told(l batch.Language) []string {
	var out []string
	for _, w := range p.Warnings {
		out = append(out, w.say(p.Source, l))
	}
	return out
}
