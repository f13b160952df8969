// Package charset tells by the letters which legacy encoding a text has.
//
// Every encoding that the bytes may have is tried. Its text is judged by a small model of what people write in it:
// how many bits the letters above ASCII cost. The cheapest encoding is the answer when it is cheap enough in itself
// and no other one, with another text, comes near.
package charset

import (
	"bytes"
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// Verdict is what Guess found.
type Verdict struct {
	Name string   // of the encoding, as the WHATWG index calls it
	Sure bool     // whether to read by it without asking
	Fits []string // when not sure: the encodings that the text could have, likeliest first
}

// candidate is one encoding with the models that its users write in.
type candidate struct {
	name   string
	prior  float64 // bits for being rarer than others
	models []model
}

// model says what a letter above ASCII costs where it stands.
type model interface {
	// cost is in bits; prev and next are the neighbours, 0 at the ends.
	cost(prev, r, next rune) float64
	// usual is the most that a letter costs on average in a text that really is one.
	usual() float64
}

const (
	// margin is how many bits the next best text must cost more.
	margin = 12
	// enough is how much of the sample is judged.
	enough = 64 << 10
)

// pairs are the encodings whose letters take two bytes or more.
var pairs = map[string]bool{"gb18030": true, "big5": true, "shift_jis": true, "euc-kr": true, "euc-jp": true}

// judged is a candidate that can decode the sample.
type judged struct {
	name  string
	text  string
	bits  float64
	usual bool // the text is one that people write
}

// Guess judges a sample of lines that hold bytes above 127 and are no UTF-8.
func Guess(sample []byte) Verdict {
	sample = cut(sample)
	var fits []judged
	for _, c := range candidates() {
		if j, ok := judge(sample, c); ok {
			fits = append(fits, j)
		}
	}
	slices.SortStableFunc(fits, func(a, b judged) int { return cmp.Compare(a.bits, b.bits) })
	if len(fits) == 0 {
		return Verdict{}
	}
	best := fits[0]
	for _, other := range fits[1:] {
		if other.text == best.text && !best.usual { // ° and – are the same bytes in many encodings
			best.name, best.usual = other.name, other.usual
		}
	}
	sure := best.usual
	for _, other := range fits[1:] {
		if other.text != best.text {
			sure = sure && other.bits-best.bits >= max(margin, best.bits/50)
			break
		}
	}
	if sure {
		return Verdict{Name: best.name, Sure: true}
	}
	var v Verdict
	some := slices.ContainsFunc(fits, func(j judged) bool { return j.usual })
	for _, j := range fits {
		// What nobody writes is not recommended, but where bytes pair up to the end, that is hardly chance.
		if len(v.Fits) < 5 && (some && (j.usual || j.bits <= best.bits+margin) || !some && pairs[j.name] && letters([]byte(j.text)) >= 12) {
			v.Fits = append(v.Fits, j.name)
		}
	}
	v.Name = best.name
	return v
}

// cut takes as much of the sample as is judged, to the end of a value.
func cut(sample []byte) []byte {
	if len(sample) <= enough {
		return sample
	}
	return sample[:max(1, 1+bytes.LastIndexAny(sample[:enough], "\r\n ,;\t"))]
}

func judge(sample []byte, c candidate) (judged, bool) {
	e, err := ByName(c.name)
	if err != nil {
		return judged{}, false
	}
	text, ok := decode(e, sample, e == gb18030{})
	if !ok {
		return judged{}, false
	}
	best := judged{name: c.name, text: text, bits: -1}
	for _, m := range c.models {
		bits, letters := price(text, m)
		usual := letters > 0 && bits <= m.usual()*float64(letters)
		if bits += c.prior; best.bits < 0 || bits < best.bits {
			best.bits, best.usual = bits, usual
		}
	}
	return best, true
}

// decode is strict: no replacement characters, no C1 controls, no private characters, but for some of twenty where the encoding has
// an area for what users drew themselves.
func decode(e encoding.Encoding, sample []byte, area bool) (string, bool) {
	out, err := e.NewDecoder().Bytes(sample)
	if err != nil {
		return "", false
	}
	letters, private := 0, 0
	for i := 0; i < len(out); {
		if out[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(out[i:])
		if r == utf8.RuneError || r < 0xa0 || unicode.Is(unicode.Co, r) && !area {
			return "", false
		}
		if letters++; unicode.Is(unicode.Co, r) {
			private++
		}
		i += size
	}
	return string(out), private*20 <= letters
}

func price(text string, m model) (bits float64, letters int) {
	prev := rune(0)
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			prev = rune(c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		next, _ := utf8.DecodeRuneInString(text[i:])
		if i == len(text) {
			next = 0
		}
		bits += m.cost(prev, r, next)
		letters++
		prev = r
	}
	return bits, letters
}
