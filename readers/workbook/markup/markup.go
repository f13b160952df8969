// Package markup gives the text of workbooks that are HTML or XML: decoded to UTF-8, from any place in it, so that a sheet can be
// read again without what stands before it.
package markup

import (
	"bytes"
	"errors"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
)

// Text is the content of a file. It is not safe for concurrent use.
type Text struct {
	file  io.ReaderAt
	begin int64 // behind the byte order mark
	size  int64
	enc   encoding.Encoding // nil: it is UTF-8
	marks []mark            // in order
}

// mark is a place that is known in both counts.
type mark struct{ decoded, raw int64 }

var declared = patterns.New(`(?i)(?:charset|encoding)\s*=\s*["']?\s*([a-z0-9_:.-]+)`)

// headSize is where a declaration is looked for, and where letters are taken from to see whether it is right.
const (
	headSize   = 4 << 10
	sampleSize = 256 << 10
)

// Open finds the encoding: by a byte order mark or the pattern of UTF-16, by what the route says, by what the text declares, or by its
// letters. Text that is plainly UTF-8 is read so. A declaration that the letters contradict is refused, and so is what nobody can
// tell.
func Open(f readers.File, said string) (*Text, error) {
	head := make([]byte, min(f.Size, sampleSize))
	if n, err := f.ReadAt(head, 0); n < len(head) {
		return nil, err
	}
	t := &Text{file: f, size: f.Size}
	if err := t.trim(); err != nil {
		return nil, err
	}
	for _, m := range []struct {
		mark string
		enc  encoding.Encoding
	}{
		{"\xef\xbb\xbf", nil}, {"\xff\xfe", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, {"\xfe\xff", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	} {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			t.enc, t.begin = m.enc, int64(len(m.mark))
			return t, nil
		}
	}
	if n := min(len(head), headSize) &^ 1; n > 4 {
		switch {
		case zeros(head[:n], 1)*2 > n/2:
			t.enc = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
			return t, nil
		case zeros(head[:n], 0)*2 > n/2:
			t.enc = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
			return t, nil
		}
	}
	return t, t.choose(head, said)
}

// trim leaves out the first half of a character of UTF-8 that a cut file ends in: what is missing behind it tells that it is cut.
func (t *Text) trim() error {
	last := make([]byte, min(utf8.UTFMax, t.size))
	if n, err := t.file.ReadAt(last, t.size-int64(len(last))); n < len(last) {
		return err
	}
	for i := len(last) - 1; i >= 0; i-- {
		if utf8.RuneStart(last[i]) {
			if !utf8.FullRune(last[i:]) {
				t.size -= int64(len(last) - i)
			}
			return nil
		}
	}
	return nil
}

// zeros counts the zero bytes at every other place.
func zeros(b []byte, from int) int {
	n := 0
	for i := from; i < len(b); i += 2 {
		if b[i] == 0 {
			n++
		}
	}
	return n
}

func (t *Text) choose(head []byte, said string) error {
	if charset.Shifts(head) {
		return readers.Refuse("workbook.shifts")
	}
	if name, _ := charset.Named(said); name != "" && !strings.HasPrefix(name, "utf-") {
		is, err := charset.IsUTF8(io.NewSectionReader(t.file, 0, t.size), name)
		if err == nil && !is {
			t.enc, err = charset.ByName(name)
		}
		return err
	}
	name := ""
	if m := declared.FindSubmatch(head[:min(len(head), headSize)]); m != nil {
		name = canonical(string(m[1]))
	}
	found, err := t.examine()
	valid := found.invalid == 0
	if err != nil || valid && name == "utf-8" {
		return err
	}
	if (name == "" || name == "utf-8") && !valid && found.letters >= 3 && found.letters > 4*found.invalid {
		return readers.Refuse("csv.utf8_damaged", "line", found.line, "count", found.invalid)
	}
	sample := charset.Letters(head)
	if valid && (name == "" || len(sample) == 0) {
		return nil
	}
	if name != "" && name != "utf-8" {
		if is, err := charset.IsUTF8(io.NewSectionReader(t.file, 0, t.size), name); err != nil || is {
			return err
		}
		if better := charset.Contradicts(sample, name); better != "" {
			return readers.Refuse("xml.encoding_wrong", "declared", name, "better", better)
		}
		if t.enc, err = charset.ByName(name); err == nil {
			return nil
		}
	}
	v := charset.Guess(sample)
	if len(v.Fits) == 0 && !v.Sure {
		return readers.Refuse("workbook.letters_none")
	}
	if !v.Sure {
		return readers.Refuse("workbook.letters", "fits", strings.Join(v.Fits, ", "))
	}
	t.enc, err = charset.ByName(v.Name)
	return err
}

// canonical is the name that package charset goes by.
func canonical(name string) string {
	switch name = strings.ToLower(name); name {
	case "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be", "unicode":
		return "utf-8" // of the wide ones the declaration could not have been read
	case "windows1251", "win-1251":
		return "windows-1251"
	}
	if n, known := charset.Named(name); known {
		return n
	}
	return name
}

// examined is what a text is as UTF-8.
type examined struct {
	letters, invalid int // characters of more than one byte; bytes that are none
	line             int // of the first such byte
}

func (t *Text) examine() (examined, error) {
	var e examined
	r := io.NewSectionReader(t.file, 0, t.size)
	buf := make([]byte, 64<<10)
	kept, line := 0, 1
	for {
		n, err := r.Read(buf[kept:])
		w := buf[:kept+n]
		for len(w) > 0 && (utf8.FullRune(w) || err == io.EOF) {
			c, size := utf8.DecodeRune(w)
			switch {
			case c == '\n':
				line++
			case c == utf8.RuneError && size == 1:
				if e.invalid++; e.invalid == 1 {
					e.line = line
				}
			case size > 1:
				e.letters++
			}
			w = w[size:]
		}
		if err == io.EOF {
			return e, nil
		}
		if err != nil {
			return e, err
		}
		kept = copy(buf, w)
	}
}

// From gives the text from byte at of its UTF-8 on. at must be one that reading has come by.
func (t *Text) From(at int64) io.Reader {
	if t.enc == nil {
		return io.NewSectionReader(t.file, t.begin+at, t.size-t.begin-at)
	}
	if len(t.marks) == 0 {
		t.marks = []mark{{0, t.begin}}
	}
	i := sort.Search(len(t.marks), func(i int) bool { return t.marks[i].decoded > at }) - 1
	d := &decoding{text: t, mark: t.marks[i], decoder: t.enc.NewDecoder()}
	d.skip = at - d.mark.decoded
	return d
}

// decoding decodes pieces one after the other; where each begins is marked. The encodings here keep nothing from one letter to the
// next, so any letter is a place to begin at.
type decoding struct {
	text    *Text
	mark    mark
	decoder transform.Transformer
	skip    int64
	out     []byte
	raw     [32 << 10]byte
	ended   bool
}

func (d *decoding) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.ended {
			return 0, io.EOF
		}
		if err := d.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

func (d *decoding) more() error {
	n, err := d.text.file.ReadAt(d.raw[:min(int64(len(d.raw)), d.text.size-d.mark.raw)], d.mark.raw)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	d.ended = d.mark.raw+int64(n) >= d.text.size
	out := make([]byte, 3*len(d.raw)+16)
	d.decoder.Reset()
	m, used, err := d.decoder.Transform(out, d.raw[:n], false) // half a character at the end of a cut file is none
	if err != nil && !errors.Is(err, transform.ErrShortSrc) {
		return err
	}
	if used == 0 && !d.ended {
		return io.ErrUnexpectedEOF
	}
	d.mark.raw, d.mark.decoded = d.mark.raw+int64(used), d.mark.decoded+int64(m)
	if last := d.text.marks[len(d.text.marks)-1]; d.mark.decoded > last.decoded {
		d.text.marks = append(d.text.marks, d.mark)
	}
	d.out = out[:m]
	skip := min(d.skip, int64(m))
	d.out, d.skip = d.out[skip:], d.skip-skip
	return nil
}
