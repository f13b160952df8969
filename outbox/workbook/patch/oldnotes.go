package patch

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/outbox/workbook/ours"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/resultmark"
)

// oldNotes are the notes and boxes that the sender's sheet has.
type oldNotes struct {
	comments string // part; "" when there is none
	shapes   string // part; "" when there is none
	authors  int
	own      int               // ours among the authors, -1 when it is not
	ours     map[string]bool   // notes of an earlier result
	stale    bool              // it has left something, which must go
	cells    map[string]string // note → what is to be added to it
	threaded map[string]bool   // notes that stand for a conversation: programs show that instead of their text
	maxShape int               // the highest box id of the workbook

	// While ours are written: the rest of the part, which follows ours.
	rest   *tokens
	reader io.ReadCloser
	end    string // closes the list when it was empty
}

// openOldNotes finds the notes of a sheet.
func openOldNotes(o *original, sheet *tab, s *survey) (*oldNotes, error) {
	n := &oldNotes{own: -1, ours: map[string]bool{}, cells: map[string]string{}, threaded: map[string]bool{}}
	for _, l := range sheet.rels {
		switch {
		case l.kind == "comments" && n.comments == "":
			n.comments = l.target
		case l.kind == "comments":
			return nil, unusual(ours.RelationsOf(sheet.part))
		case s.legacy != "" && l.id == s.legacy:
			n.shapes = l.target
		}
	}
	if s.legacy != "" && n.shapes == "" {
		return nil, unusual(ours.RelationsOf(sheet.part))
	}
	if n.comments != "" {
		if err := n.read(o); err != nil {
			return nil, err
		}
	}
	for name, f := range o.parts {
		if !strings.HasSuffix(name, ".vml") {
			continue
		}
		content, err := o.bytes(name)
		if err != nil {
			return nil, err
		}
		if n.shapes != "" && f == o.part(n.shapes) {
			content = withoutShapes(content, n.ours)
		}
		n.maxShape = max(n.maxShape, highestShape(content))
	}
	return n, nil
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
	var author, text []byte
	ref, inAuthor, inText := "", false, false
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
		case k.kind == chars && inText && len(text) < longestToken:
			text = append(text, k.raw...)
		case k.name != nil && k.local() == "t":
			inText = k.kind == open
		case k.kind == shut && k.local() == "comment":
			whole := html.UnescapeString(string(text))
			rest := added.ReplaceAllString(whole, "")
			n.stale = n.stale || rest != whole
			if _, theirs := n.cells[ref]; theirs && strings.HasSuffix(rest, ours.AddedEnd) {
				delete(n.cells, ref)
				n.ours[ref], n.stale = true, true
			}
		case k.kind == shut && k.local() == "author":
			threads[strconv.Itoa(n.authors)] = bytes.HasPrefix(author, []byte("tc={"))
			if string(author) == resultmark.Author && n.own < 0 {
				n.own = n.authors
			}
			n.authors, author, inAuthor = n.authors+1, author[:0], false
		case k.kind == both && k.local() == "author":
			n.authors++
		case k.kind == open && k.local() == "author":
			inAuthor = true
		case k.kind == open && k.local() == "comment":
			ref, _ = value(k.raw, "ref")
			by, _ := value(k.raw, "authorId")
			text = text[:0]
			switch {
			case threads[by]:
				n.threaded[ref] = true
			case by == strconv.Itoa(n.own):
				n.ours[ref], n.stale = true, true
			default:
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
func (p *patch) openNotes() (*ours.Notes, error) {
	block := max(p.old.maxShape, p.maxShape)/1024 + 1
	comments, shapes := p.o.beside("comments", ".xml", false), p.o.beside("drawings/vmlDrawing", ".vml", false)
	n, err := ours.OpenNotes(comments, shapes, p.s.space, "", block, 4*p.report.File.Counts.Invalid)
	if err != nil {
		return nil, err
	}
	if p.old.comments != "" {
		n.Comments.Close()
		if n.Comments, err = ours.NewSpool(p.o.part(p.old.comments).Name); err == nil {
			err = p.old.begin(p.o, n)
		}
	}
	if err == nil && p.old.shapes != "" {
		n.Shapes.Close()
		if n.Shapes, err = ours.NewSpool(p.o.part(p.old.shapes).Name); err == nil {
			err = p.old.boxes(p.o, n, block)
		}
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// begin copies the part up to its list of notes; ours come first in it.
func (n *oldNotes) begin(o *original, new *ours.Notes) error {
	var err error
	if n.reader, err = o.open(n.comments); err != nil {
		return err
	}
	new.Author, new.Existing, new.Threaded = n.authors, n.cells, n.threaded
	if n.own >= 0 {
		new.Author = n.own
	}
	n.rest = cut(n.reader)
	for first := true; ; {
		k, err := n.rest.next()
		if err != nil {
			return unusual(n.comments)
		}
		if first && k.name != nil {
			first = false
			new.Prefix = prefixOf(k.name)
		}
		author := fmt.Sprintf("<%[1]sauthor>%[2]s</%[1]sauthor>", new.Prefix, resultmark.Author)
		switch {
		case k.kind == both && k.local() == "authors":
			new.Comments.Write(opened(nil, k.raw))
			fmt.Fprintf(new.Comments, "%s</%s>", author, k.name)
			continue
		case k.kind == shut && k.local() == "authors" && n.own < 0:
			new.Comments.WriteString(author)
		case k.kind == both && k.local() == "commentList":
			new.Comments.Write(opened(nil, k.raw))
			n.end = "</" + string(k.name) + ">"
			return nil
		}
		if _, err := new.Comments.Write(k.raw); err != nil {
			return err
		}
		if k.kind == open && k.local() == "commentList" {
			return nil
		}
	}
}

// finish copies the sender's notes behind ours, with what is added to them; those of an earlier result go.
func (n *oldNotes) finish(new *ours.Notes) error {
	new.Comments.WriteString(n.end)
	for k, err := range n.rest.all() {
		if err != nil {
			return unusual(n.comments)
		}
		note := k.raw
		if k.kind == open && k.local() == "comment" {
			ref, _ := value(k.raw, "ref")
			if note, err = n.note(k); err != nil {
				return err
			}
			if n.ours[ref] {
				continue
			}
			note = extendNote(new, withoutAdded(note), n.cells[ref])
		}
		if _, err := new.Comments.Write(note); err != nil {
			return err
		}
	}
	return new.Comments.Finish()
}

// note is the whole note that starts with k.
func (n *oldNotes) note(k token) ([]byte, error) {
	b := bytes.Clone(k.raw)
	for depth := 1; depth > 0; {
		k, err := n.rest.next()
		if err != nil || len(b) > longestToken {
			return nil, unusual(n.comments)
		}
		switch k.kind {
		case open:
			depth++
		case shut:
			depth--
		}
		b = append(b, k.raw...)
	}
	return b, nil
}

// What is added to a note of the sender's begins like a note does in Excel, with who says it.
const addedBegin = resultmark.Author + ":"

var added = patterns.New(`(?s)(?:\r?\n){0,2}` + addedBegin + `\r?\n.*?` + ours.AddedEnd)

// extendNote adds a text to a note of the sender's.
func extendNote(n *ours.Notes, note []byte, addition string) []byte {
	if addition == "" {
		return note
	}
	addition = addedBegin + "\n" + strings.ReplaceAll(addition, ours.AddedEnd, "") + ours.AddedEnd
	var b []byte
	inText, wrapped := false, false
	for k, depth := range walk(note) {
		name := k.local()
		switch {
		case addition == "" || depth < 2:
		case k.kind == both && name == "text" && depth == 2:
			b = append(n.Run(opened(b, k.raw), addition), "</"+string(k.name)+">"...)
			addition = ""
			continue
		case k.kind == open && name == "text" && depth == 2:
			inText = true
		case inText && name == "t" && k.kind == open && depth == 3:
			b = append(b, "<"+n.Prefix+"r>"...)
			wrapped = true
		case wrapped && name == "t" && k.kind == shut && depth == 3:
			b = append(append(b, k.raw...), "</"+n.Prefix+"r>"...)
			wrapped = false
			continue
		case inText && depth == 3 && (name == "rPh" || name == "phoneticPr") && k.kind != shut, k.kind == shut && name == "text" && depth == 2:
			b = n.Run(b, "\n\n"+addition)
			addition, inText = "", false
		}
		b = append(b, k.raw...)
	}
	return b
}

// withoutAdded is a note of the sender's without what an earlier result has added to it.
func withoutAdded(note []byte) []byte {
	if !bytes.Contains(note, []byte(addedBegin)) {
		return note
	}
	var text strings.Builder
	for s := range texts(note) {
		text.WriteString(s)
	}
	ours := added.FindAllStringIndex(text.String(), -1)
	if ours == nil {
		return note
	}
	var b []byte
	at, taking := 0, false
	for k := range walk(note) {
		if k.name != nil && k.local() == "t" {
			taking = k.kind == open
		}
		if k.kind != chars || !taking {
			b = append(b, k.raw...)
			continue
		}
		whole := html.UnescapeString(string(k.raw))
		for i, r := range whole {
			if !slices.ContainsFunc(ours, func(span []int) bool { return span[0] <= at+i && at+i < span[1] }) {
				b = append(b, html.EscapeString(string(r))...)
			}
		}
		at += len(whole)
	}
	return b
}

// texts gives the pieces of text of a note.
func texts(note []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		taking := false
		for k := range walk(note) {
			if k.name != nil && k.local() == "t" {
				taking = k.kind == open
			}
			if k.kind == chars && taking && !yield(html.UnescapeString(string(k.raw))) {
				return
			}
		}
	}
}

// joined adds those numbers of a list to another that it does not have.
func joined(list, more string) string {
	have := strings.Split(list, ",")
	for n := range strings.SplitSeq(more, ",") {
		if !slices.Contains(have, n) {
			have = append(have, n)
		}
	}
	return strings.Join(have, ",")
}

// boxes copies the part of the boxes up to its end; ours come last in it.
func (n *oldNotes) boxes(o *original, new *ours.Notes, block int) error {
	content, err := o.bytes(n.shapes)
	if err != nil {
		return err
	}
	content = withoutShapes(content, n.ours)
	end := bytes.LastIndex(content, []byte("</"))
	if end < 0 || bytes.IndexByte(content[end:], '>') < 0 {
		return unusual(n.shapes)
	}
	n.tail(new, content[end:])
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
			for _, space := range strings.Fields(ours.VMLSpaces) {
				name, uri, _ := strings.Cut(space, "=")
				if v, _ := value(k.raw, name); v != strings.Trim(uri, `"`) {
					new.Declare += " " + space
				}
			}
		}
		raw := k.raw
		if k.is("o:idmap") {
			if v, found := value(raw, "data"); found {
				raw = with(nil, raw, "data", joined(v, ours.Blocks(block, 4*1000)))
			}
		}
		if _, err := new.Shapes.Write(raw); err != nil {
			return err
		}
	}
	if !bytes.Contains(content, []byte(`id="`+ours.ShapeType+`"`)) {
		fmt.Fprintf(new.Shapes, ours.VMLType, ours.ShapeType, new.Declare)
	}
	return nil
}

func (n *oldNotes) tail(new *ours.Notes, tail []byte) { new.Tail = string(tail) }

// endNotes ends both parts.
func (p *patch) endNotes() error {
	n := p.notes
	if p.old.comments == "" {
		fmt.Fprintf(n.Comments, "</%[1]scommentList></%[1]scomments>", n.Prefix)
		if err := n.Comments.Finish(); err != nil {
			return err
		}
	} else if err := p.old.finish(n); err != nil {
		return err
	}
	n.Shapes.WriteString(n.Tail)
	p.maxShape = max(p.maxShape, n.Shape)
	return n.Shapes.Finish()
}
