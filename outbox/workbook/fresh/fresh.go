// Package fresh writes the result as a new workbook of text cells, where there is no workbook of the sender's that can be changed.
package fresh

import (
	"archive/zip"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/outbox/workbook/ours"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// freshBook is a clean new workbook: the sender's values as text, ours at the right.
type freshBook struct {
	report  *outbox.Report
	columns int // of the sender's that have room
	ours    int // where our columns begin
	theirs  int // where the sender's do
	source  int // of several sheets of the sender's the one that is written
	why     string
	tally   ours.Tally
	places  *ours.Places
	sheets  []*freshSheet
	sheet   *freshSheet
	widths  []float64
	cells   ours.Cells
}

type freshSheet struct {
	name  string
	part  *ours.Spool
	notes *ours.Notes
	rows  int
}

// WriteFresh writes a new workbook; why says why it is not the sender's own file, "" where it could not be.
func WriteFresh(ctx context.Context, w io.Writer, r *outbox.Report, why string) error {
	f := &freshBook{report: r, why: why, columns: min(len(r.Columns), ours.MaxColumn-ours.Columns), places: ours.InOrder(r.Language, r.Columns)}
	if f.ours = f.columns; r.Left {
		f.ours, f.theirs = 0, ours.Columns
	}
	defer f.close()
	if err := f.measure(); err != nil {
		return err
	}
	for line, err := range r.Lines() {
		if err == nil {
			err = f.tally.Count(ctx, line, r)
		}
		if err == nil {
			err = f.line(line)
		}
		if err != nil {
			return err
		}
	}
	if err := f.tally.Check(r); err != nil {
		return err
	}
	if f.sheet == nil {
		if err := f.turn(0); err != nil {
			return err
		}
	}
	if err := f.end(); err != nil {
		return err
	}
	return f.assemble(w)
}

func (f *freshBook) close() {
	for _, s := range f.sheets {
		s.part.Close()
		if s.notes != nil {
			s.notes.Close()
		}
	}
}

// sheetName is the name of the next sheet: what the sender's is called whose rows it has, or the word for it.
func (f *freshBook) sheetName() string {
	name := words.Of(f.report.Language, "workbookresult.sheet.result")
	if f.source < len(f.report.Sheets) {
		name = tidy(f.report.Sheets[f.source].Name)
	}
	free := func(s string) bool {
		return !strings.EqualFold(s, f.summaryName()) && !slices.ContainsFunc(f.sheets, func(o *freshSheet) bool { return strings.EqualFold(o.name, s) })
	}
	found := name
	for n := 2; !free(found); n++ {
		end := " " + strconv.Itoa(n)
		found = string([]rune(name)[:min(len([]rune(name)), longestTab-len(end))]) + end
	}
	return found
}

func (f *freshBook) summaryName() string {
	return words.Of(f.report.Language, "workbookresult.sheet.summary")
}

// longestTab is how many letters a tab may have.
const longestTab = 31

// tidy is a tab's name without what other programs permit there and Excel does not.
func tidy(name string) string {
	name = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]:*?/\\", r) {
			return '_'
		}
		return r
	}, name), "'")
	if letters := []rune(name); len(letters) > longestTab {
		name = string(letters[:longestTab])
	}
	return cmp.Or(name, "_")
}

const (
	narrow, broad = 8, 45 // letters
	sampled       = 200   // rows that settle the widths
)

// measure settles the columns' widths by headings and the first rows.
func (f *freshBook) measure() error {
	f.widths = make([]float64, f.columns)
	for i := range f.widths {
		f.widths[i] = min(broad, max(narrow, ours.Width(f.report.Columns[i].Name)+3))
	}
	n := 0
	for line, err := range f.report.Lines() {
		if err != nil {
			return err
		}
		for i := range line.Row.Cells[:min(f.columns, len(line.Row.Cells))] {
			f.widths[i] = min(broad, max(f.widths[i], ours.Width(line.Row.Cells[i].Text)+2))
		}
		if n++; n == sampled {
			break
		}
	}
	return nil
}

