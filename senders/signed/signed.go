// Package signed authenticates by a timestamp, a nonce and a digest over a recipe that the account must give: where a
// provider has not published how its signature is computed, no default can look right.
package signed

import (
	"cmp"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/spelling"
	"github.com/rowferry/rowferry/words"
)

// Kind is this way to authenticate.
var Kind = auth.Kind{Check: Check, New: New}

var digests = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New}

// own are the placeholders of a recipe that are not credentials.
var own = []string{"timestamp", "nonce", "method", "path", "body", "headers", "params"}

type scheme struct {
	account auth.Account
	plain   auth.Headers
	signs   auth.Headers // those that hold the signature
	over    auth.Template
	key     auth.Template
	sum     func() hash.Hash
	hmac    bool
	upper   bool
	base64  bool
	now     func() time.Time

	mu   sync.Mutex
	last int64 // nonce
}

// New makes the scheme.
func New(a auth.Account) auth.Scheme {
	s := &scheme{account: a, now: time.Now}
	for _, h := range auth.NewHeaders(a) {
		if slices.Contains(h.Template.Holes(), "sign") {
			s.signs = append(s.signs, h)
		} else {
			s.plain = append(s.plain, h)
		}
	}
	name, keyed := strings.CutPrefix(a.Sign.Digest, "hmac-")
	s.sum, s.hmac = digests[name], keyed
	s.over, s.key = auth.NewTemplate(a.Sign.Over), auth.NewTemplate(cmp.Or(a.Sign.Key, "{secret}"))
	s.base64, s.upper = a.Sign.Encoding == "base64", a.Sign.Case == "upper"
	return s
}

// example is a recipe to show the form; it is nobody's.
const example = `sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}`

// Check asks for a recipe whose placeholders all stand for something.
func Check(a auth.Account) []batch.Mistake {
	wrong := append(auth.Missing(a, a.Scheme.Needs...), auth.CheckHeaders(a, "timestamp", "nonce", "sign")...)
	if a.Sign == nil {
		return append(wrong, batch.Mistake{Key: "sign", What: words.Message("sender.sign.none"), Write: words.Example(example)})
	}
	refuse := func(key string, what, write batch.Message) {
		wrong = append(wrong, batch.Mistake{Key: "sign." + key, What: what, Write: write})
	}
	sign := a.Sign
	name, keyed := strings.CutPrefix(sign.Digest, "hmac-")
	if digests[name] == nil {
		refuse("digest", words.Message("config.not_one", "value", words.Short(sign.Digest)), words.Meant(sign.Digest, known()))
	}
	if sign.Key != "" && !keyed && sign.Digest != "" {
		refuse("key", words.Message("sender.sign.key", "digest", words.Short(sign.Digest)), words.Message("sender.sign.key.write", "digest", words.Short(sign.Digest)))
	}
	if sign.Encoding == "base64" && sign.Case == "upper" {
		refuse("case", words.Message("sender.sign.case"), words.Message("config.remove"))
	}
	template := func(key, text string) {
		for _, what := range strange(a, text) {
			refuse(key, words.Message("sender.placeholder", "name", "{"+what+"}"), meant(a, what))
		}
	}
	template("over", sign.Over)
	template("key", sign.Key)
	if len(auth.NewTemplate(sign.Over).Holes()) == 0 {
		refuse("over", words.Message("sender.placeholder.none"), words.Example(`over: "{token}{timestamp}{nonce}{secret}"`))
	}
	return wrong
}

// known lists the digests.
func known() []string {
	names := slices.Sorted(maps.Keys(digests))
	for _, name := range names {
		names = append(names, "hmac-"+name)
	}
	return names
}

// strange lists the placeholders of a template that stand for nothing.
func strange(a auth.Account, template string) []string {
	return slices.DeleteFunc(auth.NewTemplate(template).Holes(), func(h string) bool { return slices.Contains(own, h) || a.Has(h) })
}

// meant is the placeholder that was probably meant, or all there are.
func meant(a auth.Account, got string) batch.Message {
	all := append(slices.Sorted(maps.Keys(a.Credentials)), own...)
	if near := spelling.Nearest(got, all); near != "" {
		return words.Message("config.did_you_mean", "word", "{"+near+"}")
	}
	return words.Message("sender.placeholder.write", "words", "{"+strings.Join(all, "}, {")+"}")
}

