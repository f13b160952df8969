package templates

import (
	"regexp/syntax"
)

// unbounded is longer than any text in a cell.
const unbounded = 1 << 20

// lengths are the fewest and most characters of a text that a pattern matches as a whole. A pattern that is not
// anchored, or that cannot be read, allows any length.
func lengths(pattern string) (least, most int) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || !anchored(re) {
		return 0, unbounded
	}
	return span(re)
}

// anchored reports whether the pattern speaks of the whole text. An alternative with anchors of its own is not looked into.
func anchored(re *syntax.Regexp) bool {
	n := len(re.Sub)
	return re.Op == syntax.OpConcat && n >= 2 && re.Sub[0].Op == syntax.OpBeginText && re.Sub[n-1].Op == syntax.OpEndText
}

func span(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune), len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, 1
	case syntax.OpCapture:
		return span(re.Sub[0])
	case syntax.OpStar:
		return 0, unbounded
	case syntax.OpPlus:
		least, _ = span(re.Sub[0])
		return least, unbounded
	case syntax.OpQuest:
		_, most = span(re.Sub[0])
		return 0, most
	case syntax.OpRepeat:
		lo, hi := span(re.Sub[0])
		if re.Max < 0 {
			return lo * re.Min, unbounded
		}
		return lo * re.Min, min(hi*re.Max, unbounded)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			lo, hi := span(sub)
			least, most = least+lo, min(most+hi, unbounded)
		}
		return least, most
	case syntax.OpAlternate:
		least = unbounded
		for _, sub := range re.Sub {
			lo, hi := span(sub)
			least, most = min(least, lo), max(most, hi)
		}
		return least, most
	}
	return 0, 0
}
