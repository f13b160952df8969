package templates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/templates/form"
)

// Widths of the guide's columns: place, heading, required, what goes in, help, example.
var guideWidths = []float64{10, 30, 13, 54, 54, 30}

// guideWidth is how much text a line over all columns takes.
const guideWidth = 185

// writeGuide fills the second sheet: how to use the first, what each column is, what the result says.
func (b *book) writeGuide() {
	for i, w := range guideWidths {
		b.guide.Column(i+1, w, form.Look{})
	}
	b.guide.Gridless, b.guide.Fit = true, true
	b.paragraph(b.title(), form.Look{Bold: true, Size: 16}, 24)
	if help := b.op.Help.In(b.l); help != "" {
		b.paragraph(help, form.Look{}, 0)
	}
	b.steps()
	b.legend()
	b.table()
	b.rules()
	b.outcomes()
}

// paragraph is one text over all columns.
func (b *book) paragraph(s string, l form.Look, height float64) {
	b.row++
	l.Wrap, l.Vertical = true, "top"
	for i := range guideWidths {
		b.guide.Set(i+1, b.row, nil, l)
	}
	b.guide.Set(1, b.row, plain(s), l)
	b.guide.Merge(b.row, len(guideWidths))
	if height == 0 {
		height = min(float64(15*lines(s, guideWidth)+3), 400)
	}
	b.guide.Height(b.row, height)
}

func (b *book) headline(key string) {
	b.row++
	b.paragraph(b.say(key), form.Look{Bold: true, Size: 12, Colour: "1F4E78"}, 20)
}

func (b *book) steps() {
	b.headline("template.steps")
	steps := []string{b.say("template.step.fill", "sheet", b.data.Name(), "rows", b.rowsSentence()), b.say("template.step.example")}
	steps = append(steps, b.say("template.step.headings"), b.say("template.step.drop"), b.say("template.step.result"))
	for i, s := range steps {
		b.paragraph(fmt.Sprintf("%d.  %s", i+1, s), form.Look{}, 0)
	}
}

// rowsSentence says how rows become requests.
func (b *book) rowsSentence() string {
	var keys []string
	for _, c := range b.columns {
		if b.groups(c) {
			keys = append(keys, "“"+c.heading+"”")
		}
	}
	switch r := b.op.Rows; r.Kind {
	case providers.Batch:
		return b.say("template.rows.batch")
	case providers.Group:
		return b.say("template.rows.group", "key", strings.Join(keys, " + "), "min", max(r.Min, 1))
	}
	return b.say("template.rows.one")
}

func (b *book) legend() {
	b.headline("template.legend")
	b.colour(headLook(requiredFill), "template.required")
	b.colour(headLook(optionalFill), "template.optional")
	if slices.ContainsFunc(b.columns, b.groups) {
		b.colour(form.Look{Line: line, Below: keyLine}, "template.key")
	}
}

func (b *book) colour(l form.Look, key string) {
	b.row++
	b.guide.Set(1, b.row, nil, l)
	b.guide.Set(2, b.row, b.say(key), form.Look{})
}

// table has a line for each column of the sheet to fill in.
func (b *book) table() {
	b.headline("template.columns")
	b.cells(func(int) form.Look { return headLook(optionalFill) }, b.say("template.place"), b.say("template.heading"),
		b.say("template.must"), b.say("template.rule"), b.say("template.help"), b.say("template.example"))
	body := form.Look{Number: textCell, Line: line, Wrap: true, Vertical: "top"}
	for i, c := range b.columns {
		rule, help, example := b.tableTexts(c)
		must := ""
		if c.required {
			must = b.say("template.yes")
		}
		b.cells(func(at int) form.Look {
			if at != 1 {
				return body
			}
			l := b.headLook(c)
			l.Lateral, l.Vertical = "", body.Vertical
			return l
		}, form.Letters(i+1), c.heading, must, rule, help, example)
	}
}

func (b *book) tableTexts(c *column) (rule, help, example string) {
	if c.field == nil {
		return b.say("template.group.note", "min", max(b.op.Rows.Min, 1)), "", "1"
	}
	var rules []string
	for _, r := range b.remarks(c) {
		if r != b.need(c) && r != plain(c.field.Help.In(b.l)) && !strings.HasPrefix(r, b.say("template.for_example", "example", "")) {
			rules = append(rules, r)
		}
	}
	if c.field.Example != "" {
		example = c.shown(b.l)
	}
	return strings.Join(rules, "\n"), plain(c.field.Help.In(b.l)), example
}

// cells writes one line of the table, as high as its longest text.
func (b *book) cells(look func(int) form.Look, texts ...string) {
	b.row++
	tallest := 1
	for i, s := range texts {
		b.guide.Set(i+1, b.row, s, look(i))
		tallest = max(tallest, lines(s, guideWidths[i]-1))
	}
	b.guide.Height(b.row, min(float64(15*tallest+4), 400))
}

// rules are those over several columns, and what the provider's document remarks.
func (b *book) rules() {
	headings := map[string]string{}
	for _, c := range b.columns {
		if c.field != nil {
			headings[c.field.Path] = c.heading
		}
	}
	var out []string
	for _, r := range b.op.RuleTexts() {
		var names []string
		for _, path := range r.Fields {
			if h, there := headings[path]; there {
				names = append(names, "“"+h+"”")
			}
		}
		if len(names) < 2 {
			continue // the table has it
		}
		s := strings.Join(names, ", ") + ": " + r.Must.In(b.l)
		if fix := r.Fix.In(b.l); fix != "" {
			s += " - " + fix
		}
		out = append(out, s)
	}
	for _, n := range b.op.Notes {
		out = append(out, n.In(b.l))
	}
	if len(out) == 0 {
		return
	}
	b.headline("template.rules")
	for _, s := range out {
		b.paragraph("•  "+s, form.Look{}, 0)
	}
}

// outcomes says what the words of the result mean.
func (b *book) outcomes() {
	b.headline("template.outcomes")
	for _, s := range batch.Statuses() {
		meaning := b.say("template.outcome." + string(s))
		if done := b.op.Done.In(b.l); s == batch.Delivered && done != "" {
			meaning += " (" + done + ")"
		}
		name := b.say("status." + string(s))
		if name != string(s) {
			name += " (" + string(s) + ")"
		}
		b.paragraph("•  "+name+": "+meaning, form.Look{}, 0)
	}
}

// listed writes a long list of choices below the guide and gives the reference to it.
func (b *book) listed(c *column) string {
	b.row++
	b.paragraph(c.heading, form.Look{Bold: true}, 0)
	first := b.row + 1
	for _, o := range c.choices {
		b.row++
		b.guide.Set(1, b.row, o, form.Look{})
	}
	return fmt.Sprintf("'%s'!$A$%d:$A$%d", b.guide.Name(), first, b.row)
}
