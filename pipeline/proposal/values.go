package proposal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/templates"
)

// values proposes what the map must do with a column's values: a lookup for words, layouts for dates. It is careful:
// what can be read in two ways is left to a person.
func (p *Proposal) values(f *Field) {
	if f.Column < 0 || f.Surety == Perhaps {
		return
	}
	if f.Schema.Raw["format"] == "date-time" {
		p.moments(f)
		return
	}
	var bad []string
	for _, c := range p.cells[f.Column] {
		if c.kind == batch.String && !fits(f.Field, c) {
			bad = append(bad, c.text)
		}
	}
	switch {
	case len(bad) == 0:
	case isDate(f.Field):
		p.dates(f)
	case len(f.Schema.Enum) > 0:
		p.lookup(f, bad)
	}
}

func isDate(f *providers.Field) bool {
	return f.Schema.Type == "string" && f.Schema.Raw["format"] == "date"
}

// Layouts that can be read in one way only.
var layouts = []string{"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2.1.2006"}

// Layouts of which a date fits both as long as its day is no more than 12.
const (
	dayFirst   = "2/1/2006"
	monthFirst = "1/2/2006"
)

// layoutsOf are the layouts in which a text is a date.
func layoutsOf(text string) []string {
	var out []string
	for _, l := range append(slices.Clone(layouts), dayFirst, monthFirst) {
		if t, err := time.Parse(l, text); err == nil && t.Year() >= 1990 && t.Year() <= 2100 {
			out = append(out, l)
		}
	}
	return out
}

// dates proposes layouts that read every date of the column, if there are such.
func (p *Proposal) dates(f *Field) {
	var use, strange []string
	slashed, day, month := false, true, true
	for _, c := range p.cells[f.Column] {
		if c.kind != batch.String {
			continue // a real date needs no layout
		}
		found := layoutsOf(c.text)
		switch {
		case len(found) == 0:
			strange = append(strange, c.text)
		case found[0] == dayFirst || found[0] == monthFirst:
			slashed = true
			day, month = day && slices.Contains(found, dayFirst), month && slices.Contains(found, monthFirst)
		case !slices.Contains(use, found[0]):
			use = append(use, found[0])
		}
	}
	switch {
	case slashed && day && month:
		f.Remarks = append(f.Remarks, fmt.Sprintf("its dates can be read in two ways: write %s into the map for day/month, or %s for month/day", p.written(f, "date: ["+quoted(dayFirst)+"]"), p.written(f, "date: ["+quoted(monthFirst)+"]")))
		return
	case slashed && day:
		use = append(use, dayFirst)
	case slashed && month:
		use = append(use, monthFirst)
	case slashed:
		f.Remarks = append(f.Remarks, "its dates are written day/month in some rows and month/day in others: have the sender write 2026-12-31")
		return
	}
	if len(use) > 0 {
		f.Map = &configs.Mapping{Date: use}
	}
	if len(strange) > 0 {
		f.Remarks = append(f.Remarks, "not understood as dates: "+some(strange))
	}
}

// moments asks for the zone of times that name none: no sample tells it.
func (p *Proposal) moments(f *Field) {
	for _, c := range p.cells[f.Column] {
		if _, local := providers.LocalMoment(c.text, c.kind); local {
			f.Remarks = append(f.Remarks, "its times name no time zone: write "+p.written(f, "zone: Asia/Shanghai")+" into the map, with the zone that they are of")
			return
		}
	}
}

// lookup proposes what each word becomes, where at least one that is not understood comes near one that is.
func (p *Proposal) lookup(f *Field, bad []string) {
	table := map[string]string{}
	var strange []string
	for _, text := range bad {
		if value := guess(f.Field, text); value != "" {
			table[text] = value
			f.Guessed = append(f.Guessed, text)
		} else {
			strange = append(strange, text)
		}
	}
	if len(strange) > 0 {
		f.Remarks = append(f.Remarks, "not understood: "+some(strange)+"; a lookup can say what they become: write "+p.translated(f, strange)+" into the map, with what is right")
	}
	if len(table) == 0 {
		return
	}
	for _, s := range f.Synonyms() { // a lookup must speak of every value, also of those that the sample lacks
		table[s.Text] = s.Value
	}
	for _, v := range f.Schema.Enum {
		table[v] = v
	}
	for _, c := range p.cells[f.Column] {
		if value, ok := understood(f, c); ok {
			table[c.text] = value
		}
	}
	f.Map = &configs.Mapping{Lookup: table}
}

