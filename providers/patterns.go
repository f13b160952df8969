package providers

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// set is a set of code points: a table for the first 256, ranges beyond.
type set struct {
	low    [256]bool
	ranges []rune // pairs, beyond the table
}

func newSet(pairs []rune) *set {
	s := &set{}
	for i := 0; i+1 < len(pairs); i += 2 {
		for c := pairs[i]; c <= min(pairs[i+1], 255); c++ {
			s.low[c] = true
		}
		if pairs[i+1] > 255 {
			s.ranges = append(s.ranges, max(pairs[i], 256), pairs[i+1])
		}
	}
	return s
}

func (s *set) has(c rune) bool {
	if c < 256 {
		return s.low[c]
	}
	for i := 0; i < len(s.ranges); i += 2 {
		if c >= s.ranges[i] && c <= s.ranges[i+1] {
			return true
		}
	}
	return false
}

// part is one run of a pattern: between least and most code points of a set (most < 0: no bound).
type part struct {
	of          *set
	pairs       []rune
	least, most int
}

// run is a sequence of parts that greedy reading decides without going back.
type run []part

func (ps run) match(text string) bool {
	at := 0
	for _, p := range ps {
		n := 0
		for at < len(text) && n != p.most && text[at] < utf8.RuneSelf && p.of.low[text[at]] {
			at++
			n++
		}
		for at < len(text) && n != p.most {
			c, size := rune(text[at]), 1
			if c >= utf8.RuneSelf {
				c, size = utf8.DecodeRuneInString(text[at:])
			}
			if !p.of.has(c) {
				break
			}
			at += size
			n++
		}
		if n < p.least {
			return false
		}
	}
	return at == len(text)
}

// pattern is a compiled `pattern` keyword.
type pattern struct {
	text string
	runs []run          // any of them matches; nil: re decides
	re   *regexp.Regexp // always there, for patterns that are no runs
}

// compilePattern reads an ECMA-262 pattern as far as RE2 goes.
func compilePattern(text string) (*pattern, error) {
	translated, err := fromECMA(text)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(translated)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return &pattern{text: text, runs: runsOf(tree), re: re}, nil
}

func (p *pattern) match(text string) bool {
	if p.runs == nil {
		return p.re.MatchString(text)
	}
	for _, r := range p.runs {
		if r.match(text) {
			return true
		}
	}
	return false
}

// stranger returns the first code point of text that no part of the pattern may hold, and its place from 1.
func (p *pattern) stranger(text string) (c rune, place int, found bool) {
	if p.runs == nil {
		return 0, 0, false
	}
	for _, c := range text {
		place++
		known := slices.ContainsFunc(p.runs, func(r run) bool {
			return slices.ContainsFunc(r, func(one part) bool { return one.of.has(c) })
		})
		if !known {
			return c, place, true
		}
	}
	return 0, 0, false
}

// allows reports whether any part of the pattern may hold c.
func (p *pattern) allows(c rune) bool {
	_, _, strange := p.stranger(string(c))
	return p.runs != nil && !strange
}

