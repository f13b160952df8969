package csvfile

import (
	"strings"

	"github.com/rowferry/rowferry/readers/table"
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
