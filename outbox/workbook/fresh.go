package workbook

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
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// The namespaces of workbooks.
const (
	mainSpace     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relationSpace = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageSpace  = "http://schemas.openxmlformats.org/package/2006/relationships"
	contentSpace  = "http://schemas.openxmlformats.org/package/2006/content-types"
)

// The types of parts.
const (
	typeSheet    = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
	typeComments = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
	typeVML      = "application/vnd.openxmlformats-officedocument.vmlDrawing"
	typeStyles   = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
	typeCustom   = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
	typeRels     = "application/vnd.openxmlformats-package.relationships+xml"
	typeBook     = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
)

// freshBook is a clean new workbook: the sender's values as text, ours at the right.
type freshBook struct {
	report  *outbox.Report
	columns int // of the sender's that have room
	ours    int // where our columns begin
	theirs  int // where the sender's do
	source  int // of several sheets of the sender's the one that is written
	why     string
	tally   tally
	places  *places
	sheets  []*freshSheet
	sheet   *freshSheet
	widths  []float64
	cells   cells
}

type freshSheet struct {
	name  string
	part  *spool
	notes *notes
	rows  int
}

// writeFresh writes a new workbook; why says why it is not the sender's own file, "" where it could not be.
func writeFresh(ctx context.Context, w io.Writer, r *outbox.Report, why string) error {
	f := &freshBook{report: r, why: why, columns: min(len(r.Columns), maxColumn-ourColumns), places: inOrder(r.Language, r.Columns)}
	if f.ours = f.columns; r.Left {
		f.ours, f.theirs = 0, ourColumns
	}
	defer f.close()
	if err := f.measure(); err != nil {
		return err
	}
	for line, err := range r.Lines() {
		if err == nil {
			err = f.tally.count(ctx, line, r)
		}
		if err == nil {
			err = f.line(line)
		}
		if err != nil {
			return err
		}
	}
	if err := f.tally.check(r); err != nil {
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
		s.part.close()
		if s.notes != nil {
			s.notes.close()
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
		f.widths[i] = min(broad, max(narrow, width(f.report.Columns[i].Name)+3))
	}
	n := 0
	for line, err := range f.report.Lines() {
		if err != nil {
			return err
		}
		for i := range line.Row.Cells[:min(f.columns, len(line.Row.Cells))] {
			f.widths[i] = min(broad, max(f.widths[i], width(line.Row.Cells[i].Text)+2))
		}
		if n++; n == sampled {
			break
		}
	}
	return nil
}

// begin opens the next sheet for rows.
func (f *freshBook) begin() error {
	n := len(f.sheets) + 1
	part, err := newSpool("xl/worksheets/sheet" + strconv.Itoa(n) + ".xml")
	if err != nil {
		return err
	}
	f.sheet = &freshSheet{name: f.sheetName(), part: part, rows: 1}
	f.sheets = append(f.sheets, f.sheet)
	selected := ""
	if n == 1 {
		selected = ` tabSelected="1"`
	}
	fmt.Fprintf(part, xmlHead+`<worksheet xmlns="%s" xmlns:r="%s"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView%s workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>`+
		`<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>`, mainSpace, relationSpace, selected)
	widths := slices.Concat(f.widths, ourWidths(f.report.Language))
	if f.theirs > 0 {
		widths = slices.Concat(ourWidths(f.report.Language), f.widths)
	}
	for i, w := range widths {
		fmt.Fprintf(part, `<col min="%[1]d" max="%[1]d" width="%[2]v" customWidth="1"/>`, i+1, w)
	}
	part.WriteString(`</cols><sheetData>`)
	f.cells.b = f.cells.b[:0]
	f.cells.high(1, f.headLines())
	f.across(func() {
		for i, c := range f.report.Columns[:f.columns] {
			f.cells.text(f.theirs+i, 1, fresh.of(lookHead), c.Name)
		}
	}, func() { headings(&f.cells, f.ours, 1, f.report, fresh.of(lookHead)) })
	f.cells.endRow()
	_, err = part.Write(f.cells.b)
	return err
}

// across writes the sender's cells and ours in the order in which they stand.
func (f *freshBook) across(theirs, ours func()) {
	if f.theirs > 0 {
		ours()
		theirs()
		return
	}
	theirs()
	ours()
}

// headLines is how many lines the heading needs.
func (f *freshBook) headLines() int {
	n := 1
	for i, c := range f.report.Columns[:f.columns] {
		n = max(n, 1+int(width(c.Name)+2)/int(f.widths[i]), 1+strings.Count(strings.TrimSpace(c.Name), "\n"))
	}
	return n
}

// linesIn is how many lines of text a row shows.
func linesIn(line *outbox.Line) int {
	n := linesOf(csvfile.Message(line))
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
		f.places = inOrder(f.report.Language, f.report.Sheets[source].Columns)
	}
	return f.begin()
}

