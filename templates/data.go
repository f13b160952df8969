package templates

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/templates/form"
	"github.com/rowferry/rowferry/words"
)

// Colours of the headings and of the example.
const (
	requiredFill = "FFD966" // must be filled
	optionalFill = "DDEBF7" // may stay blank
	keyLine      = "C55A11" // equal values make rows one request: a thick line below the heading
	exampleFill  = "F2F2F2"
	exampleFont  = "7F7F7F"
	line         = "BFBFBF"
)

const (
	textCell  = 49    // number format "@"
	firstDay  = 36526 // 2000-01-01 as a spreadsheet counts days
	lastDay   = 73415 // 2100-12-31
	dayFormat = "yyyy-mm-dd"
)

// writeData fills the sheet that people fill in: heading, formats and checks of whole columns, the example.
func (b *book) writeData() {
	b.data.Headed, b.data.Texts = true, true
	tallest := 1
	for i, c := range b.columns {
		width := c.width()
		b.data.Column(i+1, width, c.cellLook())
		tallest = max(tallest, lines(c.heading, width-2))
		b.data.Set(i+1, 1, c.heading, b.headLook(c))
		b.check(i+1, c)
	}
	b.data.Height(1, min(float64(8+15*tallest), 400))
	for i, row := range shown(b.op) {
		b.example(i+2, row)
	}
	for i, c := range b.columns {
		b.note(i+1, 1, c.heading, b.remarks(c))
	}
	b.note(1, 2, b.say("template.example"), []string{b.say("template.example.note")})
}

func (b *book) headLook(c *column) form.Look {
	fill := optionalFill
	if c.required {
		fill = requiredFill
	}
	l := headLook(fill)
	if b.groups(c) {
		l.Below = keyLine
	}
	return l
}

func headLook(fill string) form.Look {
	return form.Look{Bold: true, Number: textCell, Line: line, Fill: fill, Wrap: true, Vertical: "center", Lateral: "left"}
}

// groups reports whether equal values in the column make rows one request.
func (b *book) groups(c *column) bool {
	return c.field == nil || b.op.Rows.Kind == providers.Group && slices.Contains(b.op.Rows.Key, c.field.Path)
}

// cellLook is how the column's cells hold what people type: text stays as it was typed.
func (c *column) cellLook() form.Look {
	switch c.kind {
	case date:
		return form.Look{Format: dayFormat, Lateral: "left"}
	case whole:
		return form.Look{Number: 1}
	case decimal:
		return form.Look{}
	}
	return form.Look{Number: textCell}
}

func (c *column) width() float64 {
	longest := 0
	if c.field != nil {
		longest = across(c.field.Example)
	}
	for _, o := range c.choices {
		longest = max(longest, across(o)+3) // the drop-down's arrow
	}
	heading := across(c.heading)
	if heading > 22 {
		heading = max(22, heading*2/3)
	}
	return float64(min(max(heading+2, min(longest+2, 34), 11), 40))
}

// across is how many columns of a fixed-width font a text takes; Han and full-width characters take two.
func across(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x1100 {
			n++
		}
	}
	return n
}

// lines is how many lines a text takes in a cell of a width.
func lines(s string, width float64) int {
	n := 0
	for part := range strings.SplitSeq(s, "\n") {
		n += max(1, int(math.Ceil(float64(across(part))/width)))
	}
	return n
}

func (b *book) example(row int, values map[string]string) {
	for i, c := range b.columns {
		l := c.cellLook()
		l.Italic, l.Colour, l.Fill = true, exampleFont, exampleFill
		value := any(groupExample)
		if c.field != nil {
			value = nil
			if text := values[c.field.Path]; text != "" {
				value = c.cell(text, b.l)
			}
		}
		b.data.Set(i+1, row, value, l)
	}
}

// note puts a comment on a cell: a bold first line and remarks.
func (b *book) note(column, row int, title string, remarks []string) {
	height := lines(title, 56)
	for _, r := range remarks {
		height += lines(r, 56)
	}
	b.data.Note(column, row, title, remarks, 380, 16*height+14)
}

// remarks are what a person must know to fill the column: whether, what, how, for example.
func (b *book) remarks(c *column) []string {
	if c.field == nil {
		return []string{b.say("template.required"), b.say("template.group.note", "min", max(b.op.Rows.Min, 1))}
	}
	f := c.field
	var out []string
	add := func(s string) {
		s = plain(s)
		within := func(whole, part string) bool { return strings.Contains(strings.ToLower(whole), strings.ToLower(part)) }
		if s == "" || s == c.heading || slices.ContainsFunc(out, func(o string) bool { return within(o, s) }) {
			return
		}
		out = append(slices.DeleteFunc(out, func(o string) bool { return within(s, o) }), s)
	}
	add(b.need(c))
	add(sentence(f.Rule.In(b.l)))
	for _, m := range f.Sentences() {
		add(sentence(words.Say(b.l, m)))
	}
	for _, r := range b.op.RuleTexts() {
		if slices.Contains(r.Fields, f.Path) && !r.Warning {
			add(sentence(r.Must.In(b.l)))
		}
	}
	if b.op.Rows.Kind == providers.Group {
		switch {
		case b.groups(c):
			add(b.say("template.key"))
		case !f.Repeated:
			add(b.say("template.shared"))
		}
	}
	add(f.Help.In(b.l))
	if len(c.choices) > 0 && !c.closed {
		add(b.say("template.choices", "choices", strings.Join(c.choices, ", ")))
	}
	if f.Example != "" {
		add(b.say("template.for_example", "example", c.shown(b.l)))
	}
	return out
}

