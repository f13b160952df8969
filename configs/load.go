package configs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/strictyaml"
	"github.com/rowferry/rowferry/words"
)

// maxSize is far above any configuration a person writes.
const maxSize = 4 << 20

// Load reads one configuration as far as it can be read, whatever is wrong with it: that is in its Verdict. What cannot be
// read has its default.
func Load(path string) *Config { return LoadWith(path) }

// LoadWith is Load with further files, as if include named them too.
func LoadWith(path string, more ...string) *Config {
	c := &Config{}
	full, err := filepath.Abs(path)
	if err != nil {
		full = path
	}
	l := newLoader(path, filepath.Dir(full))
	l.more = more
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

// mostValues is how many values a configuration may come to with each alias written out.
const mostValues = 1_000_000

// parse gives the one document of the file.
func (l *loader) parse(text []byte) (root *yaml.Node, ok bool) {
	docs, err := strictyaml.Parse(text)
	switch {
	case err != nil:
		l.add(syntax(err))
	case len(docs) == 0:
		l.add(finding{what: words.Message("config.empty"), write: words.Message("config.empty.write")})
	case len(docs) > 1:
		l.add(finding{at: l.where(docs[1].Root), what: words.Message("config.documents"), write: words.Message("config.documents.write")})
	default:
		l.document = docs[0]
		if err := l.document.Multiplies(mostValues); err != nil {
			l.add(syntax(err))
			return nil, false
		}
		return l.document.Root, true
	}
	return nil, false
}

// spoken is the language that the file itself asks for, to report its mistakes in.
func (l *loader) spoken(root *yaml.Node) batch.Language {
	if n := strictyaml.Get(root, "language"); n != nil && slices.Contains(batch.Languages(), batch.Language(n.Value)) {
		return batch.Language(n.Value)
	}
	return batch.English
}

// syntax puts into plain words why the text is no YAML.
func syntax(err error) finding {
	e, ok := errors.AsType[*strictyaml.SyntaxError](err)
	if !ok {
		e = &strictyaml.SyntaxError{Line: 1, Column: 1, Cause: strictyaml.Other, Text: err.Error()}
	}
	return finding{at: position{line: e.Line, column: e.Column},
		what: words.Message(string(e.Cause), "cause", e.Text, "name", e.Text), write: words.Message(string(e.Cause)+".write", "name", e.Text)}
}
