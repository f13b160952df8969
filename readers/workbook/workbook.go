// Package workbook reads .xlsx and .xlsm files strictly and as a stream: typed cells become what the sender saw, and damage
// anywhere in a part that is needed refuses the whole file.
//
// What a cell becomes. Numbers are plain decimals with the 15 digits a spreadsheet keeps. Their format does not round or
// scale them: 0.125 shown as 13% is "0.125", 1234.5678 shown as 1,234.57 is "1234.5678"; only leading zeros (00000),
// fixed signs between digits (000-00-0000) and letters before such digits ("MSKU"0000000) are taken from it. Dates and times follow the format's kind and are rounded
// to the nearest second. What the spreadsheet has already destroyed is Faulty, never a guess.
package workbook

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// New returns the reader of workbooks. It is safe for concurrent use; its tables are not.
func New() readers.Reader { return reader{} }

// Located is implemented by the tables of this package: where in the workbook the rows are.
type Located interface {
	Sheet() string     // the name on the tab
	SheetPart() string // the part of the zip
	HeaderRow() int    // the heading's last row, 0 when there is no heading
}

type reader struct{}

// Complete checks that the file is a workbook whose zip is closed and whose parts lie within it.
func (reader) Complete(ctx context.Context, f readers.File, s readers.Settings) error {
	_, err := openArchive(ctx, f, withDefaults(s.Limits))
	return err
}

// Open chooses the sheet, finds the heading and reads the first rows.
func (reader) Open(ctx context.Context, f readers.File, s readers.Settings) (readers.Table, error) {
	b := &book{ctx: ctx, settings: s, limits: withDefaults(s.Limits)}
	t, err := b.open(f)
	if err != nil {
		return nil, unreadable(ctx, err)
	}
	return t, nil
}

func withDefaults(l readers.Limits) readers.Limits {
	d := readers.DefaultLimits()
	l.Bytes = cmp.Or(l.Bytes, d.Bytes)
	l.Ratio = cmp.Or(l.Ratio, d.Ratio)
	l.Cell = cmp.Or(l.Cell, d.Cell)
	l.Columns = cmp.Or(l.Columns, d.Columns)
	l.Rows = cmp.Or(l.Rows, d.Rows)
	l.Depth = cmp.Or(l.Depth, d.Depth)
	l.Strings = cmp.Or(l.Strings, d.Strings)
	return l
}

func refuse(key string, args ...any) error {
	return &batch.Unreadable{Message: batch.Message{Key: key, Args: args}}
}

// unreadable turns what the parts say into what the sender is told.
func unreadable(ctx context.Context, err error) error {
	if stop := ctx.Err(); stop != nil {
		return stop
	}
	var told *batch.Unreadable
	if errors.As(err, &told) {
		return told
	}
	e := &ooxml.Error{Reason: ooxml.Corrupt, Err: err}
	errors.As(err, &e)
	part := cmp.Or(e.Part, "zip")
	m := batch.Message{Key: "workbook." + string(e.Reason), Args: []any{"part", part}}
	if e.Limit != nil {
		m.Args = append(m.Args, "limit", e.Limit)
	}
	return &batch.Unreadable{Message: m, Err: err}
}

// patient is the file while the context lasts.
type patient struct {
	io.ReaderAt
	ctx context.Context
}

func (p patient) ReadAt(b []byte, at int64) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.ReaderAt.ReadAt(b, at)
}

func openArchive(ctx context.Context, f readers.File, l readers.Limits) (*ooxml.Archive, error) {
	f.ReaderAt = patient{f.ReaderAt, ctx}
	kind, err := readers.KindOf(f)
	if err != nil {
		return nil, unreadable(ctx, err)
	}
	if kind != readers.XLSX {
		return nil, refuse("workbook.other", "kind", kind)
	}
	// A text may be written with six bytes for one (&quot;), so a token may be longer than a value.
	a, err := ooxml.OpenArchive(f, f.Size, ooxml.Limits{Bytes: l.Bytes, Ratio: l.Ratio, Depth: l.Depth, Token: 2*l.Cell + 4096})
	if err != nil {
		return nil, unreadable(ctx, err)
	}
	return a, nil
}

