package ours

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/resultmark"
)

// AddedEnd ends every note of ours and what is added to one of the sender's: a letter that has no width, by which they are known again:
// LibreOffice forgets the authors.
const AddedEnd = "\u200b"

// Notes are the notes at cells of one sheet: the part with their texts and the part with their boxes grow side by side.
type Notes struct {
	Comments *Spool
	Shapes   *Spool
	Prefix   string // of the comments' elements
	Author   int
	Shape    int // id of the next box
	count    int
	b        []byte
	Declare  string // namespaces that a box must declare itself
	kind     string // of the boxes: id of the shape type

	// In a sheet that has notes already: what is to be added to them, by cell. Texts go there instead of into a second note.
	Existing map[string]string
	Threaded map[string]bool // cells where a note would not be seen
	Tail     string          // ends the part of the boxes
}

// longestNote keeps a note readable.
const longestNote = 4000

const (
	VMLSpaces = ` xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"`
	ShapeType = `_x0000_t202`
	VMLType   = `<v:shapetype id="%s"%s coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>`
)

// OpenNotes begins the notes of a sheet that has none.
func OpenNotes(comments, shapes, space, prefix string, block, expected int) (*Notes, error) {
	n := &Notes{Prefix: prefix, Shape: block*1024 + 1, kind: ShapeType, Tail: "</xml>"}
	var err error
	if n.Comments, err = NewSpool(comments); err != nil {
		return nil, err
	}
	if n.Shapes, err = NewSpool(shapes); err != nil {
		n.Comments.Close()
		return nil, err
	}
	declare := "xmlns"
	if prefix != "" {
		declare += ":" + strings.TrimSuffix(prefix, ":")
	}
	fmt.Fprintf(n.Comments, XMLHead+`<%[1]scomments %[2]s="%[3]s"><%[1]sauthors><%[1]sauthor>%[4]s</%[1]sauthor></%[1]sauthors><%[1]scommentList>`, prefix, declare, space, resultmark.Author)
	fmt.Fprintf(n.Shapes, `<xml%s><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%s"/></o:shapelayout>`+VMLType, VMLSpaces, Blocks(block, expected), ShapeType, "")
	return n, nil
}

// Blocks lists the blocks of 1024 box ids that so many boxes need.
func Blocks(first, boxes int) string {
	b := strconv.AppendInt(nil, int64(first), 10)
	for i := 1; i <= min(boxes/1000, 1000); i++ {
		b = strconv.AppendInt(append(b, ','), int64(first+i), 10)
	}
	return string(b)
}

// Add writes a note at the cell; column from 0.
func (n *Notes) Add(column, row int, text string) error {
	text = shorten(text, longestNote)
	if n.Existing != nil {
		ref := string(AppendRef(nil, column, row))
		if n.Threaded[ref] {
			return nil
		}
		if _, there := n.Existing[ref]; there {
			n.Existing[ref] = text
			n.count++
			return nil
		}
	}
	n.count++
	text = strings.ReplaceAll(text, AddedEnd, "") + AddedEnd
	n.b = n.comment(n.b[:0], column, row, text)
	if _, err := n.Comments.Write(n.b); err != nil {
		return err
	}
	n.b = n.box(n.b[:0], column, row, text)
	_, err := n.Shapes.Write(n.b)
	return err
}

func (n *Notes) comment(b []byte, column, row int, text string) []byte {
	tag := func(open, name string) { b = append(append(append(b, open...), n.Prefix...), name...) }
	tag("<", `comment ref="`)
	b = AppendRef(b, column, row)
	b = append(strconv.AppendInt(append(b, `" authorId="`...), int64(n.Author), 10), `">`...)
	tag("<", "text>")
	b = n.Run(b, text)
	tag("</", "text>")
	tag("</", "comment>")
	return b
}

// Run appends one run of rich text.
func (n *Notes) Run(b []byte, text string) []byte {
	tag := func(open, name string) { b = append(append(append(b, open...), n.Prefix...), name...) }
	tag("<", "r>")
	tag("<", "rPr>")
	tag("<", `sz val="9"/>`)
	tag("<", `color indexed="81"/>`)
	tag("<", `rFont val="Tahoma"/>`)
	tag("<", `family val="2"/>`)
	tag("</", "rPr>")
	tag("<", `t xml:space="preserve">`)
	b = AppendText(b, text)
	tag("</", "t>")
	tag("</", "r>")
	return b
}

// box appends the note's box, hidden until someone points at the cell, wide and high enough for its text.
func (n *Notes) box(b []byte, column, row int, text string) []byte {
	const across = 4 // columns of usual width
	lines := 1.0
	for l := range strings.SplitSeq(text, "\n") {
		lines += float64(int(Width(l)/40)) + 1
	}
	left, top := column+1, max(0, row-2)
	if left+across >= MaxColumn {
		left = max(0, column-across-1)
	}
	bottom := min(top+max(3, min(30, int(lines*0.8+1))), MaxRow-1)
	b = append(append(append(b, `<v:shape id="_x0000_s`...), strconv.Itoa(n.Shape)...), '"')
	b = append(b, n.Declare...)
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
	n.Shape++
	return b
}

// Finish ends both parts of a sheet that had no notes.
func (n *Notes) Finish() error {
	fmt.Fprintf(n.Comments, "</%[1]scommentList></%[1]scomments>", n.Prefix)
	n.Shapes.WriteString(n.Tail)
	if err := n.Comments.Finish(); err != nil {
		return err
	}
	return n.Shapes.Finish()
}

// Close removes what was written down for a while.
func (n *Notes) Close() {
	n.Comments.Close()
	n.Shapes.Close()
}
