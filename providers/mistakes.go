package providers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/strictyaml"
	"github.com/rowferry/rowferry/words"
)

// Mistake is one thing that is wrong in a document.
type Mistake struct {
	File         string        // "": the document itself; else the file of the description that it extends
	Line, Column int           // from 1; 0 where no line can be named
	Place        string        // paths./bills.post.x-rowferry.rows
	Message      batch.Message // what is wrong and what to write
	Write        batch.Message // what to write, where Message does not say it
}

// unreadable is what is wrong with a document of which nothing can be said beyond.
func unreadable(err error) Mistake {
	e, ok := errors.AsType[*strictyaml.SyntaxError](err)
	if !ok {
		return Mistake{Message: words.Message("document.openapi", "error", oneLine(err))}
	}
	m := Mistake{Line: e.Line, Column: e.Column, Message: words.Message(string(e.Cause), "cause", e.Text, "name", e.Text)}
	if e.Cause != strictyaml.Other { // which compares with a configuration
		m.Write = words.Message(string(e.Cause)+".write", "name", e.Text)
	}
	return m
}

// DocumentError lists every mistake of one document, in the order of its lines.
type DocumentError struct {
	Source   string // the path, or "built in: les.yaml"
	Mistakes []Mistake
}

// Error is Say in English.
func (e *DocumentError) Error() string { return e.Say(batch.English) }

// Say lists the mistakes in language l, one a line: source:line:column: place: what is wrong.
func (e *DocumentError) Say(l batch.Language) string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.say(e.Source, l)
	}
	return strings.Join(lines, "\n")
}

func (m Mistake) say(source string, l batch.Language) string {
	where := cmp.Or(m.File, source)
	if m.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", where, m.Line, m.Column)
	}
	if m.Place != "" {
		where += ": " + m.Place
	}
	where += ": " + words.Say(l, m.Message)
	if m.Write.Key != "" {
		where += "; " + words.Say(l, m.Write)
	}
	return where
}

func (e *DocumentError) sorted() *DocumentError {
	slices.SortStableFunc(e.Mistakes, func(a, b Mistake) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	e.Mistakes = slices.CompactFunc(e.Mistakes, func(a, b Mistake) bool {
		return a.File == b.File && a.Line == b.Line && a.Column == b.Column && words.Say(batch.English, a.Message) == words.Say(batch.English, b.Message)
	})
	return e
}

// told are the warnings, each once, in the order of their lines.
func (r *reader) told() []Mistake {
	return (&DocumentError{Mistakes: r.warnings}).sorted().Mistakes
}
