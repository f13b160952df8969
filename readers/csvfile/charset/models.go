package charset

import (
	"embed"
	"math"
	"strings"
	"unicode"
)

//go:embed models/*.txt
var models embed.FS

func text(name string) string {
	b, err := models.ReadFile("models/" + name)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var (
	russian = newAlphabet(text("ru.txt"), unicode.Cyrillic)
	greek   = newAlphabet(text("el.txt"), unicode.Greek)
	hebrew  = newAlphabet(text("he.txt"), unicode.Hebrew)
	arabic  = newAlphabet(text("ar.txt"), unicode.Arabic)
	thai    = newAlphabet(text("th.txt"), unicode.Thai)

	simplified  = newCharacters(text("zh.txt"), level1)
	traditional = newCharacters(text("zht.txt"), nil)
	japanese    = newCharacters(text("ja.txt"), kana)
	korean      = newCharacters(text("ko.txt"), hangul)

	western = newAccents(map[float64]string{
		3.5: "é", 4: "äü", 4.5: "öáíó", 5: "èàñã", 5.5: "çßåøú", 6: "êôâÉ", 6.5: "õæÄÖÜ", 7: "ùûëïîòÅØ", 7.5: "ìÀÇÁÓÑœÍÚ",
		8: "ÈÊÂÃÕÆÔÎ", 9: "ýŒËÏÙÛÒÌ", 11: "þðÞÐÝŠšŽžŸÿ",
	})
	central = newAccents(map[float64]string{
		4.5: "ł", 5: "óíáąęż", 5.5: "śčěřšžé", 6: "ůýöüäőćń", 6.5: "űúźţşăĂđ", 7: "ňťďâîôŁŚŻČŠŽŘßÁÉÓÖÜ", 8: "ĆŃŹÝÚĽľĺŕÍŐŰĎŇŤŢŞŮĄĘĚÄÂÎ",
		10: "ëçÇÔË",
	})
	turkish = newAccents(map[float64]string{
		4.5: "ıü", 5: "şöç", 5.5: "ğ", 6: "İÖÜ", 6.5: "ŞÇ", 8: "Ğâ", 9: "îûé", 11: "áíóúäßñèàêô",
	})
	baltic = newAccents(map[float64]string{
		5: "šėąčžāīē", 5.5: "ųįęūņļķ", 6.5: "ģõäöü", 7: "ŠŽČĀĒĪ", 8: "ĖŲĮŪĄĘŅĻĶĢłóńśżźćÕÄÖÜ", 11: "éåøæ",
	})
)

// signs are characters other than letters that people write in any of these languages.
func sign(r rune) float64 {
	switch {
	case strings.ContainsRune("№«»–—’“”„…\u00a0°€", r):
		return 7
	case strings.ContainsRune("•·‘‚£§®©™×²³½º±´", r):
		return 8.5
	case strings.ContainsRune("¿¡ªµ¼¾¹¢¥÷¶", r):
		return 10
	case r >= 0x2500 && r < 0x25a0:
		return 15
	}
	return 14
}

func latin(r rune) bool { return r < 0x80 && unicode.IsLetter(r) }

// alphabet is a script of small letters: what a letter costs after the one before it.
type alphabet struct {
	script *unicode.RangeTable
	bits   map[[2]rune]float64
	rare   map[rune]float64 // after a letter it never follows in the model's text
}

func newAlphabet(text string, script *unicode.RangeTable) *alphabet {
	a := &alphabet{script: script, bits: map[[2]rune]float64{}, rare: map[rune]float64{}}
	pairs, firsts, singles := map[[2]rune]float64{}, map[rune]float64{}, map[rune]float64{}
	total := 0.0
	prev := ' '
	for _, r := range strings.ToLower(text) {
		if !unicode.Is(script, r) {
			prev = ' '
			continue
		}
		pairs[[2]rune{prev, r}]++
		firsts[prev]++
		singles[r]++
		total++
		prev = r
	}
	for p, n := range pairs {
		// what is left for pairs not seen is shared by how frequent their letter is
		a.bits[p] = -math.Log2(0.85*n/firsts[p[0]] + 0.15*singles[p[1]]/total)
	}
	for r, n := range singles {
		a.rare[r] = -math.Log2(0.15 * n / total)
	}
	return a
}

func (a *alphabet) usual() float64 { return 6.1 }

func (a *alphabet) cost(prev, r, next rune) float64 {
	if !unicode.Is(a.script, r) {
		if unicode.IsLetter(r) {
			return 14
		}
		return sign(r)
	}
	bits := 0.0
	low, before := unicode.ToLower(r), ' '
	switch {
	case unicode.Is(a.script, prev):
		before = unicode.ToLower(prev)
		if low != r && unicode.IsLower(prev) {
			bits += 7 // a capital within a word
		}
		if low != r {
			bits++
		}
	case latin(prev):
		bits += 7
	}
	if latin(next) {
		bits += 7
	}
	if before == ' ' && !unicode.Is(a.script, next) {
		bits += 4 // one letter alone
	}
	if b, seen := a.bits[[2]rune{before, low}]; seen {
		return bits + b
	}
	if b, seen := a.rare[low]; seen {
		return bits + b
	}
	return bits + 12
}

// characters is a script of many letters, known by how frequent they are.
type characters struct {
	rank  map[rune]int
	other func(rune) (float64, bool)
}

func newCharacters(text string, other func(rune) (float64, bool)) *characters {
	c := &characters{rank: map[rune]int{}, other: other}
	for _, r := range text {
		if _, seen := c.rank[r]; !seen && unicode.IsLetter(r) {
			c.rank[r] = len(c.rank)
		}
	}
	return c
}

func (c *characters) usual() float64 { return 13 }

func (c *characters) cost(prev, r, next rune) float64 {
	bits := 0.0
	if unicode.IsLetter(r) && (latin(prev) || latin(next)) {
		bits = 1.5
	}
	if n, known := c.rank[r]; known {
		return bits + 2.6 + math.Log2(float64(n+24))
	}
	if c.other != nil {
		if b, ok := c.other(r); ok {
			return bits + b
		}
	}
	switch {
	case strings.ContainsRune("，。、：；（）！？“”《》【】—·「」～『』〔〕…￥", r):
		return 8
	case r >= 0xff01 && r <= 0xff5e || r == 0x3000:
		return 10
	case r >= 0xff61 && r <= 0xff9f:
		return 14 // half-width kana: one byte, and any byte may be one
	case unicode.Is(unicode.Han, r):
		if r >= 0x4e00 && r <= 0x9fa5 {
			return bits + 16
		}
		return bits + 26
	case strings.ContainsRune("№°℃×→①②③④⑤⑥⑦⑧⑨⑩★●◆■△▲○◎※㎡㎏", r):
		return 12
	case unicode.IsLetter(r):
		return bits + 18
	}
	return 17
}

// level1 tells the 3755 usual characters of GB 2312, in the order of their sound, from the rest.
func level1(r rune) (float64, bool) {
	if !unicode.Is(unicode.Han, r) {
		return 0, false
	}
	switch level := levels[r]; level {
	case 1:
		return 14, true
	case 2:
		return 18, true
	}
	return 23, true
}

func kana(r rune) (float64, bool) {
	switch {
	case r >= 0x3041 && r <= 0x3096, r >= 0x30a1 && r <= 0x30fc:
		return 7, true
	case r == '。' || r == '、':
		return 7, true
	}
	return 0, false
}

func hangul(r rune) (float64, bool) {
	switch {
	case r >= 0xac00 && r <= 0xd7a3:
		return 12.5, true
	case unicode.Is(unicode.Han, r):
		return 19, true
	}
	return 0, false
}

// accents is the Latin alphabet with its marked letters.
type accents struct{ bits map[rune]float64 }

func newAccents(letters map[float64]string) *accents {
	a := &accents{bits: map[rune]float64{}}
	for bits, of := range letters {
		for _, r := range of {
			a.bits[r] = bits
		}
	}
	return a
}

func (a *accents) usual() float64 { return 9.6 }

func (a *accents) cost(prev, r, next rune) float64 {
	bits, known := a.bits[r]
	if !known {
		if unicode.IsLetter(r) && r != 'º' && r != 'ª' && r != 'µ' {
			return 14
		}
		return sign(r)
	}
	marked := func(r rune) bool { _, m := a.bits[r]; return m }
	switch {
	case marked(prev) && marked(next):
		bits += 6 // three in a row
	case marked(prev):
		bits += 2
	case !latin(prev) && !latin(next) && !marked(next):
		bits += 2 // a word by itself
	}
	if unicode.IsUpper(r) && prev != 0 && unicode.IsLower(prev) {
		bits += 7
	}
	if (r == 'ń' || r == 'Ń') && strings.ContainsRune("aeiouAEIOU", next) {
		bits += 5 // never in Polish: the ñ of Spanish
	}
	if unicode.IsLower(r) && unicode.IsUpper(prev) && unicode.IsUpper(next) {
		bits += 5
	}
	return bits
}
