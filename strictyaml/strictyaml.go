// Package strictyaml reads the YAML that people write: configurations and provider documents. It keeps where each key stands, finds what
// is written twice, and names the cause of what is no YAML. What the keys mean is for those who ask.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v4"
)

// MaxNest is how deep values may stand within each other.
const MaxNest = 200

// ErrTooDeep means that values stand within each other without end.
var ErrTooDeep = errors.New("nested too deeply")

// Document is one document of a file.
type Document struct {
	Root *yaml.Node // what it consists of: a mapping, a list, a value
	lost map[spot]string
}

type spot struct{ line, column int }

// Parse reads a UTF-8 text without a byte order mark. Documents without content are left out. Errors are ErrTooDeep and *SyntaxError.
func Parse(text []byte) (docs []Document, err error) {
	defer func() { // a parser of other people's making must not take the program down over a typing error
		if r := recover(); r != nil {
			docs, err = nil, &SyntaxError{Line: 1, Column: 1, Cause: Other, Text: fmt.Sprint(r)}
		}
	}()
	if nesting(text) > MaxNest {
		return nil, ErrTooDeep
	}
	lost := map[spot]string{}
	for {
		docs, err := parse(text, lost)
		if err == nil {
			return docs, nil
		}
		e := explained(text, err)
		if e.Cause != Alias || len(lost) == mostLost {
			return nil, e
		}
		lost[spot{e.Line, e.Column}] = e.Text
		text = anchored(text, e)
	}
}

// mostLost is how many aliases may lack their anchors before a file is given up.
const mostLost = 50

func parse(text []byte, lost map[spot]string) (docs []Document, err error) {
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithV3Defaults())
	for err == nil {
		var n yaml.Node
		if err = loader.Load(&n); err == nil && len(n.Content) > 0 && !Null(n.Content[0]) {
			docs = append(docs, Document{n.Content[0], lost})
		}
	}
	if errors.Is(err, io.EOF) {
		return docs, nil
	}
	return nil, err
}

// anchored makes an anchor of an alias that has none, so that the rest of the file can be read and judged at once.
func anchored(text []byte, e *SyntaxError) []byte {
	out := slices.Clone(text)
	if at := offset(out, e.Line, e.Column); at < len(out) && out[at] == '*' {
		out[at] = '&'
	}
	return out
}

// Lost is the name of the alias at n when nothing has that name; else "".
func (d Document) Lost(n *yaml.Node) string {
	if n = Plain(n); n == nil || n.Anchor == "" {
		return ""
	}
	return d.lost[spot{n.Line, n.Column}]
}

// Err is what is wrong with aliases, for those who do not ask at each value: the first that nothing has the name of, or one that holds
// itself or makes very much of little; else nil.
func (d Document) Err() error {
	var first *SyntaxError
	for at, name := range d.lost {
		if e := (&SyntaxError{at.line, at.column, Alias, name}); first == nil || e.before(first) {
			first = e
		}
	}
	if first == nil {
		_, first = weigh(d.Root, map[*yaml.Node]int{}, mostNodes)
	}
	if first == nil {
		return nil
	}
	return first
}

// Multiplies is an error where aliases, one in another, come to more values than so many: for those who tell of other faults of aliases
// at each value.
func (d Document) Multiplies(most int) error {
	if _, e := weigh(d.Root, map[*yaml.Node]int{}, most); e != nil && e.Text == tooMuch {
		return e
	}
	return nil
}

const tooMuch = "aliases come to too much"

// mostNodes is how many values a document may come to when each alias is written out.
const mostNodes = 20_000_000

// weigh counts the values below n with each alias written out. known are those of nodes that aliases lead to, -1 for one that is being
// counted.
func weigh(n *yaml.Node, known map[*yaml.Node]int, most int) (count int, e *SyntaxError) {
	to := Plain(n)
	if count, seen := known[to]; seen {
		if count < 0 {
			return 0, &SyntaxError{n.Line, n.Column, Endless, "an alias holds itself"}
		}
		return count, nil
	}
	if to.Anchor != "" {
		known[to] = -1
	}
	count = 1
	for _, c := range to.Content {
		below, e := weigh(c, known, most)
		if count += below; e != nil {
			return 0, e
		}
		if count > most {
			return 0, &SyntaxError{c.Line, c.Column, Endless, tooMuch}
		}
	}
	if to.Anchor != "" {
		known[to] = count
	}
	return count, nil
}

// nesting is how deep brackets and dashes stand within each other, at most; what stands in texts may count too.
func nesting(text []byte) (deepest int) {
	depth, dashes := 0, 0
	for i, c := range text {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		case '\n':
			dashes = 0
		case '-':
			if i+1 < len(text) && text[i+1] == ' ' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\n') {
				dashes++
			}
		}
		deepest = max(deepest, depth, dashes)
	}
	return deepest
}
