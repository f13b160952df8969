package csvfile

import "strings"

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
// Excel shows numbers of more than eleven digits as 1.23457E+15 and writes them so into a CSV; a column that is too
// narrow becomes ####; errors keep their name. Codes like 1E05 are left alone: Excel always writes the plus sign.
func destroyed(s string) string {
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '-', c == '+', c == ' ':
		if exponent(s) {
			return "csv.cell.exponent"
		}
	case c == '#':
		if s = strings.TrimSpace(s); len(s) >= 4 && strings.Trim(s, "#") == "" {
			return "csv.cell.hashes"
		}
		if failures[s] {
			return "csv.cell.failure"
		}
	}
	return ""
}

var failures = map[string]bool{
	"#N/A": true, "#REF!": true, "#VALUE!": true, "#DIV/0!": true, "#NUM!": true, "#NAME?": true, "#NULL!": true,
	"#SPILL!": true, "#CALC!": true, "#GETTING_DATA": true, "#FIELD!": true, "#BLOCKED!": true, "#UNKNOWN!": true,
	"#Н/Д": true, "#ССЫЛКА!": true, "#ЗНАЧ!": true, "#ДЕЛ/0!": true, "#ЧИСЛО!": true, "#ИМЯ?": true, "#ПУСТО!": true,
}

// exponent matches 1.23457E+15, 1,23457E+15 and 1E+15 with a power of at least 11.
func exponent(s string) bool {
	n := len(s)
	if n > 0 && s[n-1] <= ' ' || n > 0 && s[0] == ' ' {
		s = strings.TrimSpace(s)
		n = len(s)
	}
	if n < 5 || s[n-3] != '+' && s[n-4] != '+' {
		return false
	}
	s = strings.TrimLeft(s, "+-")
	at := strings.IndexAny(s, "Ee")
	if at < 1 || at+3 > len(s) || s[at+1] != '+' {
		return false
	}
	power := 0
	for _, c := range []byte(s[at+2:]) {
		if c < '0' || c > '9' || power > 999 {
			return false
		}
		power = power*10 + int(c-'0')
	}
	if power < 11 || s[0] < '0' || s[0] > '9' || at == 2 {
		return false
	}
	if at == 1 {
		return true
	}
	if s[1] != '.' && s[1] != ',' {
		return false
	}
	return strings.Trim(s[2:at], "0123456789") == ""
}
