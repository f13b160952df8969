package patch

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/rowferry/rowferry/outbox/workbook/ours"
)

// styler extends the formats of the sender's workbook: all that are there stay as they are, ours follow.
type styler struct {
	ours.Base
	part     string
	content  []byte
	formats  [][]byte // the elements of cellXfs
	bold     []byte   // the workbook's usual font in bold
	big      []byte
	numbers  int  // one more than it has numFmts; 0 when it has not even the list
	scarce   bool // it has one fill only: the second is the program's own, whatever stands there
	clones   [][]byte
	fillList [][]byte
	fontList [][]byte
	timeAt   int         // the number of a format for moments that is there already; 0: none
	reused   bool        // ours of an earlier result are there: nothing is added but colours
	tints    []int       // fills of the sender's under our colour, each gets a shade of its own
	more     [][]byte    // further fills
	earlier  map[int]int // a format in our colour of an earlier result → the sender's
	bared    map[int]int // a fill of an earlier result → what was below it
	pairs    [][2]int    // what fresh gives
	marked   map[marking]int
	unmarked int
}

// marking is a format of the sender's with a colour of ours.
type marking struct {
	format int
	bad    bool
}

// mostFormats is what Excel allows, with some room.
const mostFormats = 64_000

// openStyles reads the formats; a workbook without any gets those of a new one.
func openStyles(o *original, space string) (*styler, error) {
	s := &styler{part: o.styles, marked: map[marking]int{}}
	if s.part == "" {
		s.part = o.beside("styles", ".xml", true)
		s.content = ours.FreshStyles(space)
		s.Base = ours.Fresh
		s.formats = [][]byte{[]byte(`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>`)}
		return s, nil
	}
	var err error
	if s.content, err = o.bytes(s.part); err != nil {
		return nil, err
	}
	if !s.read() {
		return nil, unusual(s.part)
	}
	s.reuse()
	return s, nil
}

// reuse finds the formats of an earlier result, where no program has numbered them anew since.
func (s *styler) reuse() {
	var fills, xfs [][]byte
	for _, c := range ours.Colours() {
		fills = append(fills, []byte(s.Fill(c)))
	}
	b := s.Base
	b.Fills = run(s.fillList, fills)
	b.FirstBold = run(s.fontList, [][]byte{s.bold, s.big, []byte(ours.LinkFont(s.Prefix))})
	b.FirstBig = b.FirstBold + 1
	if b.TimeNumber = s.timeAt; b.Fills < 0 || b.FirstBold < 0 || s.timeAt == 0 {
		return
	}
	for _, f := range ours.Formats() {
		xfs = append(xfs, []byte(b.XF(f)))
	}
	if b.XFs = run(s.formats, xfs); b.XFs >= 0 {
		s.Base, s.reused = b, true
	}
}

// run is where part stands in list, -1 for nowhere.
func run(list, part [][]byte) int {
	for i := range len(list) - len(part) + 1 {
		if slices.EqualFunc(list[i:i+len(part)], part, bytes.Equal) {
			return i
		}
	}
	return -1
}

// next is the number of the next format.
func (s *styler) next() int {
	if s.reused {
		return len(s.formats) + len(s.clones)
	}
	return s.Of(ours.Look(len(ours.Formats()))) + len(s.clones)
}

// nextFill is the number of the next fill.
func (s *styler) nextFill() int {
	if s.reused {
		return len(s.fillList) + len(s.more)
	}
	return s.Fills + len(ours.Colours()) + len(s.more)
}

func (s *styler) isNew(o *original) bool { return o.styles == "" }

// read collects what ours must fit to.
func (s *styler) read() bool {
	borders := 0
	s.TimeNumber = 164
	var list string
	var item, font []byte
	for k, depth := range walk(s.content) {
		if depth == 1 && k.kind == open {
			s.Prefix = prefixOf(k.name)
		}
		switch {
		case depth == 2 && k.kind != shut:
			if list = k.local(); k.name != nil && list == "numFmts" {
				s.numbers = 1
			}
			continue
		case depth == 3 && k.kind == open:
			item = append(item[:0], k.raw...)
			continue
		case depth == 3 && k.kind == both:
			item = append(item[:0], k.raw...)
		case depth == 3 && k.kind == shut:
			item = append(item, k.raw...)
		case depth > 3:
			item = append(item, k.raw...)
			continue
		default:
			continue
		}
		switch list {
		case "numFmts":
			s.numbers++
			if n, ok := number(item, "numFmtId", 0); ok {
				s.TimeNumber = max(s.TimeNumber, n+1)
				if code, _ := value(item, "formatCode"); code == ours.TimeFormat {
					s.timeAt = n
				}
			}
		case "fonts":
			if s.Fonts++; s.Fonts == 1 {
				font = bytes.Clone(item)
			}
			s.fontList = append(s.fontList, bytes.Clone(item))
		case "fills":
			s.Fills++
			s.fillList = append(s.fillList, bytes.Clone(item))
		case "borders":
			borders++
		case "cellStyleXfs":
			s.Parents = true
		case "cellXfs":
			s.formats = append(s.formats, bytes.Clone(item))
		}
		item = item[:0]
	}
	s.XFs, s.FirstBold, s.FirstBig = len(s.formats), s.Fonts, s.Fonts+1
	s.bold, s.big = embolden(font, s.Prefix, false), embolden(font, s.Prefix, true)
	s.scarce = s.Fills == 1
	s.Fills = max(s.Fills, 2)
	return s.Fonts > 0 && borders > 0 && s.XFs > 0 && s.XFs < mostFormats
}

