package ooxml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"unicode/utf8"
)

// Token is what Scanner.Next found.
type Token uint8

const (
	Start Token = iota + 1 // an element begins; Name and Attrs are set
	End                    // an element ends (also one written as <a/>); Name is set
	Text                   // characters between tags, entities resolved
)

// Attr is one attribute as written, its value with entities resolved.
type Attr struct{ Name, Value []byte }

// Scanner reads one XML part strictly and as a stream: what it hands out is well-formed up to there, and io.EOF from Next
// means that all of it was (one root, tags balanced, nothing after it, valid UTF-8, no control characters, no entities
// but the five and numbers). A document type is refused. Everything it hands out is valid until the next call.
type Scanner struct {
	// Of the current token:
	Name       []byte // without its prefix
	Main       bool   // the element is in the namespace of the root element
	Attrs      []Attr
	Text       []byte
	TokenStart int64 // where the token begins and ends in the part (as UTF-8)
	TokenEnd   int64

	r        io.Reader
	buf      []byte
	pos, end int
	base     int64 // offset of buf[0] in the part
	eof      bool
	whole    *Part // the part, where it is kept: buf are bytes of it
	limits   Limits

	begun, rooted bool
	closing       bool // the current element was written as <a/>: its End is next
	names         []byte
	open          []element
	spaces        []space
	mainPlain     bool // elements without a prefix are in the root's namespace
	rootSpace     string
	scratch       []byte
	err           error
}

type element struct {
	from   int // of its qualified name in Scanner.names
	prefix int // length of its prefix with the colon
	spaces int // bindings made before it
	main   bool
}

type space struct {
	prefix string
	uri    string
	main   bool
}

// SyntaxError says why a part is not well-formed and where.
type SyntaxError struct {
	Offset int64
	Reason string
	AtEnd  bool // nothing is wrong but that the rest is missing
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("at byte %d: %s", e.Offset, e.Reason) }

// The parts that a scanner refuses for another reason than their syntax.
var (
	ErrDoctype  = errors.New("a document type definition is not allowed")
	ErrTooDeep  = errors.New("too many nested elements")
	ErrTooLong  = errors.New("a value or a tag is too long")
	ErrEncoding = errors.New("unsupported or contradictory encoding")
)

// Limits guard against bombs; zero fields mean no limit, except Token, which then is 1 MiB.
type Limits struct {
	Bytes int64 // of all parts read, unpacked
	Ratio int   // of a part, unpacked to packed, from 10 MiB on
	Depth int   // of elements
	Token int   // bytes of one text or tag
}

const (
	scanBuffer = 64 << 10
	maxNames   = 64 << 10 // bytes of the names of all open elements, and of the namespaces one declares
	maxSpaces  = 128      // declared at once; they and the attributes are searched one by one
	maxAttrs   = 128      // of one element
)

// NewScanner reads the part r. It finds UTF-16 by its mark or its zero bytes.
func NewScanner(r io.Reader, l Limits) *Scanner { return newScanner(r, l, scanBuffer) }

// newScanner takes so much memory at first.
func newScanner(r io.Reader, l Limits, size int) *Scanner {
	if l.Token <= 0 {
		l.Token = 1 << 20
	}
	return &Scanner{r: r, buf: make([]byte, size), limits: l}
}

// Depth is the number of open elements; the current Start counts, the current End does not.
func (s *Scanner) Depth() int { return len(s.open) }

// Is reports whether the current element is name in the root's namespace.
func (s *Scanner) Is(name string) bool { return s.Main && string(s.Name) == name }

// Attr returns the value of an attribute without a prefix.
func (s *Scanner) Attr(name string) (value []byte, found bool) {
	for i := range s.Attrs {
		if string(s.Attrs[i].Name) == name {
			return s.Attrs[i].Value, true
		}
	}
	return nil, false
}

// Relation returns the attribute r:id, under whatever prefix the namespace of relationships has.
func (s *Scanner) Relation() string {
	for _, a := range s.Attrs {
		i := bytes.IndexByte(a.Name, ':')
		if i < 0 || string(a.Name[i+1:]) != "id" {
			continue
		}
		if b := s.bound(a.Name[:i]); b != nil && len(b.uri) > 14 && b.uri[len(b.uri)-14:] == "/relationships" {
			return string(a.Value)
		}
	}
	return ""
}

