package biff

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// Flags of a text of version 8.
const (
	flagWide     = 1
	flagPhonetic = 4
	flagRich     = 8
)

// wideText appends a text of n letters as version 8 stores it: flags, the letters in one byte each or in two, behind them the
// runs of formats and the phonetic guide, which are passed over. Where it goes on in another record, flags stand again.
func (p *pieces) wideText(dst []byte, n int) ([]byte, error) {
	flags, err := p.byte()
	if err != nil {
		return dst, err
	}
	behind := 0
	if flags&flagRich != 0 {
		runs, err := p.number(2)
		if err != nil {
			return dst, err
		}
		behind = 4 * runs
	}
	if flags&flagPhonetic != 0 {
		guide, err := p.number(4)
		if err != nil {
			return dst, err
		}
		behind += guide
	}
	if dst, err = p.letters(dst, n, flags); err != nil {
		return dst, err
	}
	return dst, p.skip(behind)
}

func (p *pieces) letters(dst []byte, n int, flags byte) ([]byte, error) {
	var high rune // the first half of a letter that has two
	for n > 0 {
		if len(p.data) == 0 {
			if err := p.more(); err != nil {
				return dst, err
			}
			again, err := p.byte()
			if err != nil {
				return dst, err
			}
			flags = again
			continue
		}
		if flags&flagWide == 0 {
			m := min(n, len(p.data))
			dst = appendLatin(dst, p.data[:m])
			p.data, n = p.data[m:], n-m
			continue
		}
		m := min(n, len(p.data)/2)
		if m == 0 {
			return dst, misfit("half a letter at byte %d", p.rec.start)
		}
		dst, high = appendWide(dst, p.data[:2*m], high)
		p.data, n = p.data[2*m:], n-m
	}
	if high != 0 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst, nil
}

// appendLatin appends letters of which only the lower byte is stored.
func appendLatin(dst, b []byte) []byte {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			dst = append(dst, b[:i]...)
			for _, c := range b[i:] {
				dst = utf8.AppendRune(dst, rune(c))
			}
			return dst
		}
	}
	return append(dst, b...)
}

// appendWide appends UTF-16; high is half a letter from before, and what is left of one at the end.
func appendWide(dst, b []byte, high rune) ([]byte, rune) {
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(binary.LittleEndian.Uint16(b[i:]))
		switch {
		case high != 0:
			if whole := utf16.DecodeRune(high, r); whole != utf8.RuneError {
				dst, high = utf8.AppendRune(dst, whole), 0
				continue
			}
			dst, high = utf8.AppendRune(dst, utf8.RuneError), 0
			i -= 2
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
		case r >= 0xd800 && r < 0xdc00:
			high = r
		default:
			dst = utf8.AppendRune(dst, r) // half a letter alone becomes U+FFFD
		}
	}
	return dst, high
}

// encodings are the code pages that workbooks before version 8 name.
var encodings = map[int]string{
	367: "windows-1252", 437: "cp437", 737: "cp737", 775: "cp775", 850: "cp850", 852: "cp852", 857: "cp857", 862: "cp862", 866: "ibm866",
	874: "windows-874", 932: "shift_jis", 936: "gb18030", 949: "euc-kr", 950: "big5", 1125: "cp1125",
	1250: "windows-1250", 1251: "windows-1251", 1252: "windows-1252", 1253: "windows-1253", 1254: "windows-1254", 1255: "windows-1255",
	1256: "windows-1256", 1257: "windows-1257", 1258: "windows-1258",
	10000: "macintosh", 10007: "x-mac-cyrillic", 32768: "macintosh", 32769: "windows-1252", 54936: "gb18030", 65001: "utf-8",
}

// codePage finds the decoder of the letters above ASCII; a workbook that names none has the Western one.
func codePage(number int) (*encoding.Decoder, error) {
	if number == 0 || number == 1200 {
		number = 1252
	}
	name, ok := encodings[number]
	if !ok {
		return nil, readers.Refuse("workbook.code_page", "number", number)
	}
	e, err := charset.ByName(name)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder(), nil
}

// letters finds the decoder: what the route says goes before the code page, which some programs get wrong. Wide letters are
// those of version 8, where no text is narrow.
func (b *book) letters() (*encoding.Decoder, error) {
	name, _ := charset.Named(b.encoding)
	if strings.HasPrefix(name, "utf-") {
		name = ""
	}
	if name == "" && b.codePage == 0 {
		name = guessed(b.sample)
	}
	if name == "" {
		return codePage(b.codePage)
	}
	e, err := charset.ByName(name)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder(), nil
}

// hear keeps the text of a cell by which the encoding may be told.
func (b *book) hear(cell []byte) {
	const before, enough = 8, 16 << 10
	if b.codePage == 0 && b.version < 8 && len(cell) > before && len(b.sample) < enough && !charset.ASCII(cell[before:]) {
		b.sample = append(append(b.sample, cell[before:]...), '\n')
	}
}

// guessed is the encoding of texts that nobody names one of; "" where it is not sure, and the usual one is taken.
func guessed(sample []byte) string {
	switch {
	case len(sample) == 0:
		return ""
	case utf8.Valid(sample) && !charset.ByChance(sample):
		return "utf-8"
	}
	if v := charset.Guess(sample); v.Sure {
		return v.Name
	}
	return ""
}

// narrowText appends a text in the workbook's code page. What cannot be decoded becomes U+FFFD.
func (b *book) narrowText(dst, text []byte) ([]byte, error) {
	if charset.ASCII(text) {
		return append(dst, text...), nil
	}
	if b.decoder == nil {
		var err error
		if b.decoder, err = b.letters(); err != nil {
			return dst, err
		}
	}
	decoded, err := b.decoder.Bytes(text)
	if err != nil {
		decoded = []byte(string(utf8.RuneError))
	}
	return append(dst, decoded...), nil
}

// readStrings reads the shared strings. How many there are is told by the bytes, not by the counts before them, which other
// programs get wrong.
func (b *book) readStrings(rec *records, limit int) error {
	p := &pieces{rec: rec, data: rec.data}
	if err := p.skip(4); err != nil {
		return err
	}
	said, err := p.number(4)
	if err != nil {
		return err
	}
	b.strings = &grid.Strings{}
	var value []byte
	for p.left() && !(b.strings.Len() >= said && len(p.data) < 3) {
		value, err = p.sharedText(value[:0])
		if err != nil {
			if b.strings.Len() >= said {
				break // what stands behind the last text
			}
			return err
		}
		if len(value) > b.rules.Value {
			return &grid.Error{Part: streamPart, Reason: grid.TooLong, Limit: b.rules.Value}
		}
		if err := b.strings.Add(value, limit); err != nil {
			return err.In(streamPart)
		}
	}
	b.strings.Done()
	return nil
}

func (p *pieces) sharedText(dst []byte) ([]byte, error) {
	n, err := p.number(2)
	if err != nil {
		return dst, err
	}
	return p.wideText(dst, n)
}
