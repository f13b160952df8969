package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Mistake is one thing in the configuration that must (or, among the warnings, should) be mended.
type Mistake struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`   // from 1; 0 when it speaks of the whole file
	Column int    `json:"column,omitempty"` // from 1, in characters
	Key    string `json:"key,omitempty"`
	What   string `json:"what"`            // what is wrong
	Write  string `json:"write,omitempty"` // what to write instead; "" when What says it all
}

// String is one line: rowferry.yaml:12:5: routes.ship-points.inbox.setle: unknown key; did you mean "settle"?
func (m Mistake) String() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", m.Line, m.Column)
	}
	if m.Key != "" {
		b.WriteString(": " + m.Key)
	}
	b.WriteString(": " + m.What)
	if m.Write != "" {
		b.WriteString("; " + m.Write)
	}
	return b.String()
}

// MistakesError is every mistake of a configuration, in the order of the file and in the configuration's language.
type MistakesError struct {
	Mistakes []Mistake
	Language batch.Language
}

// Error has one line for each mistake.
func (e *MistakesError) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

func inOrder(list []Mistake) {
	slices.SortStableFunc(list, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// source is what is kept of the file to speak about its keys.
type source struct {
	file     string              // as it was given to Load
	at       map[string]position // where each key stands
	meant    map[string]bool     // keys that a misspelt one probably stands for
	compiled map[string]*providers.Provider
	expanded []expansion // longest value first
	found    []finding   // mistakes of the file itself
	noticed  []finding   // and what should be looked at
}

type position struct {
	line, column int
	file         string // an included one; "" for the configuration itself
}

// find is where a key stands ("routes.ship-points.map.type.expr", "routes.a.inbox.match[1]"), from 1;
// for a key that is not there, where the nearest one above it stands; none when there is none.
func (s *source) find(key string) position {
	for key != "" {
		if p, ok := s.at[key]; ok {
			return p
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return position{}
}

// login is what stands before the @ of an address: a user and a password.
var login = patterns.New(`[^\s/"'@]+:[^\s/"'@]*@`)

// hide puts ${NAME} in the place of what the variable holds, and hides a password in an address: a message may be read by more
// people than a secret.
func (s *source) hide(text string) string {
	for _, e := range s.expanded {
		text = strings.ReplaceAll(text, e.value, "${"+e.name+"}")
	}
	return login.ReplaceAllString(text, "***@")
}

// expansion is a variable that the file names, and what it holds.
type expansion struct{ name, value string }

// finding is a mistake before it is put into words: the language is known only when the file has been read.
type finding struct {
	at          position
	key         string
	what, write batch.Message
	outside     bool // the file may be right: a variable or another file is missing on this machine
	withheld    bool // it is a variable or the file of a secret
}

// WithoutSecrets makes variables and secrets' files that are missing on this machine a thing to look at: what they stand for is
// not judged.
func (c *Config) WithoutSecrets() {
	for _, f := range c.found {
		if f.withheld {
			c.noticed = append(c.noticed, f)
		}
	}
	c.found = slices.DeleteFunc(c.found, func(f finding) bool { return f.withheld })
}

// Verdict collects what is wrong with a configuration: what the file itself shows, and what each part says of its settings.
type Verdict struct {
	config            *Config
	mistakes, notices []finding
}

// Verdict begins with what the file itself shows.
func (c *Config) Verdict() *Verdict {
	return &Verdict{c, slices.Clone(c.found), slices.Clone(c.noticed)}
}

// Add adds what a part says of its settings, which stand at key ("accounts.otms"). What the file itself has been blamed for at
// the same key is not said again: it came of it.
func (v *Verdict) Add(key string, found ...batch.Mistake) {
	for _, m := range found {
		f := finding{key: join(key, m.Key), what: m.What, write: m.Write, outside: m.Elsewhere}
		f.at = v.config.find(f.key)
		switch {
		case v.blamed(f.key):
		case m.Warning:
			v.notices = append(v.notices, f)
		default:
			v.mistakes = append(v.mistakes, f)
		}
	}
}

// blamed reports whether the file has a mistake at the key, or a misspelt key that probably stands for it or for one above it.
func (v *Verdict) blamed(key string) bool {
	here := func(f finding) bool { return f.key == key }
	if slices.ContainsFunc(v.config.found, here) || slices.ContainsFunc(v.config.noticed, func(f finding) bool { return f.withheld && here(f) }) {
		return true
	}
	for at := key; at != ""; at = at[:max(0, strings.LastIndexAny(at, ".["))] {
		if v.config.meant[at] {
			return true
		}
	}
	return false
}

// Err is nil when nothing must be mended, else a *MistakesError with everything. What should only be looked at goes into the
// configuration's Warnings.
func (v *Verdict) Err() error {
	c := v.config
	mistakes, forgiven := c.forgive(v.mistakes)
	c.Warnings = c.say(append(slices.Clone(v.notices), forgiven...))
	if len(mistakes) > 0 {
		return &MistakesError{c.say(mistakes), c.Language}
	}
	return nil
}

func (c *Config) say(found []finding) []Mistake {
	var out []Mistake
	for _, f := range found {
		out = append(out, Mistake{File: cmp.Or(f.at.file, c.file), Line: f.at.line, Column: f.at.column, Key: f.key,
			What: words.Say(c.Language, f.what.Map(c.hide)), Write: words.Say(c.Language, f.write.Map(c.hide))})
	}
	inOrder(out)
	return out
}
