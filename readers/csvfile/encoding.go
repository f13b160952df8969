package csvfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
)

// content is the text of a file: where it lies and how its bytes become UTF-8.
type content struct {
	file      io.ReaderAt
	from, to  int64
	name      string // of the encoding, as `read: {encoding: …}` takes it
	guessed   bool   // by its letters, not by its structure
	overruled string // the setting, where the text is plainly another one
	padding   int64  // NUL and ^Z bytes cut off at the end
}

// reader starts at the beginning. What it gives is valid UTF-8; bytes that are none in the encoding end it with
// a *batch.Unreadable.
func (c *content) reader() io.Reader {
	raw := io.NewSectionReader(c.file, c.from, c.to-c.from)
	if c.name == "utf-8" {
		return raw // decide has seen that all of it is valid
	}
	return newStrict(raw, c.name)
}

// sniffed is how many bytes at the start are looked at for the kind of the file.
const sniffed = 64 << 10

// decide finds the encoding: byte order mark, then the setting (unless the text is plainly UTF-8), then the
// pattern of NULs, then whole-file UTF-8, then the letters. In doubt it refuses and says which settings fit.
func decide(ctx context.Context, f readers.File, s readers.Settings) (content, error) {
	c := content{file: f, to: f.Size}
	if f.Size == 0 {
		return c, readers.Cut("csv.empty")
	}
	head := make([]byte, min(sniffed, f.Size))
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("read: %w", err)
	}
	wanted, err := encodingName(s.Encoding)
	if err != nil {
		return c, err
	}
	c.suppose(head, wanted)
	err = c.determine(ctx, head)
	return c, err
}

// determine holds the text against the encoding that is supposed, and finds it where none is.
func (c *content) determine(ctx context.Context, head []byte) error {
	if unit := charset.Unit(c.name); unit > 1 {
		return c.wide(unit)
	}
	c.trim(1)
	if c.name != "" && c.name != "utf-8" {
		if err := c.overrule(); err != nil {
			return err
		}
		return c.padded()
	}
	if err := c.padded(); err != nil {
		return err
	}
	found, err := examine(ctx, c)
	if err != nil {
		return err
	}
	if found.invalid == 0 {
		return c.unicode(head, found)
	}
	return c.spelled(found)
}

// suppose names the encoding as far as the beginning or the setting does; "" where neither says.
func (c *content) suppose(head []byte, wanted string) {
	mark, size := charset.Mark(head)
	switch {
	case size > 0:
		c.name, c.from = mark, int64(size)
	case wanted != "":
		c.name = wanted
	case charset.Shifts(head):
		c.name, c.guessed = "iso-2022-jp", true
	default:
		c.name = nulPattern(head)
	}
}

// wide refuses a text of units that is cut within one.
func (c *content) wide(unit int64) error {
	if (c.to-c.from)%unit != 0 {
		return readers.Cut("csv.odd", "encoding", c.name)
	}
	c.trim(unit)
	return nil
}

// overrule takes a text for UTF-8 that plainly is, although the setting says otherwise.
func (c *content) overrule() error {
	if c.from > 0 {
		return nil
	}
	is, err := charset.IsUTF8(io.NewSectionReader(c.file, 0, c.to), c.name)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if is {
		c.name, c.overruled = "utf-8", c.name
	}
	return nil
}

// unicode takes a text for UTF-8 of which every byte is, unless it may be so by chance.
func (c *content) unicode(head []byte, found examined) error {
	if found.cut {
		return readers.Cut("csv.cut_character", "encoding", "utf-8")
	}
	if c.name == "" && c.from == 0 && c.to <= sniffed && charset.ByChance(head[:c.to]) {
		if others := charset.Guess(head[:c.to]).Fits; len(others) > 0 {
			return unclear(1, append([]string{"utf-8"}, others...))
		}
	}
	c.name = "utf-8"
	return nil
}

// spelled finds the encoding of a text that is not UTF-8 by its letters.
func (c *content) spelled(found examined) error {
	switch {
	case c.name == "utf-8", found.valid >= 3 && found.valid > 4*found.invalid:
		return readers.Refuse("csv.utf8_damaged", "line", found.line, "count", found.invalid)
	case found.nuls > 0:
		return readers.Refuse("csv.is_binary")
	}
	guess := found.guess()
	switch {
	case guess.Sure:
		c.name, c.guessed = guess.Name, true
		return nil
	case len(guess.Fits) == 0:
		return readers.Refuse("csv.encoding_none", "line", found.line)
	}
	return unclear(found.line, guess.Fits)
}

