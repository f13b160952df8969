package templates

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
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
	lastRow   = 1 << 20 // of a sheet
	textCell  = 49      // number format "@"
	firstDay  = 36526   // 2000-01-01 as a spreadsheet counts days
	lastDay   = 73415   // 2100-12-31
	dayFormat = "yyyy-mm-dd"
)

// writeData fills the sheet that people fill in: heading, formats and checks of whole columns, the example.
func (b *book) writeData() {
	rows := shown(b.op)
	tallest := 1
	for i, c := range b.columns {
		name, _ := excelize.ColumnNumberToName(i + 1)
		b.must(b.file.SetColStyle(b.data, name, b.style(c.cellStyle())))
		width := c.width()
		b.must(b.file.SetColWidth(b.data, name, name, width))
		tallest = max(tallest, lines(c.heading, width-2))
		b.must(b.file.SetCellStr(b.data, name+"1", c.heading))
		b.must(b.file.SetCellStyle(b.data, name+"1", name+"1", b.style(b.headStyle(c))))
		b.note(name+"1", c.heading, b.remarks(c))
		b.check(name, c)
	}
	b.must(b.file.SetRowHeight(b.data, 1, min(float64(8+15*tallest), 400)))
	for i, row := range rows {
		b.example(i+2, row)
	}
	b.note("A2", b.say("template.example"), []string{b.say("template.example.note")})
	b.must(b.file.SetPanes(b.data, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft",
		Selection: []excelize.Selection{{SQRef: "A2", ActiveCell: "A2", Pane: "bottomLeft"}}}))
	b.must(b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + b.data + "'!$1:$1", Scope: b.data}))
	last, _ := excelize.ColumnNumberToName(len(b.columns))
	b.must(b.file.AddIgnoredErrors(b.data, fmt.Sprintf("A1:%s%d", last, lastRow), excelize.IgnoredErrorsNumberStoredAsText))
	b.must(b.file.SetSheetDimension(b.data, fmt.Sprintf("A1:%s%d", last, len(rows)+1)))
	landscape, paper, height := "landscape", 9, 0
	b.must(b.file.SetPageLayout(b.data, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &paper, FitToHeight: &height}))
}

func (b *book) headStyle(c *column) excelize.Style {
	fill := optionalFill
	if c.required {
		fill = requiredFill
	}
	s := headStyle(fill)
	if b.groups(c) {
		s.Border = keyBorders()
	}
	return s
}

func headStyle(fill string) excelize.Style {
	return excelize.Style{
		Font: font(excelize.Font{Bold: true}), NumFmt: textCell, Border: borders(),
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{fill}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "center", Horizontal: "left"},
	}
}

// font completes a font: one without a name is shown in whatever the program likes.
func font(f excelize.Font) *excelize.Font {
	f.Family = "Calibri"
	if f.Size == 0 {
		f.Size = 11
	}
	return &f
}

// keyBorders mark a column whose equal values make rows one request.
func keyBorders() []excelize.Border {
	out := borders()
	out[len(out)-1] = excelize.Border{Type: "bottom", Color: keyLine, Style: 5}
	return out
}

func borders() []excelize.Border {
	var out []excelize.Border
	for _, side := range []string{"left", "right", "top", "bottom"} {
		out = append(out, excelize.Border{Type: side, Color: line, Style: 1})
	}
	return out
}

// groups reports whether equal values in the column make rows one request.
func (b *book) groups(c *column) bool {
	return c.field == nil || b.op.Rows.Kind == providers.Group && slices.Contains(b.op.Rows.Key, c.field.Path)
}

// cellStyle is how the column's cells hold what people type: text stays as it was typed.
func (c *column) cellStyle() excelize.Style {
	day := dayFormat
	switch c.kind {
	case date:
		return excelize.Style{CustomNumFmt: &day, Alignment: &excelize.Alignment{Horizontal: "left"}}
	case whole:
		return excelize.Style{NumFmt: 1}
	case decimal:
		return excelize.Style{NumFmt: 0}
	}
	return excelize.Style{NumFmt: textCell}
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
		cell, _ := excelize.CoordinatesToCellName(i+1, row)
		s := c.cellStyle()
		s.Font = font(excelize.Font{Italic: true, Color: exampleFont})
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{exampleFill}}
		b.must(b.file.SetCellStyle(b.data, cell, cell, b.style(s)))
		value := any(groupExample)
		if c.field != nil {
			text, there := values[c.field.Path]
			if !there || text == "" {
				continue
			}
			value = c.cell(text, b.l)
		}
		b.must(b.file.SetCellValue(b.data, cell, value))
		b.must(b.file.SetCellStyle(b.data, cell, cell, b.style(s))) // excelize has a format of its own for dates
	}
}

// note puts a comment on a cell: a bold first line and remarks.
func (b *book) note(cell, title string, remarks []string) {
	run := []excelize.RichTextRun{{Text: title, Font: &excelize.Font{Bold: true, Size: 9, Family: "Tahoma"}}}
	height := lines(title, 56)
	for _, r := range remarks {
		run = append(run, excelize.RichTextRun{Text: "\n" + r, Font: &excelize.Font{Size: 9, Family: "Tahoma"}})
		height += lines(r, 56)
	}
	b.must(b.file.AddComment(b.data, excelize.Comment{Cell: cell, Author: "rowferry", Paragraph: run, Width: 380, Height: uint(16*height + 14)}))
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
func (b *book) check(name string, c *column) {
	if c.field == nil {
		return
	}
	dv := excelize.NewDataValidation(true)
	dv.SetSqref(fmt.Sprintf("%s2:%s%d", name, name, lastRow))
	strict := excelize.DataValidationErrorStyleStop
	switch c.kind {
	case choice:
		b.choices(dv, c)
		if !c.closed {
			strict = excelize.DataValidationErrorStyleWarning // other words are understood too
		}
	case date:
		b.must(dv.SetRange(firstDay, lastDay, excelize.DataValidationTypeDate, excelize.DataValidationOperatorBetween))
	case whole:
		lo, hi := bounds(c.field.Schema.Raw)
		b.must(dv.SetRange(lo, hi, excelize.DataValidationTypeWhole, excelize.DataValidationOperatorBetween))
	case decimal:
		b.must(dv.SetRange(c.formula(name+"2"), "", excelize.DataValidationTypeCustom, excelize.DataValidationOperatorBetween))
	default:
		lo, hi := c.length()
		switch {
		case hi < unbounded:
			b.must(dv.SetRange(max(lo, 1), hi, excelize.DataValidationTypeTextLength, excelize.DataValidationOperatorBetween))
		case lo > 1:
			b.must(dv.SetRange(lo, 0, excelize.DataValidationTypeTextLength, excelize.DataValidationOperatorGreaterThanOrEqual))
			dv.Formula2 = ""
		default:
			return
		}
	}
	dv.SetError(strict, clip(c.heading, 30), clip(b.complaint(c), 220))
	b.must(b.file.AddDataValidation(b.data, dv))
}

// choices gives the drop-down its entries: in the rule itself while they fit, else from the guide.
func (b *book) choices(dv *excelize.DataValidation, c *column) {
	joined := strings.Join(c.choices, ",")
	if len(joined) <= 200 && strings.Count(joined, ",") == len(c.choices)-1 && !strings.ContainsAny(joined, `"`) {
		b.must(dv.SetDropList(c.choices))
		return
	}
	dv.SetSqrefDropList(b.listed(c))
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
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace("AND(" + strings.Join(all, ",") + ")") // excelize writes it as it is
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
