package senders

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
)

const (
	shortestSecret = 4 // what is shorter is nobody's secret, and stands in every text
	shortestPiece  = 6 // of the middle of a longer encoded text, or of a secret that is cut up
	keptSessions   = 8 // the newest; a provider repeats no others
)

// mask hides secrets in what a provider says, in whatever form it may repeat them: as they are, escaped for JSON, XML, HTML or a
// URL however often, in hexadecimal, in base64 alone or inside a longer text; what an account logs in with also cut up, its halves and
// thirds in fields of their own. It is safe for concurrent use.
type mask struct {
	mu       sync.RWMutex
	given    []disguise // of what the account gives
	sessions []disguise // of what logins gave, the newest last
}

// disguise is all that one secret may look like.
type disguise struct {
	secret  string
	escaped *regexp.Regexp // nil where nothing in it is ever escaped
	hint    string         // stands in every escaped form
	coded   []string
	pieces  []disguise // what stands in fields of their own where it is cut up
}

// Hide puts *** in the place of values that are not to be shown, in whatever form a provider may repeat them.
func Hide(text string, values ...string) string { return Hider(values...)(text) }

// Hider is Hide for many texts.
func Hider(values ...string) func(text string) string {
	m := &mask{}
	for _, s := range slices.Compact(slices.Sorted(slices.Values(values))) { // of a large request there are many
		if len(s) >= shortestSecret {
			m.given = append(m.given, disguiseOf(s))
		}
	}
	return m.hide
}

// add hides more secrets from now on.
func (m *mask) add(secrets ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range secrets {
		if len(s) >= shortestSecret && !knows(m.given, s) {
			m.given = append(m.given, cutUp(s))
		}
	}
}

// session hides what a login gave, too.
func (m *mask) session(s string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(s) < shortestSecret || knows(m.sessions, s) {
		return
	}
	m.sessions = append(m.sessions, cutUp(s))
	m.sessions = m.sessions[max(0, len(m.sessions)-keptSessions):]
}

func knows(all []disguise, secret string) bool {
	return slices.ContainsFunc(all, func(d disguise) bool { return d.secret == secret })
}

// hide puts *** in the place of every secret. Where secrets overlap or one stands inside another, all of them goes.
func (m *mask) hide(text string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var hidden []bool // by byte
	found := func(from, to int) {
		if hidden == nil {
			hidden = make([]bool, len(text))
		}
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	for _, all := range [][]disguise{m.given, m.sessions} {
		for _, d := range all {
			d.find(text, found)
		}
	}
	if hidden == nil {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			out.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			out.WriteString("***")
		}
	}
	return out.String()
}

// find tells where the secret stands in a text, from which byte to which.
func (d *disguise) find(text string, found func(from, to int)) {
	if d.escaped != nil && strings.Contains(text, d.hint) {
		for _, at := range d.escaped.FindAllStringIndex(text, -1) {
			found(at[0], at[1])
		}
	}
	for _, form := range d.coded {
		for from := 0; ; {
			at := strings.Index(text[from:], form)
			if at < 0 {
				break
			}
			found(from+at, from+at+len(form))
			from += at + 1
		}
	}
	for i := range d.pieces {
		d.pieces[i].find(text, found)
	}
}

// cutUp is disguiseOf with the secret's halves and thirds, where they are long enough to be nobody else's words.
func cutUp(secret string) disguise {
	d := disguiseOf(secret)
	letters := []rune(secret)
	for parts := 2; parts <= 3 && len(letters) >= parts*shortestPiece; parts++ {
		for i := range parts {
			d.pieces = append(d.pieces, written(string(letters[i*len(letters)/parts:(i+1)*len(letters)/parts])))
		}
	}
	return d
}

// written finds what a text may look like as it is and escaped.
func written(text string) disguise {
	d := disguise{secret: text, coded: []string{text}}
	if pattern, hint := escaped(text); pattern != text {
		d.escaped, d.hint = regexp.MustCompile(pattern), hint
	}
	return d
}

// disguiseOf finds what a secret may look like.
func disguiseOf(secret string) disguise {
	d := written(secret)
	add := func(form string) {
		if len(form) >= shortestPiece && !slices.Contains(d.coded, form) {
			d.coded = append(d.coded, form)
		}
	}
	marshalled, _ := json.Marshal(secret) // with < > & as \u003c
	var loose strings.Builder
	e := json.NewEncoder(&loose)
	e.SetEscapeHTML(false)
	_ = e.Encode(secret) // a string always can be
	for _, form := range []string{secret, strings.Trim(string(marshalled), `"`), strings.Trim(strings.TrimSpace(loose.String()), `"`)} {
		add(hex.EncodeToString([]byte(form)))
		add(strings.ToUpper(hex.EncodeToString([]byte(form))))
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			add(e.EncodeToString([]byte(form)))
			for before := range 3 {
				add(inside(e, form, before))
			}
		}
	}
	return d
}

// backslash is one as JSON, a URL or markup has it.
const backslash = `(?:\\|%(?:25)*(?i:5c)|` + ampersand + hash + `(?:0*92|(?i:x0*5c))` + semicolon + `)`

// What markup writes characters with may itself be escaped, for a URL or JSON.
const (
	ampersand = `(?:&|%(?:25)*26|(?:\\|%(?:25)*(?i:5c))+u0026)(?:amp` + semicolon + `)*`
	hash      = `(?:#|%(?:25)*23)`
	semicolon = `(?:;|%(?:25)*(?i:3b))`
)

// entities are the names that markup has for characters.
var entities = map[rune]string{'<': "lt|", '>': "gt|", '"': "quot|", '\'': "apos|"}

// escaped is a pattern of a secret escaped for JSON, a URL, XML or HTML, once or more, and the longest part of it that nobody
// escapes.
func escaped(secret string) (pattern, hint string) {
	var out strings.Builder
	run := ""
	for _, c := range secret {
		if c < 0x80 && (c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_') {
			out.WriteRune(c)
			if run += string(c); len(run) > len(hint) {
				hint = run
			}
			continue
		}
		run = ""
		var percent, units string
		for _, b := range []byte(string(c)) {
			percent += fmt.Sprintf("%%(?:25)*(?i:%02x)", b)
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			units += backslash + fmt.Sprintf(`+u(?i:%04x)`, unit)
		}
		fmt.Fprintf(&out, `(?:%s|%s*(?:%s|%s|%s(?:%s%s0*%d|%s(?i:x0*%x))%s`, units, backslash, regexp.QuoteMeta(string(c)), percent, ampersand, entities[c], hash, c, hash, c, semicolon)
		switch c {
		case ' ':
			out.WriteString(`|\+|%(?:25)*(?i:2b)`)
		case '&':
			out.WriteString("|" + ampersand)
		}
		out.WriteString("))")
	}
	return out.String(), hint
}

// inside is what base64 makes of a secret in the middle of a longer text, so many bytes behind the beginning of a group: the
// characters that depend on nothing else.
func inside(e *base64.Encoding, secret string, before int) string {
	bytes := before + len(secret)
	coded := e.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("x", before) + secret))
	return coded[(before*8+5)/6 : bytes*8/6]
}
