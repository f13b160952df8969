// Package form writes a workbook that people fill in: cells with looks, notes, checks of what is typed, and pages as they are printed. It holds
// the whole of it in memory.
package form

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Book is a workbook.
type Book struct {
	Title, Creator, Language string
	Properties               [][2]string // custom document properties: name and text
	sheets                   []*Sheet
	looks                    []Look
}

// Sheet is one of its sheets. Rows and columns are counted from 1.
type Sheet struct {
	Fit      bool // its whole width is printed on one page
	Gridless bool
	Headed   bool // the first row stays in sight and is printed on each page
	Texts    bool // numbers that stand as text are meant so

	book    *Book
	name    string
	columns map[int]column
	rows    map[int]*row
	widest  int
	merged  []string
	checks  []Check
	notes   []note
}

type column struct {
	width float64 // letters
	look  int
}

type row struct {
	height float64 // points; 0: as the program likes
	cells  map[int]cell
}

type cell struct {
	value any // nil: only a look
	look  int
}

// Check is what a program checks when a value is typed into cells below the first row of a column.
type Check struct {
	Column        int
	Kind          string // list, date, whole, custom, textLength
	Operator      string // "": between
	First, Second string // formulas
	Warns         bool   // it asks, and does not refuse
	Title, Error  string
}

type note struct {
	column, row   int
	title         string
	remarks       []string
	width, height int // pixels
}

// Look is how a cell looks. The zero value is what a new workbook has.
type Look struct {
	Bold, Italic      bool
	Size              float64 // points; 0: 11
	Colour, Fill      string  // RRGGBB; "": none of its own
	Line, Below       string  // of thin lines around it; of a thick one below
	Number            int     // a built-in number format
	Format            string  // or one of its own
	Wrap              bool
	Vertical, Lateral string
}

// Sheet adds a sheet.
func (b *Book) Sheet(name string) *Sheet {
	s := &Sheet{book: b, name: name, columns: map[int]column{}, rows: map[int]*row{}}
	b.sheets = append(b.sheets, s)
	return s
}

// look is the number of a look.
func (b *Book) look(l Look) int {
	if len(b.looks) == 0 {
		b.looks = []Look{{}}
	}
	at := slices.Index(b.looks, l)
	if at < 0 {
		b.looks = append(b.looks, l)
		at = len(b.looks) - 1
	}
	return at
}

// Name is the name of the sheet.
func (s *Sheet) Name() string { return s.name }

// Column settles how wide a column is, in letters, and how its empty cells look.
func (s *Sheet) Column(n int, width float64, l Look) { s.columns[n] = column{width, s.book.look(l)} }

// Height settles how high a row is, in points.
func (s *Sheet) Height(n int, points float64) { s.row(n).height = points }

// Set fills a cell: a string, an int64, a float64, a time.Time (its day), or nil for a look alone.
func (s *Sheet) Set(column, row int, value any, l Look) {
	s.row(row).cells[column] = cell{value, s.book.look(l)}
	s.widest = max(s.widest, column)
}

func (s *Sheet) row(n int) *row {
	if s.rows[n] == nil {
		s.rows[n] = &row{cells: map[int]cell{}}
	}
	return s.rows[n]
}

// Merge makes the cells of a row one, from the first to that column.
func (s *Sheet) Merge(row, last int) {
	s.merged = append(s.merged, Ref(1, row)+":"+Ref(last, row))
}

// Check adds one.
func (s *Sheet) Check(c Check) { s.checks = append(s.checks, c) }

// Note puts one on a cell: a bold title and remarks below it, in a box of so many pixels.
func (s *Sheet) Note(column, row int, title string, remarks []string, width, height int) {
	s.notes = append(s.notes, note{column, row, title, remarks, width, height})
}

// Ref is what a cell is called: B2.
func Ref(column, row int) string { return Letters(column) + strconv.Itoa(row) }

// Letters are what a column is called.
func Letters(n int) string {
	if n == 0 {
		return ""
	}
	return Letters((n-1)/26) + string(rune('A'+(n-1)%26))
}

// LastRow is the last row of a sheet.
const LastRow = 1 << 20

