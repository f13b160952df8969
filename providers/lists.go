package providers

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// LoadList reads a code list: one value a line, optionally a TAB and the code that belongs to it; blank lines and lines
// that begin with # are left out. The file is UTF-8, with or without BOM. The error is a *batch.Unreadable that says what is wrong.
func LoadList(path string) (map[string]bool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		cause := err
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			cause = p.Err
		}
		return nil, &batch.Unreadable{Message: words.Message("config.file", "path", path, "cause", cause), Err: err}
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		return nil, &batch.Unreadable{Message: words.Message("list.not_utf8", "path", path)}
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
		return nil, &batch.Unreadable{Message: words.Message("config.file", "path", path, "cause", err), Err: err}
	}
	if len(list) == 0 {
		return nil, &batch.Unreadable{Message: words.Message("list.empty", "path", path)}
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
