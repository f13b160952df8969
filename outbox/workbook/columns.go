package workbook

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// ourColumns is how many columns of ours stand at the right.
var ourColumns = len(resultmark.Columns())

// ourWidths are their widths in letters; none breaks its heading.
func ourWidths(l batch.Language) []float64 {
	list := []float64{9, 16, 12, messageWidth, 24, 10, 21}
	for i, c := range resultmark.Columns() {
		list[i] = max(list[i], width(c.Heading(l))+3)
	}
	return list
}

const messageWidth = 80

// linesOf is how many lines of the message column a text fills.
func linesOf(s string) int {
	n := 1
	for len(s) > messageWidth-5 && width(s) > messageWidth-5 {
		at, w := 0, 0.0
		for i, r := range s {
			if w += 1; r >= 0x1100 {
				w++
			}
			if at = i; w > messageWidth-5 {
				break
			}
		}
		s, n = s[at:], n+1
	}
	return n
}

// statusOf is the status of a line; in a preview, a row that nothing is known against would be sent.
func statusOf(line *outbox.Line, preview bool) batch.Status {
	if s := line.Outcome.Status; !preview || s != "" && s != batch.Delivered {
		return s
	}
	return resultmark.WouldBeSent
}

// ourHeadings are what stands over our columns.
func ourHeadings(r *outbox.Report) []string {
	var list []string
	for _, c := range resultmark.Columns() {
		list = append(list, c.HeadingIn(r.Language, r.Zone))
	}
	return list
}

// headings writes our headings into the row, from column at on.
func headings(c *cells, at, row int, r *outbox.Report, style int) {
	for i, column := range resultmark.Columns() {
		c.text(at+i, row, style, column.HeadingIn(r.Language, r.Zone))
	}
}

// outcome writes our cells of a line, all of them, from column at on.
func outcome(c *cells, at, row int, line *outbox.Line, r *outbox.Report, s base, message look) {
	o, status := &line.Outcome, statusOf(line, r.Preview)
	if len(r.Sheets) == 0 {
		c.number(at, row, s.of(lookNumber), float64(line.Row.Number))
	} else {
		c.text(at, row, s.of(lookPlain), r.Sheets.Row(line.Row.Number))
	}
	c.text(at+1, row, s.of(lookOf(status)), resultmark.Word(r.Language, status))
	c.text(at+2, row, s.of(lookPlain), o.Code)
	c.text(at+3, row, s.of(message), csvfile.Message(line))
	c.text(at+4, row, s.of(lookPlain), o.Reference)
	if o.Attempts > 0 {
		c.number(at+5, row, s.of(lookNumber), float64(o.Attempts))
	} else {
		c.blank(at+5, row, s.of(lookNumber))
	}
	moment(c, at+6, row, r.In(o.SentAt), s)
}

// moment writes a time as its zone has it.
func moment(c *cells, column, row int, t time.Time, s base) {
	if t.IsZero() {
		c.blank(column, row, s.of(lookTime))
		return
	}
	days := serial(t)
	if s.from1904 {
		days -= 1462
	}
	c.number(column, row, s.of(lookTime), days)
}

// serial is a moment as workbooks count it, to the second.
func serial(t time.Time) float64 {
	_, ahead := t.Zone()
	return float64(t.Unix()+int64(ahead))/86400 + 25569
}

// mark is a cell of the sender's that something is said about.
type mark struct {
	column int // from 0
	text   string
	bad    bool // it must be mended; else it is a warning
}

// places finds the columns that problems speak of.
type places struct {
	language batch.Language
	names    map[string]int // heading, reference → place
	absolute bool           // columns are those of the sender's sheet, as "C5" names them
	found    []mark
}

// inSheet places problems in a sheet that rows were read from.
func inSheet(l batch.Language, columns []batch.Column) *places {
	p := &places{language: l, names: map[string]int{}, absolute: true}
	for _, c := range columns {
		if at, _, ok := reference(c.Ref); ok {
			p.names[c.Name] = at
		}
	}
	return p
}

// inOrder places problems in a sheet whose columns stand in this order.
func inOrder(l batch.Language, columns []batch.Column) *places {
	p := &places{language: l, names: map[string]int{}}
	for i, c := range columns {
		p.names[c.Name] = i
	}
	for i, c := range columns {
		p.names[c.Ref] = i
	}
	return p
}

func (p *places) find(problem *batch.Problem) (int, bool) {
	letters := strings.TrimRight(problem.Cell[strings.LastIndexByte(problem.Cell, '!')+1:], "0123456789")
	if p.absolute && letters != "" {
		at, _, ok := reference(letters)
		return at, ok
	}
	for _, name := range []string{letters, problem.Cell, problem.Column} {
		if at, ok := p.names[name]; ok && name != "" {
			return at, true
		}
	}
	return 0, false
}

// of gives the marks of a line by column, each column once. Valid until the next call.
func (p *places) of(line *outbox.Line) []mark {
	p.found = p.found[:0]
	for i := range line.Problems {
		problem := &line.Problems[i]
		if problem.Row != 0 && problem.Row != line.Row.Number {
			continue
		}
		if at, ok := p.find(problem); ok {
			p.add(at, p.sentence(problem), !problem.Warning)
		}
	}
	slices.SortStableFunc(p.found, func(a, b mark) int { return cmp.Compare(a.column, b.column) })
	return p.found
}

func (p *places) add(column int, text string, bad bool) {
	for i := range p.found {
		m := &p.found[i]
		if m.column != column {
			continue
		}
		if m.bad = m.bad || bad; !strings.Contains(m.text, text) {
			m.text += "\n\n" + text
		}
		return
	}
	p.found = append(p.found, mark{column, text, bad})
}

// sentence is what a note says: what is wrong, and what to write where the sentence does not say so itself.
func (p *places) sentence(problem *batch.Problem) string {
	if problem.Fix == "" || strings.Contains(problem.Text, problem.Fix) {
		return problem.Text
	}
	fix := words.Of(p.language, "workbookresult.note.fix", "fix", problem.Fix)
	if problem.Text == "" {
		return fix
	}
	return problem.Text + "\n" + fix
}

// width is how broad a text is, in letters: those of East Asia count twice.
func width(s string) float64 {
	n := 0.0
	for _, r := range s {
		if r == '\n' {
			break
		}
		if n++; r >= 0x1100 {
			n++
		}
	}
	return n
}

// shorten keeps a text below n letters.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
