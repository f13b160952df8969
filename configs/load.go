package configs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// maxSize is far above any configuration a person writes.
const maxSize = 4 << 20

// Load reads one configuration as far as it can be read, whatever is wrong with it: that is in its Verdict. What cannot be
// read has its default.
func Load(path string) *Config {
	c := &Config{}
	full, err := filepath.Abs(path)
	if err != nil {
		full = path
	}
	l := newLoader(path, filepath.Dir(full))
	c.Path = full
	fillDefaults(reflect.ValueOf(c).Elem())
	if text, ok := l.read(path); ok {
		if root, ok := l.parse(text); ok {
			l.language = l.spoken(root)
			l.decode(spot{key: ""}, root, reflect.ValueOf(c).Elem())
			l.finish(c)
			l.check(c)
		}
	}
	c.Data = l.abs(c.Data)
	c.source = source{file: path, at: l.keys, meant: l.meant, compiled: l.providers, expanded: l.expansions(), found: l.mistakes, noticed: l.warnings}
	return c
}

// expansions are the variables that the file names, those that hold most first. What holds next to nothing is nobody's secret, and
// would be found in every word.
func (l *loader) expansions() []expansion {
	var out []expansion
	for name, value := range l.variables {
		if len(value) >= 3 {
			out = append(out, expansion{name, value})
		}
	}
	slices.SortFunc(out, func(a, b expansion) int { return len(b.value) - len(a.value) })
	return out
}

// read returns the text, without a byte order mark.
func (l *loader) read(path string) ([]byte, bool) {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		l.add(finding{what: words.Message("config.no_file"), write: words.Message("config.no_file.write")})
		return nil, false
	case err != nil:
		l.add(finding{what: words.Message("config.unreadable", "cause", cause(err)), write: words.Message("config.unreadable.write")})
		return nil, false
	case info.IsDir():
		l.add(finding{what: words.Message("config.folder"), write: words.Message("config.folder.write", "path", filepath.Join(path, "rowferry.yaml"))})
		return nil, false
	case info.Size() > maxSize:
		l.add(finding{what: words.Message("config.too_big", "size", info.Size(), "limit", maxSize)})
		return nil, false
	}
	text, err := os.ReadFile(path)
	if err != nil {
		l.add(finding{what: words.Message("config.unreadable", "cause", cause(err)), write: words.Message("config.unreadable.write")})
		return nil, false
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		l.add(finding{at: firstInvalid(text), what: words.Message("config.not_utf8"), write: words.Message("config.not_utf8.write")})
		return nil, false
	}
	return text, true
}

func firstInvalid(text []byte) position {
	p := position{line: 1, column: 1}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			break
		}
		p.column++
		if r == '\n' {
			p = position{line: p.line + 1, column: 1}
		}
		text = text[n:]
	}
	return p
}

// parse gives the one document of the file as a mapping.
func (l *loader) parse(text []byte) (root ast.Node, ok bool) {
	defer func() { // a parser of other people's making must not take the program down over a typing error
		if r := recover(); r != nil {
			l.add(finding{at: position{line: 1, column: 1}, what: words.Message("yaml.other", "cause", fmt.Sprint(r)), write: words.Message("yaml.other.write")})
			root, ok = nil, false
		}
	}()
	f, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		l.add(syntax(text, err))
		return nil, false
	}
	var bodies []ast.Node
	for _, d := range f.Docs {
		if d.Body != nil && d.Body.Type() != ast.NullType {
			bodies = append(bodies, d.Body)
		}
	}
	switch {
	case len(bodies) == 0:
		l.add(finding{what: words.Message("config.empty"), write: words.Message("config.empty.write")})
		return nil, false
	case len(bodies) > 1:
		l.add(finding{at: l.where(bodies[1]), what: words.Message("config.documents"), write: words.Message("config.documents.write")})
		return nil, false
	}
	return bodies[0], true
}

// spoken is the language that the file itself asks for, to report its mistakes in.
func (l *loader) spoken(root ast.Node) batch.Language {
	for _, e := range entries(root) {
		if e.name == "language" {
			if s, ok := scalar(e.value); ok {
				for _, known := range batch.Languages() {
					if s == string(known) {
						return known
					}
				}
			}
		}
	}
	return batch.English
}

// syntax puts a parser's error into plain words.
func syntax(text []byte, err error) finding {
	var e yaml.Error
	if !asYAML(err, &e) || e.GetToken() == nil || e.GetToken().Position == nil {
		return finding{at: position{line: 1, column: 1}, what: words.Message("yaml.other", "cause", err.Error()), write: words.Message("yaml.other.write")}
	}
	at := position{line: e.GetToken().Position.Line, column: e.GetToken().Position.Column}
	key := plainSyntax(e.GetMessage())
	if tab, found := tabIndent(text, at.line); found {
		key, at = "yaml.tab", tab
	}
	if deeper, found := hanging(text, at.line); found && key == "yaml.colon" {
		key, at = "yaml.indent", deeper
	}
	if key == "yaml.other" {
		return finding{at: at, what: words.Message(key, "cause", e.GetMessage()), write: words.Message(key + ".write")}
	}
	return finding{at: at, what: words.Message(key), write: words.Message(key + ".write")}
}

// hanging finds a key that is indented deeper than the key with a value before it, which YAML reads as one long value.
func hanging(text []byte, line int) (position, bool) {
	lines := strings.Split(string(text), "\n")
	indent := func(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
	first := lines[line-1]
	if strings.Count(first, ": ") != 1 {
		return position{}, false
	}
	for i, s := range lines[line:] {
		if rest := strings.TrimSpace(s); rest == "" || rest[0] == '#' {
			continue
		}
		return position{line: line + 1 + i, column: indent(s) + 1}, indent(s) > indent(first)
	}
	return position{}, false
}

// tabIndent finds a tab in the indentation of the line or of the one before it.
func tabIndent(text []byte, line int) (position, bool) {
	for i, s := range bytes.Split(text, []byte("\n")) {
		if i+1 != line && i+2 != line {
			continue
		}
		blank := s[:len(s)-len(bytes.TrimLeft(s, " \t"))]
		if n := bytes.IndexByte(blank, '\t'); n >= 0 && len(bytes.TrimSpace(s)) > 0 {
			return position{line: i + 1, column: n + 1}, true
		}
	}
	return position{}, false
}
