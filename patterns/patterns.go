// Package patterns holds regular expressions that are compiled when they are first used, and not at every start of the program.
package patterns

import (
	"regexp"
	"sync"
)

// A Pattern is a regular expression with those of regexp.Regexp's methods that somebody needs.
type Pattern struct {
	expression string
	once       sync.Once
	made       *regexp.Regexp
}

// New is the pattern of an expression that stands in the program's text. One that cannot be compiled panics when it is first used: a
// test of the house compiles all.
func New(expression string) *Pattern { return &Pattern{expression: expression} }

func (p *Pattern) compiled() *regexp.Regexp {
	p.once.Do(func() { p.made = regexp.MustCompile(p.expression) })
	return p.made
}

func (p *Pattern) Match(b []byte) bool { return p.compiled().Match(b) }

func (p *Pattern) MatchString(s string) bool { return p.compiled().MatchString(s) }

func (p *Pattern) Find(b []byte) []byte { return p.compiled().Find(b) }

func (p *Pattern) FindString(s string) string { return p.compiled().FindString(s) }

func (p *Pattern) FindSubmatch(b []byte) [][]byte { return p.compiled().FindSubmatch(b) }

func (p *Pattern) FindStringSubmatch(s string) []string { return p.compiled().FindStringSubmatch(s) }

func (p *Pattern) FindAll(b []byte, n int) [][]byte { return p.compiled().FindAll(b, n) }

func (p *Pattern) FindAllString(s string, n int) []string { return p.compiled().FindAllString(s, n) }

func (p *Pattern) FindAllStringIndex(s string, n int) [][]int {
	return p.compiled().FindAllStringIndex(s, n)
}

func (p *Pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.compiled().FindAllStringSubmatch(s, n)
}

func (p *Pattern) ReplaceAll(src, by []byte) []byte { return p.compiled().ReplaceAll(src, by) }

func (p *Pattern) ReplaceAllString(s, by string) string { return p.compiled().ReplaceAllString(s, by) }

func (p *Pattern) ReplaceAllStringFunc(s string, by func(string) string) string {
	return p.compiled().ReplaceAllStringFunc(s, by)
}

func (p *Pattern) Split(s string, n int) []string { return p.compiled().Split(s, n) }
