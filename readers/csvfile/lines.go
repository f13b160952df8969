package csvfile

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// otherBreaks is the character that ends the lines of a text in which no line feed and no carriage return does: U+2028 as programs of the web
// write it, the next line of mainframes, a form feed. Then it stands there more than once, and the second line has as many delimiters as the
// first; else it stands in a heading that has no rows.
func otherBreaks(text string) rune {
	text = strings.TrimRight(text, "\r\n")
	at := strings.IndexAny(text, "\r\n\u2028\u2029\u0085\v\f\x1e")
	if at < 0 || strings.ContainsAny(text, "\r\n") {
		return 0
	}
	mark, _ := utf8.DecodeRuneInString(text[at:])
	lines := strings.SplitN(text, string(mark), 4)
	if len(lines) < 3 {
		return 0
	}
	for _, delimiter := range [...]string{",", ";", "\t", "|", "\x1f"} {
		n := strings.Count(lines[0], delimiter)
		if n > 0 && strings.Count(lines[1], delimiter) == n && (lines[2] == "" || strings.Contains(lines[2], delimiter)) {
			return mark
		}
	}
	return 0
}

// withLineFeeds is a text whose lines end as those of others do.
func withLineFeeds(src io.Reader, breaks rune) io.Reader {
	return transform.NewReader(src, runes.Map(func(r rune) rune {
		if r == breaks {
			return '\n'
		}
		return r
	}))
}

// unwrapLines recognises a text in which every line but perhaps the heading stands in quotes as a whole, as a program writes it that
// exports one column of ready-made lines: "A-1,Ann,111". It gives the lines without those quotes.
func unwrapLines(text string) (string, bool) {
	var out strings.Builder
	wrapped, bare := 0, 0
	for line := range strings.Lines(text) {
		inner, is := unwrapLine([]byte(line))
		switch {
		case strings.TrimSpace(line) == "":
		case is && bytes.ContainsAny(inner, ",;\t|"):
			wrapped++
		case is, wrapped+bare > 0:
			return text, false
		default:
			bare++
		}
		out.Write(inner)
	}
	return out.String(), wrapped > 1
}

// unwrapLine takes the quotes off a line that is one quoted field, with its line end kept.
func unwrapLine(line []byte) ([]byte, bool) {
	body := bytes.TrimRight(line, "\r\n")
	n := len(body)
	if n < 2 || body[0] != '"' || body[n-1] != '"' {
		return line, false
	}
	inner := body[1 : n-1]
	plain := bytes.ReplaceAll(inner, []byte(`""`), nil)
	if bytes.IndexByte(plain, '"') >= 0 {
		return line, false
	}
	return append(bytes.ReplaceAll(inner, []byte(`""`), []byte(`"`)), line[n:]...), true
}

// lines reads a text with the quotes around its lines taken off.
type lines struct {
	src  *bufio.Reader
	rest []byte
	err  error
}

func (l *lines) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		var line []byte
		line, l.err = l.src.ReadBytes('\n')
		l.rest, _ = unwrapLine(line)
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
