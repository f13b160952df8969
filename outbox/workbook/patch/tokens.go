package patch

import (
	"bytes"
	"errors"
	"io"
	"iter"
)

// tokens cuts the XML of a part into pieces that, put together again, are the part byte for byte. It trusts that the part is
// well-formed, because the strict reader has read it before; what it cannot cut is an error.
type tokens struct {
	r        io.Reader
	buf      []byte
	from, to int
	ended    bool
}

type kind uint8

const (
	open  kind = iota + 1 // <c …>
	shut                  // </c>
	both                  // <c …/>
	chars                 // text between tags, perhaps in several pieces
	other                 // declaration, comment, CDATA, processing instruction
)

// token is one piece; its bytes are valid until the next one.
type token struct {
	kind kind
	raw  []byte
	name []byte // of a tag, with its prefix
}

// is reports whether the token is a start tag, empty or not, of this name.
func (t token) is(name string) bool {
	return (t.kind == open || t.kind == both) && string(t.name) == name
}

// local is the tag's name without its prefix.
func (t token) local() string {
	_, name, found := bytes.Cut(t.name, []byte(":"))
	if !found {
		name = t.name
	}
	return string(name)
}

var (
	errCut    = errors.New("the part cannot be cut into tags")
	errTooBig = errors.New("a tag or comment of the part is too long")
)

const longestToken = 8 << 20

func cut(r io.Reader) *tokens { return &tokens{r: r, buf: make([]byte, 128<<10)} }

// more reads on; what lies before from is lost.
func (t *tokens) more() error {
	if t.ended {
		return errCut
	}
	if t.from > 0 {
		t.to = copy(t.buf, t.buf[t.from:t.to])
		t.from = 0
	}
	if t.to == len(t.buf) {
		if len(t.buf) >= longestToken {
			return errTooBig
		}
		t.buf = append(t.buf, make([]byte, len(t.buf))...)
	}
	n, err := t.r.Read(t.buf[t.to:])
	t.to += n
	if err == io.EOF {
		t.ended = true
		return nil
	}
	return err
}

// all gives the pieces that are left. An error is the last that it gives.
func (t *tokens) all() iter.Seq2[token, error] {
	return func(yield func(token, error) bool) {
		for {
			k, err := t.next()
			if err == io.EOF || !yield(k, err) || err != nil {
				return
			}
		}
	}
}

// next gives the next piece, io.EOF after the last.
func (t *tokens) next() (token, error) {
	for t.from == t.to {
		if t.ended {
			return token{}, io.EOF
		}
		t.from, t.to = 0, 0
		if err := t.more(); err != nil {
			return token{}, err
		}
	}
	if t.buf[t.from] != '<' {
		w := t.buf[t.from:t.to]
		if at := bytes.IndexByte(w, '<'); at >= 0 {
			w = w[:at]
		}
		t.from += len(w)
		return token{kind: chars, raw: w}, nil
	}
	for {
		if found, ok := tag(t.buf[t.from:t.to]); ok {
			t.from += len(found.raw)
			return found, nil
		}
		if err := t.more(); err != nil {
			return token{}, err
		}
	}
}

// tag finds the end of what begins with '<' at the start of w.
func tag(w []byte) (token, bool) {
	if len(w) < 4 && !bytes.HasSuffix(w, []byte(">")) {
		return token{}, false
	}
	if w[1] == '?' || w[1] == '!' {
		end := ">"
		switch {
		case w[1] == '?':
			end = "?>"
		case bytes.HasPrefix(w, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(w, []byte("<![")):
			end = "]]>"
		}
		at := bytes.Index(w[2:], []byte(end))
		if at < 0 {
			return token{}, false
		}
		return token{kind: other, raw: w[:2+at+len(end)]}, true
	}
	i := 1
	for ; i < len(w); i++ {
		switch c := w[i]; c {
		case '"', '\'':
			at := bytes.IndexByte(w[i+1:], c)
			if at < 0 {
				return token{}, false
			}
			i += 1 + at
		case '>':
			return shape(w[:i+1]), true
		}
	}
	return token{}, false
}

func shape(raw []byte) token {
	t := token{kind: open, raw: raw}
	from := 1
	switch {
	case raw[1] == '/':
		t.kind, from = shut, 2
	case raw[len(raw)-2] == '/':
		t.kind = both
	}
	to := from
	for to < len(raw) && !blank(raw[to]) && raw[to] != '/' && raw[to] != '>' {
		to++
	}
	t.name = raw[from:to]
	return t
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// attr is one attribute of a tag: name and value lie in the tag's bytes.
type attr struct {
	name, value []byte
	from, to    int // of the value within the tag, without quotes
}

// attrs walks the attributes of a tag.
func attrs(raw []byte) iter.Seq[attr] {
	return func(yield func(attr) bool) {
		i := 1
		for i < len(raw) && !blank(raw[i]) && raw[i] != '>' {
			i++
		}
		for i < len(raw) {
			for i < len(raw) && blank(raw[i]) {
				i++
			}
			from := i
			for i < len(raw) && raw[i] != '=' && raw[i] != '>' && !blank(raw[i]) {
				i++
			}
			name := raw[from:i]
			for i < len(raw) && raw[i] != '"' && raw[i] != '\'' {
				if raw[i] == '>' {
					return
				}
				i++
			}
			if i >= len(raw) {
				return
			}
			end := bytes.IndexByte(raw[i+1:], raw[i])
			if end < 0 {
				return
			}
			if !yield(attr{name, raw[i+1 : i+1+end], i + 1, i + 1 + end}) {
				return
			}
			i += end + 2
		}
	}
}

// value gives an attribute as it is written.
func value(raw []byte, name string) (string, bool) {
	for a := range attrs(raw) {
		if string(a.name) == name {
			return string(a.value), true
		}
	}
	return "", false
}

// with appends the tag with the attribute set to a value that needs no escapes.
func with(dst, raw []byte, name, v string) []byte {
	for a := range attrs(raw) {
		if string(a.name) == name {
			return append(append(append(dst, raw[:a.from]...), v...), raw[a.to:]...)
		}
	}
	end := len(raw) - 1
	if raw[end-1] == '/' {
		end--
	}
	for end > 0 && blank(raw[end-1]) {
		end--
	}
	dst = append(append(append(append(dst, raw[:end]...), ' '), name...), `="`...)
	return append(append(append(dst, v...), '"'), raw[end:]...)
}

// opened appends the start tag of an empty element as one that is not empty.
func opened(dst, raw []byte) []byte {
	return append(append(dst, bytes.TrimRight(raw[:len(raw)-2], " \t\r\n")...), '>')
}

// prefixOf is the prefix of a name, with its colon.
func prefixOf(name []byte) string {
	if at := bytes.IndexByte(name, ':'); at >= 0 {
		return string(name[:at+1])
	}
	return ""
}
