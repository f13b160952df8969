package providers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/strictyaml"
)

const (
	maxBody  = 32 << 20 // bytes of an answer that are read; a longer one is unreadable
	maxDepth = 100      // nested objects, lists or elements
)

var errTooDeep = strictyaml.ErrTooDeep

// parseBody reads an answer. Which of the two formats it is, the body itself tells: the declared type is often wrong.
// JSON becomes maps, lists, texts, booleans, ints and json.Numbers (whole numbers beyond int and decimals, exact);
// XML as docs/provider-documents.md says, with the name of its root element. An empty body is nil. JSON that names a member
// of an object twice is not read: parsers differ in which of the two counts.
func parseBody(body []byte, contentType, charset string) (value any, root string, err error) {
	if len(body) > maxBody {
		return nil, "", fmt.Errorf("the answer is longer than %d bytes", maxBody)
	}
	text, err := decodeText(body, contentType, charset)
	if err != nil {
		return nil, "", err
	}
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
		return nil, "", nil
	case text[0] == '{' || text[0] == '[':
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		return parseForm(string(text))
	default:
		last := jsonAtEnd(text)
		if text[0] == '<' && last == nil {
			return parseXML(text)
		}
		if last != nil {
			text = last
		}
	}
	if value, err = parseJSON(text); err != nil {
		if whole := mended(text); whole != nil {
			text = whole
			value, err = parseJSON(text)
		}
	}
	if err == nil && members(value) != colons(text) {
		return nil, "", errors.New("an object has two members of one name") // which one is meant?
	}
	return value, "", err
}

// mended makes JSON of what programs write for it: NaN and Infinity among the numbers, and a value a line. nil: it is neither.
func mended(text []byte) []byte {
	if numbers := noNumber.ReplaceAll(text, []byte("${1}null")); !bytes.Equal(numbers, text) {
		return numbers
	}
	var lines [][]byte
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if line[0] != '{' || !json.Valid(line) {
			return nil
		}
		lines = append(lines, line)
	}
	if len(lines) < 2 {
		return nil
	}
	return slices.Concat([]byte("["), bytes.Join(lines, []byte(",")), []byte("]"))
}

var noNumber = patterns.New(`([:,[]\s*)-?(NaN|Infinity)\b`)

// jsonAtEnd is the object at the end of a text that begins with something else: PHP's warnings, a call around it, what keeps scripts from
// reading it. nil: there is none.
func jsonAtEnd(text []byte) []byte {
	text = bytes.TrimRight(text, ");\r\n\t ")
	if !bytes.HasSuffix(text, []byte("}")) {
		return nil
	}
	for range 3 {
		at := bytes.IndexByte(text, '{')
		if at < 0 {
			return nil
		}
		if text = text[at:]; json.Valid(text) {
			return text
		}
		text = text[1:]
	}
	return nil
}

// parseForm reads status=ok&id=7.
func parseForm(text string) (any, string, error) {
	values, err := url.ParseQuery(text)
	out := make(map[string]any, len(values))
	for name := range values {
		out[name] = values.Get(name)
	}
	return out, "", err
}

// members counts the members of all objects in a value.
func members(v any) (n int) {
	switch x := v.(type) {
	case []any:
		for _, one := range x {
			n += members(one)
		}
	case map[string]any:
		n = len(x)
		for _, one := range x {
			n += members(one)
		}
	}
	return n
}

// colons counts the colons outside texts: in valid JSON, one for each member of an object.
func colons(text []byte) (n int) {
	inText := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case c == ':' && !inText:
			n++
		}
	}
	return n
}

// decodeText turns a body into UTF-8: by its declared charset, else as UTF-8, else by the provider's charset or as GB18030. XML that
// declares its own keeps it for the XML decoder.
func decodeText(body []byte, contentType, charset string) ([]byte, error) {
	if rest, ok := bytes.CutPrefix(body, []byte("\xef\xbb\xbf")); ok {
		return rest, nil
	}
	_, params, _ := mime.ParseMediaType(contentType)
	name := params["charset"]
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		name = "utf-16le"
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		name = "utf-16be"
	}
	if name == "" || strings.EqualFold(name, "utf-8") {
		if utf8.Valid(body) || declaresEncoding(body) {
			return body, nil
		}
		name = cmp.Or(charset, "gb18030")
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("charset %q: %w", name, err)
	}
	out, err := e.NewDecoder().Bytes(body)
	if err != nil {
		return nil, err
	}
	if bytes.ContainsRune(out, utf8.RuneError) {
		return nil, fmt.Errorf("not in the charset %q", name)
	}
	return bytes.TrimPrefix(out, []byte("\ufeff")), nil
}

