package charset

import (
	"embed"
	"math"
	"strings"
	"sync"
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

// candidates are all encodings, with the models of the languages that are written in them. They are made when a file first needs them: that takes
// milliseconds, and most files are UTF-8.
var candidates = sync.OnceValue(func() []candidate {
	var (
		russian   = newAlphabet(text("ru.txt"), unicode.Cyrillic)
		ukrainian = newAlphabet(text("uk.txt"), unicode.Cyrillic)
		kazakh    = newAlphabet(text("kk.txt")+text("ru.txt"), unicode.Cyrillic)
		greek     = newAlphabet(text("el.txt"), unicode.Greek)
		hebrew    = newAlphabet(text("he.txt"), unicode.Hebrew)
		arabic    = newAlphabet(text("ar.txt"), unicode.Arabic)
		thai      = newAlphabet(text("th.txt"), unicode.Thai)

		simplified  = newCharacters(text("zh.txt"), level1)
		traditional = newCharacters(text("zht.txt")+cantonese, nil)
		japanese    = newCharacters(text("ja.txt"), kana)
		korean      = newCharacters(text("ko.txt"), hangul)

		// Each language by itself, because the letters of two encodings are often the same bytes and only the company they
		// keep tells them apart: ő of Hungarian is õ in windows-1252, but no language has it beside á, é, ö and ü.
		german     = newAccents(map[float64]string{4: "üä", 5: "öß", 7: "ÄÖÜ", 9: "éèáàóçñøåôêëćšž"})
		french     = newAccents(map[float64]string{3.5: "é", 5: "èàêçô", 6: "ùûâîïëœ", 6.5: "ÉÈÀÇ", 8: "ÊÔÎÂŒæÿüÙÛËÏ", 10: "öäñáíóßø"})
		spanish    = newAccents(map[float64]string{4: "óíáéñ", 5.5: "ú", 6.5: "ÁÉÍÓÚÑ", 7: "ü", 8.5: "Üçà", 10: "öäèê"})
		portuguese = newAccents(map[float64]string{4: "ãç", 5: "áéíóêõ", 6: "âôúà", 7: "ÃÇÁÉÍÓÊÕÂÔÚÀ", 8: "üñ"})
		italian    = newAccents(map[float64]string{4: "àèòùìé", 7: "ÀÈÉÒÙÌ", 9: "öüäçß"})
		swedish    = newAccents(map[float64]string{3.5: "äåö", 6: "é", 6.5: "ÅÄÖ", 8.5: "üøæ"})
		danish     = newAccents(map[float64]string{3.5: "øåæ", 6: "é", 6.5: "ØÅÆ", 8.5: "äöüòó"})
		icelandic  = newAccents(map[float64]string{4.5: "íáóðéúþæöý", 6.5: "ÍÁÓÐÉÚÞÆÖÝ"})
		dutch      = newAccents(map[float64]string{4: "ëé", 5: "ïöüè", 7: "áóêçôâàäíñ", 8: "ËÉÏÖÜ"})
		estonian   = newAccents(map[float64]string{4: "äõüö", 6: "šž", 7: "ÄÕÜÖ", 8: "ŠŽ", 9: "éåøæ"})
		western    = mixed(4.5, 0.45, "é", "äü", "öáíó", "èàñã", "çßåøú", "êôâÉ", "õæÄÖÜ", "ùûëïîòÅØ", "ìÀÇÁÓÑœÍÚ", "ÈÊÂÃÕÆÔÎ", "ýŒËÏÙÛÒÌ", "þðÞÐÝŠšŽžŸÿ")

		polish    = newAccents(map[float64]string{4: "łęąó", 5: "śżć", 6: "ńź", 6.5: "ŁŚŻ", 7.5: "ĆÓŹ", 9: "ĄĘŃüöäéáßšč"})
		czech     = newAccents(map[float64]string{4: "áíéěř", 4.5: "ýčšžů", 6: "úťďňó", 6.5: "ČŠŽŘ", 7.5: "ÁÍÉÚĎŤŇÓÝ", 9: "öüäľĺôß"})
		slovak    = newAccents(map[float64]string{4: "áíéýčšž", 5: "ľťúôó", 6: "ďňäĺŕ", 6.5: "ČŠŽĽ", 7.5: "ÁÍÉÚĎŤŇÓÝ", 9: "öüěřůß"})
		hungarian = newAccents(map[float64]string{4: "áé", 4.5: "öóőí", 5: "üúű", 6.5: "ÁÉÖÓŐ", 7.5: "ÜÚŰÍ", 9: "äßčšž"})
		romanian  = newAccents(map[float64]string{4: "ăîţâ", 4.5: "ş", 6.5: "ŞŢÎ", 8: "ĂÂ", 9: "éöüáóő"})
		croatian  = newAccents(map[float64]string{4: "čšž", 5: "ćđ", 6.5: "ČŠŽ", 7: "ĐĆ", 9: "öüáéäß"})
		central   = mixed(6.5, 0.6, "ł", "óíáąęż", "śčěřšžé", "ůýöüäőćń", "űúźţşăĂđ", "ňťďâîôŁŚŻČŠŽŘßÁÉÓÖÜ", "ĆŃŹÝÚĽľĺŕÍŐŰĎŇŤŢŞŮĄĘĚÄÂÎ", "ëçÇÔË")

		turkish = newAccents(map[float64]string{
			4.5: "ıü", 5: "şöç", 5.5: "ğ", 6: "İÖÜ", 6.5: "ŞÇ", 8: "Ğâ", 9: "îûé", 11: "áíóúäßñèàêô",
		})
		lithuanian = newAccents(map[float64]string{4: "ėšųž", 5: "čąįūę", 6.5: "ŠŽČ", 7.5: "ĖŲĄĮŪĘ", 9: "óńśżźłäöü"})
		latvian    = newAccents(map[float64]string{4: "āīē", 4.5: "šņļū", 5.5: "žčķģ", 6.5: "ŠŽČĀĒĪ", 7.5: "ŅĻŪĶĢ", 9: "äöüõ"})

		// The marks of Vietnamese tones are characters by themselves in windows-1258.
		vietnamese = newAccents(map[float64]string{
			3.5: "\u0300\u0301\u0303\u0309\u0323", 4.5: "ôêâươđă", 5: "áàéèíóúùý", 6.5: "ĐÔÊÂƯƠĂ", 7.5: "ÁÀÉÈÍÓÚÙ",
		})

		westerns = []model{german, french, spanish, portuguese, italian, swedish, danish, icelandic, dutch, estonian, western}
		centrals = []model{polish, czech, slovak, hungarian, romanian, croatian, central}
		baltics  = []model{lithuanian, latvian, estonian}
	)
	return []candidate{
		{"gb18030", 0, []model{simplified, traditional}},
		{"windows-1251", 0, []model{russian, ukrainian}},
		{"windows-1252", 0, westerns},
		{"big5", 1, []model{traditional}},
		{"shift_jis", 1, []model{japanese}},
		{"euc-kr", 1, []model{korean}},
		{"koi8-r", 3, []model{russian}},
		{"ibm866", 3, []model{russian, ukrainian}},
		{"windows-1250", 3, centrals},
		{"windows-1254", 3, []model{turkish}},
		{"windows-1253", 3, []model{greek}},
		{"iso-8859-7", 4, []model{greek}},
		{"windows-1255", 4, []model{hebrew}},
		{"windows-1256", 4, []model{arabic}},
		{"windows-874", 4, []model{thai}},
		{"euc-jp", 6, []model{japanese}},
		{"windows-1257", 6, baltics},
		{"x-mac-cyrillic", 6, []model{russian}},
		{"macintosh", 6, westerns},
		{"cp850", 6, westerns},
		{"cp852", 6, centrals},
		{"cp857", 6, []model{turkish}},
		{"cp737", 6, []model{greek}},
		{"iso-8859-2", 8, centrals},
		{"iso-8859-5", 8, []model{russian, ukrainian}},
		{"iso-8859-6", 8, []model{arabic}},
		{"iso-8859-13", 8, baltics},
		{"iso-8859-15", 14, westerns},
		{"iso-8859-16", 8, []model{polish, hungarian, romanian, croatian}},
		{"windows-1258", 8, []model{vietnamese}},
		{"koi8-u", 8, []model{russian, ukrainian}},
		{"cp437", 8, westerns},
		{"cp775", 8, baltics},
		{"cp862", 8, []model{hebrew}},
		{"cp1125", 8, []model{russian, ukrainian}},
		{"pt154", 8, []model{kazakh}},
		{"kz1048", 8, []model{kazakh}},
	}
})

// cantonese are letters that Hong Kong writes and nobody else: Big5 has them as HKSCS.
const cantonese = "嘅咗喺啲冇嚟㗎嗰嘢噉咁佢哋唔係啦呢度嘞喎啱佬黐嚿啩嗱啫攞揾咩乜嘥瞓冚仔埗涌邨圳磡塱氹栢俬嘟"

// mixed is the model of a list that has names of many languages: every letter is possible, and none is cheap. The
// letters are given by how frequent they are; each group costs step more than the one before.
func mixed(bits, step float64, letters ...string) *accents {
	a := &accents{bits: map[rune]float64{}}
	for i, of := range letters {
		a.set(of, bits+step*float64(i))
	}
	return a
}

// signs are characters other than letters that people write in any of these languages.
var signs = func() map[rune]float64 {
	m := map[rune]float64{}
	for bits, of := range map[float64]string{7: "№«»–—’“”„…\u00a0°€", 8.5: "•·‘‚£§®©™×²³½º±´", 10: "¿¡ªµ¼¾¹¢¥÷¶¤¦¨¸¬¯"} {
		for _, r := range of {
			m[r] = bits
		}
	}
	return m
}()

func sign(r rune) float64 {
	if bits, known := signs[r]; known {
		return bits
	}
	if r >= 0x2500 && r < 0x25a0 {
		return 15
	}
	return 14
}

func digit(r rune) bool { return r >= '0' && r <= '9' }

func latin(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

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
		if (unicode.Is(unicode.Sc, r) || r == '¦') && unicode.Is(a.script, next) {
			return sign(r) + 14 // a currency that begins a word: its letter is another
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
	if digit(prev) && digit(next) {
		bits += 8
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
	case r < 0x250 && unicode.IsLetter(r):
		if latin(prev) || latin(next) {
			return 9 // Köln in a Chinese list
		}
		return 14
	case unicode.Is(unicode.Cyrillic, r), unicode.Is(unicode.Greek, r):
		if unicode.Is(unicode.Cyrillic, prev) || unicode.Is(unicode.Cyrillic, next) || unicode.Is(unicode.Greek, prev) || unicode.Is(unicode.Greek, next) {
			return 7 // a word, not one of the signs that mathematics lent
		}
		return 14
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
	switch level := levels()[r]; level {
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
		if !syllables()[r] {
			return 19, true
		}
		return 12.5, true
	case unicode.Is(unicode.Han, r):
		return 19, true
	}
	return 0, false
}

// accents is the Latin alphabet with its marked letters.
type accents struct {
	bits  map[rune]float64
	often [0x180]float64 // of those that nearly all of them are; 0 for others
}

func newAccents(letters map[float64]string) *accents {
	a := &accents{bits: map[rune]float64{}}
	for bits, of := range letters {
		a.set(of, bits)
	}
	return a
}

func (a *accents) set(letters string, bits float64) {
	for _, r := range letters {
		a.bits[r] = bits
		if int(r) < len(a.often) {
			a.often[r] = bits
		}
	}
}

func (a *accents) letter(r rune) (bits float64, known bool) {
	if uint32(r) < uint32(len(a.often)) {
		return a.often[r], a.often[r] > 0
	}
	bits, known = a.bits[r]
	return bits, known
}

func (a *accents) usual() float64 { return 9.6 }

func (a *accents) cost(prev, r, next rune) float64 {
	marked := func(r rune) bool { _, m := a.letter(r); return m }
	bits, known := a.letter(r)
	if !known {
		if unicode.IsLetter(r) && r != 'º' && r != 'ª' && r != 'µ' {
			return 14
		}
		if (latin(prev) || marked(prev)) && (latin(next) || marked(next)) && !strings.ContainsRune("’·–\u00ad", r) {
			return 8 + sign(r) // no sign stands within a word
		}
		return sign(r)
	}
	switch {
	case unicode.Is(unicode.Mn, r):
		if !latin(prev) && !marked(prev) {
			bits += 12 // no letter is under it
		}
	case marked(prev) && marked(next):
		bits += 6 // three in a row
	case marked(prev):
		bits += 2
	case !latin(prev) && !latin(next) && !marked(next):
		bits += 2 // a word by itself
	}
	if digit(prev) || digit(next) {
		bits += 5
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