// sheetPart is the part of a sheet, as Excel names them: some programs go by that, and not by what refers to it.
func sheetPart(n int) string { return "xl/worksheets/sheet" + strconv.Itoa(n) + ".xml" }

// begin opens the next sheet for rows.
func (f *freshBook) begin() error {
	n := len(f.sheets) + 1
	part, err := ours.NewSpool(sheetPart(n))
	if err != nil {
		return err
	}
	f.sheet = &freshSheet{name: f.sheetName(), part: part, rows: 1}
	f.sheets = append(f.sheets, f.sheet)
	selected := ""
	if n == 1 {
		selected = ` tabSelected="1"`
	}
	fmt.Fprintf(part, ours.XMLHead+`<worksheet xmlns="%s" xmlns:r="%s"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView%s workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>`+
		`<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>`, ours.MainSpace, ours.RelationSpace, selected)
	widths := slices.Concat(f.widths, ours.Widths(f.report.Language))
	if f.theirs > 0 {
		widths = slices.Concat(ours.Widths(f.report.Language), f.widths)
	}
	for i, w := range widths {
		fmt.Fprintf(part, `<col min="%[1]d" max="%[1]d" width="%[2]v" customWidth="1"/>`, i+1, w)
	}
	part.WriteString(`</cols><sheetData>`)
	f.cells.B = f.cells.B[:0]
	f.cells.High(1, f.headLines())
	f.across(func() {
		for i, c := range f.report.Columns[:f.columns] {
			f.cells.Text(f.theirs+i, 1, ours.Fresh.Of(ours.LookHead), c.Name)
		}
	}, func() { ours.Headings(&f.cells, f.ours, 1, f.report, ours.Fresh.Of(ours.LookHead)) })
	f.cells.EndRow()
	_, err = part.Write(f.cells.B)
	return err
}

// across writes the sender's cells and ours in the order in which they stand.
func (f *freshBook) across(theirs, own func()) {
	if f.theirs > 0 {
		own()
		theirs()
		return
	}
	theirs()
	own()
}

// headLines is how many lines the heading needs.
func (f *freshBook) headLines() int {
	n := 1
	for i, c := range f.report.Columns[:f.columns] {
		n = max(n, 1+int(ours.Width(c.Name)+2)/int(f.widths[i]), 1+strings.Count(strings.TrimSpace(c.Name), "\n"))
	}
	return n
}

// linesIn is how many lines of text a row shows.
func linesIn(line *outbox.Line) int {
	n := ours.LinesOf(csvfile.Message(line))
	for i := range line.Row.Cells {
		n = max(n, 1+strings.Count(line.Row.Cells[i].Text, "\n"))
	}
	return n
}

// turn goes on with the next sheet, for rows of the sender's sheet of that number.
func (f *freshBook) turn(source int) error {
	if f.sheet != nil {
		if err := f.end(); err != nil {
			return err
		}
	}
	if f.source = source; source < len(f.report.Sheets) {
		f.places = ours.InOrder(f.report.Language, f.report.Sheets[source].Columns)
	}
	return f.begin()
}

func (f *freshBook) line(line *outbox.Line) error {
	source, _ := f.report.Sheets.At(line.Row.Number)
	if f.sheet == nil || len(f.report.Sheets) > 0 && source != f.source || f.sheet.rows == ours.SheetRows {
		if err := f.turn(source); err != nil {
			return err
		}
	}
	f.sheet.rows++
	row, found := f.sheet.rows, f.places.Of(line)
	f.cells.B = f.cells.B[:0]
	f.cells.High(row, linesIn(line))
	f.across(func() { found = f.sender(line, row, found) }, func() { ours.Outcome(&f.cells, f.ours, row, line, f.report, ours.Fresh, ours.LookWrap) })
	f.cells.EndRow()
	if _, err := f.sheet.part.Write(f.cells.B); err != nil {
		return err
	}
	for _, m := range found {
		if m.Column < f.columns {
			if err := f.note(f.theirs+m.Column, row, m.Text); err != nil {
				return err
			}
		}
	}
	f.tally.Place(line, f.report, f.sheet.name, string(ours.AppendRef(nil, f.ours, row)))
	return nil
}

