// Package patch writes the result into the sender's own workbook: every part that is not ours stays the sender's, byte for byte, and what an
// earlier result left in it makes way.
package patch

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/workbook/ours"
	"github.com/rowferry/rowferry/words"
)

// book makes the result of the sender's own workbook.
type book struct {
	ctx      context.Context
	report   *outbox.Report
	o        *original
	found    *earlier
	summary  string // name of the summary sheet
	styles   *styler
	tally    ours.Tally
	sheets   []*patch // those that the rows were read from
	maxShape int      // the highest box id of notes of ours

	next func() (*outbox.Line, error, bool)
	line *outbox.Line // the next one to be written, nil after the last

	unchained bool // a formula that people wrote into our columns is gone: the list of formulas is not true any more
}

// patch is one sheet of it.
type patch struct {
	*book
	number  int // among those that were read, from 0
	tab     *tab
	columns []batch.Column // the sender's, as they stand here
	s       *survey
	earlier *remains
	places  *ours.Places
	notes   *ours.Notes
	old     *oldNotes // of the sender's, nil when the sheet has none
	sheet   *ours.Spool

	heading int // the row of our headings, 0 when there is no room for them
	headed  bool
	at      int // our first column
	last    int // the last row of the sender's that was written
	cells   ours.Cells
}

// WritePatched writes the sender's workbook with ours added. A *Refused says why it must be a new one; nothing has been
// written then.
func WritePatched(ctx context.Context, w io.Writer, r *outbox.Report) error {
	read := sheetsOf(r)
	var names []string
	for _, s := range read {
		names = append(names, s.Name)
	}
	o, err := openOriginal(r.Source, names)
	if err != nil {
		return err
	}
	defer o.close()
	next, stop := iter.Pull2(r.Lines())
	defer stop()
	b := &book{ctx: ctx, report: r, o: o, next: next}
	if err := b.advance(); err != nil {
		return err
	}
	b.found = findEarlier(o)
	if b.summary = b.found.summaryName; b.found.summary == "" {
		b.summary = o.tabName(words.Of(r.Language, "workbookresult.sheet.summary"))
	}
	for i, s := range read {
		p := &patch{book: b, number: i, tab: o.read[i], heading: s.Header, columns: s.Columns, places: ours.InSheet(r.Language, s.Columns)}
		b.sheets = append(b.sheets, p)
		defer p.close()
		if err := p.prepare(); err != nil {
			return err
		}
		if err := p.rewrite(); err != nil {
			return err
		}
	}
	if b.line != nil {
		return unusual(o.read[0].part)
	}
	if err := b.tally.Check(r); err != nil {
		return err
	}
	return b.assemble(w)
}

// sheetsOf are the sheets that the rows were read from, with the columns that they have.
func sheetsOf(r *outbox.Report) []batch.Sheet {
	if len(r.Sheets) == 0 {
		return []batch.Sheet{{Name: r.Source.Sheet, Header: r.Source.Header, Columns: r.Columns}}
	}
	list := slices.Clone(r.Sheets)
	for i := range list {
		list[i].Columns = slices.DeleteFunc(slices.Clone(list[i].Columns), func(c batch.Column) bool { return c == (batch.Column{}) })
	}
	return list
}

func (p *patch) close() {
	if p.sheet != nil {
		p.sheet.Close()
	}
	if p.notes != nil {
		p.notes.Close()
	}
	if p.old != nil {
		p.old.close()
	}
}

// prepare looks at the sheet and decides where ours goes.
func (p *patch) prepare() error {
	if p.heading == 0 {
		p.heading = max(0, p.due()-1)
	}
	var err error
	p.earlier = findRemains(p.o, p.tab, p.columns, p.heading)
	if p.s, err = p.o.look(p.tab, max(1, p.heading), p.earlier, ours.HeadingsOf(p.report)); err != nil {
		return err
	}
	if err := p.choose(); err != nil {
		return err
	}
	if p.styles == nil {
		if p.styles, err = openStyles(p.o, p.s.space); err != nil {
			return err
		}
		p.styles.From1904 = p.o.from1904
		p.found.keep(len(p.styles.formats))
		p.styles.follow(p.found.formats)
	}
	if p.s.format >= len(p.styles.formats) {
		return unusual(p.styles.part) // a cell's format is missing: it must not turn into one of ours
	}
	if p.old, err = openOldNotes(p.o, p.tab, p.s); err != nil {
		return err
	}
	if p.old.stale {
		if p.notes, err = p.openNotes(); err != nil {
			return err
		}
	}
	p.cells.P = p.s.prefix
	return nil
}