// guess guesses by the letters; without those of the last value where only so it is sure: an upload may stand still within a character.
func (e *examined) guess() charset.Verdict {
	guess := charset.Guess(e.sample)
	whole := e.sample[:len(e.sample)-e.tail]
	if guess.Sure || e.tail == 0 || len(whole) == 0 {
		return guess
	}
	if without := charset.Guess(whole); without.Sure {
		return without
	}
	return guess
}

// unclear says that a text may be written in several encodings.
func unclear(line int, fits []string) error {
	u := readers.Refuse("csv.encoding_unclear", "line", line, "fits", strings.Join(fits, ", "), "first", fits[0])
	u.Encodings = fits
	return u
}

// encodingName checks the setting. GBK and GB2312 are read as GB18030, which contains them.
func encodingName(setting string) (string, error) {
	name, known := charset.Named(setting)
	if !known {
		return "", readers.Refuse("csv.encoding_unknown", "encoding", setting)
	}
	return name, nil
}

// nulPattern recognises UTF-16 and UTF-32 without a mark: delimiters, digits and line ends have their zero bytes
// always at the same place.
func nulPattern(head []byte) string {
	if bytes.IndexByte(head, 0) < 0 {
		return ""
	}
	head = readers.Unfilled(head)
	var zeros [4]int
	for i, b := range head {
		if b == 0 {
			zeros[i&3]++
		}
	}
	quarter := len(head) / 4
	if quarter > 0 {
		most := quarter * 9 / 10
		switch {
		case zeros[2] >= max(1, most) && zeros[3] >= max(1, most) && zeros[0] == 0:
			return "utf-32le"
		case zeros[0] >= max(1, most) && zeros[1] >= max(1, most) && zeros[3] == 0:
			return "utf-32be"
		}
	}
	if textual(head) {
		return ""
	}
	even, odd, pairs := zeros[0]+zeros[2], zeros[1]+zeros[3], len(head)/2
	switch {
	case odd >= 2 && odd*33 >= pairs && even*5 <= odd: // 一 (U+4E00) has its zero on the other side
		return "utf-16le"
	case even >= 2 && even*33 >= pairs && odd*5 <= even:
		return "utf-16be"
	}
	return ""
}

// textual reports whether the head is a text of single bytes or UTF-8 with few zero bytes in it, which somebody filled up
// or cut out: without them it is valid and has no control characters.
func textual(head []byte) bool {
	rest := bytes.ReplaceAll(head, []byte{0}, nil)
	if 4*(len(head)-len(rest)) > len(head) || bytes.ContainsFunc(rest, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n\x1a", r) }) {
		return false
	}
	return utf8.Valid(rest[:boundary(rest)])
}

// trim leaves out what old programs put behind the text: ^Z and NUL bytes. unit is the size of a character.
func (c *content) trim(unit int64) {
	buf := make([]byte, 4096)
	end := c.to
	for end > c.from {
		n := min(int64(len(buf)), end-c.from)
		if _, err := c.file.ReadAt(buf[:n], end-n); err != nil && !errors.Is(err, io.EOF) {
			return
		}
		i := n
		for i >= unit && filler(buf[i-unit:i]) {
			i -= unit
		}
		end -= n - i
		if i > 0 {
			break
		}
	}
	c.padding, c.to = c.to-end, end
}

func filler(unit []byte) bool {
	sum := 0
	for _, b := range unit {
		if b != 0 && b != 0x1a {
			return false
		}
		sum += int(b)
	}
	return sum == 0 || sum == 0x1a
}

// padded tells a file with filling at its end from one whose place was reserved and whose end is still to come.
func (c *content) padded() error {
	if c.padding == 0 {
		return nil
	}
	var last [1]byte
	if c.to == c.from {
		return readers.Cut("csv.empty")
	}
	var first [1]byte
	_, _ = c.file.ReadAt(first[:], c.to)
	_, _ = c.file.ReadAt(last[:], c.to-1)
	if first[0] == 0 && last[0] != '\n' && last[0] != '\r' {
		return readers.Cut("csv.reserved", "bytes", c.padding)
	}
	return nil
}

// examined is what one pass over all bytes found.
type examined struct {
	valid, invalid int // characters of more than one byte; bytes that are no UTF-8
	line           int // of the first invalid byte
	nuls           int
	cut            bool   // the text ends within a character
	sample         []byte // lines with bytes above 127, from all over the file
	last           bool   // the bytes looked at are the file's last
	tail           int    // so many bytes at the end of the sample are the file's last value, which no separator ends
}

const (
	chunk  = 256 << 10 // what is looked at closely at once
	quick  = 64 << 10  // what is only found to be UTF-8
	budget = 256 << 10
)