// Write writes the workbook, the first sheet in front.
func (b *Book) Write(w io.Writer) error {
	z := zip.NewWriter(w)
	var err error
	put := func(name, content string) {
		part, failed := z.Create(name)
		if failed == nil {
			_, failed = io.WriteString(part, xml.Header+content)
		}
		if err == nil {
			err = failed
		}
	}
	types, sheets, relations, names := "", "", "", ""
	for i, s := range b.sheets {
		n := i + 1
		part := fmt.Sprintf("xl/worksheets/sheet%d.xml", n)
		types += override(part, main+"worksheet+xml")
		sheets += fmt.Sprintf(`<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, escaped(s.name), n, n)
		relations += relation(n, office+"/worksheet", fmt.Sprintf("worksheets/sheet%d.xml", n))
		if s.Headed {
			names += fmt.Sprintf(`<definedName name="_xlnm.Print_Titles" localSheetId="%d">'%s'!$1:$1</definedName>`, i, escaped(strings.ReplaceAll(s.name, "'", "''")))
		}
		put(part, s.sheet(i == 0))
		if len(s.notes) == 0 {
			continue
		}
		types += override(fmt.Sprintf("xl/comments%d.xml", n), main+"comments+xml")
		put(fmt.Sprintf("xl/worksheets/_rels/sheet%d.xml.rels", n), list(relation(1, office+"/vmlDrawing", fmt.Sprintf("../drawings/vmlDrawing%d.vml", n))+relation(2, office+"/comments", fmt.Sprintf("../comments%d.xml", n))))
		put(fmt.Sprintf("xl/comments%d.xml", n), s.comments(b.Creator))
		put(fmt.Sprintf("xl/drawings/vmlDrawing%d.vml", n), s.boxes(n))
	}
	if names != "" {
		names = "<definedNames>" + names + "</definedNames>"
	}
	put("xl/workbook.xml", `<workbook xmlns="`+mainSpace+`" xmlns:r="`+office+`"><bookViews><workbookView/></bookViews><sheets>`+sheets+`</sheets>`+names+`</workbook>`)
	put("xl/_rels/workbook.xml.rels", list(relations+relation(len(b.sheets)+1, office+"/styles", "styles.xml")))
	put("xl/styles.xml", b.styles())
	put("docProps/core.xml", fmt.Sprintf(`<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>%s</dc:title><dc:creator>%s</dc:creator><dc:language>%s</dc:language></cp:coreProperties>`,
		escaped(b.Title), escaped(b.Creator), escaped(b.Language)))
	put("docProps/app.xml", `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>`+escaped(b.Creator)+`</Application></Properties>`)
	custom := ""
	for i, p := range b.Properties {
		custom += fmt.Sprintf(`<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="%d" name="%s"><vt:lpwstr>%s</vt:lpwstr></property>`, i+2, escaped(p[0]), escaped(p[1]))
	}
	put("docProps/custom.xml", `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">`+custom+`</Properties>`)
	const pack = "http://schemas.openxmlformats.org/package/2006/"
	put("_rels/.rels", list(relation(1, office+"/officeDocument", "xl/workbook.xml")+relation(2, pack+"relationships/metadata/core-properties", "docProps/core.xml")+
		relation(3, office+"/extended-properties", "docProps/app.xml")+relation(4, office+"/custom-properties", "docProps/custom.xml")))
	put("[Content_Types].xml", `<Types xmlns="`+pack+`content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>`+
		`<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>`+types+override("xl/workbook.xml", main+"sheet.main+xml")+override("xl/styles.xml", main+"styles+xml")+
		override("docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml")+override("docProps/app.xml", "application/vnd.openxmlformats-officedocument.extended-properties+xml")+
		override("docProps/custom.xml", "application/vnd.openxmlformats-officedocument.custom-properties+xml")+`</Types>`)
	if err != nil {
		return err
	}
	return z.Close()
}

const (
	mainSpace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	office    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	main      = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

func override(part, kind string) string {
	return fmt.Sprintf(`<Override PartName="/%s" ContentType="%s"/>`, part, kind)
}

func relation(n int, kind, target string) string {
	return fmt.Sprintf(`<Relationship Id="rId%d" Type="%s" Target="%s"/>`, n, kind, target)
}

func list(relations string) string {
	return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + relations + `</Relationships>`
}

// escaped is a text as XML holds it, line ends too, in an attribute as well.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes all
	return strings.ReplaceAll(b.String(), "&#39;", "'")
}

// formula is one as an element holds it: some programs show what is escaped without need.
func formula(s string) string { return strings.ReplaceAll(escaped(s), "&#34;", `"`) }

func (s *Sheet) sheet(front bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<worksheet xmlns="%s" xmlns:r="%s">`, mainSpace, office)
	if s.Fit {
		b.WriteString(`<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>`)
	}
	rows := slices.Sorted(maps.Keys(s.rows))
	fmt.Fprintf(&b, `<dimension ref="A1:%s"/><sheetViews><sheetView`, Ref(max(1, s.widest), slices.Max(append(rows, 1))))
	if s.Gridless {
		b.WriteString(` showGridLines="0"`)
	}
	if front {
		b.WriteString(` tabSelected="1"`)
	}
	b.WriteString(` workbookViewId="0">`)
	if s.Headed {
		b.WriteString(`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft" activeCell="A2" sqref="A2"/>`)
	}
	b.WriteString(`</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>`)
	for _, n := range slices.Sorted(maps.Keys(s.columns)) {
		fmt.Fprintf(&b, `<col min="%d" max="%d" width="%g" style="%d" customWidth="1"/>`, n, n, s.columns[n].width, s.columns[n].look)
	}
	b.WriteString(`</cols><sheetData>`)
	for _, n := range rows {
		s.writeRow(&b, n)
	}
	b.WriteString(`</sheetData>`)
	if len(s.merged) > 0 {
		fmt.Fprintf(&b, `<mergeCells count="%d">`, len(s.merged))
		for _, ref := range s.merged {
			b.WriteString(`<mergeCell ref="` + ref + `"/>`)
		}
		b.WriteString(`</mergeCells>`)
	}
	s.writeChecks(&b)
	b.WriteString(`<pageSetup paperSize="9" fitToHeight="0" orientation="landscape"/>`)
	if s.Texts {
		fmt.Fprintf(&b, `<ignoredErrors><ignoredError sqref="A1:%s" numberStoredAsText="1"/></ignoredErrors>`, Ref(max(1, s.widest), LastRow))
	}
	if len(s.notes) > 0 {
		b.WriteString(`<legacyDrawing r:id="rId1"/>`)
	}
	return b.String() + `</worksheet>`
}

func (s *Sheet) writeRow(b *strings.Builder, n int) {
	r := s.rows[n]
	fmt.Fprintf(b, `<row r="%d"`, n)
	if r.height > 0 {
		fmt.Fprintf(b, ` ht="%g" customHeight="1"`, r.height)
	}
	b.WriteString(`>`)
	for _, at := range slices.Sorted(maps.Keys(r.cells)) {
		c := r.cells[at]
		fmt.Fprintf(b, `<c r="%s" s="%d"`, Ref(at, n), c.look)
		switch v := c.value.(type) {
		case string:
			fmt.Fprintf(b, ` t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, escaped(v))
		case time.Time:
			fmt.Fprintf(b, `><v>%d</v></c>`, int(v.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours()/24))
		case nil:
			b.WriteString(`/>`)
		default:
			fmt.Fprintf(b, `><v>%v</v></c>`, v)
		}
	}
	b.WriteString(`</row>`)
}

func (s *Sheet) writeChecks(b *strings.Builder) {
	if len(s.checks) == 0 {
		return
	}
	fmt.Fprintf(b, `<dataValidations count="%d">`, len(s.checks))
	for _, c := range s.checks {
		style, operator := "stop", "between"
		if c.Warns {
			style = "warning"
		}
		if c.Operator != "" {
			operator = c.Operator
		}
		name := Letters(c.Column)
		fmt.Fprintf(b, `<dataValidation type="%s" errorStyle="%s" operator="%s" allowBlank="1" showErrorMessage="1" errorTitle="%s" error="%s" sqref="%s2:%s%d"><formula1>%s</formula1>`,
			c.Kind, style, operator, escaped(c.Title), escaped(c.Error), name, name, LastRow, formula(c.First))
		if c.Second != "" {
			fmt.Fprintf(b, `<formula2>%s</formula2>`, formula(c.Second))
		}
		b.WriteString(`</dataValidation>`)
	}
	b.WriteString(`</dataValidations>`)
}

func (s *Sheet) comments(author string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<comments xmlns="%s"><authors><author>%s</author></authors><commentList>`, mainSpace, escaped(author))
	run := func(bold, text string) {
		fmt.Fprintf(&b, `<r><rPr>%s<sz val="9"/><color indexed="81"/><rFont val="Tahoma"/><family val="2"/></rPr><t xml:space="preserve">%s</t></r>`, bold, escaped(text))
	}
	for _, n := range s.notes {
		fmt.Fprintf(&b, `<comment ref="%s" authorId="0"><text>`, Ref(n.column, n.row))
		run("<b/>", n.title)
		for _, remark := range n.remarks {
			run("", "\n"+remark)
		}
		b.WriteString(`</text></comment>`)
	}
	return b.String() + `</commentList></comments>`
}

// boxes are where the notes are shown, hidden until somebody points at a cell: n is the number of the sheet.
func (s *Sheet) boxes(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%d"/></o:shapelayout>`+
		`<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>`, n)
	for i, note := range s.notes {
		right, over := s.after(note.column+1, note.width, func(at int) int {
			if c, there := s.columns[at]; there {
				return int(c.width*7) + 5
			}
			return 64
		})
		bottom, under := s.after(note.row, note.height, func(at int) int {
			if r := s.rows[at]; r != nil && r.height > 0 {
				return int(r.height * 4 / 3)
			}
			return 20
		})
		fmt.Fprintf(&b, `<v:shape id="_x0000_s%d" type="#_x0000_t202" style="position:absolute;margin-left:60pt;margin-top:1.5pt;width:%gpt;height:%gpt;z-index:%d;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">`+
			`<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>`+
			`<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>%d, 0, %d, 0, %d, %d, %d, %d</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>%d</x:Row><x:Column>%d</x:Column></x:ClientData></v:shape>`,
			n*1024+i+1, float64(note.width)*3/4, float64(note.height)*3/4, i+1, note.column, note.row-1, right-1, over, bottom-1, under, note.row-1, note.column-1)
	}
	return b.String() + `</xml>`
}

// after is the column or row that lies so many pixels after the beginning of one, and how many pixels into it.
func (s *Sheet) after(at, pixels int, wide func(int) int) (int, int) {
	for ; pixels >= wide(at); at++ {
		pixels -= wide(at)
	}
	return at, pixels
}