// written is a field's line of the map, with what is beside the heading.
func (p *Proposal) written(f *Field, beside string) string {
	return fmt.Sprintf("%s: {from: %s, %s}", Scalar(f.Path), Scalar(p.heading(f.Column)), beside)
}

// translated is a field's line of the map with a lookup for what is not understood; what is understood stays as it is.
func (p *Proposal) translated(f *Field, strange []string) string {
	value := "…"
	if len(f.Schema.Enum) > 0 {
		value = f.Schema.Enum[0]
	}
	pairs := []string{}
	for _, text := range strange[:min(len(strange), 3)] {
		pairs = append(pairs, quoted(text)+": "+quoted(value))
	}
	for _, c := range p.cells[f.Column] {
		if value, ok := understood(f, c); ok && len(pairs) < 12 {
			pairs = append(pairs, quoted(c.text)+": "+quoted(value))
		}
	}
	return p.written(f, "lookup: {"+strings.Join(pairs, ", ")+"}")
}

// understood is what a value becomes by itself.
func understood(f *Field, c cell) (value string, ok bool) {
	var v any
	out, omit, wrong := f.Append(nil, c.text, c.kind)
	if wrong != nil || omit || json.Unmarshal(out, &v) != nil {
		return "", false
	}
	return fmt.Sprint(v), true
}

// guess is the value that a word means which comes near a synonym; "" where that is not plain.
func guess(f *providers.Field, text string) string {
	if len(f.Schema.Enum) == 0 {
		return ""
	}
	type name struct{ text, value string }
	var names []name
	for _, v := range f.Schema.Enum {
		names = append(names, name{v, v})
	}
	for _, s := range f.Synonyms() {
		names = append(names, name{s.Text, s.Value})
	}
	found := map[string]bool{}
	for _, n := range names {
		if part(text, n.text) || sameWords(text, n.text, false) {
			found[n.value] = true
		}
	}
	if len(found) != 1 {
		return ""
	}
	for v := range found {
		return v
	}
	return ""
}

// part reports whether one word is a part of the other and long enough to mean it.
func part(a, b string) bool {
	a, b = strings.Join(split(a), ""), strings.Join(split(b), "")
	if utf8.RuneCountInString(a) > utf8.RuneCountInString(b) {
		a, b = b, a
	}
	least := 4
	if strings.ContainsFunc(a, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		least = 2
	}
	return utf8.RuneCountInString(a) >= least && strings.Contains(b, a)
}

// some shows a few values.
func some(list []string) string {
	var out []string
	for i, s := range list {
		if i == 5 {
			out = append(out, "…")
			break
		}
		r := []rune(s)
		if len(r) > 30 {
			r = append(r[:30], '…')
		}
		out = append(out, fmt.Sprintf("%q", string(r)))
	}
	return strings.Join(out, ", ")
}

// group finds the column that makes groups: one that is called so, else the one free column whose values repeat.
func (p *Proposal) group() {
	if !templates.NeedsGroup(p.Operation) {
		return
	}
	if p.GroupBy != "" {
		p.Group, p.Grouped = p.GroupBy, Sure
		return
	}
	p.Group, p.Grouped = templates.GroupHeading(p.Language), None
	taken := map[int]bool{}
	for _, f := range p.Fields {
		if f.How == mappers.Exact || f.How == mappers.Alike || f.How == mappers.Known || f.Surety == Check || f.Surety == Chosen {
			taken[f.Column] = true
		}
	}
	var repeating []int
	for i, c := range p.columns {
		if taken[i] || c.Name == "" {
			continue
		}
		for _, l := range batch.Languages() {
			if fold(strings.TrimSpace(c.Name)) == fold(templates.GroupHeading(l)) {
				p.Group, p.Grouped = p.heading(i), Sure
				return
			}
		}
		if n := len(p.cells[i]); n > 0 && n < p.rows {
			repeating = append(repeating, i)
		}
	}
	if len(repeating) == 1 {
		p.Group, p.Grouped = p.heading(repeating[0]), Check
	}
}