// examine reads all bytes. Text that is UTF-8 costs one fast pass; only other text is looked at closely in a second.
func examine(ctx context.Context, c *content) (examined, error) {
	e, err := pass(ctx, c, false)
	if err == nil && e.invalid > 0 {
		e, err = pass(ctx, c, true)
	}
	return e, err
}

func pass(ctx context.Context, c *content, closely bool) (examined, error) {
	var e examined
	size := int(min(quick, c.to-c.from))
	if closely {
		size = int(min(chunk, c.to-c.from))
	}
	buf := make([]byte, size+utf8.UTFMax)
	carry, lines := 0, 1
	last := byte(0)
	share := max(4<<10, budget/max(1, int((c.to-c.from)/chunk)))
	for at := c.from; at < c.to; {
		if ctx.Err() != nil {
			return e, ctx.Err()
		}
		n := min(int64(size), c.to-at)
		if _, err := c.file.ReadAt(buf[carry:carry+int(n)], at); err != nil && !errors.Is(err, io.EOF) {
			return e, fmt.Errorf("read: %w", err)
		}
		at += n
		b := buf[:carry+int(n)]
		whole := len(b)
		if at < c.to {
			whole = boundary(b)
		}
		b = b[:whole]
		valid := utf8.Valid(b)
		switch {
		case !closely && !valid:
			e.invalid++
			return e, nil
		case closely:
			e.last = at == c.to
			if valid {
				e.valid += multi(b)
			} else {
				e.look(b, lines, e.last)
			}
			e.nuls += bytes.Count(b, []byte{0})
			if len(e.sample) < budget {
				if at-n == c.from {
					e.collect(b, share)
				} else {
					e.collect(behindCut(b), share)
				}
			}
			if e.invalid == 0 {
				lines += lineEnds(b, last)
			}
			last = b[len(b)-1]
		}
		carry = copy(buf, buf[whole:carry+int(n)])
	}
	return e, nil
}

// boundary is where the last whole character of b ends.
func boundary(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) || i == 0 {
				return len(b)
			}
			return i
		}
	}
	return len(b)
}

func multi(b []byte) int {
	n := 0
	for _, c := range b {
		if c >= 0xc0 {
			n++
		}
	}
	return n
}

func (e *examined) look(b []byte, lines int, end bool) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r != utf8.RuneError || size > 1 {
			e.valid++
			i += size
			continue
		}
		if end && e.invalid == 0 && !utf8.FullRune(b[i:]) && e.valid > 0 {
			e.cut = true
			return
		}
		if e.invalid == 0 {
			e.line = lines + lineEnds(b[:i], 0)
		}
		e.invalid++
		i++
	}
}

// lineEnds counts LF, CRLF and CR; last is the byte before b.
func lineEnds(b []byte, last byte) int {
	n := bytes.Count(b, []byte{'\n'})
	if crs := bytes.Count(b, []byte{'\r'}); crs > 0 {
		n += crs - bytes.Count(b, []byte("\r\n"))
	}
	if last == '\r' && len(b) > 0 && b[0] == '\n' {
		n--
	}
	return n
}

// separators are never part of a character of several bytes.
const separators = "\r\n,;\t\" "

// behindCut is b from where a character surely begins: it was cut out of a text at any byte.
func behindCut(b []byte) []byte {
	if i := bytes.IndexAny(b, separators); i >= 0 {
		return b[i+1:]
	}
	return nil
}

// collect adds lines with letters beyond ASCII to the sample, at most share bytes. A long line is cut at separators. At the start of b a
// character begins.
func (e *examined) collect(b []byte, share int) {
	const long = 16 << 10
	for len(b) > 0 && share > 0 {
		at := bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf })
		if at < 0 {
			return
		}
		from, to := max(0, at-512), len(b)
		if i := bytes.LastIndexAny(b[from:at], separators); i >= 0 {
			from += i + 1
		} else if at > 0 {
			from = at
		}
		if i := bytes.IndexAny(b[at:], "\r\n"); i >= 0 {
			to = at + i + 1
		}
		to = min(to, from+long)
		if i := bytes.LastIndexAny(b[from:to], separators); i >= 0 && from+i+1 > at {
			to = from + i + 1
		} else if to < len(b) || !e.last {
			b = behindCut(b[to:])
			continue
		} else {
			e.tail = to - from
		}
		e.sample = append(e.sample, b[from:to]...)
		share -= to - from
		b = b[to:]
	}
}

// isJSON reports whether a text is what programs exchange in braces.
func isJSON(text string) bool {
	text = strings.TrimLeftFunc(text, invisible)
	return strings.HasPrefix(text, "{") && json(text[1:], `"}`) || strings.HasPrefix(text, "[") && json(text[1:], "{[")
}

func json(rest, opens string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n")
	return rest != "" && strings.IndexByte(opens, rest[0]) >= 0
}
