package patch

import (
	"bytes"
	"html"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox/workbook/ours"
	"github.com/rowferry/rowferry/resultmark"
)

// earlier is what an earlier result has left in the workbook. Ours take its place, so that results of results do not grow.
type earlier struct {
	marks       []string    // parts of the hidden sheets
	markNames   []string    // their names
	summary     string      // part of the summary sheet, "" when there is none
	summaryName string      // as the earlier result says
	formats     map[int]int // a format in a colour of ours → the sender's that it was made of
}

// remains are the columns that an earlier result has left in a sheet.
type remains struct {
	columns map[int]bool // from 0
	at      int          // where they stand all and in their order, -1 when they do not
}

// findEarlier looks for an earlier result.
func findEarlier(o *original) *earlier {
	e := &earlier{formats: map[int]int{}}
	for _, t := range o.sheets {
		if !ofMarks(t.name) || o.isRead(t.part) {
			continue
		}
		head, err := o.texts(t.part, 1)
		if err != nil || head[0] != resultmark.Layout {
			continue
		}
		e.marks, e.markNames = append(e.marks, t.part), append(e.markNames, t.name)
		if e.summaryName == "" {
			e.summaryName = head[ours.WhereColumns+2]
		}
		e.readFormats(o, t.part)
	}
	for _, t := range o.sheets {
		if t.name == e.summaryName && !o.isRead(t.part) && o.part(t.part) != nil {
			e.summary = t.part
		}
	}
	return e
}

// findRemains looks for our columns in a sheet. What is among the sender's is theirs whatever it is called.
func findRemains(o *original, sheet *tab, columns []batch.Column, heading int) *remains {
	r := &remains{columns: map[int]bool{}, at: -1}
	if heading > 0 {
		r.read(o, sheet, columns, heading)
	}
	return r
}

// ofMarks reports whether a sheet is called like one that holds the marks.
func ofMarks(name string) bool {
	rest, is := strings.CutPrefix(name, resultmark.Sheet)
	return is && strings.Trim(rest, " ()0123456789") == ""
}

func (e *remains) read(o *original, sheet *tab, columns []batch.Column, heading int) {
	texts, err := o.texts(sheet.part, heading)
	if err != nil {
		return
	}
	found := map[int]resultmark.Column{}
	for at, s := range texts {
		if c, is := resultmark.ColumnOf(s); is {
			found[at] = c
		}
	}
	for _, c := range columns {
		if at, _, ok := ours.Reference(c.Ref); ok {
			delete(found, at)
		}
	}
	for at := range found {
		e.columns[at] = true
		whole := true
		for i, c := range resultmark.Columns() {
			whole = whole && found[at+i] == c
		}
		if whole {
			e.at = max(e.at, at)
		}
	}
}

// readFormats reads the pairs of formats in the lines of a hidden sheet. Where two of the sender's have become one of ours,
// none is known.
func (e *earlier) readFormats(o *original, part string) {
	r, err := o.open(part)
	if err != nil {
		return
	}
	defer r.Close()
	row, column, coloured := 0, -1, -1
	pair := func(own int) {
		if was, known := e.formats[coloured]; known && was != own {
			own = -1
		}
		e.formats[coloured], coloured = own, -1
	}
	t := cut(r)
	for k, err := t.next(); err == nil; k, err = t.next() {
		switch name := k.local(); {
		case name == "row":
			if coloured >= 0 {
				pair(0) // a cell without a format of its own
			}
			if k.kind != shut {
				row, column = following(k.raw, row), -1
			}
		case name == "c" && k.kind != shut && row >= resultmark.First:
			column, _, _ = place(k.raw, column+1, row)
			format, ok := number(k.raw, "s", 0)
			if !ok || column < ours.PairsFrom {
				continue
			}
			if (column-ours.PairsFrom)%2 == 1 && coloured >= 0 {
				pair(format)
				continue
			}
			if coloured >= 0 {
				pair(0)
			}
			if (column-ours.PairsFrom)%2 == 0 {
				coloured = format
			}
		}
	}
}

// keep forgets pairs that cannot be true in a workbook with so many formats.
func (e *earlier) keep(formats int) {
	maps.DeleteFunc(e.formats, func(coloured, own int) bool {
		return own < 0 || own == coloured || own >= formats || coloured >= formats
	})
}

// hide makes the marks' sheets invisible again, where a program has shown them.
func (e *earlier) hide(book []byte) []byte {
	if len(e.marks) == 0 {
		return book
	}
	var out []byte
	for k, depth := range walk(book) {
		raw := k.raw
		if depth == 3 && k.local() == "sheet" && k.kind != shut {
			if name, _ := value(raw, "name"); slices.Contains(e.markNames, html.UnescapeString(name)) {
				raw = with(nil, raw, "state", "veryHidden")
			}
		}
		out = append(out, raw...)
	}
	return out
}