// due is the number that the next line has in this sheet; 0 when it is of another.
func (p *patch) due() int {
	if p.line == nil {
		return 0
	}
	number := p.line.Row.Number
	if len(p.report.Sheets) == 0 {
		return number
	}
	if at, row := p.report.Sheets.At(number); at == p.number {
		return row
	}
	return 0
}

// choose settles where our columns stand: where those of an earlier result do, else at the right of everything.
func (p *patch) choose() error {
	if p.at = p.earlier.at; p.at >= 0 {
		return nil
	}
	p.at = p.s.right + 1
	for _, c := range p.columns {
		if at, _, ok := ours.Reference(c.Ref); ok {
			p.at = max(p.at, at+1)
		}
	}
	if p.at+ours.Columns > ours.MaxColumn {
		return refuse("room")
	}
	return nil
}

// among reports whether a column is one of ours now.
func (p *patch) among(column int) bool { return column >= p.at && column < p.at+ours.Columns }

// sayable reports whether a cell of the column can be marked: it is the sender's.
func (p *patch) sayable(column int) bool {
	if p.earlier.at < 0 && column >= p.at {
		return false
	}
	return !p.among(column) && !p.earlier.columns[column]
}

// rewrite reads the sheet once more and writes it with ours.
func (p *patch) rewrite() error {
	r, err := p.o.open(p.tab.part)
	if err != nil {
		return err
	}
	defer r.Close()
	if p.sheet, err = ours.NewSpool(p.o.part(p.tab.part).Name); err != nil {
		return err
	}
	if err := p.parts(cut(r)); err != nil {
		if errors.Is(err, errCut) || errors.Is(err, errTooBig) {
			return unusual(p.tab.part)
		}
		return err
	}
	if p.due() > 0 {
		return unusual(p.tab.part)
	}
	if p.notes != nil {
		if err := p.endNotes(); err != nil {
			return err
		}
	}
	return p.sheet.Finish()
}

// advance takes the next line and counts it.
func (b *book) advance() error {
	line, err, more := b.next()
	if err != nil {
		return err
	}
	if b.line = nil; !more {
		return nil
	}
	if err := b.tally.Count(b.ctx, line, b.report); err != nil {
		return err
	}
	b.line = line
	return nil
}

// rank is the place of a child of the sheet after its rows; those between have the rank before.
func rank(name string) int {
	switch name {
	case "ignoredErrors":
		return 1
	case "smartTags", "drawing":
		return 2
	case "legacyDrawing":
		return 3
	case "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "AlternateContent", "webPublishItems", "tableParts", "extLst":
		return 4
	}
	return 0
}

// passage is how far the walk through the sheet has come.
type passage struct {
	depth int
	after bool // the rows have been written
	seen  bool // the views of the sheet have been written
	found bool // the filter has
	rank  int  // up to which what stands behind the rows has been written
}

// parts walks the children of the sheet.
func (p *patch) parts(t *tokens) error {
	var at passage
	for {
		k, err := t.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if at.depth == 1 && (k.kind == open || k.kind == both) {
			if done, err := p.child(t, &k, &at); done || err != nil {
				if err != nil {
					return err
				}
				continue
			}
		}
		switch k.kind {
		case open:
			if at.depth++; at.depth == 1 && p.s.binds {
				k.raw = with(nil, k.raw, "xmlns:r", p.o.relations())
			}
		case shut:
			if at.depth--; at.depth == 0 {
				p.filter(&at, "")
				p.behind(&at.rank, 5)
			}
		}
		if _, err := p.sheet.Write(k.raw); err != nil {
			return err
		}
	}
}

// child looks at the start of a child of the sheet. Where it has ours in it, it is written to its end, which done reports.
func (p *patch) child(t *tokens, k *token, at *passage) (done bool, err error) {
	name := k.local()
	if name == "sheetViews" && !at.after {
		at.seen = true
		return true, p.views(t, k)
	}
	if !at.seen && name != "sheetPr" && name != "dimension" {
		at.seen = true
		p.view()
	}
	switch {
	case string(k.name) == p.s.prefix+"sheetData":
		at.after = true
		return true, p.data(t, k)
	case string(k.name) == p.s.prefix+"cols":
		if k.kind == open {
			err = skip(t)
		}
		p.widths()
		return true, err
	case at.after:
		p.filter(at, name)
		p.behind(&at.rank, rank(name))
		if name == "ignoredErrors" && k.kind == open {
			return true, p.ignores(t, k)
		}
	case name == "dimension":
		k.raw = p.dimension(k.raw)
	}
	return false, nil
}

