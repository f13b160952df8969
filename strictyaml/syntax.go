package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Cause is why a text is no YAML, as the key of what is said about it; key + ".write" is what to write instead.
type Cause string

// Causes.
const (
	Tab       Cause = "yaml.tab"          // in the indentation
	ListOpen  Cause = "yaml.list_open"    // a [ without its ]
	MapOpen   Cause = "yaml.map_open"     // a { without its }
	QuoteOpen Cause = "yaml.quote_open"   // a quotation mark without its other
	Quoted    Cause = "yaml.quoted"       // text behind a closing quotation mark
	Colon     Cause = "yaml.colon"        // two ": " in a line
	Reserved  Cause = "yaml.reserved"     // a value begins with @, `, *, …
	NoColon   Cause = "yaml.no_colon"     // a line that is no key with a value
	Indent    Cause = "yaml.indent"       // a line that stands neither below nor beside another
	Escape    Cause = "yaml.escape"       // a backslash in double quotation marks that begins no character
	Other     Cause = "yaml.other"        // Text says it in the parser's words
	Alias     Cause = "config.alias"      // without its anchor; Text is its name
	Endless   Cause = "config.alias.deep" // aliases that hold themselves, or come to very much
)

// SyntaxError is where a text stops being YAML, in lines and characters from 1, and why.
type SyntaxError struct {
	Line, Column int
	Cause        Cause
	Text         string // the parser's words
}

// Error is for logs; people are told the cause in their language.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

func (e *SyntaxError) before(o *SyntaxError) bool {
	return e.Line < o.Line || e.Line == o.Line && e.Column < o.Column
}

// explained puts a parser's error into one of our causes.
func explained(text []byte, err error) *SyntaxError {
	var known *yaml.LoadError
	if !errors.As(err, &known) || known.Mark.Line < 1 {
		return &SyntaxError{1, 1, Other, err.Error()}
	}
	p := problem{bytes.Split(text, []byte("\n")), known}
	e := &SyntaxError{Line: known.Mark.Line, Column: known.Mark.Column, Text: known.Message}
	e.Cause = p.cause(e)
	if line, column, found := p.tab(); found && e.Cause != Alias {
		e.Line, e.Column, e.Cause = line, column, Tab
	}
	return e
}

// problem is a parser's error beside the lines that it speaks of.
type problem struct {
	lines [][]byte
	err   *yaml.LoadError
}

// line is a line of the text, from 1; "" beyond its end.
func (p problem) line(number int) string {
	if number < 1 || number > len(p.lines) {
		return ""
	}
	return strings.TrimRight(string(p.lines[number-1]), "\r")
}

// cause names the cause and moves e to where it is best seen.
func (p problem) cause(e *SyntaxError) Cause {
	said := func(part string) bool { return strings.Contains(e.Text, part) }
	context := func(c Cause) Cause {
		e.Line, e.Column = p.err.ContextMark.Line, p.err.ContextMark.Column
		return c
	}
	if name, found := strings.CutPrefix(e.Text, "unknown anchor '"); found {
		e.Text = strings.TrimSuffix(name, "' referenced")
		return Alias
	}
	switch at := p.valueAt(e.Line, "*&!"); {
	case said("expected key") && at > 0 && at < e.Column:
		e.Column = at
		return Reserved
	case strings.Contains(p.err.ContextMsg, "quoted scalar") && (said("end of stream") || said("document indicator")):
		return context(QuoteOpen)
	case said("',' or ']'"), said("',' or '}'"):
		return p.bracket(e, context)
	case said("expected node content") && e.Line >= len(p.lines):
		if text := bytes.Join(p.lines, nil); bytes.LastIndexByte(text, '{') > bytes.LastIndexByte(text, '[') {
			return MapOpen
		}
		return ListOpen
	case said("mapping values are not allowed"):
		return p.colon(e)
	case said("could not find expected ':'"):
		return context(NoColon)
	case said("cannot start any token"), said("directive"), said("alphabetic or numeric"), said("tag"):
		return Reserved
	case said("escape character"), said("hexdecimal number"), said("hexadecimal number"):
		return Escape
	case said("expected key") && e.Column > indentation(p.line(e.Line))+1:
		return Quoted
	case said("expected key"), said("'-' indicator"), said("violates indentation"):
		return Indent
	}
	return Other
}

// bracket tells a bracket that is open from a quotation mark that is.
func (p problem) bracket(e *SyntaxError, context func(Cause) Cause) Cause {
	if line := p.line(e.Line); strings.Count(strings.ReplaceAll(line, `\"`, ""), `"`)%2 == 1 {
		e.Column = characters(line, strings.LastIndex(line, `"`))
		return QuoteOpen
	}
	if strings.Contains(e.Text, "]") {
		return ListOpen
	}
	return context(MapOpen)
}

// colon tells a second ": " in a line from a line that the one before it swallowed: YAML takes what is indented deeper, or follows a
// line without a colon, for more of one long value.
func (p problem) colon(e *SyntaxError) Cause {
	line := p.line(e.Line)
	if before, _, more := strings.Cut(line, ": "); more && utf8.RuneCountInString(before)+1 < e.Column {
		e.Column = characters(line, len(line)-len(strings.TrimLeft(line[len(before)+1:], " ")))
		return Colon
	}
	above := e.Line - 1
	for above > 1 && blank(p.line(above)) {
		above--
	}
	first := p.line(above)
	if strings.Contains(first, ": ") && indentation(line) > indentation(first) {
		e.Column = indentation(line) + 1
		return Indent
	}
	if !blank(first) && !strings.Contains(first, ": ") && !strings.HasSuffix(first, ":") {
		e.Line, e.Column = above, indentation(first)+1
		return NoColon
	}
	return Colon
}

// tab finds a tab in the indentation of the line or of the one before it.
func (p problem) tab() (line, column int, found bool) {
	for _, n := range []int{p.err.Mark.Line - 1, p.err.Mark.Line} {
		s := p.line(n)
		if i := strings.IndexByte(s[:len(s)-len(strings.TrimLeft(s, " \t"))], '\t'); i >= 0 && strings.TrimSpace(s) != "" {
			return n, i + 1, true
		}
	}
	return 0, 0, false
}

// valueAt is where the value of a line's key begins, if it begins with one of these characters; else 0.
func (p problem) valueAt(number int, with string) int {
	line := p.line(number)
	_, value, found := strings.Cut(line, ": ")
	if value = strings.TrimLeft(value, " "); !found || value == "" || !strings.ContainsRune(with, rune(value[0])) {
		return 0
	}
	return characters(line, len(line)-len(value))
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func blank(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

// characters is the column, from 1, of a byte of a line.
func characters(line string, at int) int { return utf8.RuneCountInString(line[:at]) + 1 }

// offset is the byte at which a column of a line begins; the text's length when there is none.
func offset(text []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	for ; column > 1 && at < len(text); column-- {
		_, n := utf8.DecodeRune(text[at:])
		at += n
	}
	return at
}
