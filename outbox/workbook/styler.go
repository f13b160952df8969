package workbook

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// styler extends the formats of the sender's workbook: all that are there stay as they are, ours follow.
type styler struct {
	base
	part     string
	content  []byte
	formats  [][]byte // the elements of cellXfs
	bold     []byte   // the workbook's usual font in bold
	big      []byte
	numbers  int  // one more than it has numFmts; 0 when it has not even the list
	scarce   bool // it has one fill only: the second is the program's own, whatever stands there
	clones   [][]byte
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
		s.part = o.beside("styles", ".xml")
		s.content = freshStyles(space)
		s.base = fresh
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
	return s, nil
}

func (s *styler) isNew(o *original) bool { return o.styles == "" }

// read collects what ours must fit to.
func (s *styler) read() bool {
	borders := 0
	s.timeNumber = 164
	var list string
	var item, font []byte
	for k, depth := range walk(s.content) {
		if depth == 1 && k.kind == open {
			s.prefix = prefixOf(k.name)
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
				s.timeNumber = max(s.timeNumber, n+1)
			}
		case "fonts":
			if s.fonts++; s.fonts == 1 {
				font = bytes.Clone(item)
			}
		case "fills":
			s.fills++
		case "borders":
			borders++
		case "cellStyleXfs":
			s.parents = true
		case "cellXfs":
			s.formats = append(s.formats, bytes.Clone(item))
		}
		item = item[:0]
	}
	s.xfs, s.firstBold, s.firstBig = len(s.formats), s.fonts, s.fonts+1
	s.bold, s.big = embolden(font, s.prefix, false), embolden(font, s.prefix, true)
	s.scarce = s.fills == 1
	s.fills = max(s.fills, 2)
	return s.fonts > 0 && borders > 0 && s.xfs > 0 && s.xfs < mostFormats
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
	if format >= len(s.formats) {
		format = 0
	}
	key := marking{format, bad}
	if n, known := s.marked[key]; known {
		return n
	}
	n := s.of(look(len(formats()))) + len(s.clones)
	if n >= mostFormats {
		s.unmarked++
		return format
	}
	fill := s.fills + fillWarn
	if bad {
		fill = s.fills + fillBad
	}
	raw := s.formats[format]
	end := bytes.IndexByte(raw, '>') + 1
	clone := with(nil, with(nil, raw[:end], "fillId", strconv.Itoa(fill)), "applyFill", "1")
	s.clones = append(s.clones, append(clone, raw[end:]...))
	s.marked[key] = n
	return n
}

// write gives the part with ours.
func (s *styler) write(isNew bool) ([]byte, error) {
	var additions = map[string]string{"cellXfs": string(bytes.Join(s.clones, nil))}
	counts := map[string]int{"cellXfs": s.of(look(len(formats()))) + len(s.clones)}
	if !isNew {
		var fills, xfs string
		if s.scarce {
			fills = fmt.Sprintf(`<%[1]sfill><%[1]spatternFill patternType="gray125"/></%[1]sfill>`, s.prefix)
		}
		for _, c := range ourFills() {
			fills += s.fill(c)
		}
		for _, f := range formats() {
			xfs += s.xf(f)
		}
		additions["cellXfs"] = xfs + additions["cellXfs"]
		additions["fills"] = fills
		additions["fonts"] = string(s.bold) + string(s.big)
		counts["fills"] = s.fills + len(ourFills())
		counts["fonts"] = s.fonts + 2
		own := fmt.Sprintf(`<%snumFmt numFmtId="%d" formatCode="%s"/>`, s.prefix, s.timeNumber, timeFormat)
		if s.numbers > 0 {
			additions["numFmts"] = own
			counts["numFmts"] = s.numbers
		} else {
			additions[""] = fmt.Sprintf(`<%[1]snumFmts count="1">%[2]s</%[1]snumFmts>`, s.prefix, own)
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
