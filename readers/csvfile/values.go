package csvfile

import (
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/words"
)

// unwrapped is the value of ="00123", by which people make Excel keep a CSV's zeros and long digits: it shows 00123.
// Other text, real formulas too, stays as it is.
func unwrapped(s string) string {
	if len(s) < 3 || s[:2] != `="` || s[len(s)-1] != '"' {
		return s
	}
	inner := s[2 : len(s)-1]
	if strings.Contains(strings.ReplaceAll(inner, `""`, ""), `"`) {
		return s
	}
	return strings.ReplaceAll(inner, `""`, `"`)
}

// undump gives a cell the text that stands for it in a table that a database dumped (COPY of PostgreSQL, INTO OUTFILE of MySQL): \n is a line
// end, \t a tab, \\ a backslash. One that these do not explain, such as a backslash at the end of a line, is asked about.
func undump(c *batch.Cell) {
	var out strings.Builder
	for rest := c.Text; rest != ""; {
		before, after, escaped := strings.Cut(rest, `\`)
		out.WriteString(before)
		if !escaped {
			break
		}
		at := -1
		if after != "" {
			at = strings.IndexByte(`\ntr`, after[0])
		}
		if at < 0 {
			spoil(c, words.Message("csv.cell.escape", "value", c.Text))
			return
		}
		out.WriteByte("\\\n\t\r"[at])
		rest = after[1:]
	}
	c.Text = out.String()
}

// destroyed names what has become of a value before the file was written, "" when nothing shows.
//
// Excel shows long numbers as 1.23457E+15, and in a narrow column 1.38E+10, and writes them so into a CSV; a date in a column
// that is too narrow becomes ####; errors keep their name.
func destroyed(s string) string {
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '-', c == '+', c == ' ':
		if table.Destroyed(s) {
			return "csv.cell.exponent"
		}
	case c == '#':
		if s = strings.TrimSpace(s); len(s) >= 4 && strings.Trim(s, "#") == "" {
			return "csv.cell.hashes"
		}
	}
	if table.Failed(s) {
		return "csv.cell.failure"
	}
	return ""
}

// halved is the reference to a character (&amp;) of which a delimiter took the end; "" where there is none.
func halved(text string, s *splitter) string {
	for i, f := range s.fields[:len(s.fields)-1] {
		if slices.Contains(s.quoted, i) {
			continue
		}
		field := text[f.from:f.to]
		at := strings.LastIndexByte(field, '&')
		if at < 0 || strings.Contains(field, "://") { // a parameter of an address may be called so
			continue
		}
		if _, mark := table.Unescaped(field[at:] + ";"); mark != "" {
			return field[at:]
		}
	}
	return ""
}
