package repeats

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/ledger"
)

// zeros knows in which fields a program took zeros, or a plus, off a file's numbers: rows that were sent with them show it. Rows that were never
// sent lost theirs too, and nothing else tells.
type zeros struct {
	lost  map[string]int  // by field: how long a number was with them
	plain map[sort]bool   // of which a number was sent as it stands here
	row   int             // the first that showed it
	as    *ledger.Earlier // which it was
}

// sort is numbers of a field with so many digits.
type sort struct {
	field  string
	digits int
}

// learn looks at items that were sent before as they are, and at those that were but for zeros.
func (z *zeros) learn(items []ledger.Staged, at []int, same, but []*ledger.Earlier) {
	for k, e := range but {
		if e == nil {
			continue
		}
		s := &items[at[k]]
		was := map[string][]string{}
		texts(e.Body, func(field, text string) { was[field] = append(was[field], text) })
		texts(s.Body, func(field, text string) { z.compare(field, text, was[field]) })
		if z.as == nil && len(z.lost) > 0 {
			z.row, z.as = s.Rows[0], e
		}
	}
	if len(z.lost) == 0 {
		return
	}
	for k, e := range same {
		if e == nil {
			continue
		}
		texts(items[at[k]].Body, func(field, text string) {
			if z.may(field, text) {
				z.plain[sort{field, len(text)}] = true
			}
		})
	}
}

// compare looks whether a number was a longer one there.
func (z *zeros) compare(field, text string, was []string) {
	for _, long := range was {
		if len(long) <= len(text) || !number(text) || strings.TrimLeft(long, "+0") != text {
			continue
		}
		if z.lost == nil {
			z.lost, z.plain = map[string]int{}, map[sort]bool{}
		}
		z.lost[field] = max(z.lost[field], len(long))
		if long[0] == '+' { // with which a number of any length begins
			z.lost[field] = math.MaxInt
		}
	}
}

// may reports whether a number may have been a longer one.
func (z *zeros) may(field, text string) bool {
	return len(text) < z.lost[field] && !z.plain[sort{field, len(text)}] && number(text)
}

// lostBy is the first number of a request that may have been a longer one, "" for none.
func (z *zeros) lostBy(body []byte) (number string) {
	if len(z.lost) == 0 {
		return ""
	}
	texts(body, func(field, text string) {
		if number == "" && z.may(field, text) {
			number = text
		}
	})
	return number
}

// number reports whether a text is digits that begin with no zero.
func number(text string) bool {
	return text != "" && text[0] != '0' && strings.Trim(text, "0123456789") == ""
}

// texts gives the texts of a request with their fields.
func texts(body []byte, each func(field, text string)) {
	var content any
	if json.Unmarshal(body, &content) == nil {
		textsIn("", content, each)
	}
}

func textsIn(field string, content any, each func(field, text string)) {
	switch c := content.(type) {
	case string:
		each(field, c)
	case []any:
		for _, e := range c {
			textsIn(field, e, each)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(c)) {
			textsIn(field+"."+name, c[name], each)
		}
	}
}