func (f *freshBook) line(line *outbox.Line) error {
	source, _ := f.report.Sheets.At(line.Row.Number)
	if f.sheet == nil || len(f.report.Sheets) > 0 && source != f.source || f.sheet.rows == sheetRows {
		if err := f.turn(source); err != nil {
			return err
		}
	}
	f.sheet.rows++
	row, found := f.sheet.rows, f.places.of(line)
	f.cells.b = f.cells.b[:0]
	f.cells.high(row, linesIn(line))
	f.across(func() { found = f.sender(line, row, found) }, func() { outcome(&f.cells, f.ours, row, line, f.report, fresh, lookWrap) })
	f.cells.endRow()
	if _, err := f.sheet.part.Write(f.cells.b); err != nil {
		return err
	}
	for _, m := range found {
		if m.column < f.columns {
			if err := f.note(f.theirs+m.column, row, m.text); err != nil {
				return err
			}
		}
	}
	f.tally.place(line, f.report, f.sheet.name, string(appendRef(nil, f.ours, row)))
	return nil
}

// sender writes the sender's cells of a line; found is what is said about them, and grows where one has no room for its text.
func (f *freshBook) sender(line *outbox.Line, row int, found []mark) []mark {
	for i := range line.Row.Cells[:min(f.columns, len(line.Row.Cells))] {
		style, text := lookText, line.Row.Cells[i].Text
		at := slices.IndexFunc(found, func(m mark) bool { return m.column == i })
		if at >= 0 {
			if style = lookWarn; found[at].bad {
				style = lookBad
			}
		}
		if f.cells.text(f.theirs+i, row, fresh.of(style), text) {
			continue
		}
		f.tally.cut++
		f.places.add(i, words.Of(f.report.Language, "workbookresult.note.cut", "length", len([]rune(text))), false)
		found = f.places.found
	}
	return found
}

func (f *freshBook) note(column, row int, text string) error {
	if f.sheet.notes == nil {
		n := len(f.sheets)
		var err error
		f.sheet.notes, err = openNotes("xl/comments"+strconv.Itoa(n)+".xml", "xl/drawings/vmlDrawing"+strconv.Itoa(n)+".vml", mainSpace, "", 1+1000*(n-1), f.expected())
		if err != nil {
			return err
		}
	}
	return f.sheet.notes.add(column, row, text)
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
		if err := s.notes.finish(); err != nil {
			return err
		}
	}
	s.part.WriteString("</worksheet>")
	return s.part.finish()
}

func (f *freshBook) extent(s *freshSheet) string {
	return "A1:" + letters(f.columns+ourColumns-1) + strconv.Itoa(s.rows)
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
		say("about.sheets", "count", len(f.sheets), "limit", sheetRows)
	}
	if left := len(f.report.Columns) - f.columns; left > 0 {
		say("about.columns", "count", left)
	}
	if f.tally.cut > 0 {
		say("about.cut", "count", f.tally.cut)
	}
	return out
}

