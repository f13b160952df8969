package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/resultmark"
)

// oldNotes are the notes and boxes that the sender's sheet has.
type oldNotes struct {
	comments string // part; "" when there is none
	shapes   string // part; "" when there is none
	authors  int
	cells    map[string]string // note → what is to be added to it
	threaded map[string]bool   // notes that stand for a conversation: programs show that instead of their text
	maxShape int               // the highest box id of the workbook

	// While ours are written: the rest of the part, which follows ours.
	rest   *tokens
	reader io.ReadCloser
	end    string // closes the list when it was empty
}

// openOldNotes finds the notes of the sheet.
func openOldNotes(o *original, s *survey) (*oldNotes, error) {
	n := &oldNotes{cells: map[string]string{}, threaded: map[string]bool{}}
	for _, l := range o.sheetRels {
		switch {
		case l.kind == "comments" && n.comments == "":
			n.comments = l.target
		case l.kind == "comments":
			return nil, unusual(relationsOf(o.sheet))
		case s.legacy != "" && l.id == s.legacy:
			n.shapes = l.target
		}
	}
	if s.legacy != "" && n.shapes == "" {
		return nil, unusual(relationsOf(o.sheet))
	}
	for name := range o.parts {
		if strings.HasSuffix(name, ".vml") {
			content, err := o.bytes(name)
			if err != nil {
				return nil, err
			}
			n.maxShape = max(n.maxShape, highestShape(content))
		}
	}
	if n.comments == "" {
		return n, nil
	}
	return n, n.read(o)
}

func highestShape(content []byte) int {
	highest := 0
	for {
		_, after, found := bytes.Cut(content, []byte("_x0000_s"))
		if !found {
			return highest
		}
		end := 0
		for end < len(after) && end < 9 && after[end] >= '0' && after[end] <= '9' {
			end++
		}
		if id, err := strconv.Atoi(string(after[:end])); err == nil {
			highest = max(highest, id)
		}
		content = after
	}
}

// read learns which cells have notes.
func (n *oldNotes) read(o *original) error {
	r, err := o.open(n.comments)
	if err != nil {
		return err
	}
	defer r.Close()
	t := cut(r)
	var author []byte
	inAuthor := false
	threads := map[string]bool{}
	for first := true; ; first = false {
		k, err := t.next()
		if err == io.EOF {
			return nil
		}
		if err != nil || first && !utf8Part(k.raw) {
			return unusual(n.comments)
		}
		switch {
		case k.kind == chars && inAuthor:
			author = append(author, k.raw...)
		case k.kind == shut && k.local() == "author":
			threads[strconv.Itoa(n.authors)] = bytes.HasPrefix(author, []byte("tc={"))
			n.authors, author, inAuthor = n.authors+1, author[:0], false
		case k.kind == both && k.local() == "author":
			n.authors++
		case k.kind == open && k.local() == "author":
			inAuthor = true
		case k.kind == open && k.local() == "comment":
			ref, _ := value(k.raw, "ref")
			by, _ := value(k.raw, "authorId")
			if threads[by] {
				n.threaded[ref] = true
			} else {
				n.cells[ref] = ""
			}
		}
	}
}

func (n *oldNotes) close() {
	if n.reader != nil {
		n.reader.Close()
	}
}

// The relations of ours in a sheet that had none.
const (
	shapesID   = "rIdRowferryBoxes"
	commentsID = "rIdRowferryNotes"
)