// book is a workbook while it is being opened.
type book struct {
	ctx      context.Context
	settings readers.Settings
	limits   readers.Limits
	archive  *ooxml.Archive
	contents *ooxml.Workbook
	strings  *ooxml.Table
	styles   *ooxml.Styles
	peeked   int64
}

func (b *book) open(f readers.File) (*rows, error) {
	if _, _, err := heading(b.settings.Header); err != nil {
		return nil, err
	}
	var err error
	if b.archive, err = openArchive(b.ctx, f, b.limits); err != nil {
		return nil, err
	}
	if b.contents, err = b.archive.OpenWorkbook(); err != nil {
		return nil, err
	}
	if part := b.contents.Styles; part != "" {
		if b.styles, err = b.archive.Styles(part); err != nil {
			return nil, err
		}
	}
	if part := b.contents.Strings; part != "" {
		if b.strings, err = b.archive.Strings(part, b.limits.Strings); err != nil {
			return nil, err
		}
	}
	return b.choose()
}

// choose opens the sheet that the settings name, or the first visible one with data.
func (b *book) choose() (*rows, error) {
	if want := b.settings.Sheet; want != "" {
		i, err := b.named(want)
		if err != nil {
			return nil, err
		}
		t, err := b.table(i)
		if err != nil {
			return nil, err
		}
		return t, b.others(t, i)
	}
	for i, s := range b.contents.Sheets {
		if s.Hidden || !s.Grid {
			continue
		}
		t, err := b.table(i)
		if err != nil {
			return nil, err
		}
		if t.filled {
			return t, b.others(t, i)
		}
	}
	t := &rows{book: b}
	t.note("workbook.note_empty", 0, 0)
	return t, b.others(t, -1)
}

// named finds a sheet by its name or else by the number of its tab, counting the visible ones from 1.
func (b *book) named(want string) (int, error) {
	found, tab := -1, 0
	number, _ := strconv.Atoi(strings.TrimSpace(want))
	var names []string
	for i, s := range b.contents.Sheets {
		if s.Name == want {
			found = i
			break
		}
		if found < 0 && strings.EqualFold(strings.TrimSpace(s.Name), strings.TrimSpace(want)) {
			found = i
		}
		if len(names) < 20 {
			names = append(names, s.Name)
		}
	}
	for i, s := range b.contents.Sheets {
		if s.Hidden || found >= 0 {
			continue
		}
		if tab++; tab == number {
			found = i
		}
	}
	if found < 0 {
		return 0, refuse("workbook.no_sheet", "sheet", want, "sheets", strings.Join(names, ", "))
	}
	if !b.contents.Sheets[found].Grid {
		return 0, refuse("workbook.chart_sheet", "sheet", b.contents.Sheets[found].Name)
	}
	return found, nil
}

// sheet opens the cells of sheet i.
func (b *book) sheet(i int) (*sheet, error) {
	scan, err := b.archive.Scan(b.contents.Sheets[i].Part)
	if err != nil {
		return nil, err
	}
	s := &sheet{
		scan: scan, strings: b.strings, styles: b.styles, date1904: b.contents.Date1904,
		columns: min(b.limits.Columns, maxColumn), value: b.limits.Cell, most: max(8<<20, 4*b.limits.Cell),
	}
	return s, s.open()
}

// maxPeek bounds what is read of all other sheets, only to see whether they have data.
const maxPeek = 32 << 20

