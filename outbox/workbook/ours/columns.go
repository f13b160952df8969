// Package ours holds what is ours in a result that is a workbook: columns, colours, notes, the summary's and the marks' sheets, and how
// cells and parts are written as a stream. Packages fresh and patch put it into a new workbook and into the sender's own.
package ours

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

// Columns is how many columns of ours stand at the right.
var Columns = len(resultmark.Columns())

// Widths are their widths in letters; none breaks its heading.
func Widths(l batch.Language) []float64 {
	list := []float64{9, 16, 12, messageWidth, 24, 10, 21}
	for i, c := range resultmark.Columns() {
		list[i] = max(list[i], Width(c.Heading(l))+3)
	}
	return list
}

const messageWidth = 80

// LinesOf is how many lines of the message column a text fills.
func LinesOf(s string) int {
	n := 1
	for len(s) > messageWidth-5 && Width(s) > messageWidth-5 {
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

// HeadingsOf are what stands over our columns.
func HeadingsOf(r *outbox.Report) []string {
	var list []string
	for _, c := range resultmark.Columns() {
		list = append(list, c.HeadingIn(r.Language, r.Zone))
	}
	return list
}

// Headings writes our headings into the row, from column at on.
func Headings(c *Cells, at, row int, r *outbox.Report, style int) {
	for i, column := range resultmark.Columns() {
		c.Text(at+i, row, style, column.HeadingIn(r.Language, r.Zone))
	}
}

// Outcome writes our cells of a line, all of them, from column at on.
func Outcome(c *Cells, at, row int, line *outbox.Line, r *outbox.Report, s Base, message Look) {
	o, status := &line.Outcome, statusOf(line, r.Preview)
	if len(r.Sheets) == 0 {
		c.number(at, row, s.Of(lookNumber), float64(line.Row.Number))
	} else {
		c.Text(at, row, s.Of(LookPlain), r.Sheets.Row(line.Row.Number))
	}
	c.Text(at+1, row, s.Of(lookOf(status)), resultmark.Word(r.Language, status))
	c.Text(at+2, row, s.Of(LookPlain), o.Code)
	c.Text(at+3, row, s.Of(message), csvfile.Message(line))
	c.Text(at+4, row, s.Of(LookPlain), o.Reference)
	if o.Attempts > 0 {
		c.number(at+5, row, s.Of(lookNumber), float64(o.Attempts))
	} else {
		c.Blank(at+5, row, s.Of(lookNumber))
	}
	moment(c, at+6, row, r.In(o.SentAt), s)
}

// moment writes a time as its zone has it.
func moment(c *Cells, column, row int, t time.Time, s Base) {
	if t.IsZero() {
		c.Blank(column, row, s.Of(lookTime))
		return
	}
	days := serial(t)
	if s.From1904 {
		days -= 1462
	}
	c.number(column, row, s.Of(lookTime), days)
}

// serial is a moment as workbooks count it, to the second.
func serial(t time.Time) float64 {
	_, ahead := t.Zone()
	return float64(t.Unix()+int64(ahead))/86400 + 25569
}

// Mark is a cell of the sender's that something is said about.
type Mark struct {
	Column int // from 0
	Text   string
	Bad    bool // it must be mended; else it is a warning
}

// Places finds the columns that problems speak of.
type Places struct {
	language batch.Language
	names    map[string]int // heading, reference → place
	absolute bool           // columns are those of the sender's sheet, as "C5" names them
	Found    []Mark
}

// InSheet places problems in a sheet that rows were read from.
func InSheet(l batch.Language, columns []batch.Column) *Places {
	p := &Places{language: l, names: map[string]int{}, absolute: true}
	for _, c := range columns {
		if at, _, ok := Reference(c.Ref); ok {
			p.names[c.Name] = at
		}
	}
	return p
}

// InOrder places problems in a sheet whose columns stand in this order.
func InOrder(l batch.Language, columns []batch.Column) *Places {
	p := &Places{language: l, names: map[string]int{}}
	for i, c := range columns {
		p.names[c.Name] = i
	}
	for i, c := range columns {
		p.names[c.Ref] = i
	}
	return p
}

func (p *Places) find(problem *batch.Problem) (int, bool) {
	letters := strings.TrimRight(problem.Cell[strings.LastIndexByte(problem.Cell, '!')+1:], "0123456789")
	if p.absolute && letters != "" {
		at, _, ok := Reference(letters)
		return at, ok
	}
	for _, name := range []string{letters, problem.Cell, problem.Column} {
		if at, ok := p.names[name]; ok && name != "" {
			return at, true
		}
	}
	return 0, false
}

// Of gives the marks of a line by column, each column once. Valid until the next call.
func (p *Places) Of(line *outbox.Line) []Mark {
	p.Found = p.Found[:0]
	for i := range line.Problems {
		problem := &line.Problems[i]
		if problem.Row != 0 && problem.Row != line.Row.Number {
			continue
		}
		if at, ok := p.find(problem); ok {
			p.Add(at, p.sentence(problem), !problem.Warning)
		}
	}
	slices.SortStableFunc(p.Found, func(a, b Mark) int { return cmp.Compare(a.Column, b.Column) })
	return p.Found
}

// Add notes a sentence for a column.
func (p *Places) Add(column int, text string, bad bool) {
	for i := range p.Found {
		m := &p.Found[i]
		if m.Column != column {
			continue
		}
		if m.Bad = m.Bad || bad; !strings.Contains(m.Text, text) {
			m.Text += "\n\n" + text
		}
		return
	}
	p.Found = append(p.Found, Mark{column, text, bad})
}

// sentence is what a note says: what is wrong, and what to write where the sentence does not say so itself.
func (p *Places) sentence(problem *batch.Problem) string {
	if problem.Fix == "" || strings.Contains(problem.Text, problem.Fix) {
		return problem.Text
	}
	fix := words.Of(p.language, "workbookresult.note.fix", "fix", problem.Fix)
	if problem.Text == "" {
		return fix
	}
	return problem.Text + "\n" + fix
}

// Width is how broad a text is, in letters: those of East Asia count twice.
func Width(s string) float64 {
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
