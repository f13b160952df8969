package readers

import (
	"bytes"
	"encoding/base64"
	"unicode"

	"github.com/rowferry/rowferry/patterns"
)

// escapes are encodings of seven bits that switch between letters by what they write before them, as old mail systems did. Nothing
// in such a text is above ASCII, so that it would pass for one. ISO-2022-JP is another of them, and is read.
var escapes = []struct{ mark, name string }{
	{"\x1b$)C", "ISO-2022-KR"}, {"\x1b$)A", "ISO-2022-CN"}, {"\x1b$)G", "ISO-2022-CN"}, {"\x1b$*H", "ISO-2022-CN"},
}

// hz is a run of Chinese letters in HZ: pairs of bytes between ~{ and ~}.
var hz = patterns.New(`~\{(?:[!-w][!-~])+~\}`)

// utf7 is a run of letters in UTF-7: base64 of UTF-16 behind +.
var utf7 = patterns.New(`\+[A-Za-z0-9+/]{3,}`)

// sevens reports whether most of what begins with + is such a run: letters beyond ASCII, and nothing else. Telephone numbers are digits.
func sevens(head []byte) bool {
	runs, letters := 0, 0
	for _, run := range utf7.FindAll(head, 500) {
		run = run[1:]
		if len(bytes.Trim(run, "0123456789")) == 0 {
			continue
		}
		if runs++; lettersIn(run) {
			letters++
		}
	}
	return letters > 1 && letters*2 > runs
}

// lettersIn reports whether a run is whole units of UTF-16, and all of them letters that people write.
func lettersIn(run []byte) bool {
	raw, err := base64.RawStdEncoding.Strict().AppendDecode(nil, run)
	if err != nil || len(raw)%2 != 0 {
		return false
	}
	for i := 0; i < len(raw); i += 2 {
		r := rune(raw[i])<<8 | rune(raw[i+1])
		if r < 0xc0 || !unicode.IsLetter(r) || r > 0xe7f && r < 0x3040 || r > 0x30ff && r < 0x4e00 || r > 0x9fff && r < 0xac00 {
			return false
		}
	}
	return true
}

// escaped names the encoding of such a text; "" for others.
func escaped(head []byte) string {
	if has(bytes.TrimLeft(head, "\ufeff \t\r\n"), "<") {
		return "" // markup declares its encoding
	}
	if bytes.IndexByte(head, 0x1b) >= 0 {
		for _, e := range escapes {
			if bytes.Contains(head, []byte(e.mark)) {
				return e.name
			}
		}
	}
	if bytes.Contains(head, []byte("~{")) && !bytes.ContainsFunc(head, func(r rune) bool { return r > 0x7e }) {
		if opened := bytes.Count(head, []byte("~{")); len(hz.FindAll(head, -1))*2 > opened {
			return "HZ-GB-2312"
		}
	}
	if bytes.IndexByte(head, '+') >= 0 && sevens(head) {
		return "UTF-7"
	}
	return ""
}
