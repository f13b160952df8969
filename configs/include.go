package configs

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/words"
)

// included are the keys that a file which include names may have.
var included = []string{"accounts", "lists", "routes", "sftp"}

// include reads the files that include names into the configuration, in the order of their names. A pattern that fits none
// is no mistake: the folder may be empty still.
func (l *loader) include(c *Config) {
	own := l.document
	defer func() { l.current, l.document = "", own }()
	for _, path := range l.named(c) {
		l.current = l.shown(path)
		text, ok := l.read(path)
		if !ok || blank(text) {
			continue
		}
		if root, ok := l.parse(text); ok {
			l.part(root, reflect.ValueOf(c).Elem())
		}
	}
	switch {
	case l.has("routes"):
	case len(c.Routes) > 0: // all of them are in other files
		l.keys["routes"] = l.keys["include"]
	case c.Console.first(): // none is written yet
		l.keys["routes"] = l.keys["console"]
	}
}

// named lists the files that the patterns fit, without the configuration itself and hidden ones.
func (l *loader) named(c *Config) []string {
	found := map[string]bool{}
	for i, pattern := range c.Include {
		paths, err := filepath.Glob(l.abs(pattern))
		if err != nil {
			l.bad(fmt.Sprintf("include[%d]", i), words.Message("config.include.pattern", "value", words.Short(pattern)), words.Example("include: routes.d/*.yaml"))
			continue
		}
		if len(paths) == 0 && !strings.ContainsAny(pattern, "*?[") {
			paths = []string{l.abs(pattern)} // reading it says what is wrong
		}
		for _, path := range paths {
			if path != c.Path && !strings.HasPrefix(filepath.Base(path), ".") {
				found[path] = true
			}
		}
	}
	for _, path := range l.more {
		found[path] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// shown is the path of an included file as people know it: beside the configuration as that was given.
func (l *loader) shown(path string) string {
	beside, err := filepath.Rel(l.dir, path)
	if err != nil {
		return path
	}
	return filepath.Join(filepath.Dir(l.file), beside)
}

// part decodes what an included file holds.
func (l *loader) part(root *yaml.Node, v reflect.Value) {
	if root.Kind != yaml.MappingNode {
		l.add(finding{at: l.where(root), what: words.Message("config.include.key"), write: words.Message("config.include.key.write", "words", strings.Join(included, ", "), "file", l.file)})
		return
	}
	fields := fieldsOf(v.Type())
	for _, e := range l.mapping("", root) {
		f, known := fields[e.Name]
		switch {
		case strings.HasPrefix(e.Name, "x-"):
		case !known:
			at := l.keys[e.Name]
			l.keys[e.Name] = l.where(e.Key)
			l.unknown(e.Name, e.Name, v.Type())
			l.keys[e.Name] = at
		case !slices.Contains(included, e.Name):
			l.add(finding{at: l.where(e.Key), key: e.Name, what: words.Message("config.include.key"), write: words.Message("config.include.key.write", "words", strings.Join(included, ", "), "file", l.file)})
		default:
			if !l.has(e.Name) {
				l.keys[e.Name] = l.where(e.Key)
			}
			l.decode(spot{e.Name, f.Tag}, e.Node, v.FieldByIndex(f.Index))
		}
	}
}

// blank reports whether a file holds nothing but comments.
func blank(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}
