package xmlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
	"github.com/rowferry/rowferry/words"
)

func hex(r rune) string { return fmt.Sprintf("U+%04X", r) }

var declaration = patterns.New(`^<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"'<>]*)["']`)

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
		return nil, nil, readers.Refuse("xml.too_big", "limit", readers.Size(t.limits.Bytes))
	}
	mark, skip := charset.Mark(head)
	body := io.NewSectionReader(t.file, int64(skip), t.file.Size-int64(skip))
	name, note, err := t.encodingName(mark, head[skip:])
	if err != nil {
		return nil, nil, err
	}
	if mark == "" {
		if name, note, err = t.weighed(body, name, note); err != nil {
			return nil, nil, err
		}
	}
	var notes []batch.Note
	if note != nil {
		notes = append(notes, batch.Note{Message: *note})
	}
	if unit := charset.Unit(name); body.Size()%unit != 0 {
		return nil, nil, readers.Cut("xml.odd", "encoding", name)
	}
	if name == "utf-8" {
		return body, notes, nil
	}
	e, err := decoderOf(name)
	if err != nil {
		return nil, nil, readers.Refuse("xml.encoding", "encoding", short(name))
	}
	return &strict{src: e.NewDecoder().Reader(body), name: name, line: 1}, notes, nil
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
			return "", nil, readers.Refuse("xml.encoding", "encoding", short(wanted))
		}
		return canonical(wanted), nil, nil
	case shape == "ebcdic":
		return "", nil, readers.Refuse("xml.encoding", "encoding", "EBCDIC")
	case shape != "":
		return shape, nil, nil
	case declared == "":
		return "utf-8", nil, nil
	case charset.Unit(canonical(declared)) > 1 || declared == "ucs-2" || declared == "iso-10646-ucs-2" || declared == "unicode":
		// The declaration could be read, so the text is not what it declares. It is read as UTF-8, strictly.
		m := words.Message("xml.declared", "declared", declared)
		return "utf-8", &m, nil
	}
	if _, err := decoderOf(declared); err != nil {
		return "", nil, readers.Refuse("xml.encoding", "encoding", short(declared))
	}
	return canonical(declared), nil, nil
}

// verdict is what weigh found; it is asked for at each walk over the document.
type verdict struct {
	name string
	note *batch.Message
}

func (t *opened) weighed(body *io.SectionReader, name string, note *batch.Message) (string, *batch.Message, error) {
	if t.verdict == nil {
		v, err := t.weigh(body, name)
		if err != nil {
			return "", nil, err
		}
		if v.note == nil {
			v.note = note
		}
		t.verdict = &v
	}
	return t.verdict.name, t.verdict.note, nil
}

// weigh compares what is said of the encoding with the text. Text that is plainly UTF-8 is read so, whatever is said; a
// declaration that makes no sense of the letters, where another encoding does, is refused.
func (t *opened) weigh(body *io.SectionReader, said string) (verdict, error) {
	if said == "utf-8" || charset.Unit(said) > 1 {
		return verdict{name: said}, nil
	}
	name := said
	if n, known := charset.Named(said); known {
		name = n // iso-8859-1 is windows-1252
	}
	wanted := strings.TrimSpace(t.settings.Encoding)
	declared := wanted == "" || strings.EqualFold(wanted, "auto")
	is, err := charset.IsUTF8(io.NewSectionReader(body, 0, body.Size()), name)
	if err != nil {
		return verdict{}, fmt.Errorf("read: %w", err)
	}
	switch {
	case is && declared:
		m := words.Message("xml.declared", "declared", said)
		return verdict{"utf-8", &m}, nil
	case is:
		m := words.Message("csv.note.utf8", "encoding", said)
		return verdict{"utf-8", &m}, nil
	case !declared:
		return verdict{name: name}, nil
	}
	head := make([]byte, 256<<10)
	n, err := body.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return verdict{}, fmt.Errorf("read: %w", err)
	}
	if better := charset.Contradicts(charset.Letters(head[:n]), name); better != "" {
		return verdict{}, readers.Refuse("xml.encoding_wrong", "declared", said, "better", better)
	}
	return verdict{name: name}, nil
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
	name, known := charset.Named(n)
	if !known {
		return nil, errors.New("not an encoding of text")
	}
	return charset.ByName(name)
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
		// Of three bytes of a character that has four in GB 18030 two such and a digit are made.
		if strings.Trim(string(seen[at:]), "\uFFFD0123456789") == "" && (errors.Is(err, io.EOF) || err == nil && s.ended()) {
			return 0, readers.Cut("xml.cut_character", "line", line)
		}
		return 0, readers.Refuse("xml.bytes", "line", line, "encoding", s.name)
	}
	s.line += bytes.Count(p[:n], []byte("\n"))
	s.tail = append(s.tail[:0], seen[max(0, len(seen)-2):]...)
	return n, err
}

// ended reports whether nothing more comes. It is asked when what came is refused whatever follows.
func (s *strict) ended() bool {
	var more [1]byte
	n, err := s.src.Read(more[:])
	return n == 0 && errors.Is(err, io.EOF)
}
