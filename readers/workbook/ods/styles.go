package ods

import (
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// styles collects what bears on the values: the number format of a cell's style, and which sheets are hidden.
type styles struct {
	cells  map[string]cellStyle
	codes  map[string]string // number formats by name, in the notation of Excel
	hidden map[string]bool   // styles of sheets that are not shown
	index  map[string]int    // of a cell's style, once resolved
	size   int
}

type cellStyle struct{ format, parent string }

func newStyles() *styles {
	return &styles{cells: map[string]cellStyle{}, codes: map[string]string{}, hidden: map[string]bool{}, index: map[string]int{}}
}

// maxStyleBytes bounds the names and codes of all styles.
const maxStyleBytes = 32 << 20

func (t *styles) charge(n int) error {
	if t.size += n + 64; t.size > maxStyleBytes {
		return &grid.Error{Part: part, Reason: grid.OverFormats, Limit: maxStyleBytes}
	}
	return nil
}

// addStyle takes the style that has just started, and goes to its end.
func (t *styles) addStyle(s scan) error {
	get := func(name string) string { v, _ := s.Attr(name); return string(v) }
	name, family := get("style:name"), get("style:family")
	style := cellStyle{get("style:data-style-name"), get("style:parent-style-name")}
	if family == "table-cell" {
		t.cells[name] = style
	}
	if err := t.charge(len(name) + len(style.format) + len(style.parent)); err != nil {
		return err
	}
	for k, err := range s.Within() {
		if err != nil {
			return s.Wrap(err)
		}
		if k == ooxml.Start && string(s.Name) == "table-properties" && get("table:display") == "false" && family == "table" {
			t.hidden[name] = true
		}
	}
	return nil
}

// addFormat takes the number format that has just started, and goes to its end.
func (t *styles) addFormat(s scan, kind string) error {
	get := func(name string) string { v, _ := s.Attr(name); return string(v) }
	name := get("style:name")
	elapsed := kind == "time-style" && get("number:truncate-on-overflow") == "false"
	var code strings.Builder
	child := s.Depth() + 1
	for k, err := range s.Within() {
		if err != nil {
			return s.Wrap(err)
		}
		if k != ooxml.Start || s.Depth() != child || code.Len() > 10_000 {
			continue
		}
		switch string(s.Name) {
		case "number":
			err = digits(s, &code)
		case "text", "currency-symbol":
			err = literal(s, &code)
		case "scientific-number":
			code.WriteString("0.00E+00")
		case "fraction":
			code.WriteString("# ?/?")
		case "year":
			code.WriteString("yyyy")
		case "month", "minutes":
			code.WriteString("mm")
		case "day", "day-of-week":
			code.WriteString("dd")
		case "hours":
			if elapsed {
				code.WriteString("[h]")
			} else {
				code.WriteString("hh")
			}
		case "seconds":
			code.WriteString("ss")
		case "am-pm":
			code.WriteString("AM/PM")
		}
		if err != nil {
			return err
		}
	}
	t.codes[name] = code.String()
	return t.charge(len(name) + code.Len())
}

// digits writes the digits of a number: 00000, 000-00-0000, #,##0.00.
func digits(s scan, code *strings.Builder) error {
	whole := 0
	if v, ok := s.Attr("number:min-integer-digits"); ok {
		whole, _ = strconv.Atoi(string(v))
	}
	whole = min(max(whole, 0), 40)
	grouping, _ := s.Attr("number:grouping")
	places, _ := s.Attr("number:decimal-places")
	grouped, fraction := string(grouping) == "true", string(places)
	within := map[int]string{} // texts between the digits, by how many stand behind them
	for k, err := range s.Within() {
		if err != nil {
			return s.Wrap(err)
		}
		if k == ooxml.Start && string(s.Name) == "embedded-text" {
			v, _ := s.Attr("number:position")
			at, _ := strconv.Atoi(string(v))
			var text strings.Builder
			if err := literal(s, &text); err != nil {
				return err
			}
			within[at] = text.String()
		}
	}
	if grouped || whole == 0 {
		code.WriteString("#,##0")
	}
	for left := whole; left > 0 && !grouped; left-- {
		code.WriteString("0")
		code.WriteString(within[left-1])
	}
	if n, _ := strconv.Atoi(fraction); n > 0 {
		code.WriteString("." + strings.Repeat("0", min(n, 30)))
	}
	return nil
}

// literal writes the text of the element as one that is shown as it is.
func literal(s scan, code *strings.Builder) error {
	for k, err := range s.Within() {
		if err != nil {
			return s.Wrap(err)
		}
		if k == ooxml.Text {
			code.WriteString(`"` + strings.ReplaceAll(string(s.Text), `"`, "") + `"`)
		}
	}
	return nil
}

// resolve gives every cell's style the number of its format.
func (t *styles) resolve() *grid.Styles {
	out := &grid.Styles{}
	out.AddCode("General")
	codes := map[string]int{}
	for name, style := range t.cells {
		for range 20 { // parents
			if style.format != "" || style.parent == "" {
				break
			}
			style = t.cells[style.parent]
		}
		code, ok := t.codes[style.format]
		if !ok {
			continue
		}
		if _, known := codes[code]; !known {
			codes[code] = out.AddCode(code)
		}
		t.index[name] = codes[code]
	}
	return out
}
