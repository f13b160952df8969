package proposal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// ErrForm says that a configuration is written in a way that nothing can be added to.
var ErrForm = errors.New("nothing can be added to it as it is written")

// Into adds the route, and the account if it is new, to the text of a configuration. What is there stays as it is: comments, order, line ends.
func (p *Proposal) Into(text []byte, newAccount bool) ([]byte, error) {
	text, marked := bytes.CutPrefix(text, []byte("\xef\xbb\xbf"))
	windows := bytes.Count(text, []byte("\r\n"))
	if windows > 0 && windows != bytes.Count(text, []byte("\n")) {
		return nil, fmt.Errorf("%w: some of its lines end as on Windows and some do not; save it with one kind of line end", ErrForm)
	}
	d := growing{text: bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))} // the parser counts others wrongly
	var err error
	if newAccount {
		err = d.add("accounts", p.entries(p.account))
	}
	if err == nil {
		err = d.add("routes", p.entries(p.route))
	}
	if windows > 0 {
		d.text = bytes.ReplaceAll(d.text, []byte("\n"), []byte("\r\n"))
	}
	if marked {
		d.text = append([]byte("\xef\xbb\xbf"), d.text...)
	}
	return d.text, err
}

// entries are the lines that a part of the configuration writes below its key, indented by two.
func (p *Proposal) entries(part func(line func(string, ...any))) (lines []string) {
	part(func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) })
	return lines
}

// growing is a configuration that grows.
type growing struct{ text []byte }

// add adds an entry to a section at the top of the document, which is made where there is none.
func (d *growing) add(section string, entry []string) error {
	root, err := d.root()
	if err != nil {
		return err
	}
	indent := 0
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		indent = root.Content[0].Column - 1
		switch {
		case key.Value != section:
		case value.Kind == yaml.ScalarNode && value.Tag == "!!null":
			d.insert(d.endOf(key, indent), indented(entry, indent+2))
			return nil
		case value.Kind != yaml.MappingNode:
			return fmt.Errorf("%w: %s is no list of names with what belongs to them; write it so", ErrForm, section)
		case value.Style&yaml.FlowStyle != 0:
			return d.addInBraces(section, key, value, entry)
		default:
			d.insert(d.endOf(key, indent), indented(entry, value.Content[0].Column-1))
			return nil
		}
	}
	d.insert(d.last(), append([]string{"", strings.Repeat(" ", indent) + section + ":"}, indented(entry, indent+2)...))
	return nil
}

// root gives the mapping at the top of the document; one without content when it is empty.
func (d *growing) root() (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(d.text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return &yaml.Node{Kind: yaml.MappingNode}, nil
	}
	root := doc.Content[0]
	switch {
	case root.Kind != yaml.MappingNode:
		return nil, fmt.Errorf("%w: it is no list of keys with values", ErrForm)
	case root.Style&yaml.FlowStyle != 0:
		return nil, fmt.Errorf("%w: all of it stands in one pair of braces; write each key on a line of its own", ErrForm)
	}
	return root, nil
}

// lines are the document's, without their ends.
func (d *growing) lines() []string { return strings.Split(string(d.text), "\n") }

// endOf is the number of lines up to the end of a section: its last line that is deeper than its key, comments with it.
func (d *growing) endOf(key *yaml.Node, indent int) int {
	from := key.Line
	end := from
	for i, line := range d.lines()[from:] {
		deep := len(line) - len(strings.TrimLeft(line, " "))
		blank := strings.TrimSpace(line) == ""
		if !blank && deep <= indent && !strings.HasPrefix(line, "#") {
			break
		}
		if !blank && deep > indent {
			end = from + i + 1
		}
	}
	return end
}

// last is the number of lines up to the last one that says something, or to the end of the document's mark.
func (d *growing) last() int {
	lines := d.lines()
	n := len(lines)
	for n > 0 && (strings.TrimSpace(lines[n-1]) == "" || lines[n-1] == "...") {
		n--
	}
	return n
}

// insert puts lines behind the first n.
func (d *growing) insert(n int, more []string) {
	at := 0
	for ; n > 0; n-- {
		i := bytes.IndexByte(d.text[at:], '\n')
		if i < 0 { // the last line has no end
			d.text = append(d.text, '\n')
			at = len(d.text)
			break
		}
		at += i + 1
	}
	added := strings.Join(more, "\n") + "\n"
	d.text = append(d.text[:at:at], append([]byte(added), d.text[at:]...)...)
}

// indented moves lines that are indented by two.
func indented(lines []string, by int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Repeat(" ", by) + strings.TrimPrefix(line, "  ")
	}
	return out
}

// addInBraces adds the entry, without its comments, before the brace that closes a section. Which one that is, and whether a comma must stand before
// it, is tried: the section must have the entry then, and one more than before.
func (d *growing) addInBraces(section string, key, value *yaml.Node, entry []string) error {
	inner, name, err := inBraces(entry)
	if err != nil {
		return err
	}
	before := d.text
	for at := d.startOf(key.Line); at < len(before); at++ {
		if before[at] != '}' {
			continue
		}
		for _, comma := range []string{", ", ""} {
			d.text = append(before[:at:at], append([]byte(comma+inner), before[at:]...)...)
			if again, err := d.root(); err == nil && holds(again, section, name, len(value.Content)+2) {
				return nil
			}
		}
	}
	d.text = before
	return fmt.Errorf("%w: write what stands in braces on lines of its own", ErrForm)
}

// inBraces writes an entry as it can stand in braces, and says its name.
func inBraces(entry []string) (text, name string, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(strings.Join(entry, "\n")), &doc); err != nil {
		return "", "", err
	}
	plain(&doc)
	out, err := yaml.Marshal(doc.Content[0])
	text = strings.TrimSpace(string(out))
	return strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}"), doc.Content[0].Content[0].Value, err
}

// plain takes comments and lines away.
func plain(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	if n.Kind != yaml.ScalarNode {
		n.Style |= yaml.FlowStyle
	}
	for _, below := range n.Content {
		plain(below)
	}
}

// holds reports whether a section has so many keys and values, and a key of this name.
func holds(root *yaml.Node, section, name string, length int) bool {
	for i := 0; i+1 < len(root.Content); i += 2 {
		value := root.Content[i+1]
		if root.Content[i].Value != section || len(value.Content) != length {
			continue
		}
		for j := 0; j < length; j += 2 {
			if value.Content[j].Value == name {
				return true
			}
		}
	}
	return false
}

// startOf is where a line, from 1, begins in the text.
func (d *growing) startOf(line int) int {
	at := 0
	for ; line > 1; line-- {
		at += bytes.IndexByte(d.text[at:], '\n') + 1
	}
	return at
}
