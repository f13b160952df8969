// Package masks holds what keeps private fields of requests out of what is stored and shown: they are sealed where a request is
// stored, opened when it is sent, and *** wherever somebody looks.
package masks

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rowferry/rowferry/batch"
)

// Shown stands where a private value is.
const Shown = "***"

// Fields are the private fields of one operation, by their paths without indexes, as the keys of `map` are written. A path names all that is
// below it too.
type Fields []string

// seal is how a sealed value begins; it is a JSON string in the place of the value. No cell can hold its first character.
const seal = `"\u0001sealed:`

// ErrClosed is the error of opening what was sealed with another key, or altered.
var ErrClosed = errors.New("a private field cannot be opened")

// Key seals the private fields of one file's requests. It is made of the file's own content and stored nowhere: where no copy of the file is
// left, what was sealed with it is gone. Safe for concurrent use.
type Key struct{ aead cipher.AEAD }

// KeyOf makes the key of a file with this content.
func KeyOf(content io.Reader) (*Key, error) {
	sum := sha256.New()
	_, _ = sum.Write([]byte("rowferry private fields\n")) // so that the file's own hash, which is known, is no key
	if _, err := io.Copy(sum, content); err != nil {
		return nil, err
	}
	secret, err := hkdf.Key(sha256.New, sum.Sum(nil), nil, "AES-256-GCM", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Key{aead}, err
}

// Seal is a request, canonical JSON, with its private fields sealed; the same slice where it has none.
func (f Fields) Seal(k *Key, body []byte) []byte {
	return f.replace(body, func(value []byte) []byte {
		nonce := make([]byte, k.aead.NonceSize())
		_, _ = rand.Read(nonce) // never fails
		return []byte(seal + base64.StdEncoding.EncodeToString(k.aead.Seal(nonce, nonce, value, nil)) + `"`)
	})
}

// Mask is a request with *** in the place of its private fields.
func (f Fields) Mask(body []byte) []byte {
	return f.replace(body, func([]byte) []byte { return []byte(`"` + Shown + `"`) })
}

// Values are the texts and numbers of a request's private fields.
func (f Fields) Values(body []byte) (out []string) {
	f.replace(body, func(value []byte) []byte {
		d := json.NewDecoder(bytes.NewReader(value))
		d.UseNumber()
		for {
			switch t, err := d.Token(); v := t.(type) {
			case string:
				out = append(out, v)
			case json.Number:
				out = append(out, v.String())
			default:
				if err != nil {
					return value
				}
			}
		}
	})
	return out
}

// patterns are what named has made, by the fields: it is asked for with every answer.
var patterns sync.Map

// named finds what an answer says under the name of a private field: the last part of its path, in JSON, in XML as an element or attribute, or in a form.
func (f Fields) named() *regexp.Regexp {
	all := strings.Join(f, "\n")
	if made, is := patterns.Load(all); is {
		return made.(*regexp.Regexp)
	}
	var names []string
	for _, path := range f {
		names = append(names, regexp.QuoteMeta(path[strings.LastIndexByte(path, '.')+1:]))
	}
	name := `(?:` + strings.Join(names, "|") + `)`
	made := regexp.MustCompile(`(?is)((\\*")` + name + `\\*"\s*:\s*)(?:\\+"(?:[^"\\]|\\+[^"\\])*\\*"?|"(?:[^"\\]|\\.)*"?|[-+.\w]+)` +
		`|(<(?:\w+:)?` + name + `(?:\s[^<>]*)?>)[^<]+` +
		`|(\b` + name + `=)(?:(")[^"]*"?|(')[^']*'?|[^&\s"'<>]+)`)
	patterns.Store(all, made)
	return made
}

// InText gives what hides what texts, such as answers, say under the names of private fields.
func (f Fields) InText() func(text string) string {
	if len(f) == 0 {
		return func(text string) string { return text }
	}
	named := f.named()
	return func(text string) string {
		return named.ReplaceAllString(text, "${1}${2}${3}${4}${5}${6}"+Shown+"${2}${5}${6}")
	}
}

// Has reports whether a field is private.
func (f Fields) Has(path string) bool {
	return slices.ContainsFunc(f, func(private string) bool { return path == private || strings.HasPrefix(path, private+".") })
}

// Problems hides the values that problems of private fields show; the cell is named still.
func (f Fields) Problems(all []batch.Problem) {
	for i := range all {
		p := &all[i]
		if !f.Has(p.Field) {
			continue
		}
		if p.Value == "" {
			continue
		}
		p.Text = within(within(p.Text, p.Value), p.Fix) // what to write instead may be the value in another form
		p.Value, p.Fix = Shown, ""
	}
}

// shortest is how long a value must be that is hidden wherever it stands in a sentence; a shorter one is where it is quoted.
const shortest = 4

func within(sentence, value string) string {
	if value == "" {
		return sentence
	}
	if len(value) >= shortest {
		return strings.ReplaceAll(sentence, value, Shown)
	}
	for _, q := range [][2]string{{`"`, `"`}, {"“", "”"}, {"«", "»"}} {
		sentence = strings.ReplaceAll(sentence, q[0]+value+q[1], q[0]+Shown+q[1])
	}
	return sentence
}

// Open is a stored request as it is to be sent. ErrClosed.
func (k *Key) Open(body []byte) ([]byte, error) {
	var wrong error
	out := unseal(body, func(sealed []byte) []byte {
		raw, err := base64.StdEncoding.DecodeString(string(sealed))
		n := k.aead.NonceSize()
		if err != nil || len(raw) < n {
			wrong = ErrClosed
			return nil
		}
		value, err := k.aead.Open(nil, raw[:n], raw[n:], nil)
		if err != nil {
			wrong = ErrClosed
		}
		return value
	})
	return out, wrong
}

// Sealed reports whether a stored request has private fields that are sealed.
func Sealed(body []byte) bool { return bytes.Contains(body, []byte(seal)) }

// Show is a stored request as people may see it.
func Show(body []byte) []byte {
	return unseal(body, func([]byte) []byte { return []byte(`"` + Shown + `"`) })
}

// unseal puts something in the place of each sealed value.
func unseal(body []byte, open func(sealed []byte) []byte) []byte {
	if !Sealed(body) {
		return body
	}
	var out []byte
	for {
		before, rest, found := bytes.Cut(body, []byte(seal))
		out = append(out, before...)
		if !found {
			return out
		}
		sealed, after, _ := bytes.Cut(rest, []byte(`"`))
		out, body = append(out, open(sealed)...), after
	}
}

// replace puts something in the place of each value under a private path. What is no JSON stays as it is.
func (f Fields) replace(body []byte, with func(value []byte) []byte) []byte {
	if len(f) == 0 || len(body) == 0 {
		return body
	}
	w := walk{body: body, d: json.NewDecoder(bytes.NewReader(body)), fields: f, with: with}
	if err := w.value(""); err != nil || w.out == nil {
		return body
	}
	return append(w.out, body[w.done:]...)
}

// walk goes through a request once; out has what is before done with the replacements.
type walk struct {
	body   []byte
	d      *json.Decoder
	fields Fields
	with   func([]byte) []byte
	out    []byte
	done   int64
}

func (w *walk) value(path string) error {
	if path != "" && slices.Contains(w.fields, path) {
		var raw json.RawMessage
		if err := w.d.Decode(&raw); err != nil || string(raw) == "null" {
			return err
		}
		end := w.d.InputOffset()
		w.out = append(append(w.out, w.body[w.done:end-int64(len(raw))]...), w.with(raw)...)
		w.done = end
		return nil
	}
	t, err := w.d.Token()
	if err != nil {
		return err
	}
	open, nested := t.(json.Delim)
	if !nested {
		return nil
	}
	for w.d.More() {
		below := path
		if open == '{' {
			name, err := w.d.Token()
			if err != nil {
				return err
			}
			below = under(path, name.(string))
		}
		if err := w.value(below); err != nil {
			return err
		}
	}
	_, err = w.d.Token()
	return err
}

// under is the path of a member. Of an envelope of parameters and body (package providers), the body and what stands around a batch are no
// part of their fields' paths, and a parameter's path begins with its place.
func under(path, name string) string {
	switch {
	case path != "":
		return path + "." + name
	case name == "?body" || name == "?around":
		return ""
	}
	return strings.TrimPrefix(name, "?")
}
