package providers

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// RuleText is a rule over several fields, for people.
type RuleText struct {
	Name    string
	Fields  []string // field paths that are blamed
	Must    batch.Text
	Fix     batch.Text
	Warning bool
	Sending bool // checked again right before the request leaves
}

// RuleTexts lists the x-rules of the operation in the order of the document's objects.
func (op *Operation) RuleTexts() []RuleText {
	var out []RuleText
	if op.element() == nil {
		return nil
	}
	walkSchemas(op.element(), func(s *Schema) {
		for _, r := range s.rules {
			t := RuleText{Name: r.name, Must: r.must, Fix: r.fix, Warning: r.warning, Sending: r.sending}
			for _, f := range r.fields {
				t.Fields = append(t.Fields, f.path)
			}
			out = append(out, t)
		}
	})
	return out
}

// CodeText is a documented answer code.
type CodeText struct {
	Code  string // "*": any other
	Class Class
	Text  batch.Text
	Item  bool // speaks of one item, not of the whole request
}

// Codes lists the documented answer codes: those of the whole request, then those of items, each sorted.
func (op *Operation) Codes() []CodeText {
	if op.answer == nil {
		return nil
	}
	out := op.answer.judge.listed(false)
	if op.answer.items != nil {
		out = append(out, op.answer.items.judge.listed(true)...)
	}
	return out
}

func (j *judge) listed(item bool) []CodeText {
	var out []CodeText
	for _, code := range sorted(j.codes) {
		if code != "*" {
			out = append(out, CodeText{code, j.codes[code].class, j.codes[code].text, item})
		}
	}
	if other, there := j.codes["*"]; there {
		out = append(out, CodeText{"*", other.class, other.text, item})
	}
	for _, t := range j.texts {
		if t.text != (batch.Text{}) {
			out = append(out, CodeText{t.code, t.class, t.text, item})
		}
	}
	return out
}

// Sentences are the field's rules in words: what the document says, or what its keywords mean.
func (f *Field) Sentences() []batch.Message {
	c := f.converter
	if c.must != (batch.Text{}) {
		return []batch.Message{{Text: c.must}}
	}
	var out []batch.Message
	say := func(key string, args ...any) { out = append(out, words.Message(key, args...)) }
	switch f.Schema.Type {
	case "integer":
		say("value.integer")
	case "number":
		say("value.number")
	case "boolean":
		say("value.boolean")
	}
	switch format(f.Schema.node) {
	case "date", dayOrMoment:
		say("value.date")
	case "date-time":
		say("value.moment")
	}
	if len(c.allowed) > 0 {
		say("value.enum", "allowed", strings.Join(c.allowed, ", "))
	}
	if c.minLen > 1 {
		say("page.shortest", "min", c.minLen)
	}
	if c.maxLen >= 0 {
		say("page.longest", "max", c.maxLen)
	}
	if c.pattern != nil {
		say("value.pattern", "pattern", c.pattern.text)
	}
	if c.limits.min != nil || c.limits.max != nil {
		out = append(out, c.limits.sentence())
	}
	if c.limits.multiple != nil {
		say("value.multiple", "of", c.limits.multipleText)
	}
	if c.scale >= 0 {
		say("value.scale", "scale", c.scale)
	}
	if c.digits > 0 {
		say("value.digits", "max", c.digits)
	}
	if f.List != "" {
		say("value.list", "list", f.List)
	}
	return out
}

// page writes a provider's page.
type page struct {
	w *bufio.Writer
	l batch.Language
}

// Markdown writes the provider's page in language l: servers, credentials, and for each operation how rows become
// requests, every field with its rules, the rules over several fields and the answers. The same document gives the same page.
func (p *Provider) Markdown(w io.Writer, l batch.Language) error {
	g := &page{bufio.NewWriter(w), l}
	g.line("# %s", p.Title.In(l))
	g.line("")
	for _, n := range p.Notes {
		g.line("- %s", n.In(l))
	}
	if len(p.Notes) > 0 {
		g.line("")
	}
	g.account(p)
	for _, op := range p.Operations {
		g.operation(op)
	}
	g.leftOut(p)
	return g.w.Flush()
}

// leftOut lists what of a description is not offered.
func (g *page) leftOut(p *Provider) {
	told := p.Told(g.l)
	if len(told) == 0 {
		return
	}
	g.line("## %s", g.say("page.left_out"))
	g.line("")
	for _, t := range told {
		g.line("- %s", t)
	}
}

func (g *page) line(format string, args ...any) { fmt.Fprintf(g.w, format+"\n", args...) }

func (g *page) say(key string, args ...any) string { return words.Of(g.l, key, args...) }

// row writes a table row; what would end a cell is escaped.
func (g *page) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(c)
	}
	g.line("| %s |", strings.Join(cells, " | "))
}

func (g *page) head(keys ...string) {
	rule := make([]string, len(keys))
	said := make([]string, len(keys))
	for i, k := range keys {
		said[i], rule[i] = g.say(k), "---"
	}
	g.row(said...)
	g.line("|%s|", strings.Join(rule, "|"))
}