// data writes the rows, behind our columns' widths where the sheet has none.
func (p *patch) data(t *tokens, k *token) error {
	if !p.s.hasCols {
		p.widths()
	}
	if _, err := p.sheet.Write(k.raw); err != nil || k.kind == both {
		return err
	}
	return p.rows(t)
}

// skip reads to the end of the element that has just started.
func skip(t *tokens) error { return through(t, func(token) {}) }

// through reads to the end of the element that has just started, and shows each token on the way; what it shows is valid until the next.
func through(t *tokens, see func(token)) error {
	for depth := 1; depth > 0; {
		k, err := t.next()
		if err != nil {
			return err
		}
		switch k.kind {
		case open:
			depth++
		case shut:
			depth--
		}
		see(k)
	}
	return nil
}

// behind writes what of ours stands before a child of this rank.
func (p *patch) behind(done *int, upTo int) {
	if *done < 1 && upTo > 1 && !p.s.ignores {
		fmt.Fprintf(p.sheet, "<%[1]signoredErrors>%[2]s</%[1]signoredErrors>", p.s.prefix, p.ignored())
	}
	if *done < 3 && upTo > 3 && p.s.legacy == "" && p.notes != nil {
		declare, prefix := "", p.s.relation
		if prefix == "" {
			prefix = "r:"
		}
		if p.s.relation == "" && !p.s.binds {
			declare = ` xmlns:r="` + p.o.relations() + `"`
		}
		fmt.Fprintf(p.sheet, `<%slegacyDrawing%s %sid="%s"/>`, p.s.prefix, declare, prefix, shapesID)
	}
	*done = max(*done, upTo-1)
}

// ignored keeps green triangles away from our codes and references.
func (p *patch) ignored() string {
	return fmt.Sprintf(`<%signoredError sqref="%s1:%s%d" numberStoredAsText="1"/>`, p.s.prefix, ours.Letters(p.at), ours.Letters(p.at+ours.Columns-1), ours.MaxRow)
}

// ignores copies ignoredErrors with ours in it, and without what an earlier result has put there.
func (p *patch) ignores(t *tokens, start *token) error {
	p.sheet.Write(start.raw)
	p.sheet.WriteString(p.ignored())
	ours, _ := value([]byte(p.ignored()), "sqref")
	for {
		k, err := t.next()
		if err != nil {
			return err
		}
		if ref, _ := value(k.raw, "sqref"); k.kind == both && k.local() == "ignoredError" && ref == ours {
			continue
		}
		if _, err := p.sheet.Write(k.raw); err != nil {
			return err
		}
		if k.kind == shut && k.local() == "ignoredErrors" {
			return nil
		}
	}
}

// widths writes the widths: the sender's, cut where ours lie.
func (p *patch) widths() {
	from, to := p.at+1, p.at+ours.Columns
	var list []col
	for _, c := range p.s.cols {
		if c.max < from || c.min > to {
			list = append(list, c)
			continue
		}
		if c.min < from {
			list = append(list, col{min: c.min, raw: with(nil, c.raw, "max", strconv.Itoa(from-1))})
		}
		if c.max > to {
			list = append(list, col{min: to + 1, raw: with(nil, c.raw, "min", strconv.Itoa(to+1))})
		}
	}
	for i, w := range ours.Widths(p.report.Language) {
		raw := fmt.Appendf(nil, `<%scol min="%d" max="%d" width="%v" customWidth="1"/>`, p.s.prefix, from+i, from+i, w)
		list = append(list, col{min: from + i, raw: raw})
	}
	slices.SortStableFunc(list, func(a, b col) int { return cmp.Compare(a.min, b.min) })
	fmt.Fprintf(p.sheet, "<%scols>", p.s.prefix)
	for _, c := range list {
		raw := c.raw
		if raw[len(raw)-2] != '/' {
			raw = slices.Concat(raw, []byte("</"+p.s.prefix+"col>"))
		}
		p.sheet.Write(raw)
	}
	fmt.Fprintf(p.sheet, "</%scols>", p.s.prefix)
}

// dimension widens the sheet's used range.
func (p *patch) dimension(raw []byte) []byte {
	ref, _ := value(raw, "ref")
	first, last, found := bytes.Cut([]byte(ref), []byte(":"))
	if !found {
		last = first
	}
	column, row, ok := ours.Reference(string(last))
	left, top, ok2 := ours.Reference(string(first))
	if !ok || !ok2 || row == 0 || top == 0 {
		return raw
	}
	if p.heading > 0 {
		top = min(top, p.heading)
	}
	area := string(ours.AppendRef(nil, left, top)) + ":" + string(ours.AppendRef(nil, max(column, p.at+ours.Columns-1), row))
	return with(nil, raw, "ref", area)
}

