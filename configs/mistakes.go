package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Mistake is one thing in the configuration that must (or, among the warnings, should) be mended.
type Mistake struct {
	File   string
	Line   int // from 1; 0 when it speaks of the whole file
	Column int // from 1, in characters
	Key    string
	What   string // what is wrong
	Write  string // what to write instead; "" when What says it all
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

// MistakesError is every mistake of a configuration, in the order of the file.
type MistakesError struct{ Mistakes []Mistake }

// Error has one line for each mistake.
func (e *MistakesError) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// Sort puts mistakes into the order of the file.
func Sort(list []Mistake) {
	slices.SortStableFunc(list, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// source is what is kept of the file to speak about its keys.
type source struct {
	file     string // as it was given to Load
	at       map[string]position
	compiled map[string]*providers.Provider
}

type position struct{ line, column int }

// Position is where a key stands ("routes.ship-points.map.type.expr", "routes.a.inbox.match[1]"), from 1;
// for a key that is not there, where the nearest one above it stands; 0, 0 when there is none.
func (c *Config) Position(key string) (line, column int) {
	p := c.source.find(key)
	return p.line, p.column
}

// Mistake builds a mistake at a key, for checks that are made elsewhere.
func (c *Config) Mistake(key, what, write string) Mistake {
	line, column := c.Position(key)
	return Mistake{File: c.file, Line: line, Column: column, Key: key, What: what, Write: write}
}

func (s *source) find(key string) position {
	for key != "" {
		if p, ok := s.at[key]; ok {
			return p
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return position{}
}

// finding is a mistake before it is put into words: the language is known only when the file has been read.
type finding struct {
	at          position
	key         string
	what, write batch.Message
	outside     bool // the file may be right: a variable or another file is missing on this machine
}

func (f finding) say(file string, l batch.Language) Mistake {
	m := Mistake{File: file, Line: f.at.line, Column: f.at.column, Key: f.key, What: words.Say(l, f.what)}
	if f.write.Key != "" {
		m.Write = words.Say(l, f.write)
	}
	return m
}
