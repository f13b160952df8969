package charset

import (
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Garbled recognises UTF-8 that a program took for the usual encoding of its country before the text got here, as Excel
// does with a CSV without a byte order mark: MÃ¼ller, РњРѕСЃРєРІР°, 涓婃捣. meant is what it was. Text that
// somebody may have written is never called garbled.
func Garbled[T string | []byte](s T) (meant string, found bool) {
	if ASCII(s) {
		return "", false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < utf8.RuneSelf:
		case c == 0xc3:
			return undo(charmap.Windows1252, string(s), western1252)
		case c == 0xd0 && i+1 < len(s) && (s[i+1] == 0xa0 || s[i+1] == 0xa1): // Р, С
			if next := first(s[i+2:]); next < utf8.RuneSelf || next >= 'А' && next <= 'я' {
				return "", false
			}
			return undo(charmap.Windows1251, string(s), func(b []byte) bool { return letters(b) > 1 })
		case c >= 0xe4 && c <= 0xe9:
			if r := first(s[i:]); r < firstHan || r > lastHan || !leads()[r-firstHan] {
				return "", false
			}
			return undoChinese(string(s))
		default:
			if c >= 0xc0 && c < 0xe0 {
				i++
			} else if c >= 0xe0 {
				return "", false
			}
		}
	}
	return "", false
}

// ASCII reports whether s has no byte above 127.
func ASCII[T string | []byte](s T) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if (uint64(s[i])|uint64(s[i+1])<<8|uint64(s[i+2])<<16|uint64(s[i+3])<<24|
			uint64(s[i+4])<<32|uint64(s[i+5])<<40|uint64(s[i+6])<<48|uint64(s[i+7])<<56)&0x8080808080808080 != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func first[T string | []byte](s T) rune {
	r, _ := utf8.DecodeRuneInString(string(s[:min(len(s), utf8.UTFMax)]))
	return r
}

// undo turns the text back into the bytes that it was made of and reads them as UTF-8.
func undo(e *charmap.Charmap, s string, sure func([]byte) bool) (string, bool) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		c, ok := e.EncodeRune(r)
		if !ok {
			if r < 0x80 || r > 0x9f { // what the encoding has no letter for
				return "", false
			}
			c = byte(r)
		}
		b = append(b, c)
	}
	if !utf8.Valid(b) || !sure(b) {
		return "", false
	}
	return string(b), true
}

// western1252 wants two letters, or one that begins with Ã or Â, after which no word has a sign.
func western1252(b []byte) bool {
	return letters(b) > 1 || strings.ContainsAny(string(b), "\u00a0°£§«»") || strings.IndexByte(string(b), 0xc3) >= 0
}

func letters(b []byte) int { return utf8.RuneCount(b) - ascii(b) }

func ascii(b []byte) int {
	n := 0
	for _, c := range b {
		if c < utf8.RuneSelf {
			n++
		}
	}
	return n
}

// undoChinese is undo for GBK. The odd byte at the end of a run became a question mark, and its character is lost.
func undoChinese(s string) (string, bool) {
	b, err := simplifiedchinese.GBK.NewEncoder().String(s)
	if err != nil {
		return "", false
	}
	var meant strings.Builder
	han := 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			meant.WriteByte(b[i])
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(b[i:])
		if r == utf8.RuneError {
			rest := strings.IndexFunc(b[i:], func(r rune) bool { return r < utf8.RuneSelf })
			if rest > 2 || rest < 0 && len(b)-i > 2 {
				return "", false
			}
			if rest < 0 {
				break
			}
			i += rest
			continue
		}
		if levels()[r] == 0 && !strings.ContainsRune("，。、：；（）！？", r) {
			return "", false
		}
		meant.WriteRune(r)
		han++
		i += size
	}
	return meant.String(), han > 1
}

const (
	firstHan = 0x4e00
	lastHan  = 0x9fa5
)

// leads are the characters whose first byte in GBK is one that begins a Chinese character in UTF-8.
var leads = sync.OnceValue(func() *[lastHan - firstHan + 1]bool {
	var is [lastHan - firstHan + 1]bool
	d := simplifiedchinese.GBK.NewDecoder()
	for lead := 0xe4; lead <= 0xe9; lead++ {
		for trail := 0x80; trail <= 0xbf; trail++ {
			s, err := d.String(string([]byte{byte(lead), byte(trail)}))
			if err != nil {
				continue
			}
			if r, _ := utf8.DecodeRuneInString(s); r >= firstHan && r <= lastHan {
				is[r-firstHan] = true
			}
		}
	}
	return &is
})
