package workbook

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/resultmark"
)

// notes are the notes at cells of one sheet: the part with their texts and the part with their boxes grow side by side.
type notes struct {
	comments *spool
	shapes   *spool
	prefix   string // of the comments' elements
	author   int
	shape    int // id of the next box
	count    int
	b        []byte
	declare  string // namespaces that a box must declare itself
	kind     string // of the boxes: id of the shape type

	// In a sheet that has notes already: what is to be added to them, by cell. Texts go there instead of into a second note.
	existing map[string]string
	threaded map[string]bool // cells where a note would not be seen
	tail     string          // ends the part of the boxes
}

// longestNote keeps a note readable.
const longestNote = 4000

const (
	vmlSpaces = ` xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"`
	shapeType = `_x0000_t202`
	vmlType   = `<v:shapetype id="%s"%s coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>`
)

// openNotes begins the notes of a sheet that has none.
func openNotes(comments, shapes, space, prefix string, block, expected int) (*notes, error) {
	n := &notes{prefix: prefix, shape: block*1024 + 1, kind: shapeType, tail: "</xml>"}
	var err error
	if n.comments, err = newSpool(comments); err != nil {
		return nil, err
	}
	if n.shapes, err = newSpool(shapes); err != nil {
		n.comments.close()
		return nil, err
	}
	declare := "xmlns"
	if prefix != "" {
		declare += ":" + strings.TrimSuffix(prefix, ":")
	}
	fmt.Fprintf(n.comments, xmlHead+`<%[1]scomments %[2]s="%[3]s"><%[1]sauthors><%[1]sauthor>%[4]s</%[1]sauthor></%[1]sauthors><%[1]scommentList>`, prefix, declare, space, resultmark.Author)
	fmt.Fprintf(n.shapes, `<xml%s><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%s"/></o:shapelayout>`+vmlType, vmlSpaces, blocks(block, expected), shapeType, "")
	return n, nil
}

// blocks lists the blocks of 1024 box ids that so many boxes need.
func blocks(first, boxes int) string {
	b := strconv.AppendInt(nil, int64(first), 10)
	for i := 1; i <= min(boxes/1000, 1000); i++ {
		b = strconv.AppendInt(append(b, ','), int64(first+i), 10)
	}
	return string(b)
}

// add writes a note at the cell; column from 0.
func (n *notes) add(column, row int, text string) error {
	text = shorten(text, longestNote)
	if n.existing != nil {
		ref := string(appendRef(nil, column, row))
		if n.threaded[ref] {
			return nil
		}
		if _, there := n.existing[ref]; there {
			n.existing[ref] = text
			n.count++
			return nil
		}
	}
	n.count++
	text = strings.ReplaceAll(text, addedEnd, "") + addedEnd
	n.b = n.comment(n.b[:0], column, row, text)
	if _, err := n.comments.Write(n.b); err != nil {
		return err
	}
	n.b = n.box(n.b[:0], column, row, text)
	_, err := n.shapes.Write(n.b)
	return err
}

func (n *notes) comment(b []byte, column, row int, text string) []byte {
	tag := func(open, name string) { b = append(append(append(b, open...), n.prefix...), name...) }
	tag("<", `comment ref="`)
	b = appendRef(b, column, row)
	b = append(strconv.AppendInt(append(b, `" authorId="`...), int64(n.author), 10), `">`...)
	tag("<", "text>")
	b = n.run(b, text)
	tag("</", "text>")
	tag("</", "comment>")
	return b
}

// run appends one run of rich text.
func (n *notes) run(b []byte, text string) []byte {
	tag := func(open, name string) { b = append(append(append(b, open...), n.prefix...), name...) }
	tag("<", "r>")
	tag("<", "rPr>")
	tag("<", `sz val="9"/>`)
	tag("<", `color indexed="81"/>`)
	tag("<", `rFont val="Tahoma"/>`)
	tag("<", `family val="2"/>`)
	tag("</", "rPr>")
	tag("<", `t xml:space="preserve">`)
	b = appendText(b, text)
	tag("</", "t>")
	tag("</", "r>")
	return b
}

// box appends the note's box, hidden until someone points at the cell, wide and high enough for its text.
func (n *notes) box(b []byte, column, row int, text string) []byte {
	const across = 4 // columns of usual width
	lines := 1.0
	for l := range strings.SplitSeq(text, "\n") {
		lines += float64(int(width(l)/40)) + 1
	}
	left, top := column+1, max(0, row-2)
	if left+across >= maxColumn {
		left = max(0, column-across-1)
	}
	bottom := min(top+max(3, min(30, int(lines*0.8+1))), maxRow-1)
	b = append(append(append(b, `<v:shape id="_x0000_s`...), strconv.Itoa(n.shape)...), '"')
	b = append(b, n.declare...)
	b = append(append(b, ` type="#`...), n.kind...)
	b = append(b, `" style="position:absolute;margin-left:60pt;margin-top:1.5pt;width:190pt;height:60pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">`+
		`<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>`+
		`<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>`+
		`<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>`...)
	for i, v := range [8]int{left, 12, top, 4, left + across, 12, bottom, 4} {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, int64(v), 10)
	}
	b = append(b, `</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>`...)
	b = append(strconv.AppendInt(b, int64(row-1), 10), `</x:Row><x:Column>`...)
	b = append(strconv.AppendInt(b, int64(column), 10), `</x:Column></x:ClientData></v:shape>`...)
	n.shape++
	return b
}

// finish ends both parts of a sheet that had no notes.
func (n *notes) finish() error {
	fmt.Fprintf(n.comments, "</%[1]scommentList></%[1]scomments>", n.prefix)
	n.shapes.WriteString(n.tail)
	if err := n.comments.finish(); err != nil {
		return err
	}
	return n.shapes.finish()
}

func (n *notes) close() {
	n.comments.close()
	n.shapes.close()
}
