package configs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/spelling"
	"github.com/rowferry/rowferry/strictyaml"
	"github.com/rowferry/rowferry/words"
)

// loader turns a parsed file into a Config and collects what is wrong with it.
type loader struct {
	file     string   // as it was given
	more     []string // files that are included besides
	current  string   // the included file that is read now; "" for the configuration itself
	dir      string   // what relative paths start at
	language batch.Language

	keys      map[string]position // where each key stands
	values    map[string]position // where its value stands
	meant     map[string]bool     // keys that a misspelt one probably stands for
	raw       map[string]string   // scalars as they were written, before ${NAME}
	variables map[string]string   // those that were put in
	document  strictyaml.Document // that is read now
	depth     int
	providers map[string]*providers.Provider // by account

	mistakes []finding
	warnings []finding
}

func newLoader(file, dir string) *loader {
	return &loader{
		file: file, dir: dir, language: batch.English,
		keys: map[string]position{}, values: map[string]position{}, meant: map[string]bool{}, raw: map[string]string{}, variables: map[string]string{},
		providers: map[string]*providers.Provider{},
	}
}

// spot is the place of a value: its key and what the field's tags say.
type spot struct {
	key  string
	tags reflect.StructTag
}

func (s spot) name() string {
	name, _, _ := strings.Cut(s.key[strings.LastIndexByte(s.key, '.')+1:], "[")
	return name
}

// example is what to write here: `settle: 2s`.
func (s spot) example() string {
	if account, credential, found := strings.Cut(strings.TrimPrefix(s.key, "accounts."), ".credentials."); found {
		return fmt.Sprintf("%s: %q", s.name(), "${"+Variable(account+"_"+credential)+"}")
	}
	value := s.tags.Get("example")
	if value == "" {
		value = s.tags.Get("default")
		if strings.Contains(value, ",") {
			value = "[" + value + "]"
		}
	}
	if value == "" {
		value, _, _ = strings.Cut(s.tags.Get("enum"), ",")
	}
	if value == "" {
		return s.name() + ": …"
	}
	return s.name() + ": " + value
}

func (l *loader) add(f finding)  { l.mistakes = append(l.mistakes, l.inCurrent(f)) }
func (l *loader) warn(f finding) { l.warnings = append(l.warnings, l.inCurrent(f)) }

// inCurrent puts a finding that names no file into the one that is read now.
func (l *loader) inCurrent(f finding) finding {
	f.at.file = cmp.Or(f.at.file, l.current)
	return f
}

// bad adds a mistake at the value of a key.
func (l *loader) bad(key string, what, write batch.Message) {
	l.add(finding{at: l.place(key), key: key, what: what, write: write})
}

// blamed reports whether a mistake was found at one of the keys: what is compared with its value would be no mistake of its own.
func (l *loader) blamed(keys ...string) bool {
	return slices.ContainsFunc(l.mistakes, func(f finding) bool { return slices.Contains(keys, f.key) })
}

// place is where the value of key stands, or the nearest key above it.
func (l *loader) place(key string) position {
	if p, ok := l.values[key]; ok {
		return p
	}
	return (&source{at: l.keys}).find(key)
}

// has reports whether the file gives the key.
func (l *loader) has(key string) bool { _, ok := l.keys[key]; return ok }

// where is where a node stands, in the file that is read now.
func (l *loader) where(n *yaml.Node) position {
	if n == nil {
		return position{file: l.current}
	}
	return position{line: n.Line, column: n.Column, file: l.current}
}

// scalar is the text of a value as it was written.
func scalar(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode || strictyaml.Null(n) {
		return "", false
	}
	return n.Value, true
}

// kind names what was written, for "must be a text, not {kind}".
func kind(n *yaml.Node) batch.Message {
	switch n.ShortTag() {
	case "!!map":
		return words.Message("config.kind.mapping")
	case "!!seq":
		return words.Message("config.kind.list")
	case "!!int", "!!float":
		return words.Message("config.kind.number", "value", words.Short(n.Value))
	case "!!bool":
		return words.Message("config.kind.bool")
	case "!!null":
		return words.Message("config.kind.nothing")
	}
	return words.Message("config.kind.text")
}