// fitsTable reports whether ours may be written over those that a table has taken in: its headings must stay as they are.
func (e *remains) fitsTable(content []byte, headings []string) bool {
	right, at := -1, -1 // its last column, and the one that was met last
	for k := range walk(content) {
		switch {
		case k.name == nil || k.kind == shut:
		case k.local() == "table":
			ref, _ := value(k.raw, "ref")
			first, last, _ := strings.Cut(strings.ReplaceAll(ref, "$", ""), ":")
			at, _, _ = ours.Reference(first)
			at--
			right, _, _ = ours.Reference(last)
		case k.local() == "tableColumn":
			if at++; at > right || !e.columns[at] {
				continue
			}
			name, _ := value(k.raw, "name")
			i := at - e.at
			if e.at < 0 || i < 0 || i >= len(headings) || html.UnescapeString(name) != headings[i] {
				return false
			}
		}
	}
	return true
}

// texts gives the texts of one row of a sheet, by column from 0.
func (o *original) texts(part string, row int) (map[int]string, error) {
	r, err := o.open(part)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	found, shared := map[int]string{}, map[int][]int{}
	at, column := 0, -1
	kind, text, taking, phonetic := "", "", false, false
	t := cut(r)
	for k, err := range t.all() {
		if err != nil {
			return nil, unusual(part)
		}
		name := k.local()
		if k.kind == shut && name == "sheetData" {
			break
		}
		if name == "row" && k.kind != shut {
			if at, column = following(k.raw, at), -1; at > row {
				break
			}
		}
		switch {
		case at != row:
		case name == "c" && k.kind != shut:
			column, _, _ = place(k.raw, column+1, row)
			kind, _ = value(k.raw, "t")
			text = ""
		case name == "c":
			if n, err := strconv.Atoi(text); kind == "s" && err == nil {
				shared[n] = append(shared[n], column)
			} else if kind != "s" && text != "" {
				found[column] = html.UnescapeString(text)
			}
		case name == "rPh":
			phonetic = k.kind == open
		case name == "v" || name == "t":
			taking = k.kind == open && !phonetic
		case k.kind == chars && taking:
			text += string(k.raw)
		}
	}
	return found, o.shared(shared, found)
}

// shared fills in the texts that stand in the workbook's list of strings: number there → columns.
func (o *original) shared(wanted map[int][]int, found map[int]string) error {
	if len(wanted) == 0 {
		return nil
	}
	part := ""
	for _, l := range o.bookRels {
		if l.kind == "sharedStrings" {
			part = l.target
		}
	}
	r, err := o.open(part)
	if err != nil {
		return err
	}
	defer r.Close()
	n, left := -1, len(wanted)
	var text []byte
	taking, phonetic := false, false
	t := cut(r)
	for left > 0 {
		k, err := t.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return unusual(part)
		}
		switch name := k.local(); {
		case name == "si" && k.kind != shut:
			n, text = n+1, text[:0]
		case name == "si":
			columns, is := wanted[n]
			if !is {
				continue
			}
			left--
			for _, c := range columns {
				found[c] = html.UnescapeString(string(text))
			}
		case name == "rPh":
			phonetic = k.kind == open
		case name == "t":
			taking = k.kind == open && !phonetic
		case k.kind == chars && taking && wanted[n] != nil:
			text = append(text, k.raw...)
		}
	}
	return nil
}

// withoutShapes takes the boxes of our notes out of a part of boxes.
func withoutShapes(content []byte, own map[string]bool) []byte {
	if len(own) == 0 {
		return content
	}
	var out []byte
	const begin, end = "<v:shape ", "</v:shape>"
	for {
		from := bytes.Index(content, []byte(begin))
		if from < 0 {
			return append(out, content...)
		}
		to := bytes.Index(content[from:], []byte(end))
		if to < 0 {
			return append(out, content...)
		}
		if next := bytes.Index(content[from+1:], []byte(begin)); next >= 0 && next+1 < to {
			to = next + 1 // one without content
		} else {
			to += len(end)
		}
		shape := content[from : from+to]
		out = append(out, content[:from]...)
		if !bytes.Contains(shape, []byte(`ObjectType="Note"`)) || !own[boxed(shape)] {
			out = append(out, shape...)
		}
		content = content[from+to:]
	}
}

// boxed is the cell whose note a box shows.
func boxed(shape []byte) string {
	whole := func(name string) int {
		_, after, _ := bytes.Cut(shape, []byte("<x:"+name+">"))
		digits, _, _ := bytes.Cut(after, []byte("<"))
		n, err := strconv.Atoi(string(bytes.TrimSpace(digits)))
		if err != nil {
			return -1
		}
		return n
	}
	row, column := whole("Row"), whole("Column")
	if row < 0 || column < 0 {
		return ""
	}
	return string(ours.AppendRef(nil, column, row+1))
}