// Sum is the signature that a recipe makes; fill appends what a placeholder stands for.
func Sum(recipe configs.Sign, fill func(dst []byte, name string) []byte) string {
	s := New(auth.Account{Sign: &recipe}).(*scheme)
	return s.digest(s.over.Append(nil, fill), s.key.Append(nil, fill))
}

// CheckRecipe asks for a recipe, at this key of the account, whose placeholders all stand for something.
func CheckRecipe(a auth.Account, at string) (wrong []batch.Mistake) {
	for _, m := range Check(a) {
		if part, of := strings.CutPrefix(m.Key, "sign."); of {
			m.Key = at + "." + part
			wrong = append(wrong, m)
		}
	}
	return wrong
}

func (s *scheme) Fixed() bool { return false }

// nonces is the room for nonces within one millisecond.
const nonces = 1_000_000

// fresh gives the time in milliseconds and a number that no other attempt has: it grows with every call, and where two
// processes sign in the same millisecond they begin at different places within it.
func (s *scheme) fresh() (timestamp, nonce string) {
	ms := s.now().UnixMilli()
	s.mu.Lock()
	next := ms*nonces + rand.Int64N(nonces/2)
	s.last = max(s.last+1, next)
	next = s.last
	s.mu.Unlock()
	return strconv.FormatInt(ms, 10), strconv.FormatInt(next, 10)
}

// Authorize sets the headers in the order of their names, those that hold the signature last.
func (s *scheme) Authorize(r *auth.Request) {
	timestamp, nonce := s.fresh()
	var plain []string // what {headers} stands for
	var sign string
	fill := func(dst []byte, name string) []byte {
		switch name {
		case "timestamp":
			return append(dst, timestamp...)
		case "nonce":
			return append(dst, nonce...)
		case "method":
			return append(dst, r.Method...)
		case "path":
			return append(dst, r.Path...)
		case "body":
			return append(dst, r.Body...)
		case "headers":
			return append(dst, strings.Join(plain, "&")...)
		case "params":
			return append(dst, params(r)...)
		case "sign":
			return append(dst, sign...)
		}
		return append(dst, s.account.Credentials[name].Reveal()...)
	}
	for _, h := range s.plain {
		value := string(h.Template.Append(nil, fill))
		auth.Set(r.Header, h.Name, value)
		plain = append(plain, h.Name+"="+value)
	}
	if len(s.signs) == 0 {
		return
	}
	sign = s.digest(s.over.Append(nil, fill), s.key.Append(nil, fill))
	for _, h := range s.signs {
		auth.Set(r.Header, h.Name, string(h.Template.Append(nil, fill)))
	}
}

func (s *scheme) digest(over, key []byte) string {
	h := s.sum()
	if s.hmac {
		h = hmac.New(s.sum, key)
	}
	h.Write(over)
	sum := h.Sum(nil)
	switch {
	case s.base64:
		return base64.StdEncoding.EncodeToString(sum)
	case s.upper:
		return strings.ToUpper(hex.EncodeToString(sum))
	}
	return hex.EncodeToString(sum)
}

// params are the top-level parameters of the body, sorted by name, k=v joined by &. Empty ones are left out, as such
// recipes do; what is nested stands as the JSON it is sent as.
func params(r *auth.Request) string {
	var pairs [][2]string
	add := func(k, v string) {
		if v != "" && v != "null" {
			pairs = append(pairs, [2]string{k, v})
		}
	}
	switch r.Encoding {
	case "json":
		var body map[string]json.RawMessage
		if json.Unmarshal(r.Body, &body) != nil {
			return ""
		}
		for k, raw := range body {
			v := string(raw)
			if raw[0] == '"' && json.Unmarshal(raw, &v) != nil {
				continue
			}
			add(k, v)
		}
	case "form":
		values, err := url.ParseQuery(string(r.Body))
		if err != nil {
			return ""
		}
		for k, vs := range values {
			for _, v := range vs {
				add(k, v)
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var out strings.Builder
	for i, p := range pairs {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(p[0] + "=" + p[1])
	}
	return out.String()
}