// others notes the sheets that have data and are not read, but for those that we have put there.
func (b *book) others(t *rows, chosen int) error {
	for i, s := range b.contents.Sheets {
		if i == chosen || !s.Grid || b.made(s) || !b.hasData(i) {
			continue
		}
		switch {
		case s.Hidden:
			t.note("workbook.note_hidden_sheet", 0, 0, "sheet", s.Name)
		case chosen >= 0:
			t.note("workbook.note_other_sheet", 0, 0, "sheet", s.Name, "read", b.contents.Sheets[chosen].Name)
		}
	}
	return b.ctx.Err()
}

// made reports whether a sheet is one of those that a result or a template has besides its data. Senders have sheets of
// the same names: one counts only beside what else such a workbook has.
func (b *book) made(s ooxml.Sheet) bool {
	beside := func(is func(name string) bool) bool {
		return slices.ContainsFunc(b.contents.Sheets, func(o ooxml.Sheet) bool { return is(o.Name) })
	}
	marks := func(name string) bool { return strings.HasPrefix(name, resultmark.Sheet) }
	if marks(s.Name) {
		return s.Hidden
	}
	stem, number, _ := strings.Cut(s.Name, " (") // "Summary (2)" beside a sender's own
	for _, l := range batch.Languages() {
		if stem == words.Of(l, "workbookresult.sheet.summary") && strings.Trim(number, "0123456789)") == "" && beside(marks) {
			return true
		}
		data := words.Of(l, "template.sheet.data")
		if s.Name == words.Of(l, "template.sheet.guide") && beside(func(name string) bool { return name == data }) {
			return true
		}
	}
	return false
}

// hasData reports whether a cell of sheet i shows something; a sheet that cannot be read may.
func (b *book) hasData(i int) bool {
	if b.peeked > maxPeek {
		return true
	}
	s, err := b.sheet(i)
	if err != nil {
		return true
	}
	defer func() { b.peeked += s.scan.TokenEnd }()
	for err == nil {
		if err = s.next(); err == nil && (!s.blank() || b.peeked+s.scan.TokenEnd > maxPeek) {
			return true
		}
	}
	return err != io.EOF
}

// heading reads the setting: row is 0 unless a row is named.
func heading(setting string) (row int, none bool, err error) {
	switch strings.ToLower(strings.TrimSpace(setting)) {
	case "", "auto":
		return 0, false, nil
	case "none":
		return 0, true, nil
	}
	row, err = strconv.Atoi(strings.TrimSpace(setting))
	if err != nil || row < 1 || row > maxRow {
		return 0, false, refuse("workbook.header_setting", "value", shorten(setting))
	}
	return row, false, nil
}

// table opens sheet i, reads its first rows and finds the heading. A sheet without data gives a table without sample.
func (b *book) table(i int) (*rows, error) {
	s, err := b.sheet(i)
	if err != nil {
		return nil, err
	}
	t := &rows{book: b, sheet: s, index: i, name: b.contents.Sheets[i].Name, part: s.scan.Part}
	named, none, _ := heading(b.settings.Header)
	held := 0
	for len(t.sample) < table.Sample && held < table.SampleBytes || named > 0 && s.row < named {
		err := s.next()
		if err == io.EOF {
			t.ended = true
			break
		}
		if err != nil {
			return nil, err
		}
		if !s.blank() {
			t.sample = append(t.sample, line{number: s.row, hidden: s.hidden, cells: slices.Clone(s.cells), size: s.size})
			held += s.size
			for named > 0 && (len(t.sample) > table.Sample || held > table.SampleBytes) && t.sample[0].number < min(named, s.row) {
				t.above(t.sample[0].number)
				held -= t.sample[0].size
				t.sample = slices.Delete(t.sample, 0, 1)
			}
		}
	}
	t.filled = len(t.sample) > 0
	if !t.filled {
		return t, nil
	}
	switch {
	case none:
		t.layout(-1, nil)
	case named > 0:
		at := slices.IndexFunc(t.sample, func(l line) bool { return l.number == named })
		if at < 0 {
			return nil, refuse("workbook.header_row", "row", named, "sheet", t.name)
		}
		t.layout(at, nil)
	default:
		err = t.find()
	}
	return t, err
}
