package redrop

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// sameLetters compares a text with what is left of it in an encoding that has not all of its letters, as in Excel's plain "CSV": question marks
// stand for them, or the letters that look like them.
func sameLetters(own, text string) (bool, order) {
	rest, as := text, undecided
	for _, r := range own {
		left, whole := strings.CutPrefix(rest, string(r))
		switch {
		case whole:
			rest = left
		case r < utf8.RuneSelf || rest == "":
			return false, undecided
		case rest[0] == '?':
			if as, rest = marred, rest[1:]; r > 0xffff { // two, of UTF-16
				rest = strings.TrimPrefix(rest, "?")
			}
		case rest[0] != lookalike(r):
			return false, undecided
		default:
			rest = rest[1:]
		}
	}
	return rest == "", as
}

// lookalike is the letter that stands for one that an encoding has not, 0 for none.
func lookalike(r rune) byte {
	if plain := strings.IndexRune(crossed, r); plain >= 0 {
		return uncrossed[utf8.RuneCountInString(crossed[:plain])]
	}
	if plain := norm.NFD.String(string(r))[0]; plain < utf8.RuneSelf {
		return plain
	}
	return 0
}

// Letters whose stroke is a part of them.
const crossed, uncrossed = "ŁłĐđĦħŦŧı", "LlDdHhTti"
