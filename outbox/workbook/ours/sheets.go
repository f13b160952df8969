package ours

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/summary"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// page is a small sheet that is written from top to bottom.
type page struct {
	Cells
	row      int
	styles   Base
	language batch.Language
	links    []byte // of cells to other sheets
}

func (p *page) line(write func(row int)) {
	p.row++
	p.Cells.Row(p.row)
	write(p.row)
	p.EndRow()
}

func (p *page) texts(style Look, texts ...string) {
	p.line(func(row int) {
		for i, s := range texts {
			p.Text(i, row, p.styles.Of(style), s)
		}
	})
}

// SummarySheet is the sheet for people who want to know how it went: the accounting, what the codes mean, times, notes.
func SummarySheet(r *outbox.Report, t *Tally, s Base, space string, about []string) []byte {
	l := r.Language
	say := func(key string, args ...any) string { return words.Of(l, "workbookresult.summary."+key, args...) }
	p := &page{styles: s, language: l}
	p.B = fmt.Appendf(nil, XMLHead+`<worksheet xmlns="%s"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews><sheetFormatPr defaultRowHeight="15"/>`+
		`<cols><col min="1" max="1" width="30" customWidth="1"/><col min="2" max="2" width="24" customWidth="1"/><col min="3" max="3" width="12" customWidth="1"/><col min="4" max="4" width="90" customWidth="1"/></cols><sheetData>`, space)
	title := "title"
	if r.Preview {
		title = "preview"
	}
	p.texts(lookTitle, say(title, "file", r.File.Name))
	p.row++
	p.texts(lookLabel, summary.Accounting(l, t.counts, r.Preview))
	p.row++
	p.outcomes(r, t, say)
	p.mend(t, say)
	p.codes(r, t, say)
	p.facts(r, say)
	p.list(say("about"), about)
	var told []string
	for _, n := range r.Notes {
		if n.Message.Key == "mapper.note.unused" {
			continue // they have a list of their own
		}
		text := words.Say(l, n.Message)
		if n.Row > 0 {
			text = say("row", "row", r.Sheets.Row(n.Row), "text", text)
		}
		told = append(told, text)
	}
	p.list(say("notes"), told)
	p.list(say("unused"), r.Unused)
	p.B = append(p.B, `</sheetData>`...)
	if len(p.links) > 0 {
		p.B = append(append(append(p.B, `<hyperlinks>`...), p.links...), `</hyperlinks>`...)
	}
	return append(p.B, `<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/><pageSetup orientation="landscape" fitToHeight="0"/>`+
		`<ignoredErrors><ignoredError sqref="A1:D5000" numberStoredAsText="1"/></ignoredErrors></worksheet>`...)
}

func (p *page) outcomes(r *outbox.Report, t *Tally, say func(string, ...any) string) {
	p.texts(lookBand, say("status"), say("rows"), "", say("meaning"))
	for _, o := range outcomes() {
		if r.Preview && o == batch.Delivered {
			continue // it is what would be sent
		}
		n := t.rows(o, r.Preview)
		if n == 0 && (r.Preview || o == resultmark.WouldBeSent) {
			continue
		}
		p.line(func(row int) {
			p.Text(0, row, p.styles.Of(lookOf(o)), resultmark.Word(r.Language, o))
			p.number(1, row, p.styles.Of(lookNumber), float64(n))
			p.Text(3, row, p.styles.Of(LookWrap), words.Of(r.Language, "workbookresult.means."+strings.ReplaceAll(string(o), " ", "_")))
		})
	}
	p.row++
}

// mend lists the rows that need a person, each with a link to its cell.
func (p *page) mend(t *Tally, say func(string, ...any) string) {
	if len(t.mend) == 0 {
		return
	}
	p.texts(lookBand, say("mend"), say("status"), "", say("message"))
	for _, m := range t.mend {
		p.line(func(row int) {
			p.Text(0, row, p.styles.Of(lookLink), say("mend.row", "row", m.row))
			p.Text(1, row, p.styles.Of(lookOf(m.status)), resultmark.Word(p.language, m.status))
			p.Text(3, row, p.styles.Of(LookWrap), m.message)
			place := "'" + strings.ReplaceAll(m.sheet, "'", "''") + "'!" + m.cell
			p.links = fmt.Appendf(p.links, `<hyperlink ref="A%d" location="%s"/>`, row, AppendAttr(nil, place))
		})
	}
	needs := 0
	for _, s := range []batch.Status{batch.Rejected, batch.Invalid, batch.Failed, batch.Unknown} {
		needs += t.counts.Of(s)
	}
	if more := needs - len(t.mend); more > 0 {
		p.texts(LookPlain, say("mend.more", "count", more))
	}
	p.row++
}

