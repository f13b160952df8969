// Package signed authenticates by a timestamp, a nonce and a digest over a recipe that the account must give: where a
// provider has not published how its signature is computed, no default can look right.
package signed

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/words"
)

// Digests lists the names a recipe may use.
func Digests() []string {
	return []string{"md5", "sha1", "sha256", "hmac-md5", "hmac-sha1", "hmac-sha256"}
}

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
func New(a auth.Account) (auth.Scheme, []batch.Mistake) {
	s := &scheme{account: a, now: time.Now}
	wrong := auth.Missing(a, a.Scheme.Needs...)
	headers, more := auth.NewHeaders(a, "timestamp", "nonce", "sign")
	for _, h := range headers {
		if slices.Contains(h.Template.Holes(), "sign") {
			s.signs = append(s.signs, h)
		} else {
			s.plain = append(s.plain, h)
		}
	}
	wrong = append(wrong, more...)
	if a.Sign == nil || a.Sign.Digest == "" && a.Sign.Over == "" {
		return s, append(wrong, batch.Mistake{Key: "sign", What: words.Message("sender.sign_missing")})
	}
	return s, append(wrong, s.recipe()...)
}

// recipe compiles the account's recipe and lists what is wrong with it.
func (s *scheme) recipe() (wrong []batch.Mistake) {
	sign := s.account.Sign
	refuse := func(key, word string, args ...any) {
		wrong = append(wrong, batch.Mistake{Key: "sign." + key, What: words.Message("sender."+word, args...)})
	}
	name, keyed := strings.CutPrefix(sign.Digest, "hmac-")
	s.hmac = keyed
	switch name {
	case "md5":
		s.sum = md5.New
	case "sha1":
		s.sum = sha1.New
	case "sha256":
		s.sum = sha256.New
	default:
		refuse("digest", "sign_digest", "value", sign.Digest, "choices", strings.Join(Digests(), ", "))
	}
	if sign.Over == "" {
		refuse("over", "sign_over")
	}
	s.over = auth.NewTemplate(sign.Over)
	key := sign.Key
	if key == "" && keyed {
		key = "{secret}"
	}
	if sign.Key != "" && !keyed {
		refuse("key", "sign_key")
	}
	s.key = auth.NewTemplate(key)
	for where, holes := range map[string][]string{"over": s.over.Holes(), "key": s.key.Holes()} {
		for _, h := range holes {
			if !slices.Contains(own, h) && !s.account.Has(h) {
				refuse(where, "sign_unknown", "name", h, "choices", "{"+strings.Join(own, "} {")+"}")
			}
		}
	}
	s.base64 = sign.Encoding == "base64"
	s.upper = sign.Case == "upper"
	if sign.Encoding != "" && sign.Encoding != "hex" && !s.base64 {
		refuse("encoding", "sign_encoding", "value", sign.Encoding)
	}
	if sign.Case != "" && sign.Case != "lower" && !s.upper || sign.Case != "" && s.base64 {
		refuse("case", "sign_case", "value", sign.Case)
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
