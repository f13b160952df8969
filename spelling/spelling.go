// Package spelling guesses which of the known words somebody meant.
package spelling

import (
	"strings"
	"unicode/utf8"
)

// Nearest is the word of known that was probably meant, "" when none is near enough. Letter case, blanks, "-" and "_" do not count.
func Nearest(word string, known []string) string {
	if utf8.RuneCountInString(word) > longest {
		return ""
	}
	best, least := "", 1+max(1, utf8.RuneCountInString(word)/3)
	for _, k := range known {
		if d := distance(plain(word), plain(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// plain removes what people write differently without meaning it.
func plain(s string) []rune {
	return []rune(strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s)))
}

// longest is the longest word that is compared: comparing costs the product of lengths.
const longest = 100

// distance is the number of letters to insert, remove, change or swap to turn a into b.
func distance(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := range a {
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(a)][len(b)]
}