// assemble writes the zip.
func (f *freshBook) assemble(w io.Writer) error {
	z := zip.NewWriter(w)
	b := newParts(z)
	b.add("_rels/.rels", relations(
		relation{"rId1", relationSpace + "/officeDocument", "xl/workbook.xml"},
		relation{"rId2", relationSpace + "/custom-properties", "docProps/custom.xml"}))
	var book, filters strings.Builder
	types := []contentType{{"xl/workbook.xml", typeBook}, {"xl/styles.xml", typeStyles}, {"docProps/custom.xml", typeCustom}}
	var links []relation
	sheet := func(part, name, state string) {
		id := "rId" + strconv.Itoa(len(links)+1)
		fmt.Fprintf(&book, `<sheet name="%s" sheetId="%d"%s r:id="%s"/>`, appendAttr(nil, name), len(links)+1, state, id)
		links = append(links, relation{id, relationSpace + "/worksheet", strings.TrimPrefix(part, "xl/")})
		types = append(types, contentType{part, typeSheet})
	}
	for i, s := range f.sheets {
		sheet(s.part.name, s.name, "")
		fmt.Fprintf(&filters, `<definedName name="_xlnm._FilterDatabase" localSheetId="%d" hidden="1">'%s'!%s</definedName>`, i, appendText(nil, strings.ReplaceAll(s.name, "'", "''")), absolute(f.extent(s)))
		b.spool(s.part)
		if s.notes != nil {
			b.spool(s.notes.comments)
			b.spool(s.notes.shapes)
			b.add(relationsOf(s.part.name), relations(
				relation{"rId1", relationSpace + "/vmlDrawing", "../" + strings.TrimPrefix(s.notes.shapes.name, "xl/")},
				relation{"rId2", relationSpace + "/comments", "../" + strings.TrimPrefix(s.notes.comments.name, "xl/")}))
			types = append(types, contentType{s.notes.comments.name, typeComments})
		}
	}
	const page = "xl/worksheets/summary.xml"
	sheet(page, f.summaryName(), "")
	b.add(page, summarySheet(f.report, &f.tally, fresh, mainSpace, f.about()))
	const hidden = "xl/worksheets/marks.xml"
	sheet(hidden, resultmark.Sheet, ` state="veryHidden"`)
	m := marks{f.report, mainSpace, [whereColumns]string{f.sheets[0].name, "1", letters(f.ours), f.summaryName()}}
	if len(f.report.Sheets) > 0 {
		m.where = [whereColumns]string{3: f.summaryName()}
	}
	b.add(hidden, m.sheet([][2]int{{fresh.of(lookBad), fresh.of(lookText)}, {fresh.of(lookWarn), fresh.of(lookText)}}))
	links = append(links, relation{"rId" + strconv.Itoa(len(links)+1), relationSpace + "/styles", "styles.xml"})
	b.add("xl/workbook.xml", fmt.Appendf(nil, xmlHead+`<workbook xmlns="%s" xmlns:r="%s"><bookViews><workbookView xWindow="0" yWindow="0" windowWidth="28000" windowHeight="16000" activeTab="0"/></bookViews><sheets>%s</sheets><definedNames>%s</definedNames></workbook>`,
		mainSpace, relationSpace, book.String(), filters.String()))
	b.add("xl/_rels/workbook.xml.rels", relations(links...))
	b.add("xl/styles.xml", freshStyles(mainSpace))
	b.add("docProps/custom.xml", customProperties(f.report))
	b.add("[Content_Types].xml", contentTypes(types))
	return b.end()
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

// parts writes parts into a zip until one fails.
type parts struct {
	z   *zip.Writer
	err error
}

func newParts(z *zip.Writer) *parts { return &parts{z: z} }

func (p *parts) add(name string, content []byte) {
	if p.err == nil {
		p.err = putBytes(p.z, name, content)
	}
}

func (p *parts) spool(s *spool) {
	if p.err == nil {
		p.err = s.put(p.z)
	}
}

func (p *parts) end() error {
	if p.err != nil {
		return p.err
	}
	return p.z.Close()
}

type relation struct{ id, kind, target string }

func (r relation) append(b []byte, prefix string) []byte {
	return fmt.Appendf(b, `<%sRelationship Id="%s" Type="%s" Target="%s"/>`, prefix, r.id, r.kind, appendAttr(nil, r.target))
}

func relations(list ...relation) []byte {
	b := []byte(xmlHead + `<Relationships xmlns="` + packageSpace + `">`)
	for _, r := range list {
		b = r.append(b, "")
	}
	return append(b, "</Relationships>"...)
}

// relationsOf is the part with the relations of a part.
func relationsOf(part string) string {
	at := strings.LastIndexByte(part, '/') + 1
	return part[:at] + "_rels/" + part[at:] + ".rels"
}

type contentType struct{ part, kind string }

func (t contentType) append(b []byte, prefix string) []byte {
	return fmt.Appendf(b, `<%sOverride PartName="/%s" ContentType="%s"/>`, prefix, appendAttr(nil, t.part), t.kind)
}

func contentTypes(list []contentType) []byte {
	b := []byte(xmlHead + `<Types xmlns="` + contentSpace + `"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="vml" ContentType="` + typeVML + `"/>`)
	for _, t := range list {
		b = t.append(b, "")
	}
	return append(b, "</Types>"...)
}

const (
	customSpace  = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
	variantSpace = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
)

// properties are the custom document properties by which the result is recognised.
func properties(r *outbox.Report, firstID int, prefix, variant string) []byte {
	var b []byte
	for i, p := range [][2]string{{resultmark.PropertyFile, r.File.ID}, {resultmark.PropertyRevision, strconv.Itoa(max(1, r.Revision))}} {
		b = fmt.Appendf(b, `<%[1]sproperty fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="%[2]d" name="%[3]s"><vt:lpwstr xmlns:vt="%[5]s">%[4]s</vt:lpwstr></%[1]sproperty>`,
			prefix, firstID+i, p[0], appendText(nil, p[1]), variant)
	}
	return b
}

func customProperties(r *outbox.Report) []byte {
	b := []byte(xmlHead + `<Properties xmlns="` + customSpace + `">`)
	return append(append(b, properties(r, 2, "", variantSpace)...), "</Properties>"...)
}
