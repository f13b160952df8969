package readers

import (
	"bytes"
	"regexp"
)

// escapes are encodings of seven bits that switch between letters by what they write before them, as old mail systems did. Nothing
// in such a text is above ASCII, so that it would pass for one. ISO-2022-JP is another of them, and is read.
var escapes = []struct{ mark, name string }{
	{"\x1b$)C", "ISO-2022-KR"}, {"\x1b$)A", "ISO-2022-CN"}, {"\x1b$)G", "ISO-2022-CN"}, {"\x1b$*H", "ISO-2022-CN"},
}

// hz is a run of Chinese letters in HZ: pairs of bytes between ~{ and ~}.
var hz = regexp.MustCompile(`~\{(?:[!-w][!-~])+~\}`)

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
	return ""
}