// sender writes the sender's cells of a line; found is what is said about them, and grows where one has no room for its text.
func (f *freshBook) sender(line *outbox.Line, row int, found []ours.Mark) []ours.Mark {
	for i := range line.Row.Cells[:min(f.columns, len(line.Row.Cells))] {
		style, text := ours.LookText, line.Row.Cells[i].Text
		at := slices.IndexFunc(found, func(m ours.Mark) bool { return m.Column == i })
		if at >= 0 {
			if style = ours.LookWarn; found[at].Bad {
				style = ours.LookBad
			}
		}
		if f.cells.Text(f.theirs+i, row, ours.Fresh.Of(style), text) {
			continue
		}
		f.tally.Cut++
		f.places.Add(i, words.Of(f.report.Language, "workbookresult.note.cut", "length", len([]rune(text))), false)
		found = f.places.Found
	}
	return found
}

func (f *freshBook) note(column, row int, text string) error {
	if f.sheet.notes == nil {
		n := len(f.sheets)
		var err error
		f.sheet.notes, err = ours.OpenNotes("xl/comments"+strconv.Itoa(n)+".xml", "xl/drawings/vmlDrawing"+strconv.Itoa(n)+".vml", ours.MainSpace, "", 1+1000*(n-1), f.expected())
		if err != nil {
			return err
		}
	}
	return f.sheet.notes.Add(column, row, text)
}

// expected is a guess at the number of notes, on the high side.
func (f *freshBook) expected() int { return 4 * f.report.File.Counts.Invalid }

// end closes the sheet.
func (f *freshBook) end() error {
	s := f.sheet
	fmt.Fprintf(s.part, `</sheetData><autoFilter ref="%s"/><pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/><pageSetup orientation="landscape" fitToHeight="0"/>`, f.extent(s))
	fmt.Fprintf(s.part, `<ignoredErrors><ignoredError sqref="%s" numberStoredAsText="1"/></ignoredErrors>`, f.extent(s))
	if s.notes != nil {
		s.part.WriteString(`<legacyDrawing r:id="rId1"/>`)
		if err := s.notes.Finish(); err != nil {
			return err
		}
	}
	s.part.WriteString("</worksheet>")
	return s.part.Finish()
}

func (f *freshBook) extent(s *freshSheet) string {
	return "A1:" + ours.Letters(f.columns+ours.Columns-1) + strconv.Itoa(s.rows)
}

// about is what the summary says of the workbook itself.
func (f *freshBook) about() []string {
	var out []string
	say := func(key string, args ...any) {
		out = append(out, words.Of(f.report.Language, "workbookresult."+key, args...))
	}
	if f.why != "" {
		say("new", "why", f.why)
	}
	if len(f.sheets) > max(1, len(f.report.Sheets)) {
		say("about.sheets", "count", len(f.sheets), "limit", ours.SheetRows)
	}
	if left := len(f.report.Columns) - f.columns; left > 0 {
		say("about.columns", "count", left)
	}
	if f.tally.Cut > 0 {
		say("about.cut", "count", f.tally.Cut)
	}
	return out
}