// fromECMA translates what ECMA-262 writes otherwise than RE2: \uXXXX, \u{X}, \cX, [^].
func fromECMA(text string) (string, error) {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 >= len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		if text[i] != 'u' {
			out = append(out, '\\', text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '{' {
			out = append(out, `\x`...)
			continue
		}
		if i+4 >= len(text) {
			return "", fmt.Errorf(`\u needs four digits`)
		}
		if _, err := strconv.ParseUint(text[i+1:i+5], 16, 32); err != nil {
			return "", fmt.Errorf(`\u needs four digits`)
		}
		out = append(out, `\x{`...)
		out = append(out, text[i+1:i+5]...)
		out = append(out, '}')
		i += 4
	}
	return string(out), nil
}

// runsOf takes an anchored pattern apart; nil when it is not anchored or greedy reading would not decide it.
func runsOf(tree *syntax.Regexp) []run {
	tree = bare(tree)
	if tree.Op == syntax.OpAlternate { // ^A$|^B$
		var out []run
		for _, sub := range tree.Sub {
			more := anchored(bare(sub))
			if more == nil {
				return nil
			}
			out = append(out, more...)
		}
		return out
	}
	return anchored(tree)
}

func anchored(tree *syntax.Regexp) []run {
	if tree.Op != syntax.OpConcat || len(tree.Sub) < 2 {
		return nil
	}
	first, last := tree.Sub[0], tree.Sub[len(tree.Sub)-1]
	if first.Op != syntax.OpBeginText || last.Op != syntax.OpEndText {
		return nil
	}
	middle := tree.Sub[1 : len(tree.Sub)-1]
	if len(middle) == 1 {
		if only := bare(middle[0]); only.Op == syntax.OpAlternate {
			var out []run
			for _, sub := range only.Sub {
				r, ok := sequence(bare(sub))
				if !ok {
					return nil
				}
				out = append(out, r)
			}
			return out
		}
	}
	var all run
	for _, sub := range middle {
		r, ok := sequence(bare(sub))
		if !ok {
			return nil
		}
		all = append(all, r...)
	}
	if !decided(all) {
		return nil
	}
	return []run{all}
}

// bare takes groups off.
func bare(t *syntax.Regexp) *syntax.Regexp {
	for t.Op == syntax.OpCapture {
		t = t.Sub[0]
	}
	return t
}

func sequence(t *syntax.Regexp) (run, bool) {
	switch t.Op {
	case syntax.OpEmptyMatch:
		return run{}, true
	case syntax.OpConcat:
		var all run
		for _, sub := range t.Sub {
			r, ok := sequence(bare(sub))
			if !ok {
				return nil, false
			}
			all = append(all, r...)
		}
		return all, decided(all)
	case syntax.OpLiteral:
		if t.Flags&syntax.FoldCase != 0 {
			return nil, false
		}
		var all run
		for _, c := range t.Rune {
			pairs := []rune{c, c}
			all = append(all, part{newSet(pairs), pairs, 1, 1})
		}
		return all, true
	case syntax.OpCharClass, syntax.OpAnyCharNotNL, syntax.OpAnyChar:
		pairs := class(t)
		return run{{newSet(pairs), pairs, 1, 1}}, true
	}
	return repeated(t)
}

func class(t *syntax.Regexp) []rune {
	switch t.Op {
	case syntax.OpAnyChar:
		return []rune{0, utf8.MaxRune}
	case syntax.OpAnyCharNotNL:
		return []rune{0, '\n' - 1, '\n' + 1, utf8.MaxRune}
	}
	return t.Rune
}

// bounds are how often what is repeated must stand there, and may at most; -1 is any number. False where nothing is.
func bounds(t *syntax.Regexp) (least, most int, repeats bool) {
	switch t.Op {
	case syntax.OpStar:
		return 0, -1, true
	case syntax.OpPlus:
		return 1, -1, true
	case syntax.OpQuest:
		return 0, 1, true
	case syntax.OpRepeat:
		return t.Min, t.Max, true
	}
	return 0, 0, false
}

func repeated(t *syntax.Regexp) (run, bool) {
	least, most, repeats := bounds(t)
	if !repeats || t.Flags&syntax.NonGreedy != 0 {
		return nil, false
	}
	r, ok := sequence(bare(t.Sub[0]))
	if !ok || len(r) != 1 || r[0].least != 1 || r[0].most != 1 {
		return nil, false
	}
	r[0].least, r[0].most = least, most
	return r, true
}

// decided reports whether no part that may vary shares a code point with what may follow it.
func decided(r run) bool {
	for i, p := range r {
		if p.least == p.most {
			continue
		}
		for _, next := range r[i+1:] {
			if overlap(p.pairs, next.pairs) {
				return false
			}
			if next.least > 0 {
				break
			}
		}
	}
	return true
}

func overlap(a, b []rune) bool {
	for i := 0; i+1 < len(a); i += 2 {
		for j := 0; j+1 < len(b); j += 2 {
			if a[i] <= b[j+1] && b[j] <= a[i+1] {
				return true
			}
		}
	}
	return false
}

// withoutLooks is a pattern without its look-aheads: it takes all that the whole one takes, and more.
func withoutLooks(text string) string {
	for {
		start := max(strings.Index(text, "(?!"), strings.Index(text, "(?="))
		if start < 0 {
			return text
		}
		depth, end := 0, -1
		class := false
		for i := start; i < len(text) && end < 0; i++ {
			switch c := text[i]; {
			case c == '\\':
				i++
			case class:
				class = c != ']'
			case c == '[':
				class = true
			case c == '(':
				depth++
			case c == ')':
				if depth--; depth == 0 {
					end = i + 1
				}
			}
		}
		if end < 0 {
			return text
		}
		text = text[:start] + text[end:]
	}
}

// samples are short texts that the pattern takes, most likely; none where there is no pattern.
func (p *pattern) samples() (out []string) {
	if p == nil {
		return nil
	}
	translated, err := fromECMA(p.text)
	if err != nil {
		return nil
	}
	tree, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		return nil
	}
	for _, more := range []int{0, 1, 2, 3, 5, 8, 12, 20, 40} {
		if text := string(sampled(nil, tree, more)); len(text) <= 500 && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// sampled appends the least that a pattern takes, and where something may be repeated so many more of it.
func sampled(to []rune, t *syntax.Regexp, more int) []rune {
	if len(to) > 1000 {
		return to
	}
	switch t.Op {
	case syntax.OpLiteral:
		return append(to, t.Rune...)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return append(to, usualOf(newSet(class(t)), t))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range t.Sub {
			to = sampled(to, sub, more)
		}
		return to
	case syntax.OpAlternate:
		return sampled(to, t.Sub[min(more, len(t.Sub)-1)], more)
	}
	least, most, repeats := bounds(t)
	if !repeats { // anchors and the like
		return to
	}
	n := least + more
	if most >= 0 {
		n = min(n, most)
	}
	for range n {
		to = sampled(to, t.Sub[0], more)
	}
	return to
}

// usualOf is a letter of a set that people would write.
func usualOf(s *set, t *syntax.Regexp) rune {
	for _, c := range "A1a0BxZ-_ ." {
		if s.has(c) {
			return c
		}
	}
	if len(t.Rune) > 0 {
		return t.Rune[0]
	}
	return 'A'
}