// resolve follows aliases; tags and aliases that lead nowhere are mistakes.
func (l *loader) resolve(key string, n *yaml.Node) (*yaml.Node, bool) {
	if name := l.document.Lost(n); name != "" {
		l.add(finding{at: l.where(n), key: key, what: words.Message("config.alias", "name", name), write: words.Message("config.alias.write", "name", name)})
		return nil, false
	}
	n = strictyaml.Plain(n)
	if tag := strictyaml.Tag(n); tag != "" && tag != "!!str" {
		l.add(finding{at: l.where(n), key: key, what: words.Message("config.tag", "tag", tag), write: words.Message("config.tag.write")})
		return nil, false
	}
	return n, true
}

// mapping lists the entries of a mapping with merges (<<) resolved, and reports keys that are there twice.
func (l *loader) mapping(key string, n *yaml.Node) []strictyaml.Entry {
	l.depth++
	defer func() { l.depth-- }()
	if l.depth > 40 {
		l.bad(key, words.Message("config.alias.deep"), words.Message("config.alias.deep.write"))
		return nil
	}
	own, merged := strictyaml.Own(n)
	again, first := strictyaml.Twice(own)
	for i, e := range again {
		l.add(finding{at: l.where(e.Key), key: join(key, e.Name), what: words.Message("config.twice", "line", first[i]), write: words.Message("config.twice.write")})
	}
	out := strictyaml.Missing(nil, own)
	for _, m := range merged {
		if from, ok := l.resolve(key, m); ok {
			out = strictyaml.Missing(out, l.mapping(key, from))
		}
	}
	return out
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

var (
	typeDuration = reflect.TypeFor[time.Duration]()
	typeSecret   = reflect.TypeFor[Secret]()
	typeMapping  = reflect.TypeFor[Mapping]()
)

// decode fills v from n. What does not fit is a mistake; the rest is decoded all the same.
func (l *loader) decode(s spot, n *yaml.Node, v reflect.Value) {
	n, ok := l.resolve(s.key, n)
	if !ok {
		return
	}
	if s.key != "" {
		l.values[s.key] = l.where(n)
	}
	t := v.Type()
	switch {
	case t == typeMapping:
		l.decodeMapping(s, n, v.Addr().Interface().(*Mapping))
	case t == typeSecret:
		l.decodeSecret(s, n, v)
	case t == typeDuration:
		l.decodeDuration(s, n, v)
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		v.Set(reflect.New(t.Elem()))
		l.decode(s, n, v.Elem())
	case t.Kind() == reflect.Struct:
		l.decodeStruct(s, n, v)
	case t.Kind() == reflect.Map:
		l.decodeMap(s, n, v)
	case t.Kind() == reflect.Slice:
		l.decodeList(s, n, v)
	case strictyaml.Null(n):
		l.empty(s, n)
	case t.Kind() == reflect.Bool:
		l.decodeBool(s, n, v)
	case t.Kind() == reflect.Int:
		l.decodeInt(s, n, v)
	case t.Kind() == reflect.String:
		l.decodeText(s, n, v)
	default:
		panic("configs: no decoder for " + t.String())
	}
}

// wrong reports a value of another kind than wanted ("config.want.text").
func (l *loader) wrong(s spot, n *yaml.Node, want string) {
	l.add(finding{at: l.where(n), key: s.key,
		what:  words.Message("config.type", "want", l.say(words.Message(want)), "got", l.say(kind(n))),
		write: l.instead(s, n)})
}

// instead is what to write in the place of a value of the wrong kind.
func (l *loader) instead(s spot, n *yaml.Node) batch.Message {
	text, isScalar := scalar(n)
	switch name := s.name(); {
	case s.key == "":
		return words.Message("config.empty.write")
	case name == "map":
		return words.Example("map: {FIELD: HEADING}")
	case s.tags == "":
		return words.Message("config.map.write", "name", name)
	case isScalar && slices.Contains([]string{"inbox", "outbox", "preview"}, name):
		return words.Example(fmt.Sprintf("%s: {dir: %s}", name, text))
	case isScalar && slices.Contains([]string{"retry", "later"}, name):
		return words.Example(fmt.Sprintf("%s: {for: 24h}", name))
	}
	return words.Example(s.example())
}

// empty reports a key without a value.
func (l *loader) empty(s spot, n *yaml.Node) {
	at := l.where(n)
	if at == (position{}) {
		at = l.keys[s.key]
	}
	write := words.Message("config.blank.write", "example", s.example())
	if s.tags.Get("required") != "" {
		write = words.Example(s.example())
	}
	l.add(finding{at: at, key: s.key, what: words.Message("config.blank"), write: write})
}

func (l *loader) say(m batch.Message) string { return words.Say(l.language, m) }

func (l *loader) decodeStruct(s spot, n *yaml.Node, v reflect.Value) {
	fillDefaults(v)
	if !strictyaml.Null(n) && n.Kind == yaml.MappingNode {
		fields := fieldsOf(v.Type())
		for _, e := range l.mapping(s.key, n) {
			if s.key == "" && strings.HasPrefix(e.Name, "x-") { // for anchors
				continue
			}
			key := join(s.key, e.Name)
			l.keys[key] = l.where(e.Key)
			f, known := fields[e.Name]
			if !known {
				l.unknown(key, e.Name, v.Type())
				continue
			}
			l.decode(spot{key, f.Tag}, e.Node, v.FieldByIndex(f.Index))
		}
	} else if f, short := shortOf(v.Type()); short && !strictyaml.Null(n) {
		l.decode(spot{s.key, f.Tag}, n, v.FieldByIndex(f.Index))
	} else if !strictyaml.Null(n) {
		l.wrong(s, n, "config.want.mapping")
		return
	}
	if c, root := v.Addr().Interface().(*Config); root {
		l.include(c)
	}
	l.required(s.key, v.Type())
}

// shortOf is the key that one value alone stands for, instead of a mapping.
func shortOf(t reflect.Type) (f reflect.StructField, short bool) {
	for f := range t.Fields() {
		if f.Tag.Get("short") != "" {
			return f, true
		}
	}
	return f, false
}

// required reports keys that must be there.
func (l *loader) required(key string, t reflect.Type) {
	for _, name := range keysOf(t) {
		f := fieldsOf(t)[name]
		full := join(key, name)
		if f.Tag.Get("required") == "" || l.has(full) || l.meant[full] {
			continue
		}
		example := words.Example(spot{full, f.Tag}.example())
		if f.Type.Kind() == reflect.Struct {
			example = words.Example(fmt.Sprintf("%s: {dir: %s}", name, "…"))
		}
		if f.Type.Kind() == reflect.Map {
			example = words.Message("config.routes.write")
		}
		l.add(finding{at: l.place(full), key: full, what: words.Message("config.missing"), write: example})
	}
}

func (l *loader) decodeMap(s spot, n *yaml.Node, v reflect.Value) {
	if strictyaml.Null(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		l.wrong(s, n, "config.want.mapping")
		return
	}
	t := v.Type()
	if v.IsNil() {
		v.Set(reflect.MakeMap(t))
	}
	for _, e := range l.mapping(s.key, n) {
		key := join(s.key, e.Name)
		if first, twice := l.keys[key]; twice && first.file != l.current {
			l.add(finding{at: l.where(e.Key), key: key, what: words.Message("config.include.twice", "file", cmp.Or(first.file, l.file), "line", first.line), write: words.Message("config.twice.write")})
			continue
		}
		l.keys[key] = l.where(e.Key)
		value := reflect.New(t.Elem()).Elem()
		l.decode(spot{key, s.tags}, e.Node, value)
		if t.Elem().Kind() == reflect.Struct {
			if name := value.FieldByName("Name"); name.IsValid() {
				l.checkName(key, e.Name)
				name.SetString(e.Name)
			}
		}
		v.SetMapIndex(reflect.ValueOf(e.Name), value)
	}
}

func (l *loader) decodeList(s spot, n *yaml.Node, v reflect.Value) {
	if strictyaml.Null(n) {
		l.empty(s, n)
		return
	}
	if n.Kind != yaml.SequenceNode { // one value alone is a list of one
		one := reflect.New(reflect.TypeFor[string]()).Elem()
		if l.decodeScalar(s, n, one, "config.want.list") {
			v.Set(reflect.ValueOf([]string{one.String()}))
		}
		return
	}
	if len(n.Content) == 0 && s.tags.Get("required")+s.tags.Get("default") != "" {
		l.empty(s, n)
	}
	out := make([]string, 0, len(n.Content))
	for i, item := range n.Content {
		key := fmt.Sprintf("%s[%d]", s.key, i)
		l.keys[key] = l.where(item)
		one := reflect.New(reflect.TypeFor[string]()).Elem()
		l.decode(spot{key, s.tags}, item, one)
		out = append(out, one.String()) // "" after a mistake: indexes stay those of the file
	}
	v.Set(reflect.ValueOf(out))
}

func (l *loader) decodeBool(s spot, n *yaml.Node, v reflect.Value) {
	if n.ShortTag() != "!!bool" {
		l.wrong(s, n, "config.want.bool")
		return
	}
	v.SetBool(strings.EqualFold(n.Value, "true"))
}

// written is one value as text, what it refers to put in; else a mistake is noted. want says what it must be.
func (l *loader) written(s spot, n *yaml.Node, want string) (text string, ok bool) {
	if strictyaml.Null(n) {
		l.empty(s, n)
		return "", false
	}
	if text, ok = scalar(n); !ok {
		l.wrong(s, n, want)
		return "", false
	}
	l.raw[s.key] = text
	return l.expand(s, n, text)
}

func (l *loader) decodeInt(s spot, n *yaml.Node, v reflect.Value) {
	text, ok := l.written(s, n, "config.want.int")
	if !ok {
		return
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		l.wrong(s, n, "config.want.int")
		return
	}
	if least, most, bounded := strings.Cut(s.tags.Get("range"), " "); bounded {
		lowest, _ := strconv.Atoi(least)
		highest, _ := strconv.Atoi(most)
		if number < lowest || number > highest {
			l.bad(s.key, words.Message("config.range", "least", least, "most", most), words.Example(s.example()))
			return
		}
	}
	v.SetInt(int64(number))
}

func (l *loader) decodeText(s spot, n *yaml.Node, v reflect.Value) {
	l.decodeScalar(s, n, v, "config.want.text")
}

// decodeScalar takes one text; false after a mistake. want says what it must be.
func (l *loader) decodeScalar(s spot, n *yaml.Node, v reflect.Value, want string) bool {
	text, ok := l.written(s, n, want)
	if !ok {
		return false
	}
	if needed := s.tags.Get("required") + s.tags.Get("default"); strings.TrimSpace(text) == "" && needed != "" && !strings.HasSuffix(s.key, "]") {
		l.empty(s, n)
		return false
	}
	if folder := s.key == "data" || s.key == "spool" || strings.HasSuffix(s.key, ".dir"); folder && strings.ContainsFunc(text, unicode.IsControl) {
		l.bad(s.key, words.Message("config.folder.control"), words.Message("config.folder.control.write"))
		return false
	}
	if enum := s.tags.Get("enum"); enum != "" && !slices.Contains(strings.Split(enum, ","), text) {
		l.oneOf(s.key, l.raw[s.key], strings.Split(enum, ","))
		return false
	}
	v.SetString(text)
	return true
}

func (l *loader) decodeDuration(s spot, n *yaml.Node, v reflect.Value) {
	text, ok := l.written(s, n, "config.want.duration")
	if !ok {
		return
	}
	d, what, write := parseDuration(text)
	if above := s.tags.Get("above") == "0"; above && (strings.Trim(text, "0") == "" || d == 0 && what.Key == "") {
		l.bad(s.key, words.Message("config.duration.zero"), words.Example(s.example()))
		return
	}
	if what.Key != "" {
		if write.Key == "" {
			write = words.Example(s.example())
		}
		l.bad(s.key, what, write)
		return
	}
	v.SetInt(int64(d))
}

func (l *loader) decodeSecret(s spot, n *yaml.Node, v reflect.Value) {
	if strictyaml.Null(n) {
		l.empty(s, n)
		return
	}
	text, ok := scalar(n)
	if !ok {
		l.wrong(s, n, "config.want.text")
		return
	}
	if path, isFile := strings.CutPrefix(text, "file:"); isFile {
		if path, ok = l.expand(s, n, path); !ok {
			return
		}
		if text, ok = l.secretFile(s.key, path); ok {
			v.Set(reflect.ValueOf(Secret{value: &text, file: l.abs(path)}))
		}
		return
	}
	literal := !strings.Contains(text, "${")
	if text, ok = l.expand(s, n, text); ok {
		if text == "" {
			l.empty(s, n)
			return
		}
		v.Set(reflect.ValueOf(Secret{value: &text, literal: literal}))
	}
}

// secretFile reads a secret from a file and trims it.
func (l *loader) secretFile(key, path string) (string, bool) {
	path = l.abs(path)
	trimmed, err := readSecret(path)
	if err != nil {
		l.add(finding{at: l.place(key), key: key, outside: true, withheld: true,
			what: words.Message("config.secret_file", "path", path, "cause", cause(err)), write: words.Message("config.secret_file.write")})
		return "", false
	}
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0 {
		l.warn(finding{at: l.place(key), key: key, what: words.Message("config.secret_open", "path", path), write: words.Message("config.secret_open.write", "path", path)})
	}
	if trimmed == "" {
		l.add(finding{at: l.place(key), key: key, outside: true, withheld: true, what: words.Message("config.secret_blank", "path", path), write: words.Message("config.secret_blank.write")})
		return "", false
	}
	return trimmed, true
}

// readSecret reads a secret's file, without the blanks around it.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errors.New("it is a folder")
	case info.Size() > 1<<20:
		return "", errors.New("it is larger than 1 MiB")
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

var (
	reference = patterns.New(`\$\$\{|\$\{([^}]*)\}?`)
	variable  = patterns.New(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand puts the environment's values in the place of ${NAME}. "$${" stands for "${".
func (l *loader) expand(s spot, n *yaml.Node, text string) (string, bool) {
	ok := true
	out := reference.ReplaceAllStringFunc(text, func(m string) string {
		if m == "$${" {
			return "${"
		}
		name := strings.TrimSuffix(m[2:], "}")
		if !strings.HasSuffix(m, "}") || !variable.MatchString(name) {
			ok = false
			l.add(finding{at: l.where(n), key: s.key, what: words.Message("config.variable.form"), write: words.Message("config.variable.form.write")})
			return ""
		}
		value, set := os.LookupEnv(name)
		if !set || value == "" {
			ok = false
			key := "config.variable.unset"
			if set {
				key = "config.variable.blank"
			}
			l.add(finding{at: l.where(n), key: s.key, outside: true, withheld: true, what: words.Message(key, "name", name), write: words.Message("config.variable.write", "name", name)})
		}
		l.variables[name] = value
		return value
	})
	return out, ok
}

// decodeMapping takes the short forms (a heading, a list of headings) and the long one.
func (l *loader) decodeMapping(s spot, n *yaml.Node, m *Mapping) {
	switch {
	case strictyaml.Null(n):
		l.add(finding{at: l.keys[s.key], key: s.key, what: words.Message("config.map.blank"), write: words.Message("config.map.write", "name", s.name())})
	case n.Kind == yaml.SequenceNode:
		m.From = l.headings(s, n)
	case n.Kind == yaml.MappingNode:
		l.mappingKeys(s, n, m)
	default:
		text, _ := scalar(n)
		if strings.TrimSpace(text) == "" {
			l.bad(s.key, words.Message("config.map.blank"), words.Message("config.map.write", "name", s.name()))
			return
		}
		m.From = []string{text}
	}
}

// headings are texts as they were written: nothing is expanded in what a sender wrote.
func (l *loader) headings(s spot, n *yaml.Node) []string {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []string
	for _, item := range items {
		item, ok := l.resolve(s.key, item)
		if !ok {
			continue
		}
		text, ok := scalar(item)
		if !ok {
			l.wrong(s, item, "config.want.text")
			continue
		}
		if text == "" {
			l.empty(s, item)
			continue
		}
		out = append(out, text)
	}
	if len(items) == 0 {
		l.empty(s, n)
	}
	return out
}

func (l *loader) mappingKeys(s spot, n *yaml.Node, m *Mapping) {
	fields := fieldsOf(typeMapping)
	for _, e := range l.mapping(s.key, n) {
		key := join(s.key, e.Name)
		l.keys[key] = l.where(e.Key)
		f, known := fields[e.Name]
		if !known {
			l.unknown(key, e.Name, typeMapping)
			continue
		}
		at := spot{key, f.Tag}
		value, ok := l.resolve(key, e.Node)
		if !ok {
			continue
		}
		l.values[key] = l.where(value)
		l.mappingKey(at, e.Name, value, m)
	}
}

// mappingKey reads the value of one key of a mapping.
func (l *loader) mappingKey(at spot, name string, value *yaml.Node, m *Mapping) {
	text, isScalar := scalar(value)
	flag := slices.Contains([]string{"trim", "upper", "lower"}, name)
	yes := strings.EqualFold(text, "true")
	switch {
	case name == "lookup":
		l.lookup(at, value, m)
	case flag && value.ShortTag() != "!!bool":
		l.wrong(at, value, "config.want.bool")
	case strictyaml.Null(value):
		l.empty(at, value)
	case name == "from":
		m.From = l.headings(at, value)
	case name == "date":
		m.Date = l.headings(at, value)
	case !isScalar:
		l.wrong(at, value, "config.want.text")
	case name == "trim":
		m.Trim = &yes
	case name == "upper":
		m.Upper = yes
	case name == "lower":
		m.Lower = yes
	case name == "value":
		m.Value = &text
	case name == "default":
		m.Blank = text
	case name == "zone":
		m.Zone = text
	case name == "as":
		if forms := strings.Split(at.tags.Get("enum"), ","); !slices.Contains(forms, text) {
			l.oneOf(at.key, text, forms)
			return
		}
		m.As = text
	case name == "expr":
		m.Expr = text
		if strings.TrimSpace(text) == "" {
			l.empty(at, value)
		}
	}
}

func (l *loader) lookup(s spot, n *yaml.Node, m *Mapping) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		l.add(finding{at: l.where(n), key: s.key, what: words.Message("config.type", "want", l.say(words.Message("config.want.mapping")), "got", l.say(kind(n))),
			write: words.Message("config.lookup.write")})
		return
	}
	m.Lookup = map[string]string{}
	for _, e := range l.mapping(s.key, n) {
		key := join(s.key, e.Name)
		l.keys[key] = l.where(e.Key)
		value, ok := l.resolve(key, e.Node)
		if !ok {
			continue
		}
		text, isScalar := scalar(value)
		if !isScalar && !strictyaml.Null(value) {
			l.wrong(spot{key, s.tags}, value, "config.want.text")
			continue
		}
		m.Lookup[e.Name] = text
	}
}

// fieldsOf are the keys of a struct.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	for f := range t.Fields() {
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			out[name] = f
		}
	}
	return out
}

