package charset

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"unicode"
	"unicode/utf8"
)

// IsUTF8 reports whether what r gives is UTF-8 although it is said to be in the encoding called name: all of it is valid
// UTF-8, with so many characters beyond ASCII that no text in the other encoding happens to be. Programs that change
// a file's encoding leave its declaration behind, and a route's setting outlives the program that it was made for.
func IsUTF8(r io.Reader, name string) (bool, error) {
	buf := make([]byte, 64<<10)
	kept, short, long := 0, 0, 0 // characters of two bytes, and of more
	for {
		n, err := r.Read(buf[kept:])
		b := buf[:kept+n]
		whole := b
		if err == nil {
			whole = whole[:lastBoundary(b)]
		}
		if !utf8.Valid(whole) {
			return false, nil
		}
		if !ASCII(whole) {
			for _, c := range whole {
				switch {
				case c >= 0xe0:
					long++
				case c >= 0xc0:
					short++
				}
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, err
		}
		kept = copy(buf, b[len(whole):])
	}
	switch name {
	case "gb18030", "gbk", "big5", "shift_jis", "euc-jp", "euc-kr":
		return long > 0 || short >= 4, nil // two bytes are one character there too
	}
	return long > 0 || short >= 2, nil
}

// lastBoundary is where the last whole character of b ends.
func lastBoundary(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) {
				return len(b)
			}
			return i
		}
	}
	return len(b)
}

// ByChance reports whether a text that is valid UTF-8 is so by chance: it has a handful of characters beyond ASCII, all of
// two bytes, and among them what no text has: an accent with no letter under it, a control character, a code point that
// means nothing. Two letters of an old encoding look like that.
func ByChance(text []byte) bool {
	few, odd, prev := 0, false, ' '
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			prev = rune(text[i])
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		if few++; few > 4 || size > 2 {
			return false
		}
		switch {
		case unicode.Is(unicode.Mn, r):
			odd = odd || !unicode.IsLetter(prev) && !unicode.Is(unicode.Mn, prev)
		case !unicode.IsGraphic(r):
			odd = odd || r != '\u00ad'
		}
		prev = r
	}
	return odd
}

// Contradicts returns the encoding that a text really has when its letters make no sense in the one that it is said to
// have and do in another; "" when there is nothing to say against it. sample is what Guess takes.
func Contradicts(sample []byte, name string) string {
	v := Guess(sample)
	if !v.Sure || v.Name == name {
		return ""
	}
	for _, c := range candidates() {
		if c.name != name {
			continue
		}
		said, ok := judge(cut(sample), c)
		if ok && (said.usual || said.text == textIn(v.Name, cut(sample))) {
			return ""
		}
		return v.Name
	}
	return ""
}

func textIn(name string, sample []byte) string {
	e, err := ByName(name)
	if err != nil {
		return ""
	}
	text, _ := decode(e, sample, false)
	return text
}

// Shifts recognises ISO-2022-JP by what switches it between letters, which no other text has.
func Shifts(text []byte) bool {
	return bytes.IndexByte(text, 0x1b) >= 0 && slices.ContainsFunc([]string{"\x1b$B", "\x1b$@", "\x1b$(D"}, func(mark string) bool { return bytes.Contains(text, []byte(mark)) })
}
