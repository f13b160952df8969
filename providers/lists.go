package providers

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// LoadList reads a code list: one value a line, optionally a TAB and the code that belongs to it; blank lines and lines
// that begin with # are left out. The file is UTF-8, with or without BOM.
func LoadList(path string) (map[string]bool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("%s: the list is not UTF-8; save it as UTF-8 text", path)
	}
	list := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		value, code, coded := strings.Cut(lines.Text(), "\t")
		value, code = strings.TrimSpace(value), strings.TrimSpace(code)
		if value == "" || strings.HasPrefix(value, "#") {
			continue
		}
		list[value] = true
		if coded && code != "" {
			list[value+"\t"+code] = true
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: the list is empty; write one value a line", path)
	}
	return list, nil
}

// Has reports whether value is in the list; a list that is not loaded has everything.
func (l Lists) Has(list, value string) bool {
	values, loaded := l[list]
	return !loaded || values[value]
}

// Code gives what stands beside value in the list ("COSCO-中远海<TAB>COSU"), "" when the list does not say.
func (l Lists) Code(list, value string) string {
	prefix := value + "\t"
	for entry := range l[list] {
		if code, ok := strings.CutPrefix(entry, prefix); ok {
			return code
		}
	}
	return ""
}