// rows walks the rows, to the end of sheetData.
func (p *patch) rows(t *tokens) error {
	number := 0
	name := p.s.prefix + "row"
	for {
		k, err := t.next()
		if err != nil {
			return err
		}
		if !k.is(name) {
			if k.kind == shut {
				if err := p.missing(ours.MaxRow + 1); err != nil {
					return err
				}
				_, err := p.sheet.Write(k.raw)
				return err
			}
			if _, err := p.sheet.Write(k.raw); err != nil {
				return err
			}
			continue
		}
		number = following(k.raw, number)
		if err := p.missing(number); err != nil {
			return err
		}
		if err := p.row(t, k, number); err != nil {
			return err
		}
	}
}

// following is the number of a row: the next one where it does not say.
func following(raw []byte, previous int) int {
	n, _ := number(raw, "r", previous+1)
	return n
}

// missing writes our heading where its row is not in the sheet and comes before row number.
func (p *patch) missing(number int) error {
	if p.headed || p.heading == 0 || number <= p.heading {
		return nil
	}
	p.headed = true
	p.cells.B = p.cells.B[:0]
	p.cells.Row(p.heading)
	ours.Headings(&p.cells, p.at, p.heading, p.report, p.styles.Of(ours.LookHead))
	p.cells.EndRow()
	_, err := p.sheet.Write(p.cells.B)
	return err
}

// rowMarks are what is written into one row besides the sender's cells.
type rowMarks struct {
	number int
	style  int         // of empty cells, -1 when the row has none of its own
	marks  []ours.Mark // by column
	ours   func()      // writes our cells; nil when there are none, or they are written
	has    bool        // the row gets cells of ours
}

// row copies one row, whose start tag is k, with ours.
func (p *patch) row(t *tokens, k token, number int) error {
	m := rowMarks{number: number, style: -1}
	line, due := p.line, p.due()
	var found []ours.Mark
	switch {
	case due == number:
		found = p.places.Of(line)
		m.marks = found
		m.ours = func() { ours.Outcome(&p.cells, p.at, number, line, p.report, p.styles.Base, ours.LookPlain) }
	case due > 0 && due < number:
		return unusual(p.tab.part)
	case number == p.heading:
		p.headed = true
		m.ours = func() { ours.Headings(&p.cells, p.at, number, p.report, p.styles.Of(ours.LookHead)) }
		line = nil
	default:
		line = nil
	}
	if m.has = m.ours != nil; !m.has && (number <= p.heading || !p.changes()) {
		return p.copyRow(t, k)
	}
	if v, _ := value(k.raw, "customFormat"); truth(v) {
		if n, found := value(k.raw, "s"); found {
			m.style, _ = strconv.Atoi(n)
		}
	}
	p.cells.B = p.start(p.cells.B[:0], k, m.has)
	if err := p.rowCells(t, k, &m); err != nil {
		return err
	}
	if _, err := p.sheet.Write(p.cells.B); err != nil {
		return err
	}
	if line == nil {
		return nil
	}
	for _, mark := range found {
		if !p.sayable(mark.Column) {
			continue
		}
		if err := p.note(mark.Column, number, mark.Text); err != nil {
			return err
		}
	}
	p.tally.Place(line, p.report, p.tab.name, string(ours.AppendRef(nil, p.at, number)))
	p.last = number
	return p.advance()
}

// changes reports whether an earlier result has left something in the rows.
func (p *patch) changes() bool { return len(p.earlier.columns) > 0 || len(p.found.formats) > 0 }

// start appends the row's start tag, its span widened where it gets cells of ours.
func (p *patch) start(b []byte, k token, widen bool) []byte {
	raw := k.raw
	if spans, found := value(raw, "spans"); found && widen {
		first, last, ok := strings.Cut(spans, ":")
		if n, err := strconv.Atoi(last); ok && err == nil && n < p.at+ours.Columns {
			raw = with(nil, raw, "spans", first+":"+strconv.Itoa(p.at+ours.Columns))
		}
	}
	if k.kind == both {
		return opened(b, raw)
	}
	return append(b, raw...)
}

// copyRow copies a row as it is.
func (p *patch) copyRow(t *tokens, k token) error {
	for depth := 0; ; {
		if _, err := p.sheet.Write(k.raw); err != nil {
			return err
		}
		switch k.kind {
		case open:
			depth++
		case shut:
			depth--
		}
		if depth == 0 {
			return nil
		}
		var err error
		if k, err = t.next(); err != nil {
			return err
		}
	}
}