// meaning is what a code means: by its document, by us, or what is said of a row that has it.
func (p *page) meaning(r *outbox.Report, t *Tally, k summary.Coded) string {
	if text := r.Codes[k.Code].In(r.Language); text != "" {
		return text
	}
	if key := "code." + k.Code; words.Has(key) {
		return words.Of(r.Language, key)
	}
	return words.Of(r.Language, "workbookresult.summary.example", "text", t.says[k])
}

func (p *page) codes(r *outbox.Report, t *Tally, say func(string, ...any) string) {
	if len(t.codes) == 0 {
		return
	}
	p.texts(lookBand, say("code"), say("status"), say("rows"), say("meaning"))
	for _, k := range summary.Sorted(t.codes) {
		p.line(func(row int) {
			p.Text(0, row, p.styles.Of(LookPlain), k.Code)
			p.Text(1, row, p.styles.Of(lookOf(k.Status)), resultmark.Word(r.Language, k.Status))
			p.number(2, row, p.styles.Of(lookNumber), float64(t.codes[k]))
			p.Text(3, row, p.styles.Of(LookWrap), p.meaning(r, t, k))
		})
	}
	p.row++
}

func (p *page) facts(r *outbox.Report, say func(string, ...any) string) {
	for _, f := range [][2]string{
		{"file", r.File.Name}, {"id", r.File.ID}, {"revision", strconv.Itoa(max(1, r.Revision))}, {"route", r.File.Route},
		{"account", r.Account}, {"operation", r.Operation},
	} {
		if f[1] == "" {
			continue
		}
		p.line(func(row int) {
			p.Text(0, row, p.styles.Of(lookLabel), say(f[0]))
			p.Text(1, row, p.styles.Of(LookPlain), f[1])
		})
	}
	for _, f := range []struct {
		key string
		at  time.Time
	}{{"taken", r.File.TakenAt}, {"started", r.Started}, {"finished", r.Finished}} {
		if f.at.IsZero() {
			continue
		}
		p.line(func(row int) {
			p.Text(0, row, p.styles.Of(lookLabel), say(f.key))
			moment(&p.Cells, 1, row, f.at, p.styles)
		})
	}
	p.row++
}

func (p *page) list(heading string, texts []string) {
	if len(texts) == 0 {
		return
	}
	p.texts(lookBand, heading, "", "", "")
	for _, s := range texts {
		p.texts(LookPlain, s)
	}
	p.row++
}

const (
	PairsFrom    = 3    // the first column of pairs of formats: an older rowferry wrote number, status and checksum before them
	pairsInRow   = 1000 // of them
	WhereColumns = 4
)

// Marks is the very hidden sheet by which the result is recognised: package resultmark says what it holds.
type Marks struct {
	Report *outbox.Report
	Space  string
	Where  [WhereColumns]string // the visible sheet, the heading's row, our first column, the summary sheet
	Texts  bool                 // it is a new workbook
}

// Sheet is its content, with pairs of formats: one in a colour of ours, and the sender's. Programs number formats anew when
// they save; in cells of their own, the two stay a pair.
func (m *Marks) Sheet(pairs [][2]int) []byte {
	c := Cells{B: fmt.Appendf(nil, XMLHead+`<worksheet xmlns="%s"><sheetData>`, m.Space)}
	var names []string
	for _, column := range m.Report.Columns[:min(len(m.Report.Columns), MaxColumn)] {
		names = append(names, column.Name)
	}
	about := append([]string{resultmark.Layout, m.Report.File.ID, strconv.Itoa(max(1, m.Report.Revision))}, m.Where[:]...)
	if m.Texts {
		about = append(about, resultmark.Texts)
	}
	for i, texts := range [][]string{about, names} {
		c.Row(i + 1)
		for column, s := range texts {
			c.Text(column, i+1, 0, s)
		}
		c.EndRow()
	}
	row := resultmark.First
	for some := range slices.Chunk(pairs, pairsInRow) {
		c.Row(row)
		for i, pair := range some {
			c.Blank(PairsFrom+2*i, row, pair[0])
			c.Blank(PairsFrom+2*i+1, row, pair[1])
		}
		c.EndRow()
		row++
	}
	return append(c.B, "</sheetData></worksheet>"...)
}
