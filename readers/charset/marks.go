package charset

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// Mark is the encoding that a byte order mark says, and the length of the mark; "" and 0 where there is none.
func Mark(head []byte) (string, int) {
	for _, m := range []struct{ mark, name string }{
		{"\xef\xbb\xbf", "utf-8"},
		{"\xff\xfe\x00\x00", "utf-32le"}, {"\x00\x00\xfe\xff", "utf-32be"},
		{"\xff\xfe", "utf-16le"}, {"\xfe\xff", "utf-16be"},
		{"\x84\x31\x95\x33", "gb18030"},
	} {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			return m.name, len(m.mark)
		}
	}
	return "", 0
}

// Unit is of how many bytes a character has a multiple.
func Unit(name string) int64 {
	switch name {
	case "utf-16le", "utf-16be":
		return 2
	case "utf-32le", "utf-32be":
		return 4
	}
	return 1
}

// Letters collects the values of XML or HTML that have bytes above 127, one on a line: a sample to judge their encoding by. A last value
// that nothing ends may be cut within a character, and is left out unless it is the only one.
func Letters(head []byte) []byte {
	if i := bytes.LastIndexAny(head, "<>\"\r\n"); i >= 0 {
		if out := values(head[:i]); len(out) > 0 {
			return out
		}
	}
	return values(head)
}

func values(head []byte) (out []byte) {
	for value := range bytes.FieldsFuncSeq(head, func(r rune) bool { return r == '<' || r == '>' || r == '"' || r == '\n' || r == '\r' }) {
		if slices.ContainsFunc(value, func(c byte) bool { return c >= utf8.RuneSelf }) {
			out = append(append(out, value...), '\n')
		}
	}
	return out
}