// need says whether the column must be filled.
func (b *book) need(c *column) string {
	if c.required {
		return b.say("template.required")
	}
	return b.say("template.optional")
}

// shown is the field's example as the sheet shows it.
func (c *column) shown(l batch.Language) string {
	if c.kind == choice {
		return c.chosen(c.field.Example, l)
	}
	return c.field.Example
}

// plain takes off what only a page can show.
func plain(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "`", "")) }

// sentence begins with a capital letter.
func sentence(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return strings.ToUpper(string(r)) + s[size:]
}

// check adds what the spreadsheet program itself can check while people type.
func (b *book) check(column int, c *column) {
	if c.field == nil {
		return
	}
	k := form.Check{Column: column, Title: clip(c.heading, 30), Error: clip(b.complaint(c), 220)}
	switch c.kind {
	case choice:
		k.Kind, k.First, k.Warns = "list", b.choices(c), !c.closed // other words are understood too
	case date:
		k.Kind, k.First, k.Second = "date", strconv.Itoa(firstDay), strconv.Itoa(lastDay)
	case whole:
		lo, hi := bounds(c.field.Schema.Raw)
		k.Kind, k.First, k.Second = "whole", plainNumber(lo), plainNumber(hi)
	case decimal:
		k.Kind, k.First = "custom", c.formula(form.Ref(column, 2))
	default:
		lo, hi := c.length()
		switch k.Kind = "textLength"; {
		case hi < unbounded:
			k.First, k.Second = strconv.Itoa(max(lo, 1)), strconv.Itoa(hi)
		case lo > 1:
			k.Operator, k.First = "greaterThanOrEqual", strconv.Itoa(lo)
		default:
			return
		}
	}
	b.data.Check(k)
}

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// choices are the drop-down's entries: in the rule itself while they fit, else from the guide.
func (b *book) choices(c *column) string {
	joined := strings.Join(c.choices, ",")
	if len(joined) <= 200 && strings.Count(joined, ",") == len(c.choices)-1 && !strings.ContainsAny(joined, `"`) {
		return `"` + joined + `"`
	}
	return b.listed(c)
}

// complaint is what the spreadsheet program says of a wrong value.
func (b *book) complaint(c *column) string {
	var out []string
	for _, m := range c.field.Sentences() {
		out = append(out, sentence(words.Say(b.l, m)))
	}
	if c.kind == choice && !c.closed {
		out = append(out, b.say("template.choices", "choices", strings.Join(c.choices, ", ")))
	}
	if len(out) == 0 {
		out = append(out, sentence(c.field.Rule.In(b.l)))
	}
	return plain(strings.Join(out, ". "))
}

// clip shortens a text to n UTF-16 units, which is how spreadsheet programs count.
func clip(s string, n int) string {
	units := 0
	for i, r := range s {
		if r > 0xFFFF {
			units++
		}
		if units++; units > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// bounds are those of a whole number.
func bounds(raw map[string]any) (lo, hi float64) {
	lo, hi = -mostExact, mostExact
	if raw["format"] == "int32" {
		lo, hi = math.MinInt32, math.MaxInt32
	}
	lo, hi = max(lo, number(raw["minimum"], lo)), min(hi, number(raw["maximum"], hi))
	if v := number(raw["exclusiveMinimum"], lo-1); v >= lo {
		lo = v + 1
	}
	if v := number(raw["exclusiveMaximum"], hi+1); v <= hi {
		hi = v - 1
	}
	return lo, hi
}

// formula checks a number with decimals in the cell.
func (c *column) formula(cell string) string {
	raw := c.field.Schema.Raw
	all := []string{"ISNUMBER(" + cell + ")"}
	for _, bound := range []struct{ key, operator string }{{"minimum", ">="}, {"maximum", "<="}, {"exclusiveMinimum", ">"}, {"exclusiveMaximum", "<"}} {
		if v, ok := raw[bound.key]; ok {
			all = append(all, cell+bound.operator+fmt.Sprint(v))
		}
	}
	scale, length := c.field.Decimals()
	if scale >= 0 {
		all = append(all, fmt.Sprintf("ROUND(%s,%d)=%s", cell, scale, cell))
	}
	if length > 0 {
		all = append(all, fmt.Sprintf("LEN(%s)<=%d", cell, length))
	}
	return "AND(" + strings.Join(all, ",") + ")"
}

// length is the fewest and most characters of a text.
func (c *column) length() (least, most int) {
	raw := c.field.Schema.Raw
	least, most = 0, unbounded
	if p, ok := raw["pattern"].(string); ok {
		least, most = lengths(p)
	}
	return max(least, int(number(raw["minLength"], 0))), min(most, int(number(raw["maxLength"], unbounded)))
}