// Text is an answer's body for people. Bytes that are no text in any known way are shown as such.
func (op *Operation) Text(r Response) string {
	text, err := decodeText(r.Body, r.Header.Get("Content-Type"), op.Provider.Charset)
	if err != nil {
		text = r.Body
	}
	if name := xmlEncoding.FindSubmatch(text); name != nil && !utf8.Valid(text) {
		if e, err := htmlindex.Get(string(name[1])); err == nil {
			if out, err := e.NewDecoder().Bytes(text); err == nil {
				text = out
			}
		}
	}
	return strings.ToValidUTF8(string(text), "\ufffd")
}

var xmlEncoding = patterns.New(`^\s*<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// declaresEncoding reports whether a body is XML that says how it is encoded.
func declaresEncoding(body []byte) bool {
	head, _, found := bytes.Cut(bytes.TrimSpace(body), []byte("?>"))
	return found && bytes.HasPrefix(head, []byte("<?xml")) && bytes.Contains(head, []byte("encoding"))
}

func parseJSON(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return exact(v, 0)
}

// byValue writes a decimal number so that equal ones are the same text: 1.0 and 1e0 are 1. Anything else stays as it is.
func byValue(number string) string {
	if len(number) > 40 || !strings.ContainsAny(number, ".eE") || strings.Trim(number, "+-.eE0123456789") != "" {
		return number
	}
	if _, power, found := strings.Cut(strings.ToLower(number), "e"); found {
		if n, err := strconv.Atoi(power); err != nil || n < -30 || n > 30 {
			return number
		}
	}
	value, ok := new(big.Rat).SetString(number)
	if !ok {
		return number
	}
	if value.IsInt() {
		return value.Num().String()
	}
	return strings.TrimRight(value.FloatString(80), "0")
}

// exact makes ints of whole numbers; other numbers keep their digits, without noughts at their end.
func exact(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	var err error
	switch x := v.(type) {
	case json.Number:
		digits := byValue(string(x))
		if i, err := strconv.Atoi(digits); err == nil {
			return i, nil
		}
		return json.Number(digits), nil
	case []any:
		for i := range x {
			if x[i], err = exact(x[i], depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range x {
			if x[k], err = exact(x[k], depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func parseXML(text []byte) (any, string, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		e, err := htmlindex.Get(name)
		if err != nil {
			return nil, err
		}
		if utf8.Valid(text) { // the bytes were decoded already, or are plain ASCII: the declaration is out of date
			return in, nil
		}
		return e.NewDecoder().Reader(in), nil
	}
	for {
		token, err := d.Token()
		if err != nil {
			return nil, "", err
		}
		if start, ok := token.(xml.StartElement); ok {
			value, err := element(d, start, 0)
			if err != nil {
				return nil, "", err
			}
			return value, start.Name.Local, nothingMore(d)
		}
	}
}

func nothingMore(d *xml.Decoder) error {
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, ok := token.(xml.StartElement); ok {
			return errors.New("more than one root element")
		}
	}
}

func element(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	children := map[string]any{}
	for _, a := range start.Attr {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
			children["@"+a.Name.Local] = a.Value
		}
	}
	var text strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			child, err := element(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			switch before := children[t.Name.Local].(type) {
			case nil:
				children[t.Name.Local] = child
			case siblings:
				children[t.Name.Local] = append(before, child)
			default:
				children[t.Name.Local] = siblings{before, child}
			}
		case xml.EndElement:
			said := strings.TrimSpace(text.String())
			if len(children) == 0 {
				return said, nil
			}
			if said != "" {
				children["#text"] = said
			}
			for k, v := range children {
				if many, ok := v.(siblings); ok {
					children[k] = []any(many)
				}
			}
			return children, nil
		}
	}
}

// siblings collects elements of one name.
type siblings []any