// keysOf lists them in the order of the struct.
func keysOf(t reflect.Type) []string {
	var out []string
	for f := range t.Fields() {
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}

// fillDefaults sets what the tags say, in v and the structs inside it.
func fillDefaults(v reflect.Value) {
	for f, field := range v.Fields() {
		if f.PkgPath != "" || f.Tag.Get("yaml") == "-" {
			continue
		}
		d := f.Tag.Get("default")
		switch {
		case f.Type == typeSecret || f.Type == typeMapping:
		case f.Type.Kind() == reflect.Struct:
			fillDefaults(field)
		case d == "":
		case f.Type == typeDuration:
			value, err := time.ParseDuration(d)
			if err != nil {
				panic("configs: default of " + f.Name + ": " + err.Error())
			}
			field.SetInt(int64(value))
		case f.Type.Kind() == reflect.Int:
			value, err := strconv.Atoi(d)
			if err != nil {
				panic("configs: default of " + f.Name + ": " + err.Error())
			}
			field.SetInt(int64(value))
		case f.Type.Kind() == reflect.Slice:
			field.Set(reflect.ValueOf(strings.Split(d, ",")))
		default:
			field.SetString(d)
		}
	}
}

// unknown reports a key that is not one, and the one that was probably meant.
func (l *loader) unknown(key, name string, t reflect.Type) {
	known := keysOf(t)
	write := words.Message("config.keys", "words", strings.Join(known, ", "))
	near := spelling.Nearest(name, known)
	if s := synonyms[strings.ToLower(name)]; slices.Contains(known, s) {
		near = s
	}
	if near != "" {
		write = words.Message("config.did_you_mean", "word", near)
		l.meant[strings.TrimSuffix(key, name)+near] = true
	} else if parent := below(name, t); parent != "" {
		write = words.Message("config.below", "word", name, "parent", parent)
	}
	l.add(finding{at: l.keys[key], key: key, what: words.Message("config.unknown"), write: write})
}

// below finds a key that stands one level too high.
func below(name string, t reflect.Type) string {
	for _, k := range keysOf(t) {
		ft := fieldsOf(t)[k].Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct && ft != typeSecret && ft != typeMapping {
			if _, ok := fieldsOf(ft)[name]; ok {
				return k
			}
		}
	}
	return ""
}

// synonyms are words that people use for our keys.
var synonyms = map[string]string{
	"folder": "dir", "directory": "dir", "path": "dir", "pattern": "match", "glob": "match", "files": "match",
	"interval": "every", "poll": "every", "cron": "schedule", "timezone": "time_zone", "tz": "time_zone",
	"columns": "map", "mapping": "map", "mappings": "map", "fields": "map", "environment": "server", "url": "server",
	"env": "server", "auth_scheme": "auth", "username": "user", "private_key": "key", "lang": "language",
	"column": "from", "heading": "from", "source": "from", "constant": "value", "expression": "expr", "table": "lookup",
	"output": "formats", "format": "formats", "separator": "delimiter", "charset": "encoding", "endpoint": "operation",
	"secrets": "credentials", "qps": "rate", "parallel": "concurrency", "workers": "concurrency",
}

func (l *loader) oneOf(key, got string, allowed []string) {
	l.bad(key, words.Message("config.not_one", "value", words.Short(got)), words.Meant(got, allowed))
}

// anchor makes paths that are given absolute.
func (l *loader) anchor(paths ...*string) {
	for _, path := range paths {
		if *path != "" {
			*path = l.abs(*path)
		}
	}
}

func (l *loader) abs(path string) string {
	if rest, home := strings.CutPrefix(path, "~/"); home {
		if dir, err := os.UserHomeDir(); err == nil {
			return filepath.Join(dir, rest)
		}
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(l.dir, path)
}

// cause is the last part of a file error: "permission denied".
func cause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