// Within gives what is within the element that has just started, and ends behind it. An error is the last that it gives.
func (s *Scanner) Within() iter.Seq2[Token, error] {
	depth := len(s.open)
	return func(yield func(Token, error) bool) {
		for {
			t, err := s.Next()
			if t == End && len(s.open) < depth || !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// Skip reads past the end of the element that has just started.
func (s *Scanner) Skip() error {
	for _, err := range s.Within() {
		if err != nil {
			return err
		}
	}
	return nil
}

// All gives what is left of the part. An error is the last that it gives.
func (s *Scanner) All() iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		for {
			t, err := s.Next()
			if err == io.EOF || !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// Rest reads to the end of the part, which is where it turns out to be whole.
func (s *Scanner) Rest() error {
	for _, err := range s.All() {
		if err != nil {
			return err
		}
	}
	return nil
}

// Next gives the next token, io.EOF after the end of a well-formed part, or what is wrong with it. Comments and
// processing instructions are checked and passed over.
func (s *Scanner) Next() (Token, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.closing {
		s.closing = false
		s.TokenStart = s.TokenEnd
		return s.pop(), nil
	}
	t, err := s.next()
	if err != nil {
		s.err = err
	}
	return t, err
}

func (s *Scanner) next() (Token, error) {
	if !s.begun {
		if err := s.begin(); err != nil {
			return 0, err
		}
	}
	for {
		if s.pos == s.end {
			if err := s.fill(); err != nil {
				return 0, err
			}
			if s.pos == s.end {
				return 0, s.finish()
			}
		}
		s.TokenStart = s.base + int64(s.pos)
		var t Token
		var err error
		if s.buf[s.pos] == '<' {
			t, err = s.markup()
		} else {
			t, err = s.characters()
		}
		if err != nil {
			return 0, err
		}
		if t != 0 {
			s.TokenEnd = s.base + int64(s.pos)
			return t, nil
		}
	}
}

func (s *Scanner) finish() error {
	switch {
	case len(s.open) > 0:
		return s.ended("the part ends inside an element")
	case !s.rooted:
		return s.ended("the part has no content")
	}
	return io.EOF
}

// ended is the error of a part of which the rest is missing.
func (s *Scanner) ended(reason string) error {
	return &SyntaxError{Offset: s.base + int64(s.pos), Reason: reason, AtEnd: true}
}

func (s *Scanner) wrong(reason string) error {
	return &SyntaxError{Offset: s.base + int64(s.pos), Reason: reason}
}

// fill reads more bytes behind those that are there; s.eof is set when there are none. What lies before pos is lost.
func (s *Scanner) fill() error {
	if s.eof {
		return nil
	}
	if s.whole != nil {
		return s.extend()
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.base += int64(s.pos)
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= s.limits.Token {
			return ErrTooLong
		}
		grown := make([]byte, min(2*len(s.buf), max(s.limits.Token, scanBuffer)))
		copy(grown, s.buf)
		s.buf = grown
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err == io.EOF {
			s.eof = true
			return nil
		}
		if err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// extend is fill where the part is kept: its bytes are looked at where they lie.
func (s *Scanner) extend() error {
	if s.end-s.pos >= max(s.limits.Token, scanBuffer) {
		return ErrTooLong
	}
	k := s.whole.kept
	k.until(s.end + 1)
	if s.end >= len(k.data) {
		if k.err != io.EOF {
			return k.err
		}
		s.eof = true
		return nil
	}
	s.end = min(len(k.data), s.end+scanBuffer)
	s.buf, s.whole.at = k.data[:s.end:s.end], s.end
	return nil
}

// begin looks at the first bytes: byte order mark, UTF-16, declaration.
func (s *Scanner) begin() error {
	s.begun = true
	for s.end-s.pos < 4 && !s.eof {
		if err := s.fill(); err != nil {
			return err
		}
	}
	b := s.buf[s.pos:s.end]
	wide := false
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		s.pos += 3
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		wide = true
		s.transcode(b[2:], false)
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		wide = true
		s.transcode(b[2:], true)
	case bytes.HasPrefix(b, []byte("<\x00")):
		wide = true
		s.transcode(b, false)
	case bytes.HasPrefix(b, []byte("\x00<")):
		wide = true
		s.transcode(b, true)
	}
	for s.end-s.pos < 256 && !s.eof {
		if err := s.fill(); err != nil {
			return err
		}
	}
	return s.declaration(wide)
}

func (s *Scanner) transcode(first []byte, big bool) {
	s.r = &utf16Reader{r: s.r, in: bytes.Clone(first), big: big, eof: s.eof}
	s.pos, s.end, s.eof = 0, 0, false
	s.whole, s.buf = nil, make([]byte, scanBuffer)
}

// declaration checks <?xml …?> where there is one.
func (s *Scanner) declaration(wide bool) error {
	b := s.buf[s.pos:s.end]
	if len(b) < 6 || string(b[:5]) != "<?xml" || !isSpace(b[5]) {
		return nil
	}
	n := bytes.Index(b, []byte("?>"))
	if n < 0 {
		return s.wrong("the XML declaration has no end")
	}
	decl := b[5:n]
	for _, c := range decl {
		if c < 0x20 && !isSpace(c) || c >= 0x7f || c == '<' {
			return s.wrong("the XML declaration is damaged")
		}
	}
	if v := pseudo(decl, "version"); v != "1.0" && v != "1.1" {
		return s.wrong("the XML declaration has no version")
	}
	switch e := pseudo(decl, "encoding"); lower(e) {
	case "", "utf-8", "utf8":
		if wide && e != "" {
			return fmt.Errorf("%w: declared %s, written in UTF-16", ErrEncoding, e)
		}
	case "utf-16", "utf-16le", "utf-16be", "unicode":
		if !wide {
			return fmt.Errorf("%w: declared %s, written in single bytes", ErrEncoding, e)
		}
	case "us-ascii", "ascii":
	default:
		return fmt.Errorf("%w: %s", ErrEncoding, e)
	}
	s.pos += n + 2
	return nil
}

func pseudo(decl []byte, name string) string {
	i := bytes.Index(decl, []byte(name))
	if i < 0 {
		return ""
	}
	rest := bytes.TrimLeft(decl[i+len(name):], " \t\r\n")
	if len(rest) < 2 || rest[0] != '=' {
		return ""
	}
	rest = bytes.TrimLeft(rest[1:], " \t\r\n")
	if len(rest) < 2 || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	end := bytes.IndexByte(rest[1:], rest[0])
	if end < 0 {
		return ""
	}
	return string(rest[1 : 1+end])
}

func lower(s string) string { return string(bytes.ToLower([]byte(s))) }

// Classes of bytes in a name, in text and in an attribute's value.
const (
	plain   = iota
	special // needs a look
)

var (
	nameByte  [256]bool
	textByte  [256]uint8
	valueByte [256]uint8
)

func init() {
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':', c >= 0x80:
			nameByte[c] = true
		}
		if c < 0x20 && c != '\t' && c != '\n' || c >= 0x80 {
			textByte[c] = special
		}
		if c < 0x20 || c >= 0x80 {
			valueByte[c] = special
		}
	}
	for _, c := range "<&]" {
		textByte[c] = special
	}
	for _, c := range "<&\"'" {
		valueByte[c] = special
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// more makes the window longer while a token is incomplete.
func (s *Scanner) more() error {
	if s.eof {
		return s.ended("the part ends inside a tag")
	}
	return s.fill()
}

// markup reads what begins with '<'. Token 0 means that nothing is to be handed out.
func (s *Scanner) markup() (Token, error) {
	for {
		w := s.buf[s.pos:s.end]
		if len(w) >= 2 {
			var n int
			var t Token
			var err error
			switch w[1] {
			case '/':
				t, n, err = s.endTag(w)
			case '!':
				return s.declarationOrData(w)
			case '?':
				return 0, s.instruction()
			default:
				t, n, err = s.startTag(w)
			}
			if err != nil {
				return 0, err
			}
			if n > 0 {
				s.pos += n
				return t, nil
			}
		}
		if err := s.more(); err != nil {
			return 0, err
		}
	}
}

// endTag returns how many bytes the tag has, 0 when the window is too short.
func (s *Scanner) endTag(w []byte) (Token, int, error) {
	if len(s.open) == 0 {
		return 0, 0, s.wrong("an element ends that has not begun")
	}
	top := s.open[len(s.open)-1]
	name := s.names[top.from:]
	n := 2 + len(name)
	if len(w) <= n {
		if m := len(w) - 2; m > len(name) || string(w[2:]) != string(name[:m]) {
			return 0, 0, s.wrong("the end tag does not match <" + string(name) + ">")
		}
		return 0, 0, nil
	}
	if string(w[2:n]) != string(name) {
		return 0, 0, s.wrong("the end tag does not match <" + string(name) + ">")
	}
	for n < len(w) && isSpace(w[n]) {
		n++
	}
	if n == len(w) {
		return 0, 0, nil
	}
	if w[n] != '>' {
		return 0, 0, s.wrong("the end tag does not match <" + string(name) + ">")
	}
	return s.pop(), n + 1, nil
}

// pop closes the innermost element.
func (s *Scanner) pop() Token {
	top := s.open[len(s.open)-1]
	s.Name = s.names[top.from+top.prefix:]
	s.Main = top.main
	s.Attrs = s.Attrs[:0]
	s.names = s.names[:top.from]
	s.open = s.open[:len(s.open)-1]
	if top.spaces < len(s.spaces) {
		s.spaces = s.spaces[:top.spaces]
		s.rebind()
	}
	return End
}

// startTag returns how many bytes the tag has, 0 when the window is too short.
func (s *Scanner) startTag(w []byte) (Token, int, error) {
	i, colon, high := 1, 0, false
	for i < len(w) && nameByte[w[i]] {
		if w[i] == ':' {
			if colon > 0 {
				return 0, 0, s.wrong("a name has two colons")
			}
			colon = i
		}
		high = high || w[i] >= 0x80
		i++
	}
	if i == len(w) {
		return 0, 0, nil
	}
	name := w[1:i]
	if len(name) == 0 || !nameStart(name[0]) || colon == 1 || colon == i-1 || high && !utf8.Valid(name) {
		return 0, 0, s.wrong("a tag has no proper name")
	}
	s.Attrs = s.Attrs[:0]
	s.scratch = s.scratch[:0]
	declares, prefixed := false, false
	for {
		gap := i
		for i < len(w) && isSpace(w[i]) {
			i++
		}
		if i == len(w) {
			return 0, 0, nil
		}
		if w[i] == '>' {
			i++
			break
		}
		if w[i] == '/' {
			if i+1 == len(w) {
				return 0, 0, nil
			}
			if w[i+1] != '>' {
				return 0, 0, s.wrong("a tag has a stray slash")
			}
			s.closing = true
			i += 2
			break
		}
		if gap == i {
			return 0, 0, s.wrong("a blank is missing before an attribute")
		}
		from := i
		sep := 0
		high := false
		for i < len(w) && nameByte[w[i]] {
			if w[i] == ':' {
				if sep > 0 {
					return 0, 0, s.wrong("a name has two colons")
				}
				sep = i - from
				prefixed = true
			}
			high = high || w[i] >= 0x80
			i++
		}
		if i == len(w) {
			return 0, 0, nil
		}
		key := w[from:i]
		if len(key) == 0 || !nameStart(key[0]) || sep == len(key)-1 && sep > 0 || high && !utf8.Valid(key) {
			return 0, 0, s.wrong("an attribute has no proper name")
		}
		for i < len(w) && isSpace(w[i]) {
			i++
		}
		if i == len(w) {
			return 0, 0, nil
		}
		if w[i] != '=' {
			return 0, 0, s.wrong("an attribute has no value")
		}
		i++
		for i < len(w) && isSpace(w[i]) {
			i++
		}
		if i == len(w) {
			return 0, 0, nil
		}
		quote := w[i]
		if quote != '"' && quote != '\'' {
			return 0, 0, s.wrong("an attribute's value is not quoted")
		}
		i++
		from = i
		escaped, wide := false, false
	value:
		for ; i < len(w); i++ {
			if valueByte[w[i]] == plain {
				continue
			}
			switch c := w[i]; {
			case c == quote:
				break value
			case c == '<':
				return 0, 0, s.wrong("an attribute's value contains '<'")
			case c >= 0x80:
				wide = true
			case c == '&', c == '\t', c == '\n', c == '\r':
				escaped = true
			case c < 0x20:
				return 0, 0, s.wrong("a control character")
			}
		}
		if i == len(w) {
			return 0, 0, nil
		}
		val := w[from:i]
		i++
		if wide && !validText(val) {
			return 0, 0, s.wrong("invalid UTF-8")
		}
		if escaped {
			at := len(s.scratch)
			var err error
			if s.scratch, err = resolve(s.scratch, val, true); err != nil {
				return 0, 0, s.wrong(err.Error())
			}
			val = s.scratch[at:len(s.scratch):len(s.scratch)]
		}
		if len(key) >= 5 && string(key[:5]) == "xmlns" && (len(key) == 5 || key[5] == ':') {
			declares = true
		}
		for j := range s.Attrs {
			if string(s.Attrs[j].Name) == string(key) {
				return 0, 0, s.wrong("an attribute appears twice")
			}
		}
		if len(s.Attrs) >= maxAttrs {
			return 0, 0, s.wrong("too many attributes")
		}
		s.Attrs = append(s.Attrs, Attr{key, val})
	}
	return Start, i, s.push(name, colon, declares, prefixed)
}

// push opens an element and settles its namespace.
func (s *Scanner) push(name []byte, colon int, declares, prefixed bool) error {
	if len(s.open) == 0 && s.rooted {
		return s.wrong("something follows the root element")
	}
	if s.limits.Depth > 0 && len(s.open) >= s.limits.Depth {
		return ErrTooDeep
	}
	if len(s.names)+len(name) > maxNames {
		return ErrTooLong
	}
	e := element{from: len(s.names), prefix: colon, spaces: len(s.spaces)}
	if declares {
		if err := s.declare(); err != nil {
			return err
		}
	}
	if colon == 0 {
		if !s.rooted {
			if b := s.bound(nil); b != nil {
				s.rootSpace = b.uri
			}
			s.rooted = true
			s.rebind()
		}
		e.main = s.mainPlain
	} else {
		b := s.bound(name[:colon-1])
		if b == nil {
			return s.wrong("the prefix " + string(name[:colon-1]) + " is not declared")
		}
		if !s.rooted {
			s.rootSpace = b.uri
			s.rooted = true
			s.rebind()
			b = s.bound(name[:colon-1])
		}
		e.main = b.main
	}
	if prefixed {
		for _, a := range s.Attrs {
			i := bytes.IndexByte(a.Name, ':')
			if i < 0 {
				continue
			}
			if p := a.Name[:i]; string(p) != "xmlns" && s.bound(p) == nil {
				return s.wrong("the prefix " + string(p) + " is not declared")
			}
		}
	}
	s.names = append(s.names, name...)
	s.open = append(s.open, e)
	s.Name, s.Main = s.names[e.from+e.prefix:], e.main
	return nil
}

// declare takes the element's xmlns attributes.
func (s *Scanner) declare() error {
	size := 0
	for _, a := range s.Attrs {
		switch {
		case string(a.Name) == "xmlns":
			s.spaces = append(s.spaces, space{uri: string(a.Value)})
			size += len(a.Value)
		case len(a.Name) > 6 && string(a.Name[:6]) == "xmlns:":
			if len(a.Value) == 0 {
				return s.wrong("a prefix is declared empty")
			}
			s.spaces = append(s.spaces, space{prefix: string(a.Name[6:]), uri: string(a.Value)})
			size += len(a.Value)
		}
	}
	if len(s.spaces) > maxSpaces || size > maxNames {
		return ErrTooLong
	}
	s.rebind()
	return nil
}

// rebind marks the bindings of the root's namespace.
func (s *Scanner) rebind() {
	for i := range s.spaces {
		s.spaces[i].main = s.spaces[i].uri == s.rootSpace
	}
	b := s.bound(nil)
	s.mainPlain = b == nil && s.rootSpace == "" || b != nil && b.main
}

var xmlSpace = space{prefix: "xml", uri: "http://www.w3.org/XML/1998/namespace"}

// bound finds what a prefix stands for; nil when it is not declared.
func (s *Scanner) bound(prefix []byte) *space {
	for i := len(s.spaces) - 1; i >= 0; i-- {
		if s.spaces[i].prefix == string(prefix) {
			return &s.spaces[i]
		}
	}
	if string(prefix) == "xml" {
		return &xmlSpace
	}
	return nil
}

func nameStart(c byte) bool {
	return nameByte[c] && c != '-' && c != '.' && c != ':' && (c < '0' || c > '9')
}

// declarationOrData reads <!-- -->, <![CDATA[ ]]> and refuses <!DOCTYPE.
func (s *Scanner) declarationOrData(w []byte) (Token, error) {
	for len(w) < 9 && !s.eof {
		if err := s.fill(); err != nil {
			return 0, err
		}
		w = s.buf[s.pos:s.end]
	}
	switch {
	case bytes.HasPrefix(w, []byte("<!--")):
		s.pos += 4
		return 0, s.comment()
	case bytes.HasPrefix(w, []byte("<![CDATA[")):
		if len(s.open) == 0 {
			return 0, s.wrong("text outside of the root element")
		}
		return s.data()
	case bytes.HasPrefix(w, []byte("<!DOCTYPE")):
		return 0, ErrDoctype
	}
	return 0, s.wrong("a declaration that does not belong here")
}

// comment passes over the inside of a comment without keeping it.
func (s *Scanner) comment() error {
	for {
		w := s.buf[s.pos:s.end]
		n := bytes.Index(w, []byte("--"))
		if n >= 0 && n+2 < len(w) {
			if err := s.checkChars(w[:n]); err != nil {
				return err
			}
			if w[n+2] != '>' {
				return s.wrong("two hyphens in a comment")
			}
			s.pos += n + 3
			return nil
		}
		if n < 0 {
			n = len(w)
		}
		// keep what may be the beginning of the end, and of a letter cut in two
		keep := max(0, min(n, len(w)-8))
		if err := s.checkChars(cutRune(w[:keep])); err != nil {
			return err
		}
		s.pos += len(cutRune(w[:keep]))
		if s.eof {
			return s.wrong("a comment has no end")
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// cutRune drops an unfinished letter at the end of b.
func cutRune(b []byte) []byte {
	for i := 1; i <= 3 && i <= len(b); i++ {
		if c := b[len(b)-i]; c >= 0xc0 {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		} else if c < 0x80 {
			break
		}
	}
	return b
}

// instruction passes over <?target …?>.
func (s *Scanner) instruction() error {
	for {
		w := s.buf[s.pos:s.end]
		if n := bytes.Index(w, []byte("?>")); n >= 2 {
			target := w[2:n]
			i := 0
			for i < len(target) && nameByte[target[i]] {
				i++
			}
			if i == 0 || !nameStart(target[0]) || i < len(target) && !isSpace(target[i]) || lower(string(target[:i])) == "xml" {
				return s.wrong("a processing instruction that does not belong here")
			}
			if err := s.checkChars(target); err != nil {
				return err
			}
			s.pos += n + 2
			return nil
		}
		if err := s.more(); err != nil {
			return err
		}
	}
}

func (s *Scanner) checkChars(b []byte) error {
	for _, c := range b {
		if c < 0x20 && !isSpace(c) {
			return s.wrong("a control character")
		}
	}
	if !validText(b) {
		return s.wrong("invalid UTF-8")
	}
	return nil
}

// data reads a CDATA section, which becomes one Text.
func (s *Scanner) data() (Token, error) {
	for {
		w := s.buf[s.pos:s.end]
		if n := bytes.Index(w, []byte("]]>")); n >= 9 {
			if err := s.checkChars(w[9:n]); err != nil {
				return 0, err
			}
			s.Text = w[9:n]
			if bytes.IndexByte(s.Text, '\r') >= 0 {
				s.scratch = unixLines(s.scratch[:0], s.Text)
				s.Text = s.scratch
			}
			s.pos += n + 3
			return Text, nil
		}
		if err := s.more(); err != nil {
			return 0, err
		}
	}
}

// characters reads text up to the next tag.
func (s *Scanner) characters() (Token, error) {
	i := 0
	escaped, wide := false, false
	for {
		w := s.buf[s.pos:s.end]
	scan:
		for ; i < len(w); i++ {
			if textByte[w[i]] == plain {
				continue
			}
			switch c := w[i]; {
			case c == '<':
				break scan
			case c >= 0x80:
				wide = true
			case c == '&', c == '\r':
				escaped = true
			case c == ']':
				if i+2 < len(w) && w[i+1] == ']' && w[i+2] == '>' {
					return 0, s.wrong("the characters ]]> in text")
				}
				if i+2 >= len(w) && !s.eof {
					goto refill
				}
			case c < 0x20:
				return 0, s.wrong("a control character")
			}
		}
		if i < len(w) || s.eof {
			return s.text(w[:i], escaped, wide)
		}
	refill:
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

func (s *Scanner) text(b []byte, escaped, wide bool) (Token, error) {
	if wide && !validText(b) {
		return 0, s.wrong("invalid UTF-8")
	}
	s.Text = b
	if escaped {
		var err error
		if s.scratch, err = resolve(s.scratch[:0], b, false); err != nil {
			return 0, s.wrong(err.Error())
		}
		s.Text = s.scratch
	}
	if len(s.open) == 0 {
		for _, c := range b {
			if !isSpace(c) {
				return 0, s.wrong("text outside of the root element")
			}
		}
		s.pos += len(b)
		return 0, nil
	}
	s.pos += len(b)
	return Text, nil
}

// validText accepts UTF-8 without the two code points that XML forbids (the others are no UTF-8).
func validText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for {
		i := bytes.Index(b, []byte("\xef\xbf"))
		if i < 0 {
			return true
		}
		if c := b[i+2]; c == 0xbe || c == 0xbf {
			return false
		}
		b = b[i+3:]
	}
}

var errEntity = errors.New("an unknown entity")

// resolve appends src with entities resolved and line ends made one; in a value, line ends and tabs become blanks.
func resolve(dst, src []byte, value bool) ([]byte, error) {
	for i := 0; i < len(src); {
		c := src[i]
		switch {
		case c == '\r':
			i++
			if i < len(src) && src[i] == '\n' {
				i++
			}
			if value {
				dst = append(dst, ' ')
			} else {
				dst = append(dst, '\n')
			}
		case value && (c == '\n' || c == '\t'):
			dst = append(dst, ' ')
			i++
		case c == '&':
			n := bytes.IndexByte(src[i:min(len(src), i+16)], ';')
			if n < 2 {
				return dst, errEntity
			}
			r, ok := entity(src[i+1 : i+n])
			if !ok {
				return dst, errEntity
			}
			dst = utf8.AppendRune(dst, r)
			i += n + 1
		default:
			j := i + 1
			for j < len(src) && src[j] != '&' && src[j] >= 0x20 {
				j++
			}
			dst = append(dst, src[i:j]...)
			i = j
		}
	}
	return dst, nil
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, radix := string(name[1:]), 10
	if digits[0] == 'x' {
		digits, radix = digits[1:], 16
	}
	if digits == "" || digits[0] == '+' || digits[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, radix, 32)
	r := rune(n)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(r) || r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
		return 0, false
	}
	return r, true
}

func unixLines(dst, src []byte) []byte {
	for i, c := range src {
		switch {
		case c != '\r':
			dst = append(dst, c)
		case i+1 < len(src) && src[i+1] == '\n':
		default:
			dst = append(dst, '\n')
		}
	}
	return dst
}

// utf16Reader turns UTF-16 into UTF-8 and refuses half letters.
type utf16Reader struct {
	r   io.Reader
	in  []byte
	out []byte
	big bool
	eof bool
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if err := u.step(); err != nil {
			return 0, err
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) step() error {
	unit := func(i int) rune {
		if u.big {
			return rune(u.in[i])<<8 | rune(u.in[i+1])
		}
		return rune(u.in[i+1])<<8 | rune(u.in[i])
	}
	u.out = u.out[:0]
	i := 0
	for i+1 < len(u.in) {
		r := unit(i)
		switch {
		case r >= 0xd800 && r < 0xdc00:
			if i+3 >= len(u.in) {
				if u.eof {
					return fmt.Errorf("%w: half a letter in UTF-16", ErrEncoding)
				}
				goto read
			}
			low := unit(i + 2)
			if low < 0xdc00 || low > 0xdfff {
				return fmt.Errorf("%w: half a letter in UTF-16", ErrEncoding)
			}
			r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
			i += 2
		case r >= 0xdc00 && r < 0xe000:
			return fmt.Errorf("%w: half a letter in UTF-16", ErrEncoding)
		}
		u.out = utf8.AppendRune(u.out, r)
		i += 2
	}
read:
	u.in = append(u.in[:0], u.in[i:]...)
	if u.eof {
		if len(u.in) > 0 {
			return fmt.Errorf("%w: half a letter in UTF-16", ErrEncoding)
		}
		if len(u.out) == 0 {
			return io.EOF
		}
		return nil
	}
	var chunk [32 << 10]byte
	n, err := u.r.Read(chunk[:])
	u.in = append(u.in, chunk[:n]...)
	if err == io.EOF {
		u.eof = true
	} else if err != nil {
		return err
	}
	return nil
}
