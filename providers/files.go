package providers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/strictyaml"
)

// What a description may cost before anything of it is understood.
const (
	maxYAML  = 16 << 20 // bytes of a YAML file, which is read whole
	maxJSON  = 64 << 20 // bytes of a JSON file, of which only what is asked for is read
	maxFiles = 5000     // files of one description
)

// file is one file of a provider's own description. YAML is read whole, JSON piece by piece: a description of many
// megabytes costs what is asked of it.
type file struct {
	path string
	name string // how mistakes call it
	mark int    // what is added to the lines of its nodes, so that a mistake finds the file again
	root *yaml.Node
	json *jsonText
}

// lines is more than any file has; a node's line holds the number of its file above that.
const lines = 1 << 24

func openFile(path string, number int) (*file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	if info.Size() > maxJSON {
		return nil, fmt.Errorf("%s has %d MB, more than %d", path, info.Size()>>20, maxJSON>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, name: path, mark: number * lines}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if start := bytes.TrimLeft(text, " \t\r\n"); len(start) > 0 && start[0] == '{' && jsonAlone(text) {
		f.json = newJSONText(text, f.mark)
		return f, nil
	}
	f.root, err = parseYAML(text, f.mark)
	return f, err
}

// parseYAML reads a YAML file that is neither huge nor nested without end; mark is added to the lines of its nodes.
func parseYAML(text []byte, mark int) (*yaml.Node, error) {
	if len(text) > maxYAML {
		return nil, fmt.Errorf("%d MB of YAML, more than %d", len(text)>>20, maxYAML>>20)
	}
	docs, err := strictyaml.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 || docs[0].Root.Kind != yaml.MappingNode {
		return nil, errors.New("not a mapping")
	}
	if err := docs[0].Err(); err != nil {
		return nil, err
	}
	if mark > 0 {
		moved(docs[0].Root, mark)
	}
	return docs[0].Root, nil
}

func moved(n *yaml.Node, mark int) {
	n.Line += mark
	for _, c := range n.Content {
		moved(c, mark)
	}
}

// at finds what a JSON pointer without its # leads to; nil when that is nothing. An error is of the file's text.
func (f *file) at(pointer string) (*yaml.Node, error) {
	parts := pointerParts(pointer)
	if f.json != nil {
		return f.json.at(parts)
	}
	n := f.root
	for _, part := range parts {
		n = plain(n)
		switch {
		case n == nil:
			return nil, nil
		case n.Kind == yaml.SequenceNode:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(n.Content) {
				return nil, nil
			}
			n = n.Content[i]
		default:
			n = get(n, part)
		}
	}
	return plain(n), nil
}

// pointerParts are the parts of a JSON pointer.
func pointerParts(pointer string) (parts []string) {
	if pointer = strings.TrimPrefix(pointer, "/"); pointer == "" {
		return nil
	}
	for part := range strings.SplitSeq(pointer, "/") {
		if plain, err := url.PathUnescape(part); err == nil {
			part = plain
		}
		parts = append(parts, strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
	}
	return parts
}

// detour is where a pointer leads when a part of its way is a reference itself, as where all schemas lie in a file of their own; ""
// when none is.
func (f *file) detour(pointer string) string {
	parts := pointerParts(pointer)
	way := ""
	for i := 1; i < len(parts); i++ {
		way += "/" + escaped(parts[i-1])
		if keys, err := f.keys(parts[:i]...); err != nil || !slices.Contains(keys, "$ref") {
			continue
		}
		n, err := f.at(way + "/$ref")
		if err != nil || n == nil || n.Kind != yaml.ScalarNode {
			return ""
		}
		to := n.Value
		if !strings.Contains(to, "#") {
			to += "#"
		}
		for _, rest := range parts[i:] {
			to += "/" + escaped(rest)
		}
		return to
	}
	return ""
}

// jsonText is JSON that is read where it is asked for.
type jsonText struct {
	text   []byte
	mark   int
	breaks []int // offsets of the line breaks
	nodes  map[int]*yaml.Node
	known  map[int][]jsonMember
}

// jsonMember is one member of an object or element of an array: where its name and its value begin.
type jsonMember struct {
	name    string
	key, at int
}

// jsonAlone reports whether the text begins as JSON does rather than as YAML in braces: with a name in quotes, or empty.
func jsonAlone(text []byte) bool {
	rest := bytes.TrimLeft(bytes.TrimLeft(text, " \t\r\n")[1:], " \t\r\n")
	end := bytes.TrimRight(text, " \t\r\n")
	return len(rest) > 0 && (rest[0] == '"' || rest[0] == '}') && end[len(end)-1] == '}'
}

func newJSONText(text []byte, mark int) *jsonText {
	j := &jsonText{text: text, mark: mark, nodes: map[int]*yaml.Node{}, known: map[int][]jsonMember{}}
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return j
		}
		at += i + 1
		j.breaks = append(j.breaks, at-1)
	}
}

var errJSON = errors.New("not JSON")

// wrong is what is wrong with the text at an offset.
func (j *jsonText) wrong(at int) error {
	line, column := j.where(min(at, len(j.text)))
	return fmt.Errorf("%w at line %d, column %d", errJSON, line-j.mark, column)
}

func (j *jsonText) where(at int) (line, column int) {
	i, _ := slices.BinarySearch(j.breaks, at)
	start := 0
	if i > 0 {
		start = j.breaks[i-1] + 1
	}
	return i + 1 + j.mark, at - start + 1
}

func (j *jsonText) blank(at int) int {
	for at < len(j.text) && (j.text[at] == ' ' || j.text[at] == '\n' || j.text[at] == '\r' || j.text[at] == '\t') {
		at++
	}
	return at
}