func (g *page) account(p *Provider) {
	g.line("## %s", g.say("page.account"))
	g.line("")
	if len(p.Servers) == 0 {
		g.line("%s", g.say("page.no_server"))
	}
	for _, s := range p.Servers {
		g.line("- %s: `%s`", s.Environment, s.URL)
	}
	g.line("- %s", g.say("page.limits", "rate", p.Limits.Rate.String(), "concurrency", p.Limits.Concurrency))
	g.line("")
	if len(p.Credentials) == 0 {
		return
	}
	g.head("page.credential", "page.label", "page.secret", "page.optional")
	for _, c := range p.Credentials {
		g.row("`"+c.Name+"`", c.Label.In(g.l), g.tick(c.Secret), g.tick(c.Optional))
	}
	g.line("")
}

func (g *page) tick(yes bool) string {
	if yes {
		return g.say("page.yes")
	}
	return ""
}

func (g *page) operation(op *Operation) {
	g.line("## %s: `%s`", op.Title.In(g.l), op.ID)
	g.line("")
	if help := op.Help.In(g.l); help != "" {
		g.line("%s", help)
		g.line("")
	}
	for _, e := range op.Encodings {
		g.line("- `%s %s` (%s)", op.Method, op.Paths[e], e)
	}
	g.line("- %s", g.rows(op.Rows))
	g.line("- %s", g.say("page.schemes", "schemes", strings.Join(op.Schemes, ", ")))
	if op.Repeatable {
		g.line("- %s", g.say("page.repeatable"))
	} else {
		g.line("- %s", g.say("page.not_repeatable"))
	}
	if done := op.Done.In(g.l); done != "" {
		g.line("- %s", g.say("page.done", "done", done))
	}
	if op.Receipts != nil && op.Receipts.Webhook != "" {
		g.line("- %s%s", g.heard(op), g.say("page.receipts", "webhook", op.Receipts.Webhook))
	}
	for _, n := range op.Notes {
		g.line("- %s", n.In(g.l))
	}
	g.line("")
	g.fields(op)
	g.rules(op)
	g.codes(op)
}

// heard is the title of the webhook that an operation's receipts come by, as the beginning of a line; "" where it has none.
func (g *page) heard(op *Operation) string {
	if hook, known := op.Provider.Webhook(op.Receipts.Webhook); known && hook.Title != (batch.Text{}) {
		return hook.Title.In(g.l) + ": "
	}
	return ""
}

func (g *page) rows(r Rows) string {
	switch r.Kind {
	case Batch:
		return g.say("page.rows.batch", "max", r.Max)
	case Group:
		if len(r.Key) == 0 {
			return g.say("page.rows.column", "items", r.Path, "min", r.Min)
		}
		return g.say("page.rows.group", "key", strings.Join(r.Key, ", "), "items", r.Path, "min", r.Min)
	}
	return g.say("page.rows.one")
}

func (g *page) fields(op *Operation) {
	g.head("page.field", "page.label", "page.required", "page.rules", "page.original", "page.example")
	for _, f := range op.Fields {
		var sentences []string
		for _, m := range f.Sentences() {
			sentences = append(sentences, words.Say(g.l, m))
		}
		if forms := f.Forms(); len(forms) > 1 {
			sentences = append(sentences, g.say("page.forms", "own", forms[0], "other", forms[1]))
		}
		example := ""
		if len(f.examples) > 0 {
			example = "`" + f.examples[0] + "`"
		}
		g.row("`"+f.Path+"`", f.Label.In(g.l), g.required(f), strings.Join(sentences, "; "), wording(f).In(g.l), example)
	}
	g.line("")
}

func (g *page) required(f *Field) string {
	switch {
	case f.Required && f.Presumed:
		return g.say("page.presumed")
	case f.Required:
		return g.say("page.yes")
	}
	return ""
}

func (g *page) rules(op *Operation) {
	rules := op.RuleTexts()
	if len(rules) == 0 {
		return
	}
	g.head("page.rule", "page.fields", "page.must", "page.fix", "page.remark")
	for _, r := range rules {
		var remarks []string
		if r.Warning {
			remarks = append(remarks, g.say("page.warning"))
		}
		if r.Sending {
			remarks = append(remarks, g.say("page.sending"))
		}
		fields := slices.Clone(r.Fields)
		for i := range fields {
			fields[i] = "`" + fields[i] + "`"
		}
		g.row("`"+r.Name+"`", strings.Join(fields, ", "), r.Must.In(g.l), r.Fix.In(g.l), strings.Join(remarks, "; "))
	}
	g.line("")
}

func (g *page) codes(op *Operation) {
	codes := op.Codes()
	if len(codes) == 0 {
		return
	}
	g.head("page.code", "page.class", "page.meaning")
	for _, c := range codes {
		g.row(c.Code, g.say("class."+string(c.Class)), c.Text.In(g.l))
	}
	g.line("")
}

// wording is the provider's own: of the rule, else of the field.
func wording(f *Field) batch.Text {
	if f.Rule == (batch.Text{}) {
		return f.Help
	}
	return f.Rule
}