// walk gives the pieces of a part with their depth: the root's tags have 1, its children's 2.
func walk(content []byte) func(func(token, int) bool) {
	return func(yield func(token, int) bool) {
		t := cut(bytes.NewReader(content))
		depth := 0
		for {
			k, err := t.next()
			if err != nil {
				return
			}
			at := depth + 1
			switch k.kind {
			case open:
				depth++
			case shut:
				at, depth = depth, depth-1
			}
			if !yield(k, at) {
				return
			}
		}
	}
}

// embolden is a font in bold, for the title also bigger.
func embolden(font []byte, prefix string, big bool) []byte {
	var b []byte
	bold := "<" + prefix + "b/>"
	for k, depth := range walk(font) {
		switch {
		case depth == 1 && k.kind == both:
			b = append(append(opened(b, k.raw), bold...), "</"+prefix+"font>"...)
		case depth == 1 && k.kind == open:
			b = append(append(b, k.raw...), bold...)
		case depth == 2 && k.local() == "b":
		case depth == 2 && k.local() == "sz" && big && k.kind != shut:
			b = with(b, k.raw, "val", "14")
		default:
			b = append(b, k.raw...)
		}
	}
	return b
}

// mark gives the number of a format of the sender's in our colour.
func (s *styler) mark(format int, bad bool) int {
	raw := s.format(format)
	if raw == nil {
		format, raw = 0, s.formats[0]
	}
	key := marking{format, bad}
	if n, known := s.marked[key]; known {
		return n
	}
	end := bytes.IndexByte(raw, '>') + 1
	under, _ := number(raw[:end], "fillId", 0)
	clone := with(nil, with(nil, raw[:end], "fillId", strconv.Itoa(s.tint(under, bad))), "applyFill", "1")
	clone = append(clone, raw[end:]...)
	n := s.known(format, clone)
	if n < 0 {
		if n = s.next(); n >= mostFormats {
			s.unmarked++
			return format
		}
		s.clones = append(s.clones, clone)
	}
	s.marked[key] = n
	s.pairs = append(s.pairs, [2]int{n, format})
	return n
}

// format is a format of the sender's, or one without a colour of ours; nil when there is none.
func (s *styler) format(n int) []byte {
	first := s.next() - len(s.clones)
	switch {
	case n < len(s.formats):
		return s.formats[n]
	case n >= first && n < s.next():
		return s.clones[n-first]
	}
	return nil
}

// follow learns the formats in our colours that an earlier result has made.
func (s *styler) follow(earlier map[int]int) {
	s.earlier, s.bared = maps.Clone(earlier), map[int]int{}
	for coloured, own := range earlier {
		from, _ := number(startTag(s.formats[coloured]), "fillId", 0)
		to, _ := number(startTag(s.formats[own]), "fillId", 0)
		if was, known := s.bared[from]; known && was != to {
			to = -1
		}
		s.bared[from] = to
	}
}

// own is the sender's format of a cell: without the colour of an earlier result. LibreOffice gives a text another format than an
// empty cell, so one that is in no pair is known by its fill.
func (s *styler) own(format int) int {
	if own, is := s.earlier[format]; is || len(s.bared) == 0 || format >= len(s.formats) {
		if is {
			return own
		}
		return format
	}
	tag := startTag(s.formats[format])
	fill, _ := number(tag, "fillId", 0)
	below, is := s.bared[fill]
	if !is || below < 0 {
		return format
	}
	bare := slices.Concat(with(nil, tag, "fillId", strconv.Itoa(below)), s.formats[format][len(tag):])
	own := slices.IndexFunc(s.formats, func(f []byte) bool { return bytes.Equal(f, bare) })
	if own < 0 {
		if own = s.next(); own >= mostFormats {
			return format
		}
		s.clones = append(s.clones, bare)
	}
	s.earlier[format] = own
	return own
}

