package templates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// Widths of the guide's columns: place, heading, required, what goes in, help, example.
var guideWidths = []float64{10, 30, 13, 54, 54, 30}

// guideWidth is how much text a line over all columns takes.
const guideWidth = 185

// writeGuide fills the second sheet: how to use the first, what each column is, what the result says.
func (b *book) writeGuide() {
	for i, w := range guideWidths {
		name, _ := excelize.ColumnNumberToName(i + 1)
		b.must(b.file.SetColWidth(b.guide, name, name, w))
	}
	off, one, none, landscape, paper := false, 1, 0, "landscape", 9
	b.must(b.file.SetSheetView(b.guide, 0, &excelize.ViewOptions{ShowGridLines: &off}))
	fit := true
	b.must(b.file.SetSheetProps(b.guide, &excelize.SheetPropsOptions{FitToPage: &fit}))
	b.must(b.file.SetPageLayout(b.guide, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &paper, FitToWidth: &one, FitToHeight: &none}))
	b.paragraph(b.title(), excelize.Font{Bold: true, Size: 16}, 24)
	if help := b.op.Help.In(b.l); help != "" {
		b.paragraph(help, excelize.Font{}, 0)
	}
	b.steps()
	b.legend()
	b.table()
	b.rules()
	b.outcomes()
}

// paragraph is one text over all columns.
func (b *book) paragraph(s string, f excelize.Font, height float64) {
	b.row++
	from, to := fmt.Sprintf("A%d", b.row), fmt.Sprintf("F%d", b.row)
	b.must(b.file.MergeCell(b.guide, from, to))
	b.must(b.file.SetCellStr(b.guide, from, plain(s)))
	b.must(b.file.SetCellStyle(b.guide, from, to, b.style(excelize.Style{Font: font(f), Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})))
	if height == 0 {
		height = min(float64(15*lines(s, guideWidth)+3), 400)
	}
	b.must(b.file.SetRowHeight(b.guide, b.row, height))
}

func (b *book) headline(key string) {
	b.row++
	b.paragraph(b.say(key), excelize.Font{Bold: true, Size: 12, Color: "1F4E78"}, 20)
}

func (b *book) steps() {
	b.headline("template.steps")
	for i, s := range []string{
		b.say("template.step.fill", "sheet", b.data, "rows", b.rowsSentence()), b.say("template.step.example"), b.say("template.step.headings"),
		b.say("template.step.drop"), b.say("template.step.result"),
	} {
		b.paragraph(fmt.Sprintf("%d.  %s", i+1, s), excelize.Font{}, 0)
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
	b.colour(headStyle(requiredFill), "template.required")
	b.colour(headStyle(optionalFill), "template.optional")
	if slices.ContainsFunc(b.columns, b.groups) {
		b.colour(excelize.Style{Border: keyBorders()}, "template.key")
	}
}

func (b *book) colour(s excelize.Style, key string) {
	b.row++
	cell := fmt.Sprintf("A%d", b.row)
	b.must(b.file.SetCellStyle(b.guide, cell, cell, b.style(s)))
	b.must(b.file.SetCellStr(b.guide, fmt.Sprintf("B%d", b.row), b.say(key)))
}

// table has a line for each column of the sheet to fill in.
func (b *book) table() {
	b.headline("template.columns")
	b.cells(func(int) excelize.Style { return headStyle(optionalFill) }, b.say("template.place"), b.say("template.heading"),
		b.say("template.must"), b.say("template.rule"), b.say("template.help"), b.say("template.example"))
	body := excelize.Style{NumFmt: textCell, Border: borders(), Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}
	for i, c := range b.columns {
		name, _ := excelize.ColumnNumberToName(i + 1)
		rule, help, example := b.tableTexts(c)
		must := ""
		if c.required {
			must = b.say("template.yes")
		}
		b.cells(func(at int) excelize.Style {
			s := body
			if at == 1 {
				s = b.headStyle(c)
				s.Alignment = body.Alignment
			}
			return s
		}, name, c.heading, must, rule, help, example)
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
func (b *book) cells(style func(int) excelize.Style, texts ...string) {
	b.row++
	tallest := 1
	for i, s := range texts {
		cell, _ := excelize.CoordinatesToCellName(i+1, b.row)
		b.must(b.file.SetCellStr(b.guide, cell, s))
		b.must(b.file.SetCellStyle(b.guide, cell, cell, b.style(style(i))))
		tallest = max(tallest, lines(s, guideWidths[i]-1))
	}
	b.must(b.file.SetRowHeight(b.guide, b.row, min(float64(15*tallest+4), 400)))
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
		b.paragraph("•  "+s, excelize.Font{}, 0)
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
		b.paragraph("•  "+name+": "+meaning, excelize.Font{}, 0)
	}
}

// listed writes a long list of choices below the guide and gives the reference to it.
func (b *book) listed(c *column) string {
	b.row++
	b.paragraph(c.heading, excelize.Font{Bold: true}, 0)
	first := b.row + 1
	for _, o := range c.choices {
		b.row++
		b.must(b.file.SetCellStr(b.guide, fmt.Sprintf("A%d", b.row), o))
	}
	return fmt.Sprintf("'%s'!$A$%d:$A$%d", b.guide, first, b.row)
}