// openNotes begins the notes: beside the sender's, or the first of the sheet.
func (p *patch) openNotes() (*notes, error) {
	block := p.old.maxShape/1024 + 1
	comments, shapes := p.o.beside("rowferry-comments", ".xml"), p.o.beside("drawings/rowferry-notes", ".vml")
	n, err := openNotes(comments, shapes, p.s.space, "", block, 4*p.report.File.Counts.Invalid)
	if err != nil {
		return nil, err
	}
	if p.old.comments != "" {
		n.comments.close()
		if n.comments, err = newSpool(p.o.part(p.old.comments).Name); err == nil {
			err = p.old.begin(p.o, n)
		}
	}
	if err == nil && p.old.shapes != "" {
		n.shapes.close()
		if n.shapes, err = newSpool(p.o.part(p.old.shapes).Name); err == nil {
			err = p.old.boxes(p.o, n, block)
		}
	}
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// begin copies the part up to its list of notes; ours come first in it.
func (n *oldNotes) begin(o *original, ours *notes) error {
	var err error
	if n.reader, err = o.open(n.comments); err != nil {
		return err
	}
	ours.author, ours.existing, ours.threaded = n.authors, n.cells, n.threaded
	n.rest = cut(n.reader)
	for first := true; ; {
		k, err := n.rest.next()
		if err != nil {
			return unusual(n.comments)
		}
		if first && k.name != nil {
			first = false
			ours.prefix = prefixOf(k.name)
		}
		author := fmt.Sprintf("<%[1]sauthor>%[2]s</%[1]sauthor>", ours.prefix, resultmark.Author)
		switch {
		case k.kind == both && k.local() == "authors":
			ours.comments.Write(opened(nil, k.raw))
			fmt.Fprintf(ours.comments, "%s</%s>", author, k.name)
			continue
		case k.kind == shut && k.local() == "authors":
			ours.comments.WriteString(author)
		case k.kind == both && k.local() == "commentList":
			ours.comments.Write(opened(nil, k.raw))
			n.end = "</" + string(k.name) + ">"
			return nil
		}
		if _, err := ours.comments.Write(k.raw); err != nil {
			return err
		}
		if k.kind == open && k.local() == "commentList" {
			return nil
		}
	}
}

// finish copies the sender's notes behind ours, with what is added to them.
func (n *oldNotes) finish(ours *notes) error {
	ours.comments.WriteString(n.end)
	addition, depth := "", 0
	inText, wrapped := 0, false
	for {
		k, err := n.rest.next()
		if err == io.EOF {
			return ours.comments.finish()
		}
		if err != nil {
			return unusual(n.comments)
		}
		switch k.kind {
		case open:
			depth++
		case shut:
			depth--
		}
		name := k.local()
		switch {
		case k.kind == open && name == "comment":
			ref, _ := value(k.raw, "ref")
			addition = n.cells[ref]
		case addition == "":
		case k.kind == both && name == "text":
			ours.comments.Write(opened(nil, k.raw))
			ours.comments.Write(ours.run(nil, addition))
			fmt.Fprintf(ours.comments, "</%s>", k.name)
			addition = ""
			continue
		case k.kind == open && name == "text":
			inText = depth
		case inText > 0 && name == "t" && (k.kind == open && depth == inText+1):
			fmt.Fprintf(ours.comments, "<%sr>", ours.prefix)
			wrapped = true
		case inText > 0 && wrapped && name == "t" && k.kind == shut && depth == inText:
			ours.comments.Write(k.raw)
			fmt.Fprintf(ours.comments, "</%sr>", ours.prefix)
			wrapped = false
			continue
		case inText > 0 && (name == "rPh" || name == "phoneticPr") && k.kind != shut || k.kind == shut && name == "text":
			ours.comments.Write(ours.run(nil, "\n\n"+addition))
			addition, inText = "", 0
		}
		if _, err := ours.comments.Write(k.raw); err != nil {
			return err
		}
	}
}

// boxes copies the part of the boxes up to its end; ours come last in it.
func (n *oldNotes) boxes(o *original, ours *notes, block int) error {
	content, err := o.bytes(n.shapes)
	if err != nil {
		return err
	}
	end := bytes.LastIndex(content, []byte("</"))
	if end < 0 || bytes.IndexByte(content[end:], '>') < 0 {
		return unusual(n.shapes)
	}
	n.tail(ours, content[end:])
	t := cut(bytes.NewReader(content[:end]))
	for first := true; ; {
		k, err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return unusual(n.shapes)
		}
		if first && k.kind == open {
			first = false
			for _, space := range strings.Fields(vmlSpaces) {
				name, uri, _ := strings.Cut(space, "=")
				if v, _ := value(k.raw, name); v != strings.Trim(uri, `"`) {
					ours.declare += " " + space
				}
			}
		}
		raw := k.raw
		if k.is("o:idmap") {
			if v, found := value(raw, "data"); found {
				raw = with(nil, raw, "data", v+","+blocks(block, 4*1000))
			}
		}
		if _, err := ours.shapes.Write(raw); err != nil {
			return err
		}
	}
	if !bytes.Contains(content, []byte(`id="`+shapeType+`"`)) {
		fmt.Fprintf(ours.shapes, vmlType, shapeType, ours.declare)
	}
	return nil
}

func (n *oldNotes) tail(ours *notes, tail []byte) { ours.tail = string(tail) }

// endNotes ends both parts.
func (p *patch) endNotes() error {
	n := p.notes
	if p.old.comments == "" {
		fmt.Fprintf(n.comments, "</%[1]scommentList></%[1]scomments>", n.prefix)
		if err := n.comments.finish(); err != nil {
			return err
		}
	} else if err := p.old.finish(n); err != nil {
		return err
	}
	n.shapes.WriteString(n.tail)
	if err := n.shapes.finish(); err != nil {
		return errors.Join(err)
	}
	return nil
}
