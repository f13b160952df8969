package xmlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

func hex(r rune) string { return fmt.Sprintf("U+%04X", r) }

var declaration = regexp.MustCompile(`^<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"'<>]*)["']`)

// decode gives the content as UTF-8 text. What decides, in this order: a byte order mark, the configuration, the
// shape of UTF-16 and UTF-32 without a mark, the declaration; UTF-8 where nothing speaks.
func (t *opened) decode() (io.Reader, []batch.Note, error) {
	head := make([]byte, min(1<<10, max(0, t.file.Size)))
	if n, err := t.file.ReadAt(head, 0); err != nil && !(errors.Is(err, io.EOF) && n == len(head)) {
		if !errors.Is(err, io.EOF) {
			return nil, nil, fmt.Errorf("read: %w", err)
		}
		head = head[:n]
	}
	if t.file.Size > t.limits.Bytes {
		return nil, nil, unreadable("xml.too_big", "limit", sizeText(t.limits.Bytes))
	}
	mark, skip := byteOrderMark(head)
	body := io.NewSectionReader(t.file, int64(skip), t.file.Size-int64(skip))
	name, note, err := t.encodingName(mark, head[skip:])
	if err != nil {
		return nil, nil, err
	}
	var notes []batch.Note
	if note != nil {
		notes = append(notes, batch.Note{Message: *note})
	}
	if unit := unitOf(name); body.Size()%unit != 0 {
		return nil, nil, cut("xml.odd", "encoding", name)
	}
	if name == "utf-8" {
		return body, notes, nil
	}
	e, err := decoderOf(name)
	if err != nil {
		return nil, nil, unreadable("xml.encoding", "encoding", short(name))
	}
	return &strict{src: e.NewDecoder().Reader(body), name: name, line: 1}, notes, nil
}

func byteOrderMark(head []byte) (string, int) {
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

// shapeOf recognises what a document's first "<" looks like without a mark.
func shapeOf(head []byte) string {
	for _, s := range []struct{ begin, name string }{
		{"<\x00\x00\x00", "utf-32le"}, {"\x00\x00\x00<", "utf-32be"},
		{"<\x00", "utf-16le"}, {"\x00<", "utf-16be"},
		{"\x4c\x6f\xa7\x94", "ebcdic"},
	} {
		if bytes.HasPrefix(head, []byte(s.begin)) {
			return s.name
		}
	}
	return ""
}

// encodingName decides; head begins after the mark.
func (t *opened) encodingName(mark string, head []byte) (string, *batch.Message, error) {
	declared := ""
	if m := declaration.FindSubmatch(head); m != nil {
		declared = strings.ToLower(strings.TrimSpace(string(m[1])))
	}
	shape := shapeOf(head)
	wanted := strings.ToLower(strings.TrimSpace(t.settings.Encoding))
	switch {
	case mark != "":
		return mark, nil, nil
	case wanted != "" && wanted != "auto":
		if _, err := decoderOf(wanted); err != nil && wanted != "utf-8" {
			return "", nil, unreadable("xml.encoding", "encoding", short(wanted))
		}
		return canonical(wanted), nil, nil
	case shape == "ebcdic":
		return "", nil, unreadable("xml.encoding", "encoding", "EBCDIC")
	case shape != "":
		return shape, nil, nil
	case declared == "":
		return "utf-8", nil, nil
	case unitOf(canonical(declared)) > 1 || declared == "ucs-2" || declared == "iso-10646-ucs-2" || declared == "unicode":
		// The declaration could be read, so the text is not what it declares. It is read as UTF-8, strictly.
		m := words.Message("xml.declared", "declared", declared)
		return "utf-8", &m, nil
	}
	if _, err := decoderOf(declared); err != nil {
		return "", nil, unreadable("xml.encoding", "encoding", short(declared))
	}
	return canonical(declared), nil, nil
}

// canonical is the name we go by.
func canonical(n string) string {
	switch n {
	case "utf8", "us-ascii", "ascii", "utf-8":
		return "utf-8"
	case "utf-16":
		return "utf-16le"
	case "utf-32":
		return "utf-32le"
	case "gbk", "gb2312", "cp936":
		return "gb18030"
	case "cp932", "windows-31j":
		return "shift_jis"
	case "cp949", "uhc":
		return "euc-kr"
	case "cp950":
		return "big5"
	case "cp866":
		return "ibm866"
	}
	return n
}

func decoderOf(n string) (encoding.Encoding, error) {
	switch n = canonical(n); n {
	case "utf-8":
		return encoding.Nop, nil
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), nil
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), nil
	}
	e, err := htmlindex.Get(n)
	if err != nil {
		return nil, err
	}
	if known, err := htmlindex.Name(e); err != nil || known == "replacement" || known == "x-user-defined" {
		return nil, errors.New("not an encoding of text")
	}
	return e, nil
}

func unitOf(n string) int64 {
	switch canonical(n) {
	case "utf-16le", "utf-16be":
		return 2
	case "utf-32le", "utf-32be":
		return 4
	}
	return 1
}

// strict refuses U+FFFD in decoded text: decoders put it where the bytes mean nothing. One that the file itself holds
// (possible in UTF-16, UTF-32 and GB18030) is refused too: it stands where another program has lost a letter.
type strict struct {
	src  io.Reader
	name string
	line int
	tail []byte // the last two bytes, which may begin a U+FFFD
}

func (s *strict) Read(p []byte) (int, error) {
	n, err := s.src.Read(p)
	seen := append(s.tail, p[:n]...)
	if at := bytes.Index(seen, []byte(string(utf8.RuneError))); at >= 0 {
		line := s.line + bytes.Count(seen[len(s.tail):max(len(s.tail), at)], []byte("\n"))
		return 0, unreadable("xml.bytes", "line", line, "encoding", s.name)
	}
	s.line += bytes.Count(p[:n], []byte("\n"))
	s.tail = append(s.tail[:0], seen[max(0, len(seen)-2):]...)
	return n, err
}