// ends is where the text that begins at a quote ends, behind its closing quote; -1 when it does not.
func (j *jsonText) ends(at int) int {
	for at++; at < len(j.text); at++ {
		i := bytes.IndexAny(j.text[at:min(at+256, len(j.text))], `"\`)
		switch {
		case i < 0:
			at += 255
		case j.text[at+i] == '"':
			return at + i + 1
		default:
			at += i + 1
		}
	}
	return -1
}

// skip is where the value that begins here ends; -1 when it does not.
func (j *jsonText) skip(at int) int {
	if at >= len(j.text) {
		return -1
	}
	depth := 0
	for at < len(j.text) {
		switch c := j.text[at]; c {
		case '"':
			if at = j.ends(at); at < 0 {
				return -1
			}
			if depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth < 0 {
				return at
			}
			if depth == 0 {
				return at + 1
			}
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return at
}

// members cuts an object or array without reading what is in it.
func (j *jsonText) members(at int) ([]jsonMember, error) {
	if known, ok := j.known[at]; ok {
		return known, nil
	}
	start, object := at, j.text[at] == '{'
	out := []jsonMember{}
	closing := map[bool]byte{true: '}', false: ']'}[object]
	for at = j.blank(at + 1); ; {
		if at >= len(j.text) {
			return nil, j.wrong(at)
		}
		if j.text[at] == closing {
			j.known[start] = out
			return out, nil
		}
		if len(out) > 0 {
			if j.text[at] != ',' {
				return nil, j.wrong(at)
			}
			at = j.blank(at + 1)
		}
		m := jsonMember{key: at, at: at, name: strconv.Itoa(len(out))}
		if object {
			end := -1
			if at < len(j.text) && j.text[at] == '"' {
				end = j.ends(at)
			}
			if end < 0 || json.Unmarshal(j.text[at:end], &m.name) != nil {
				return nil, j.wrong(at)
			}
			if at = j.blank(end); at >= len(j.text) || j.text[at] != ':' {
				return nil, j.wrong(at)
			}
			m.at = j.blank(at + 1)
		}
		end := j.skip(m.at)
		if end <= m.at {
			return nil, j.wrong(m.at)
		}
		out = append(out, m)
		at = j.blank(end)
	}
}

func (j *jsonText) at(parts []string) (*yaml.Node, error) {
	at := j.blank(0)
	for _, part := range parts {
		if at >= len(j.text) || j.text[at] != '{' && j.text[at] != '[' {
			return nil, nil
		}
		all, err := j.members(at)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(m jsonMember) bool { return m.name == part })
		if i < 0 {
			return nil, nil
		}
		at = all[i].at
	}
	return j.node(at, 0)
}

// keys lists the members of the object a pointer leads to, without reading their values.
func (f *file) keys(pointer ...string) ([]string, error) {
	if f.json == nil {
		n := f.root
		for _, part := range pointer {
			n = get(n, part)
		}
		var out []string
		for _, e := range entries(n) {
			out = append(out, e.Name)
		}
		return out, nil
	}
	at := f.json.blank(0)
	for _, part := range pointer {
		all, err := f.json.members(at)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(m jsonMember) bool { return m.name == part })
		if i < 0 || f.json.text[all[i].at] != '{' {
			return nil, nil
		}
		at = all[i].at
	}
	all, err := f.json.members(at)
	var out []string
	for _, m := range all {
		out = append(out, m.name)
	}
	return out, err
}

// node reads the value that begins here.
func (j *jsonText) node(at, depth int) (*yaml.Node, error) {
	if n := j.nodes[at]; n != nil {
		return n, nil
	}
	if depth > strictyaml.MaxNest {
		return nil, errTooDeep
	}
	if at >= len(j.text) {
		return nil, j.wrong(at)
	}
	n := &yaml.Node{}
	n.Line, n.Column = j.where(at)
	switch j.text[at] {
	case '{', '[':
		all, err := j.members(at)
		if err != nil {
			return nil, err
		}
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		if j.text[at] == '{' {
			n.Kind, n.Tag = yaml.MappingNode, "!!map"
		}
		for _, m := range all {
			value, err := j.node(m.at, depth+1)
			if err != nil {
				return nil, err
			}
			if n.Kind == yaml.MappingNode {
				key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: m.name}
				key.Line, key.Column = j.where(m.key)
				n.Content = append(n.Content, key)
			}
			n.Content = append(n.Content, value)
		}
	default:
		if err := j.scalar(n, at); err != nil {
			return nil, err
		}
	}
	j.nodes[at] = n
	return n, nil
}

func (j *jsonText) scalar(n *yaml.Node, at int) error {
	end := j.skip(at)
	if end < 0 {
		return j.wrong(at)
	}
	d := json.NewDecoder(bytes.NewReader(j.text[at:end]))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || !utf8.Valid(j.text[at:end]) {
		return j.wrong(at)
	}
	if _, err := d.Token(); err != io.EOF {
		return j.wrong(at)
	}
	n.Kind = yaml.ScalarNode
	switch x := v.(type) {
	case string:
		n.Tag, n.Value = "!!str", x
	case json.Number:
		n.Tag, n.Value = "!!int", string(x)
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(x)
	default:
		n.Tag, n.Value = "!!null", "null"
	}
	return nil
}

// beside is a path as a file at from names it; the network is not asked.
func beside(from, ref string) (string, error) {
	if strings.Contains(ref, "://") || strings.HasPrefix(ref, "//") {
		return "", fmt.Errorf("%s lies on the network, which is never asked: save it beside the document and name that file", ref)
	}
	if filepath.IsAbs(ref) {
		return ref, nil
	}
	if plain, err := url.PathUnescape(ref); err == nil {
		ref = plain
	}
	return filepath.Join(filepath.Dir(from), filepath.FromSlash(ref)), nil
}
