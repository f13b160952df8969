package workbook

import (
	"fmt"
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
	cells
	row    int
	styles base
}

func (p *page) line(write func(row int)) {
	p.row++
	p.cells.row(p.row)
	write(p.row)
	p.endRow()
}

func (p *page) texts(style look, texts ...string) {
	p.line(func(row int) {
		for i, s := range texts {
			p.text(i, row, p.styles.of(style), s)
		}
	})
}

// summarySheet is the sheet for people who want to know how it went: the accounting, what the codes mean, times, notes.
func summarySheet(r *outbox.Report, t *tally, s base, space string, about []string) []byte {
	l := r.Language
	say := func(key string, args ...any) string { return words.Of(l, "workbookresult.summary."+key, args...) }
	p := &page{styles: s}
	p.b = fmt.Appendf(nil, xmlHead+`<worksheet xmlns="%s"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews><sheetFormatPr defaultRowHeight="15"/>`+
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
			text = say("row", "row", n.Row, "text", text)
		}
		told = append(told, text)
	}
	p.list(say("notes"), told)
	p.list(say("unused"), r.Unused)
	return append(p.b, `</sheetData><pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/><pageSetup orientation="landscape" fitToHeight="0"/>`+
		`<ignoredErrors><ignoredError sqref="A1:D5000" numberStoredAsText="1"/></ignoredErrors></worksheet>`...)
}

func (p *page) outcomes(r *outbox.Report, t *tally, say func(string, ...any) string) {
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
			p.text(0, row, p.styles.of(lookOf(o)), resultmark.Word(r.Language, o))
			p.number(1, row, p.styles.of(lookNumber), float64(n))
			p.text(3, row, p.styles.of(lookWrap), words.Of(r.Language, "workbookresult.means."+strings.ReplaceAll(string(o), " ", "_")))
		})
	}
	p.row++
}

func (p *page) codes(r *outbox.Report, t *tally, say func(string, ...any) string) {
	if len(t.codes) == 0 {
		return
	}
	p.texts(lookBand, say("code"), say("status"), say("rows"), say("meaning"))
	for _, k := range t.sorted() {
		p.line(func(row int) {
			p.text(0, row, p.styles.of(lookPlain), k.code)
			p.text(1, row, p.styles.of(lookOf(k.status)), resultmark.Word(r.Language, k.status))
			p.number(2, row, p.styles.of(lookNumber), float64(t.codes[k]))
			p.text(3, row, p.styles.of(lookWrap), r.Codes[k.code].In(r.Language))
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
			p.text(0, row, p.styles.of(lookLabel), say(f[0]))
			p.text(1, row, p.styles.of(lookPlain), f[1])
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
			p.text(0, row, p.styles.of(lookLabel), say(f.key))
			moment(&p.cells, 1, row, f.at, p.styles)
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
		p.texts(lookPlain, s)
	}
	p.row++
}

const (
	marksWidth   = 3 // cells of a line of the marks; behind them stand pairs of formats
	whereColumns = 4
)

// marks writes the very hidden sheets by which the result is recognised: package resultmark says what they hold.
type marks struct {
	report  *outbox.Report
	styles  base
	space   string
	sheets  []*spool
	name    func(n int) string   // of the part of sheet n, from 1
	where   [whereColumns]string // the visible sheet, the heading's row, our first column, the summary sheet
	colours func() [][2]int      // pairs of formats since it was asked last: in our colour, the sender's
	row     int
	cells   cells
	texts   []string
}

func (m *marks) add(line *outbox.Line, status batch.Status) error {
	if len(m.sheets) == 0 || m.row >= sheetRows {
		if err := m.begin(); err != nil {
			return err
		}
	}
	m.texts = m.texts[:0]
	for i := range line.Row.Cells {
		m.texts = append(m.texts, line.Row.Cells[i].Text)
	}
	return m.write(m.colours(), strconv.Itoa(line.Row.Number), string(status), resultmark.Checksum(m.texts))
}

func (m *marks) begin() error {
	if err := m.finish(); err != nil {
		return err
	}
	s, err := newSpool(m.name(len(m.sheets) + 1))
	if err != nil {
		return err
	}
	m.sheets, m.row = append(m.sheets, s), 0
	fmt.Fprintf(s, xmlHead+`<worksheet xmlns="%s"><sheetData>`, m.space)
	var names []string
	for _, c := range m.report.Columns[:min(len(m.report.Columns), maxColumn)] {
		names = append(names, c.Name)
	}
	for _, texts := range [][]string{
		append([]string{resultmark.Layout, m.report.File.ID, strconv.Itoa(max(1, m.report.Revision))}, m.where[:]...), names, {"row", "status", "checksum"},
	} {
		if err := m.write(nil, texts...); err != nil {
			return err
		}
	}
	return nil
}

// write writes a line. Programs number formats anew when they save; in cells of their own, ours and the sender's stay a pair.
func (m *marks) write(colours [][2]int, texts ...string) error {
	m.row++
	m.cells.b = m.cells.b[:0]
	m.cells.row(m.row)
	for i, s := range texts {
		m.cells.text(i, m.row, 0, s)
	}
	for i, pair := range colours {
		m.cells.blank(marksWidth+2*i, m.row, pair[0])
		m.cells.blank(marksWidth+2*i+1, m.row, pair[1])
	}
	m.cells.endRow()
	_, err := m.sheets[len(m.sheets)-1].Write(m.cells.b)
	return err
}

// finish ends the last sheet.
func (m *marks) finish() error {
	if len(m.sheets) == 0 {
		return nil
	}
	s := m.sheets[len(m.sheets)-1]
	if s.buf == nil {
		return nil
	}
	s.WriteString("</sheetData></worksheet>")
	return s.finish()
}

func (m *marks) close() {
	for _, s := range m.sheets {
		s.close()
	}
}

// markSheetName is the name of hidden sheet n, from 1.
func markSheetName(n int) string {
	if n == 1 {
		return resultmark.Sheet
	}
	return resultmark.Sheet + " " + strconv.Itoa(n)
}
