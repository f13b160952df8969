package templates

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// kind is how a column's cells are formatted and checked.
type kind uint8

const (
	text    kind = iota // everything whose digits must survive
	choice              // text out of a few
	date                // a real date
	whole               // a number that a spreadsheet keeps exactly
	decimal             // the same with a point
)

// column is one column of the sheet to fill in.
type column struct {
	field    *providers.Field // nil: the route's group column
	heading  string
	kind     kind
	required bool
	choices  []string // what its drop-down shows
	closed   bool     // nothing but the choices is understood
}

// columns are those of the operation in the document's order; a group column that is not a field comes first.
func columns(op *providers.Operation, s Settings) []*column {
	var out []*column
	if NeedsGroup(op) {
		out = append(out, &column{heading: s.Group, required: true})
	}
	shared := labels(op)
	for _, f := range op.Fields {
		c := &column{field: f, heading: f.Label.In(s.Language), required: f.Required, kind: kindOf(f)}
		if shared[key(c.heading)] != 1 {
			c.heading = f.Path
		}
		c.offer(s.Language)
		out = append(out, c)
	}
	return out
}

// labels counts how many fields go by a label in any language: one that two share would fill neither.
func labels(op *providers.Operation) map[string]int {
	out := map[string]int{}
	for _, f := range op.Fields {
		own := []string{key(f.Label.EN), key(f.Label.ZH), key(f.Label.RU)}
		slices.Sort(own)
		for _, k := range slices.Compact(own) {
			if k != "" {
				out[k]++
			}
		}
	}
	return out
}

// key is how headings are compared.
func key(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToLower(norm.NFKC.String(s)))
}

func kindOf(f *providers.Field) kind {
	switch s := f.Schema; {
	case len(s.Enum) > 0 || s.Type == "boolean":
		return choice
	case s.Type == "integer" && exact(s.Raw):
		return whole
	case s.Type == "number":
		return decimal
	case s.Type == "string" && s.Raw["format"] == "date":
		return date
	}
	return text
}

// mostExact is the largest number of which a spreadsheet keeps every digit.
const mostExact = 999_999_999_999_999

// exact reports whether every number that is allowed survives a spreadsheet.
func exact(raw map[string]any) bool {
	if raw["format"] == "int64" && raw["maximum"] == nil {
		return false
	}
	return math.Abs(number(raw["maximum"], 0)) <= mostExact && math.Abs(number(raw["minimum"], 0)) <= mostExact
}

func number(v any, otherwise float64) float64 {
	if n, err := strconv.ParseFloat(fmt.Sprint(v), 64); err == nil && v != nil {
		return n
	}
	return otherwise
}

// offer decides what the drop-down shows: for each value the word that is understood in the language, else the value.
func (c *column) offer(l batch.Language) {
	f := c.field
	switch {
	case f.Schema.Type == "boolean":
		c.choices = []string{words.Of(l, "template.yes"), words.Of(l, "template.no")}
		return
	case len(f.Schema.Enum) == 0:
		return
	}
	synonyms := f.Synonyms()
	c.closed = len(synonyms) == 0
	for _, value := range f.Schema.Enum {
		c.choices = append(c.choices, wordFor(value, synonyms, l))
	}
	if len(c.choices) != len(distinct(c.choices)) {
		c.choices = f.Schema.Enum
	}
}

func distinct(list []string) map[string]bool {
	out := map[string]bool{}
	for _, s := range list {
		out[s] = true
	}
	return out
}

// wordFor is the synonym of a value that people of the language read most easily, or the value itself.
func wordFor(value string, synonyms []providers.Synonym, l batch.Language) string {
	best, rank := value, 0
	for _, s := range synonyms {
		if s.Value != value || script(s.Text) != l {
			continue
		}
		r := 1
		if !strings.Contains(s.Text, "_") {
			r = 2
		}
		if r > rank {
			best, rank = s.Text, r
		}
	}
	return best
}

// script is the language that a word is written in, as far as its letters tell.
func script(s string) batch.Language {
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Han, r):
			return batch.Chinese
		case unicode.Is(unicode.Cyrillic, r):
			return batch.Russian
		}
	}
	return batch.English
}

// cell is an example's value as the column's cells hold it: text, a number or a date.
func (c *column) cell(example string, l batch.Language) any {
	switch c.kind {
	case choice:
		return c.chosen(example, l)
	case date:
		if t, err := time.Parse(time.DateOnly, example); err == nil {
			return t
		}
	case whole:
		if n, err := strconv.ParseInt(example, 10, 64); err == nil {
			return n
		}
	case decimal:
		n, err := strconv.ParseFloat(example, 64)
		if err == nil && strconv.FormatFloat(n, 'f', -1, 64) == example {
			return n
		}
	}
	return example
}

// chosen is the entry of the drop-down that means the example.
func (c *column) chosen(example string, l batch.Language) string {
	if c.field.Schema.Type == "boolean" {
		if example == "true" {
			return c.choices[0]
		}
		return c.choices[1]
	}
	if word := wordFor(example, c.field.Synonyms(), l); slices.Contains(c.choices, word) {
		return word
	}
	return example
}