func startTag(raw []byte) []byte { return raw[:bytes.IndexByte(raw, '>')+1] }

// known is the number of a format in our colour that an earlier result has made, -1 for none.
func (s *styler) known(own int, clone []byte) int {
	for n, was := range s.earlier {
		if was == own && n < len(s.formats) && bytes.Equal(s.formats[n], clone) {
			return n
		}
	}
	return -1
}

// mostTints is how many shades of a colour nobody can tell apart.
const mostTints = 16

// tint is the fill of our colour over one of the sender's. Each of those has its own shade: programs make one format of two
// that are alike, and then nobody knows what colour the cell had.
func (s *styler) tint(under int, bad bool) int {
	at := slices.Index(s.tints, under)
	if at < 0 {
		at = len(s.tints)
		s.tints = append(s.tints, under)
	}
	colour, usual := ours.ColourWarn, s.Fills+ours.FillWarn
	if bad {
		colour, usual = ours.ColourBad, s.Fills+ours.FillBad
	}
	if at = min(at, mostTints-1); at == 0 {
		return usual
	}
	last, _ := strconv.ParseUint(colour[6:], 16, 8)
	raw := []byte(s.Fill(fmt.Sprintf("%s%02X", colour[:6], last+uint64(at))))
	for i, f := range s.fillList {
		if bytes.Equal(f, raw) {
			return i
		}
	}
	first := s.nextFill() - len(s.more)
	for i, f := range s.more {
		if bytes.Equal(f, raw) {
			return first + i
		}
	}
	s.more = append(s.more, raw)
	return first + len(s.more) - 1
}

// write gives the part with ours.
func (s *styler) write(isNew bool) ([]byte, error) {
	var additions = map[string]string{"cellXfs": string(bytes.Join(s.clones, nil))}
	counts := map[string]int{"cellXfs": s.next()}
	if len(s.more) > 0 {
		additions["fills"] = string(bytes.Join(s.more, nil))
		counts["fills"] = s.nextFill()
	}
	if !isNew && !s.reused {
		var fills, xfs string
		if s.scarce {
			fills = fmt.Sprintf(`<%[1]sfill><%[1]spatternFill patternType="gray125"/></%[1]sfill>`, s.Prefix)
		}
		for _, c := range ours.Colours() {
			fills += s.Fill(c)
		}
		for _, f := range ours.Formats() {
			xfs += s.XF(f)
		}
		additions["cellXfs"] = xfs + additions["cellXfs"]
		additions["fills"] = fills + additions["fills"]
		additions["fonts"] = string(s.bold) + string(s.big) + ours.LinkFont(s.Prefix)
		counts["fills"] = s.nextFill()
		counts["fonts"] = s.Fonts + 3
		own := fmt.Sprintf(`<%snumFmt numFmtId="%d" formatCode="%s"/>`, s.Prefix, s.TimeNumber, ours.TimeFormat)
		if s.numbers > 0 {
			additions["numFmts"] = own
			counts["numFmts"] = s.numbers
		} else {
			additions[""] = fmt.Sprintf(`<%[1]snumFmts count="1">%[2]s</%[1]snumFmts>`, s.Prefix, own)
		}
	}
	return splice(s.content, additions, counts)
}

// splice writes a part with additions at the end of the root's children of these names ("": at the root's beginning),
// and the attribute count of those set where counts has one.
func splice(content []byte, additions map[string]string, counts map[string]int) ([]byte, error) {
	out := make([]byte, 0, len(content)+4096)
	left := len(additions)
	prefix := ""
	for k, depth := range walk(content) {
		if depth == 1 && (k.kind == open || k.kind == both) {
			prefix = prefixOf(k.name)
			if k.kind == both {
				out = append(append(opened(out, k.raw), additions[""]...), "</"+string(k.name)+">"...)
				left--
				continue
			}
			out = append(out, k.raw...)
			if text, has := additions[""]; has {
				out = append(out, text...)
				left--
			}
			continue
		}
		if depth != 2 || k.name == nil || prefixOf(k.name) != prefix {
			out = append(out, k.raw...)
			continue
		}
		text, has := additions[k.local()]
		if !has {
			out = append(out, k.raw...)
			continue
		}
		if k.kind == shut {
			out = append(append(out, text...), k.raw...)
			left--
			continue
		}
		raw := k.raw
		if n, known := counts[k.local()]; known {
			raw = with(nil, raw, "count", strconv.Itoa(n))
		}
		if k.kind == open {
			out = append(out, raw...)
			continue
		}
		name := string(k.name)
		out = append(append(opened(out, raw), text...), "</"+name+">"...)
		left--
	}
	if left != 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return out, nil
}