// assemble writes the zip.
func (f *freshBook) assemble(w io.Writer) error {
	z := zip.NewWriter(w)
	b := ours.NewParts(z)
	b.Add("_rels/.rels", ours.Relations(
		ours.Relation{ID: "rId1", Kind: ours.RelationSpace + "/officeDocument", Target: "xl/workbook.xml"},
		ours.Relation{ID: "rId2", Kind: ours.RelationSpace + "/custom-properties", Target: "docProps/custom.xml"}))
	var book, filters strings.Builder
	types := []ours.ContentType{{Part: "xl/workbook.xml", Kind: ours.TypeBook}, {Part: "xl/styles.xml", Kind: ours.TypeStyles}, {Part: "docProps/custom.xml", Kind: ours.TypeCustom}}
	var links []ours.Relation
	sheet := func(part, name, state string) {
		id := "rId" + strconv.Itoa(len(links)+1)
		fmt.Fprintf(&book, `<sheet name="%s" sheetId="%d"%s r:id="%s"/>`, ours.AppendAttr(nil, name), len(links)+1, state, id)
		links = append(links, ours.Relation{ID: id, Kind: ours.RelationSpace + "/worksheet", Target: strings.TrimPrefix(part, "xl/")})
		types = append(types, ours.ContentType{Part: part, Kind: ours.TypeSheet})
	}
	for i, s := range f.sheets {
		sheet(s.part.Name, s.name, "")
		fmt.Fprintf(&filters, `<definedName name="_xlnm._FilterDatabase" localSheetId="%d" hidden="1">'%s'!%s</definedName>`, i, ours.AppendText(nil, strings.ReplaceAll(s.name, "'", "''")), absolute(f.extent(s)))
		b.Spool(s.part)
		if s.notes != nil {
			b.Spool(s.notes.Comments)
			b.Spool(s.notes.Shapes)
			b.Add(ours.RelationsOf(s.part.Name), ours.Relations(
				ours.Relation{ID: "rId1", Kind: ours.RelationSpace + "/vmlDrawing", Target: "../" + strings.TrimPrefix(s.notes.Shapes.Name, "xl/")},
				ours.Relation{ID: "rId2", Kind: ours.RelationSpace + "/comments", Target: "../" + strings.TrimPrefix(s.notes.Comments.Name, "xl/")}))
			types = append(types, ours.ContentType{Part: s.notes.Comments.Name, Kind: ours.TypeComments})
		}
	}
	page, hidden := sheetPart(len(f.sheets)+1), sheetPart(len(f.sheets)+2)
	sheet(page, f.summaryName(), "")
	b.Add(page, ours.SummarySheet(f.report, &f.tally, ours.Fresh, ours.MainSpace, f.about()))
	sheet(hidden, resultmark.Sheet, ` state="veryHidden"`)
	m := ours.Marks{Report: f.report, Space: ours.MainSpace, Texts: true, Where: [ours.WhereColumns]string{f.sheets[0].name, "1", ours.Letters(f.ours), f.summaryName()}}
	if len(f.report.Sheets) > 0 {
		m.Where = [ours.WhereColumns]string{3: f.summaryName()}
	}
	b.Add(hidden, m.Sheet([][2]int{{ours.Fresh.Of(ours.LookBad), ours.Fresh.Of(ours.LookText)}, {ours.Fresh.Of(ours.LookWarn), ours.Fresh.Of(ours.LookText)}}))
	links = append(links, ours.Relation{ID: "rId" + strconv.Itoa(len(links)+1), Kind: ours.RelationSpace + "/styles", Target: "styles.xml"})
	b.Add("xl/workbook.xml", fmt.Appendf(nil, ours.XMLHead+`<workbook xmlns="%s" xmlns:r="%s"><bookViews><workbookView xWindow="0" yWindow="0" windowWidth="28000" windowHeight="16000" activeTab="0"/></bookViews><sheets>%s</sheets><definedNames>%s</definedNames></workbook>`,
		ours.MainSpace, ours.RelationSpace, book.String(), filters.String()))
	b.Add("xl/_rels/workbook.xml.rels", ours.Relations(links...))
	b.Add("xl/styles.xml", ours.FreshStyles(ours.MainSpace))
	b.Add("docProps/custom.xml", ours.CustomProperties(f.report))
	b.Add("[Content_Types].xml", ours.ContentTypes(types))
	return b.End()
}

// absolute turns A1:C5 into $A$1:$C$5.
func absolute(area string) string {
	from, to, _ := strings.Cut(area, ":")
	fix := func(ref string) string {
		at := strings.IndexAny(ref, "0123456789")
		return "$" + ref[:at] + "$" + ref[at:]
	}
	return fix(from) + ":" + fix(to)
}