// rowCells appends the cells of a row and its end tag to p.cells.
func (p *patch) rowCells(t *tokens, row token, m *rowMarks) error {
	end := "</" + string(row.name) + ">"
	if row.kind == both {
		p.before(ours.MaxColumn, m)
		p.cells.B = append(p.cells.B, end...)
		return nil
	}
	name := p.s.prefix + "c"
	column, depth, drop := -1, 1, false
	for {
		k, err := t.next()
		if err != nil {
			return err
		}
		at := depth
		switch k.kind {
		case open:
			depth++
		case shut:
			depth--
			at = depth
		}
		switch {
		case depth == 0:
			p.before(ours.MaxColumn, m)
			p.cells.B = append(p.cells.B, k.raw...)
			return nil
		case at == 1 && k.is(name):
			column, _, _ = place(k.raw, column+1, m.number)
			p.before(column, m)
			if drop = m.has && p.among(column) || p.earlier.columns[column]; drop {
				drop = k.kind == open
				continue
			}
			p.cells.B = p.cell(p.cells.B, k.raw, column, m)
		case drop:
			p.unchained = p.unchained || k.local() == "f"
			drop = !(at == 1 && k.kind == shut)
		default:
			p.cells.B = append(p.cells.B, k.raw...)
		}
	}
}

// before appends what of ours lies left of the column: marked cells that the sheet does not have, and our columns.
func (p *patch) before(column int, m *rowMarks) {
	for {
		next := column
		if len(m.marks) > 0 {
			next = min(next, m.marks[0].Column)
		}
		switch {
		case m.ours != nil && next >= p.at:
			m.ours()
			m.ours = nil
		case next == column:
			return
		default:
			if p.sayable(next) {
				style := m.style
				if style < 0 {
					style = p.s.styleOf(next)
				}
				p.cells.Blank(next, m.number, p.styles.mark(style, m.marks[0].Bad))
			}
			m.marks = m.marks[1:]
		}
	}
}

// cell appends a cell's start tag, with our colour where something is said about it and without that of an earlier result.
func (p *patch) cell(b, raw []byte, column int, m *rowMarks) []byte {
	format, _ := number(raw, "s", 0)
	style := p.styles.own(format)
	if len(m.marks) == 0 || m.marks[0].Column != column {
		if style != format {
			return with(b, raw, "s", strconv.Itoa(style))
		}
		return append(b, raw...)
	}
	b = with(b, raw, "s", strconv.Itoa(p.styles.mark(style, m.marks[0].Bad)))
	m.marks = m.marks[1:]
	return b
}

// note writes a note at a cell, beside those of the sender.
func (p *patch) note(column, row int, text string) error {
	if p.notes == nil {
		var err error
		if p.notes, err = p.openNotes(); err != nil {
			return err
		}
	}
	return p.notes.Add(column, row, text)
}

// about is what the summary says of the workbook itself.
func (b *book) about() []string {
	if b.styles.unmarked == 0 {
		return nil
	}
	return []string{words.Of(b.report.Language, "workbookresult.about.unmarked", "count", b.styles.unmarked)}
}

// copied copies a part as it is. A name that begins at the root of whoever unpacks it does not any more.
func copied(z *zip.Writer, f *zip.File) error {
	if !strings.HasPrefix(f.Name, "/") {
		return z.Copy(f)
	}
	h := f.FileHeader
	h.Name = strings.TrimLeft(f.Name, "/")
	w, err := z.CreateRaw(&h)
	if err != nil {
		return err
	}
	r, err := f.OpenRaw()
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return err
}

// assemble writes the zip: the sender's parts in their order, then ours.
func (b *book) assemble(w io.Writer) error {
	x, err := b.extend()
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	if err := z.SetComment(b.o.zip.Comment); err != nil {
		return err
	}
	out := ours.NewParts(z)
	for _, f := range b.o.zip.File {
		if x.dropped[f.Name] {
			continue
		}
		if s := x.spools[f.Name]; s != nil {
			out.Spool(s)
			continue
		}
		if content, is := x.changed[f.Name]; is {
			out.Add(f.Name, content)
			continue
		}
		if out.Err == nil {
			out.Err = copied(z, f)
		}
	}
	for _, a := range x.added {
		if s := x.spools[a.name]; s != nil {
			out.Spool(s)
		} else {
			out.Add(a.name, a.content)
		}
	}
	return out.End()
}
